"""Copy memory, as Arjovsky, Shah & Bengio 2016 have it.

Ten symbols out of eight are read, then blanks for as long as the gap; a go signal asks for the ten symbols again, in
order, while blanks are read. At all steps before, the answer is "blank". An answer that knows the go signal but
remembers nothing has a mean loss of 10 · ln 8 over gap + 20 steps.
"""

import numpy as np
from numpy.random import Generator

from rnn_dynamics.learning.tasks.task import Batch, Task

SYMBOLS, LENGTH = 8, 10
_BLANK, _GO = SYMBOLS, SYMBOLS + 1


def _draw(generator: Generator, count: int, gap: int, _: bool) -> Batch:
    message = generator.integers(0, SYMBOLS, (LENGTH, count))
    read = np.full((gap + 2 * LENGTH, count), _BLANK)
    read[:LENGTH], read[LENGTH + gap - 1] = message, _GO
    targets = np.full_like(read, _BLANK)
    targets[-LENGTH:] = message
    return Batch(np.eye(SYMBOLS + 2)[read], targets)


COPY_MEMORY = Task(
    input_size=SYMBOLS + 2,
    outputs=SYMBOLS + 1,
    draw=_draw,
    chance_loss=lambda gap: float(LENGTH * np.log(SYMBOLS) / (gap + 2 * LENGTH)),
    chance_accuracy=1.0 / SYMBOLS,
    steps_of=lambda gap: gap + 2 * LENGTH,
    every_step=True,
    judged=LENGTH,
)
