"""Handwritten digits read pixel by pixel: 64 steps of one number each, row by row from the top left.

Which digit it was is asked at the end. 1,797 real 8 × 8 digits of the UCI data set "Optical Recognition of Handwritten
Digits" (Alpaydin & Kaynak 1998), which scikit-learn carries. Every fifth one is kept for testing.
"""

from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rnn_dynamics.learning.tasks.task import Array, Batch, Task

STEPS, CLASSES = 64, 10
_KEPT = 5
_BRIGHTEST = 16.0


@cache
def _images() -> tuple[Array, NDArray[np.int64]]:
    """Pixels (1797, 64) from 0 to 1, and digits (1797,)."""
    from importlib.metadata import distribution  # to load scikit-learn takes 0.8 s and 79 MB, its file 20 ms and 1 MB

    file = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    rows = np.loadtxt(str(file), delimiter=",")
    return rows[:, :STEPS] / _BRIGHTEST, rows[:, STEPS].astype(np.int64)


def _draw(generator: Generator, count: int, _: int, kept: bool) -> Batch:
    images, digits = _images()
    those = np.flatnonzero((np.arange(len(digits)) % _KEPT == 0) == kept)
    picked = those[generator.integers(0, len(those), count)]
    return Batch(images[picked].T[:, :, None].copy(), digits[picked])


DIGITS = Task(
    input_size=1,
    outputs=CLASSES,
    draw=_draw,
    chance_loss=lambda _: float(np.log(CLASSES)),
    chance_accuracy=1.0 / CLASSES,
    steps_of=lambda _: STEPS,
)
