"""Coupled oscillatory RNN, coRNN (Rusch & Mishra 2021, arXiv:2010.00951, ICLR 2021): y″ = force − γ y − ε y′.

    a_t = W_ih x_t + b_ih + W_hh [y_{t−1}; z_{t−1}] + b_hh          W_hh (H, 2H) is [W | 𝒲] side by side
    z_t = z_{t−1} + Δt (tanh(a_t) − γ y_{t−1} − ε z_{t−1})          the velocity
    y_t = y_{t−1} + Δt z_t                                          the position, which is h and all that is read out

Each unit is an oscillator that γ pulls back and ε slows down; a network of the others and of the input drives it. The
order is that of the authors' code (github.com/tk-rusch/coRNN), which damps by z_{t−1}. Δt = DT, γ = GAMMA and ε =
EPSILON are the values with which that code reads handwritten digits pixel by pixel; here they are not learned.

Backwards, with dL/dz_t total (it holds Δt dL/dy_t, for y_t is made of z_t) and delta = dL/da_t:

    delta         = Δt (1 − tanh²(a_t)) ∘ dL/dz_t
    dL/dy_{t−1}   = dL/dy_t − Δt γ dL/dz_t + Wᵀ delta + (what the loss says of y_{t−1} directly)
    dL/dz_{t−1}   = (1 − Δt ε) dL/dz_t + 𝒲ᵀ delta

Without force (cut) an error of a unit is multiplied at each step by the transpose of one matrix of 2 × 2 numbers,

    M = [[1 − Δt² γ, Δt (1 − Δt ε)], [−Δt γ, 1 − Δt ε]],  det M = 1 − Δt ε,

whose eigenvalues lie inside the unit circle where 0 < Δt ε < 1 and 0 < Δt² γ < 4 − 2 Δt ε. The force is at most 1, so
no state leaves a bound that does not depend on T, whatever the weights are.

One step can enlarge an error by little. With η the largest absolute sum of a row of W_hh and J_t = ∂(y_t, z_t) /
∂(y_{t−1}, z_{t−1}), each row of ∂z_t has an absolute sum of at most Δt γ + 1 − Δt ε + Δt η, since slopes are at most 1
and Δt ε ≤ 1; and ∂y_t is ∂y_{t−1} + Δt ∂z_t, where 1 − Δt² γ ≥ 0. Hence

    ‖J_t‖_∞ ≤ 1 + max(Δt (η + γ − ε), Δt + Δt² (η − γ − ε))

It is a bound on what one step may do, and exceeds 1: over many steps a gradient may still grow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array, tanh_derivative
from rnn_dynamics.engine.cells.aligned import aligned, aligned_states
from rnn_dynamics.engine.cells.cell import Adjoints, Factors, Weights, multiply
from rnn_dynamics.engine.cells.elman import Elman

#: Δt, γ and ε: the defaults of sMNIST/sMNIST_task.py in the authors' code.
DT, GAMMA, EPSILON = 0.042, 2.7, 4.7
_TORCH_CELL = f"""class CoRNN(torch.nn.Module):  # torch has none
    def __init__(self):
        super().__init__()
        own = dict(weight_ih=weight_ih, weight_hh=WEIGHT_SCALE * weight_hh, bias_ih=bias_ih, bias_hh=bias_hh)
        for name, values in own.items():
            setattr(self, name, torch.nn.Parameter(torch.tensor(values)))

    def forward(self, step, state, drives):  # drives: what W_hh multiplies
        y, z = state
        force = torch.tanh(step @ self.weight_ih.T + self.bias_ih + drives @ self.weight_hh.T + self.bias_hh)
        z = z + {DT} * (force - {GAMMA} * y - {EPSILON} * z)
        return y + {DT} * z, z

