"""Three descents from one start on the error of one unit, and how its neighbours fare."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cliff import CLIPPING, Cliff, Descent, Path, cliff, descend, error_surface
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cliff.surface import GRID, REGIONS, WIDEST, grid_values
from rnn_dynamics.remembered import COMPUTING, remembered

Array = NDArray[np.float64]

#: A step that is longer jumps; a shorter one walks.
JUMPS_FROM = 1.0
#: A gradient norm from which no learning rate of the page gets anywhere.
DEAD = 1e-6
#: Seeds whose starts are counted; seed 0 is the place itself.
NEIGHBOURS = range(41)
#: How far from the cliff its height is told.
BESIDE = 0.01
#: Degrees that are more than rounding.
_TURN = 1e-9


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
        return any(path.clipped.any() for path in self.paths.values())

    @property
    def jump(self) -> float:
        """Length of the step without clipping that leaves the widest region; 0 if none does."""
        step, points = self.leaving["none"], self.free.points
        return float(np.linalg.norm(points[step] - points[step - 1])) if step else 0.0

    @property
    def jumps(self) -> bool:
        """Whether it leaves in a jump."""
        return self.jump > JUMPS_FROM

    @cached_property
    def norms(self) -> Mapping[str, Array]:
        """Clipping -> (steps,), the norm of the gradient, before clipping, that each step follows."""
        return {kind: path.norms[:-1] for kind, path in self.paths.items()}

    @cached_property
    def turned(self) -> int:
        """How many steps value clipping has turned."""
        return int((self.paths["value"].turned > _TURN).sum())

    @property
    def furthest_turn(self) -> float:
        """By how many degrees at most."""
        return float(self.paths["value"].turned.max())

    @cached_property
    def beside(self) -> tuple[float, float]:
        """E at the start's weight, BESIDE before the cliff and as far behind it; nan where there is no cliff."""
        if self.wall is None:
            return np.nan, np.nan
        above, below = error_surface(self.start.w, [self.wall.b - BESIDE, self.wall.b + BESIDE]).error.tolist()
        return above, below


#: What can be asked: the values of each view.
OFFERED = {
    "region": tuple(REGIONS),
    "start_w": grid_values(0),
    "start_b": grid_values(1),
    "descent_rate": ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"),
    "clip_at": ("0.01", "0.03", "0.1", "0.3", "1", "3", "10"),
    "descent_steps": ("10", "20", "50", "100"),
}


def start_of(w: str, b: str, seed: int) -> tuple[float, float]:
    """Where a seed starts: at the place itself (seed 0), or at random within half a GRID of it."""
    away = np.random.default_rng(seed).uniform(-GRID / 2, GRID / 2, 2) if seed else np.zeros(2)
    return float(w) + float(away[0]), float(b) + float(away[1])


def cliff_answer(experiment: Experiment, views: Mapping[str, str]) -> CliffAnswer:
    """Answer for the start, rate, threshold and steps that the views say; of the experiment only the seed counts."""
    return _answer(experiment.seed, *(views[name] for name in OFFERED if name != "region"))


@remembered
def _answer(seed: int, w: str, b: str, rate: str, threshold: str, steps: str) -> CliffAnswer:
    starts = (start_of(w, b, one) for one in (seed, *NEIGHBOURS))
    asked = Descent(w=0.0, b=0.0, learning_rate=float(rate), threshold=float(threshold), steps=int(steps))
    descents = [replace(asked, w=x, b=y, clipping=kind) for x, y in starts for kind in CLIPPING]
    with COMPUTING:
        paths = descend(descents)
    left = [path.left(WIDEST.low, WIDEST.high) for path in paths]
    kinds = len(CLIPPING)
    return CliffAnswer(
        experiment=Experiment(seed=seed),
        paths=dict(zip(CLIPPING, paths, strict=False)),
        leaving=dict(zip(CLIPPING, left, strict=False)),
        counts={kind: sum(step is not None for step in left[kinds + k :: kinds]) for k, kind in enumerate(CLIPPING)},
        wall=cliff(descents[0].w),
    )
