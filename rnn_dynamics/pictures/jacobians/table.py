"""The tables of "A product of Jacobians".

A law that says "the same factor at each step" is a straight line here, and as a modulus a circle in the complex plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.jacobians.answer import JacobianAnswer
from rnn_dynamics.pictures.kit.frames import Array, axis_ends, inside, label_rows, one_row, rows_by_step

Ends = tuple[float, float]

#: At most so many singular values have a line, evenly from the largest to the smallest.
FAN = 12
#: Labels that fit above each other.
_LINES = 13
#: Where the complex plane may end: few values, so that it stands still while a slider moves.
_REACHES = (1.2, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 35.0, 60.0, 100.0)
#: Where the axis of the exponents may end; what lies below the last is not drawn.
_LOWEST_EXPONENTS = (-0.5, -1.0, -2.0, -4.0, -6.0)
_HIGHEST_EXPONENTS = (0.25, 0.5, 1.0, 2.0, 4.0)


def tables(answer: JacobianAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Fan (by rank, step; 1 is the norm), laws, labels (of both), eigenvalues, singular, exponents, whole."""
    ends = _ends(answer)
    lowest, highest = _exponent_ends(answer.exponents)
    drawn = answer.exponents[answer.exponents >= lowest]
    last = {"norm": answer.norm[-1]} | {name: answer.over[name] for name in answer.laws}
    straight = {name: np.array([height, 0.0]) for name, height in last.items()}
    return {
        "fan": _fan_rows(answer, ends),
        "laws": _law_rows(answer, ends),
        "labels": label_rows(straight, texts["labels"], ends, _LINES),
        "eigenvalues": _eigenvalue_rows(answer, texts["pointed"], ends),
        "singular": pa.table({"value": answer.singular_values.astype(np.float32)}),
        "exponents": pa.table({"order": np.arange(1, len(drawn) + 1), "exponent": drawn}),
        "whole": one_row(
            length=answer.experiment.sequence_length,
            low=ends[0],
            high=ends[1],
            reach=_reach(answer),
            count=len(answer.exponents),
            lowest=lowest,
            highest=highest,
            cell=answer.experiment.cell,
            **texts["titles"],
        ),
    }


def _ends(answer: JacobianAnswer) -> Ends:
    """The ends of the vertical axis, in orders of magnitude: the norm fills it, a law may leave it."""
    span = max(10.0, float(np.abs(answer.norm[np.isfinite(answer.norm)]).max()))
    laws = np.clip([slope * answer.back for slope in answer.laws.values()], -span, span)
    return axis_ends(np.concatenate([answer.norm, laws]))


def _fan_rows(answer: JacobianAnswer, ends: Ends) -> pa.Table:
    ranks = np.unique(np.linspace(0, answer.size - 1, FAN).round().astype(int))
    values, steps = answer.log10_singular_values.T[ranks], answer.experiment.sequence_length - answer.lags
    shown = np.where(inside(values, ends), values, np.nan)
    return rows_by_step("rank", (ranks + 1).astype(np.uint16), steps, log10_singular_value=shown)


def _law_rows(answer: JacobianAnswer, ends: Ends) -> pa.Table:
    """One row per law: name, where its straight line ends, and radius, of its circle; none of an exponent."""
    slopes = np.array(list(answer.laws.values()))
    radii = [None if name == "exponent" else 10.0**slope for name, slope in answer.laws.items()]
    return pa.table(
        {"name": list(answer.laws), "radius": pa.array(radii, pa.float32()), **_line_ends(answer, slopes, ends)}
    )


def _eigenvalue_rows(answer: JacobianAnswer, texts: list[str], ends: Ends) -> pa.Table:
    """One row per eigenvalue: place (its number), kind, itself, its modulus, where its straight line ends, and text."""
    values = np.concatenate(list(answer.eigenvalues.values()))
    columns = {"real": values.real, "imaginary": values.imag, "modulus": np.abs(values)}
    return pa.table(
        {
            "place": np.arange(len(values), dtype=np.uint16),
            "kind": pa.array([kind for kind, some in answer.eigenvalues.items() for _ in some]).dictionary_encode(),
            **{name: column.astype(np.float32) for name, column in columns.items()},
            **_line_ends(answer, answer.log10_moduli, ends),
            "text": texts,
        }
    )


def _line_ends(answer: JacobianAnswer, slopes: Array, ends: Ends) -> dict[str, Array]:
    """Where straight lines from 10⁰ at step T end, within the axes: step, not a whole one, and log10_value."""
    limits, back = np.where(slopes > 0, ends[1], ends[0]), np.full(len(slopes), float(answer.back))
    # -inf falls at once: it ends at lag 0.
    leaves = np.divide(limits, slopes, out=back.copy(), where=slopes != 0)
    lags = np.minimum(back, leaves)
    heights = np.where(leaves < back, limits, np.where(np.isfinite(slopes), slopes, 0.0) * lags)
    steps = answer.experiment.sequence_length - lags
    return {"step": steps.astype(np.float32), "log10_value": heights.astype(np.float32)}


def _reach(answer: JacobianAnswer) -> float:
    """Where the complex plane ends, in all four directions."""
    edge = 1.04 * max(1.0, float((10.0**answer.log10_moduli).max()), float(answer.singular_values[0]))
    return next(reach for reach in (*_REACHES, edge) if reach >= edge)


def _exponent_ends(exponents: Array) -> Ends:
    finite = exponents[np.isfinite(exponents)]
    lowest = next((end for end in _LOWEST_EXPONENTS if (finite >= end).all()), _LOWEST_EXPONENTS[-1])
    return lowest, next((end for end in _HIGHEST_EXPONENTS if (finite <= end).all()), _HIGHEST_EXPONENTS[-1])


def lines(answer: JacobianAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """A row per lag: lag, log10_singular_value_1 (the norm) .. S, and a column log10_<law> for each factor per step."""
    lags, values = answer.lags, answer.log10_singular_values.T
    columns = {f"log10_singular_value_{k}": column for k, column in enumerate(values, start=1)}
    # 0 steps are a factor of 1, whatever the law.
    laws = {
        f"log10_{name}": np.where(lags > 0, lags * slope if slope > -np.inf else slope, 0.0)
        for name, slope in answer.factors.items()
    }
    return pd.DataFrame({"lag": lags, **columns, **laws})
