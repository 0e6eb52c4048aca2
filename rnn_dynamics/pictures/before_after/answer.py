"""Trained networks: the gradient of their own loss, of the same test sequences, before and after training."""

from dataclasses import replace

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import trained_here
from rnn_dynamics.learning.limits import network_of
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.kit.answered import OfTrainings

#: What a picture without a training of anybody's trains, for a few seconds: updates, and the longest gap.
_UPDATES, _LONGEST = 10, 20


class BeforeAfterAnswer(OfTrainings):
    """Networks that were trained side by side on one task."""

    @property
    def updates(self) -> int:
        """Those of the network that is furthest."""
        return max(network.history.iterations for network in self.networks)

    def most_changed(self, component: str) -> Trained:
        """The network whose share at step 1 training changed most."""
        return max(self.networks, key=lambda network: abs(network.change(component) or 0.0))


def trained_answer(experiment: Experiment) -> BeforeAfterAnswer:
    """Answer for rnn, lstm and gru: that network, and an RNN beside it, after a short training of their own.

    Raises:
        ValueError: the network cannot be trained.
    """
    short = replace(experiment, text="", sequence_length=min(experiment.sequence_length, _LONGEST))
    cells = dict.fromkeys(("rnn", experiment.cell))
    trainings = (Training(experiment=network_of(short, cell), iterations=_UPDATES) for cell in cells)
    return BeforeAfterAnswer(networks=trained_here(tuple(trainings)))
