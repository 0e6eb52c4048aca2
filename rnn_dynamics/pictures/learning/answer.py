"""What two networks have learned of a task so far, side by side, and how far their gradients reach at each look."""

from collections.abc import Mapping

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import trained_here
from rnn_dynamics.learning.limits import allowed, network_of
from rnn_dynamics.learning.training import LOOKS, Training
from rnn_dynamics.pictures.kit.answered import OfTrainings

#: Where the slider of the movie may stand, in per cent of the looks that there are: at each of them.
MOMENTS = tuple(f"{100 * look / LOOKS:g} %" for look in range(LOOKS + 1))


def moment_of(look: int, last: int) -> str:
    """At which of MOMENTS the slider is nearest to a look, of so many."""
    return min(MOMENTS, key=lambda moment: abs(_share(moment) * last - look))


def _share(moment: str) -> float:
    return float(moment.removesuffix(" %")) / 100


class LearningAnswer(OfTrainings):
    """Networks that learn the same task: the vanilla RNN, and last the reader's cell where it is another."""

    @property
    def longest(self) -> int:
        """Which network has the most looks."""
        return max(range(len(self.networks)), key=lambda place: len(self.networks[place].looks))

    @property
    def updates(self) -> int:
        """The last update that was asked for, or where all have ended early the last one of any."""
        if all(network.lost for network in self.networks):
            return max(1, *(len(network.history.losses) - 1 for network in self.networks))
        return self.training.iterations

    @property
    def done(self) -> int | None:
        """Updates of the one that is furthest behind of those that have not ended early, if there are any."""
        return min((network.history.iterations for network in self.networks if not network.lost), default=None)

    def marked(self, moment: str) -> int:
        """The number of the look at one of MOMENTS."""
        last = max(0, len(self.networks[self.longest].looks) - 1)
        return round(_share(moment) * last)


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


def learning_answer(experiment: Experiment, views: Mapping[str, str]) -> LearningAnswer:
    """Train here and now, and answer with all that was learned: seconds, or minutes, so no page calls this.

    Raises:
        ValueError: the settings do not go together, or would take too long.
    """
    return LearningAnswer(networks=trained_here(allowed(networks(experiment, views))))
