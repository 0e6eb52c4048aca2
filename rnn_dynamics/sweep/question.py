"""What a sweep asks: one experiment, the values that some of its fields take, and the seeds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, Self

from rnn_dynamics.experiment import KNOBS, KNOBS_NUMBER, Experiment, checked_experiment, settings
from rnn_dynamics.limits import one_of, plain, short

#: More than a cluster of a hundred cores answers in a night.
LARGEST_SWEEP = 100_000_000
#: Of which gradients the norm at each lag may be kept.
NORMS = ("input", "hidden")


@dataclass(frozen=True)
class Sweep:
    """A grid of experiments: each combination of the axes' values, for each seed.

    Args:
        experiment: what all of them have in common.
        axes: a field of `Experiment` -> the values that it takes, in the order of the grid's dimensions.
        seeds: the networks at each point of the grid; None stands for the experiment's own.
        norms: of which gradients the norm is kept at each lag, of "input" and "hidden". Without any, a store holds
            about a hundredth as much.

    Raises:
        ValueError: a field is unknown, a value is outside its limits or given twice, values do not go together, or
            there are more than LARGEST_SWEEP experiments; the message names field, value and limit.
    """

    experiment: Experiment
    axes: Mapping[str, Iterable[Any]]
    seeds: Iterable[int] | None = None
    norms: Iterable[str] = NORMS

    def __post_init__(self) -> None:
        checked_experiment(self.experiment)
        if not isinstance(self.axes, Mapping):
            raise ValueError(f"axes = {short(self.axes)} does not name the values of each field")
        seeds = (self.experiment.seed,) if self.seeds is None else self.seeds
        checked = {
            "axes": {field: _values(field, values) for field, values in self.axes.items()},
            "seeds": _each("seed", seeds),
            "norms": tuple(one_of("norms", name, NORMS) for name in _sequence("norms", self.norms)),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.size > LARGEST_SWEEP:
            raise ValueError(f"the sweep has {self.size:,} experiments; the limit is {LARGEST_SWEEP:,}")
        for kind in self._kinds():
            _check_kind(replace(self.experiment, **kind), kind)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the grid's dimensions: the axes, and "seed"."""
        return (*self.axes, "seed")

    @cached_property
    def coordinates(self) -> dict[str, tuple[Any, ...]]:
        """Name of each dimension -> its values."""
        return {name: tuple(values) for name, values in (*self.axes.items(), ("seed", self.seeds or ()))}

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the grid."""
        return tuple(len(values) for values in self.coordinates.values())

    @property
    def size(self) -> int:
        """How many experiments there are."""
        return prod(self.shape)

    @cached_property
    def kinds(self) -> tuple[Experiment, ...]:
        """One experiment for each combination of the values that are no real numbers, which cost and last the same."""
        return tuple(replace(self.experiment, **kind) for kind in self._kinds())

    @cached_property
    def lags(self) -> int:
        """The longest sequence's T: lags are 0 .. T − 1."""
        return max(kind.sequence_length for kind in self.kinds)

    def experiment_at(self, index: Sequence[int]) -> Experiment:
        """The experiment at one place of the grid, an index for each of `dims`."""
        return replace(self.experiment, **self._at(index))

    def named(self, index: Sequence[int]) -> str:
        """The same by what sets it apart from the others."""
        return named(self._at(index))

    def asked(self) -> dict[str, Any]:
        """All that is asked, by name: two sweeps are the same where this is."""
        common = {**settings(self.experiment), **self.coordinates}
        return {"axes": tuple(self.axes), **common, "norms": tuple(self.norms)}

    def as_text(self) -> str:
        """The sweep as JSON."""
        axes = [[field, list(values)] for field, values in self.axes.items()]
        asked = {"axes": axes, "seeds": list(self.coordinates["seed"]), "norms": list(self.norms)}
        return json.dumps({"experiment": settings(self.experiment), **asked})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The sweep that `as_text` wrote."""
        asked = json.loads(text)
        return cls(Experiment(**asked["experiment"]), dict(asked["axes"]), asked["seeds"], asked["norms"])

    def _at(self, index: Sequence[int]) -> dict[str, Any]:
        return {name: values[i] for (name, values), i in zip(self.coordinates.items(), index, strict=True)}

    def _kinds(self) -> Iterable[dict[str, Any]]:
        """Which values may not go together: those that are no real numbers."""
        axes = {field: values for field, values in self.axes.items() if not _is_real(field)}
        return (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def named(at: Mapping[str, Any]) -> str:
    """An experiment of a sweep, by what sets it apart."""
    return ", ".join(f"{name} = {short(value)}" for name, value in at.items())


def _check_kind(experiment: Experiment, asked: Mapping[str, Any]) -> None:
    """Refuse what a text decides: its length, and how many characters it has."""
    for name, value in asked.items():
        if getattr(experiment, name) != value:
            raise ValueError(f"{name} = {short(value)} does not go with text = {short(experiment.text)}")


def _is_real(field: str) -> bool:
    return field in KNOBS_NUMBER and not KNOBS_NUMBER[field].whole


def _values(field: object, values: object) -> tuple[Any, ...]:
    """The values of an axis.

    Raises:
        ValueError: the field is none that can be an axis, a value is outside its limits or is given twice.
    """
    name = one_of("axis", field, [name for name in KNOBS if name != "seed"], ", the fields of an Experiment")
    return _each(name, values)


def _each(name: str, values: object) -> tuple[Any, ...]:
    checked = tuple(KNOBS[name].checked(name, value) for value in _sequence(name, values))
    if not checked:
        raise ValueError(f"{name} has no values; name at least one")
    if len(set(checked)) < len(checked):
        twice = next(value for value in checked if checked.count(value) > 1)
        raise ValueError(f"{name} = {short(twice)} is given twice")
    return checked


def _sequence(name: str, values: object) -> Iterable[Any]:
    found = plain(values)
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise ValueError(f"{name} = {short(values)} is not a sequence of values")
    return found
