"""The tables of "Vanish or explode?": the curves of all weight scales at once, so that the pointer needs no server.

A curve is one text of numbers, as nowhere else: the pointer and the slider pick a handful of curves from all, and the
browser then filters a row each where it would filter a row for every point: 46 against 68 ms for a step of the slider.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rnn_dynamics.engine.verdict import horizon
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import label_places, line_ends, strips, vertical_ranges
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, one_row, points, table
from rnn_dynamics.pictures.vanish_or_explode.answer import FamiliesAnswer, position_of

#: Floors closer than this many orders of magnitude have no room for a name between them.
_FLOORS_APART = 10.0
#: A point that lies outside the axis, in a curve's text.
_OUTSIDE = "x"


def tables(answer: FamiliesAnswer, texts: Texts, views: Views) -> Tables:
    """All but the slider's position, none of which depends on it: curves, map, scales, floors, and whole (one row)."""
    curves = answer.families.curves(views["gradient"])
    norms = np.stack(list(curves.values()), axis=1)
    length, ends = norms.shape[-1], vertical_ranges(norms)
    limit = max(5.0, 0.2 * length)
    rows = {"scale": answer.families.scales, **strips(answer.families.scales, len(WEIGHT_SCALES))}
    return {
        "curves": _curves(norms, rows["scale"], ends, list(curves), texts["labels"]),
        "map": _map(curves[answer.experiment.cell], rows, limit),
        "scales": _scales(answer, curves, rows, ends),
        "floors": _floors(answer.floors, texts["floors"], texts["floors_narrow"]),
        "whole": one_row(texts["whole"], length=length, limit=limit),
    }


def moving_tables(answer: FamiliesAnswer, _: Texts, __: Views) -> Tables:
    """The slider's position."""
    return {"chosen": one_row(scale=position_of(answer.experiment))}


def _curves(
    norms: Array, scales: Sequence[int], ends: tuple[Array, Array], cells: Sequence[str], labels: Sequence[str]
) -> pa.Table:
    """A row for each weight scale and cell: steps and points of the curve, as texts, and its label beside step 1.

    Points are hundredths of an order of magnitude: whole numbers are the shortest texts.
    """
    steps = frames.point_steps(norms.shape[-1])
    shown = frames.within(norms[..., steps - 1], [end[:, None, None] for end in ends])
    rows = points(
        scale=np.array(scales)[:, None],
        name=cells,
        place=label_places(norms, *ends),
        text=np.reshape(labels, norms.shape[:2]),
    )
    every = pa.array([",".join(map(str, steps))] * len(rows)).dictionary_encode()
    return rows.append_column("steps", every).append_column("points", _as_texts(shown.reshape(-1, len(steps))))


def _as_texts(points: Array) -> pa.Array:
    """Rows (K, S) of log10 norms, nan outside the axis, as K texts."""
    hundredths = pa.array(np.rint(100.0 * points).ravel(), from_pandas=True)
    numbers = pc.cast(pc.cast(hundredths, pa.int32()), pa.string())
    offsets = pa.array(np.arange(len(points) + 1) * points.shape[1], pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pc.fill_null(numbers, _OUTSIDE)), ",")


def _map(norms: Array, rows: Mapping[str, Sequence[int]], limit: float) -> pa.Table:
    """Scale, step and log10_norm relative to step T, no further than the colours reach; below, above: of the strip."""
    steps = frames.point_steps(norms.shape[1], frames.MAP_POINTS)
    with np.errstate(invalid="ignore"):
        relative = norms[:, steps - 1] - norms[:, -1:]
    # A row whose gradient is exactly zero at the last step too has no ratio; it is drawn as gone.
    relative = np.clip(np.nan_to_num(relative, nan=-np.inf, posinf=np.inf, neginf=-np.inf), -limit, limit)
    return points(**{name: np.array(of)[:, None] for name, of in rows.items()}, step=steps, log10_norm=relative)


def _scales(
    answer: FamiliesAnswer, curves: Mapping[str, Array], rows: Mapping[str, Sequence[int]], ends: tuple[Array, Array]
) -> pa.Table:
    """A row for each weight scale: scale, below and above of its strip, low and high of the axis, and lines.

    horizon: a lag. The mean-field line leads from lag 0 at height `last` to lag `theory_lag` at height `theory`.
    """
    (low, high), last = ends, curves[answer.plain][:, -1]
    slopes = np.array(answer.families.mean_field, float)
    reached, _ = line_ends(slopes, curves[answer.plain].shape[1] - 1, low - last, high - last)
    reached = np.where((low <= last) & (last <= high), reached, np.nan)
    return points(
        **rows,
        low=low,
        high=high,
        horizon=np.array([horizon(row) for row in curves[answer.experiment.cell]], float),
        last=np.clip(last, low, high),
        theory_lag=reached,
        theory=last + reached * slopes,
    )


def _floors(floors: Mapping[str, float], texts: Sequence[str], narrow: Sequence[str]) -> pa.Table:
    """A row for each number format: where it ends, what it is called, and on which side of the line there is room."""
    ends = list(floors.values())
    crowded = [any(0 < end - other < _FLOORS_APART for other in ends) for end in ends]
    sides = np.where(crowded, "bottom", "top")  # the edge of the name that lies on the line
    return table(log10_norm=ends, text=texts, narrow=narrow, side=sides)


def curves_file(answer: FamiliesAnswer, _: Views) -> Frame:
    """The curves at the chosen weight scale: cell, weight_scale, step, lag (T − t), component and log10_norm."""
    scale, (steps, lags) = answer.experiment.weight_scale, frames.every_step(answer.experiment.sequence_length).values()
    parts = (
        (cell, scale, steps, lags, component, norms[answer.row])
        for cell, components in answer.families.log10_norms.items()
        for component, norms in components.items()
    )
    return Frame(frames.joined(("cell", "weight_scale", "step", "lag", "component", "log10_norm"), parts))
