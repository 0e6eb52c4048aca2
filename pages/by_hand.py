"""By hand: forward and backward of each cell in a few lines, step by step, beside torch and autograd."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from rnn_dynamics.dashboard.frame import View
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.by_hand import MISTAKE_NAMES, MOST, PICTURE

#: Sizes of which no two are the same: each shape tells its letters.
OPENING = Experiment(
    cell="rnn", initialisation="torch", sequence_length=5, batch_size=3, input_size=4, hidden_size=2, forget_bias=0.0
)
PRESETS = {
    "rnn": OPENING,
    "both": replace(OPENING, bidirectional=True),
    "lstm": replace(OPENING, cell="lstm"),
    "gru": replace(OPENING, cell="gru"),
    "flip": replace(OPENING, bidirectional=True),
}
OFFERED = {name: tuple(range(1, most + 1)) for name, most in MOST.items()}
STEPS = tuple(map(str, OFFERED["sequence_length"]))
RIGHT = {f"{cell}_mistake": "none" for cell in MISTAKE_NAMES}


@dataclass(frozen=True, kw_only=True)
class Board(Page):
    """Its code stands outside of what a held key repaints."""

    def _live(self) -> None:
        self.show_state()
        self.show_controls("cell", f"{self.now['cell']}_mistake")
        self.show_controls("bidirectional", *OFFERED, key="sizes", gap="small")
        st.fragment(self._walk)()
        for part, code in PICTURE.answer(*self.asked()).code.items():
            st.header(self.words()["code"][part], anchor=False)
            st.code(code, wrap_lines=True)

    def _walk(self) -> None:
        """The step's slider and what depends on it."""
        self.control("step")
        self.draw(*self.asked())


PAGE = Board(
    name="by_hand",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(
        replace(OPENING, cell=cell, bidirectional=both, **{name: value})  # type: ignore[arg-type]
        for cell in MISTAKE_NAMES
        for both in (False, True)
        for name, values in OFFERED.items()
        for value in values
    ),
    main=("cell", "bidirectional", *RIGHT, "step", *OFFERED),
    more=("initialisation", "forget_bias", "input_scale", "seed"),
    views={
        **{f"{cell}_mistake": View(values=("none", *names)) for cell, names in MISTAKE_NAMES.items()},
        "step": View(values=STEPS, slider=True),
    },
    offered=OFFERED,
    cells=tuple(MISTAKE_NAMES),
    preset_views=dict.fromkeys(PRESETS, RIGHT) | {"flip": RIGHT | {"rnn_mistake": "no flip"}},
    apart=(*OFFERED, "initialisation"),  # here the biases shall be drawn too
    idle={
        f"{cell}_mistake": lambda now, cell=cell: "other_cell" * (now["cell"] != cell)  # type: ignore[misc]
        for cell in MISTAKE_NAMES
    },
    existing={"step": lambda now: STEPS[: now("sequence_length")]},
    place={"key": "outputs"},
    close=True,
)
PAGE.run()
