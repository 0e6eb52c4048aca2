"""The gradient by definition: move one number of one parameter a little to both sides, and see what the loss does."""

from collections.abc import Callable

import numpy as np

from rnn_dynamics.by_hand.arrays import Arrays

#: How far a number is moved. The error of the formula grows with its square, that of rounding with its inverse;
#: together they are smallest near the cube root of float64's 2·10⁻¹⁶.
WIDTH = 3e-6


def finite_differences(loss: Callable[[Arrays], float], parameters: Arrays) -> Arrays:
    """Central differences (L(θ + w) − L(θ − w)) / 2w of a loss by every entry of every parameter."""
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    for name, value in parameters.items():
        for place in np.ndindex(value.shape):
            above, below = value.copy(), value.copy()
            above[place] += WIDTH
            below[place] -= WIDTH
            rise = loss(parameters | {name: above}) - loss(parameters | {name: below})
            gradients[name][place] = rise / (2 * WIDTH)
    return gradients
