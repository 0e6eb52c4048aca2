"""What a reader of "Learning long lags" may try next: only what fits the outcome, and what the controls allow."""

from collections.abc import Sequence

from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.learning.limits import offered
from rnn_dynamics.learning.trained import Trained

#: The sequence lengths that the page offers.
LENGTHS = (10, 20, 30, 50, 70, 100)
#: A loss this many times that of chance says that the updates are too large, not too small.
_ABOVE_CHANCE = 1.1


def advised(network: Trained) -> dict[str, float]:
    """What may be tried after a training that has failed or ended at chance, as key and value."""
    training, experiment, outcome = network.training, network.experiment, network.outcome
    rates, updates = (tuple(map(float, offered(name))) for name in ("learning_rate", "iterations"))
    stuck = outcome == "chance" and network.now.loss <= _ABOVE_CHANCE * training.chance_loss
    gated, weights = network.cell.gates and experiment.gate_bias == "constant", KNOBS_NUMBER["weight_scale"].offered
    tries = {
        "smaller_weights": (outcome == "untrained", _below(weights, experiment.weight_scale)),
        "clip": (outcome == "diverged" and training.clipping == "none", 0.0),
        "slower": (outcome in ("diverged", "chance") and not stuck, _below(rates, training.learning_rate)),
        "chrono": (stuck and gated, 0.0),
        "faster": (stuck, _above(rates, training.learning_rate)),
        "longer": (stuck, _above(updates, training.iterations)),
        "shorter": (
            (stuck or outcome == "untrained") and training.task != "digits",
            _below(LENGTHS, experiment.sequence_length),
        ),
    }
    if stuck and network.too_linear:
        return {}
    return {key: value for key, (fits, value) in tries.items() if fits and value is not None}


def _below(offered: Sequence[float], value: float) -> float | None:
    return max((one for one in offered if one < value), default=None)


def _above(offered: Sequence[float], value: float) -> float | None:
    return min((one for one in offered if one > value), default=None)
