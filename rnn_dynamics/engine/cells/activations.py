"""Derivatives of the activations that stay exact where the activation has saturated.

1 − h² and s(1 − s) lose all digits once h or s rounds to 1. A gradient that survives 1000 steps of a saturated
network needs these digits, so both derivatives are taken from the exponential instead.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Below this value of 1 − tanh² rounding costs more than three digits, and the exponential form takes over.
_SATURATED = 1e-3


def tanh_derivative(value: Array, argument: Array) -> Array:
    """1 − tanh²(argument), given `value` = tanh(argument); any shape.

    Saturated entries use 4e / (1 + e)² with e = exp(−2|argument|), which has no cancellation.
    """
    derivative = np.square(value)
    np.subtract(1.0, derivative, out=derivative)
    saturated = derivative < _SATURATED
    if saturated.any():
        decay = np.exp(-2.0 * np.abs(argument[saturated]))
        derivative[saturated] = 4.0 * decay / np.square(1.0 + decay)
    return derivative


def sigmoid_in_place(argument: Array, value: Array) -> None:
    """Write σ(argument) to `value`, and leave exp(−argument) in `argument`.

    The exponential is what `sigmoid_derivative` needs. It is infinite for arguments below −709, which no valid
    Experiment reaches, but a trained network may.
    """
    np.negative(argument, out=argument)
    np.exp(argument, out=argument)
    np.add(argument, 1.0, out=value)
    np.reciprocal(value, out=value)


def sigmoid_complement(value: Array, exponential: Array, out: Array | None = None) -> Array:
    """1 − σ(a) = e^(−a) σ(a), given `value` = σ(a) and `exponential` = e^(−a); any shape.

    There is no cancellation in it. Where e^(−a) is infinite it is 1.
    """
    with np.errstate(invalid="ignore"):
        complement = np.multiply(exponential, value, out=out)
    if exponential.max(initial=0.0) == np.inf:
        complement[exponential == np.inf] = 1.0
    return np.asarray(complement)


def sigmoid_derivative(value: Array, exponential: Array, out: Array | None = None) -> Array:
    """σ(a)(1 − σ(a)), given `value` = σ(a) and `exponential` = e^(−a); any shape."""
    derivative = sigmoid_complement(value, exponential, out)
    derivative *= value
    return derivative


def mean_slope(values: Array, nonlinearity: str) -> float:
    """Mean of the derivative of "tanh" or "relu", given its values; any shape."""
    return float(np.mean(values > 0.0 if nonlinearity == "relu" else 1.0 - np.square(values)))
