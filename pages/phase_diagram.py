"""Phase diagram: at which weight and input scales gradients vanish or explode, and which lags dL/dW_hh depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rnn_dynamics.dashboard.frame import View, Views, along_sliders, other_fields
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import KNOBS_CHOICE, KNOBS_NUMBER, WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.phase_diagram import PICTURE

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "house": OPENING,
    "silent": replace(OPENING, input_scale=0.0),
    "weak": replace(OPENING, input_scale=0.316),
    "lstm": replace(OPENING, cell="lstm", input_scale=0.316),
    "beyond": replace(OPENING, weight_scale=5.0),
}
MAIN = ("cell", "weight_scale", "input_scale", "sequence_length")


def clicked(cell: Mapping[str, Any], views: Views) -> dict[str, float]:
    """What a click on a cell of the map sets."""
    there: dict[str, float] = {"weight_scale": WEIGHT_SCALES[cell["place"]]}
    if views["across"] == "input":
        there["input_scale"] = KNOBS_NUMBER["input_scale"].offered[cell["column"]]
    return there


PAGE = Page(
    name="phase_diagram",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(
        *along_sliders(OPENING, "input_scale", "weight_scale"),
        *(replace(OPENING, cell=cell) for cell in KNOBS_CHOICE["cell"].options),
        *PRESETS.values(),
        *along_sliders(OPENING, "sequence_length"),
    ),
    main=MAIN,
    more=other_fields(*MAIN),
    views={"across": View(values=("input", "lag"))},
    go=clicked,
)
PAGE.run()
