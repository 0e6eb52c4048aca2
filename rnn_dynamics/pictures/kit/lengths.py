"""Sequence lengths beyond the usual ones, for pictures that can still be had while somebody waits."""

from collections.abc import Callable

from rnn_dynamics.experiment import KNOBS_NUMBER, Experiment

#: What every page offers.
USUAL = tuple(int(length) for length in KNOBS_NUMBER["sequence_length"].offered)
#: What a page may offer.
LONG = (*USUAL, 300, 500, 1000)


def lengths_within(most: float, work: Callable[[Experiment], float], experiment: Experiment) -> tuple[int, ...]:
    """The usual lengths, and those beyond at which the picture of an experiment takes no more than so much work.

    The states of a ReLU network grow as its gradient does: at the largest weight scale they leave float64 beyond the
    usual lengths.
    """
    if experiment.nonlinearity == "relu":
        return USUAL
    longest = most / work(experiment) * experiment.sequence_length  # work is proportional to T
    return tuple(length for length in LONG if length <= max(longest, USUAL[-1]))
