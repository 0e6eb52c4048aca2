"""The answer behind the page "The cliff and clipping": three descents from one start, and how its neighbours fare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from rnn_dynamics.engine.cliff import CLIPPING, Cliff, Descent, Path, cliff, descend
from rnn_dynamics.pictures.cliff.table import Region
from rnn_dynamics.pictures.kit.remembered import COMPUTING

PAGE = "cliff"
#: Values of w and b are whole multiples of it; a seed other than 0 moves a start by at most half of it.
GRID = 0.05
#: Parts of the plane by the name of their view; each has 24 × 24 cells around multiples of GRID.
REGIONS = {
    "cliff": Region(low=(4.275, -3.225), high=(5.475, -2.025)),
    "wide": Region(low=(1.35, -6.45), high=(8.55, 0.75)),
}
#: A step that is longer jumps; a shorter one walks.
JUMPS_FROM = 1.0
#: Seeds whose starts are counted; seed 0 is the place itself.
NEIGHBOURS = range(41)


@dataclass(frozen=True, kw_only=True)
class CliffAnswer:
    """What the page keeps.

    paths: clipping -> its path. leaving: clipping -> the step at which it leaves the widest region, or None. counts:
    clipping -> how many of the neighbours leave it. wall: the cliff at the start's weight.
    """

    start: Descent
    paths: dict[str, Path]
    leaving: dict[str, int | None]
    counts: dict[str, int]
    wall: Cliff | None

    @property
    def free(self) -> Path:
        """The path without clipping."""
        return self.paths["none"]

    @property
    def clips(self) -> bool:
        """Whether any step was clipped."""
        return any(path.clipped.any() for path in self.paths.values())

    def jump(self, clipping: str = "none") -> float:
        """Length of the step that leaves the widest region; 0 if none does."""
        step, points = self.leaving[clipping], self.paths[clipping].points
        return float(np.linalg.norm(points[step] - points[step - 1])) if step else 0.0


def grid_values(axis: int) -> tuple[str, ...]:
    """The multiples of GRID within the widest region, along w (axis 0) or b (axis 1), as texts."""
    low, high = (round(end[axis] / GRID) for end in (REGIONS["wide"].low, REGIONS["wide"].high))
    return tuple(f"{k * GRID:.2f}" for k in range(low + 1, high))


def clicked_start(region: str, row: float, column: float) -> dict[str, str]:
    """The start in a place of a region's map, as shares of its height (from below) and width; see `grid_values`."""
    shown, start = REGIONS[region], {}
    for axis, (name, share) in enumerate({"start_w": row, "start_b": column}.items()):
        place = shown.low[axis] + share * (shown.high[axis] - shown.low[axis])
        values = grid_values(axis)
        start[name] = values[int(np.abs(np.array(values, dtype=float) - place).argmin())]
    return start


def start_of(w: str, b: str, seed: int) -> tuple[float, float]:
    """Where a seed starts: at the place itself (seed 0), or at random within half a GRID of it."""
    away = np.random.default_rng(seed).uniform(-GRID / 2, GRID / 2, 2) if seed else np.zeros(2)
    return float(w) + float(away[0]), float(b) + float(away[1])


@lru_cache(maxsize=256)
def cliff_answer(w: str, b: str, seed: int, learning_rate: str, threshold: str, steps: str) -> CliffAnswer:
    """Answer for one start, named as the controls name it."""
    descents = []
    for one in (seed, *NEIGHBOURS):
        place = start_of(w, b, one)
        common = Descent(
            w=place[0],
            b=place[1],
            learning_rate=float(learning_rate),
            threshold=float(threshold),
            steps=int(steps),
        )
        descents += [replace(common, clipping=clipping) for clipping in CLIPPING]
    with COMPUTING:
        paths = descend(descents)
    widest = REGIONS["wide"]
    left = [path.left(widest.low, widest.high) for path in paths]
    kinds = len(CLIPPING)
    return CliffAnswer(
        start=descents[0],
        paths=dict(zip(CLIPPING, paths, strict=False)),
        leaving=dict(zip(CLIPPING, left, strict=False)),
        counts={kind: sum(step is not None for step in left[kinds + k :: kinds]) for k, kind in enumerate(CLIPPING)},
        wall=cliff(descents[0].w),
    )
