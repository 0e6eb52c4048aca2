"""Temporal order (Hochreiter & Schmidhuber 1997, task 6a, with the proportions of Pascanu, Mikolov & Bengio 2013).

One of two symbols stands between 10 and 20 % of the sequence, and again one of the two between 50 and 60 %; all other
steps are one of four distractors. Which pair it was, in which order, is asked at the end: four classes, of which only
memory tells, so chance is ln 4.
"""

import numpy as np
from numpy.random import Generator

from rnn_dynamics.learning.tasks.task import Batch, Task

#: Symbols that decide, and symbols that do not.
_RELEVANT, _DISTRACTORS = 2, 4


def _draw(generator: Generator, count: int, steps: int, _: bool) -> Batch:
    symbols = _RELEVANT + generator.integers(0, _DISTRACTORS, (steps, count))
    pairs = generator.integers(0, _RELEVANT, (2, count))
    each = np.arange(count)
    for which, (start, stop) in enumerate(((0.1, 0.2), (0.5, 0.6))):
        first = int(start * steps)
        symbols[generator.integers(first, max(first + 1, int(stop * steps)), count), each] = pairs[which]
    return Batch(np.eye(_RELEVANT + _DISTRACTORS)[symbols], _RELEVANT * pairs[0] + pairs[1])


TEMPORAL_ORDER = Task(
    input_size=_RELEVANT + _DISTRACTORS,
    outputs=_RELEVANT**2,
    draw=_draw,
    chance_loss=lambda _: float(np.log(_RELEVANT**2)),
    chance_accuracy=1.0 / _RELEVANT**2,
    shortest=10,
)
