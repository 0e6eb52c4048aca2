"""What a reader of "Learning long lags" may try next: only what fits the outcome, and what the controls allow."""

from collections.abc import Mapping, Sequence

from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.learning.limits import offered
from rnn_dynamics.learning.trained import Trained

#: The sequence lengths that the page offers.
LENGTHS = (10, 20, 30, 50, 70, 100)
#: A loss this many times that of chance says that the updates are too large, not too small.
_ABOVE_CHANCE = 1.1


def advised(network: Trained) -> dict[str, float]:
    """What may be tried after a training that has failed or ended at chance, as key and value."""
    return {key: value for key, value in _thought_of(network).items() if value is not None}


def _thought_of(network: Trained) -> Mapping[str, float | None]:
    """The same, and what is not possible, None."""
    training, experiment = network.training, network.experiment
    rates, updates = (tuple(map(float, offered(name))) for name in ("learning_rate", "iterations"))
    shorter = None if training.task == "digits" else _below(LENGTHS, experiment.sequence_length)
    slower = _below(rates, training.learning_rate)
    if network.outcome == "untrained":
        weights = _below(KNOBS_NUMBER["weight_scale"].offered, experiment.weight_scale)
        return {"smaller_weights": weights, "shorter": shorter}
    if network.outcome == "diverged":
        return {"clip": 0.0 if training.clipping == "none" else None, "slower": slower}
    if network.outcome != "chance":
        return {}
    if not network.now.loss <= _ABOVE_CHANCE * training.chance_loss:  # or no number
        return {"slower": slower}
    gated = network.cell.gates and experiment.gate_bias == "constant"
    faster, longer = _above(rates, training.learning_rate), _above(updates, training.iterations)
    return {"chrono": 0.0 if gated else None, "faster": faster, "longer": longer, "shorter": shorter}


def _below(offered: Sequence[float], value: float) -> float | None:
    return max((one for one in offered if one < value), default=None)


def _above(offered: Sequence[float], value: float) -> float | None:
    return min((one for one in offered if one > value), default=None)
