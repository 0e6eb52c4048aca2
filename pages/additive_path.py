"""The additive cell path: what of an LSTM's gradient never leaves the sum, and what comes through its gates."""

from __future__ import annotations

from dataclasses import replace

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.frame import AXIS, View, along_sliders, other_fields
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.additive_path import PICTURE

OPENING = Experiment(cell="lstm", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "carousel": OPENING,
    "default": replace(OPENING, forget_bias=0.0),
    "chrono": replace(OPENING, gate_bias="chrono"),
    "cut": replace(OPENING, hidden_path="cut"),
    "gru": replace(OPENING, cell="gru"),
}
SLIDERS = ("forget_bias", "weight_scale", "sequence_length")
MAIN = ("cell", "gate_bias", *SLIDERS, "hidden_path")
#: View -> the cell whose gates it offers.
GATES = {"gate": "lstm", "gru_gate": "gru"}


def idle(view: str, cell: str) -> str:
    """Why a choice of a gate has no effect: the cell shown has others."""
    return "" if cell == GATES[view] else str(sentences("additive_path")["idle"][view])


PAGE = Page(
    name="additive_path",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(*PRESETS.values(), *along_sliders(OPENING, *SLIDERS)),
    main=MAIN,
    more=other_fields(*MAIN),
    views={
        "axis": AXIS,
        "gate": View(label="Gate on the map", values=("f", "i", "g", "o")),
        "gru_gate": View(label="Gate on the map (GRU)", values=("z", "r", "n")),
    },
    cells=tuple(GATES.values()),
    idle={
        "gate": lambda now: idle("gate", now["cell"]),
        "gru_gate": lambda now: idle("gru_gate", now["cell"]),
    },
    pictured=lambda cell: (cell, "rnn"),
)
PAGE.run()
