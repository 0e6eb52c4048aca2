"""The additive cell path: what of an LSTM's gradient never leaves the sum, and what comes through its gates."""

from __future__ import annotations

from dataclasses import replace

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
        "gate": View(values=("f", "i", "g", "o")),
        "gru_gate": View(values=("z", "r", "n")),
    },
    cells=("lstm", "gru"),
    idle={
        "gate": lambda now: "gate" if now["cell"] == "gru" else "",
        "gru_gate": lambda now: "gru_gate" if now["cell"] == "lstm" else "",
    },
    pictured=lambda cell: (cell, "rnn"),
)
PAGE.run()
