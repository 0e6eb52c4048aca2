"""What a value may be, and how it is refused: on one line that names what, its value and the limit."""

import numbers
import operator
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, ClassVar, Self

_LONGEST_WHOLE = 10**50
_LARGEST = sys.float_info.max

#: Of weights, and of inputs and initial states: their products, summed over any width, stay within float64.
LARGEST_WEIGHT, LARGEST_INPUT = 1e100, 1e200


def plain(value: Any) -> Any:
    """What NumPy or torch holds as a single number, truth value or text, as Python's own; all else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def short(value: object) -> str:
    """A value as it appears in a message: never longer than a line."""
    if isinstance(value, int) and abs(value) > _LONGEST_WHOLE:  # Python itself refuses to print the longest
        return f"a whole number of {value.bit_length()} bits"
    shown = " ".join(line.strip() for line in repr(value).splitlines())
    return shown if len(shown) <= 60 else shown[:57] + "..."


def written(limit: float) -> str:
    """A limit with all its digits, so that a value just beyond it can be told from it."""
    return f"{limit:.12g}"


def one_of(name: str, value: object, options: Collection[str], why: str = "") -> str:
    """Return `value` as a str; raise ValueError naming it, its value and the options where it is none of them.

    `why` is added to the message: where the options come from.
    """
    found = value if type(value) is str else plain(value)
    if not isinstance(found, str) or found not in options:
        raise ValueError(f"{name} = {short(value)} is not one of {', '.join(options)}{why}")
    return found


def finite(name: str, value: object, *, positive: bool = False) -> float:
    """Return `value` as a float; raise ValueError where it is not a finite number from 0 upwards, or above 0."""
    found, least = plain(value), "above 0" if positive else "from 0 upwards"
    kind: Any = numbers.Real
    # The comparison is false for nan, and exact for a number of any length.
    if isinstance(found, bool) or not isinstance(found, kind) or not 0.0 <= found <= _LARGEST:
        raise ValueError(f"{name} = {short(value)} is not a finite number {least}")
    if positive and not found:
        raise ValueError(f"{name} = {short(value)} is not a finite number {least}")
    return float(found)


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers from `minimum` to `maximum`, both included."""

    minimum: float
    maximum: float
    whole: bool = False

    def __str__(self) -> str:
        return f"from {written(self.minimum)} to {written(self.maximum)}"

    def checked(self, name: str, value: object) -> float:
        """Return `value` as int or float; raise ValueError naming field, value and limit."""
        if type(value) is (int if self.whole else float) and self.minimum <= value <= self.maximum:
            return value  # as nearly all are: to ask for a kind of number takes several times as long
        found = plain(value)
        kind: Any = numbers.Integral if self.whole else numbers.Real
        # A truth value or a text is a slip. The comparison is false for nan, and exact for a number of any length.
        if isinstance(found, bool) or not isinstance(found, kind) or not self.minimum <= found <= self.maximum:
            raise ValueError(f"{name} = {short(value)} is not {'a whole number' if self.whole else 'a number'} {self}")
        return operator.index(found) if self.whole else float(found)

    def each(self, name: str, values: object) -> tuple[float, ...]:
        """Return all `values` of an argument that is called `name` in the plural.

        Raises:
            ValueError: there is none, one is outside the limits, or they are no sequence; the message names it.
        """
        found = plain(values)
        if isinstance(found, str | bytes) or not isinstance(found, Iterable):
            raise ValueError(f"{name}s = {short(values)} is not a sequence of numbers {self}")
        checked = tuple(self.checked(name, value) for value in found)
        if not checked:
            raise ValueError(f"{name}s is empty; name at least one {self}")
        return checked


@dataclass(frozen=True, kw_only=True)
class Number(Range):
    """A numeric field: a control offers the values in `offered`."""

    offered: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A field with named values, each of `options`."""

    options: tuple[str, ...]

    def checked(self, name: str, value: object) -> str:
        """Return `value`; raise ValueError naming field, value and what is valid."""
        return one_of(name, value, self.options)


@dataclass(frozen=True, kw_only=True)
class Text:
    """A field that holds characters, at most `longest` of them; a control accepts `offered_length`."""

    longest: int
    offered_length: int

    def checked(self, name: str, value: object) -> str:
        """Return `value`; raise ValueError naming field, value and limit."""
        found = plain(value)
        if not isinstance(found, str):
            raise ValueError(f"{name} = {short(value)} is not a text")
        if len(found) > self.longest:
            raise ValueError(f"{name} = {short(value)} has {len(found)} characters; the limit is {self.longest}")
        return found


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A field that is true or false."""

    def checked(self, name: str, value: object) -> bool:
        """Return `value`; raise ValueError naming field, value and what is valid."""
        found = value if type(value) is bool else plain(value)
        if not isinstance(found, bool):
            raise ValueError(f"{name} = {short(value)} is not True or False")
        return found


Knob = Number | Choice | Text | Flag


def asked(default: Any, knob: Knob) -> Any:
    """A field of a dataclass with its limits."""
    return field(default=default, metadata={"knob": knob})


def knobs_of(asks: type) -> dict[str, Knob]:
    """Name of each field of a dataclass that has limits -> these, in the order of the fields."""
    return {item.name: item.metadata["knob"] for item in fields(asks) if "knob" in item.metadata}


class KnownFields:
    """A dataclass that answers to an unknown field with the nearest one that it has.

    NOT_HERE: keyword that a reader may expect -> what to say of it.
    """

    NOT_HERE: ClassVar[Mapping[str, str]] = {}
    __dataclass_fields__: ClassVar[dict[str, Any]]

    # __init__ is the dataclass's own, and what a type checker goes by.
    def __new__(cls, *_: object, **given: object) -> Self:
        """Make room for the fields.

        Raises:
            TypeError: a field is unknown; the message names the nearest one, or what is not supported.
        """
        if given.keys() <= cls.__dataclass_fields__.keys():
            return super().__new__(cls)
        known = [item.name for item in fields(cls)]
        for name in given:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}"
                raise TypeError(f"{cls.__name__} has no field {name!r}{cls.NOT_HERE.get(name, hint)}")
        return super().__new__(cls)
