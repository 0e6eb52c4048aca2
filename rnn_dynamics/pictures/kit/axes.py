"""Where the axes of pictures end, and where names stand on them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Of the axis's width, how far a name reaches: in a panel beside others, in one as wide as the picture, on a phone.
REACH, WIDE_REACH, PHONE_REACH = 0.35, 0.22, 0.55
#: Places that are tried for a name, a line; how many lines further away it rather stands than on a curve.
_TRIES, _CROSSING = 4, 3.0
#: What the vertical axis may end at: few values, so that it stands still while a slider moves.
_BOTTOMS = np.array([10.0, 30.0, 60.0, 120.0, 250.0, 320.0])
_TOPS = np.array([3.0, 15.0, 40.0, 80.0, 160.0, 320.0])


def axis_ends(*curves: Array, free: float = 0.05) -> tuple[float, float]:
    """The ends of the vertical axis of curves of log10 norms, from a short list, see `vertical_ranges`."""
    lows, highs = vertical_ranges(np.stack(curves)[None], free)
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


def vertical_ranges(norms: Array, free: float = 0.05) -> tuple[Array, Array]:
    """The ends of the vertical axis for each row of (S, cells, T), in orders of magnitude, from a short list.

    free: of what lies below 1, how much has no curve, where the list goes as far.
    """
    flat = norms.reshape(len(norms), -1)
    finite = np.isfinite(flat)
    low = np.min(flat, axis=1, where=finite, initial=0.0)
    high = np.max(flat, axis=1, where=finite, initial=-np.inf)
    bottoms = _BOTTOMS[np.minimum(np.searchsorted(_BOTTOMS, -low / (1.0 - free), side="right"), len(_BOTTOMS) - 1)]
    tops = _TOPS[np.minimum(np.searchsorted(_TOPS, high / 0.9, side="right"), len(_TOPS) - 1)]
    return -bottoms, tops


def line_ends(slopes: Array, longest: float, low: Array | float, high: Array | float) -> tuple[Array, Array]:
    """Where straight lines from height 0 at lag 0 end, at the longest lag or where the axis does: lags and heights."""
    limits = np.where(slopes > 0.0, high, low)
    # -inf falls at once: it ends at lag 0.
    leaves = np.divide(limits, slopes, out=np.full(slopes.shape, float(longest)), where=slopes != 0.0)
    lags = np.minimum(longest, leaves)
    return lags, np.where(leaves < longest, limits, np.where(np.isinf(slopes), 0.0, slopes) * lags)


def label_places(norms: Array, low: Array | float, high: Array | float, lines: int = 14, reach: float = REACH) -> Array:
    """Where to write the names of curves beside their first step.

    A line apart, in the order of the curves, inside the axis; as near to the curve's start as the names can come
    without lying on curves, and on as few of them as they can where there is no room.

    Args:
        norms: (..., K, T), step 1 first; T = 2 for straight lines.
        low: (...), where the axis begins.
        high: (...), where it ends.
        lines: for how many names the axis has room.
        reach: of its width, how much a name takes.

    Returns:
        (..., K) heights.
    """
    low, line = np.asarray(low)[..., None], (np.asarray(high) - low)[..., None] / lines
    places = low + line * (0.5 + np.arange(_TRIES * (lines - 1) + 1) / _TRIES)
    starts = np.minimum(np.fmax(norms[..., 0], low + line / 2), low + line * (lines - 0.5))  # nan stands below
    distance = np.abs(places[..., None, :] - starts[..., None]) / line[..., None]
    cost = distance + _CROSSING * _crossings(norms, places, line, reach)[..., None, :]
    order = np.argsort(starts, axis=-1, kind="stable")
    found = np.take_along_axis(places, _rising(np.take_along_axis(cost, order[..., None], axis=-2)), axis=-1)
    return np.take_along_axis(found, np.argsort(order, axis=-1), axis=-1)


def _crossings(norms: Array, places: Array, line: Array, reach: float) -> NDArray[np.int64]:
    """How many of the curves (..., K, T) a name at each of the places (..., C) would lie on: (..., C)."""
    at = np.linspace(0.02, reach, 8) * (norms.shape[-1] - 1)
    left, share = np.floor(at).astype(np.int64), at % 1.0
    beside = norms[..., np.stack([left, np.minimum(left + 1, norms.shape[-1] - 1)])]
    lowest = places[..., :1] - 99.0 * line
    far = np.minimum(np.fmax(beside, lowest[..., None, None]), np.finfo(float).max)
    heights = (far[..., 0, :] * (1.0 - share) + far[..., 1, :] * share)[..., None]
    one, next_one = heights[..., :-1, :], heights[..., 1:, :]
    above, below = ((places + side * 0.6 * line)[..., None, None, :] for side in (1.0, -1.0))
    on = (np.minimum(one, next_one) < above) & (np.maximum(one, next_one) > below)
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


def apart(heights: Sequence[float], least: float, top: float) -> list[float]:
    """Heights moved as little as it takes to lie `least` apart, upwards where there is room below `top`."""
    places, upwards, ceiling = list(heights), sorted(range(len(heights)), key=lambda k: heights[k]), top
    for below, above in pairwise(upwards):
        places[above] = max(places[above], places[below] + least)
    for place in reversed(upwards):
        places[place] = min(places[place], ceiling)
        ceiling = places[place] - least
    return places


def strips(rows: Sequence[int], count: int) -> dict[str, list[int]]:
    """Where the strip of each of the computed rows of a map begins and ends: a row that was not shows the nearest."""
    edges = [0, *((low + high) // 2 + 1 for low, high in pairwise(rows)), count]
    return {"below": edges[:-1], "above": edges[1:]}