cell = CoRNN()
"""


class CornnWeights(Weights):
    """With W and 𝒲, the halves of weight_hh (H, 2H), as two products."""

    @cached_property
    def halves(self) -> tuple[Array, Array]:
        """W and 𝒲, (..., H, H) each, in rows that lie side by side."""
        position, velocity = np.split(self.weight_hh, 2, axis=-1)
        return np.ascontiguousarray(position), np.ascontiguousarray(velocity)

    @cached_property
    def _transposed(self) -> tuple[Array, Array]:
        position, velocity = (np.ascontiguousarray(half.swapaxes(-1, -2)) for half in self.halves)
        return position, velocity

    def multiplied(self, record: Any) -> Array:
        """Positions above velocities, (T, ..., 2H, C)."""
        return np.concatenate([record.hidden[:-1], record.velocity[:-1]], axis=-2)

    def recurrent_product(self, hidden: Array, out: Array) -> None:
        """Write W y to `out`."""
        multiply(self.halves[0], self.scaled(hidden), out)

    def velocity_product(self, velocity: Array, out: Array) -> None:
        """Write 𝒲 z to `out`."""
        multiply(self.halves[1], self.scaled(velocity), out)

    def transposed_product(self, delta: Array, out: Array) -> None:
        """Write Wᵀ delta to `out`."""
        multiply(self._transposed[0], self.scaled(delta), out)

    def transposed_velocity_product(self, delta: Array, out: Array) -> None:
        """Write 𝒲ᵀ delta to `out`."""
        multiply(self._transposed[1], self.scaled(delta), out)

    def matrix_of(self, method: str, *_: Any) -> tuple[Array, Array | None]:
        """The half that is asked for, or its transpose."""
        pair = self._transposed if method.startswith("transposed") else self.halves
        return pair["velocity" in method], self.scale


@dataclass(frozen=True)
class CornnRecord:
    """pre_activation, force (T, H, C): a_t and its tanh; hidden, velocity (T+1, H, C): y and z, row 0 the initial ones.

    product (H, C) is scratch.
    """

    pre_activation: Array
    force: Array
    hidden: Array
    velocity: Array
    product: Array
    cell_state: None = None


class Cornn(Elman):
    """See the module's equations; its one block and its parameters are named as an Elman network's."""

    name = "cornn"
    label = "coRNN"
    short = "coRNN"
    module = ""
    torch_steps: Mapping[str, str] = {
        "open": "cell(step, (h, *c), torch.cat((h, *c), dim=-1))",
        "cut": "cell(step, (h, *c), torch.cat((h, *c), dim=-1).detach())",
    }
    torch_cell = _TORCH_CELL
    torch_cost = 3  # step by step
    state_matrix = "W"
    oscillates = True
    gain = DT**2
    constants: Mapping[str, float] = {"dt": DT, "gamma": GAMMA, "epsilon": EPSILON}
    components: tuple[str, ...] = ("hidden", "velocity")
    letters: Mapping[str, str] = {"hidden": "h_t", "velocity": "z_t"}

    def matrix(self, parameters: Mapping[str, Array]) -> Array:
        return np.split(parameters["weight_hh_l0"], 2, axis=1)[0]

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = parameters["bias_ih_l0"] + parameters["bias_hh_l0"]
        return CornnWeights(parameters["weight_ih_l0"], parameters["weight_hh_l0"], bias[..., None])

    def make_record(self, input_projection: Array, weights: Weights) -> Any:
        steps, *state = input_projection.shape
        hidden, velocity = (aligned_states(steps, tuple(state)) for _ in range(2))
        return CornnRecord(input_projection, aligned(input_projection.shape), hidden, velocity, aligned(tuple(state)))

    def forward_views(self, record: Any) -> Iterator[tuple[Array, ...]]:
        states = (record.hidden, record.hidden[1:], record.velocity, record.velocity[1:])
        for views in zip(record.pre_activation, record.force, *states, strict=False):
            yield record.product, *views

    def step(self, weights: Weights, *views: Array) -> None:
        assert isinstance(weights, CornnWeights)
        product, pre, force, hidden_before, hidden, velocity_before, velocity = views
        weights.recurrent_product(hidden_before, out=product)
        np.add(pre, product, out=pre)
        weights.velocity_product(velocity_before, out=product)
        np.add(pre, product, out=pre)
        np.tanh(pre, out=force)
        np.multiply(hidden_before, GAMMA, out=product)
        np.subtract(force, product, out=velocity)
        np.multiply(velocity_before, EPSILON, out=product)
        np.subtract(velocity, product, out=velocity)
        np.multiply(velocity, DT, out=velocity)
        np.add(velocity, velocity_before, out=velocity)
        np.multiply(velocity, DT, out=product)
        np.add(hidden_before, product, out=hidden)

    def make_factors(self, record: Any, steps: slice) -> Factors:
        slope = tanh_derivative(record.force[steps], record.pre_activation[steps])
        slope *= DT
        return Factors((slope,))

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        hidden, velocity = adjoints.states
        views = (hidden[1:], hidden, velocity[1:], velocity, factors.local[0], adjoints.delta)
        return list(zip(*views, repeat(aligned(hidden.shape[1:])), strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        assert isinstance(weights, CornnWeights)
        hidden, hidden_before, velocity, velocity_before, slope, delta, part = views
        np.multiply(hidden, DT, out=part)
        np.add(velocity, part, out=velocity)
        np.multiply(slope, velocity, out=delta)
        weights.transposed_product(delta, out=hidden_before)
        np.add(hidden_before, hidden, out=hidden_before)
        np.multiply(velocity, DT * GAMMA, out=part)
        np.subtract(hidden_before, part, out=hidden_before)
        weights.transposed_velocity_product(delta, out=velocity_before)
        np.multiply(velocity, 1.0 - DT * EPSILON, out=part)
        np.add(velocity_before, part, out=velocity_before)
