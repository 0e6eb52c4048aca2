"""How the grid of a sweep is cut into blocks, and the answers of one block.

A block is a box of the grid that takes about half a second. It extends along the weight scale first, whose values
share one draw, then along the seeds, then along the other axes from the last to the first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import ceil, prod
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.run import group_size, run_family
from rnn_dynamics.engine.trace import FamilyTrace
from rnn_dynamics.engine.verdict import horizon, log10_factor_per_step
from rnn_dynamics.engine.work import work_of
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.sweep.question import Sweep, named

Array = NDArray[np.float64]
Box = tuple[slice, ...]
#: Some weight scales, and some seeds, of a family.
Members = tuple[slice, slice]

#: What a block takes at most, see `work_of`: about half a second.
_WORK = 1.5e9
#: How many experiments a block has at most, so that one that is lost or read is small.
_MOST = 4_000
#: What is kept of each experiment beside its curves, in the order of a block's mark.
SCALARS = ("loss", "log10_factor", "horizon", "digits")


@dataclass(frozen=True)
class Cut:
    """A grid of so many experiments along each dimension, in blocks of `block` each, counted with the last fastest."""

    shape: tuple[int, ...]
    block: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many blocks there are along each dimension."""
        return tuple(ceil(size / of) for size, of in zip(self.shape, self.block, strict=True))

    @property
    def blocks(self) -> int:
        """How many there are."""
        return prod(self.counts)

    def box(self, number: int) -> Box:
        """Where a block lies in the grid."""
        places = zip(np.unravel_index(number, self.counts), self.block, self.shape, strict=True)
        return tuple(slice(int(i) * of, min((int(i) + 1) * of, size)) for i, of, size in places)

    def within(self, box: Box) -> Iterator[int]:
        """The numbers of the blocks in a box of whole blocks."""
        ranges = [range(at.start // of, ceil(at.stop / of)) for at, of in zip(box, self.block, strict=True)]
        return (int(np.ravel_multi_index(place, self.counts)) for place in product(*ranges))

    def number_at(self, index: Sequence[int]) -> int:
        """The number of the block in which an experiment lies."""
        return int(np.ravel_multi_index([i // of for i, of in zip(index, self.block, strict=True)], self.counts))


def cut(sweep: Sweep, most: int | None = None) -> Cut:
    """The blocks of a sweep, of at most so many experiments each: of half a second where nothing is said."""
    affordable = int(_WORK // mean(map(work_of, sweep.kinds)))
    return Cut(sweep.shape, grown(sweep, (1,) * len(sweep.shape), most or min(max(affordable, 1), _MOST)))


def grown(sweep: Sweep, unit: Sequence[int], most: int) -> tuple[int, ...]:
    """The largest box of whole units with at most so many experiments, and nearly as many in each of its like."""
    box = list(unit)
    for axis in _order(sweep):
        units = ceil(sweep.shape[axis] / unit[axis])
        pieces = ceil(units / max(1, most // prod(box)))
        box[axis] = min(unit[axis] * ceil(units / pieces), max(sweep.shape[axis], unit[axis]))
        if pieces > 1:
            break
    return tuple(box)


def _order(sweep: Sweep) -> list[int]:
    """The dimensions in the order in which blocks extend along them."""
    first = [sweep.dims.index(name) for name in ("weight_scale", "seed") if name in sweep.dims]
    return first + [axis for axis in reversed(range(len(sweep.dims))) if axis not in first]


@dataclass(frozen=True)
class Answers:
    """What came of a block; arrays have the block's shape, curves (..., lags): log10 norms, lag 0 first.

    Where an experiment has no answer there is nan; `unanswered` says of each of these which it is, and why.
    """

    scalars: dict[str, Array]
    curves: dict[str, NDArray[np.float32]]
    unanswered: tuple[str, ...]


def answer(sweep: Sweep, box: Box) -> Answers:
    """Run all experiments of a block, in families of weight scales and seeds."""
    sheet = _Sheet(sweep, box)
    for place, common in sheet.families():
        for members in _batches(common, len(sheet.scales), len(sheet.seeds)):
            for part, found in _answered(partial(sheet.run, common), members):
                sheet.write(place, part, found)
    return Answers(sheet.in_order(sheet.scalars), sheet.in_order(sheet.curves), tuple(sheet.unanswered))


class _Sheet:
    """What is known of a block. Its arrays have the other axes first, then weight scale and seed, as a family has."""

    def __init__(self, sweep: Sweep, box: Box) -> None:
        self.sweep = sweep
        self.others = {name: of[at] for (name, of), at in zip(sweep.coordinates.items(), box, strict=True)}
        self.seeds = self.others.pop("seed")
        self.scales = self.others.pop("weight_scale", (sweep.experiment.weight_scale,))
        shape = (*map(len, self.others.values()), len(self.scales), len(self.seeds))
        self.scalars = {name: np.full(shape, np.nan) for name in SCALARS}
        self.curves = {name: np.full((*shape, sweep.lags), np.nan, np.float32) for name in sweep.norms}
        self.unanswered: list[str] = []

    def families(self) -> Iterator[tuple[tuple[int, ...], Experiment]]:
        """What the members of each family have in common, and where it stands."""
        for place in np.ndindex(*map(len, self.others.values())):
            yield place, replace(self.sweep.experiment, **self._at(place))

    def run(self, common: Experiment, members: Members) -> FamilyTrace:
        """The answers of some members of a family."""
        scales, seeds = self.scales[members[0]], self.seeds[members[1]]
        return run_family(common, scales, seeds, beside=[name for name in self.sweep.norms if name == "input"])

    def write(self, place: tuple[int, ...], members: Members, found: FamilyTrace | ValueError) -> None:
        """Take down what came of them, or of one why nothing did."""
        if isinstance(found, ValueError):
            at = {**self._at(place), "weight_scale": self.scales[members[0]][0], "seed": self.seeds[members[1]][0]}
            self.unanswered.append(f"{named(at)}: {found}")
            return
        shape = len(found.weight_scales), len(found.seeds)
        where: tuple[int | slice, ...] = (*place, *members)
        for name, values in _scalars_of(found).items():
            self.scalars[name][where] = values.reshape(shape)
        for name, by_lag in self.curves.items():
            norms = found.log10_norms[name][:, ::-1]
            by_lag[where][..., : norms.shape[1]] = norms.reshape(*shape, -1)

    def in_order(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """Arrays with their dimensions in the order of the sweep's."""
        scale = len(self.others)
        if "weight_scale" not in self.sweep.axes:
            return {name: array.squeeze(scale) for name, array in arrays.items()}
        return {name: np.moveaxis(of, scale, self.sweep.dims.index("weight_scale")) for name, of in arrays.items()}

    def _at(self, place: tuple[int, ...]) -> dict[str, Any]:
        return {name: values[i] for (name, values), i in zip(self.others.items(), place, strict=True)}


def _scalars_of(family: FamilyTrace) -> dict[str, Array]:
    """What is kept of each member beside its curves; a horizon that does not exist is inf."""
    norms = family.log10_norms["hidden"]
    horizons = [np.inf if (lag := horizon(curve)) is None else lag for curve in norms]
    found = family.loss, log10_factor_per_step(norms), np.array(horizons, float), family.digits
    return dict(zip(SCALARS, found, strict=True))


def _batches(common: Experiment, scales: int, seeds: int) -> Iterator[Members]:
    """The members of a family in parts of all weight scales and as many seeds as fit beside each other."""
    size = max(1, group_size(common, seeds=1) // scales)
    return ((slice(0, scales), slice(first, min(first + size, seeds))) for first in range(0, seeds, size))


def _answered(
    run: Callable[[Members], FamilyTrace], members: Members
) -> Iterator[tuple[Members, FamilyTrace | ValueError]]:
    """The answers of all members that have one, in as few families as that takes, and why each other has none."""
    try:
        found: FamilyTrace | ValueError = run(members)
    except ValueError as error:
        found = error
    halves = _halves(members) if isinstance(found, ValueError) else []
    if not halves:
        yield members, found
    for half in halves:
        yield from _answered(run, half)


def _halves(members: Members) -> list[Members]:
    """Two halves of the weight scales, else of the seeds; none of a single member."""
    scales, seeds = members
    if len(of_scales := _halved(scales)) > 1:
        return [(half, seeds) for half in of_scales]
    of_seeds = _halved(seeds)
    return [(scales, half) for half in of_seeds] if len(of_seeds) > 1 else []


def _halved(part: slice) -> list[slice]:
    middle = (part.start + part.stop) // 2
    return [half for half in (slice(part.start, middle), slice(middle, part.stop)) if half.start < half.stop]
