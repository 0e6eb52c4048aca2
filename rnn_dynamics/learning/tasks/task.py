"""What every task says of itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Batch:
    """Sequences and what is to be said of them.

    inputs: (T, N, D), time first; or (T, N), which word of a vocabulary is read. targets: (N,) for a task that is
    judged at its last step, (T, N) for one that is judged at every step; class numbers (int64), or numbers to predict
    (float64).
    """

    inputs: Array | NDArray[np.int64]
    targets: NDArray[np.int64] | Array


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task.

    Attributes:
        input_size: D. outputs: how many numbers the read-out gives: one score for each class, or the prediction.
        every_step: whether the answer is asked at every step; else at the last one.
        shortest: the smallest gap that the task allows.
        steps_of: T, of the gap that a reader asks for.
        draw: sequences, of a generator, their number N, and the gap; from those that are kept for testing where the
            last argument is true.
        chance_loss: of the gap: the mean loss of the best answer that uses nothing of what lies far back. Mean squared
            error, or mean cross-entropy in nats.
        chance_accuracy: what such an answer, or guessing, gets right.
        tolerance: how close a predicted number has to be to count as right; None for classes.
        judged: at how many of the last steps an answer counts for the accuracy.
        vocabulary: how many words there are, where words are read: each then has D numbers that are learned; else 0.
        multiplies: whether the answer multiplies one input by another, which no function linear in them does.
    """

    input_size: int
    outputs: int
    draw: Callable[[Generator, int, int, bool], Batch]
    chance_loss: Callable[[int], float]
    chance_accuracy: float
    steps_of: Callable[[int], int] = lambda gap: gap
    shortest: int = 1
    every_step: bool = False
    tolerance: float | None = None
    judged: int = 1
    vocabulary: int = 0
    multiplies: bool = False
