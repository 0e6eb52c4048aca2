"""What the tables of all pictures share: which points are shown, where axes end, and where names stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Points of a curve in a picture, and of a row of a map; each is the exact value of its time step.
POINTS = 40
MAP_POINTS = 20
#: Of the axis's width, how far a name reaches; places that are tried for it, a line; how many lines further away it
#: rather stands than on a curve.
_REACH, _TRIES, _CROSSING = 0.35, 4, 3.0
#: What the vertical axis may end at: few values, so that it stands still while a slider moves.
_BOTTOMS = np.array([10.0, 30.0, 60.0, 120.0, 250.0, 320.0])
_TOPS = np.array([3.0, 15.0, 40.0, 80.0, 160.0, 320.0])


def point_steps(length: int, most: int = POINTS) -> NDArray[np.int64]:
    """The time steps (from 1) that the picture shows of `length`: all, or `most` of them, ends included."""
    count = min(length, most)
    return np.floor(1 + np.arange(count) * (length - 1) / max(1, count - 1) + 0.5).astype(np.int64)


def vertical_ranges(norms: Array) -> tuple[Array, Array]:
    """The ends of the vertical axis for each row of (S, cells, T), in orders of magnitude, from a short list."""
    flat = norms.reshape(len(norms), -1)
    finite = np.isfinite(flat)
    low = np.min(flat, axis=1, where=finite, initial=0.0)
    high = np.max(flat, axis=1, where=finite, initial=-np.inf)
    bottoms = _BOTTOMS[np.minimum(np.searchsorted(_BOTTOMS, -low / 0.95, side="right"), len(_BOTTOMS) - 1)]
    tops = _TOPS[np.minimum(np.searchsorted(_TOPS, high / 0.9, side="right"), len(_TOPS) - 1)]
    return -bottoms, tops


def label_places(norms: Array, low: Array | float, high: Array | float, lines: int = 14) -> Array:
    """Where to write the names of curves beside their first step.

    A line apart, in the order of the curves, inside the axis; as near to the curve's start as the names can come
    without lying on curves, and on as few of them as they can where there is no room.

    Args:
        norms: (..., K, T), step 1 first; T = 2 for straight lines.
        low: (...), where the axis begins.
        high: (...), where it ends.
        lines: for how many names the axis has room.

    Returns:
        (..., K) heights.
    """
    low, line = np.asarray(low)[..., None], (np.asarray(high) - low)[..., None] / lines
    places = low + line * (0.5 + np.arange(_TRIES * (lines - 1) + 1) / _TRIES)
    starts = np.clip(np.nan_to_num(norms[..., 0], nan=-np.inf), low + line / 2, low + line * (lines - 0.5))
    distance = np.abs(places[..., None, :] - starts[..., None]) / line[..., None]
    cost = distance + _CROSSING * _crossings(norms, places, line)[..., None, :]
    order = np.argsort(starts, axis=-1, kind="stable")
    found = np.take_along_axis(places, _rising(np.take_along_axis(cost, order[..., None], axis=-2)), axis=-1)
    return np.take_along_axis(found, np.argsort(order, axis=-1), axis=-1)


def _crossings(norms: Array, places: Array, line: Array) -> NDArray[np.int64]:
    """How many of the curves (..., K, T) a name at each of the places (..., C) would lie on: (..., C)."""
    far = np.clip(np.nan_to_num(norms, nan=-np.inf), places[..., :1, None] - 99.0 * line[..., None], None)
    at = np.linspace(0.02, _REACH, 8) * (norms.shape[-1] - 1)
    left, share = np.floor(at).astype(np.int64), at % 1.0
    right = np.minimum(left + 1, norms.shape[-1] - 1)
    heights = far[..., left] * (1.0 - share) + far[..., right] * share
    ends = np.sort(np.stack([heights[..., :-1], heights[..., 1:]]), axis=0)[..., None]
    above, below = (places + side * 0.6 * line for side in (1.0, -1.0))
    on = (ends[0] < above[..., None, None, :]) & (ends[1] > below[..., None, None, :])
    return np.asarray(on.any(axis=-2).sum(axis=-2))


def _rising(cost: Array) -> NDArray[np.int64]:
    """For rows of costs (..., K, C) the K columns, at least _TRIES apart, whose costs add up to the least: (..., K)."""
    sums = [cost[..., 0, :]]
    for row in range(1, cost.shape[-2]):
        before = np.minimum.accumulate(sums[-1], axis=-1)[..., :-_TRIES]
        reached = np.concatenate([np.full((*before.shape[:-1], _TRIES), np.inf), before], axis=-1)
        sums.append(cost[..., row, :] + reached)
    columns = [sums[-1].argmin(axis=-1)]
    for total in reversed(sums[:-1]):
        allowed = np.arange(cost.shape[-1]) <= columns[-1][..., None] - _TRIES
        columns.append(np.where(allowed, total, np.inf).argmin(axis=-1))
    return np.stack(columns[::-1], axis=-1)


@lru_cache(maxsize=8)
def shades(palette: tuple[str, ...]) -> list[str]:
    """255 hex colours, evenly along the palette, straight lines between its colours as Vega draws them."""
    anchors = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in palette], dtype=float)
    positions = np.linspace(0, len(palette) - 1, 255)
    channels = [np.interp(positions, np.arange(len(palette)), anchors[:, channel]) for channel in range(3)]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.rint(np.transpose(channels)).astype(int)]


def curve_rows(curves: Mapping[str, Array], ends: tuple[float, float], value: str = "log10_norm") -> pa.Table:
    """Curves (T,) as rows: name, step (at `point_steps`) and value; no value where it lies outside of the axis."""
    names, lengths = list(curves), {len(curve) for curve in curves.values()}
    steps = point_steps(max(lengths, default=1))
    shown = np.stack([curve[steps - 1] for curve in curves.values()]) if names else np.empty((0, len(steps)))
    return rows_by_step("name", names, steps, **{value: np.where(inside(shown, ends), shown, np.nan)})


def rows_by_step(key: str, keys: Sequence[Any] | NDArray[Any], steps: NDArray[np.int64], **values: Array) -> pa.Table:
    """Values (K, S) of K things at S steps as rows: the thing, the step, and each value in a column; none where nan."""
    columns = {name: pa.array(of.astype(np.float32).ravel(), from_pandas=True) for name, of in values.items()}
    repeated = pa.array(np.repeat(np.asarray(keys), len(steps)))
    texts = pa.types.is_string(repeated.type)
    return pa.table(
        {
            key: repeated.dictionary_encode() if texts else repeated,
            "step": pa.array(np.tile(steps, len(keys)), pa.uint16()),
            **columns,
        }
    )


def label_rows(
    curves: Mapping[str, Array], texts: Mapping[str, str], ends: tuple[float, float], lines: int = 14
) -> pa.Table:
    """What stands beside the first step of each curve: name, place (on the axis) and text; see `label_places`."""
    places = label_places(np.stack(list(curves.values())), *ends, lines=lines)
    return pa.table({"name": list(curves), "place": places, "text": [texts[name] for name in curves]})


def apart(heights: Sequence[float], least: float, top: float) -> list[float]:
    """Heights moved as little as it takes to lie `least` apart, upwards where there is room below `top`."""
    places, upwards, ceiling = list(heights), sorted(range(len(heights)), key=lambda k: heights[k]), top
    for below, above in pairwise(upwards):
        places[above] = max(places[above], places[below] + least)
    for place in reversed(upwards):
        places[place] = min(places[place], ceiling)
        ceiling = places[place] - least
    return places


def axis_ends(*curves: Array) -> tuple[float, float]:
    """The ends of the vertical axis of curves of log10 norms, from a short list, see `vertical_ranges`."""
    lows, highs = vertical_ranges(np.stack(curves)[None])
    return float(lows[0]), float(highs[0])


def reaching(needed: float, offered: Sequence[float]) -> float:
    """The first of a few rising values that is as large as it must be, else the last.

    Where an axis ends at such a value, it stands still while a slider moves.
    """
    return float(next((value for value in offered if value >= needed), offered[-1]))


def ends_downwards(norms: Sequence[Array], spans: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis of log10 norms, or of a map's colours: from the largest one down over one of the spans."""
    finite = np.concatenate([np.zeros(0), *(of[np.isfinite(of)] for of in norms)])
    top = float(np.ceil(finite.max(initial=-10.0 if len(finite) else 0.0)))
    return top - reaching(top - finite.min(initial=top), spans), top


def inside(values: Array, ends: tuple[float, float]) -> NDArray[np.bool_]:
    """Where values lie on the axis."""
    return np.asarray((values >= ends[0]) & (values <= ends[1]))


def one_row(**values: Any) -> pa.Table:
    """What holds for a whole picture; nan is no value."""
    return pa.table({name: pa.array([value], from_pandas=True) for name, value in values.items()})


def as_bytes(tables: Mapping[str, pa.Table]) -> dict[str, bytes]:
    """Tables as the streams of bytes that the browser reads."""
    return {name: arrow_bytes(table) for name, table in tables.items()}


def arrow_bytes(table: pa.Table) -> bytes:
    """An Arrow table as the stream of bytes that the browser reads."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
