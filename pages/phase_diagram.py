"""Phase diagram: at which weight and input scales gradients vanish or explode, and which lags dL/dW_hh depends on."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.dashboard.frame import SCALED
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.experiment import KNOBS_NUMBER, WEIGHT_SCALES
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.phase_diagram import PICTURE


def clicked(cell: Mapping[str, Any], views: Views) -> dict[str, float]:
    """What a click on a cell of the map sets."""
    there: dict[str, float] = {"weight_scale": WEIGHT_SCALES[cell["place"]]}
    if views["across"] == "input":
        there["input_scale"] = KNOBS_NUMBER["input_scale"].offered[cell["column"]]
    return there


PAGE = Page(
    picture=PICTURE,
    height=Height("29.4rem"),
    presets={
        "house": {},
        "silent": {"input_scale": 0.0},
        "weak": {"input_scale": 0.316},
        "lstm": {"cell": "lstm", "input_scale": 0.316},
        "beyond": {"weight_scale": 5.0},
    },
    expected=({"cell": cell} for cell in SCALED),
    offered={"cell": SCALED},
    main=("cell", "weight_scale", "input_scale", "sequence_length"),
    go=clicked,
)
PAGE.run()
