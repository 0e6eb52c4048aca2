"""Trained networks: the gradient of their own loss, of the same test sequences, before and after training."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS, Cell
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job, worked_through
from rnn_dynamics.learning.limits import network_of
from rnn_dynamics.learning.training import History, Moment, Training
from rnn_dynamics.pictures.kit.remembered import remembered

Array = NDArray[np.float64]
#: What a picture without a training of anybody's trains, for a few seconds: updates, and the longest gap.
_UPDATES, _LONGEST = 10, 20


@dataclass(frozen=True)
class Network:
    """One network at its first and its latest look; updates: how many of its training are done."""

    training: Training
    updates: int
    before: Moment
    after: Moment

    @property
    def cell(self) -> Cell:
        """Of the network."""
        return CELLS[self.training.experiment.cell]

    def shown(self, component: str) -> str:
        """The component, or "hidden" of a network that has no such one."""
        return component if component in self.before.log10_norms else "hidden"

    def curves(self, component: str) -> dict[str, Array]:
        """Time, "before" or "after" -> (T,) log10 norms."""
        looks = {"before": self.before, "after": self.after}
        return {time: look.log10_norms[self.shown(component)] for time, look in looks.items()}

    def orders(self, component: str) -> dict[str, float]:
        """Time -> log10 of the share at step 1; nan where the last step has no gradient."""
        return {time: judge(norms).orders for time, norms in self.curves(component).items()}

    def change(self, component: str) -> float | None:
        """By how many orders of magnitude the share at step 1 has changed; None where there is none to compare."""
        before, after = self.orders(component).values()
        if np.isnan(before) or np.isnan(after):
            return None
        return 0.0 if before == after else after - before


@dataclass(frozen=True)
class BeforeAfterAnswer:
    """Networks that were trained side by side on one task."""

    networks: tuple[Network, ...]

    @property
    def experiment(self) -> Experiment:
        """Of the first network."""
        return self.networks[0].training.experiment

    @property
    def digits(self) -> None:
        """A training is in 32 bits: nobody can say."""
        return None

    @property
    def updates(self) -> int:
        """Those of the network that is furthest."""
        return max(network.updates for network in self.networks)

    def most_changed(self, component: str) -> Network:
        """The network whose share at step 1 training changed most."""
        return max(self.networks, key=lambda network: abs(network.change(component) or 0.0))


def answer_of(job: Job) -> BeforeAfterAnswer:
    """What a job that has begun has done to its networks so far."""
    return BeforeAfterAnswer(tuple(map(_network, job.trainings, job.histories)))


def _network(training: Training, history: History) -> Network:
    return Network(training, history.iterations, history.moments[0], history.moments[-1])


@remembered
def trained_answer(experiment: Experiment) -> BeforeAfterAnswer:
    """Answer for rnn, lstm and gru: that network, and an RNN beside it, after a short training of their own.

    Raises:
        ValueError: the network cannot be trained.
    """
    short = replace(experiment, text="", sequence_length=min(experiment.sequence_length, _LONGEST))
    cells = dict.fromkeys(("rnn", experiment.cell))
    trainings = [Training(experiment=network_of(short, cell), iterations=_UPDATES) for cell in cells]
    return answer_of(worked_through(trainings))
