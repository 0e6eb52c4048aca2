"""The cliff and clipping: gradient descent on the error of one unit, with and without clipping the gradient."""

from __future__ import annotations

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import (
    Download,
    cliff_script_download,
    csv_download,
    training_script_download,
    trainings_settings,
)
from rnn_dynamics.dashboard.frame import Frame, View, Views, background
from rnn_dynamics.dashboard.seat import seat
from rnn_dynamics.dashboard.training_panel import live, training_panel
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.cliff.answer import PAGE, REGIONS, clicked_start, grid_values
from rnn_dynamics.pictures.cliff.chart import CELLS, GO, cliff_chart
from rnn_dynamics.pictures.cliff.table import path_table
from rnn_dynamics.pictures.cliff.words import answer_to, cliff_finding, cliff_picture
from rnn_dynamics.pictures.clipping.answer import RATES, clipping_picture, clipping_trainings, trained
from rnn_dynamics.pictures.clipping.chart import clipping_chart
from rnn_dynamics.pictures.clipping.table import clipping_table
from rnn_dynamics.pictures.kit.panels import as_vega_lite

#: Only its seed plays a part: it moves the start.
OPENING = Experiment()
ASKED = ("start_w", "start_b", "descent_rate", "clip_at", "descent_steps")
VIEWS = {
    "region": View(label="Map", values=tuple(REGIONS)),
    "start_w": View(label="Start w", values=grid_values(0), opening="4.90"),
    "start_b": View(label="Start b", values=grid_values(1), opening="-2.65"),
    "descent_rate": View(
        label="Learning rate", values=("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"), opening="0.1", slider=True
    ),
    "clip_at": View(
        label="Clipping threshold", values=("0.01", "0.03", "0.1", "0.3", "1", "3", "10"), opening="0.3", slider=True
    ),
    "descent_steps": View(label="Steps", values=("10", "20", "50", "100"), opening="50", slider=True),
}
#: Start w and b, learning rate, threshold, steps and map of each preset.
PRESET_VALUES = {
    "flies": ("4.90", "-2.65", "0.1", "0.3", "50", "cliff"),
    "norm": ("4.95", "-3.10", "0.1", "1", "50", "cliff"),
    "value": ("5.00", "-3.00", "0.3", "0.03", "50", "cliff"),
    "far": ("3.00", "-4.00", "0.3", "0.3", "50", "wide"),
    "small": ("4.80", "-2.50", "0.01", "1", "100", "cliff"),
}
PRESET_VIEWS = {key: dict(zip((*ASKED, "region"), values, strict=True)) for key, values in PRESET_VALUES.items()}
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=dict.fromkeys(PRESET_VIEWS, OPENING),
    main=(*VIEWS, "network_rate"),
    more=("seed",),
    views={
        **VIEWS,
        "network_rate": View(label="Learning rate of the network", values=RATES, opening="0.01", slider=True),
    },
    preset_views=PRESET_VIEWS,
    apart=("seed",),  # a network drawn elsewhere shall not move a start here
)
#: What a hall asks in its first minutes: the presets, and the opening picture along its sliders.
EXPECTED = (
    *PRESET_VIEWS.values(),
    *(
        PRESET_VIEWS["flies"] | {name: value}
        for name in ("descent_rate", "clip_at", "descent_steps")
        for value in VIEWS[name].values
    ),
)


@st.fragment
def picture() -> None:
    """The controls and everything that depends on them."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
        for name in VIEWS:
            FRAME.control(name)
    experiment, views = FRAME.asked()
    asked = [views[name] for name in ASKED]
    datasets = cliff_picture(*asked, seed=experiment.seed, region=views["region"])
    with st.container(key="surface"):  # as high as the screen allows, see page.css
        st.vega_lite_chart(
            {**as_vega_lite(cliff_chart, background()), "datasets": datasets},
            key="picture",
            height="stretch",
            on_select=_start_there,
            selection_mode=GO,
        )
    st.html(cliff_finding(*asked, seed=experiment.seed))


def network() -> None:
    """The same on a real network, trained when a reader asks for it."""
    st.html(sentences(PAGE)["network"]["head"])
    live(PAGE, network_training)


def network_training() -> None:
    """Its control, its button, and what has come of it so far."""
    left, right = st.columns((1, 2), vertical_alignment="bottom")
    with left:
        FRAME.control("network_rate")
    with right:
        job = training_panel(PAGE, _trainings)
    if job is not None and job.histories:
        datasets, finding = clipping_picture(PAGE, job)
        st.vega_lite_chart(
            {**as_vega_lite(clipping_chart, background()), "datasets": datasets}, key="network", width="stretch"
        )
        st.html(finding)


def _trainings() -> tuple[Training, ...]:
    experiment, views = FRAME.asked()
    return clipping_trainings(views["network_rate"], views["clip_at"], experiment.seed)


def _start_there() -> None:
    """Set the start to the cell that was clicked."""
    picked = st.session_state["picture"].selection[GO]
    if picked:
        row, column = ((picked[0][place] + 0.5) / CELLS for place in ("row", "column"))
        FRAME.set(clicked_start(FRAME.asked()[1]["region"], row, column))


def _downloads(experiment: Experiment, views: Views) -> tuple[Download, ...]:
    paths = tuple(answer_to(*(views[name] for name in ASKED), seed=experiment.seed).paths.values())
    files = (
        csv_download("Paths", "paths", lambda: path_table(paths)),
        cliff_script_download([path.descent for path in paths]),
    )
    job = seat().job(PAGE)
    if job is None or not job.histories:
        return files
    of = trainings_settings(job.trainings)
    return (
        *files,
        csv_download("The network's gradients", "network", lambda: clipping_table(trained(job)), of),
        *(training_script_download(one, what=f"training, clipping {one.clipping}") for one in job.trainings),
    )


def _answer(views: Views) -> None:
    asked = [views[name] for name in ASKED]
    cliff_finding(*asked, seed=0)
    cliff_picture(*asked, seed=0, region=views["region"])


FRAME.show(picture, _downloads, below=network)
warm_up(PAGE, EXPECTED, _answer)
