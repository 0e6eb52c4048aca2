"""What a cell computes in one time step, noted operation by operation while NumPy runs it.

An array of the class `Noted` hands each ufunc that it takes part in to a `Tape`. Every operand is a stack of *blocks*,
(H, C) each and contiguous, and is known by the address of its first entry, so that a view, a slice of a gate and the
whole array are told to be the same memory without the cell saying so. All operations work entry by entry. What does
not, the products with the weights, stays a call of the method of `Weights` that makes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Sizes of the arrays on which a cell runs to be noted. A slice of 2H rows must not be taken for another number.
UNITS, COLUMNS = 7, 3
BLOCK_BYTES = UNITS * COLUMNS * 8
#: ufunc -> the name of its operation.
_OPERATIONS: dict[Any, str] = {
    ufunc: ufunc.__name__
    for ufunc in (
        *(np.add, np.subtract, np.multiply, np.divide, np.negative, np.reciprocal, np.square, np.absolute),
        *(np.minimum, np.maximum, np.exp, np.tanh, np.logaddexp, np.positive),
        *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal),
    )
}


#: Those whose results are no numbers.
MASKS = {"less", "less_equal", "greater", "greater_equal", "equal"}


class UntraceableError(Exception):
    """A cell does something that the tape has no note for; it then stays on NumPy's road."""


@dataclass(frozen=True)
class Operation:
    """One operation on blocks; arguments are addresses of blocks, or numbers."""

    name: str
    result: int
    arguments: tuple[int | float, ...]


@dataclass(frozen=True)
class Blocks:
    """An argument of a call: `count` blocks side by side, from an address on."""

    address: int
    count: int


@dataclass(frozen=True)
class Call:
    """A call of a method of the weights, whose last argument is what it writes.

    arguments: `Blocks`, or what is passed on as it is; of a slice, rows in units of H.
    """

    method: str
    arguments: tuple[Any, ...]

    @property
    def blocks(self) -> list[Blocks]:
        """All arguments that are blocks, in order; the last one is written."""
        return [value for value in self.arguments if isinstance(value, Blocks)]


class Tape:
    """Operations and calls in the order of the computation."""

    def __init__(self) -> None:
        self.notes: list[Operation | Call] = []
        self._alive: list[Any] = []  # what is freed could leave its address to another array

    def watch(self, array: NDArray[Any]) -> "Noted":
        """The same memory as an array whose operations are noted."""
        noted = array.view(Noted)
        noted.tape = self
        self._alive.append(noted)
        return noted

    def note(self, name: str, result: NDArray[Any], *arguments: Any) -> None:
        """Note an operation on whole arrays, which NumPy broadcasts, block by block."""
        self._alive += [result, *arguments]
        places = [_constant(of) if np.ndim(of) == 0 else _addresses(of, result.shape) for of in arguments]
        for k, address in enumerate(_addresses(result, result.shape)):
            here = tuple(place[k] if isinstance(place, list) else place for place in places)
            self.notes.append(Operation(name, address, here))

    def run_ufunc(self, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], out: tuple[Any, ...] | None) -> Any:
        """Run it, and note it."""
        if method != "__call__" or ufunc not in _OPERATIONS:
            raise UntraceableError(f"{ufunc.__name__}.{method}")
        plain = [np.asarray(of) for of in inputs]
        result = np.asarray(ufunc(*plain, **({} if out is None else {"out": np.asarray(out[0])})))
        self.note(_OPERATIONS[ufunc], result, *plain)
        return self.watch(result)

    def weights(self, weights: Any) -> Any:
        """The same weights, whose products are noted and not computed: what they write is left as it is."""
        own = type(weights)
        methods = {name: _noting(getattr(own, name), self) for name in dir(own) if _is_method(own, name)}
        noted: Any = object.__new__(type("NotedWeights", (type(weights),), methods))
        noted.__dict__.update(weights.__dict__)
        return noted

    def note_call(self, method: str, arguments: tuple[Any, ...]) -> None:
        """Note a product."""
        self._alive += arguments
        self.notes.append(Call(method, tuple(_passed(value) for value in arguments)))


