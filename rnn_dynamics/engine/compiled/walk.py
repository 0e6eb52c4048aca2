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
from rnn_dynamics.engine.cells.cell import Cell, Weights, recurrent_blocks, recurrent_columns
from rnn_dynamics.engine.compiled import steps as works
from rnn_dynamics.engine.compiled.machine_code import Function, llvm, make_function
from rnn_dynamics.engine.compiled.products import kernel, stored
from rnn_dynamics.engine.compiled.program import Layout, Loop, Product, make_program
from rnn_dynamics.engine.compiled.steps import Carry, Room, Work
from rnn_dynamics.engine.compiled.tape import COLUMNS, UNITS, Blocks, Call, Tape, UntraceableError, address_of

#: Steps of the sequence on which a cell is noted, and the one that is.
_STEPS, _NOW = 3, 1
#: Of the arrays of a pass: time, seeds where there are several, rows and columns.
_MOST_AXES = 4
#: What some steps on the compiled road may differ by from NumPy's: the rounding of exponentials, and what cancels.
_TOLERANCE = 1e-11
#: The settings of the weights, which are no arrays and may change what a step does.
Settings = tuple[tuple[str, bool | int | str], ...]


#: All parts of a step, each of which has a bit.
_ALL = -1


@dataclass(frozen=True)
class _Step:
    """A compiled step: its parts in order, the arrays that these know by number; `scratch` as in `Layout`.

    whole: whether its products may be made with the matrices of the weights, so that no step comes back to Python.
    """

    function: Function
    parts: tuple[Loop | Product, ...]
    arrays: tuple[str, ...]
    scratch: Mapping[str, int]
    whole: bool


class Road:
    """The works of one pass, compiled."""

    def __init__(self, cell: Cell, weights: Weights, record: Any) -> None:
        self._cell, self._weights, self._record = cell, weights, _by_name(record)
        self._rows = {name: _row(array) for name, array in self._record.items()}
        _, *self._seeds, self._units, self._columns = record.hidden.shape
        self._made: dict[Product, tuple[int, ...] | None] = {}
        self._kept: list[Array] = []  # of which a table has the address alone

    def walk(self, work: Work, steps: range, order: range, room: Room) -> bool:
        """Do a work at `steps` of the sequence, in the order of their numbers from 0 on; False where NumPy is to."""
        step = step_of(work, tuple(sorted(room)), self._cell, self._weights)
        if step is not None:
            self.along(step, steps, order, room)
        return step is not None

    def along(self, step: _Step, steps: range, order: range, room: Room) -> None:
        """Carry out a compiled step at each of `steps`."""
        arrays = {**room, **{name: self._scratch(blocks) for name, blocks in step.scratch.items()}}
        record = {name: (first + steps.start * each, each, seed) for name, (first, each, seed) in self._rows.items()}
        rows = record | {name: _row(array) for name, array in arrays.items()}
        own = [self._own_product(part) if step.whole else None for part in step.parts if isinstance(part, Product)]
        numbers = list(chain(*(rows[name] for name in step.arrays), *filter(None, own)))
        table = (ctypes.c_int64 * len(numbers))(*numbers)
        function = partial(step.function, ctypes.addressof(table), prod(self._seeds), self._units * self._columns)
        if None not in own:
            function(_ALL, order.step, len(order), order.start)
            return
        parts = [
            self._product(part, steps, arrays) if isinstance(part, Product) else partial(function, 1 << k, 1, 1)
            for k, part in enumerate(step.parts)
        ]
        for b in order:
            for part in parts:
                part(b)

    def _scratch(self, blocks: int) -> Array:
        return np.empty((1, *self._seeds, blocks * self._units, self._columns))

    def _own_product(self, product: Product) -> tuple[int, ...] | None:
        """What the table holds of a product; None where the weights make it."""
        if product not in self._made:
            self._made[product] = self._with_matrix(product.call)
        return self._made[product]

    def _with_matrix(self, call: Call) -> tuple[int, ...] | None:
        inner, rows = (of.count * self._units for of in call.blocks)
        others = (self._in_rows(of) for of in call.arguments if not isinstance(of, Blocks))
        if (found := self._weights.matrix_of(call.method, *others)) is None:
            return None
        matrix, scale = stored(found[0], self._columns), np.ones(self._columns)
        if found[1] is not None:
            scale[:] = found[1]
        self._kept += [matrix, scale]
        by_seed = matrix.strides[0] if found[0].ndim > 2 else 0
        sizes = (rows, inner, self._columns)
        return (kernel(rows, self._columns), address_of(matrix), by_seed, *sizes, address_of(scale))

    def _product(self, product: Product, steps: range, arrays: Room) -> Carry:
        method = getattr(self._weights, product.call.method)
        by_step = list(zip(*(self._passed(of, product, steps, arrays) for of in product.call.arguments), strict=True))
        return lambda b: method(*by_step[b])

    def _passed(self, value: Any, product: Product, steps: range, arrays: Room) -> Iterable[Any]:
        """An argument of a product at each step."""
        if not isinstance(value, Blocks):
            return [self._in_rows(value)] * len(steps)
        place = product.places[value]
        rows = slice(place.block * self._units, (place.block + value.count) * self._units)
        if place.array in arrays:
            array, first = arrays[place.array], place.time
        else:
            array, first = self._record[place.array], place.time + steps.start
        found = array[..., rows, :]
        return found[first : first + len(steps)] if len(array) > 1 else [found[0]] * len(steps)

    def _in_rows(self, value: Any) -> Any:
        """A slice that was noted in units of H."""
        if not isinstance(value, slice):
            return value
        return slice(*(None if part is None else part * self._units for part in (value.start, value.stop)))


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
    return {name: of for name, of in vars(record).items() if of is not None and of.ndim == record.hidden.ndim}


