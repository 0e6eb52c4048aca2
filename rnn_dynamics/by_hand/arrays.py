"""What the functions by hand take and give, and the one activation that NumPy does not have."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Arrays by name: parameters under torch's names, or what one step computed under the names of its lines.
Arrays = dict[str, Array]

#: The parameters of one layer in one direction: what the steps call W_ih, W_hh, b_ih, b_hh.
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def sigmoid(a: Array) -> Array:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-a)))
