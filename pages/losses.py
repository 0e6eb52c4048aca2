"""Which loss, how far back: every single loss at every step, what a sum of them hides, and what truncation cuts off."""

from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.frame import FEW_NEED
from rnn_dynamics.dashboard.glossary import show_html
from rnn_dynamics.dashboard.growing import begun, goes_on, growing
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.pictures import cost, losses

#: Key of the session's state: what its reader has measured last.
MEASUREMENT = "measurement"


def measured() -> Any:
    """What a reader has measured, once there is anything."""
    work = st.session_state.get(MEASUREMENT)
    return work.answer if work and work.values else None


PAGE = Page(
    picture=losses.PICTURE,
    height=Height("30.5rem", phone="44rem"),
    second=cost.PICTURE,
    presets={
        "hidden": {},
        "carousel": {"cell": "lstm"},
        "default": {"cell": "lstm", "initialisation": "torch", "forget_bias": 0.0},
        "gru": {"cell": "gru"},
        "exploding": {"weight_scale": 3.0},
    },
    main=("cell", "weight_scale", "sequence_length", "truncation", "below"),
    without=("loss_at", "hidden_path", "text", "num_layers", "bidirectional", *FEW_NEED),
    lower_answer=measured,
)


@st.fragment
def measuring() -> None:
    """What grows with T, measured when a reader asks for it, with the network that is set then."""
    words = PAGE.words("cost")
    show_html(words["head"], words)
    buttons = words["measure"], words["again"]
    begun(MEASUREMENT, lambda: cost.Measurement(cost.network_of(PAGE.asked()[0])), show, buttons)


def show(work: Any) -> None:
    """The measurement as far as it has come, while it goes on."""
    progress = partial(cost.PICTURE.progress, PAGE.words("cost"), work)
    growing(work, partial(draw, work), progress, PAGE.words("app")["growing"], MEASUREMENT)


def draw(work: cost.Measurement) -> None:
    """What is measured so far; once it is stopped it does not go on."""
    work.stopped |= not (work.complete or goes_on(work, MEASUREMENT))
    if answer := measured():
        below(cost.PICTURE, answer, {})


PAGE.run(below=measuring)
