"""Layers on top of each other, each in one direction or in both, as `torch.nn.RNN(num_layers, bidirectional)`.

    input of layer l at t = (h_t^{l−1} forwards, h_t^{l−1} backwards), or x_t for the first layer

The backward direction reads the steps from the last to the first, and its h_t is what it knows after step t. On the way
back the roles are exchanged: what arrives at the inputs of a layer, at every step, is the loss of the layer below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Cell, Weights
from rnn_dynamics.engine.through_time.backpropagate import Losses, Pass, Run
from rnn_dynamics.engine.through_time.scaling import NOTHING, shifted, with_own_exponents
from rnn_dynamics.engine.through_time.unroll import project_inputs, unroll

IntArray = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Level:
    """One layer in one direction.

    forward: its pass, in the order in which it reads: the last step first where `reverse`. inputs (T, ..., C', F): what
    it reads, in the order of time; C' are the columns, before they were repeated for the members of a family.
    """

    layer: int
    reverse: bool
    forward: Pass
    inputs: Array

    @property
    def suffix(self) -> str:
        """What torch appends to the names of its parameters."""
        return suffix(self.layer, self.reverse)

    def in_time(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Values (T, ...) in the order of reading as a view in the order of time, or the other way round."""
        return values[::-1] if self.reverse else values

    @property
    def output(self) -> Array:
        """h_t for t = 1 .. T, (T, ..., H, C)."""
        return self.in_time(self.forward.record.hidden[1:])


#: The directions of one layer: forwards, and backwards if there are both.
Layer = tuple[Level, ...]


def suffix(layer: int, reverse: bool) -> str:
    """What torch appends to the names of a layer's parameters in one direction."""
    return f"_l{layer}_reverse" if reverse else f"_l{layer}"


def unroll_stack(
    cell: Cell, weights: Sequence[Sequence[Weights]], inputs: Array, *, members: int = 1, cut: bool = False
) -> list[Layer]:
    """Run all layers over `inputs` (T, ..., N, D), the first layer first.

    Args:
        cell: of every layer.
        weights: for each layer those of its one or two directions.
        inputs: of the first layer.
        members: S, how many columns each sequence gets.
        cut: whether W_hh h_{t−1} counts as a constant on the way back.
    """
    layers: list[Layer] = []
    for number, of_layer in enumerate(weights):
        levels = []
        for reverse, of_level in zip((False, True), of_layer, strict=False):
            read = inputs[::-1] if reverse else inputs
            record = unroll(cell, of_level, project_inputs(of_level, read, 1 if number else members))
            way_back = of_level.cut() if cut else of_level
            levels.append(Level(number, reverse, Pass(cell, way_back, record, members), inputs))
        layers.append(tuple(levels))
        inputs = output_of(layers[-1]).swapaxes(-1, -2)
    return layers


def output_of(layer: Layer) -> Array:
    """What a layer hands upwards: (T, ..., H or 2H, C)."""
    forwards, *backwards = (level.output for level in layer)
    return np.concatenate([forwards, *backwards], axis=-2) if backwards else forwards


def losses_by_direction(layer: Layer, losses: Losses) -> list[Losses]:
    """What `losses`, which speak of the output of a layer in the order of time, say to each of its levels."""
    size = losses.rows.shape[-2] // len(layer)
    parts = []
    for k, level in enumerate(layer):
        rows = level.in_time(losses.rows[..., k * size : (k + 1) * size, :])
        first = level.forward.length - losses.first - len(rows) if level.reverse else losses.first
        parts.append(Losses(first, rows, level.in_time(losses.exponents)))
    return parts


class InputAdjoints:
    """Collects dL/d(input) of a layer from the runs of its levels, each as it is walked."""

    def __init__(self, layer: Layer) -> None:
        self._parts: list[tuple[Level, list[Array], list[IntArray]]] = [(level, [], []) for level in layer]

    def add(self, level: Level, run: Run) -> None:
        """Add the next run of a level."""
        _, rows, exponents = next(part for part in self._parts if part[0] is level)
        rows.append(run.by_input)
        exponents.append(np.broadcast_to(run.exponent, (len(run.steps), *run.exponent.shape)))

    def losses(self) -> Losses:
        """The sum over the levels, at every step in the order of time."""
        parts = [
            _with_own_exponents(level.in_time(_joined(rows)), level.in_time(_joined(exponents)))
            for level, rows, exponents in self._parts
        ]
        common = np.maximum.reduce([exponents for _, exponents in parts])
        return Losses(0, np.add.reduce([shifted(rows, own - common) for rows, own in parts]), common)


def _joined(runs: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """Arrays of runs that were walked last to first, as one array."""
    return np.concatenate(runs[::-1])


def _with_own_exponents(rows: Array, exponents: IntArray) -> tuple[Array, IntArray]:
    """Rows times 2^exponents, mantissas near 1. Zero has the exponent NOTHING, else it would bear on other levels."""
    mantissas, own = with_own_exponents(rows, exponents.shape[-1])
    found = np.abs(mantissas).max(axis=-2) > 0.0
    return mantissas.reshape(rows.shape), np.where(found, exponents + own, NOTHING)
