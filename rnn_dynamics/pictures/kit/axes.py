"""Where the axes of pictures end, and where names stand on them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Of the axis's width, how far a name reaches: in a panel beside others, there in large type, in a panel as wide as the
#: picture, on a phone.
REACH, LARGE_REACH, WIDE_REACH, PHONE_REACH = 0.35, 0.42, 0.22, 0.55
#: Places that are tried for a name, a line; how many lines further away it rather stands than on a curve, or on a thin
#: line, of which a picture may have too many to keep off all of them.
_TRIES, _CROSSING, _THIN = 4, 3.0, 1.0
#: At so many places along the longest name it is looked whether a curve runs there; what is so many lines away is far.
_LOOKS, _FAR = 9, 99.0
#: How near to the middle of a name, in lines, a curve lies on its edge and runs through its letters.
_EDGE, _LETTERS = 0.55, 0.3
#: Of the name of a level line: how many places along the line are tried; how far from it its middle is, in lines; and
#: how far that may lie beyond the axis.
_PLACES, _BESIDE, _OVER = 6, 0.6, 0.3
#: Of a curve that is to be kept free.
_POINTS = 100
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


def label_places(
    norms: Array,
    low: Array | float,
    high: Array | float,
    lines: NDArray[np.int64] | int = 14,
    reach: Array | float = REACH,
    thin: Array | None = None,
) -> Array:
    """Where to write the names of curves beside their first step.

    A line apart, in the order of the curves, inside the axis; as near to the curve's start as the names can come
    without lying on curves, and on as few of them as they can where there is no room.

    Args:
        norms: (..., K, T), step 1 first; T = 2 for straight lines.
        low: (...), where the axis begins.
        high: (...), where it ends.
        lines: (...), for how many names the axis has room.
        reach: of its width, how much a name takes, or each of them, (..., K); 0 where there is none.
        thin: (..., J, T), lines without names, which matter less.

    Returns:
        (..., K) heights.
    """
    low, room, reaches = np.asarray(low)[..., None], np.asarray(lines)[..., None], np.atleast_1d(reach)
    line, along = (np.asarray(high)[..., None] - low) / room, _along(reaches)
    tries = 0.5 + np.arange(_TRIES * (room.max() - 1) + 1) / _TRIES
    starts = np.clip(_in_lines(norms[..., :1], low, line)[..., 0], 0.5, room - 0.5)
    lying, weights = _lying(norms, thin)
    heights, looks = _beside(lying, low, line, along), (along[..., None, 1:-1] < reaches[..., None]).sum(axis=-1) + 1
    bounds = np.minimum, np.maximum
    lowest, highest = (_taken(of.accumulate(heights, axis=-1), looks).swapaxes(-1, -2) for of in bounds)
    crossed = _crossed(lowest, highest, weights, tries)
    cost = (reaches > 0)[..., None] * (np.abs(tries - starts[..., None]) + crossed)
    cost = np.where(tries <= room[..., None] - 0.5, cost, np.inf)
    order = np.argsort(starts, axis=-1, kind="stable")
    found = tries[_rising(np.take_along_axis(cost, order[..., None], axis=-2))]
    return np.asarray(low + line * np.take_along_axis(found, np.argsort(order, axis=-1), axis=-1))


def level_places(
    levels: Array,
    curves: Array,
    ends: tuple[Any, Any],
    reach: float,
    lines: int = 10,
    thin: Array | None = None,
    names: tuple[Array, Array] | None = None,
) -> dict[str, Array]:
    """Where to write the names of level lines: above or below each, near the last step, but off curves and their names.

    Args:
        levels: (..., L) heights.
        curves: (..., K, T), step 1 first.
        ends: of the axis, each (...).
        reach: of its width, how much a name takes.
        lines: for how many names the axis has room.
        thin: (..., J, T), lines that matter less.
        names: of the curves, beside their first step: heights (..., N), and of its width how much each takes, (N,).

    Returns:
        (..., L) each: `end` of the name, as a share of the way from the first step to the last, and whether `above`.
    """
    low, high = (np.asarray(end, float)[..., None] for end in ends)
    line = (high - low) / lines
    own = (levels - low) / line
    middles = np.concatenate([own + _BESIDE, own - _BESIDE], axis=-1)
    (lying, weights), starts = _lying(curves, thin), np.linspace(1.0 - reach, 0.0, _PLACES)
    heights, reaches = (middles[..., :0], np.zeros(0)) if names is None else ((names[0] - low) / line, names[1])
    near, outside = (
        np.abs(middles[..., None] - heights[..., None, :]) < 1.0,
        np.abs(middles - lines / 2) > lines / 2 + _OVER,
    )
    along = np.linspace(starts, starts + reach, _LOOKS, axis=-1)
    runs = np.swapaxes(_beside(lying, low, line, along.ravel()).reshape(*lying.shape[:-1], *along.shape), -3, -2)
    crossed = _crossed(runs.min(axis=-1), runs.max(axis=-1), weights, middles[..., None, None, :])
    under = (near[..., None, :, :] & (reaches > starts[:, None, None])).sum(axis=-1)
    costs = np.asarray((1.0 - starts)[:, None] + crossed + _CROSSING * (outside[..., None, :] + under))
    costs = np.swapaxes(costs, -2, -1).reshape(*own.shape[:-1], 2, own.shape[-1], _PLACES)
    # Of two levels less than a line apart the upper one's name stands above it, the lower one's below.
    apart = own[..., :, None] - own[..., None, :]
    close = np.stack([(apart > -1.0) & (apart < 0.0), (apart > 0.0) & (apart < 1.0)], axis=-3)
    costs = costs + _FAR * np.any(close, axis=-1, keepdims=True)
    best = np.moveaxis(costs, -3, -2).reshape(*own.shape, -1).argmin(axis=-1)
    return {"end": starts[best % _PLACES] + reach, "above": best < _PLACES}


def level_place(
    level: float,
    curves: Iterable[tuple[Sequence[float] | Array, Sequence[float] | Array]],
    longest: float,
    ends: tuple[float, float],
    reach: float,
    lines: int = 10,
) -> dict[str, Any]:
    """Where to write the name of one level line, see `level_places`; of each curve the points (x, y), x from 0 on."""
    along = np.linspace(0.0, longest, _POINTS)
    shown = [np.interp(along, x, np.clip(y, *ends), left=np.nan, right=np.nan) for x, y in curves if np.size(x)]
    found = level_places(np.array([level]), np.reshape(shown, (-1, _POINTS)), ends, reach, lines)
    return {name: of[0] for name, of in found.items()}


def _lying(curves: Array, thin: Array | None) -> tuple[Array, Array]:
    """All lines on which a name may lie, and how many lines of text further away it rather stands than on each."""
    kinds = [(curves, _CROSSING)] if thin is None else [(curves, _CROSSING), (thin, _THIN)]
    weights = np.concatenate([np.full(of.shape[-2], weight) for of, weight in kinds])
    return np.concatenate([of for of, _ in kinds], axis=-2), weights


def _in_lines(heights: Array, low: Array, line: Array) -> Array:
    """Heights (..., K, L) in lines above the lower end; what is nan or far beyond the axis lies just far below it."""
    return np.asarray(np.clip(np.fmax((heights - low[..., None]) / line[..., None], -_FAR), None, _FAR))


def _along(reaches: Array) -> Array:
    """The shares of the axis's width at which it is looked whether a curve runs there: up to the longest name's end."""
    return np.linspace(0.01, reaches.max(axis=-1), _LOOKS, axis=-1)


def _beside(norms: Array, low: Array, line: Array, along: Array) -> Array:
    """Curves (..., K, T) in lines at some shares (..., L) of their length: (..., K, L)."""
    last = norms.shape[-1] - 1
    left, share = (along * last).astype(np.int64), (along * last % 1.0)[..., None, :]
    one, next_one = (_in_lines(_taken(norms, np.minimum(left + k, last)), low, line) for k in (0, 1))
    return np.asarray(one * (1.0 - share) + next_one * share)


def _taken(values: Array, places: NDArray[np.int64]) -> Array:
    """What stands at some places (L,), or (..., L), of the last axis of (..., K, X): (..., K, L)."""
    return values[..., places] if places.ndim == 1 else np.take_along_axis(values, places[..., None, :], axis=-1)


def _crossed(lowest: Array, highest: Array, weights: Array, tries: Array) -> Array:
    """What it costs that names lie at each of the places (C,), in lines, on lines that run between heights (..., K).

    Beside a name a line meets all heights between its lowest and its highest, so that these two are enough. One that
    runs through the letters, and not only along their edge, counts twice. Returns (..., C).
    """
    on = [(tries > lowest[..., None] - near) & (tries < highest[..., None] + near) for near in (_EDGE, _LETTERS)]
    return np.einsum("k,...kc->...c", weights, np.add(*on, dtype=np.int8))


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
