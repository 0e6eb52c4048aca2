"""The tables of "Linear in T": everything against its value at the shortest length."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.growth import Measured, fitted
from rnn_dynamics.pictures.kit.axes import apart, reaching
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, joined, one_row, table

#: Names that fit above each other.
_LINES = 12
#: What the vertical axis may end at.
_TOPS = (2000.0, 20_000.0)


def tables(answer: Measured, texts: Texts, _: Views) -> Tables:
    """Points and fits (by name, sequence_length), labels (at the right ends of the fits, a line apart), whole."""
    ratios = {name: {T: of[T] / of[min(of)] for T in sorted(of)} for name, of in answer.values.items()}
    fits = {name: {T: fitted(of, T) for T in (min(of), max(of))} for name, of in ratios.items()}
    top = reaching(max(max(of.values()) for of in ratios.values()), _TOPS)
    heights = np.log10([fit[max(fit)] for fit in fits.values()]).tolist()
    return {
        "points": table(**_by_length("name", "ratio", ratios)),
        "fits": table(**_by_length("name", "ratio", fits)),
        "labels": table(
            sequence_length=[max(fit) for fit in fits.values()],
            place=10.0 ** np.array(apart(heights, np.log10(top) / _LINES, np.log10(top))),
            name=list(fits),
            text=[texts["labels"][name] for name in fits],
        ),
        "whole": one_row(texts, first=answer.lengths[0], last=answer.lengths[-1], top=top, cell=answer.experiment.cell),
    }


def cost_file(answer: Measured, _: Views) -> Frame:
    """The measurements: what, sequence_length, and value in seconds, or a count."""
    return Frame(_by_length("what", "value", answer.values))


def _by_length(name: str, value: str, values: Mapping[str, Mapping[int, float]]) -> dict[str, NDArray[Any]]:
    return joined((name, "sequence_length", value), ((key, list(of), list(of.values())) for key, of in values.items()))
