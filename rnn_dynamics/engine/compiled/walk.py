"""The compiled road beside NumPy's: the works of `steps` on arrays that lie in memory as `Cell` has them.

A work is noted and compiled once for each cell, which takes some hundredths of a second, and then held against the
cell's own methods. It stays on NumPy's road where a cell does what the notes cannot hold.
"""

import ctypes
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Adjoints, Cell, Weights, recurrent_blocks
from rnn_dynamics.engine.compiled import steps as works
from rnn_dynamics.engine.compiled.machine_code import Function, llvm, make_functions
from rnn_dynamics.engine.compiled.program import Layout, Product, make_program
from rnn_dynamics.engine.compiled.steps import Carry, Room, Work
from rnn_dynamics.engine.compiled.tape import COLUMNS, UNITS, Blocks, Tape, UntraceableError, address_of

#: Steps of the sequence on which a cell is noted, and the one that is.
_STEPS, _NOW = 3, 1
#: Of the arrays of a pass: time, seeds where there are several, rows and columns.
_MOST_AXES = 4
#: What some steps on the compiled road may differ by from NumPy's: the rounding of exponentials, and what cancels.
_TOLERANCE = 1e-11
#: The settings of the weights, which are no arrays and may change what a step does.
Settings = tuple[tuple[str, bool | int | str], ...]


@dataclass(frozen=True)
class _Step:
    """A compiled step: its parts in order, and the arrays that these know by number; `scratch` as in `Layout`."""

    parts: tuple[Function | Product, ...]
    arrays: tuple[str, ...]
    scratch: Mapping[str, int]


class Road:
    """The works of one pass, compiled."""

    def __init__(self, cell: Cell, weights: Weights, record: Any) -> None:
        self._cell, self._weights, self._record = cell, weights, _by_name(record)
        self._rows = {name: _row(array) for name, array in self._record.items()}
        _, *self._seeds, self._units, self._columns = record.hidden.shape

    def carry(self, work: Work, steps: range, room: Room) -> Carry | None:
        """What does this work at `steps` of the sequence; None where NumPy is to do it."""
        step = step_of(work, self._cell, self._weights)
        return None if step is None else self.along(step, steps, room)

    def along(self, step: _Step, steps: range, room: Room) -> Carry:
        """What carries out the compiled step at `steps`."""
        arrays = {**room, **{name: self._scratch(blocks) for name, blocks in step.scratch.items()}}
        record = {name: (first + steps.start * each, each, seed) for name, (first, each, seed) in self._rows.items()}
        rows = record | {name: _row(array) for name, array in arrays.items()}
        numbers = list(chain.from_iterable(rows[name] for name in step.arrays))
        table = (ctypes.c_int64 * len(numbers))(*numbers)
        shape = (prod(self._seeds), self._units * self._columns)
        parts = [
            self._product(part, steps, arrays)
            if isinstance(part, Product)
            else partial(part, ctypes.addressof(table), *shape)
            for part in step.parts
        ]

        def carry(b: int, _kept: Any = (table, arrays)) -> None:
            for part in parts:
                part(b)

        return carry

    def _scratch(self, blocks: int) -> Array:
        return np.empty((1, *self._seeds, blocks * self._units, self._columns))

    def _product(self, product: Product, steps: range, arrays: Room) -> Carry:
        method = getattr(self._weights, product.call.method)
        by_step = list(zip(*(self._passed(of, product, steps, arrays) for of in product.call.arguments), strict=True))
        return lambda b: method(*by_step[b])

    def _passed(self, value: Any, product: Product, steps: range, arrays: Room) -> Iterable[Any]:
        """An argument of a product at each step."""
        if isinstance(value, slice):
            value = slice(*(None if part is None else part * self._units for part in (value.start, value.stop)))
        if not isinstance(value, Blocks):
            return [value] * len(steps)
        place = product.places[value]
        rows = slice(place.block * self._units, (place.block + value.count) * self._units)
        if place.array in arrays:
            array, first = arrays[place.array], place.time
        else:
            array, first = self._record[place.array], place.time + steps.start
        found = array[..., rows, :]
        return found[first : first + len(steps)] if len(array) > 1 else [found[0]] * len(steps)


def road(cell: Cell, weights: Weights, record: Any) -> Road | None:
    """The compiled road of a pass; None where LLVM is not to be had or the arrays lie otherwise."""
    if llvm() is None or record.hidden.ndim > _MOST_AXES or not all(map(_is_dense, _by_name(record).values())):
        return None
    return Road(cell, weights, record)


def _row(array: Array) -> tuple[int, int, int]:
    """The address of the first row along time, and bytes to that of the next step (0: one serves all) and seed."""
    return address_of(array), array.strides[0] if len(array) > 1 else 0, array.strides[1] if array.ndim > 3 else 0


def _is_dense(array: Array) -> bool:
    """Whether the rows of each step and seed lie side by side."""
    return array.dtype == np.float64 and array.strides[-2:] == (8 * array.shape[-1], 8)


def _settings(weights: Weights) -> Settings:
    named = ((of.name, getattr(weights, of.name)) for of in fields(weights))
    return tuple((name, value) for name, value in named if isinstance(value, bool | int | str))


