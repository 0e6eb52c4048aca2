"""Shapes of recurrence: one cell unrolled in five ways, and the gradient through each edge, step by step."""

from dataclasses import replace

import streamlit as st

from rnn_dynamics.course.feedback import side_by_side
from rnn_dynamics.dashboard.frame import BY_A_MATRIX, FEW_NEED, HOUSE
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.pictures.shapes import LENGTHS, PICTURE, stops

PAGE = Page(
    picture=PICTURE,
    height=Height("clamp(17.5rem, 100vh - 21.8rem, 27rem)", phone="600px"),
    opening=replace(HOUSE, sequence_length=6),
    presets={
        "sentiment": {},
        "image": {"shape": "one-to-one", "sequence_length": 1},
        "caption": {"shape": "one-to-many", "sequence_length": 5},
        "tagging": {"shape": "aligned", "cell": "lstm"},
        "translation": {"shape": "encoder-decoder", "cell": "gru", "sequence_length": 4},
    },
    main=("shape", "cell", "weight_scale", "sequence_length", "stop"),
    without=("loss_at", "hidden_path", "text", "num_layers", "bidirectional", *FEW_NEED),
    offered={"cell": BY_A_MATRIX, "sequence_length": LENGTHS},
    asks=("shape", "stop"),
    apart=("sequence_length",),
    idle={"sequence_length": lambda now: "one_step" * (now["shape"] == "one-to-one")},
    existing={"stop": lambda now: stops(now["shape"], now["sequence_length"])},
)


def below() -> None:
    """The two ways to feed back, which no setting changes."""
    st.html(side_by_side(PAGE.words()["feedback"]))


PAGE.run(below)
