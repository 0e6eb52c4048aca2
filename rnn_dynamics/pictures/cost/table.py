"""The tables of "Linear in T": everything against its value at the shortest length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.growth import fitted
from rnn_dynamics.pictures.cost.answer import CostAnswer
from rnn_dynamics.pictures.kit.axes import apart, reaching
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, joined, one_row, table

#: Names that fit above each other.
_LINES = 12
#: What the vertical axis may end at.
_TOPS = (2000.0, 20_000.0)


def tables(answer: CostAnswer, texts: Texts, _: Views) -> Tables:
    """Points and fits (by name, sequence_length), labels (at the right ends of the fits, a line apart), whole."""
    fits = {name: {T: fitted(of, T) for T in (min(of), max(of))} for name, of in answer.ratios.items()}
    ends = {name: list(fit.items())[-1] for name, fit in fits.items()}
    top = reaching(max(max(of.values()) for of in answer.ratios.values()), _TOPS)
    heights = np.log10([ratio for _, ratio in ends.values()]).tolist()
    return {
        "points": table(**_by_length(answer.ratios, "name", "ratio")),
        "fits": table(**_by_length(fits, "name", "ratio")),
        "labels": table(
            sequence_length=[length for length, _ in ends.values()],
            place=10.0 ** np.array(apart(heights, np.log10(top) / _LINES, np.log10(top))),
            name=list(ends),
            text=[texts["labels"][name] for name in ends],
        ),
        "whole": one_row(texts, first=answer.lengths[0], last=answer.lengths[-1], top=top, cell=answer.experiment.cell),
    }


def _by_length(values: Mapping[str, Mapping[int, float]], name: str, value: str) -> dict[str, NDArray[Any]]:
    """Columns of that name, sequence_length, and that value."""
    parts = ((key, list(of), list(of.values())) for key, of in values.items())
    return joined(f"{name} sequence_length {value}", parts)


def cost(answer: CostAnswer, _: Views) -> Frame:
    """The measurements: what, sequence_length, and value in seconds, or a count."""
    return Frame(_by_length(answer.values, "what", "value"))
