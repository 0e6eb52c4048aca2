"""Depth and direction: where an error goes in a stack of layers that read forwards, backwards, or both."""

from __future__ import annotations

from dataclasses import replace

from rnn_dynamics.dashboard.frame import AXIS, along_sliders
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.depth import PICTURE

OPENING = Experiment(
    cell="lstm",
    weight_scale=1.0,
    sequence_length=100,
    batch_size=2,
    forget_bias=1.0,
    num_layers=2,
    bidirectional=True,
)
PRESETS = {
    "last": OPENING,
    "every": replace(OPENING, loss_at="every"),
    "deep": replace(OPENING, num_layers=4, bidirectional=False),
    "rnn": replace(OPENING, cell="rnn", num_layers=4, bidirectional=False),
    "one": replace(OPENING, num_layers=1, bidirectional=False),
}
SLIDERS = ("num_layers", "weight_scale", "sequence_length")
PAGE = Page(
    name="depth",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(*PRESETS.values(), *along_sliders(OPENING, *SLIDERS)),
    main=("cell", "loss_at", "bidirectional", *SLIDERS),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "hidden_path", "text", "seed"),
    ),
    views={"axis": AXIS},
    cells=("rnn", "lstm", "gru"),
    place={"key": "layers"},
    close=True,
)
PAGE.run()
