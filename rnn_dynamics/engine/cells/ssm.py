"""Selective state space model, the scan of Mamba (Gu & Dao 2023, arXiv:2312.00752, sections 2 and 3.2), a head a unit.

    A = −exp(A_log)                                  below 0, whatever A_log is
    Δ = softplus(W_iΔ x_t + b_iΔ)                    the step, of the input: the selection
    h_t = exp(A Δ) ∘ h_{t−1} + Δ ∘ (B x_t + b)       B is W_iB

exp(A Δ) is a forget gate: where A = −1 it is 1 − σ(W_iΔ x_t + b_iΔ) (the paper's theorem 1), minGRU's 1 − z. A small Δ
keeps the state and reads little, a large one forgets it and reads much. What is added is not what was forgotten, so h
is no mean of what was read. As in the authors' code, Δ B stands for the input's exact share (exp(A Δ) − 1) B / A.

Left out is what no error from step to step passes: that B depends on x_t too, several states for one Δ (they read the
same), the read-out C(x_t) and the skip D x_t (h itself is read out), the convolution before and the gate behind. W_iΔ
is of full rank, the paper's is not. At the start, as in the code of Mamba-2 (Dao & Gu 2024), −A is uniform on DECAY,
and b_iΔ makes Δ log-uniform on STEP where nothing is read, so that units remember from less than one to 1000 steps;
chrono biases take its place, and without biases Δ is ln 2 there. b, which the paper has not, is 0 unless the
initialisation draws biases.

There is no W_hh, so no weight scale and no hidden path changes anything. Backwards, with adjoint_t = dL/dh_t (total),
delta = dL/d(pre-activation) and k_t = exp(A Δ) ∘ h_{t−1},

    delta_Δ = σ(a_Δ) ∘ (A k_t + B x_t + b) ∘ adjoint_t          delta_B = Δ ∘ adjoint_t
    dL/dA_log = Σ_t A Δ ∘ k_t ∘ adjoint_t
    adjoint_t−1 = exp(A Δ) ∘ adjoint_t + (what the loss says of h_{t−1} directly)

So the additive path is the whole gradient, and the logarithm of a unit's falls by |A| Σ Δ.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.aligned import aligned, aligned_like, aligned_states
from rnn_dynamics.engine.cells.cell import Factors, Weights, split_gates
from rnn_dynamics.engine.cells.mingru import MinGru, MixtureRecord

#: |A| at the start, and Δ where nothing is read: the smallest and the largest.
DECAY, STEP = (1.0, 16.0), (1e-3, 0.1)
_TORCH_DRAW = f"""A_log = np.log(rng.uniform({DECAY[0]}, {DECAY[1]}, H))
usual_step = np.exp(rng.uniform(np.log({STEP[0]}), np.log({STEP[1]}), H))
"""
_TORCH_BIAS = "bias_ih[:H] += np.log(np.expm1(usual_step))\n"
_TORCH_CELL = """class SelectiveSSM(torch.nn.Module):  # torch has none
    def __init__(self):
        super().__init__()
        for name, values in dict(weight_ih=weight_ih, bias_ih=bias_ih, A_log=A_log).items():
            setattr(self, name, torch.nn.Parameter(torch.tensor(values)))

    def forward(self, step, h):
        delta, read = (step @ self.weight_ih.T + self.bias_ih).chunk(2, dim=-1)
        delta = -torch.nn.functional.logsigmoid(-delta)  # softplus in all its digits: torch's has a threshold
        return torch.exp(-torch.exp(self.A_log) * delta) * h + delta * read

cell = SelectiveSSM()
"""


@dataclass(frozen=True, kw_only=True)
class SsmWeights(Weights):
    """With A_log of each unit, (..., H, 1)."""

    decay_log: Array


@dataclass(frozen=True, kw_only=True)
class SsmRecord(MixtureRecord):
    """With pre_activation (T, 2H, C): σ(a_Δ) and B x + b; gates (T, 2H, C): exp(A Δ) and Δ.

    slopes (T, 2H, C): of the logarithm of what is kept, by a_Δ and by A_log: A σ(a_Δ) and A Δ.
    """

    slopes: Array


class Ssm(MinGru):
    """See the module's equations."""

    name = "ssm"
    label = "Selective SSM"
    short = "SSM"
    gates: tuple[str, ...] = ("Δ", "Bx")
    keeps = "exp(AΔ)"
    writes = "Δ"
    signed: tuple[str, ...] = ("Bx",)
    torch_cell = _TORCH_CELL
    torch_draw = _TORCH_DRAW
    torch_bias = _TORCH_BIAS
    delta_blocks = 3

    def further(self, size: int) -> dict[str, tuple[int, ...]]:
        return {"A_log": (size,)}

    def draw_further(self, size: int, generator: Generator) -> dict[str, Array]:
        decay = generator.uniform(*DECAY, size)
        step = np.exp(generator.uniform(np.log(STEP[0]), np.log(STEP[1]), size))
        return {"A_log": np.log(decay), "bias_ih": np.concatenate([np.log(np.expm1(step)), np.zeros(size)])}

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = parameters["bias_ih_l0"][..., None]
        decay_log = parameters["A_log_l0"][..., None]
        return SsmWeights(parameters["weight_ih_l0"], parameters["weight_hh_l0"], bias, decay_log=decay_log)

    def make_record(self, input_projection: Array, weights: Weights) -> MixtureRecord:
        assert isinstance(weights, SsmWeights)
        of_step, read = split_gates(input_projection, 2)
        gates, slopes = aligned(input_projection.shape), aligned(input_projection.shape)
        (keep, step), (by_step, by_decay) = split_gates(gates, 2), split_gates(slopes, 2)
        decay = -np.exp(weights.decay_log)
        np.logaddexp(0.0, of_step, out=step)
        np.multiply(decay, step, out=by_decay)
        np.exp(by_decay, out=keep)
        np.exp(-np.logaddexp(0.0, -of_step), out=of_step)
        np.multiply(decay, of_step, out=by_step)
        steps, *state = read.shape
        return SsmRecord(
            pre_activation=input_projection,
            gates=gates,
            added=step * read,
            hidden=aligned_states(steps, tuple(state)),
            kept=aligned(tuple(state)),
            slopes=slopes,
        )

    def make_factors(self, record: MixtureRecord, steps: slice) -> Factors:
        assert isinstance(record, SsmRecord)
        (keep, step), (opened, read) = (split_gates(of[steps], 2) for of in (record.gates, record.pre_activation))
        by_step, by_decay = split_gates(record.slopes[steps], 2)
        *outer, rows, columns = record.gates[steps].shape
        local = aligned_like(record.gates[steps], (*outer, 3 * rows // 2, columns))
        local_step, local_read, local_decay = split_gates(local, 3)
        np.multiply(keep, record.hidden[:-1][steps], out=local_decay)
        np.multiply(by_step, local_decay, out=local_step)
        local_step += opened * read
        local_decay *= by_decay
        local_read[...] = step
        return Factors((local,), path=keep)

    def input_delta(self, delta: Array) -> Array:
        return delta[..., : 2 * delta.shape[-2] // 3, :]

    def recurrent_delta(self, delta: Array) -> Array:
        return delta[..., 2 * delta.shape[-2] // 3 :, :]

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        return {"weight_ih_l0": by_input, "bias_ih_l0": bias, "A_log_l0": recurrent_bias}
