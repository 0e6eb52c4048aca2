"""The surface of the error of one unit, three descents on it from one start, and how the neighbours of that fare."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from rnn_dynamics.engine.cliff import (
    CLIPPING,
    NO_CLIFF_UP_TO,
    TARGET,
    Cliff,
    Descent,
    Path,
    cliff,
    descend_side_by_side,
    edge,
    error_surface,
)
from rnn_dynamics.engine.region import Region
from rnn_dynamics.executor import computed_beside
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.frames import Array, Columns, within
from rnn_dynamics.remembered import remembered

#: Values of w and b are whole multiples of it.
GRID = 0.05
#: E of an output of 0; an output of 1 has a smaller one.
HIGHEST = TARGET**2
#: E half-way down the cliff, as `edge` has it.
HALF_WAY = (TARGET / 2.0) ** 2
#: Rows of the map, stops of a row beside those at the cliff, and cells that a click can fall on, in each direction.
ROWS, CELLS = 60, 24
_STOPS = 12

#: Parts of the plane by the name of their view; each has CELLS × CELLS cells around multiples of GRID.
REGIONS = {
    "cliff": Region(low=(4.275, -3.225), high=(5.475, -2.025)),
    "wide": Region(low=(1.35, -6.45), high=(8.55, 0.75)),
}
WIDEST = REGIONS["wide"]
#: A step that is longer jumps; a shorter one walks.
JUMPS_FROM = 1.0
#: Seeds whose starts are counted; seed 0 is the place itself.
NEIGHBOURS = range(41)
#: The part of the map's height and width that is left to what is written where a path leaves it.
ROOM = (0.25, 0.35)
#: Where the middle of a name may be, the best place first: shares of the map's height and width; and the heights at
#: which the cliff's own may stand beside it, with how far from there its middle is.
_PLACES = {
    "plateau": ((0.45, 0.16), (0.62, 0.15), (0.8, 0.15), (0.5, 0.38), (0.3, 0.47), (0.12, 0.52)),
    "plain": ((0.97, 0.57), (0.97, 0.85), (0.85, 0.75), (0.7, 0.83), (0.55, 0.85), (0.4, 0.87)),
}
_HEIGHTS, _BESIDE_CLIFF = np.array([0.79, 0.65, 0.5, 0.35, 0.2]), np.array([0.075, 0.08])
#: How far a name reaches to either side of its middle, on a low map and on a narrow one.
_REACH = np.array([0.05, 0.13])
#: How far from the start the middle of its name is, to the left or right; and that of the names of the lines. The reach
#: of both.
_BESIDE_START, _START_REACH = {"left": np.array([0.0, -0.075]), "right": np.array([0.0, 0.075])}, np.array([0.04, 0.06])
_LEGEND, _LEGEND_REACH = {"left": np.array([0.17, 0.17]), "right": np.array([0.83, 0.83])}, np.array([0.17, 0.17])
#: How much further up those reach on a low map.
_HIGHER = np.array([0.04, 0.0])
#: What is written above the errors by step reaches so far down, and along such a share of them.
_ABOVE, _ALONG = 0.36, 0.6
#: How far from the cliff its height is told.
BESIDE = 0.01


@dataclass(frozen=True, kw_only=True)
class CliffAnswer:
    """What three descents from one start come to.

    paths: clipping -> its path. leaving: clipping -> the step at which it leaves the widest region, or None. counts:
    clipping -> how many of the neighbours leave it. wall: the cliff at the start's weight.
    """

    experiment: Experiment
    paths: Mapping[str, Path]
    leaving: Mapping[str, int | None]
    counts: Mapping[str, int]
    wall: Cliff | None
    digits: None = None

    @property
    def free(self) -> Path:
        """The path without clipping."""
        return self.paths["none"]

    @property
    def start(self) -> Descent:
        """What the path without clipping was asked."""
        return self.free.descent

    @property
    def clips(self) -> bool:
        """Whether any step was clipped."""
        return any(path.clipped_steps for path in self.paths.values())

    @property
    def crossings(self) -> Mapping[str, int]:
        """Clipping -> how many steps of its path lead across the cliff, which stands where w > 4, before it leaves."""
        return {kind: _crossings(path, self.leaving[kind]) for kind, path in self.paths.items()}

    @property
    def zigzags(self) -> bool:
        """Whether a clipped path crosses it there and back, so that downhill leads to it from both sides."""
        return max(self.crossings["norm"], self.crossings["value"]) > 1

    @property
    def jump(self) -> float:
        """Length of the step without clipping that leaves the widest region; 0 if none does."""
        step, points = self.leaving["none"], self.free.points
        return float(np.linalg.norm(points[step] - points[step - 1])) if step else 0.0

    @property
    def jumps(self) -> bool:
        """Whether it leaves in a jump."""
        return self.jump > JUMPS_FROM

    def exits_apart(self, region: Region) -> Mapping[str, int | None]:
        """Clipping -> the step at which its path leaves a region, or None.

        None, too, where it does close to one before, or comes back close by, so that its name would lie on its line.
        """
        written: list[Array] = []
        found: dict[str, int | None] = {}
        for kind, path in self.paths.items():
            step, border = region.exit(path.points), region.share(region.way_out(path.points)[0])
            apart = all((abs(border - other) > ROOM).any() for other in written)
            later = path.points[step or 0 :]
            back = (abs(region.share(later[region.inside(later)]) - border) < ROOM).all(axis=1).any()
            found[kind] = step if apart and not back and np.isfinite(border).all() else None
            written += [border] * (found[kind] is not None)
        return found

    @property
    def room_above(self) -> str:
        """At which end there is room above the errors by step: "left", "right" or ""."""
        steps = round(_ALONG * self.start.steps) + 1
        low = np.all([path.errors < _ABOVE for path in self.paths.values()], axis=0)
        return "left" if low[:steps].all() else "right" if low[-steps:].all() else ""

    def start_side(self, region: Region) -> str:
        """On which side of the start its name stands: "left", unless paths lie there and not on the "right"."""
        beside = (self._beside_start(region, side) for side in _BESIDE_START)
        left, right = (self._touched(region, middle, _START_REACH) for middle in beside)
        return "right" if left and not right else "left"

    def legend_side(self, region: Region) -> str:
        """In which corner the names of the lines stand: below on the "left", or where a path is there, above "right".

        There only where that is free: of paths, of the start and of what is written where a path leaves the map.
        """
        left, right = (self._touched(region, place, _LEGEND_REACH + _HIGHER) for place in _LEGEND.values())
        written = [self._name_of_start(region), *self._exits(region)]
        apart = all((abs(_LEGEND["right"] - place) > _LEGEND_REACH + room).any() for place, room in written)
        return "right" if left and apart and not right else "left"

    def marks(self, region: Region) -> Columns:
        """What is written of the surface, where that lies on no path and on nothing else that is written.

        name ("plateau", "plain", "cliff"), w, b and error there; nan where there is no such place.
        """
        taken, found = self._written(region), []
        for name, spots in _spots(region).items():
            row = name, *(np.nan,) * 3
            for middle, *place in zip(*spots, strict=True):
                apart = all((abs(middle - other) > room).any() for other, room in taken)
                if apart and not self._touched(region, middle, _REACH):
                    row = name, *place
                    taken.append((middle, 2.0 * _REACH))
                    break
            found.append(row)
        return dict(zip(("name", "w", "b", "error"), map(np.array, zip(*found, strict=True)), strict=True))

    def _written(self, region: Region) -> list[tuple[Array, Array]]:
        """The middles of what else is written on the map, and how far from them no name's is to be."""
        start, reach = self._name_of_start(region)
        legend = _LEGEND[self.legend_side(region)], _REACH + _LEGEND_REACH
        return [(start, _REACH + reach), legend, *self._exits(region)]

    def _name_of_start(self, region: Region) -> tuple[Array, Array]:
        """Its middle, and how far it reaches."""
        return self._beside_start(region, self.start_side(region)), _START_REACH

    def _exits(self, region: Region) -> list[tuple[Array, Array]]:
        """Where paths leave a region under a name, and the room that this takes."""
        exits = [self.paths[kind].points for kind, step in self.exits_apart(region).items() if step]
        return [(region.share(region.way_out(points)[0]), np.array(ROOM)) for points in exits]

    def _beside_start(self, region: Region, side: str) -> Array:
        """The middle of the start's name on a side of it, as shares of the map's height and width."""
        return region.share(np.array([self.start.w, self.start.b])) + _BESIDE_START[side]

    def _touched(self, region: Region, middle: Array, reach: Array) -> bool:
        """Whether a path passes so close to a place on the map; both as shares of its height and width."""
        box = Region(low=tuple(region.place(*(middle - reach))), high=tuple(region.place(*(middle + reach))))
        return not np.isnan(box.cut(*self._steps)[1]).all()

    @cached_property
    def _steps(self) -> tuple[Array, Array]:
        """Where the steps of all paths begin and end, (n, 2) each, but those to where no number is."""
        points = np.stack([path.points for path in self.paths.values()])
        before, after = points[:, :-1], points[:, 1:]
        known = np.isfinite(before + after).all(axis=-1)
        return before[known], after[known]

    @cached_property
    def beside(self) -> Array:
        """E at the start's weight, BESIDE before the cliff and as far behind it; nan where there is no cliff."""
        place = self.wall.b if self.wall else np.nan
        return error_surface(self.start.w, [place - BESIDE, place + BESIDE]).error


