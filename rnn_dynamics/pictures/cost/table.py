"""The tables of "Linear in T": everything against its value at the shortest length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.engine.growth import fitted
from rnn_dynamics.pictures.cost.answer import CostAnswer
from rnn_dynamics.pictures.kit.frames import apart, one_row, reaching

#: Names that fit above each other.
_LINES = 12
#: What the vertical axis may end at.
_TOPS = (2000.0, 20_000.0)


def tables(answer: CostAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Points and fits (by name, sequence_length), labels (at the ends of the fits), whole."""
    points = [(name, T, ratio) for name, values in answer.ratios.items() for T, ratio in values.items()]
    ends = {name: (min(values), max(values)) for name, values in answer.ratios.items()}
    fits = [(name, T, fitted(answer.ratios[name], T)) for name, two in ends.items() for T in two]
    top = reaching(max(ratio for *_, ratio in points), _TOPS)
    return {
        "points": _ratios(points),
        "fits": _ratios(fits),
        "labels": _labels(fits[1::2], texts["labels"], top),
        "whole": one_row(
            first=answer.lengths[0],
            last=answer.lengths[-1],
            top=top,
            cell=answer.experiment.cell,
            title=texts["title"],
        ),
    }


def _ratios(rows: list[tuple[str, int, float]]) -> pa.Table:
    names, lengths, ratios = zip(*rows, strict=True)
    return pa.table({"name": names, "sequence_length": lengths, "ratio": ratios})


def _labels(ends: list[tuple[str, int, float]], texts: Mapping[str, str], top: float) -> pa.Table:
    """What stands at the right end of each fit, a line apart."""
    names, lengths, ratios = zip(*ends, strict=True)
    places = 10.0 ** np.array(apart(np.log10(ratios).tolist(), np.log10(top) / _LINES, np.log10(top)))
    return pa.table(
        {"sequence_length": lengths, "place": places, "name": names, "text": [texts[name] for name in names]}
    )


def cost(answer: CostAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """The measurements: what, sequence_length, and value in seconds, or a count."""
    rows = [(name, length, value) for name, values in answer.values.items() for length, value in values.items()]
    return pd.DataFrame(rows, columns=["what", "sequence_length", "value"])
