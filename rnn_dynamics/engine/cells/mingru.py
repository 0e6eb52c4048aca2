"""minGRU (Feng et al. 2024, "Were RNNs All We Needed?", section 3.1): a GRU whose gate and candidate see x_t alone.

    z = σ(W_iz x_t + b_iz)
    n = W_in x_t + b_in                                 h̃_t in the paper
    h_t = (1 − z) ∘ h_{t−1} + z ∘ n

This is the plain form of section 3.1.3, whose candidate is linear; the form for computing in logarithms (appendix B)
passes it through a positive function g. z writes here, as in Cho et al. 2014, where PyTorch's GRU keeps with it. There
is no W_hh, so no weight scale and no hidden path changes anything, and all but the last line is computed for all steps
at once. Backwards, with adjoint_t = dL/dh_t (total) and delta = dL/d(pre-activation):

    delta_z = (n − h_{t−1}) z (1 − z) ∘ adjoint_t          delta_n = z ∘ adjoint_t
    adjoint_t−1 = (1 − z) ∘ adjoint_t + (what the loss says of h_{t−1} directly)

So ∂h_t/∂h_{t−1} = diag(1 − z): the additive path is the whole gradient.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array, sigmoid_complement, sigmoid_in_place
from rnn_dynamics.engine.cells.aligned import aligned, aligned_like, aligned_states
from rnn_dynamics.engine.cells.cell import Adjoints, ByWeights, Factors, Weights, split_blocks, split_gates

_TORCH_CELL = """class MinGRU(torch.nn.Module):  # torch has none
    def __init__(self):
        super().__init__()
        self.weight_ih = torch.nn.Parameter(torch.tensor(weight_ih))
        self.bias_ih = torch.nn.Parameter(torch.tensor(bias_ih))

    def forward(self, step, h):
        z, n = (step @ self.weight_ih.T + self.bias_ih).chunk(2, dim=-1)
        keep, write = (torch.nn.functional.logsigmoid(of).exp() for of in (-z, z))  # 1 − σ(z), σ(z) in all their digits
        return keep * h + write * n

cell = MinGRU()
"""


@dataclass(frozen=True)
class MixtureRecord:
    """What the forward pass leaves.

    pre_activation (T, G·H, C): what `MinGru._open` leaves of the gates', and the candidate. gates (T, 2H, C): what of
    the state is kept, and of the candidate written. added (T, H, C): the latter. hidden (T+1, H, C), row 0 the initial
    state. kept (H, C) is scratch.
    """

    pre_activation: Array
    gates: Array
    added: Array
    hidden: Array
    kept: Array
    cell_state: None = None


class MinGru(ByWeights):
    """See the module's equations."""

    name = "mingru"
    label = "minGRU"
    short = "minGRU"
    module = ""
    gates: tuple[str, ...] = ("z", "n")
    keeps = "(1−z)"
    writes = "z"
    signed: tuple[str, ...] = ("n",)
    torch_steps: Mapping[str, str] = {"open": "(cell(step, h),)", "cut": "(cell(step, h),)"}  # there is nothing to cut
    torch_cell = _TORCH_CELL
    blocks = 2
    delta_blocks = 2
    state_block = 1
    state_matrix = ""
    summed = "W_ih"
    feeds_back_output = False
    bounded = True
    torch_cost = 1
    components: tuple[str, ...] = ("hidden",)

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        bias = parameters["bias_ih_l0"][..., None]
        return Weights(parameters["weight_ih_l0"], parameters["weight_hh_l0"], bias)

    def make_record(self, input_projection: Array, weights: Weights) -> MixtureRecord:
        *of_gates, candidate = split_gates(input_projection, self.blocks)
        steps, *middle, size, columns = candidate.shape
        gates = aligned((steps, *middle, 2 * size, columns))
        keep, write = split_gates(gates, 2)
        with np.errstate(over="ignore"):
            self._open(of_gates, keep, write)
        hidden, kept = aligned_states(steps, (*middle, size, columns)), aligned((*middle, size, columns))
        return MixtureRecord(input_projection, gates, write * candidate, hidden, kept)

    def _open(self, of_gates: Sequence[Array], keep: Array, write: Array) -> None:
        """Write 1 − z and z, given the pre-activation of z, which becomes exp(−a)."""
        sigmoid_in_place(of_gates[0], write)
        keep[...] = sigmoid_complement(write, of_gates[0])

    def forward_views(self, record: MixtureRecord) -> Iterator[tuple[Array, ...]]:
        keep, _ = split_gates(record.gates, 2)
        for step in zip(keep, record.added, record.hidden, record.hidden[1:], strict=False):
            yield record.kept, *step

    def step(self, weights: Weights, *views: Array) -> None:
        kept, keep, added, hidden_before, hidden = views
        np.multiply(keep, hidden_before, out=kept)
        np.add(kept, added, out=hidden)

    def make_factors(self, record: MixtureRecord, steps: slice) -> Factors:
        keep, write = split_gates(record.gates[steps], 2)
        *of_gates, candidate = split_gates(record.pre_activation[steps], self.blocks)
        local = aligned_like(record.pre_activation[steps])
        *local_gates, local_candidate = split_gates(local, self.blocks)
        np.subtract(candidate, record.hidden[:-1][steps], out=local_gates[0])
        local_gates[0] *= write
        local_gates[0] *= keep
        self._divide(of_gates, local_gates)
        local_candidate[...] = write
        return Factors((local,), path=keep)

    def _divide(self, of_gates: Sequence[Array], local: Sequence[Array]) -> None:
        """Give each gate its derivative of h_t; `local[0]` holds that by ln(write / keep), which is the one of z."""

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        assert factors.path is not None
        (adjoint,) = adjoints.states
        by_gate = (split_blocks(of, self.delta_blocks) for of in (factors.local[0], adjoints.delta))
        views = (adjoint[1:], adjoint[1:, ..., None, :, :], adjoint, factors.path, *by_gate)
        return list(zip(*views, strict=False))

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        adjoint, adjoint_by_gate, adjoint_before, keep, local, delta = views
        np.multiply(local, adjoint_by_gate, out=delta)
        np.multiply(keep, adjoint, out=adjoint_before)

    def input_delta(self, delta: Array) -> Array:
        return delta

    def recurrent_delta(self, delta: Array) -> Array:
        return delta[..., :0, :]

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        return {"weight_ih_l0": by_input, "weight_hh_l0": by_hidden, "bias_ih_l0": bias, "bias_hh_l0": recurrent_bias}

    def gate_values(self, record: Any) -> dict[str, Array]:
        keep, write = split_gates(record.gates, 2)
        candidate = split_gates(record.pre_activation, self.blocks)[-1]
        return {self.keeps: keep, self.writes: write, self.signed[0]: candidate}
