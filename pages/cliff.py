"""The cliff and clipping: gradient descent on the error of one unit, with and without clipping the gradient."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.glossary import show_html
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.dashboard.training import TrainingPanel
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cliff import PICTURE
from rnn_dynamics.pictures.clipping import PICTURE as CLIPPING
from rnn_dynamics.pictures.clipping import ClippingAnswer, networks
from rnn_dynamics.pictures.kit.frames import Views

#: Of each preset, in the order of the picture's settings.
VALUES = {
    "flies": ("cliff", "4.90", "-2.65", "0.1", "0.3", "50"),
    "norm": ("cliff", "4.95", "-3.10", "0.1", "1", "50"),
    "value": ("cliff", "5.00", "-3.00", "0.3", "0.03", "50"),
    "far": ("wide", "3.00", "-4.00", "0.3", "0.3", "50"),
    "small": ("cliff", "4.80", "-2.50", "0.01", "1", "100"),
}


def start_there(cell: Mapping[str, Any], _: Views) -> dict[str, str]:
    """The start in the middle of the cell that was clicked."""
    return {f"start_{axis}": f"{cell[axis]:z.2f}" for axis in ("w", "b")}


def network() -> None:
    """The same on a real network, trained when a reader asks for it."""
    words = PAGE.words(CLIPPING.name)
    show_html(words["head"], words)
    PANEL.live(training)


def training() -> None:
    """Its control, its button, and what has come of it so far."""
    PAGE.show_state()
    left, right = st.columns((1, 2), vertical_alignment="bottom")
    with left:
        PAGE.control("network_rate")
    with right:
        PANEL.show()
    if answer := trained():
        below(CLIPPING, answer, {})


def trained() -> ClippingAnswer | None:
    """What has come of it so far, once there is anything."""
    return ClippingAnswer(networks=PANEL.job.networks) if PANEL.job else None


PAGE = Page(
    picture=PICTURE,
    height=Height("clamp(26rem, 100vh - 21.8rem, 33rem)", phone="900px"),
    second=CLIPPING,
    opening=Experiment(),  # of which the seed alone plays a part: it moves the start
    presets={key: dict(zip(PICTURE.settings, values, strict=True)) for key, values in VALUES.items()},
    main=tuple(PICTURE.settings),
    lower=("network_rate",),
    more=("seed",),
    asks=tuple(PICTURE.settings),
    apart=("seed",),  # a network drawn elsewhere shall not move a start here
    leading="clip_at",
    go=start_there,
    lower_answer=trained,
)
PANEL = TrainingPanel("cliff", lambda: networks(*PAGE.asked()))
PAGE.run(network)
