"""The adding problem after Hochreiter & Schmidhuber 1997, one mark in each half as in Arjovsky, Shah & Bengio 2016.

Each step reads a number from U(0, 1) and a mark. One mark stands in the first half, one in the second, and at the end
the sum of both marked numbers is asked for. The best answer without memory is 1, the mean of such a sum, and its mean
square error is the variance, 2 · 1/12 = 1/6.
"""

import numpy as np
from numpy.random import Generator

from rnn_dynamics.learning.tasks.task import Batch, Task

#: An answer counts as right if it is this close. Hochreiter & Schmidhuber 1997 have the same number, of 0.5 + (sum)/4.
TOLERANCE = 0.04


def _draw(generator: Generator, count: int, steps: int, _: bool) -> Batch:
    numbers, marks = generator.random((steps, count)), np.zeros((steps, count))
    each, half = np.arange(count), steps // 2
    first, second = generator.integers(0, half, count), generator.integers(half, steps, count)
    marks[first, each] = marks[second, each] = 1.0
    return Batch(np.stack([numbers, marks], axis=-1), numbers[first, each] + numbers[second, each])


ADDING = Task(
    input_size=2,
    outputs=1,
    draw=_draw,
    chance_loss=lambda _: 1.0 / 6.0,
    # The density of the sum is a triangle of height 1 over 1.
    chance_accuracy=1.0 - (1.0 - TOLERANCE) ** 2,
    shortest=2,
    tolerance=TOLERANCE,
    multiplies=True,
)
