"""What a reader of "Learning long lags" may try next: only what fits the outcome, and what the controls allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import KNOBS_NUMBER, Number
from rnn_dynamics.learning.training import TRAINING_KNOBS, History, Training

#: The sequence lengths that the page offers.
LENGTHS = (10, 20, 30, 50, 70, 100)
#: A loss this many times that of chance says that the updates are too large, not too small.
_ABOVE_CHANCE = 1.1


def advised(training: Training, history: History) -> Iterator[tuple[str, float | None]]:
    """What may be tried after a training that has diverged or ended at chance, as key and value; None: not possible."""
    experiment, rates, updates = training.experiment, _offered("learning_rate"), _offered("iterations")
    shorter = None if training.task == "digits" else _below(LENGTHS, experiment.sequence_length)
    if history.failure and not history.iterations:
        yield "smaller_weights", _below(KNOBS_NUMBER["weight_scale"].offered, experiment.weight_scale)
        yield "shorter", shorter
    elif history.failure:
        yield "clip", 0.0 if training.clipping == "none" else None
        yield "slower", _below(rates, training.learning_rate)
    elif not history.moments[-1].loss <= _ABOVE_CHANCE * training.chance_loss:  # or no number
        yield "slower", _below(rates, training.learning_rate)
    else:
        gated = bool(CELLS[experiment.cell].gates)
        yield "chrono", 0.0 if gated and experiment.gate_bias == "constant" else None
        yield "faster", min((rate for rate in rates if rate > training.learning_rate), default=None)
        yield "longer", min((count for count in updates if count > training.iterations), default=None)
        yield "shorter", shorter


def _offered(name: str) -> tuple[float, ...]:
    knob = TRAINING_KNOBS[name]
    assert isinstance(knob, Number)
    return tuple(knob.offered)


def _below(offered: Sequence[float], value: float) -> float | None:
    return max((one for one in offered if one < value), default=None)
