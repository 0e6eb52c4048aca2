"""The tables of "Which loss, how far back"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.pictures.kit.frames import (
    Array,
    axis_ends,
    curve_rows,
    ends_downwards,
    inside,
    label_rows,
    one_row,
    reaching,
    rows_by_step,
)
from rnn_dynamics.pictures.losses.answer import LossAnswer

#: Where the axis of the bars may end, in per cent, and that of the truncation's error, in orders of magnitude of the
#: gradient: few values, so that they stand still while a slider moves.
_BARS_BELOW, _BARS_ABOVE = (0, 25, 50, 100), (100, 125, 150, 200)
_LEAST_ERROR, _ERRORS_ABOVE = -4.0, (0.3, 1.0, 2.0, 4.0, 8.0)
#: How many orders of magnitude the map's colours may span, likewise.
_SPANS = (3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 250.0)
#: Names of curves that fit above each other.
_LINES = 8


def tables(answer: LossAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Losses (by loss, step), pointed (a text for each loss), sums and their labels, bins, bars, cuts, whole."""
    ends, shown = axis_ends(*answer.trace.log10_norms, *answer.sums.values()), answer.shown
    return {
        "losses": _losses(answer),
        "pointed": pa.table({"loss": pa.array(shown, pa.uint16()), "text": texts["pointed"]}),
        "sums": curve_rows(answer.sums, ends),
        "labels": _labels(answer, texts["labels"], ends),
        "bins": _bins(texts["bins"][: len(answer.binned)], sum(len(label) + 3 for label in texts["bins"])),
        "bars": _bars(answer),
        "cuts": _cuts(answer),
        "whole": _whole(answer, texts, ends),
    }


