"""The latch x′ = tanh(w x), one unit that may hold a bit: where it settles, and two of its paths."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnn_dynamics.engine.theory import Latch, latch
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.frames import Array
from rnn_dynamics.remembered import remembered

#: The two paths begin this far from 0, and are followed for so many steps.
START = 0.05
STEPS = 20
_STATES = np.linspace(-1.1, 1.1, 45)


@dataclass(frozen=True, kw_only=True)
class LatchAnswer(Latch):
    """The latch of a weight w, and where it settles."""

    experiment: Experiment
    weight: float
    digits: None = None

    @property
    def log10_left(self) -> float:
        """log10 of what is left of a gradient after STEPS steps at an attractor."""
        return STEPS * float(np.log10(self.slope))

    @property
    def lines(self) -> dict[str, Array]:
        """The map's curve, and the path up from START and down from −START: points (state, next state)."""
        curve = np.stack([_STATES, np.tanh(self.weight * _STATES)], axis=1)
        paths = {name: cobweb(self.weight, sign * START, STEPS) for name, sign in {"up": 1, "down": -1}.items()}
        return {"curve": curve, **paths}


def latch_answer(experiment: Experiment, views: Mapping[str, str]) -> LatchAnswer:
    """Answer for a weight from 0 to 10, whatever the experiment; ValueError for others."""
    return _answer(experiment, float(views["latch_weight"]))


@remembered
def _answer(experiment: Experiment, weight: float) -> LatchAnswer:
    return LatchAnswer(**vars(latch(weight)), experiment=experiment, weight=weight)


def cobweb(weight: float, start: float, steps: int) -> Array:
    """Corners (2·steps + 1, 2) of the path from `start`: up or down to the curve x′ = tanh(w x), across to x′ = x."""
    states = [start]
    for _ in range(steps):
        states.append(float(np.tanh(weight * states[-1])))
    corners = np.repeat(states, 2)
    return np.stack([corners[:-1], [0.0, *corners[2:]]], axis=1)  # it begins at the axis, not at the curve
