"""Linear Recurrent Unit (Orvieto et al. 2023, "Resurrecting Recurrent Neural Networks for Long Sequences", section 3).

    λ = exp(−e^ν + i e^θ)                        section 3.3: |λ| < 1, whatever ν is
    x_t = λ ∘ x_{t−1} + e^γ ∘ (B u_t + b)        section 3.4: e^γ = √(1 − |λ|²) at the start, learned from there on

ν, θ and γ are the paper's ν^log, θ^log and γ^log, the parameters nu_log, theta_log and gamma_log. x is complex and kept
as two real numbers: h_t = (Re x_t, Im x_t), so H units are H/2 complex ones; where H is odd, the last one is real, and
no θ turns it. B is W_ih, its rows in the same order; b, which the paper has not, is 0 unless the initialisation draws
biases. The paper reads out y = Re(C x) + D u: a matrix times h is Re(C x), and D u, which no state
carries, is left to the layer above. At the start (Lemma 3.2) λ is uniform on the ring RING of the complex plane: |λ|²
uniform between the squares of its radii, the phase on the whole circle. W_ih is drawn as every cell's is; the paper's B
has 1/√2 of the Gaussian's standard deviation.

There is no W_hh. The weight scale s multiplies how long a unit remembers, −1/ln |λ|, so |λ| becomes |λ|^(1/s): 0 at
s = 0, towards 1 as s grows, and below it at any s. e^γ is that of the ring that was moved. Backwards, with adjoint_t =
dL/dh_t read as Re + i Im of a complex number, a bar for its conjugate, and p_t = λ ∘ x_{t−1},

    adjoint_t−1 = λ̄ ∘ adjoint_t + (what the loss says of h_{t−1} directly)
    dL/dν = −e^ν Σ_t Re(p̄_t ∘ adjoint_t)          dL/dθ = e^θ Σ_t Im(p̄_t ∘ adjoint_t)
    dL/dγ = Σ_t Re(e^γ (B u_t + b)‾ ∘ adjoint_t)

So the error of a unit is turned and multiplied by |λ| at each step, whatever is read, and ∂h_t/∂h_{t−1} is the same
matrix Λ at every step: 2 × 2 blocks of |λ| times a rotation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.random import Generator

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.aligned import aligned, aligned_like, aligned_states
from rnn_dynamics.engine.cells.cell import Adjoints, ByWeights, Factors, Weights, split_blocks, split_gates

#: |λ| at the start: the smallest and the largest, as the paper has them on its longer tasks.
RING = (0.9, 0.999)
#: The weight scale that stands for 0, at which λ is 0 in float64 and ν still a number.
_FORGETS_ALL = 1e-300
#: By what the blocks of `LruWeights.by_row` differ between the two rows of a unit.
_OF_IMAGINARY = np.array([1.0, -1.0, 1.0, 1.0, -1.0])[:, None, None]
_TORCH_DRAW = f"""squares = rng.uniform({RING[0]} ** 2, {RING[1]} ** 2, H - H // 2)  # of |lambda|, on a ring
nu_log = np.log(-0.5 * np.log(squares)) - np.log(max(WEIGHT_SCALE, {_FORGETS_ALL}))
theta_log = np.log(2 * np.pi * (1 - rng.random(H // 2)))
gamma_log = 0.5 * np.log(-np.expm1(-2 * np.exp(nu_log)))
"""
_TORCH_CELL = """class LRU(torch.nn.Module):  # torch has none
    def __init__(self):
        super().__init__()
        own = dict(weight_ih=weight_ih, bias_ih=bias_ih, nu_log=nu_log, theta_log=theta_log, gamma_log=gamma_log)
        for name, values in own.items():
            setattr(self, name, torch.nn.Parameter(torch.tensor(values)))

    def forward(self, step, h):
        turn = torch.nn.functional.pad(self.theta_log.exp(), (0, H % 2))  # a last unit without a partner stays real
        factor = torch.exp(torch.complex(-self.nu_log.exp(), turn))
        read = self.units(step @ self.weight_ih.T + self.bias_ih)
        x = factor * self.units(h) + self.gamma_log.exp() * read
        return torch.cat([x.real[..., : H // 2], x.imag[..., : H // 2], x.real[..., H // 2 :]], dim=-1)

    def units(self, rows):
        real = torch.cat([rows[..., : H // 2], rows[..., H // 2 * 2 :]], dim=-1)
        return torch.complex(real, torch.nn.functional.pad(rows[..., H // 2 : H // 2 * 2], (0, H % 2)))

cell = LRU()
"""


@dataclass(frozen=True, kw_only=True)
class LruWeights(Weights):
    """With ν and γ of each complex unit (..., ⌈H/2⌉, 1), and θ (..., ⌊H/2⌋, 1) of those that turn."""

    nu_log: Array
    theta_log: Array
    gamma_log: Array

    @property
    def _pairs(self) -> int:
        """How many units have two rows of h."""
        return int(self.theta_log.shape[-2])

    def by_row(self) -> Array:
        """What the rows of h are multiplied by, five blocks (..., 5H, 1 or C).

        Re λ; Im λ, with a minus for a real part; e^γ; −e^ν; e^θ with the sign of Im λ. So λ ∘ x is the first ∘ x + the
        second ∘ (x with its parts exchanged), and λ̄ ∘ x the same with a minus between them.
        """
        decay = np.exp(self.nu_log)
        if self.scale is not None:
            decay = decay / np.maximum(self.scale, _FORGETS_ALL)
        gain = np.exp(self.gamma_log if self.scale is None else _gamma_log(decay))
        angle = np.zeros_like(self.nu_log)
        angle[..., : self._pairs, :] = np.exp(self.theta_log)
        size = np.exp(-decay)
        columns = np.broadcast_arrays(size * np.cos(angle), -size * np.sin(angle), gain, -decay, -angle)
        units = np.stack(columns, axis=-3)
        turning, still = units[..., : self._pairs, :], units[..., self._pairs :, :]
        rows = np.concatenate([turning, turning * _OF_IMAGINARY, still], axis=-2)
        return rows.reshape(*rows.shape[:-3], -1, rows.shape[-1])

    def exchange(self, rows: Array, out: Array) -> None:
        """Write rows (..., H, C), real parts in the place of imaginary ones and the other way round, to `out`."""
        pairs = self._pairs
        real, imaginary, still = slice(0, pairs), slice(pairs, 2 * pairs), slice(2 * pairs, None)
        for into, of in ((real, imaginary), (imaginary, real), (still, still)):
            out[..., into, :] = rows[..., of, :]

    def matrix_of(self, method: str, *_: Any) -> tuple[Array, None]:
        """The permutation that `exchange` is."""
        identity = np.eye(self.weight_ih.shape[-2])
        permutation = np.empty_like(identity)
        self.exchange(identity, permutation)
        return permutation, None


@dataclass(frozen=True)
class LruRecord:
    """What the forward pass leaves.

    added (T, H, C): e^γ ∘ (B u + b). exchanged (T, H, C): x_{t−1} with its parts exchanged. hidden (T+1, H, C), row 0
    the initial state. by_row (1, 5H, C): see `LruWeights.by_row`. moved (H, C) is scratch.
    """

    added: Array
    exchanged: Array
    hidden: Array
    moved: Array
    by_row: Array
    cell_state: None = None


class Lru(ByWeights):
    """See the module's equations."""

    name = "lru"
    label = "Linear Recurrent Unit"
    short = "LRU"
    module = ""
    gates: tuple[str, ...] = ()
    keeps = ""
    writes = ""
    signed: tuple[str, ...] = ()
    torch_steps: Mapping[str, str] = {"open": "(cell(step, h),)", "cut": "(cell(step, h),)"}  # there is nothing to cut
    torch_cell = _TORCH_CELL
    torch_draw = _TORCH_DRAW
    blocks = 1
    delta_blocks = 4
    state_block = 0
    state_matrix = "Λ"
    summed = "W_ih"
    feeds_back_output = False
    bounded = True
    rotates = True
    torch_cost = 1
    components: tuple[str, ...] = ("hidden",)

    def further(self, size: int) -> dict[str, tuple[int, ...]]:
        return {"nu_log": (size - size // 2,), "theta_log": (size // 2,), "gamma_log": (size - size // 2,)}

    def draw_further(self, size: int, generator: Generator) -> dict[str, Array]:
        lowest, highest = np.square(RING)
        nu_log = np.log(-0.5 * np.log(generator.uniform(lowest, highest, size - size // 2)))
        theta_log = np.log(2.0 * np.pi * (1.0 - generator.random(size // 2)))
        return {"nu_log": nu_log, "theta_log": theta_log, "gamma_log": _gamma_log(np.exp(nu_log))}

    def at_scale(self, parameters: Mapping[str, Array], scale: float) -> dict[str, Array]:
        moved = dict(parameters)
        for name in (name for name in parameters if name.startswith("nu_log")):
            moved[name] = parameters[name] - np.log(max(scale, _FORGETS_ALL))
            moved[name.replace("nu", "gamma")] = _gamma_log(np.exp(moved[name]))
        return moved

    def matrix(self, parameters: Mapping[str, Array]) -> Array:
        weights, identity = self.make_weights(parameters), np.eye(len(parameters["weight_ih_l0"]))
        (real, turn, *_), (exchange, _) = split_gates(weights.by_row(), 5), weights.matrix_of("exchange")
        return np.asarray(real * identity + turn * exchange)

    def make_weights(self, parameters: Mapping[str, Array]) -> LruWeights:
        return LruWeights(
            weight_ih=parameters["weight_ih_l0"],
            weight_hh=parameters["weight_ih_l0"][..., :0, :],  # none
            bias=parameters["bias_ih_l0"][..., None],
            **{name: parameters[f"{name}_l0"][..., None] for name in self.further(0)},
        )

    def make_record(self, input_projection: Array, weights: Weights) -> LruRecord:
        assert isinstance(weights, LruWeights)
        steps, *state = input_projection.shape
        *middle, size, columns = state
        by_row = aligned((1, *middle, 5 * size, columns))
        by_row[...] = weights.by_row()
        np.multiply(input_projection, split_gates(by_row, 5)[2], out=input_projection)
        exchanged, hidden = aligned(input_projection.shape), aligned_states(steps, tuple(state))
        return LruRecord(input_projection, exchanged, hidden, aligned(tuple(state)), by_row)

    def forward_views(self, record: LruRecord) -> Iterator[tuple[Array, ...]]:
        real, turn, *_ = split_gates(record.by_row[0], 5)
        for step in zip(record.exchanged, record.added, record.hidden, record.hidden[1:], strict=False):
            yield record.moved, real, turn, *step

    def step(self, weights: Weights, *views: Array) -> None:
        assert isinstance(weights, LruWeights)
        moved, real, turn, exchanged, added, hidden_before, hidden = views
        weights.exchange(hidden_before, out=exchanged)
        np.multiply(real, hidden_before, out=hidden)
        np.multiply(turn, exchanged, out=moved)
        np.add(hidden, moved, out=hidden)
        np.add(hidden, added, out=hidden)

    def make_factors(self, record: LruRecord, steps: slice) -> Factors:
        before, exchanged = record.hidden[:-1][steps], record.exchanged[steps]
        real, turn, gain, slower, angle = split_gates(record.by_row, 5)
        *outer, size, columns = before.shape
        local = aligned_like(before, (*outer, 4 * size, columns))
        by_input, by_decay, by_turn, by_gain = split_gates(local, 4)
        by_input[...] = gain
        np.multiply(real, before, out=by_decay)
        by_decay += turn * exchanged
        by_decay *= slower
        # λ ∘ x_{t−1} with its parts exchanged, where the sign of `turn` is the other one.
        np.multiply(real, exchanged, out=by_turn)
        by_turn -= turn * before
        by_turn *= angle
        by_gain[...] = record.added[steps]
        return Factors((local, *(np.broadcast_to(of, before.shape, subok=True) for of in (real, turn))))

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        (adjoint,), (local, real, turn) = adjoints.states, factors.local
        by_row = (split_blocks(of, 4) for of in (local, adjoints.delta))
        views = (adjoint[1:], adjoint[1:, ..., None, :, :], adjoint, *by_row, real, turn)
        return list(zip(*views, repeat(aligned(adjoint.shape[1:])), strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        assert isinstance(weights, LruWeights)
        adjoint, adjoint_by_row, adjoint_before, local, delta, real, turn, moved = views
        np.multiply(local, adjoint_by_row, out=delta)
        weights.exchange(adjoint, out=moved)
        np.multiply(turn, moved, out=moved)
        np.multiply(real, adjoint, out=adjoint_before)
        np.subtract(adjoint_before, moved, out=adjoint_before)

    def input_delta(self, delta: Array) -> Array:
        return delta[..., : delta.shape[-2] // 4, :]

    def recurrent_delta(self, delta: Array) -> Array:
        return delta[..., delta.shape[-2] // 4 :, :]

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        pairs = len(bias) // 2
        by_row = np.split(recurrent_bias, 3)
        nu_log, theta_log, gamma_log = (
            np.concatenate([of[:pairs] + of[pairs : 2 * pairs], of[2 * pairs :]]) for of in by_row
        )
        of_units = {"nu_log_l0": nu_log, "theta_log_l0": theta_log[:pairs], "gamma_log_l0": gamma_log}
        return {"weight_ih_l0": by_input, "bias_ih_l0": bias, **of_units}

    def gate_values(self, record: LruRecord) -> dict[str, Array]:
        return {}


def _gamma_log(decay: Array) -> Array:
    """√(1 − |λ|²), given −ln |λ|, as its logarithm."""
    return np.asarray(0.5 * np.log(-np.expm1(-2.0 * decay)))
