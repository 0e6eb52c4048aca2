"""The cliff and clipping: gradient descent on the error of one unit, with and without clipping the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.downloads import Download, csv_download, training_script_download, trainings_settings
from rnn_dynamics.dashboard.frame import View, Views, background
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.seat import seat
from rnn_dynamics.dashboard.training_panel import live, training_panel
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.cliff import PICTURE, REGIONS, grid_values
from rnn_dynamics.pictures.clipping.answer import RATES, clipping_picture, clipping_trainings, trained
from rnn_dynamics.pictures.clipping.chart import clipping_chart
from rnn_dynamics.pictures.clipping.table import clipping_table
from rnn_dynamics.pictures.kit.panels import as_vega_lite

#: Only its seed plays a part: it moves the start.
OPENING = Experiment()
OFFERED = {
    "region": tuple(REGIONS),
    "start_w": grid_values(0),
    "start_b": grid_values(1),
    "descent_rate": ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"),
    "clip_at": ("0.01", "0.03", "0.1", "0.3", "1", "3", "10"),
    "descent_steps": ("10", "20", "50", "100"),
}
SLIDERS = ("descent_rate", "clip_at", "descent_steps")
VIEWS = {
    name: View(values=values, opening=PICTURE.views[name], slider=name in SLIDERS) for name, values in OFFERED.items()
}
#: Of each preset, in the order of VIEWS.
PRESET_VALUES = {
    "flies": ("cliff", "4.90", "-2.65", "0.1", "0.3", "50"),
    "norm": ("cliff", "4.95", "-3.10", "0.1", "1", "50"),
    "value": ("cliff", "5.00", "-3.00", "0.3", "0.03", "50"),
    "far": ("wide", "3.00", "-4.00", "0.3", "0.3", "50"),
    "small": ("cliff", "4.80", "-2.50", "0.01", "1", "100"),
}
PRESET_VIEWS = {key: dict(zip(VIEWS, values, strict=True)) for key, values in PRESET_VALUES.items()}


def start_there(cell: Mapping[str, Any], _: Views) -> dict[str, str]:
    """The start in the middle of the cell that was clicked."""
    return {f"start_{axis}": f"{cell[axis]:z.2f}" for axis in ("w", "b")}


def network() -> None:
    """The same on a real network, trained when a reader asks for it."""
    st.html(PAGE.words()["network"]["head"])
    live("cliff", network_training)


def network_training() -> None:
    """Its control, its button, and what has come of it so far."""
    left, right = st.columns((1, 2), vertical_alignment="bottom")
    with left:
        PAGE.control("network_rate")
    with right:
        job = training_panel("cliff", _trainings)
    if job is not None and job.histories:
        datasets, finding = clipping_picture("cliff", job)
        st.vega_lite_chart(
            {**as_vega_lite(clipping_chart, background()), "datasets": datasets}, key="network", width="stretch"
        )
        st.html(finding)


def _trainings() -> tuple[Training, ...]:
    experiment, views = PAGE.asked()
    return clipping_trainings(views["network_rate"], views["clip_at"], experiment.seed)


def _files_of_the_network(_: Experiment, __: Views) -> Sequence[Download]:
    job = seat().job("cliff")
    if job is None or not job.histories:
        return ()
    of = trainings_settings(job.trainings)
    return (
        csv_download("The network's gradients", "network", lambda: clipping_table(trained(job)), of),
        *(training_script_download(one, what=f"training, clipping {one.clipping}") for one in job.trainings),
    )


PAGE = Page(
    name="cliff",
    picture=PICTURE,
    opening=OPENING,
    presets=dict.fromkeys(PRESET_VIEWS, OPENING),
    preset_views=PRESET_VIEWS,
    expected=(*PRESET_VIEWS.values(), *({name: value} for name in SLIDERS for value in VIEWS[name].values)),
    main=(*VIEWS, "network_rate"),
    lower=("network_rate",),
    more=("seed",),
    views=VIEWS | {"network_rate": View(values=RATES, opening="0.01", slider=True)},
    apart=("seed",),  # a network drawn elsewhere shall not move a start here
    place={"key": "surface"},
    close=True,
    go=start_there,
    more_files=_files_of_the_network,
)
PAGE.run(network)
