"""Elman network (Elman 1990) with tanh, or with ReLU, as `torch.nn.RNN`.

    a_t = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    h_t = tanh(a_t)

and backwards, with adjoint_t = dL/dh_t (total) and delta_t = dL/da_t:

    delta_t     = (1 − tanh²(a_t)) ∘ adjoint_t
    adjoint_t−1 = W_hhᵀ delta_t + (what the loss says of h_{t−1} directly)

With ReLU, h_t = max(a_t, 0), and the slope in the place of 1 − tanh² is 1 where a_t > 0, else 0; at a_t = 0 too, as in
torch. Its states have no bound: they may grow by the weight scale and more at each step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rnn_dynamics.engine.cells.activations import Array, tanh_derivative
from rnn_dynamics.engine.cells.aligned import aligned, aligned_states
from rnn_dynamics.engine.cells.cell import Adjoints, ByWeights, Factors, Weights


@dataclass(frozen=True)
class ElmanRecord:
    """pre_activation (T, H, C): a_t; hidden (T+1, H, C): h_t, row 0 the initial state; product: scratch (H, C)."""

    pre_activation: Array
    hidden: Array
    product: Array
    cell_state: None = None


class Elman(ByWeights):
    """See the module's equations."""

    name = "rnn"
    label = "Vanilla RNN"
    short = "RNN"
    module = "RNN"
    gates: tuple[str, ...] = ()
    keeps = ""
    writes = ""
    signed: tuple[str, ...] = ()
    torch_steps: Mapping[str, str] = {"open": "(cell(step, h),)", "cut": "(cell(step, h.detach()),)"}
    torch_cell = ""
    blocks = 1
    delta_blocks = 1
    state_block = 0
    state_matrix = "W_hh"
    summed = "W_hh"
    feeds_back_output = False
    bounded = True
    torch_cost = 1
    components: tuple[str, ...] = ("hidden",)

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = parameters["bias_ih_l0"] + parameters["bias_hh_l0"]
        return Weights(parameters["weight_ih_l0"], parameters["weight_hh_l0"], bias[..., None])

    def make_record(self, input_projection: Array, weights: Weights) -> ElmanRecord:
        steps, *rows_and_columns = input_projection.shape
        return ElmanRecord(
            input_projection, aligned_states(steps, tuple(rows_and_columns)), aligned(tuple(rows_and_columns))
        )

    def forward_views(self, record: ElmanRecord) -> Iterator[tuple[Array, ...]]:
        for views in zip(record.pre_activation, record.hidden, record.hidden[1:], strict=False):
            yield record.product, *views

    def step(self, weights: Weights, *views: Array) -> None:
        product, pre_activation, hidden_before, hidden = views
        weights.recurrent_product(hidden_before, out=product)
        np.add(pre_activation, product, out=pre_activation)
        np.tanh(pre_activation, out=hidden)

    def make_factors(self, record: ElmanRecord, steps: slice) -> Factors:
        return Factors((tanh_derivative(record.hidden[1:][steps], record.pre_activation[steps]),))

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        (adjoint,) = adjoints.states
        return list(zip(adjoint[1:], adjoint, factors.local[0], adjoints.delta, strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        adjoint, adjoint_before, derivative, delta = views
        np.multiply(derivative, adjoint, out=delta)
        weights.transposed_product(delta, out=adjoint_before)

    def input_delta(self, delta: Array) -> Array:
        return delta

    def recurrent_delta(self, delta: Array) -> Array:
        return delta

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        return {"weight_ih_l0": by_input, "weight_hh_l0": by_hidden, "bias_ih_l0": bias, "bias_hh_l0": recurrent_bias}

    def gate_values(self, record: ElmanRecord) -> dict[str, Array]:
        return {}


class ReluElman(Elman):
    """The same with ReLU."""

    label = "Vanilla RNN, ReLU"
    bounded = False

    def step(self, weights: Weights, *views: Array) -> None:
        product, pre_activation, hidden_before, hidden = views
        with np.errstate(over="ignore", invalid="ignore"):  # `run` refuses what has outgrown float64
            weights.recurrent_product(hidden_before, out=product)
            np.add(pre_activation, product, out=pre_activation)
        np.maximum(pre_activation, 0.0, out=hidden)

    def make_factors(self, record: ElmanRecord, steps: slice) -> Factors:
        return Factors(((record.pre_activation[steps] > 0.0).astype(np.float64),))
