"""The cliff in a real network: one vanilla RNN trained twice, without clipping and with the norm clipped."""

from collections.abc import Mapping
from dataclasses import replace

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import trained_here
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.kit.answered import OfTrainings

#: An identity of ReLU units on the adding problem: its states, and with them its gradients, have nothing that bounds
#: them, and it is known to need clipping (Le, Jaitly & Hinton 2015).
NETWORK = Experiment(
    cell="rnn", nonlinearity="relu", initialisation="identity", sequence_length=50, hidden_size=32, batch_size=32
)
RATES = ("0.00001", "0.00003", "0.0001", "0.001", "0.003", "0.01", "0.03")
UPDATES = 300


class ClippingAnswer(OfTrainings):
    """The network without clipping, and last the same one with its norm clipped."""

    @property
    def free(self) -> Trained:
        """The one without clipping."""
        return self.networks[0]

    @property
    def clipped(self) -> Trained:
        """The one with its norm clipped."""
        return self.networks[1]

    @property
    def outcome(self) -> str:
        """What has come of it: "dies" (without clipping), "clipped_dies", "both_die", "begins", "both", "calm"."""
        if self.free.lost or self.clipped.lost:
            return "clipped_dies" if not self.free.lost else "both_die" if self.clipped.lost else "dies"
        if not self.clipped.history.clipped:
            return "begins"
        return "both" if self.clipped.share_clipped else "calm"


def networks(experiment: Experiment, views: Mapping[str, str]) -> tuple[Training, ...]:
    """What is trained, without clipping and with; of the experiment only the seed counts."""
    training = Training(
        experiment=replace(NETWORK, seed=experiment.seed),
        task="adding",
        optimiser="sgd",
        learning_rate=float(views["network_rate"]),
        clipping="none",
        clip_at=float(views["clip_at"]),
        iterations=UPDATES,
    )
    return training, replace(training, clipping="norm")


def clipping_answer(experiment: Experiment, views: Mapping[str, str]) -> ClippingAnswer:
    """Train here and now, for some seconds, so no page calls this."""
    return ClippingAnswer(networks=trained_here(networks(experiment, views)))
