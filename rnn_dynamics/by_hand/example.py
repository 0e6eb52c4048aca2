"""A small example to write out: its inputs, weights and targets, drawn from the seed of an experiment."""

from dataclasses import dataclass

import numpy as np

from rnn_dynamics.by_hand.arrays import Array, Arrays
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.experiment import Experiment, checked_experiment

#: What is written out.
CELLS = ("rnn", "lstm", "gru")


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

    @property
    def hidden(self) -> int:
        """H."""
        return int(self.parameters["weight_hh_l0"].shape[1])

    @property
    def parameter_count(self) -> int:
        """How many numbers training would change."""
        return sum(values.size for values in self.parameters.values())

    def loss(self, outputs: Array) -> float:
        """L, half the sum of squares of outputs − targets; so dL/doutputs is outputs − targets."""
        return float(0.5 * np.square(outputs - self.targets).sum())

    def side_by_side(self, parameters: Arrays) -> "Example":
        """K networks as one of K · H units, of which none sees another's: of each gate first those of the first one.

        parameters: of each network, (K, ...) in place of (...).
        """
        networks, rows, hidden = parameters["weight_hh_l0"].shape

        def joined(name: str, values: Array) -> Array:
            by_gate = values.reshape(networks, rows // hidden, hidden, -1).swapaxes(0, 1)
            if name.startswith("weight_hh"):  # what one's units read of another's is 0
                by_gate = by_gate[:, :, :, None] * np.eye(networks)[:, None, :, None]
            return by_gate.reshape(rows * networks, -1) if values.ndim == 3 else by_gate.ravel()

        each = self.targets.reshape(*self.targets.shape[:2], -1, 1, hidden)
        targets = np.repeat(each, networks, axis=3).reshape(*self.targets.shape[:2], -1)
        return Example(self.cell, self.inputs, {name: joined(name, of) for name, of in parameters.items()}, targets)

    def losses(self, outputs: Array, networks: int) -> Array:
        """L of each of so many networks that are `side_by_side` in this one."""
        squares = np.square(outputs - self.targets).reshape(*outputs.shape[:2], -1, networks, self.hidden // networks)
        return np.asarray(0.5 * squares.sum(axis=(0, 1, 2, 4)))


def make_example(experiment: Experiment) -> Example:
    """Draw an example: inputs and weights are those of `run(experiment)`, the targets are N(0, 1).

    What the experiment says of the loss plays no part.

    Raises:
        ValueError: the experiment asks for what is not written out here: a Jordan network, ReLU, a GRU that resets
            before the product, a network without biases, an
            initial state, more than one layer.
    """
    plays = {"nonlinearity": "rnn", "reset_gate": "gru"}
    written_out = {
        "cell": CELLS,
        "nonlinearity": ("tanh",),
        "reset_gate": ("after",),
        "bias": (True,),
        "initial_state": ("zero",),
        "num_layers": (1,),
    }
    for name, written in written_out.items():
        value = getattr(checked_experiment(experiment), name)
        if value not in written and plays.get(name, experiment.cell) == experiment.cell:
            raise ValueError(f"{name} = {value!r} is not written out by hand; there is {', '.join(map(str, written))}")
    draw = make_draw(experiment, cell_of(experiment))
    targets = np.random.default_rng(np.random.SeedSequence(experiment.seed).spawn(5)[4])
    width = experiment.directions * experiment.hidden_size
    return Example(
        cell=experiment.cell,
        inputs=draw.inputs.swapaxes(0, 1),
        parameters={
            name: experiment.weight_scale * value if name.startswith("weight_hh") else value
            for name, value in draw.parameters.items()
        },
        targets=targets.standard_normal((experiment.batch_size, experiment.sequence_length, width)),
    )
