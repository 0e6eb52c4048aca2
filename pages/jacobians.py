"""Why: a product of Jacobians. What the bound allows, what the eigenvalues suggest, and what the network does."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.dashboard.frame import AXIS, View, along_sliders, other_fields
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.experiment import KNOBS_CHOICE, Experiment
from rnn_dynamics.pictures.jacobians import PICTURE
from rnn_dynamics.pictures.latch import PICTURE as LATCH

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "bound": OPENING,
    "orthogonal": replace(OPENING, initialisation="orthogonal", weight_scale=0.9, input_scale=0.0),
    "not_normal": replace(OPENING, weight_scale=0.9, input_scale=0.0, hidden_size=16, seed=19),
    "chaos": replace(OPENING, weight_scale=3.0),
    "lstm": replace(OPENING, cell="lstm"),
}
SLIDERS = ("weight_scale", "sequence_length")
MAIN = ("cell", *SLIDERS)
#: What the slider of w offers, as a link spells it; an attractor's slope is 1 at w = 1.
WEIGHTS = tuple(f"{weight / 20:.2f}" for weight in range(1, 61))
PAGE = Page(
    name="jacobians",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(
        *PRESETS.values(),
        *(
            step
            for cell in KNOBS_CHOICE["cell"].options
            for step in along_sliders(replace(OPENING, cell=cell), *SLIDERS)
        ),
    ),
    main=(*MAIN, "latch_weight"),
    lower=("latch_weight",),
    more=other_fields(*MAIN, "loss_at"),  # a Jacobian does not know the loss
    views={"axis": AXIS, "latch_weight": View(values=WEIGHTS, opening=LATCH.views["latch_weight"])},
)


@st.fragment
def latch() -> None:
    """One unit that holds a bit."""
    words = PAGE.words(LATCH.name)
    st.header(words["head"], anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(words["intro"])
        views = {"latch_weight": str(PAGE.control("latch_weight"))}
    with right:
        below(LATCH, LATCH.answer(OPENING, views), views, "latch", words_in=left)


PAGE.run(latch)
