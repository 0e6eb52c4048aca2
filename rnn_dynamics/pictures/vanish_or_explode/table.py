"""The tables of "Vanish or explode?": the curves of all weight scales at once, so that the pointer needs no server.

A curve is one text of numbers, as nowhere else: the pointer and the slider pick a handful of curves from all, and the
browser then filters a row each where it would filter a row for every point: 46 against 68 ms for a step of the slider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rnn_dynamics.engine.verdict import horizon
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    Array,
    label_places,
    one_row,
    point_steps,
    rows_by_step,
    vertical_ranges,
)
from rnn_dynamics.pictures.vanish_or_explode.answer import FamiliesAnswer

#: Floors closer than this many orders of magnitude have no room for a name between them.
_FLOORS_APART = 10.0
#: A point that lies outside the axis, in a curve's text.
_OUTSIDE = "x"


def tables(answer: FamiliesAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """All but the slider's position, none of which depends on it: curves, map, scales, floors, and whole (one row)."""
    curves = answer.families.curves(views["gradient"])
    norms = curves[answer.experiment.cell]
    limit = max(5.0, 0.2 * norms.shape[1])
    low, high = vertical_ranges(np.stack(list(curves.values()), axis=1))
    return {
        "curves": _curves(curves, answer.families.scales, low, high, texts["labels"]),
        "map": _map(norms, answer.families.scales, limit),
        "scales": _scales(answer, curves, low, high),
        "floors": _floors(answer.floors, texts["floors"], texts["floors_narrow"]),
        "whole": one_row(length=norms.shape[1], limit=limit, **texts["whole"]),
    }


def chosen(answer: FamiliesAnswer, _: Mapping[str, Any], __: Mapping[str, str]) -> dict[str, pa.Table]:
    """The slider's position."""
    return {"chosen": one_row(scale=answer.position)}


def _curves(
    curves: Mapping[str, Array], scales: Sequence[int], low: Array, high: Array, labels: Sequence[str]
) -> pa.Table:
    """A row for each weight scale and cell: steps and points of the curve, as texts, and its label beside step 1.

    Points are hundredths of an order of magnitude: whole numbers are the shortest texts.
    """
    norms = np.stack(list(curves.values()), axis=1)
    steps = point_steps(norms.shape[-1])
    shown = norms[..., steps - 1].reshape(-1, len(steps))
    low_of, high_of = (np.repeat(ends, len(curves))[:, None] for ends in (low, high))
    points = np.where((shown >= low_of) & (shown <= high_of), shown, np.nan)
    return pa.table(
        {
            "scale": pa.array(np.repeat(scales, len(curves)), pa.uint8()),
            "name": pa.array(list(curves) * len(scales)).dictionary_encode(),
            "steps": pa.array([",".join(map(str, steps))] * len(points)).dictionary_encode(),
            "points": _as_texts(points),
            "place": pa.array(label_places(norms, low, high).ravel(), pa.float32()),
            "text": pa.array(labels),
        }
    )


def _as_texts(points: Array) -> pa.Array:
    """Rows (K, S) of log10 norms, nan outside the axis, as K texts."""
    hundredths = pa.array(np.rint(100.0 * points).ravel(), from_pandas=True)
    numbers = pc.cast(pc.cast(hundredths, pa.int32()), pa.string())
    offsets = pa.array(np.arange(len(points) + 1) * points.shape[1], pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pc.fill_null(numbers, _OUTSIDE)), ",")


def _map(norms: Array, scales: Sequence[int], limit: float) -> pa.Table:
    """Scale, step and log10_norm relative to step T, no further than the colours reach; below, above: of the strip."""
    steps = point_steps(norms.shape[1], MAP_POINTS)
    with np.errstate(invalid="ignore"):
        relative = norms[:, steps - 1] - norms[:, -1:]
    # A row whose gradient is exactly zero at the last step too has no ratio; it is drawn as gone.
    relative = np.clip(np.nan_to_num(relative, nan=-np.inf, posinf=np.inf, neginf=-np.inf), -limit, limit)
    rows = rows_by_step("scale", np.array(scales, np.uint8), steps, log10_norm=relative)
    for name, edges in _strips(scales).items():
        rows = rows.append_column(name, pa.array(np.repeat(edges, len(steps)), pa.uint8()))
    return rows


def _strips(scales: Sequence[int]) -> dict[str, list[int]]:
    """Where the strip of each row begins and ends: one that was not computed shows the nearest that was."""
    edges = [0, *((low + high) // 2 + 1 for low, high in pairwise(scales)), len(WEIGHT_SCALES)]
    return {"below": edges[:-1], "above": edges[1:]}


def _scales(answer: FamiliesAnswer, curves: Mapping[str, Array], low: Array, high: Array) -> pa.Table:
    """A row for each weight scale: scale, below and above of its strip, low and high of the axis, and lines.

    horizon: a lag. The mean-field line leads from lag 0 at height `last` to lag `theory_lag` at height `theory`.
    """
    last, slopes = curves[answer.plain][:, -1], np.array(answer.families.mean_field, float)
    reached = _lags_inside(slopes, curves[answer.plain].shape[1] - 1, low - last, high - last)
    strips = {name: pa.array(edges, pa.uint8()) for name, edges in _strips(answer.families.scales).items()}
    return pa.table(
        {
            "scale": pa.array(answer.families.scales, pa.uint8()),
            **strips,
            "low": low,
            "high": high,
            "horizon": pa.array([horizon(row) for row in curves[answer.experiment.cell]], pa.uint16()),
            "last": pa.array(np.clip(last, low, high), pa.float32()),
            "theory_lag": pa.array(reached, pa.float32(), from_pandas=True),
            "theory": pa.array(last + reached * slopes, pa.float32(), from_pandas=True),
        }
    )


def _lags_inside(slopes: Array, longest: int, low: Array, high: Array) -> Array:
    """How far back lines that start at height 0 stay between `low` and `high`; nan where they do not start there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(slopes < 0.0, low, high) / slopes
    lags = np.where(slopes == 0.0, longest, np.minimum(longest, room))
    return np.where((low <= 0.0) & (high >= 0.0), lags, np.nan)


def _floors(floors: Mapping[str, float], texts: Sequence[str], narrow: Sequence[str]) -> pa.Table:
    """A row for each number format: where it ends, what it is called, and on which side of the line there is room."""
    ends = list(floors.values())
    crowded = [any(0 < end - other < _FLOORS_APART for other in ends) for end in ends]
    sides = ["bottom" if below else "top" for below in crowded]  # the edge of the name that lies on the line
    return pa.table({"log10_norm": ends, "text": texts, "narrow": narrow, "side": sides})


def curves_file(answer: FamiliesAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """The curves at the chosen weight scale: cell, weight_scale, step, lag (T − t), component and log10_norm."""
    frames = [
        _frame(cell, answer.experiment.weight_scale, component, norms[answer.row])
        for cell, components in answer.families.log10_norms.items()
        for component, norms in components.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _frame(cell: str, weight_scale: float, component: str, norms: Array) -> pd.DataFrame:
    steps = np.arange(1, len(norms) + 1)
    columns = {"cell": cell, "weight_scale": weight_scale, "step": steps, "lag": len(norms) - steps}
    return pd.DataFrame({**columns, "component": component, "log10_norm": norms})
