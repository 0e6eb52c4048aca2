"""The tables of "Vanish or explode?": the curves of all weight scales at once, so that the pointer needs no server.

A curve is one text of numbers, as nowhere else: the pointer and the slider pick a handful of curves from all, and the
browser then filters a row each where it would filter a row for every point: 46 against 68 ms for a step of the slider.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rnn_dynamics.engine.verdict import horizon
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import PHONE_REACH, REACH, level_places, line_ends, strips, vertical_ranges
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, one_row, points
from rnn_dynamics.pictures.vanish_or_explode.answer import FORMATS, FamiliesAnswer, position_of

#: Of the axis's width, how much the name of a number format takes.
_NAME = 0.25
#: A point that lies outside the axis, in a curve's text.
_OUTSIDE = "x"


def tables(answer: FamiliesAnswer, texts: Texts, views: Views) -> Tables:
    """All but the slider's position, none of which depends on it: curves, map, scales, floors, and whole (one row)."""
    norms, cells = answer.norms(views["gradient"]), list(answer.families)
    chosen, length = norms[:, cells.index(answer.experiment.cell)], norms.shape[-1]
    ends, limit = vertical_ranges(norms), max(5.0, 0.2 * length)
    rows, scale = (
        {"scale": answer.scales, **strips(answer.scales, len(WEIGHT_SCALES))},
        np.array(answer.scales)[:, None],
    )
    thin = _thin_lines(answer.slopes, norms[:, 0])
    wide = frames.widths(max(names, key=len) for names in zip(*texts["labels"], strict=True))
    places = frames.beside(norms, ends, wide=wide, thin=thin)
    return {
        "curves": _curves(norms, ends, places, texts["labels"], scale=scale, name=cells),
        "map": _map(chosen, rows, limit),
        "scales": _scales(answer.slopes, norms[:, 0], ends, **rows, horizon=np.array([*map(horizon, chosen)], float)),
        "floors": _floors(norms, ends, thin, places, wide, scale=scale),
        "whole": one_row(texts, length=length, limit=limit),
    }


def moving_tables(answer: FamiliesAnswer, _: Texts, __: Views) -> Tables:
    """The slider's position."""
    return {"chosen": one_row(scale=position_of(answer.experiment))}


def _curves(
    norms: Array, ends: tuple[Array, Array], places: Mapping[str, Any], labels: Sequence[Sequence[str]], **rows: Any
) -> pa.Table:
    """A row for each weight scale and cell: steps and points of the curve, as texts, and its label beside step 1.

    Points are hundredths of an order of magnitude: whole numbers are the shortest texts.
    """
    steps = frames.point_steps(norms.shape[-1])
    shown = frames.within(norms[..., steps - 1], [end[:, None, None] for end in ends])
    found = points(**rows, **places, text=labels)
    every = frames.numbered(pa.array([",".join(map(str, steps))] * len(found)))
    return found.append_column("steps", every).append_column("points", _as_texts(shown.reshape(-1, len(steps))))


def _as_texts(points: Array) -> pa.Array:
    """Rows (K, S) of log10 norms, nan outside the axis, as K texts."""
    hundredths = pa.array(np.rint(100.0 * points).ravel(), from_pandas=True)
    numbers = pc.cast(pc.cast(hundredths, pa.int32()), pa.string())
    offsets = pa.array(np.arange(len(points) + 1) * points.shape[1], pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pc.fill_null(numbers, _OUTSIDE)), ",")


def _map(norms: Array, rows: Mapping[str, Sequence[int]], limit: float) -> pa.Table:
    """Scale, step and log10_norm relative to step T, no further than the colours reach; below, above: of the strip."""
    with np.errstate(invalid="ignore"):
        relative = norms - norms[:, -1:]
    # A row whose gradient is exactly zero at the last step too has no ratio; `fmax` has it drawn as gone.
    return frames.by_step(rows, frames.MAP_POINTS, log10_norm=np.minimum(np.fmax(relative, -limit), limit))


def _scales(slopes: Sequence[float | None], plain: Array, ends: tuple[Array, Array], **rows: Any) -> pa.Table:
    """A row for each weight scale: what is said of it, low and high of the axis, and the line of mean field.

    That leads from lag 0, at the height `last` of the curve of the cell without gates, to lag `theory_lag` at height
    `theory`.
    """
    (low, high), last, factors = ends, plain[:, -1], np.array(slopes, float)
    reached, _ = line_ends(factors, plain.shape[1] - 1, low - last, high - last)
    reached = np.where((low <= last) & (last <= high), reached, np.nan)
    lines = {"last": np.clip(last, low, high), "theory_lag": reached, "theory": last + reached * factors}
    return points(**rows, low=low, high=high, **lines)


def _thin_lines(slopes: Sequence[float | None], plain: Array) -> Array:
    """(S, 1 + formats, T): the line of mean field, hung on the last step, and where each number format ends."""
    lags = np.arange(plain.shape[1])[::-1]
    field = plain[:, -1:] + np.array(slopes, float)[:, None] * lags
    return np.stack(np.broadcast_arrays(field, *(np.full(plain.shape, floor) for _, floor in FORMATS)), axis=1)


def _floors(
    norms: Array, ends: tuple[Array, Array], thin: Array, places: Mapping[str, Any], wide: Array, **rows: Any
) -> pa.Table:
    """At each weight scale each number format that ends within the axis: where, its name, and where that has room."""
    names, floors = zip(*FORMATS, strict=True)
    labels = [(places[name], reach * wide) for name, reach in (("place", REACH), ("crowded", PHONE_REACH))]
    taken, reaches = (np.concatenate(parts, axis=-1) for parts in zip(*labels, strict=True))
    found = level_places(np.array(floors), norms, ends, _NAME, thin=thin, names=(taken, reaches))
    low, high = (end[:, None] for end in ends)
    seen = (np.array(floors) > low) & (np.array(floors) < high)
    return points(**rows, **found, log10_norm=floors, name=names).filter(seen.ravel())


def curves_file(answer: FamiliesAnswer, _: Views) -> Frame:
    """The curves at the chosen weight scale: cell, weight_scale, step, lag (T − t), component and log10_norm."""
    scale, (steps, lags) = answer.experiment.weight_scale, frames.every_step(answer.experiment.sequence_length).values()
    parts = (
        (cell, scale, steps, lags, component, norms[answer.row])
        for cell, family in answer.families.items()
        for component, norms in family.log10_norms.items()
    )
    return Frame(frames.joined(("cell", "weight_scale", "step", "lag", "component", "log10_norm"), parts))
