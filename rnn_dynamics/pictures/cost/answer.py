"""What one network has cost against sequence length: a quick round where nobody looks on."""

from rnn_dynamics.engine.growth import Measured
from rnn_dynamics.engine.measure import ROUNDS, Measurement, measured, network_of
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.remembered import remembered

#: What other rooms of this picture have from here, beside what is defined here.
__all__ = ["ROUNDS", "Measurement", "network_of"]

#: The longest T of the quick round.
_QUICK = 200


@remembered
def cost_answer(experiment: Experiment) -> Measured:
    """One quick round, measured once for each network of `network_of`."""
    return measured(experiment, _QUICK)