_STEPS_BY_KIND: dict[Hashable, _Step | None] = {}


def step_of(work: Work, names: tuple[str, ...], cell: Cell, weights: Weights) -> _Step | None:
    """A work in a room of these arrays, noted, compiled and tried when it is first asked for; None where that fails."""
    kind = (work, cell, type(weights), _settings(weights), names)
    if kind not in _STEPS_BY_KIND:
        _STEPS_BY_KIND[kind] = _made(*kind)
    return _STEPS_BY_KIND[kind]


def _made(
    work: Work, cell: Cell, weights_type: type[Weights], settings: Settings, names: tuple[str, ...]
) -> _Step | None:
    weights = _small_weights(cell, settings)
    if type(weights) is not weights_type:
        return None
    try:
        step = _from_notes(work, cell, weights, names)
    except UntraceableError:
        return None
    tried = {whole: _agrees(replace(step, whole=whole), work, cell, weights, names) for whole in (False, True)}
    return replace(step, whole=tried[True]) if tried[False] else None


def _from_notes(work: Work, cell: Cell, weights: Weights, names: tuple[str, ...]) -> _Step:
    tape, record, room = Tape(), _small_record(cell, weights), _small_room(cell, names, 1)
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
    program = tuple(make_program(tape.notes, layout))
    arrays = (*layout.arrays, *layout.scratch)
    return _Step(make_function(program, arrays), program, arrays, layout.scratch, whole=False)


def _agrees(step: _Step, work: Work, cell: Cell, weights: Weights, names: tuple[str, ...]) -> bool:
    """Whether it leaves what the cell's own methods leave, of numbers of all sizes."""
    left = list[dict[str, Array]]()
    order = range(_STEPS) if work is works.forward else range(_STEPS - 1, -1, -1)
    with np.errstate(all="ignore"):
        for by_cell in (True, False):
            record, room = _small_record(cell, weights), _small_room(cell, names, _STEPS)
            if by_cell:
                given = record if work is works.forward else cell.make_factors(record, slice(None, _STEPS))
                carry = work(cell, weights, given, room)
                for b in order:
                    carry(b)
            else:
                Road(cell, weights, record).along(step, range(_STEPS), order, room)
            left.append(_by_name(record) | room)
    least = _TOLERANCE * np.finfo(np.float64).tiny  # below that number float64 has fewer digits
    same = partial(np.allclose, rtol=_TOLERANCE, atol=least, equal_nan=True)
    return all(map(same, *(arrays.values() for arrays in left)))


def _small_weights(cell: Cell, settings: Settings) -> Weights:
    rng, rows, outputs = np.random.default_rng(0), cell.blocks * UNITS, 2
    of_state = recurrent_blocks(cell) * UNITS
    shapes = {
        "weight_ih_l0": (rows, 1),
        "weight_hh_l0": (of_state, recurrent_columns(cell, UNITS, outputs)),
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


def _small_room(cell: Cell, names: tuple[str, ...], count: int) -> dict[str, Array]:
    def shape(name: str) -> tuple[int, ...]:
        rows = UNITS * (cell.delta_blocks if name == "delta" else 1)
        return (count if name == "delta" or name in works.LOSSES else count + 1, rows, COLUMNS)

    return {name: _numbers(shape(name)) for name in names}


def _numbers(shape: tuple[int, ...]) -> Array:
    """Between −1 and 1, many of them 1, where a tanh has saturated, and some very small; always the same."""
    rng = np.random.default_rng(1)
    sizes = rng.choice([1e-300, 1e-8, 1.0, 1.0], shape)
    return np.where(rng.random(shape) < 0.3, 1.0, rng.uniform(-1.0, 1.0, shape) * sizes)
