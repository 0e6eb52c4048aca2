"""Jordan network (Jordan 1986): what is fed back is the output, not the hidden state.

This is the simplified form of textbooks; Jordan's own state units also have connections to themselves.

    y_t = W_ho h_t                                    the linear read-out that the loss compares with its target
    a_t = W_ih x_t + b_ih + W_hh y_{t−1} + b_hh
    h_t = tanh(a_t)

W_hh has a column for each output. In h it is an Elman network with the matrix W_hh W_ho, whose rank is at most the
number of outputs: whatever the outputs do not show is forgotten within one step. Backwards as there,

    adjoint_t−1 = W_hoᵀ W_hhᵀ delta_t + (what the loss says of h_{t−1} directly)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Weights
from rnn_dynamics.engine.cells.elman import Elman, ReluElman


@dataclass(frozen=True, kw_only=True)
class JordanWeights(Weights):
    """With readout W_ho (D_out, H) between h and W_hh (H, D_out)."""

    readout: Array

    def fed_back(self, hidden: Array) -> Array:
        """The outputs y = W_ho h."""
        return np.asarray(self.readout @ hidden)

    def transposed_product(self, delta: Array, out: Array) -> None:
        """Write W_hoᵀ W_hhᵀ delta to `out`."""
        by_output = self.weight_hh.swapaxes(-1, -2) @ delta
        np.matmul(self.readout.swapaxes(-1, -2), by_output, out=out)
        if self.scale is not None:
            np.multiply(out, self.scale, out=out)

    def matrix_of(self, method: str, *_: Any) -> tuple[Array, Array | None]:
        """Both matrices as one."""
        product = self.weight_hh @ self.readout
        return product if method == "recurrent_product" else product.swapaxes(-1, -2), self.scale


_TORCH_CELL = """weight_ih = torch.tensor(weight_ih)
weight_hh = torch.tensor(WEIGHT_SCALE * weight_hh, requires_grad=True)
bias = torch.tensor(bias_ih + bias_hh)

def cell(step, h):
    output = h @ readout.T  # which is fed back in the place of h
    return torch.ACTIVATION(step @ weight_ih.T + output @ weight_hh.T + bias)

cell.weight_hh = weight_hh
"""


class _FeedsBackOutput:
    """What both nonlinearities share."""

    name = "jordan"
    short = "Jordan"
    module = ""
    torch_cell = _TORCH_CELL
    state_matrix = "W_hh W_ho"
    feeds_back_output = True

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = (parameters["bias_ih_l0"] + parameters["bias_hh_l0"])[..., None]
        return JordanWeights(
            parameters["weight_ih_l0"], parameters["weight_hh_l0"], bias, readout=parameters["weight_ho"]
        )


class Jordan(_FeedsBackOutput, Elman):
    """See the module's equations."""

    label = "Jordan network"


class ReluJordan(_FeedsBackOutput, ReluElman):
    """The same with ReLU."""

    label = "Jordan network, ReLU"
