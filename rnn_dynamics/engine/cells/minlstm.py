"""minLSTM (Feng et al. 2024, "Were RNNs All We Needed?", section 3.2): an LSTM whose gates and candidate see x_t alone.

    f = σ(W_if x_t + b_if)
    i = σ(W_ii x_t + b_ii)
    g = W_ig x_t + b_ig                                 h̃_t in the paper
    f′ = f / (f + i)          i′ = i / (f + i)
    h_t = f′ ∘ h_{t−1} + i′ ∘ g

This is the plain form of section 3.2.4, which has no output gate, so c is h. Since f′ + i′ = 1 the state is a mean of
what was read, however long that is. The forget bias is added to b_if: at b_ii = 0 it makes f′ = (1 + e^b) / (2 + …),
at most 2/3; chrono's b_ii = −b_if makes f′ = σ(b_if) where the inputs are 0. Backwards, beside what is said of minGRU,

    ∂h_t/∂a_f = (h_{t−1} − g) f′ i′ (1 − f)          ∂h_t/∂a_i = (g − h_{t−1}) f′ i′ (1 − i)          ∂h_t/∂h_{t−1} = f′
"""

from collections.abc import Sequence

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.mingru import MinGru

_TORCH_CELL = """class MinLSTM(torch.nn.Module):  # torch has none
    def __init__(self):
        super().__init__()
        self.weight_ih = torch.nn.Parameter(torch.tensor(weight_ih))
        self.bias_ih = torch.nn.Parameter(torch.tensor(bias_ih))

    def forward(self, step, h):
        f, i, g = (step @ self.weight_ih.T + self.bias_ih).chunk(3, dim=-1)
        odds = torch.nn.functional.logsigmoid(f) - torch.nn.functional.logsigmoid(i)  # ln of f / i
        keep, write = (torch.nn.functional.logsigmoid(of).exp() for of in (odds, -odds))  # f / (f + i), i / (f + i)
        return keep * h + write * g

cell = MinLSTM()
"""


class MinLstm(MinGru):
    """See the module's equations."""

    name = "minlstm"
    label = "minLSTM"
    short = "minLSTM"
    gates: tuple[str, ...] = ("f′", "i′", "g")
    keeps = "f′"
    writes = "i′"
    signed: tuple[str, ...] = ("g",)
    torch_cell = _TORCH_CELL
    blocks = 3
    delta_blocks = 3
    state_block = 2

    def _open(self, of_gates: Sequence[Array], keep: Array, write: Array) -> None:
        """Write f′ and i′, given the pre-activations of f and i, which become 1 − f and 1 − i.

        With u = exp(−a), f′ = (1 + u_i) / (2 + u_f + u_i), all parts of it divided by the largest of 1, u_f and u_i.
        """
        of_f, of_i = (-of for of in of_gates)
        largest = np.maximum(np.maximum(of_f, of_i), 0.0)
        one, by_f, by_i = np.exp(-largest), np.exp(of_f - largest), np.exp(of_i - largest)
        total = 2.0 * one + by_f + by_i
        np.divide(one + by_i, total, out=keep)
        np.divide(one + by_f, total, out=write)
        for shut in of_gates:
            np.reciprocal(1.0 + np.exp(shut), out=shut)

    def _divide(self, of_gates: Sequence[Array], local: Sequence[Array]) -> None:
        (shut_f, shut_i), (local_f, local_i) = of_gates, local
        np.multiply(local_f, shut_i, out=local_i)
        np.multiply(local_f, shut_f, out=local_f)
        np.negative(local_f, out=local_f)
