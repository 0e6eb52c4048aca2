"""GRU whose reset gate comes before the product, as in Cho et al. 2014 from their second version on.

It is what `keras.layers.GRU(reset_after=False)` and ONNX's GRU by default (linear_before_reset = 0) compute; PyTorch's
own form is in `gru`. Gates and state are those of that form; the candidate alone is another:

    n = tanh(W_in x_t + b_in + W_hn (r ∘ h_{t−1}) + b_hn)

and backwards, with adjoint_t = dL/dh_t (total) and delta = dL/d(pre-activation):

    delta_n = (1 − z)(1 − n²) ∘ adjoint_t          delta_z = (h_{t−1} − n) σ'(a_z) ∘ adjoint_t
    s       = W_hnᵀ delta_n                        delta_r = h_{t−1} σ'(a_r) ∘ s
    adjoint_t−1 = z ∘ adjoint_t + r ∘ s + (W_hr, W_hz)ᵀ (delta_r, delta_z) + (what the loss says of h_{t−1} directly)

So an error meets W_hn first and r afterwards, and the gradient of W_hn is a sum of delta_n (r ∘ h_{t−1})ᵀ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array, sigmoid_derivative, sigmoid_in_place
from rnn_dynamics.engine.cells.aligned import aligned, aligned_like, aligned_states
from rnn_dynamics.engine.cells.cell import Adjoints, Factors, Weights, multiply, split_blocks, split_gates
from rnn_dynamics.engine.cells.gru import Gru

_TORCH_CELL = """class ResetBefore(torch.nn.GRUCell):  # torch's resets after the product
    def forward(self, step, h):
        by_r, by_z, by_n = self.weight_hh.chunk(3)
        r, z, n = (step @ self.weight_ih.T + self.bias_ih + self.bias_hh).chunk(3, dim=-1)
        r, z = torch.sigmoid(r + h @ by_r.T), torch.sigmoid(z + h @ by_z.T)
        return (1 - z) * torch.tanh(n + (r * h) @ by_n.T) + z * h

