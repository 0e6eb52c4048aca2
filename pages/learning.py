"""Learning long lags: two networks learn side by side, and the gradient is seen to reach back, or not."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, training_script_download, trainings_settings
from rnn_dynamics.dashboard.frame import AXIS, Frame, View, Views, background
from rnn_dynamics.dashboard.seat import opening_job
from rnn_dynamics.dashboard.training_panel import live, shown_job, training_panel
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.limits import label, offered
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL
from rnn_dynamics.pictures.learning.answer import (
    LENGTHS,
    MOMENTS,
    PAGE,
    learning_picture,
    looks_by_cell,
    moved,
    sequence_html,
    trainings,
    untrained_picture,
)
from rnn_dynamics.pictures.learning.chart import learning_chart
from rnn_dynamics.pictures.learning.table import gradient_table, history_table
from rnn_dynamics.pictures.learning.words import learning_finding

OPENING = Experiment(
    cell="lstm",
    sequence_length=50,
    hidden_size=32,
    batch_size=32,
    initialisation="torch",
    gate_bias="chrono",
)
PRESETS = {
    "order": OPENING,
    "adding": OPENING,
    "digits": replace(OPENING, hidden_size=48),
    "default": replace(OPENING, gate_bias="constant"),
    "clip": OPENING,
}
SLIDERS, CHOICES = ("learning_rate", "clip_at", "iterations"), ("optimiser", "clipping")
VIEWS = {"task": "temporal order", "learning_rate": "0.01", "iterations": "500"}
VIEWS |= {"optimiser": "adam", "clipping": "norm", "clip_at": "1", "look": "100 %"}
IDLE = sentences(PAGE)["idle"]
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=("task", "cell", "sequence_length", "learning_rate", "look"),
    more=(
        *("hidden_size", "batch_size", "initialisation", "gate_bias", "forget_bias", "nonlinearity", "weight_scale"),
        "seed",
    ),
    views={
        "task": View(label="Task", values=offered("task"), opening=VIEWS["task"]),
        **{name: View(label=label(name), values=offered(name), opening=VIEWS[name], slider=True) for name in SLIDERS},
        **{name: View(label=label(name), values=offered(name), opening=VIEWS[name]) for name in CHOICES},
        "look": View(label="Look at (arrow keys)", values=MOMENTS, opening=VIEWS["look"]),
        "axis": AXIS,
    },
    cells=("rnn", "lstm", "gru"),
    pictured=lambda cell: (cell, "rnn"),
    idle={
        "sequence_length": lambda now: IDLE["digits"] if now["task"] == "digits" else "",
        "clip_at": lambda now: IDLE["clipping"] if now["clipping"] == "none" else "",
    },
    offered={"sequence_length": LENGTHS, "batch_size": (8, 16, 32, 64)},
    preset_views={
        "order": VIEWS,
        "adding": VIEWS | {"task": "adding", "iterations": "700"},
        "digits": VIEWS | {"task": "digits"},
        "default": VIEWS | {"learning_rate": "0.003"},
        "clip": VIEWS | {"task": "adding", "optimiser": "sgd", "learning_rate": "1", "clipping": "none"},
    },
    apart=("cell", "sequence_length", "hidden_size", "batch_size", "initialisation", "gate_bias", "forget_bias"),
)
SHARED = opening_job(PAGE, trainings(OPENING, FRAME.views_at_opening))


def picture() -> None:
    """What is to be trained, and below it the training."""
    questions()
    live(PAGE, training, SHARED)


@st.fragment
def questions() -> None:
    """The controls, and one sequence of the task."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
        for name in ("task", "cell", "sequence_length", "learning_rate"):
            FRAME.control(name)
    st.html(sequence_html(*FRAME.asked()))


def training() -> None:
    """The button, and what the training has come to; runs by itself while it goes on."""
    experiment, views = FRAME.asked()
    left, right = st.columns((2, 3), vertical_alignment="bottom")
    with left:
        job = training_panel(PAGE, _asked, SHARED)
    if job is not None:
        with right:
            FRAME.control("look")
        views = FRAME.asked()[1]
        datasets = learning_picture(job, views["look"], views["axis"] == "lag", SEQUENTIAL)
        finding = learning_finding(job) + ("" if job is SHARED else moved(job, experiment, views))
    else:
        datasets, finding = untrained_picture(experiment, views, SEQUENTIAL)
    with st.container(key="tall_picture", height=520, border=False):  # a phone needs more; see page.css
        st.vega_lite_chart(
            {**as_vega_lite(learning_chart, views["axis"], background()), "datasets": datasets},
            key="picture",
            height="stretch",
        )
    st.html(finding)


def _asked() -> tuple[Training, ...]:
    return trainings(*FRAME.asked())


def _downloads(_: Experiment, __: Views) -> tuple[Download, ...]:
    job = shown_job(PAGE, SHARED)
    if job is None:
        return ()
    looks, of = looks_by_cell(job), trainings_settings(job.trainings)
    return (
        csv_download("What was learned", "learned", lambda: history_table(looks), of),
        csv_download("The gradient at each look", "gradients", lambda: gradient_table(looks), of),
        *(training_script_download(training) for training in job.trainings),
    )


FRAME.show(picture, _downloads)
