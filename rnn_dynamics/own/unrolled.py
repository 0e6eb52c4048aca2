"""A module of torch, step by step in float64, for autograd: of what the engine does not speak of.

That is a projection of the hidden state (`proj_size`), and dropout between layers, whose choices are drawn again from
the random numbers of the call. Imports torch: import this room where it is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from rnn_dynamics.own.capture import Array, Call, Read, drops

_BLOCKS = {"rnn": (), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}


@dataclass
class UnrolledLayer:
    """One layer in one direction, step 1 first: tensors of each step, its gates by name.

    there: (T, N). handed: what goes upwards, apart from what goes on in time. sequence_norms: log10 ‖dL/dh_t‖ as
    "hidden", and of an LSTM ‖dL/dc_t‖ as "cell", (T, N) each, of each sequence by itself, of the error alone that
    arrives last there.
    """

    layer: int
    reverse: bool
    there: Tensor
    inputs: list[Tensor] = field(default_factory=list)
    hidden: list[Tensor] = field(default_factory=list)
    cell: list[Tensor] = field(default_factory=list)
    gates: list[Mapping[str, Tensor]] = field(default_factory=list)
    handed: list[Tensor] = field(default_factory=list)
    sequence_norms: Mapping[str, Array] = field(default_factory=dict)

    @property
    def log10_norms(self) -> dict[str, Array]:
        """Each (T,): "input", "hidden" and of an LSTM "cell"."""
        parts = {"input": self.inputs, "hidden": self.hidden, "cell": self.cell}
        return {name: np.array([log10_norm(step.grad) for step in steps]) for name, steps in parts.items() if steps}

    @property
    def gate_values(self) -> dict[str, Array]:
        """Each (T, N, H); nan behind the end of a sequence."""
        steps = {name: torch.stack([step[name] for step in self.gates]).detach() for name in self.gates[0]}
        return {name: torch.where(self.there[..., None], of, torch.nan).numpy() for name, of in steps.items()}


@dataclass(frozen=True)
class Unrolled:
    """All layers; `output` (T, N, features), `ends` h_n and c_n, and `input_gradient` (T, N, D)."""

    layers: tuple[UnrolledLayer, ...]
    output: Array
    ends: tuple[Array, ...]
    input_gradient: Array


def unroll(call: Call, masks: list[Tensor] | None) -> Unrolled:
    """Walk through a call of an nn.RNN, nn.LSTM or nn.GRU, and its loss back, by autograd.

    Args:
        call: with its gradients.
        masks: what each layer but the last is multiplied by, (T, N, features); None where nothing is dropped.
    """
    module, lengths = call.module, call.lengths
    assert isinstance(module, nn.RNNBase)
    x = torch.tensor(call.by_time(call.inputs), requires_grad=True)
    length, batch, _ = x.shape
    there = torch.arange(length)[:, None] < torch.tensor(lengths or [length] * batch)
    walks, ends, sequence = list[_Walk](), [], x
    for layer in range(module.num_layers):
        parts = []
        for reverse in range(1 + module.bidirectional):
            walk = _Walk(call, layer, bool(reverse), there)
            parts.append(walk.through(sequence))
            ends.append(walk.state)
            walks.append(walk)
        sequence = torch.cat(parts, dim=2)
        if masks and layer < len(masks):
            sequence = sequence * masks[layer]
    last = [torch.stack(states) for states in zip(*ends, strict=True)]
    _backward(call, sequence, last)
    for walk in walks:
        walk.follow_last()
    known = tuple(states.detach().numpy() for states in last)
    return Unrolled(tuple(walk.record for walk in walks), sequence.detach().numpy(), known, _gradient(x).numpy())


def masks_of(call: Call) -> list[Tensor] | None:
    """What the call's dropout multiplied each layer but the last by, drawn again; None where it dropped nothing."""
    module = call.module
    if not isinstance(module, nn.RNNBase) or not drops(module):
        return None
    assert call.generator is not None
    features = (module.proj_size or module.hidden_size) * (1 + module.bidirectional)
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(call.generator)
        return [_mask(call, features, module.dropout) for _ in range(module.num_layers - 1)]


def _mask(call: Call, features: int, dropout: float) -> Tensor:
    """The next mask (T, N, features), in the layout in which torch draws it."""
    if isinstance(call.output, PackedSequence):
        ones = torch.ones(len(call.output.data), features, dtype=call.dtype)
        drawn: Read = call.output._replace(data=F.dropout(ones, dropout))
        return torch.tensor(call.by_time(drawn))
    steps = call.by_time(call.output)
    assert steps is not None
    return F.dropout(torch.ones(*steps.shape[:2], features, dtype=call.dtype), dropout).double()


