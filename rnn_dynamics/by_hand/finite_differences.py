"""The gradient by definition: move one number of one parameter a little to both sides, and see what the loss does."""

from collections.abc import Callable

import numpy as np

from rnn_dynamics.by_hand.arrays import Array, Arrays

#: How far a number is moved. The error of the formula grows with its square, that of rounding with its inverse;
#: together they are smallest near the cube root of float64's 2·10⁻¹⁶.
WIDTH = 3e-6
#: Moves whose losses are asked together: the product of a network of many side by side grows with their square.
_TOGETHER = 32


def finite_differences(losses: Callable[[Arrays], Array], parameters: Arrays) -> Arrays:
    """Central differences (L(θ + w) − L(θ − w)) / 2w of a loss by every entry of every parameter.

    losses: of K sets of parameters, each (K, ...) in place of (...), to their losses, (K,).
    """
    numbers = np.concatenate([value.ravel() for value in parameters.values()])
    moves, slopes = WIDTH * np.eye(len(numbers)), np.empty(len(numbers))
    for first in range(0, len(numbers), _TOGETHER):
        some = slice(first, first + _TOGETHER)
        above, below = (losses(_named(numbers + side * moves[some], parameters)) for side in (1.0, -1.0))
        slopes[some] = (above - below) / (2 * WIDTH)
    return _named(slopes, parameters)


def _named(numbers: Array, like: Arrays) -> Arrays:
    """Numbers (..., P) as parameters (..., *shape) of these names and shapes."""
    ends = np.cumsum([value.size for value in like.values()])[:-1]
    parts = zip(like.items(), np.split(numbers, ends, axis=-1), strict=True)
    return {name: part.reshape(*numbers.shape[:-1], *value.shape) for (name, value), part in parts}
