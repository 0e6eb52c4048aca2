"""Shapes of recurrence: one cell unrolled in five ways, and the gradient through each edge, step by step."""

from __future__ import annotations

from dataclasses import replace

from rnn_dynamics.dashboard.frame import View, along_sliders
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.shapes import LENGTHS, NAMES, PICTURE, STOPS, stops

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=6, batch_size=2, forget_bias=3.0)
PRESETS = {
    "sentiment": OPENING,
    "image": replace(OPENING, sequence_length=1),
    "caption": replace(OPENING, sequence_length=5),
    "tagging": replace(OPENING, cell="lstm"),
    "translation": replace(OPENING, cell="gru", sequence_length=4),
}
#: What each preset is an example of.
EXAMPLES = {
    "sentiment": "many-to-one",
    "image": "one-to-one",
    "caption": "one-to-many",
    "tagging": "aligned",
    "translation": "encoder-decoder",
}
PAGE = Page(
    name="shapes",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(
        *along_sliders(OPENING, "weight_scale"),
        *(replace(OPENING, sequence_length=length) for length in LENGTHS),
    ),
    main=("shape", "cell", "weight_scale", "sequence_length", "stop"),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "seed"),
    ),
    views={
        "shape": View(values=NAMES, opening="many-to-one"),
        "stop": View(values=STOPS),
    },
    cells=("rnn", "lstm", "gru"),
    offered={"sequence_length": LENGTHS},
    preset_views={key: {"shape": shape, "stop": "all"} for key, shape in EXAMPLES.items()},
    apart=("sequence_length",),
    idle={"sequence_length": lambda now: "one_step" * (now["shape"] == "one-to-one")},
    existing={"stop": lambda now: stops(now("shape"), now("sequence_length"))},
    place={"key": "unrolled"},
    close=True,
)
PAGE.run()
