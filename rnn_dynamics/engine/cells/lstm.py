"""LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000), as `torch.nn.LSTM`.

    a_t = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh          four blocks: i, f, g, o
    i, f, o = σ(a_t),  g = tanh(a_t)
    c_t = f ∘ c_{t−1} + i ∘ g
    h_t = o ∘ tanh(c_t)

and backwards, with dL/dh_t and dL/dc_t total and delta = dL/da_t:

    dL/dc_t   = o (1 − tanh²(c_t)) ∘ dL/dh_t  +  f_{t+1} ∘ dL/dc_{t+1}
    delta_o   = tanh(c_t) σ'(a_o) ∘ dL/dh_t
    delta_i   = g σ'(a_i) ∘ dL/dc_t,   delta_f = c_{t−1} σ'(a_f) ∘ dL/dc_t,   delta_g = i (1 − g²) ∘ dL/dc_t
    dL/dh_t−1 = W_hhᵀ delta + (what the loss says of h_{t−1} directly)

The additive path is the last term of the first line: an error in c_t arrives in c_{t−k} multiplied by the forget gates
between them, and by nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rnn_dynamics.engine.cells.activations import Array, sigmoid_derivative, sigmoid_in_place, tanh_derivative
from rnn_dynamics.engine.cells.aligned import aligned, aligned_like, aligned_states
from rnn_dynamics.engine.cells.cell import (
    Adjoints,
    ByWeights,
    Factors,
    Weights,
    reorder_blocks,
    split_blocks,
    split_gates,
)

#: The order of computation is o, i, f, g: the three sigmoids lie side by side, and so do the three that feed c_t.
_TO_COMPUTE = (3, 0, 1, 2)
_TO_TORCH = (1, 2, 3, 0)


@dataclass(frozen=True)
class LstmRecord:
    """What the forward pass leaves; the four blocks are o, i, f, g.

    pre_activation (T, 4H, C): exp(−a) for the sigmoids, a for g. gates (T, 4H, C). hidden, cell_state (T+1, H, C), row
    0 the initial state. squashed (T, H, C): tanh(c_t). product (4H, C) and written (H, C) are scratch.
    """

    pre_activation: Array
    gates: Array
    hidden: Array
    cell_state: Array
    squashed: Array
    product: Array
    written: Array


class Lstm(ByWeights):
    """See the module's equations."""

    name = "lstm"
    label = "LSTM"
    short = "LSTM"
    module = "LSTM"
    gates: tuple[str, ...] = ("i", "f", "g", "o")
    keeps = "f"
    writes = "i"
    signed: tuple[str, ...] = ("g",)
    torch_steps: Mapping[str, str] = {"open": "cell(step, (h, *c))", "cut": "cell(step, (h.detach(), *c))"}
    torch_cell = ""
    blocks = 4
    delta_blocks = 4
    state_block = 2
    state_matrix = "W_hg"
    summed = "W_hh"
    feeds_back_output = False
    bounded = True
    torch_cost = 1
    components: tuple[str, ...] = ("hidden", "cell")

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = (parameters["bias_ih_l0"] + parameters["bias_hh_l0"])[..., None]
        return Weights(
            reorder_blocks(parameters["weight_ih_l0"], _TO_COMPUTE),
            reorder_blocks(parameters["weight_hh_l0"], _TO_COMPUTE),
            reorder_blocks(bias, _TO_COMPUTE),
        )

    def make_record(self, input_projection: Array, weights: Weights) -> LstmRecord:
        steps, *middle, rows, columns = input_projection.shape
        state = (*middle, rows // 4, columns)
        return LstmRecord(
            pre_activation=input_projection,
            gates=aligned(input_projection.shape),
            hidden=aligned_states(steps, state),
            cell_state=aligned_states(steps, state),
            squashed=aligned((steps, *state)),
            product=aligned((*middle, rows, columns)),
            written=aligned(state),
        )

    def forward_views(self, record: LstmRecord) -> Iterator[tuple[Array, ...]]:
        size = record.written.shape[-2]
        pre, gates = record.pre_activation, record.gates
        views = (
            *(pre, pre[..., : 3 * size, :], pre[..., 3 * size :, :], gates[..., : 3 * size, :]),
            *(gates[..., k * size : (k + 1) * size, :] for k in range(4)),
            *(record.hidden, record.cell_state, record.hidden[1:], record.cell_state[1:], record.squashed),
        )
        for step in zip(*views, strict=False):
            yield record.product, record.written, *step

    def step(self, weights: Weights, *views: Array) -> None:
        (product, written, pre, pre_sigmoid, pre_tanh, sigmoids, o, i, f, g) = views[:10]
        (hidden_before, cell_before, hidden, cell, squashed) = views[10:]
        weights.recurrent_product(hidden_before, out=product)
        np.add(pre, product, out=pre)
        sigmoid_in_place(pre_sigmoid, sigmoids)
        np.tanh(pre_tanh, out=g)
        np.multiply(f, cell_before, out=cell)
        np.multiply(i, g, out=written)
        np.add(cell, written, out=cell)
        np.tanh(cell, out=squashed)
        np.multiply(o, squashed, out=hidden)

    def make_factors(self, record: LstmRecord, steps: slice) -> Factors:
        o, i, f, g = split_gates(record.gates[steps], 4)
        size = o.shape[-2]
        cell_before, cell = record.cell_state[:-1][steps], record.cell_state[1:][steps]
        squashed = record.squashed[steps]
        pre = record.pre_activation[steps]
        local = aligned_like(pre)
        local_o, local_i, local_f, local_g = split_gates(local, 4)
        sigmoids = slice(None, 3 * size)
        of_sigmoids = (of[..., sigmoids, :] for of in (record.gates[steps], pre, local))
        sigmoid_derivative(*of_sigmoids)
        local_o *= squashed
        local_i *= g
        local_f *= cell_before
        np.multiply(i, tanh_derivative(g, pre[..., 3 * size :, :]), out=local_g)
        entry = tanh_derivative(squashed, cell)
        entry *= o
        return Factors((local,), path=f, entry=entry)

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        assert factors.entry is not None
        assert factors.path is not None
        hidden, cell = adjoints.states
        local, delta = split_blocks(factors.local[0], 4), split_blocks(adjoints.delta, 4)
        views = (
            *(hidden[1:], hidden, cell[1:], cell[1:, ..., None, :, :], cell),
            *(local[..., 0, :, :], local[..., 1:, :, :], factors.entry, factors.path),
            *(delta[..., 0, :, :], delta[..., 1:, :, :], adjoints.delta),
        )
        return list(zip(*views, strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        (hidden, hidden_before, cell, cell_by_gate, cell_before, local_o, local_ifg, entry, f) = views[:9]
        (delta_o, delta_ifg, delta) = views[9:]
        np.multiply(entry, hidden, out=delta_o)
        np.add(cell, delta_o, out=cell)
        np.multiply(local_o, hidden, out=delta_o)
        np.multiply(local_ifg, cell_by_gate, out=delta_ifg)
        np.multiply(f, cell, out=cell_before)
        weights.transposed_product(delta, out=hidden_before)

    def input_delta(self, delta: Array) -> Array:
        return delta

    def recurrent_delta(self, delta: Array) -> Array:
        return delta

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        return {
            "weight_ih_l0": reorder_blocks(by_input, _TO_TORCH),
            "weight_hh_l0": reorder_blocks(by_hidden, _TO_TORCH),
            "bias_ih_l0": reorder_blocks(bias[..., None], _TO_TORCH)[..., 0],
            "bias_hh_l0": reorder_blocks(recurrent_bias[..., None], _TO_TORCH)[..., 0],
        }

    def gate_values(self, record: LstmRecord) -> dict[str, Array]:
        o, i, f, g = split_gates(record.gates, 4)
        return {"i": i, "f": f, "g": g, "o": o}