class Noted(np.ndarray):
    """An array whose operations its tape notes."""

    tape: Tape

    def __array_finalize__(self, origin: Any) -> None:
        self.tape = getattr(origin, "tape", None)  # type: ignore[assignment]  # `watch` gives it one

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if set(keywords) - {"out"}:
            raise UntraceableError(f"{ufunc.__name__} with {', '.join(keywords)}")
        return self.tape.run_ufunc(ufunc, method, inputs, keywords.get("out"))

    def __getitem__(self, index: Any) -> Any:
        """All entries, too, where a mask chooses some: what is computed of the others is not written back."""
        return self.copy_noted() if _is_mask(index) else super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        into = np.asarray(self) if _is_mask(index) else np.asarray(self)[index]
        if _is_mask(index):
            self.tape.note("select", into, np.asarray(index), np.asarray(value), into)
        else:
            self.tape.note("positive", into, np.asarray(value))
            into[...] = np.asarray(value)

    def any(self, *_: Any, **__: Any) -> Any:
        """True, so that the tape holds what is done where a mask holds anywhere."""
        return True

    def max(self, *_: Any, **__: Any) -> Any:
        """Infinite, likewise for what is done where an entry is."""
        return np.inf

    def astype(self, *_: Any, **__: Any) -> Any:
        """As numbers."""
        numbers = np.asarray(self).astype(np.float64)
        self.tape.note("number", numbers, np.asarray(self))
        return self.tape.watch(numbers)

    def copy_noted(self) -> "Noted":
        """A copy, noted as one."""
        copied = np.array(self, copy=True, subok=False)
        self.tape.note("positive", copied, np.asarray(self))
        return self.tape.watch(copied)


def address_of(array: NDArray[Any]) -> int:
    """Of its first entry."""
    return int(array.__array_interface__["data"][0])


def _constant(value: Any) -> float:
    return float(value)


def _addresses(array: NDArray[Any], shape: tuple[int, ...]) -> list[int]:
    """Of each block of an array (..., k·H, C) once it is broadcast to `shape`."""
    array = np.broadcast_to(array, shape)
    size = array.itemsize
    if array.ndim < 2 or shape[-1] != COLUMNS or shape[-2] % UNITS or array.strides[-2:] != (COLUMNS * size, size):
        raise UntraceableError(f"{shape} is no stack of blocks ({UNITS}, {COLUMNS})")
    places = np.ndindex(*shape[:-2], shape[-2] // UNITS)
    steps = (*array.strides[:-2], UNITS * COLUMNS * size)
    return [address_of(array) + sum(i * step for i, step in zip(place, steps, strict=True)) for place in places]


def _passed(value: Any) -> Any:
    """An argument of a call as it is noted."""
    if isinstance(value, np.ndarray):
        addresses = _addresses(np.asarray(value), value.shape)
        if any(there - here != BLOCK_BYTES for here, there in pairwise(addresses)):
            raise UntraceableError("the blocks of a product do not lie side by side")
        return Blocks(addresses[0], len(addresses))
    if isinstance(value, slice):
        return slice(*(None if part is None else _in_units(part) for part in (value.start, value.stop)))
    return value


def _in_units(rows: int) -> int:
    if rows % UNITS:
        raise UntraceableError(f"{rows} rows of a product are no multiple of H")
    return rows // UNITS


def _is_mask(index: Any) -> bool:
    return isinstance(index, np.ndarray) and index.dtype == np.bool_


def _is_method(owner: type, name: str) -> bool:
    return not name.startswith("_") and callable(getattr(owner, name))


def _noting(method: Callable[..., None], tape: Tape) -> Callable[..., None]:
    parameters = signature(method)

    def call(*arguments: Any, **keywords: Any) -> None:
        tape.note_call(method.__name__, parameters.bind(*arguments, **keywords).args[1:])

    return call
