"""The surface of the error of one unit, over the parts of the plane that the map can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cliff import NO_CLIFF_UP_TO, TARGET, edge, error_surface
from rnn_dynamics.pictures.kit.remembered import remembered

Array = NDArray[np.float64]

#: Values of w and b are whole multiples of it.
GRID = 0.05
#: E of an output of 0; an output of 1 has a smaller one.
HIGHEST = TARGET**2
#: Rows of the map, stops of a row beside those at the cliff, and cells that a click can fall on, in each direction.
ROWS, CELLS = 60, 24
_STOPS = 12
_NOWHERE = np.full(2, np.nan)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the plane: low ≤ (w, b) ≤ high. Points are (..., 2)."""

    low: tuple[float, float]
    high: tuple[float, float]

    def place(self, up: float, across: float) -> Array:
        """The point at such shares of its height (from below) and width."""
        return np.array(self.low) + [up, across] * np.subtract(self.high, self.low)

    def inside(self, points: Array) -> NDArray[np.bool_]:
        """Whether each point is inside; nan is outside."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=-1))

    def exit(self, points: Array) -> int | None:
        """The first step that leads a path from inside to outside."""
        inside = self.inside(points)
        exits = np.flatnonzero(inside[:-1] & ~inside[1:])
        return int(exits[0]) + 1 if len(exits) else None

    def visible(self, points: Array) -> Array:
        """(n, 2), the part of a path inside: corners and cuts with the border, nan where it is interrupted."""
        shown = [points[0] if self.inside(points[0]) else _NOWHERE]
        for before, after in pairwise(points):
            if not np.isfinite(after).all():
                break
            start, end = self.cut(before, after)
            if np.isnan(end).any():
                continue
            if not np.array_equal(start, shown[-1]):
                shown += [_NOWHERE, start]
            shown.append(end)
        return np.array(shown)

    def cut(self, before: Array, after: Array) -> tuple[Array, Array]:
        """The ends of what of a straight step lies inside; nan where nothing does (Liang & Barsky 1984)."""
        enters, exits = 0.0, 1.0
        for start, move, low, high in zip(before, after - before, self.low, self.high, strict=True):
            if move == 0.0:
                if not low <= start <= high:
                    return _NOWHERE, _NOWHERE
                continue
            near, far = sorted(((low - start) / move, (high - start) / move))
            enters, exits = max(enters, near), min(exits, far)
        if enters > exits:
            return _NOWHERE, _NOWHERE
        begin = before if enters == 0.0 else before + enters * (after - before)
        return begin, after if exits == 1.0 else before + exits * (after - before)


#: Parts of the plane by the name of their view; each has CELLS × CELLS cells around multiples of GRID.
REGIONS = {
    "cliff": Region(low=(4.275, -3.225), high=(5.475, -2.025)),
    "wide": Region(low=(1.35, -6.45), high=(8.55, 0.75)),
}
WIDEST = REGIONS["wide"]


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """The error over a region.

    Attributes:
        w: (ROWS,), the middle of each row. b: (ROWS, S), exact places on it, two of them on either side of the cliff.
        errors: (ROWS, S), E there. edges: (ROWS,), b of the cliff; nan where there is none in the region.
        cells: (CELLS², 2), w and b of the middles of the cells, multiples of GRID.
        marks: name of a place that is written on -> w, b and E there.
    """

    w: Array
    b: Array
    errors: Array
    edges: Array
    cells: Array
    marks: Mapping[str, tuple[float, float, float]]


@remembered
def landscape(name: str) -> Landscape:
    """The surface of a region, key of REGIONS."""
    region = REGIONS[name]
    ends = np.linspace(region.low[0], region.high[0], ROWS + 1)
    w, (low, high) = 0.5 * (ends[:-1] + ends[1:]), (region.low[1], region.high[1])
    edges = edge(w)
    beside = edges[:, None] + (high - low) * np.array([-0.002, 0.002])
    stops = np.concatenate([np.tile(np.linspace(low, high, _STOPS), (ROWS, 1)), beside], axis=1)
    b = np.sort(np.clip(stops, low, high), axis=1)
    shown = (w > NO_CLIFF_UP_TO) & (edges >= low) & (edges <= high)
    middles = (np.arange(CELLS) + 0.5) / CELLS
    return Landscape(
        w=w,
        b=b,
        errors=error_surface(w[:, None], b).error,
        edges=np.where(shown, edges, np.nan),
        cells=np.array([region.place(up, across) for up in middles for across in middles]),
        marks=_marks(region),
    )


def _marks(region: Region) -> dict[str, tuple[float, float, float]]:
    """The high side, the low side, and the cliff itself."""
    named, _ = region.place(0.8, 0.0).tolist()
    places = {"plateau": region.place(0.36, 0.16), "plain": region.place(0.95, 0.64)}
    places["cliff"] = np.array([named, edge(named)])
    return {name: (float(w), float(b), float(error_surface(w, b).error)) for name, (w, b) in places.items()}


def grid_values(axis: int) -> tuple[str, ...]:
    """The multiples of GRID within the widest region, along w (axis 0) or b (axis 1), as texts."""
    low, high = (round(end[axis] / GRID) for end in (WIDEST.low, WIDEST.high))
    return tuple(f"{k * GRID:.2f}" for k in range(low + 1, high))
