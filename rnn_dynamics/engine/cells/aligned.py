"""Room for arrays that begin where a line of the processor's cache does.

What NumPy makes room for begins 16 bytes behind that where it is large. Each read of a whole register then touches two
lines: at H = 256 with 16 columns a product of two arrays takes twice as long, and W_hhᵀ delta a fifth longer.
"""

from math import prod

import numpy as np

from rnn_dynamics.engine.cells.activations import Array

#: Bytes of a line, and of a number.
_LINE, _NUMBER = 64, 8


def aligned(shape: tuple[int, ...]) -> Array:
    """An array of this shape, not filled."""
    size = prod(shape)
    found = np.empty(size + _LINE // _NUMBER)
    first = -found.__array_interface__["data"][0] % _LINE // _NUMBER
    return found[first : first + size].reshape(shape)


def aligned_states(steps: int, shape: tuple[int, ...]) -> Array:
    """Of T + 1 steps, the first of which holds the initial state: zeros."""
    found = aligned((steps + 1, *shape))
    found[0] = 0.0
    return found


def aligned_like(array: Array, shape: tuple[int, ...] | None = None) -> Array:
    """Like an array, or of another shape; of the class that takes notes (`compiled`) where it is one of these."""
    if type(array) is not np.ndarray:
        return np.empty_like(array, shape=shape)
    return aligned(array.shape if shape is None else shape)
