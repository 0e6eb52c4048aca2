"""A part of a plane, such as that of the weights and biases of one unit, and what of a path lies inside."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NOWHERE = np.full(2, np.nan)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A rectangle: low ≤ point ≤ high in both coordinates. Points are (..., 2)."""

    low: tuple[float, float]
    high: tuple[float, float]

    def place(self, up: float, across: float) -> Array:
        """The point at such shares of its height (from below) and width."""
        return np.array(self.low) + [up, across] * np.subtract(self.high, self.low)

    def inside(self, points: Array) -> NDArray[np.bool_]:
        """Whether each point is inside; nan is outside."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=-1))

    def exits(self, points: Array) -> NDArray[np.bool_]:
        """(..., n - 1), whether each step of paths (..., n, 2) leads from inside to outside."""
        inside = self.inside(points)
        return np.asarray(inside[..., :-1] & ~inside[..., 1:])

    def exit(self, points: Array) -> int | None:
        """The first step that leads a path from inside to outside."""
        exits = np.flatnonzero(self.exits(points))
        return int(exits[0]) + 1 if len(exits) else None

    def way_out(self, points: Array) -> tuple[Array, Array]:
        """Where a path first leaves, on the border, and the part inside of the step that does; nan if none does."""
        step = self.exit(points)
        if step is None or not np.isfinite(points[step]).all():
            return _NOWHERE, _NOWHERE
        before, border = self.cut(points[step - 1], points[step])
        return border, border - before

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