class _Walk:
    """One layer in one direction: its state, and what it leaves behind."""

    def __init__(self, call: Call, layer: int, reverse: bool, there: Tensor) -> None:
        module = call.module
        assert isinstance(module, nn.RNNBase)
        suffix = f"_l{layer}{'_reverse' if reverse else ''}"
        self._weights = {
            name.removesuffix(suffix): values.detach().cpu().double()
            for name, values in call.weights.items() if name.endswith(suffix)
        }  # fmt: skip
        self._call, self._cell = call, call.cell
        self._squash = torch.relu if getattr(module, "nonlinearity", "") == "relu" else torch.tanh
        self.record = UnrolledLayer(layer, reverse, there)
        self._index = layer * (1 + module.bidirectional) + reverse
        self._initial = [torch.tensor(call.by_layer(part)[self._index]) for part in call.initial or ()]  # type: ignore[index]

    def through(self, sequence: Tensor) -> Tensor:
        """The states of all steps (T, N, H), of sequences (T, N, D)."""
        batch, hidden = sequence.shape[1], self._weights["weight_hh"].shape[1]
        sizes = [hidden] if self._cell != "lstm" else [hidden, self._weights["weight_hh"].shape[0] // 4]
        self.state = tuple(self._initial) or tuple(torch.zeros(batch, size, dtype=torch.float64) for size in sizes)
        order, there = range(len(sequence)), self.record.there[..., None]
        outputs = [self._step(sequence[t], there[t]) for t in (reversed(order) if self.record.reverse else order)]
        if self.record.reverse:
            own = self.record
            for kept in (outputs, own.inputs, own.hidden, own.cell, own.gates, own.handed):
                kept.reverse()
        return torch.stack(outputs)

    def follow_last(self) -> None:
        """Send the error alone that arrives last in each sequence back, through this level alone."""
        record = self.record
        arriving = torch.stack([_gradient(handed) for handed in record.handed])
        ends = [torch.zeros_like(state) if error is None else error for state, error in self._at_end()]
        ended = torch.stack([error.any(dim=1) for error in ends]).any(dim=0)
        read = arriving.flip(0) if record.reverse else arriving
        arrives = read.any(dim=2) & ~ended
        last = (arrives & (arrives.flip(0).cumsum(0).flip(0) == 1))[..., None] * read
        errors = last.flip(0) if record.reverse else last
        pairs = [*zip(record.handed, errors, strict=True), *zip(self.state, ends, strict=True)]
        parts = {name: steps for name, steps in (("hidden", record.hidden), ("cell", record.cell)) if steps}
        found = iter(
            torch.autograd.grad(
                sum((part * error).sum() for part, error in pairs),
                [step for steps in parts.values() for step in steps],
                retain_graph=True,
                allow_unused=True,
            )
        )
        record.sequence_norms = {
            name: np.array([log10_norms(next(found), step) for step in steps]) for name, steps in parts.items()
        }

    def _at_end(self) -> list[tuple[Tensor, Tensor | None]]:
        """The last states, and the gradients that they heard."""
        heard = [self._call.by_layer(self._call.gradients.get(name)) for name in ("h_n", "c_n")[: len(self.state)]]
        errors = [None if of is None else torch.tensor(of[self._index]) for of in heard]
        return list(zip(self.state, errors, strict=True))

    def _step(self, x: Tensor, there: Tensor) -> Tensor:
        x = x.clone()  # this direction's own
        state, gates = self._next(x)
        for kept, tensor in zip((self.record.inputs, self.record.hidden, self.record.cell), (x, *state), strict=False):
            tensor.retain_grad()
            kept.append(tensor)
        self.record.gates.append(gates)
        self.state = tuple(torch.where(there, new, old) for new, old in zip(state, self.state, strict=True))
        handed = torch.where(there, state[0], 0.0)
        handed.retain_grad()
        self.record.handed.append(handed)
        return handed

    def _next(self, x: Tensor) -> tuple[tuple[Tensor, ...], Mapping[str, Tensor]]:
        """The next state, by torch's equations, and its gates."""
        weights = self._weights
        read = F.linear(x, weights["weight_ih"], weights.get("bias_ih"))
        fed_back = F.linear(self.state[0], weights["weight_hh"], weights.get("bias_hh"))
        if self._cell == "rnn":
            return (self._squash(read + fed_back),), {}
        if self._cell == "lstm":
            i, f, g, o = (read + fed_back).chunk(4, dim=1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            c = f * self.state[1] + i * g
            h = o * c.tanh()
            h = F.linear(h, weights["weight_hr"]) if "weight_hr" in weights else h
            return (h, c), {"i": i, "f": f, "g": g, "o": o}
        (r, z, n), (r_back, z_back, n_back) = read.chunk(3, dim=1), fed_back.chunk(3, dim=1)
        r, z = (r + r_back).sigmoid(), (z + z_back).sigmoid()
        n = (n + r * n_back).tanh()
        return ((1.0 - z) * n + z * self.state[0],), {"r": r, "z": z, "n": n}


def _backward(call: Call, output: Tensor, ends: list[Tensor]) -> None:
    """Send the gradients that the call heard back through its copy."""
    names = ("h_n", "c_n")[: len(ends)]
    errors = [call.by_time(call.output, gradient=True), *(call.by_layer(call.gradients.get(name)) for name in names)]
    heard = [
        (part, torch.tensor(error)) for part, error in zip((output, *ends), errors, strict=True) if error is not None
    ]
    torch.autograd.backward([part for part, _ in heard], [error for _, error in heard], retain_graph=True)


def _gradient(tensor: Tensor) -> Tensor:
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad


def log10_norms(gradient: Tensor | None, of: Tensor) -> list[float]:
    """`log10_norm` of each row of what a tensor (N, H) got."""
    return [log10_norm(row) for row in (torch.zeros_like(of) if gradient is None else gradient)]


def log10_norm(gradient: Tensor | None) -> float:
    """log10 of a norm, without squaring what is too small for it."""
    gradient = None if gradient is None else gradient.detach().double()
    peak = 0.0 if gradient is None else float(gradient.abs().max())
    if gradient is None or not peak:
        return float("-inf")
    return float(np.log10(peak) + np.log10(float((gradient / peak).norm())))
