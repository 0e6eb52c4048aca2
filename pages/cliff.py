"""The cliff and clipping: gradient descent on the error of one unit, with and without clipping the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.downloads import Download, files_of_trainings
from rnn_dynamics.dashboard.frame import View, Views
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.dashboard.training_panel import live, shown_job, training_panel
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cliff import OFFERED, PICTURE
from rnn_dynamics.pictures.clipping import PICTURE as CLIPPING
from rnn_dynamics.pictures.clipping import RATES, learned_so_far, networks

OPENING = Experiment()  # of which the seed alone plays a part: it moves the start
SLIDERS = ("descent_rate", "clip_at", "descent_steps")
VIEWS = {
    name: View(values=OFFERED[name], opening=opening, slider=name in SLIDERS) for name, opening in PICTURE.views.items()
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
    st.html(PAGE.words(CLIPPING.name)["head"])
    live("cliff", training)


def training() -> None:
    """Its control, its button, and what has come of it so far."""
    left, right = st.columns((1, 2), vertical_alignment="bottom")
    with left:
        PAGE.control("network_rate")
    with right:
        job = training_panel("cliff", lambda: networks(*PAGE.asked()))
    if job:
        below(CLIPPING, learned_so_far(job), {}, "network")


def files_of_the_network(_: Experiment, __: Views) -> Sequence[Download]:
    """What a reader has trained."""
    job = shown_job("cliff", None)
    return files_of_trainings(CLIPPING, learned_so_far(job), {}, PAGE.words(CLIPPING.name)) if job else ()


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
    views=VIEWS | {"network_rate": View(values=RATES, opening=CLIPPING.views["network_rate"], slider=True)},
    apart=("seed",),  # a network drawn elsewhere shall not move a start here
    place={"key": "surface"},
    close=True,
    go=start_there,
    more_files=files_of_the_network,
)
PAGE.run(network)
