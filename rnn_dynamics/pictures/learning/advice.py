"""What a reader of "Learning long lags" may try next: only what fits the outcome, and what the controls allow."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import KNOBS_NUMBER, Number
from rnn_dynamics.learning.training import TRAINING_KNOBS, History, Training
from rnn_dynamics.pictures.learning.answer import LENGTHS, PAGE

#: A loss this many times that of chance says that the updates are too large, not too small.
_ABOVE_CHANCE = 1.1


def advice(training: Training, history: History, loss: float) -> Iterator[str]:
    """What to try after a training that has diverged, or has ended at chance with this loss on test sequences."""
    words = sentences(PAGE)["advice"]
    for key, value in _advised(training, history, loss):
        if value is not None:
            yield words[key].format(**dict.fromkeys(("rate", "scale", "length", "updates"), f"{value:,g}"))


def _advised(training: Training, history: History, loss: float) -> Iterator[tuple[str, float | None]]:
    experiment, rates, updates = training.experiment, _offered("learning_rate"), _offered("iterations")
    shorter = None if training.task == "digits" else _below(LENGTHS, experiment.sequence_length)
    if history.failure and not history.iterations:
        yield "smaller_weights", _below(KNOBS_NUMBER["weight_scale"].offered, experiment.weight_scale)
        yield "shorter", shorter
    elif history.failure:
        yield "clip", 0.0 if training.clipping == "none" else None
        yield "slower", _below(rates, training.learning_rate)
    elif not loss <= _ABOVE_CHANCE * training.its_task.chance_loss(experiment.sequence_length):  # or no number
        yield "slower", _below(rates, training.learning_rate)
    else:
        yield "chrono", 0.0 if experiment.cell != "rnn" and experiment.gate_bias == "constant" else None
        yield "faster", min((rate for rate in rates if rate > training.learning_rate), default=None)
        yield "longer", min((count for count in updates if count > training.iterations), default=None)
        yield "shorter", shorter


def _offered(name: str) -> tuple[float, ...]:
    knob = TRAINING_KNOBS[name]
    assert isinstance(knob, Number)
    return tuple(knob.offered)


def _below(offered: tuple[float, ...], value: float) -> float | None:
    return max((one for one in offered if one < value), default=None)
