"""What two networks have learned of a task so far, side by side, and how far their gradients reach at each look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job, worked_through
from rnn_dynamics.learning.limits import affordable, network_of
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import History, Training
from rnn_dynamics.pictures.kit.answered import OfTraining
from rnn_dynamics.pictures.kit.remembered import remembered
from rnn_dynamics.pictures.learning.advice import advised

#: Where the slider of the movie may stand, in per cent of the looks that there are.
MOMENTS = tuple(f"{per_cent} %" for per_cent in range(0, 101, 5))


@dataclass(frozen=True, kw_only=True)
class LearningAnswer(OfTraining):
    """Networks that learn the same task: the vanilla RNN, and last the reader's cell where it is another.

    begun: whether they do. over: whether nothing more will come of it.
    """

    networks: tuple[Trained, ...]
    begun: bool
    over: bool

    @property
    def training(self) -> Training:
        """That of the reader's cell."""
        return self.networks[-1].training

    @property
    def handed_out(self) -> tuple[Training, ...]:
        """All trainings, once they have begun."""
        return tuple(network.training for network in self.networks) if self.begun else ()

    @property
    def longest(self) -> int:
        """Which network has the most looks."""
        return max(range(len(self.networks)), key=lambda place: len(self.networks[place].looks))

    @property
    def updates(self) -> int:
        """The last update that was asked for, or where all have ended early the last one of any."""
        histories = [network.history for network in self.networks]
        if self.begun and all(history.failure for history in histories):
            return max(1, *(len(history.losses) - 1 for history in histories))
        return self.training.iterations

    @property
    def done(self) -> int | None:
        """Updates of the one that is furthest behind of those that have not ended early, if there are any."""
        histories = [network.history for network in self.networks]
        return min((history.iterations for history in histories if not history.failure), default=None)

    def marked(self, moment: str) -> int:
        """The number of the look at one of MOMENTS."""
        last = max(0, len(self.networks[self.longest].looks) - 1)
        return round(float(moment.removesuffix(" %")) / 100 * last)

    @property
    def advised(self) -> tuple[tuple[str, float], ...]:
        """What may be tried next, as key and value: only what fits the outcome, and what the controls allow."""
        found = advised(self.networks[-1]) if self.over else {}
        return tuple((key, value) for key, value in found.items() if value is not None)


def networks(experiment: Experiment, views: Mapping[str, str]) -> tuple[Training, ...]:
    """What is asked for, to be trained side by side: the vanilla RNN, and the reader's cell where it is another.

    Raises:
        ValueError: the settings do not go together.
    """
    return tuple(
        Training(
            experiment=network_of(experiment, cell),
            task=views["task"].replace(" ", "_"),  # on the page it is written without a line
            optimiser=views["optimiser"],
            learning_rate=float(views["learning_rate"]),
            clipping=views["clipping"],
            clip_at=float(views["clip_at"]),
            iterations=int(views["iterations"]),
        )
        for cell in dict.fromkeys(("rnn", experiment.cell))
    )


def learned_so_far(job: Job | None, asked: Sequence[Training]) -> LearningAnswer:
    """What a job has learned by now, or what is asked for before it begins."""
    found = job.networks if job else ()
    over = bool(job and found and (job.complete or job.failure))
    untrained = tuple(Trained(training, History()) for training in asked)
    return LearningAnswer(networks=found or untrained, begun=bool(found), over=over)


def learning_answer(experiment: Experiment, views: Mapping[str, str]) -> LearningAnswer:
    """Train here and now, and answer with all that was learned: seconds, or minutes, so no page calls this.

    Raises:
        ValueError: the settings do not go together, or would take too long.
    """
    return _trained(affordable(networks(experiment, views)))


@remembered
def _trained(asked: tuple[Training, ...]) -> LearningAnswer:
    return learned_so_far(worked_through(asked), asked)


class Example(NamedTuple):
    """One sequence of a task: its inputs (T, D), and what is to be answered."""

    training: Training
    inputs: NDArray[Any]
    answer: NDArray[Any]


def example(experiment: Experiment, views: Mapping[str, str]) -> Example:
    """A sequence that the seed draws."""
    training = networks(experiment, views)[-1]
    batch = training.its_task.draw(np.random.default_rng(experiment.seed), 1, experiment.sequence_length, True)
    return Example(training, batch.inputs[:, 0], np.atleast_1d(batch.targets[..., 0]))
