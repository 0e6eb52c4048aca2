"""Layers on top of each other, each in one direction or in both, as `torch.nn.RNN(num_layers, bidirectional)`.

    input of layer l at t = (h_t^{l−1} forwards, h_t^{l−1} backwards), or x_t for the first layer

The backward direction reads the steps from the last to the first, and its h_t is what it knows after step t. On the way
back the roles are exchanged: what arrives at the inputs of a layer, at every step, is the loss of the layer below.

Sequences of different lengths lie side by side, each from step 1 on. The backward direction then reads each from its
own last step; what lies behind that is read after step 1, so that nothing that counts knows of it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Adjoints, Cell, Weights, told_of
from rnn_dynamics.engine.through_time.backpropagate import Losses, Pass, Run, longest_run, losses_of, walk_back
from rnn_dynamics.engine.through_time.scaling import NOTHING, Scaled, by_member, shifted, with_own_exponents
from rnn_dynamics.engine.through_time.unroll import project_inputs, unroll

IntArray = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Level:
    """One layer in one direction.

    forward: its pass, in the order in which it reads: the last step first where `reverse`. inputs (T, ..., C', F): what
    it reads, in the order of time; C' are the columns, before they were repeated for the members of a family. order:
    (T, N), which step of each sequence it reads when, where sequences of different lengths are read in reverse.
    """

    layer: int
    reverse: bool
    forward: Pass
    inputs: Array
    order: IntArray | None = None

    @property
    def suffix(self) -> str:
        """What torch appends to the names of its parameters."""
        return suffix(self.layer, self.reverse)

    def in_time(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Values (T, ..., C) in the order of reading as a view in the order of time, or the other way round."""
        return _reordered(values, self.reverse, self.order)

    def states_in_time(self, states: Array) -> Array:
        """States (T+1, ..., C), the initial one first, in the order of time: read in reverse it comes last."""
        if self.reverse and self.order is not None:
            return np.concatenate([self.in_time(states[1:]), states[:1]])
        return self.in_time(states)

    @property
    def read(self) -> Array:
        """What it reads, in the order of reading: (T, ..., C', F)."""
        return _read(self.inputs, self.reverse, self.order)

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
    cell: Cell,
    weights: Sequence[Sequence[Weights]],
    inputs: Array,
    *,
    members: int = 1,
    cut: bool = False,
    starts: Sequence[Array] = (),
    lengths: IntArray | None = None,
) -> list[Layer]:
    """Run all layers over `inputs` (T, ..., N, D), the first layer first.

    Args:
        cell: of every layer.
        weights: for each layer those of its one or two directions.
        inputs: of the first layer.
        members: S, how many columns each sequence gets.
        cut: whether W_hh h_{t−1} counts as a constant on the way back.
        starts: for each component of the state the initial ones of all levels, (levels, H, C); empty begins at 0.
        lengths: (N,), from 1 to T, of sequences of different lengths, each of which is then walked back as a member of
            its own; None where all have T steps.
    """
    layers: list[Layer] = []
    order = None if lengths is None else _backwards(lengths, len(inputs))
    walked = members if lengths is None else len(lengths)
    for number, of_layer in enumerate(weights):
        levels = []
        for reverse, of_level in zip((False, True), of_layer, strict=False):
            start = [of_component[number * len(of_layer) + reverse] for of_component in starts]
            read = _read(inputs, reverse, order)
            record = unroll(cell, of_level, project_inputs(of_level, read, 1 if number else members), start)
            forward = Pass(cell, of_level, record, walked, inputs=read)
            way_back = replace(forward, weights=of_level.cut(), opened=forward) if cut else forward
            levels.append(Level(number, reverse, way_back, inputs, order))
        layers.append(tuple(levels))
        inputs = output_of(layers[-1]).swapaxes(-1, -2)
    return layers


def _backwards(lengths: IntArray, steps: int) -> IntArray:
    """(T, N): which step is read when, each sequence from its own last step on; its own inverse."""
    places = np.arange(steps)[:, None]
    return np.where(places < lengths, lengths - 1 - places, places)


