"""A small example to write out: its inputs, weights and targets, drawn from the seed of an experiment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnn_dynamics.by_hand.arrays import Array, Arrays
from rnn_dynamics.cells import cell_of
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.initialise import make_draw, make_parameters


@dataclass(frozen=True)
class Example:
    """What is to be computed.

    cell: "rnn", "lstm" or "gru". inputs (N, T, D). parameters: torch's names, in torch's order; those of the reverse
    network too where there is one. targets: of the shape of the outputs, (N, T, H), or (N, T, 2H) for both directions.
    """

    cell: str
    inputs: Array
    parameters: Arrays
    targets: Array

    @property
    def both(self) -> bool:
        """Whether a second network reads the sequence from its end."""
        return any(name.endswith("_reverse") for name in self.parameters)

    def loss(self, outputs: Array) -> float:
        """L, half the sum of squares of outputs − targets; so dL/doutputs is outputs − targets."""
        return float(0.5 * np.square(outputs - self.targets).sum())


def make_example(experiment: Experiment, both: bool) -> Example:
    """Draw an example: inputs and onward weights are those of `run(experiment)`.

    The reverse weights come from the same scheme, the targets are N(0, 1), each from a random stream of its own. What
    the experiment says of the loss plays no part.

    Raises:
        ValueError: the experiment's network has ReLU, which these pages do not write out.
    """
    if experiment.cell == "rnn" and experiment.nonlinearity != "tanh":
        raise ValueError(f"nonlinearity = {experiment.nonlinearity!r}: by hand there is tanh only")
    gates, size = cell_of(experiment).gates, experiment.hidden_size
    draw = make_draw(experiment, gates)
    reverse, targets = (np.random.default_rng(s) for s in np.random.SeedSequence(experiment.seed).spawn(5)[3:])
    parameters = dict(draw.parameters)
    if both:
        parameters |= {f"{name}_reverse": p for name, p in make_parameters(experiment, gates, reverse).items()}
    return Example(
        cell=experiment.cell,
        inputs=draw.inputs.swapaxes(0, 1),
        parameters={
            name: experiment.weight_scale * value if name.startswith("weight_hh") else value
            for name, value in parameters.items()
        },
        targets=targets.standard_normal((experiment.batch_size, experiment.sequence_length, (2 if both else 1) * size)),
    )