def _by_name(record: Any) -> dict[str, Array]:
    """The arrays of a record that have an axis of time, and so all axes of the states."""
    named = {of.name: getattr(record, of.name) for of in fields(record)}
    return {name: array for name, array in named.items() if array is not None and array.ndim == record.hidden.ndim}


_STEPS_BY_KIND: dict[Hashable, _Step | None] = {}


def step_of(work: Work, cell: Cell, weights: Weights) -> _Step | None:
    """A work that is noted, compiled and tried when it is first asked for; None where one of the three fails."""
    kind = (work, cell, type(weights), _settings(weights))
    if kind not in _STEPS_BY_KIND:
        _STEPS_BY_KIND[kind] = _made(*kind)
    return _STEPS_BY_KIND[kind]


def _made(work: Work, cell: Cell, weights_type: type[Weights], settings: Settings) -> _Step | None:
    weights = _small_weights(cell, settings)
    if type(weights) is not weights_type:
        return None
    try:
        step = _from_notes(work, cell, weights)
    except UntraceableError:
        return None
    return step if _agrees(step, work, cell, weights) else None


def _from_notes(work: Work, cell: Cell, weights: Weights) -> _Step:
    tape, record, room = Tape(), _small_record(cell, weights), _small_room(work, cell, 1)
    watched = replace(record, **{name: tape.watch(array) for name, array in _by_name(record).items()})
    watched_room = {name: tape.watch(array) for name, array in room.items()}
    with np.errstate(all="ignore"):
        if work is works.forward:
            work(cell, tape.weights(weights), watched, watched_room)(_NOW)
        else:
            factors = cell.make_factors(watched, slice(_NOW, _NOW + 1))
            work(cell, tape.weights(weights), factors, watched_room)(0)
    rows = {name: (array, _NOW) for name, array in _by_name(record).items()}
    layout = Layout(rows | {name: (array, 0) for name, array in room.items()})
    program = make_program(tape.notes, layout)
    arrays = (*layout.arrays, *layout.scratch)
    functions = iter(make_functions([part for part in program if not isinstance(part, Product)], arrays))
    parts = tuple(part if isinstance(part, Product) else next(functions) for part in program)
    return _Step(parts, arrays, layout.scratch)


def _agrees(step: _Step, work: Work, cell: Cell, weights: Weights) -> bool:
    """Whether it leaves what the cell's own methods leave, of numbers of all sizes."""
    left = list[dict[str, Array]]()
    with np.errstate(all="ignore"):
        for by_cell in (True, False):
            record, room, steps = _small_record(cell, weights), _small_room(work, cell, _STEPS), range(_STEPS)
            given = record if work is works.forward else cell.make_factors(record, slice(None, _STEPS))
            own = work(cell, weights, given, room)
            carry = own if by_cell else Road(cell, weights, record).along(step, steps, room)
            for b in steps if work is works.forward else reversed(steps):
                carry(b)
            left.append(_by_name(record) | room)
    same = partial(np.allclose, rtol=_TOLERANCE, atol=0.0, equal_nan=True)
    return all(map(same, *(arrays.values() for arrays in left)))


def _small_weights(cell: Cell, settings: Settings) -> Weights:
    rng, rows, outputs = np.random.default_rng(0), cell.blocks * UNITS, 2
    of_state = recurrent_blocks(cell) * UNITS
    shapes = {
        "weight_ih_l0": (rows, 1),
        "weight_hh_l0": (of_state, outputs if cell.feeds_back_output else UNITS),
        "weight_ho": (outputs, UNITS),
        **{"bias_ih_l0": (rows,), "bias_hh_l0": (of_state,)},
        **{f"{name}_l0": shape for name, shape in cell.further(UNITS).items()},
    }
    made = cell.make_weights({name: rng.standard_normal(shape) for name, shape in shapes.items()})
    changes: dict[str, Any] = dict(settings)
    return replace(made, **changes)


def _small_record(cell: Cell, weights: Weights) -> Any:
    """A record of any numbers."""
    record = cell.make_record(np.zeros((_STEPS, cell.blocks * UNITS, COLUMNS)), weights)
    for array in _by_name(record).values():
        array[...] = _numbers(array.shape)
    return record


def _small_room(work: Work, cell: Cell, count: int) -> dict[str, Array]:
    if work is works.forward:
        return {}
    if work is works.entry:
        return {"entry": _numbers((count, UNITS, COLUMNS))}
    longer, delta = (count + 1, UNITS, COLUMNS), np.zeros((count, cell.delta_blocks * UNITS, COLUMNS))
    adjoints = Adjoints(tuple(_numbers(longer) for _ in cell.components), delta)
    return works.room_of_adjoints(adjoints, _numbers(longer) if work is works.back_with_path else None)


def _numbers(shape: tuple[int, ...]) -> Array:
    """Between −1 and 1, many of them 1, where a tanh has saturated, and some very small; always the same."""
    rng = np.random.default_rng(1)
    sizes = rng.choice([1e-300, 1e-8, 1.0, 1.0], shape)
    return np.where(rng.random(shape) < 0.3, 1.0, rng.uniform(-1.0, 1.0, shape) * sizes)
