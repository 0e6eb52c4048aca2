"""Vanish or explode? The gradient of three cells through time, live, at every weight scale at once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.frame import AXIS, View, along_sliders, other_fields
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.dashboard.trained import chosen_job, look_every
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures import before_after
from rnn_dynamics.pictures.vanish_or_explode import PICTURE, pictured

#: The first picture: the RNN's gradient dies within the sequence and the LSTM's does not, and the label says why.
OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "remembers": OPENING,
    "vanishes": replace(OPENING, weight_scale=0.5, forget_bias=0.0),
    "explodes": replace(OPENING, weight_scale=5.0, initialisation="orthogonal", input_scale=0.2),
    "edge": replace(OPENING, weight_scale=2.0),
    "too": replace(OPENING, cell="lstm", initialisation="torch", forget_bias=0.0),
}
MAIN = ("cell", "weight_scale", "sequence_length")
PAGE = Page(
    name=PICTURE.name,
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    # The presets, and the opening picture at every sequence length; for each cell.
    expected=tuple(
        replace(experiment, cell=cell)
        for experiment in (*PRESETS.values(), *along_sliders(OPENING, "sequence_length"))
        for cell in Page.cells
    ),
    main=MAIN,
    more=other_fields(*MAIN),
    pictured=pictured,
    views={
        "gradient": View(values=("input", "hidden", "cell")),
        "axis": AXIS,
    },
    place={"key": "live"},
    go=lambda row, _: {"weight_scale": WEIGHT_SCALES[row["scale"]]},
)


def trained() -> None:
    """What training does to the same picture, for a session that has trained a network."""
    st.fragment(_trained, run_every=look_every())()


def _trained() -> None:
    words, (_, views) = sentences(before_after.PICTURE.name, language()), PAGE.asked()
    job = chosen_job(words, lambda job, opening: before_after.described(words, before_after.answer_of(job), opening))
    if job is not None:
        below(before_after.PICTURE, before_after.answer_of(job), views, before_after.PICTURE.name)


PAGE.run(below=trained)
