"""Why: a product of Jacobians. What the bound allows, what the eigenvalues suggest, and what the network does."""

import streamlit as st

from rnn_dynamics.dashboard.frame import FEW_NEED
from rnn_dynamics.dashboard.glossary import show_prose
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.pictures.jacobians import PICTURE
from rnn_dynamics.pictures.latch import PICTURE as LATCH

PAGE = Page(
    picture=PICTURE,
    second=LATCH,
    presets={
        "bound": {},
        "orthogonal": {"initialisation": "orthogonal", "weight_scale": 0.9, "input_scale": 0.0},
        "orthogonal_input": {"initialisation": "orthogonal", "input_scale": 3.0},
        "not_normal": {"weight_scale": 0.9, "input_scale": 0.0, "hidden_size": 16, "seed": 19, "panels": "all"},
        "chaos": {"weight_scale": 3.0, "panels": "all"},
        "lstm": {"cell": "lstm"},
    },
    every_cell=True,
    main=("cell", "weight_scale", "sequence_length", "panels"),
    lower=("latch_weight",),
    asks=("panels",),
    without=("loss_at", "num_layers", "bidirectional", *FEW_NEED),  # a Jacobian does not know the loss
)


@st.fragment
def latch() -> None:
    """One unit that holds a bit."""
    PAGE.show_state()
    words = PAGE.words(LATCH.name)
    st.header(words["head"], anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        show_prose(words, "intro")
        PAGE.control("latch_weight")
    views = PAGE.asked()[1]
    with right:
        below(LATCH, LATCH.answer(PAGE.opening, views), views, words_in=left)


PAGE.run(latch)
