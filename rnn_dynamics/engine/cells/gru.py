"""GRU (Cho et al. 2014) in PyTorch's form, as `torch.nn.GRU`: z keeps the old state, r sits inside the candidate.

    r = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)
    z = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)
    q = W_hn h_{t−1} + b_hn
    n = tanh(W_in x_t + b_in + r ∘ q)
    h_t = (1 − z) ∘ n + z ∘ h_{t−1}

and backwards, with adjoint_t = dL/dh_t (total) and delta = dL/d(pre-activation):

    delta_n = (1 − z)(1 − n²) ∘ adjoint_t          delta_q = r ∘ delta_n
    delta_z = (h_{t−1} − n) σ'(a_z) ∘ adjoint_t    delta_r = q σ'(a_r) ∘ delta_n
    adjoint_t−1 = z ∘ adjoint_t + W_hhᵀ (delta_r, delta_z, delta_q) + (what the loss says of h_{t−1} directly)

The additive path is the term z ∘ adjoint_t.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from rnn_dynamics.engine.cells.activations import (
    Array,
    sigmoid_complement,
    sigmoid_derivative,
    sigmoid_in_place,
    tanh_derivative,
)
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

#: W_hh is computed in the order n, r, z, so that delta (q, r, z, n) holds both (q, r, z) and (r, z, n) side by side.
_TO_COMPUTE = (2, 0, 1)
_TO_TORCH = (1, 2, 0)


@dataclass(frozen=True)
class GruRecord:
    """What the forward pass leaves.

    pre_activation (T, 3H, C): exp(−a) for r and z, a for n. gates (T, 3H, C): r, z, n. candidate (T, H, C): q. hidden
    (T+1, H, C), row 0 the initial state. product (3H, C) and reset (H, C) are scratch.
    """

    pre_activation: Array
    gates: Array
    candidate: Array
    hidden: Array
    product: Array
    reset: Array
    cell_state: None = None


class Gru(ByWeights):
    """See the module's equations."""

    name = "gru"
    label = "GRU"
    short = "GRU"
    module = "GRU"
    gates: tuple[str, ...] = ("r", "z", "n")
    keeps = "z"
    writes = ""
    signed: tuple[str, ...] = ("n",)
    # Cut, the second term adds 0, and on the way back the path z.
    torch_steps: Mapping[str, str] = {
        "open": "(cell(step, h),)",
        "cut": "(cell(step, h.detach()) + z(cell, step, h.detach()) * (h - h.detach()),)",
    }
    torch_cell = ""
    blocks = 3
    delta_blocks = 4
    state_block = 2
    state_matrix = "W_hn"
    summed = "W_hh"
    feeds_back_output = False
    bounded = True
    torch_cost = 3  # torch has no fast one
    components: tuple[str, ...] = ("hidden",)

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias_hh = parameters["bias_hh_l0"][..., None]
        size = bias_hh.shape[-2] // 3
        bias = parameters["bias_ih_l0"][..., None].copy()
        bias[..., : 2 * size, :] += bias_hh[..., : 2 * size, :]
        return Weights(
            parameters["weight_ih_l0"],
            reorder_blocks(parameters["weight_hh_l0"], _TO_COMPUTE),
            bias,
            recurrent_bias=bias_hh[..., 2 * size :, :],
        )

    def make_record(self, input_projection: Array, weights: Weights) -> GruRecord:
        assert weights.recurrent_bias is not None
        steps, *middle, rows, columns = input_projection.shape
        state = (*middle, rows // 3, columns)
        candidate = aligned((steps, *state))
        candidate[...] = weights.recurrent_bias
        return GruRecord(
            pre_activation=input_projection,
            gates=aligned(input_projection.shape),
            candidate=candidate,
            hidden=aligned_states(steps, state),
            product=aligned((*middle, rows, columns)),
            reset=aligned(state),
        )

    def forward_views(self, record: GruRecord) -> Iterator[tuple[Array, ...]]:
        size = record.reset.shape[-2]
        pre, gates, product = record.pre_activation, record.gates, record.product
        views = (
            *(pre[..., : 2 * size, :], pre[..., 2 * size :, :], gates[..., : 2 * size, :]),
            *(gates[..., k * size : (k + 1) * size, :] for k in range(3)),
            *(record.candidate, record.hidden, record.hidden[1:]),
        )
        for step in zip(*views, strict=False):
            yield product, product[..., :size, :], product[..., size:, :], record.reset, *step

    def step(self, weights: Weights, *views: Array) -> None:
        (product, product_n, product_rz, reset, pre_sigmoid, pre_tanh, sigmoids, r, z, n) = views[:10]
        (candidate, hidden_before, hidden) = views[10:]
        weights.recurrent_product(hidden_before, out=product)
        np.add(pre_sigmoid, product_rz, out=pre_sigmoid)
        sigmoid_in_place(pre_sigmoid, sigmoids)
        np.add(candidate, product_n, out=candidate)
        np.multiply(r, candidate, out=reset)
        np.add(pre_tanh, reset, out=pre_tanh)
        np.tanh(pre_tanh, out=n)
        # (1 − z) n + z h = n + z (h − n)
        np.subtract(hidden_before, n, out=hidden)
        np.multiply(z, hidden, out=hidden)
        np.add(hidden, n, out=hidden)

    def make_factors(self, record: GruRecord, steps: slice) -> Factors:
        r, z, n = split_gates(record.gates[steps], 3)
        keep_r, keep_z, pre_n = split_gates(record.pre_activation[steps], 3)
        candidate, hidden_before = record.candidate[steps], record.hidden[:-1][steps]
        *outer, _, columns = n.shape
        local = aligned_like(n, (*outer, 4 * n.shape[-2], columns))
        local_q, local_r, local_z, local_n = split_gates(local, 4)
        self._mixture_factors(z, keep_z, n, pre_n, hidden_before, local_z, local_n)
        np.multiply(r, local_n, out=local_q)
        np.multiply(sigmoid_derivative(r, keep_r), candidate, out=local_r)
        local_r *= local_n
        return Factors((local,), path=z)

    @staticmethod
    def _mixture_factors(
        z: Array, keep_z: Array, n: Array, pre_n: Array, hidden_before: Array, local_z: Array, local_n: Array
    ) -> None:
        """Write what multiplies the adjoint of (1 − z) n + z h to give delta_z and delta_n."""
        shut = sigmoid_complement(z, keep_z)
        np.multiply(shut, tanh_derivative(n, pre_n), out=local_n)
        shut *= z
        np.subtract(hidden_before, n, out=local_z)
        local_z *= shut

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        assert factors.path is not None
        (adjoint,) = adjoints.states
        size = adjoint.shape[-2]
        kept = aligned(adjoint.shape[1:])
        views = (
            *(adjoint[1:], adjoint[1:, ..., None, :, :], adjoint, split_blocks(factors.local[0], 4), factors.path),
            *(split_blocks(adjoints.delta, 4), adjoints.delta[..., : 3 * size, :], repeat(kept)),
        )
        return list(zip(*views, strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        adjoint, adjoint_by_gate, adjoint_before, local, z, delta, delta_recurrent, kept = views
        np.multiply(local, adjoint_by_gate, out=delta)
        np.multiply(z, adjoint, out=kept)
        weights.transposed_product(delta_recurrent, out=adjoint_before)
        np.add(adjoint_before, kept, out=adjoint_before)

    def input_delta(self, delta: Array) -> Array:
        return delta[..., delta.shape[-2] // 4 :, :]

    def recurrent_delta(self, delta: Array) -> Array:
        return delta[..., : 3 * delta.shape[-2] // 4, :]

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        return {
            "weight_ih_l0": by_input,
            "weight_hh_l0": reorder_blocks(by_hidden, _TO_TORCH),
            "bias_ih_l0": bias,
            "bias_hh_l0": reorder_blocks(recurrent_bias[..., None], _TO_TORCH)[..., 0],
        }

    def gate_values(self, record: GruRecord) -> dict[str, Array]:
        r, z, n = split_gates(record.gates, 3)
        return {"r": r, "z": z, "n": n}