cell = ResetBefore(D, H, dtype=torch.float64)
LOAD"""


@dataclass(frozen=True, kw_only=True)
class ResetBeforeWeights(Weights):
    """Blocks r, z, n, of which the last multiplies r ∘ h. `carries`: whether an error goes back through W_hh h."""

    carries: bool = True

    def cut(self) -> Weights:
        """The same where h_{t−1} counts as a constant inside the gates; r inside the candidate does not."""
        return replace(self, carries=False)

    def multiplied(self, record: Any) -> Array:
        """What W_hh multiplies: (h_{t−1}, r ∘ h_{t−1}), (T, ..., 2H, C)."""
        return np.concatenate([record.hidden[:-1], record.reset], axis=-2)

    def by_sequence(self, delta: Array, multiplied: Array) -> tuple[Array, Array]:
        """The two products of a step as those of twice as many sequences."""
        (of_gates, of_candidate), rows = np.zeros((2, *delta.shape)), 2 * delta.shape[-2] // 3
        of_gates[..., :rows, :], of_candidate[..., rows:, :] = delta[..., :rows, :], delta[..., rows:, :]
        halves = split_gates(multiplied, 2)
        return np.concatenate([of_gates, of_candidate], axis=-1), np.concatenate(halves, axis=-1)

    def product(self, rows: slice, hidden: Array, out: Array) -> None:
        """Write some rows of W_hh, times (r ∘) h, to `out`."""
        multiply(self.weight_hh[..., rows, :], self.scaled(hidden), out)

    def transposed(self, rows: slice, delta: Array, out: Array) -> None:
        """Write these rows, transposed, times delta to `out`."""
        multiply(self.weight_hh[..., rows, :].swapaxes(-1, -2), delta, out)
        if self.scale is not None:
            np.multiply(out, self.scale, out=out)

    def matrix_of(self, method: str, *rows: slice) -> tuple[Array, Array | None]:
        """Some rows of W_hh, or these transposed."""
        of_rows = self.weight_hh[..., rows[0], :]
        return of_rows if method == "product" else of_rows.swapaxes(-1, -2), self.scale


@dataclass(frozen=True)
class ResetBeforeRecord:
    """What the forward pass leaves.

    pre_activation (T, 3H, C): exp(−a) for r and z, a for n. gates (T, 3H, C): r, z, n. reset (T, H, C): r ∘ h_{t−1}.
    hidden (T+1, H, C), row 0 the initial state. product (3H, C) is scratch.
    """

    pre_activation: Array
    gates: Array
    reset: Array
    hidden: Array
    product: Array
    cell_state: None = None


class GruResetBefore(Gru):
    """See the module's equations."""

    module = ""
    torch_cell = _TORCH_CELL
    delta_blocks = 3

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = (parameters["bias_ih_l0"] + parameters["bias_hh_l0"])[..., None]
        return ResetBeforeWeights(parameters["weight_ih_l0"], parameters["weight_hh_l0"], bias)

    def make_record(self, input_projection: Array, weights: Weights) -> Any:
        steps, *middle, rows, columns = input_projection.shape
        state = (*middle, rows // 3, columns)
        return ResetBeforeRecord(
            pre_activation=input_projection,
            gates=aligned(input_projection.shape),
            reset=aligned((steps, *state)),
            hidden=aligned_states(steps, state),
            product=aligned((*middle, rows, columns)),
        )

    def forward_views(self, record: Any) -> Iterator[tuple[Array, ...]]:
        size = record.hidden.shape[-2]
        pre, gates, product = record.pre_activation, record.gates, record.product
        views = (
            *(pre[..., : 2 * size, :], pre[..., 2 * size :, :], gates[..., : 2 * size, :]),
            *(gates[..., k * size : (k + 1) * size, :] for k in range(3)),
            *(record.reset, record.hidden, record.hidden[1:]),
        )
        for step in zip(*views, strict=False):
            yield product[..., : 2 * size, :], product[..., 2 * size :, :], *step

    def step(self, weights: Weights, *views: Array) -> None:
        assert isinstance(weights, ResetBeforeWeights)
        (product_rz, product_n, pre_sigmoid, pre_tanh, sigmoids, r, z, n, reset, hidden_before, hidden) = views
        size = n.shape[-2]
        weights.product(slice(0, 2 * size), hidden_before, product_rz)
        np.add(pre_sigmoid, product_rz, out=pre_sigmoid)
        sigmoid_in_place(pre_sigmoid, sigmoids)
        np.multiply(r, hidden_before, out=reset)
        weights.product(slice(2 * size, None), reset, product_n)
        np.add(pre_tanh, product_n, out=pre_tanh)
        np.tanh(pre_tanh, out=n)
        # (1 − z) n + z h = n + z (h − n)
        np.subtract(hidden_before, n, out=hidden)
        np.multiply(z, hidden, out=hidden)
        np.add(hidden, n, out=hidden)

    def make_factors(self, record: Any, steps: slice) -> Factors:
        r, z, n = split_gates(record.gates[steps], 3)
        keep_r, keep_z, pre_n = split_gates(record.pre_activation[steps], 3)
        hidden_before = record.hidden[:-1][steps]
        local = aligned_like(record.gates[steps])
        local_r, local_z, local_n = split_gates(local, 3)
        np.multiply(sigmoid_derivative(r, keep_r), hidden_before, out=local_r)
        self._mixture_factors(z, keep_z, n, pre_n, hidden_before, local_z, local_n)
        return Factors((local, r), path=z)

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        assert factors.path is not None
        (adjoint,) = adjoints.states
        size = adjoint.shape[-2]
        local, delta = factors.local[0], adjoints.delta
        views = (
            *(adjoint[1:], adjoint[1:, ..., None, :, :], adjoint, factors.local[1], factors.path),
            *(local[..., :size, :], split_blocks(local[..., size:, :], 2)),
            *(delta[..., :size, :], split_blocks(delta[..., size:, :], 2)),
            *(delta[..., : 2 * size, :], delta[..., 2 * size :, :], repeat(aligned((2, *adjoint.shape[1:])))),
        )
        return list(zip(*views, strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        assert isinstance(weights, ResetBeforeWeights)
        (adjoint, adjoint_by_gate, adjoint_before, r, z, local_r, local_zn) = views[:7]
        (delta_r, delta_zn, delta_rz, delta_n, (by_reset, kept)) = views[7:]
        size = r.shape[-2]
        np.multiply(local_zn, adjoint_by_gate, out=delta_zn)
        weights.transposed(slice(2 * size, None), delta_n, by_reset)
        np.multiply(local_r, by_reset, out=delta_r)
        np.multiply(z, adjoint, out=kept)
        if not weights.carries:
            adjoint_before[...] = kept
            return
        weights.transposed(slice(0, 2 * size), delta_rz, adjoint_before)
        np.multiply(r, by_reset, out=by_reset)
        np.add(adjoint_before, by_reset, out=adjoint_before)
        np.add(adjoint_before, kept, out=adjoint_before)

    def input_delta(self, delta: Array) -> Array:
        return delta

    def recurrent_delta(self, delta: Array) -> Array:
        return delta

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        rows, size = 2 * len(by_hidden) // 3, len(by_hidden) // 3
        by_hidden = np.concatenate([by_hidden[:rows, :size], by_hidden[rows:, size:]])
        return {"weight_ih_l0": by_input, "weight_hh_l0": by_hidden, "bias_ih_l0": bias, "bias_hh_l0": recurrent_bias}
