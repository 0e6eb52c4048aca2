"""How weights, inputs, read-out and targets are drawn from the seed.

Weights, inputs and loss have a random stream each. The inputs of a longer sequence begin with those of a shorter one,
and all cells read the same inputs: what a reader changes is the only thing that changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment

Array = NDArray[np.float64]

#: D_out: how many numbers the linear read-out predicts.
OUTPUT_SIZE = 4


@dataclass(frozen=True)
class Draw:
    """One draw of everything random in an experiment, before the weight scale.

    parameters: torch's names and gate order. inputs (T, N, D). readout (D_out, H). targets (N, D_out), or
    (T, N, D_out) for a loss at every step.
    """

    parameters: dict[str, Array]
    inputs: Array
    readout: Array
    targets: Array


def make_draw(experiment: Experiment, gate_blocks: int, forget_block: int | None) -> Draw:
    """Draw everything that the seed decides.

    Args:
        experiment: the question; its weight scale is not applied.
        gate_blocks: rows of weight_hh_l0 divided by H.
        forget_block: which of them is the forget gate, or None.
    """
    weights, inputs, loss = (np.random.default_rng(s) for s in np.random.SeedSequence(experiment.seed).spawn(3))
    steps, outputs = experiment.sequence_length, (experiment.batch_size, OUTPUT_SIZE)
    return Draw(
        parameters=make_parameters(experiment, gate_blocks, forget_block, weights),
        inputs=make_inputs(experiment, inputs),
        readout=loss.standard_normal((OUTPUT_SIZE, experiment.hidden_size)) / np.sqrt(experiment.hidden_size),
        targets=loss.standard_normal(outputs if experiment.loss_at == "last" else (steps, *outputs)),
    )


def make_parameters(
    experiment: Experiment, gate_blocks: int, forget_block: int | None, generator: Generator
) -> dict[str, Array]:
    """Draw the parameters of one cell by the experiment's scheme; weight_hh_l0 is at weight scale 1."""
    hidden, inputs = experiment.hidden_size, experiment.input_size
    rows = gate_blocks * hidden
    recurrent = np.concatenate([SCHEMES[experiment.initialisation](hidden, generator) for _ in range(gate_blocks)])
    if experiment.initialisation == "torch":
        # torch.nn.RNNBase.reset_parameters: every parameter is U(−1/√H, 1/√H).
        bound = 1.0 / np.sqrt(hidden)
        from_input = generator.uniform(-bound, bound, (rows, inputs))
        bias_ih, bias_hh = generator.uniform(-bound, bound, (2, rows))
    else:
        # With std 1/√D the input's share of the pre-activation has the input's own variance.
        from_input = generator.standard_normal((rows, inputs)) / np.sqrt(inputs)
        bias_ih, bias_hh = np.zeros((2, rows))
    if forget_block is not None:
        bias_ih[forget_block * hidden : (forget_block + 1) * hidden] += experiment.forget_bias
    return {"weight_ih_l0": from_input, "weight_hh_l0": recurrent, "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh}


def make_inputs(experiment: Experiment, generator: Generator) -> Array:
    """The inputs (T, N, D): Gaussian noise, or the text, the same for each sequence of the batch."""
    shape = (experiment.sequence_length, experiment.batch_size, experiment.input_size)
    if not experiment.text:
        return experiment.input_scale * generator.standard_normal(shape)
    alphabet = sorted(set(experiment.text))
    one_hot = experiment.input_scale * np.eye(len(alphabet))[[alphabet.index(letter) for letter in experiment.text]]
    return np.repeat(one_hot[:, None, :], experiment.batch_size, axis=1)


def _gaussian(hidden: int, generator: Generator) -> Array:
    return np.asarray(generator.standard_normal((hidden, hidden)) / np.sqrt(hidden))


def _orthogonal(hidden: int, generator: Generator) -> Array:
    # The signs make the factor unique, and with it the draw uniform over all orthogonal matrices (Mezzadri 2007).
    q, r = np.linalg.qr(generator.standard_normal((hidden, hidden)))
    return np.asarray(q * np.sign(np.diag(r)))


def _identity(hidden: int, generator: Generator) -> Array:
    return np.eye(hidden)


def _torch(hidden: int, generator: Generator) -> Array:
    bound = 1.0 / np.sqrt(hidden)
    return generator.uniform(-bound, bound, (hidden, hidden))


#: Name of the scheme -> one (H, H) block of weight_hh_l0 at weight scale 1.
SCHEMES: dict[str, Callable[[int, Generator], Array]] = {
    "gaussian": _gaussian,
    "orthogonal": _orthogonal,
    "identity": _identity,
    "torch": _torch,
}
