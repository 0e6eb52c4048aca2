"""Vanish or explode? The gradient of three cells through time, live, at every weight scale at once."""

import streamlit as st

from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.dashboard.seat import OPENS, seat
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures import before_after
from rnn_dynamics.pictures.vanish_or_explode import PICTURE, pictured

PAGE = Page(
    picture=PICTURE,
    height=Height("clamp(15.8rem, 100vh - 16.9rem, 26.5rem)", phone="450px"),
    presets={
        "remembers": {},
        "vanishes": {"weight_scale": 0.5, "forget_bias": 0.0},
        "explodes": {"weight_scale": 5.0, "initialisation": "orthogonal", "input_scale": 0.2},
        "edge": {"weight_scale": 2.0},
        "too": {"cell": "lstm", "initialisation": "torch", "forget_bias": 0.0},
    },
    every_cell=True,
    main=("cell", "weight_scale", "sequence_length"),
    without=("num_layers", "bidirectional", "forget_bias_layers"),
    pictured=pictured,
    go=lambda row, _: {"weight_scale": WEIGHT_SCALES[row["scale"]]},
)


def trained() -> None:
    """What training does to the same picture, for a session that has trained a network."""
    held = seat()
    if held.trained or held.look_every:  # else nothing is to be chosen, and a fragment costs a run of the page 4 %
        st.fragment(_trained, run_every=held.look_every)()


def _trained() -> None:
    words, jobs = PAGE.words(before_after.PICTURE.name), seat().trained
    answers = {key: before_after.BeforeAfterAnswer(networks=job.networks) for key, job in jobs.items()}
    if not answers:
        return
    chosen = st.selectbox(
        words["bring"],
        list(answers),
        index=None,
        format_func=lambda key: before_after.described(words, answers[key], key.startswith(OPENS)),
        placeholder=words["none"],
        key="trained",
        width=440,
    )
    if chosen is not None:
        below(before_after.PICTURE, answers[chosen], PAGE.asked()[1])


PAGE.run(below=trained)
