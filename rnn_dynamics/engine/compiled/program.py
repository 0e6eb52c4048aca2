"""From the notes of a step to loops over memory: which block is loaded, what is computed, which result is stored.

Between two calls, a *loop* reads the entries of the blocks it needs, computes, and stores what somebody reads later:
the arrays that a step leaves, and of its scratch only what a call or a later loop meets. All else stays in registers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.compiled.tape import BLOCK_BYTES, MASKS, Blocks, Call, Operation, UntraceableError, address_of


@dataclass(frozen=True)
class Place:
    """A block: of a named array, its row along time relative to the step's own (0 without time), and its number."""

    array: str
    time: int
    block: int


@dataclass(frozen=True, eq=False)
class Value:
    """The result of an operation on entries; what is loaded has a place and no arguments."""

    name: str
    arguments: tuple["Value | float", ...] = ()
    place: Place | None = None


#: Arrays of a product.
_READ_AND_WRITTEN = 2
#: What one pass over the entries leaves, and where.
Loop = dict[Place, Value]


@dataclass(frozen=True, eq=False)
class Product:
    """A call, and of each of its `Blocks` the place of the first."""

    call: Call
    places: Mapping[Blocks, Place]


@dataclass
class Layout:
    """Where the arrays of a trace lie.

    arrays: name -> (array (T, rows, C), the row along time that is the step's own). Whatever else turns up in the notes
    is scratch of the step; `scratch` says how many blocks each has that a loop leaves to another part of the step.
    """

    arrays: Mapping[str, tuple[NDArray[np.float64], int]]
    scratch: dict[str, int] = field(default_factory=dict)
    _first: dict[str, int] = field(default_factory=dict)

    def named(self, address: int) -> Place | None:
        """The place of an address in a named array."""
        for name, (array, now) in self.arrays.items():
            time, rest = divmod(address - address_of(array), array.strides[0])
            if 0 <= time < len(array) and rest < array[0].nbytes:
                return Place(name, time - now, _whole_blocks(rest))
        return None

    def place(self, blocks: Blocks) -> Place:
        """The place of the first of some blocks, which are given scratch where they lie in no named array."""
        return self.named(blocks.address) or self._in_scratch(blocks.address) or self._new_scratch(blocks)

    def _in_scratch(self, address: int) -> Place | None:
        for name, count in self.scratch.items():
            if 0 <= address - self._first[name] < count * BLOCK_BYTES:
                return Place(name, 0, _whole_blocks(address - self._first[name]))
        return None

    def _new_scratch(self, blocks: Blocks) -> Place:
        name = f"scratch {len(self.scratch)}"
        self._first[name], self.scratch[name] = blocks.address, blocks.count
        return Place(name, 0, 0)


def _whole_blocks(offset: int) -> int:
    if offset % BLOCK_BYTES:
        raise UntraceableError("a block begins within another")
    return offset // BLOCK_BYTES


def make_program(notes: Iterable[Operation | Call], layout: Layout) -> list[Loop | Product]:
    """Loops and products in the order of a step."""
    parts = list(_parts(notes))
    # First, because the arrays that they write are the largest.
    products = iter([_product(part, layout) for part in parts if isinstance(part, Call)])
    program: list[Loop | Product] = []
    for place, part in enumerate(parts):
        if isinstance(part, Call):
            program.append(next(products))
            continue
        kept = [address for address in part.results if _is_read(address, parts[place + 1 :], layout)]
        if kept:
            values = part.placed(layout)
            if any(values[address].name in MASKS for address in kept):
                raise UntraceableError("a mask outlives the operations between two products")
            program.append({layout.place(Blocks(address, 1)): values[address] for address in kept})
    return program


@dataclass(frozen=True)
class _Section:
    """The operations between two calls."""

    operations: list[Operation]

    @property
    def results(self) -> dict[int, None]:
        """What it writes, in order."""
        return dict.fromkeys(operation.result for operation in self.operations)

    @property
    def reads(self) -> set[int]:
        """What it reads before it writes it."""
        written, read = set[int](), set[int]()
        for operation in self.operations:
            read |= {of for of in operation.arguments if isinstance(of, int) and of not in written}
            written.add(operation.result)
        return read

    def placed(self, layout: Layout) -> dict[int, Value]:
        """The last value of each result."""
        now: dict[int, Value] = {}

        def value_at(address: int | float) -> Value | float:
            if isinstance(address, float):
                return address
            return now.get(address) or now.setdefault(
                address, Value("load", place=layout.place(Blocks(int(address), 1)))
            )

        for operation in self.operations:
            now[operation.result] = Value(operation.name, tuple(value_at(of) for of in operation.arguments))
        return now


_Part = _Section | Call


def _product(call: Call, layout: Layout) -> Product:
    if len(call.blocks) != _READ_AND_WRITTEN:
        raise UntraceableError(f"{call.method} is no product with one array")
    return Product(call, {of: layout.place(of) for of in call.blocks})


def _parts(notes: Iterable[Operation | Call]) -> Iterator[_Part]:
    for calls, group in groupby(notes, lambda note: isinstance(note, Call)):
        if calls:
            yield from (note for note in group if isinstance(note, Call))
        else:
            yield _Section([note for note in group if isinstance(note, Operation)])


def _is_read(address: int, later: list[_Part], layout: Layout) -> bool:
    """Whether a result is read in a later part of the step, or left by the step."""
    for part in later:
        if address in (part.reads if isinstance(part, _Section) else _each(part.blocks[:-1])):
            return True
        if address in (part.results if isinstance(part, _Section) else _each(part.blocks[-1:])):
            return False
    return layout.named(address) is not None


def _each(blocks: Iterable[Blocks]) -> set[int]:
    return {of.address + k * BLOCK_BYTES for of in blocks for k in range(of.count)}
