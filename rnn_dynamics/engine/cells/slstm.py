"""sLSTM, the scalar cell of xLSTM (Beck et al. 2024, "xLSTM: Extended Long Short-Term Memory", section 2.2), one head.

    a_t = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh          four blocks: i, f, g, o; the paper's z is g here
    i = exp(a_i),  f = σ(a_f),  g = tanh(a_g),  o = σ(a_o)
    c_t = f ∘ c_{t−1} + i ∘ g
    n_t = f ∘ n_{t−1} + i                                the normaliser
    h_t = o ∘ c_t / n_t

Of the paper's two forget gates, σ and exp, this is σ: so forget bias and chrono biases mean what they mean in an LSTM.
i may be 10^±300 and more, and c and n with it. The paper therefore keeps c e^(−m) and n e^(−m) with a stabiliser m,

    m_t = max(ln f + m_{t−1}, ln i),  f′ = exp(ln f + m_{t−1} − m_t),  i′ = exp(ln i − m_t)

and f′, i′ in the places of f and i. h does not depend on m, for what multiplies c and n alike leaves c/n as it is. So
any m does that keeps numbers in range, and here it is m_t = ln n_t, the smooth maximum of the same two:

    ln n_t = ln(f n_{t−1} + i),  f′ = f n_{t−1} / n_t,  i′ = i / n_t,  f′ + i′ = 1
    r_t = f′ ∘ r_{t−1} + i′ ∘ g,  h_t = o ∘ r_t          with r = c/n, which is what stands for c in every answer

At the start c = n = 0, so ln n = −∞ and r_1 = g. Backwards, with dL/dh, dL/dr and dL/d ln n total, delta = dL/da_t and
p_t = f′ i′ (r_{t−1} − g):

    dL/dr_t       = o ∘ dL/dh_t + f′_{t+1} ∘ dL/dr_{t+1}
    dL/d ln n_t−1 = f′ ∘ dL/d ln n_t + p_t ∘ dL/dr_t
    delta_f = (1 − f) ∘ dL/d ln n_t−1          delta_i = i′ ∘ dL/d ln n_t − p_t ∘ dL/dr_t
    delta_g = i′ (1 − g²) ∘ dL/dr_t            delta_o = r_t o (1 − o) ∘ dL/dh_t
    dL/dh_t−1     = W_hhᵀ delta + (what the loss says of h_{t−1} directly)

The additive path is counted along r. ∂c_t/∂c_{t−1} is f, or the stabilised f′ of whatever m, and the product of these
depends on m; ∂r_t/∂r_{t−1} = f′ = f n_{t−1} / n_t does not, and h reads nothing else. Between two steps it is ∏ f times
n_{t−k} / n_t: an error is forgotten by f, and fades as later inputs outweigh what it is a part of. ln n is the other
way on which no matrix stands, and it leads through the gates: it says how much a later input counts against the past.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array, tanh_derivative
from rnn_dynamics.engine.cells.aligned import aligned, aligned_like, aligned_states
from rnn_dynamics.engine.cells.cell import Adjoints, Factors, Weights, split_gates
from rnn_dynamics.engine.cells.lstm import Lstm

_TORCH_CELL = """class SLSTM(torch.nn.LSTMCell):  # torch has none; its blocks are those of torch's LSTM
    def forward(self, step, state):
        h, log_n, c = state  # c and n divided by n: neither leaves the range of numbers
        i, f, g, o = (step @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh).chunk(4, dim=-1)
        kept = torch.nn.functional.logsigmoid(f) + log_n
        keep, write = (torch.nn.functional.logsigmoid(of).exp() for of in (kept - i, i - kept))
        c = keep * c + write * torch.tanh(g)
        return torch.sigmoid(o) * c, torch.logaddexp(kept, i), c