def _reordered(values: NDArray[Scalar], reverse: bool, order: IntArray | None) -> NDArray[Scalar]:
    if not reverse:
        return values
    if order is None:
        return values[::-1]
    places = order.reshape(len(order), *[1] * (values.ndim - 2), -1)
    return np.take_along_axis(values, places, axis=0)


def _read(inputs: Array, reverse: bool, order: IntArray | None) -> Array:
    """Inputs (T, ..., C, F) in the order of reading."""
    return _reordered(inputs.swapaxes(-1, -2), reverse, order).swapaxes(-1, -2)


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
        exponents = level.in_time(losses.exponents)
        if len(layer) > 1:  # what is sent to the other direction alone must not bear on this one
            exponents = np.where(by_member(rows, exponents.shape[-1]).any(axis=-2), exponents, NOTHING)
        parts.append(Losses(first, rows, exponents))
    return parts


def walk_level(forward: Pass, losses: Losses, beside: Collection[str]) -> Iterator[Run]:
    """As `walk_back`, without a step where no loss lies ahead: there every gradient is zero.

    So it is at all steps but the first that a backward direction has read, where the loss is that of the last output.
    """
    last, longest = losses.first + len(losses.rows), longest_run(forward.cell, losses.rows[0].size)
    for stop in range(forward.length, last, -longest):
        yield _silent(forward, losses, range(max(last, stop - longest), stop), beside)
    yield from walk_back(forward, losses, stop=last, beside=beside)


def _silent(forward: Pass, losses: Losses, steps: range, beside: Collection[str]) -> Run:
    """A run over steps without any gradient."""
    cell, count, (*outer, size, columns) = forward.cell, len(steps), losses.rows.shape[1:]
    read = forward.weights.weight_ih.shape[-1] if "input" in beside else 0

    def zeros(count: int, rows: int) -> Array:
        return np.zeros((count, *outer, rows, columns))

    states, exponent = tuple(zeros(count + 1, size) for _ in cell.components), np.zeros_like(losses.exponents[0])
    path = Scaled((zeros(count + 1, size),), exponent) if cell.keeps and "cell_path" in beside else None
    names = (*("input",) * bool(read), *told_of(cell, cell.components), *("cell_path",) * (path is not None))
    nothing = np.full((count, *exponent.shape), -np.inf)
    adjoints = Adjoints(states, zeros(count, cell.delta_blocks * size))
    return Run(steps, adjoints, zeros(count, read), exponent, dict.fromkeys(names, nothing), path)


def with_end_state(forward: Pass, losses: Losses, ends: IntArray, hidden: Array, cell: Array | None) -> Losses:
    """Losses, and what else they say of the state after the last step that is read, at all T steps.

    Args:
        forward: of the level.
        losses: in the order of reading.
        ends: (N,), of each sequence the last step that is read, counted from 0.
        hidden: (H, N), dL/dh of that state.
        cell: likewise dL/dc; None where the loss does not read it.
    """
    at_end = (ends, slice(None), np.arange(len(ends)))
    of_states = np.zeros((2, forward.length, *hidden.shape))
    of_states[0][at_end] = hidden.T
    of_states[1][at_end] = 0.0 if cell is None else cell.T
    both = losses_of(np.concatenate(of_states, axis=-2), 0, forward.members)
    around = (losses.first, forward.length - losses.first - len(losses.rows))
    exponents = np.pad(losses.exponents, (around, (0, 0)), constant_values=NOTHING)
    common = np.maximum(both.exponents, exponents)
    of_hidden, of_cell = np.split(shifted(both.rows, both.exponents - common), 2, axis=-2)
    rows = shifted(np.pad(losses.rows, (around, (0, 0), (0, 0))), exponents - common) + of_hidden
    return Losses(0, rows, common, None if cell is None else of_cell)


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
        if len(parts) == 1:
            return Losses(0, *parts[0])
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
