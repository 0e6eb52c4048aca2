"""What a given network reads and which loss it is asked for, where nobody has said so: drawn as `run` draws them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.initialise import OUTPUT_SIZE, make_readout, torch_uniform

Array = NDArray[np.float64]
#: Which states a loss reads: the output of the last step, that of every step, or h_n of both directions.
LOSSES = ("last", "every", "final")


@dataclass(frozen=True, eq=False)
class Loss:
    """Half the mean square of a linear read-out's distance from targets; called with states it gives the errors.

    loss_at: one of LOSSES. readout: (D_out, directions·H). targets: (N, D_out), of a loss at every step (T, N, D_out).
    """

    loss_at: str
    readout: Array
    targets: Array

    def __call__(self, states: States) -> Errors:
        """Its gradient by what it reads."""
        if self.loss_at != "final":
            return Errors(output=self._errors(states.output if self.loss_at == "every" else states.output[-1:]))
        directions = self.readout.shape[1] // states.h_n.shape[-1]
        error = self._errors(np.concatenate([*states.h_n[-directions:]], axis=-1))
        h_n = np.zeros_like(states.h_n)
        h_n[-directions:] = np.split(error, directions, axis=-1)
        return Errors(h_n=h_n)

    def _errors(self, read: Array) -> Array:
        residuals = read @ self.readout.T - self.targets
        return np.asarray(residuals @ self.readout / residuals.size)


def noise(network: Network, steps: int, sequences: int, *, scale: float, seed: int) -> Array:
    """Inputs (T, N, D) of normal noise with this standard deviation."""
    stream = SeedSequence(seed).spawn(3)[1]
    return scale * default_rng(stream).standard_normal((steps, sequences, network.input_size))


def loss(network: Network, steps: int, sequences: int, *, loss_at: str, seed: int) -> Loss:
    """A loss of this network over T steps of N sequences."""
    stream, width = default_rng(SeedSequence(seed).spawn(3)[2]), network.hidden_size * network.directions
    readout = make_readout(width, stream)
    shape = (steps,) * (loss_at == "every") + (sequences, OUTPUT_SIZE)
    return Loss(loss_at, readout, stream.standard_normal(shape))


def fresh(network: Network, seed: int) -> Network:
    """The same sizes as torch begins: every number from U(−1/√H, 1/√H), in the order of the parameters' names.

    What is neither weight nor bias is drawn as the cell draws it, level by level.
    """
    stream, hidden = default_rng(SeedSequence(seed).spawn(1)[0]), network.hidden_size
    drawn = {name: torch_uniform(hidden, of.shape, stream) for name, of in sorted(network.parameters.items())}
    for end in network.suffixes:
        further = network.kind.draw_further(hidden, stream)
        drawn |= {f"{name}{end}": of for name, of in further.items() if f"{name}{end}" in drawn}
    return replace(network, parameters=drawn)
