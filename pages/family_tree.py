"""Family tree: what each cell multiplies the gradient of its state by, all cells at the same settings."""

from dataclasses import replace

import streamlit as st

from rnn_dynamics.course.lineage import tree
from rnn_dynamics.dashboard.frame import HOUSE
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.experiment import KNOBS_CHOICE
from rnn_dynamics.pictures.family_tree import PICTURE

PAGE = Page(
    picture=PICTURE,
    height=Height(phone="620px"),
    opening=replace(HOUSE, cell="lstm", gate_bias="chrono"),
    presets={
        "chrono": {},
        "drawn": {"gate_bias": "constant", "forget_bias": 0.0},
        "biased": {"gate_bias": "constant"},
        "edge": {"gate_bias": "constant", "weight_scale": 2.0},
        "explode": {"gate_bias": "constant", "weight_scale": 5.0, "initialisation": "orthogonal", "input_scale": 0.2},
    },
    main=("cell", "gate_bias", "weight_scale", "sequence_length"),
    pictured=lambda _: KNOBS_CHOICE["cell"].options,
)


def below() -> None:
    """The tree, which no setting changes."""
    st.html(tree(PAGE.words()["tree"]))


PAGE.run(below)
