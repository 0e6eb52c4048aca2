"""A part of a plane, such as that of the weights and biases of one unit, and what of a path lies inside."""

from dataclasses import dataclass

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

    def share(self, points: Array) -> Array:
        """(..., 2), at which shares of its height (from below) and width points are."""
        return np.asarray((points - self.low) / np.subtract(self.high, self.low))

    def inside(self, points: Array) -> NDArray[np.bool_]:
        """Whether each point is inside; nan is outside."""
        along = (points[..., axis] for axis in range(2))  # to ask `all` of two numbers each takes four times as long
        first, second = ((low <= of) & (of <= high) for low, of, high in zip(self.low, along, self.high, strict=True))
        return np.asarray(first & second)

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
        known = int(np.append(np.isfinite(points).all(axis=1), False).argmin())  # it ends before what is not finite
        starts, ends = self.cut(points[: known - 1], points[1:known])
        drawn = ~np.isnan(ends).any(axis=1)
        first = points[:1] if self.inside(points[0]) else _NOWHERE[None]
        starts, ends = starts[drawn], ends[drawn]
        jumps = (starts != np.concatenate([first, ends])[: len(ends)]).any(axis=1)
        corners = np.stack([np.full_like(starts, np.nan), starts, ends], axis=1)
        return np.concatenate([first, corners[np.stack([jumps, jumps, np.ones_like(jumps)], axis=1)]])

    def cut(self, before: Array, after: Array) -> tuple[Array, Array]:
        """The ends of what of straight steps lies inside; nan where nothing does (Liang & Barsky 1984)."""
        move = after - before
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 on the border itself, which is inside
            bounds = np.stack([(np.array(end) - before) / move for end in (self.low, self.high)])
        still, between = move == 0.0, (before >= self.low) & (before <= self.high)
        near = np.where(still, np.where(between, -np.inf, np.inf), bounds.min(axis=0)).max(axis=-1, keepdims=True)
        far = np.where(still, np.inf, bounds.max(axis=0)).min(axis=-1, keepdims=True)
        enters, exits = np.maximum(near, 0.0), np.minimum(far, 1.0)
        outside = enters > exits
        with np.errstate(invalid="ignore"):  # what is outside may enter nowhere, at infinity
            begin = np.where(enters == 0.0, before, before + enters * move)
        end = np.where(exits == 1.0, after, before + exits * move)
        return np.where(outside, np.nan, begin), np.where(outside, np.nan, end)
