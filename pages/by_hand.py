"""By hand: forward and backward of each cell in a few lines, step by step, beside torch and autograd."""

from dataclasses import dataclass
from itertools import chain

import streamlit as st

from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.by_hand import MISTAKES, MOST, PICTURE

SIZES = {name: tuple(range(1, most + 1)) for name, most in MOST.items()}
MISTAKE_VIEWS = tuple(f"{cell}_mistake" for cell in MISTAKES)


@dataclass(frozen=True, kw_only=True)
class Board(Page):
    """Its code stands outside of what a held key repaints."""

    def _live(self) -> None:
        self.show_controls("cell", f"{self.now['cell']}_mistake")
        self.show_controls("bidirectional", *SIZES, key="sizes", gap="small")
        st.fragment(self._walk)()
        for part, code in PICTURE.answer(*self.asked()).code.items():
            st.header(self.words()["code"][part], anchor=False)
            st.code(code, wrap_lines=True)

    def _walk(self) -> None:
        """The step's slider and what depends on it."""
        self.control("step", now := self.now)
        self.draw(*self.asked(now))


PAGE = Board(
    picture=PICTURE,
    height=Height("clamp(13rem, 100vh - 25.8rem, 20rem)", phone="480px"),
    # Sizes of which no two are the same: each shape tells its letters.
    opening=Experiment(
        cell="rnn", initialisation="torch", sequence_length=5, batch_size=3, input_size=4, hidden_size=2
    ),
    presets={
        "rnn": {},
        "both": {"bidirectional": True},
        "lstm": {"cell": "lstm"},
        "gru": {"cell": "gru"},
        "flip": {"bidirectional": True, "rnn_mistake": "no flip"},
    },
    expected=chain(
        [{"cell": "gru", "gru_mistake": "early reset"}],  # which takes a quarter of a second the first time
        (
            {"cell": cell, "bidirectional": both, name: value}
            for cell in MISTAKES
            for both in (False, True)
            for name, values in SIZES.items()
            for value in values
        ),
    ),
    main=("cell", "bidirectional", *MISTAKE_VIEWS, "step", *SIZES),
    more=("initialisation", "forget_bias", "input_scale", "seed"),
    offered={"cell": tuple(MISTAKES), **SIZES},
    asks=MISTAKE_VIEWS,
    apart=(*SIZES, "initialisation"),  # here the biases shall be drawn too
    existing={"step": lambda now: PICTURE.settings["step"].values[: now["sequence_length"]]},
    leading="step",
    go=lambda cell, _: {"step": str(cell["step"])},
)
PAGE.run()
