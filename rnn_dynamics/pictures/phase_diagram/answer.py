"""The rows of the phase diagram, one by one and remembered, and the split by lag of the chosen network."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from time import monotonic

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.phase import phase_grid
from rnn_dynamics.engine.run import split_by_lag
from rnn_dynamics.engine.trace import LagSplit, PhaseRow
from rnn_dynamics.experiment import KNOBS_NUMBER, WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.remembered import COMPUTING

INPUT_SCALES = KNOBS_NUMBER["input_scale"].offered
#: Networks that a row is the mean of. One network of 32 units may cross 1 anywhere between 1.2 and 5.
NETWORKS = 8
#: What a row may cost in multiply-adds: about a sixth of a second with more than one network, a third with one.
_LARGEST_MEAN, _LARGEST_ROW = 3.5e8, 8e8
#: As in `cache`: what a step costs beside the products, as if H were this much larger.
_OVERHEAD = 100


def row_size(experiment: Experiment) -> tuple[int, int]:
    """How many networks a row can afford, and how far apart its weight scales are, 1 for all of them."""
    size = experiment.hidden_size
    one = CELLS[experiment.cell].blocks * (size + _OVERHEAD) * size * experiment.batch_size
    one *= experiment.sequence_length * len(WEIGHT_SCALES)
    return int(min(NETWORKS, max(1, _LARGEST_MEAN // one))), math.ceil(one / _LARGEST_ROW)


@lru_cache(maxsize=512)  # a row keeps its norms, 40 kB at T = 200
def _place(_: Experiment) -> list[PhaseRow]:
    """Where a row stands once it is computed; empty until then, so that one can look without computing."""
    return []


def phase_row(experiment: Experiment) -> PhaseRow:
    """The row of the map at the experiment's input strength; its weight scale and seed do not matter."""
    question = replace(experiment, weight_scale=1.0, seed=0)
    place = _place(question)
    if not place:
        with COMPUTING:
            networks, stride = row_size(question)
            scales = tuple(reversed(WEIGHT_SCALES[::-stride]))
            place.extend(phase_grid(question, scales, [question.input_scale], range(networks)))
    return place[0]


def computed_strengths(experiment: Experiment, across: str, seconds: float) -> tuple[float, ...]:
    """The input strengths whose rows there are, after at most so many seconds and one row more.

    The chosen one is always among them; then come its neighbours. With the lag across, only it is needed; a sequence of
    a single step has no row at all.
    """
    if experiment.sequence_length < 2:
        return ()
    phase_row(experiment)
    chosen, end = INPUT_SCALES.index(experiment.input_scale), monotonic() + seconds
    outwards = sorted(range(len(INPUT_SCALES)), key=lambda k: abs(k - chosen)) if across == "input" else [chosen]
    there = []
    for k in outwards:
        question = replace(experiment, weight_scale=1.0, seed=0, input_scale=INPUT_SCALES[k])
        if _place(question) or monotonic() < end:
            phase_row(question)
            there.append(k)
    return tuple(INPUT_SCALES[k] for k in sorted(there))


def missing(experiment: Experiment, across: str, there: tuple[float, ...]) -> bool:
    """Whether the map lacks rows."""
    return experiment.sequence_length > 1 and across == "input" and len(there) < len(INPUT_SCALES)


@lru_cache(maxsize=512)
def lag_answer(experiment: Experiment) -> LagSplit:
    """The split of the chosen network's gradient."""
    with COMPUTING:
        return split_by_lag(experiment)
