"""Trained networks: the gradient of their own loss, of the same test sequences, before and after training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job, worked_through
from rnn_dynamics.learning.limits import network_of
from rnn_dynamics.learning.training import Trained, Training
from rnn_dynamics.pictures.kit.answered import OfTraining
from rnn_dynamics.pictures.kit.remembered import remembered

Array = NDArray[np.float64]
#: What a picture without a training of anybody's trains, for a few seconds: updates, and the longest gap.
_UPDATES, _LONGEST = 10, 20


@dataclass(frozen=True)
class Network(Trained):
    """One network, of which the first and the latest look count."""

    @property
    def cell(self) -> Cell:
        """Of the network."""
        return cell_of(self.experiment)

    def shown(self, component: str) -> str:
        """The component, or "hidden" of a network that has no such one."""
        return component if component in self.now.log10_norms else "hidden"

    def curves(self, component: str) -> dict[str, Array]:
        """Time, "before" or "after" -> (T,) log10 norms."""
        looks = {"before": self.looks[0], "after": self.now}
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
class BeforeAfterAnswer(OfTraining):
    """Networks that were trained side by side on one task."""

    networks: tuple[Network, ...]

    @property
    def training(self) -> Training:
        """Of the first network."""
        return self.networks[0].training

    @property
    def updates(self) -> int:
        """Those of the network that is furthest."""
        return max(network.history.iterations for network in self.networks)

    def most_changed(self, component: str) -> Network:
        """The network whose share at step 1 training changed most."""
        return max(self.networks, key=lambda network: abs(network.change(component) or 0.0))


def answer_of(job: Job) -> BeforeAfterAnswer:
    """What a job that has begun has done to its networks so far."""
    return BeforeAfterAnswer(tuple(starmap(Network, job.so_far)))


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