def _crossings(path: Path, leaves: int | None) -> int:
    """How many steps lead from side to side of the cliff: half-way down is E of half of the output."""
    errors, weights = path.errors[:leaves], path.points[:leaves, 0]
    high, there = errors > HALF_WAY, weights > NO_CLIFF_UP_TO
    return int(((high[1:] != high[:-1]) & there[1:] & there[:-1]).sum())


@remembered
def surface(region: Region) -> dict[str, Columns]:
    """The columns of the tables that a region alone decides.

    surface: the error by rows: w (ROWS, 1), the middle of each row; b (ROWS, S), exact places on it, two of them on
    either side of the cliff; error there. edge: where the cliff stands, w and b (ROWS, 1); nan where there is none in
    the region. cells: the middles of the cells, w (CELLS, 1) and b (CELLS,), multiples of GRID.
    """
    (w, _), cells = (np.linspace(region.low, region.high, 2 * parts + 1)[1::2].T for parts in (ROWS, CELLS))
    w, ends = w[:, None], (region.low[1], region.high[1])
    wall = edge(w)
    stops = np.tile(np.linspace(*ends, _STOPS), (ROWS, 1)), wall + np.ptp(ends) * np.array([-0.002, 0.002])
    b = np.sort(np.clip(np.concatenate(stops, axis=1), *ends), axis=1)
    return {
        "surface": {"w": w, "b": b, "error": error_surface(w, b).error},
        "edge": {"w": w, "b": np.where(w > NO_CLIFF_UP_TO, within(wall, ends), np.nan)},
        "cells": {"w": cells[0][:, None], "b": cells[1]},
    }


