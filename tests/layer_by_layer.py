"""A stack of given weights, walked step by step in torch: what autograd says of each layer and direction by itself.

What a layer hands upwards is a copy of its state, so that what arrives there from above is known apart from what comes
back in time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_dynamics import Errors, Network
from tests.claims import factor_per_step
from tests.oracle import OPEN_CELLS, State

Array = NDArray[np.float64]


@dataclass
class Walked:
    """One layer in one direction, its steps in the order in which it reads.

    states: after each step. handed: what goes upwards. gates: name -> of each step.
    """

    states: list[State] = field(default_factory=list)
    handed: list[Tensor] = field(default_factory=list)
    gates: list[dict[str, Tensor]] = field(default_factory=list)

    def norms(self, error: Tensor, at: int = -1) -> Array:
        """log10 ‖dL/d(all of a state)‖ (T,), reading order, of an error in the last h alone."""
        parts = [part for state in self.states for part in state]
        found = torch.autograd.grad(
            (self.states[at][0] * error).sum(), parts, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        each = len(self.states[0])
        with np.errstate(divide="ignore"):
            return np.array(
                [np.log10(float(torch.cat(found[k : k + each]).norm())) for k in range(0, len(found), each)]
            )


@dataclass
class Stack:
    """All levels, first layer first, forwards before backwards, and the parameters that they share."""

    levels: list[Walked]
    parameters: dict[str, Tensor]
    output: list[Tensor]

    def loss(self, errors: Errors) -> Tensor:
        """One whose gradients are these errors."""
        parts = []
        if errors.output is not None:
            last = self.output[len(self.output) - len(errors.output) :]
            parts += [(of * torch.tensor(error)).sum() for of, error in zip(last, errors.output, strict=True)]
        for component, given in enumerate((errors.h_n, errors.c_n)):
            if given is not None:
                ends = [level.states[-1][component] for level in self.levels]
                parts += [(end * torch.tensor(error)).sum() for end, error in zip(ends, given, strict=True)]
        return torch.stack(parts).sum()

    def last_norms(self, errors: Errors) -> list[Array]:
        """Of each level `Walked.norms` of the last error that arrives in what it hands upwards."""
        each = zip(self.levels, self.last_errors(errors), strict=True)
        return [level.norms(error, at)[: at + 1] for level, (error, at) in each]

    def last_errors(self, errors: Errors) -> list[tuple[Tensor, int]]:
        """Of each level that error, and after which step of its reading it arrives."""
        handed = [of for level in self.levels for of in level.handed]
        found = torch.autograd.grad(
            self.loss(errors), handed, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        steps, last = len(self.output), []
        for first in range(0, len(found), steps):
            arriving = found[first : first + steps]
            at = max(at for at, of in enumerate(arriving) if of.any())
            last.append((arriving[at], at))
        return last

    def factors(self, errors: Errors) -> list[float]:
        """Of each level the factor per step of that error; nan where it has no way to go."""
        return factors_of(self.last_norms(errors))


def factors_of(norms: list[Array]) -> list[float]:
    """Of norms in the order of reading the factor per step; nan of a single one."""
    return [factor_per_step(of) if len(of) > 1 else np.nan for of in norms]


def walk(
    cell: str, parameters: Mapping[str, Array], inputs: Array, initial: tuple[Array, ...] = (), detach: int = 0
) -> Stack:
    """Unroll over inputs (T, N, D); `detach` cuts the way back at each so many steps, counted from the last."""
    leaves = {name: torch.tensor(np.array(of), requires_grad=True) for name, of in parameters.items()}
    suffixes = [name.removeprefix("weight_hh") for name in parameters if name.startswith("weight_hh")]
    suffixes.sort(key=lambda end: (end.removesuffix("_reverse"), end))
    read, levels = [torch.tensor(of) for of in inputs], list[Walked]()
    for layer in range(len({end.removesuffix("_reverse") for end in suffixes})):
        ends = [end for end in suffixes if end.removesuffix("_reverse") == f"_l{layer}"]
        beside = list[Walked]()
        for end in ends:
            start = tuple(torch.tensor(of[len(levels) + len(beside)]) for of in initial)
            beside.append(_walk_level(cell, leaves, end, read, start, detach))
        handed = [
            level.handed[::-1] if "reverse" in end else level.handed for end, level in zip(ends, beside, strict=True)
        ]
        read = [torch.cat(parts, dim=-1) for parts in zip(*handed, strict=True)]
        levels += beside
    return Stack(levels, leaves, read)


def _walk_level(
    cell: str, parameters: dict[str, Tensor], end: str, read: list[Tensor], start: State, detach: int
) -> Walked:
    step, weight_hh = OPEN_CELLS[cell], parameters[f"weight_hh{end}"]
    bias = [
        parameters.get(f"{name}{end}", torch.zeros(len(weight_hh), dtype=torch.float64))
        for name in ("bias_ih", "bias_hh")
    ]
    nothing = torch.zeros(len(read[0]), weight_hh.shape[1], dtype=torch.float64)
    state = start or (nothing,) * (2 if cell == "lstm" else 1)
    walked = Walked()
    for at, x in enumerate(reversed(read) if "reverse" in end else read):
        if detach and at and (len(read) - at) % detach == 0:
            state = tuple(part.detach() for part in state)
        from_input, from_hidden = x @ parameters[f"weight_ih{end}"].T + bias[0], state[0] @ weight_hh.T + bias[1]
        state, gates = step(from_input, from_hidden, state)
        walked.states.append(state)
        walked.gates.append(gates)
        walked.handed.append(state[0].clone())
    return walked


def walk_network(network: Network, inputs: Array, initial: tuple[Array, ...] = (), detach: int = 0) -> Stack:
    """The same of a network as it is."""
    cell = "relu" if network.nonlinearity == "relu" else network.cell
    return walk(cell, network.parameters, inputs, initial, detach)