def cut_table(answer: LossAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """What depends on the reader's truncation τ: one row, apart, so that nothing else is drawn again when it moves."""
    return {"cut": one_row(tau=answer.within(views["truncation"]), cut=texts["cut"])}


def _edges(answer: LossAnswer) -> Array:
    """Where the steps that are drawn begin, as wide as they lie apart, and where the last one ends."""
    shown = answer.shown
    return np.array([0.5, *(shown[:-1] + shown[1:]) / 2, answer.length + 0.5])


def _losses(answer: LossAnswer) -> pa.Table:
    """Each loss at each step up to its own: log10_norm, and its strip of the map, from `above` to `below`."""
    shown, edges = answer.shown, _edges(answer)
    rows, columns = np.tril_indices(len(shown))
    norms = answer.trace.log10_norms[shown[rows] - 1, shown[columns] - 1]
    return pa.table(
        {
            "loss": pa.array(shown[rows], pa.uint16()),
            "step": pa.array(shown[columns], pa.uint16()),
            "log10_norm": _numbers(np.where(np.isfinite(norms), norms, np.nan)),
            "above": _numbers(edges[rows]),
            "below": _numbers(edges[rows + 1]),
        }
    )


def _labels(answer: LossAnswer, texts: Mapping[str, str], ends: tuple[float, float]) -> pa.Table:
    """The names of the two sums; that of the marked loss stands in a corner, but its curve is to be kept free."""
    marked = answer.trace.log10_norms[answer.marked - 1]
    return label_rows({**answer.sums, "marked": marked}, {**texts, "marked": ""}, ends, _LINES)


def _numbers(values: Array) -> pa.Array:
    """A column; nan is no value."""
    return pa.array(np.asarray(values, dtype=np.float32), from_pandas=True)


def _bins(labels: list[str], width: int) -> pa.Table:
    """The name of each bin of distances that T has, and its place, a share of the width."""
    places = np.cumsum([0, *(len(label) + 3 for label in labels[:-1])]) / width
    return pa.table({"bin": pa.array(range(len(labels)), pa.uint8()), "place": _numbers(places), "label": labels})


def _bars(answer: LossAnswer) -> pa.Table:
    """Each bin's bar at each step that is drawn: where it begins on the axis, and from which to which per cent.

    The last one stands there twice, once for its end. Positive shares are stacked upwards from 0, negative ones
    downwards.
    """
    edges, shares = _edges(answer), np.nan_to_num(answer.binned[:, answer.shown - 1])
    up, down = (np.cumsum(part, axis=0) for part in (np.maximum(shares, 0.0), np.minimum(shares, 0.0)))
    to = np.where(shares >= 0.0, up, down)
    heights = (np.clip(part, *bar_ends(answer.binned)) for part in (to - shares, to))
    begins, ends = (_numbers(np.append(part, part[:, -1:], axis=1).ravel()) for part in heights)
    bins = pa.array(np.repeat(np.arange(len(shares)), len(edges)), pa.uint8())
    return pa.table({"bin": bins, "edge": _numbers(np.tile(edges, len(shares))), "from": begins, "to": ends})


def bar_ends(binned: Array) -> tuple[float, float]:
    """Where the axis of the bars ends, in per cent, for binned shares (bins, T)."""
    found = np.nan_to_num(binned)
    lowest, highest = np.minimum(found, 0.0).sum(axis=0).min(), np.maximum(found, 0.0).sum(axis=0).max()
    return -reaching(-lowest - 1.0, _BARS_BELOW), reaching(highest - 1.0, _BARS_ABOVE)


def _cuts(answer: LossAnswer) -> pa.Table:
    """What is left of dL/dW_hh by truncation, for the loss at every step and for that at the last."""
    errors, angles = (
        np.stack([of[name] for name in answer.sums]) for of in (answer.trace.log10_errors, answer.trace.angles)
    )
    shown = np.where(inside(errors, (_LEAST_ERROR, _highest_error(answer))), errors, np.nan)
    rows = rows_by_step("name", list(answer.sums), answer.trace.truncations, log10_error=shown, angle=angles)
    return rows.rename_columns(["name", "truncation", "log10_error", "angle"])


def _highest_error(answer: LossAnswer) -> float:
    errors = (np.nan_to_num(values, nan=-np.inf).max() for values in answer.trace.log10_errors.values())
    return reaching(max(errors), _ERRORS_ABOVE)


def _whole(answer: LossAnswer, texts: Mapping[str, Any], ends: tuple[float, float]) -> pa.Table:
    """What holds for the whole picture: the ends of the axes, the titles, the cell, the loss that is marked."""
    dark, bright = ends_downwards([answer.trace.log10_norms], _SPANS)
    least, most = bar_ends(answer.binned)
    widest = max(float(np.nan_to_num(angles).max()) for angles in answer.trace.angles.values())
    return one_row(
        length=answer.length,
        low=ends[0],
        high=ends[1],
        dark=dark,
        bright=bright,
        least=least,
        most=most,
        marked=answer.marked,
        longest=max(2, answer.length),
        least_error=_LEAST_ERROR,
        error=_highest_error(answer),
        angle=90 if widest <= 90.0 else 180,
        cell=answer.experiment.cell,
        **{name: texts[name] for name in ("curves", "map", "bars")},
    )


def loss_by_time(answer: LossAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """One row for each loss k and each step t ≤ k: loss, step, distance (k − t), log10_norm and share."""
    rows, columns = np.tril_indices(answer.length)
    return pd.DataFrame(
        {
            "loss": rows + 1,
            "step": columns + 1,
            "distance": rows - columns,
            "log10_norm": answer.trace.log10_norms[rows, columns],
            "share": answer.trace.shares[rows, columns],
        }
    )


def truncation(answer: LossAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """What truncation leaves of dL/dW_hh: truncation τ, and of each loss log10_error_… and angle_… (degrees)."""
    columns: dict[str, NDArray[np.generic]] = {"truncation": answer.trace.truncations}
    for name, errors in answer.trace.log10_errors.items():
        columns |= {f"log10_error_{name}": errors, f"angle_{name}": answer.trace.angles[name]}
    return pd.DataFrame(columns)