@remembered
def _spots(region: Region) -> dict[str, tuple[Array, Array, Array, Array]]:
    """Name -> where it may stand: the middles of it, as shares (n, 2), and w, b and error of what it names, (n,)."""
    low, sides = np.array(region.low), np.subtract(region.high, region.low)
    places = {name: low + middles * sides for name, middles in _PLACES.items()}
    heights = low[0] + _HEIGHTS * sides[0]
    heights = heights[heights > NO_CLIFF_UP_TO]
    places["cliff"] = np.stack([heights, edge(heights)], axis=-1)
    found = {name: (region.share(of), *of.T, error_surface(*of.T).error) for name, of in places.items()}
    found["cliff"][0][:] += _BESIDE_CLIFF
    return found


def grid_values(axis: int) -> tuple[str, ...]:
    """The multiples of GRID within the widest region, along w (axis 0) or b (axis 1), as texts."""
    low, high = (round(end[axis] / GRID) for end in (WIDEST.low, WIDEST.high))
    return tuple(f"{k * GRID:.2f}" for k in range(low + 1, high))


#: What a descent can be asked: the values of each view.
OFFERED = {
    "start_w": grid_values(0),
    "start_b": grid_values(1),
    "descent_rate": ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"),
    "clip_at": ("0.01", "0.03", "0.1", "0.3", "1", "3", "10"),
    "descent_steps": ("10", "20", "50", "100"),
}


def start_of(w: str, b: str, seed: int) -> tuple[float, float]:
    """Where a seed starts: at the place itself (seed 0), or at random within half a GRID of it."""
    along_w, along_b = _away(seed)
    return float(w) + along_w, float(b) + along_b


@lru_cache(maxsize=256)
def _away(seed: int) -> tuple[float, float]:
    along_w, along_b = np.random.default_rng(seed).uniform(-GRID / 2, GRID / 2, 2).tolist() if seed else (0.0, 0.0)
    return along_w, along_b


def cliff_answer(experiment: Experiment, views: Mapping[str, str]) -> CliffAnswer:
    """Answer for the start, rate, threshold and steps that the views say; of the experiment only the seed counts."""
    return _answer(experiment.seed, *(views[name] for name in OFFERED))


@remembered
def _answer(seed: int, w: str, b: str, rate: str, threshold: str, steps: str) -> CliffAnswer:
    x, y = start_of(w, b, seed)
    asked = Descent(w=x, b=y, learning_rate=float(rate), threshold=float(threshold), steps=int(steps))
    kinds = [replace(asked, clipping=kind) for kind in CLIPPING]
    neighbours = [start_of(w, b, one) for one in NEIGHBOURS]
    own, others = computed_beside(descend_side_by_side, (kinds, neighbours))
    leave = WIDEST.exits(others).any(axis=-1)
    return CliffAnswer(
        experiment=Experiment(seed=seed),
        paths=dict(zip(CLIPPING, own, strict=True)),
        leaving={kind: WIDEST.exit(path.points) for kind, path in zip(CLIPPING, own, strict=True)},
        counts=dict(zip(CLIPPING, leave.sum(axis=0).tolist(), strict=True)),
        wall=_wall(x),
    )


@remembered
def _wall(w: float) -> Cliff | None:
    """The cliff at a weight, which the other settings of a descent leave as it is."""
    return cliff(w)