cell = SLSTM(D, H, dtype=torch.float64)
LOAD"""


@dataclass(frozen=True)
class SlstmRecord:
    """What the forward pass leaves; the four blocks are o, i, f, g.

    pre_activation (T, 4H, C): a. gates (T, 4H, C): o, i′, f′, g. hidden, normaliser, cell_state (T+1, H, C): h, ln n
    and r, row 0 the initial state. product (4H, C) and written (H, C) are scratch.
    """

    pre_activation: Array
    gates: Array
    hidden: Array
    normaliser: Array
    cell_state: Array
    product: Array
    written: Array


class Slstm(Lstm):
    """See the module's equations; its blocks are those of the LSTM."""

    name = "slstm"
    label = "sLSTM"
    short = "sLSTM"
    module = ""
    gates: tuple[str, ...] = ("i′", "f′", "g", "o")
    keeps = "f′"
    writes = "i′"
    torch_cell = _TORCH_CELL
    torch_cost = 4  # step by step
    components: tuple[str, ...] = ("hidden", "normaliser", "cell")
    letters: Mapping[str, str] = {"hidden": "h_t", "normaliser": "ln(n_t)", "cell": "(c_t/n_t)"}
    untold: tuple[str, ...] = ("normaliser",)
    empty: Mapping[str, float] = {"normaliser": -np.inf}

    def make_record(self, input_projection: Array, weights: Weights) -> Any:
        steps, *middle, rows, columns = input_projection.shape
        state = (*middle, rows // 4, columns)
        normaliser = aligned_states(steps, state)
        normaliser[0] = self.empty["normaliser"]
        return SlstmRecord(
            pre_activation=input_projection,
            gates=aligned(input_projection.shape),
            hidden=aligned_states(steps, state),
            normaliser=normaliser,
            cell_state=aligned_states(steps, state),
            product=aligned((*middle, rows, columns)),
            written=aligned(state),
        )

    def forward_views(self, record: Any) -> Iterator[tuple[Array, ...]]:
        states = (record.hidden, record.normaliser, record.cell_state)
        views = (
            *(record.pre_activation, *split_gates(record.pre_activation, 4), *split_gates(record.gates, 4)),
            *(*states, *(of[1:] for of in states)),
        )
        for step in zip(*views, strict=False):
            yield record.product, record.written, *step

    def step(self, weights: Weights, *views: Array) -> None:
        (product, written, pre, pre_o, pre_i, pre_f, pre_g, o, i, f, g) = views[:11]
        (hidden_before, normaliser_before, cell_before, hidden, normaliser, cell) = views[11:]
        weights.recurrent_product(hidden_before, out=product)
        np.add(pre, product, out=pre)
        _log_sigmoid(pre_o, out=o)
        np.exp(o, out=o)
        np.tanh(pre_g, out=g)
        _log_sigmoid(pre_f, out=f)
        np.add(f, normaliser_before, out=f)  # ln(f n)
        np.logaddexp(f, pre_i, out=normaliser)
        np.subtract(f, normaliser, out=f)
        np.exp(f, out=f)
        np.subtract(pre_i, normaliser, out=i)
        np.exp(i, out=i)
        np.multiply(f, cell_before, out=cell)
        np.multiply(i, g, out=written)
        np.add(cell, written, out=cell)
        np.multiply(o, cell, out=hidden)

    def make_factors(self, record: Any, steps: slice) -> Factors:
        o, i, f, g = split_gates(record.gates[steps], 4)
        before, cell = record.cell_state[:-1][steps], record.cell_state[1:][steps]
        pre = record.pre_activation[steps]
        pre_o, _, pre_f, pre_g = split_gates(pre, 4)
        local = aligned_like(pre)
        local_o, apart, shut_f, local_g = split_gates(local, 4)
        for of_gate, shut in ((pre_o, local_o), (pre_f, shut_f)):
            np.logaddexp(0.0, of_gate, out=shut)
            np.negative(shut, out=shut)
            np.exp(shut, out=shut)
        local_o *= o
        local_o *= cell
        np.subtract(before, g, out=apart)
        apart *= f
        apart *= i
        np.multiply(i, tanh_derivative(g, pre_g), out=local_g)
        return Factors((local, i), path=f, entry=o)

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        assert factors.entry is not None
        assert factors.path is not None
        hidden, normaliser, cell = adjoints.states
        local, i = factors.local
        views = (
            *(hidden[1:], hidden, normaliser[1:], normaliser, cell[1:], cell),
            *(*split_gates(local, 4), i, factors.entry, factors.path),
            *(*split_gates(adjoints.delta, 4), adjoints.delta),
        )
        return list(zip(*views, strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        (hidden, hidden_before, normaliser, normaliser_before, cell, cell_before) = views[:6]
        (local_o, apart, shut_f, local_g, i, entry, f, delta_o, delta_i, delta_f, delta_g, delta) = views[6:]
        np.multiply(entry, hidden, out=delta_o)
        np.add(cell, delta_o, out=cell)
        np.multiply(local_o, hidden, out=delta_o)
        np.multiply(local_g, cell, out=delta_g)
        np.multiply(apart, cell, out=delta_i)
        np.multiply(f, cell, out=cell_before)
        np.multiply(f, normaliser, out=normaliser_before)
        np.add(normaliser_before, delta_i, out=normaliser_before)
        np.multiply(shut_f, normaliser_before, out=delta_f)
        np.multiply(i, normaliser, out=hidden_before)
        np.subtract(hidden_before, delta_i, out=delta_i)
        weights.transposed_product(delta, out=hidden_before)

    def gate_values(self, record: Any) -> dict[str, Array]:
        o, i, f, g = split_gates(record.gates, 4)
        return {"i′": i, "f′": f, "g": g, "o": o}


def _log_sigmoid(argument: Array, out: Array) -> None:
    """Write ln σ(argument) to `out`."""
    np.negative(argument, out=out)
    np.logaddexp(0.0, out, out=out)
    np.negative(out, out=out)
