"""Which loss, how far back: every single loss at every step, what a sum of them hides, and what truncation cuts off."""

from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.growing import begun, growing
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.pictures import cost, losses

#: Key of the session's state: what its reader has measured last.
MEASUREMENT = "measurement"


def measured() -> Any:
    """What a reader has measured, once there is anything."""
    work = st.session_state.get(MEASUREMENT)
    return work.answer if work and work.values else None


PAGE = Page(
    picture=losses.PICTURE,
    second=cost.PICTURE,
    presets={
        "hidden": {},
        "carousel": {"cell": "lstm"},
        "default": {"cell": "lstm", "initialisation": "torch", "forget_bias": 0.0},
        "gru": {"cell": "gru"},
        "exploding": {"weight_scale": 3.0},
    },
    main=("cell", "weight_scale", "sequence_length", "truncation"),
    without=("loss_at", "hidden_path", "text", "num_layers", "bidirectional"),
    place={"key": "tall_picture", "height": 500, "border": False},  # a phone needs more; see page.css
    lower_answer=measured,
)


@st.fragment
def measuring() -> None:
    """What grows with T, measured when a reader asks for it, with the network that is set then."""
    words = PAGE.words("cost")
    st.html(words["head"])
    buttons = (words["measure"], words["again"])
    if work := begun(MEASUREMENT, lambda: cost.Measurement(cost.network_of(PAGE.asked()[0])), buttons):
        with growing(work, lambda: cost.PICTURE.progress(words, work), PAGE.words("app")["growing"]) as rests:
            work.stopped |= rests and not work.complete
            if answer := measured():
                below(cost.PICTURE, answer, {})


PAGE.run(below=measuring)
