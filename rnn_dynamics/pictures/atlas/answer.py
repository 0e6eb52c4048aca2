"""A map over two axes of an atlas, read where the reader looks, and the reader's place on it."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.atlas import VARIABLE, Atlas, AtlasRefused, shipped, tried
from rnn_dynamics.engine.verdict import HOLDS_WITHIN, Spread, median_and_range
from rnn_dynamics.experiment import Experiment, one_of, settings
from rnn_dynamics.idle import why_idle
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.remembered import remembered

Array = NDArray[np.float64]
#: What the colour of a map may be.
COLOURS = ("factor", "horizon", "loss", "spread")
#: What a gradient does, from the smallest factor per step to the largest.
OUTCOMES = ("vanishes", "holds", "explodes")
#: Most columns, and most rows, of a map: of more values it shows every second, third … one.
MOST = 40
#: What single precision keeps.
_MOST_DIGITS = 6


def atlas() -> Atlas:
    """That which the environment names, or the shipped one where it names none, or none that can be shown."""
    found = _named()
    return found if isinstance(found, Atlas) else shipped()


def refusal() -> AtlasRefused | None:
    """Why the atlas that the environment names is not shown, if it is not."""
    found = _named()
    return found if isinstance(found, AtlasRefused) else None


def _named() -> Atlas | AtlasRefused | None:
    path = os.environ.get(VARIABLE)
    return tried(path) if path else None


def axes() -> Mapping[str, tuple[Any, ...]]:
    """Field -> its values in the atlas."""
    return atlas().axes


def view_of(field: str) -> str:
    """What an axis is called in an address."""
    return field.replace("_", " ")


def fields_of(views: Mapping[str, str]) -> tuple[str, str]:
    """The fields across and up; where both are the same, another one is up.

    Raises:
        ValueError: the atlas has no such axis.
    """
    across, up = (one_of(name, views[name].replace(" ", "_"), tuple(axes())) for name in ("map_x", "map_y"))
    return across, up if up != across else next(name for name in reversed([*axes()]) if name != across)


def nearest(values: Sequence[Any], value: Any) -> int:
    """The place of a value, or of the nearest number, or 0."""
    if value in values or isinstance(value, str | bool):
        return values.index(value) if value in values else 0
    return min(range(len(values)), key=lambda place: abs(values[place] - value))


def place_of(experiment: Experiment) -> dict[str, int]:
    """The place in the atlas that is nearest to an experiment, by axis; a setting without effect does not move it."""
    now, common = settings(experiment), atlas().experiment
    return {
        name: nearest(values, getattr(common if why_idle(name, now, [experiment.cell]) else experiment, name))
        for name, values in axes().items()
    }


def at_place(place: Mapping[str, int], seed: int) -> Experiment:
    """The experiment at a place of the atlas."""
    return replace(atlas().experiment, **{name: values[place[name]] for name, values in axes().items()}, seed=seed)


def opening(experiment: Experiment) -> Experiment:
    """The experiment of the atlas that is nearest to this one."""
    return at_place(place_of(experiment), experiment.seed)


@dataclass(frozen=True, kw_only=True)
class AtlasMap:
    """What the networks at each place of a map have found; arrays are (up, across).

    log10_factors: (seed, up, across). log10_factor: (3, up, across), the lowest, the median and the highest of them.
    horizon, loss: the medians; a horizon that does not exist is inf. digits: the fewest of a network. All are nan where
    a network has no answer.
    """

    log10_factors: Array
    log10_factor: Array
    horizon: Array
    loss: Array
    digits: Array

    @cached_property
    def outcome(self) -> NDArray[np.int64]:
        """The place in OUTCOMES of the word for the median factor; -1 where there is none."""
        median = self.log10_factor[1]
        found = 1 + (median > HOLDS_WITHIN).astype(np.int64) - (median < -HOLDS_WITHIN)
        return np.where(np.isnan(self.loss), -1, found)

    @cached_property
    def room(self) -> Array:
        """How good a place each cell is for the name of a region (OUTCOMES, up, across); -inf outside of the region.

        That is how far it is from all other cells and from the map's edge, less a quarter of how far it is from the
        region's centre; the map counts as a square.
        """
        return np.stack([_room(self.outcome == place) for place in range(len(OUTCOMES))])

    def values(self, colour: str) -> Array:
        """What the colour shows: factor per step, lag, loss, or the highest factor as a multiple of the lowest."""
        low, median, high = self.log10_factor
        if colour == "spread":
            return np.asarray(10.0 ** np.subtract(high, low, out=np.zeros_like(high), where=high > low))
        return np.asarray({"factor": 10.0**median, "horizon": self.horizon, "loss": self.loss}[colour])


def _room(inside: NDArray[np.bool_]) -> Array:
    others, cells = np.argwhere(~np.pad(inside, 1)) - 1, np.argwhere(inside)
    found = np.full(inside.shape, -np.inf)
    if cells.size:
        free = np.abs((cells[:, None] - others) / inside.shape).max(axis=-1).min(axis=-1)
        found[inside] = free - np.abs((cells - cells.mean(axis=0)) / inside.shape).max(axis=-1) / 4
    return found


def steps_of(count: int) -> int:
    """How far apart the places are that a map shows of so many."""
    return math.ceil(count / MOST)


@remembered
def atlas_map(of: Atlas, across: str, up: str, place: tuple[int, ...]) -> AtlasMap:
    """The map over two axes through a place, of which those of these two do not count."""
    whole = {name: slice(None, None, steps_of(len(of.axes[name]))) for name in (across, up)}
    at = [whole.get(name, index) for name, index in zip(of.axes, place, strict=True)]
    read = {name: of.read(name, across, up, at) for name in ("log10_factor", "horizon", "loss", "digits")}
    unknown = np.isnan(read["loss"]).any(axis=-1)
    factors = np.where(unknown, np.nan, np.moveaxis(read["log10_factor"], -1, 0))
    return AtlasMap(
        log10_factors=factors,
        log10_factor=np.where(unknown, np.nan, median_and_range(factors)),
        horizon=np.median(read["horizon"], axis=-1),
        loss=np.median(read["loss"], axis=-1),
        digits=np.minimum(read["digits"].min(axis=-1), _MOST_DIGITS),
    )


@dataclass(frozen=True, kw_only=True)
class AtlasAnswer(OfExperiment):
    """A map and the reader's place on it; `experiment` is the one of the atlas that is nearest to the reader's."""

    across: str
    up: str

    @cached_property
    def place(self) -> dict[str, int]:
        """Of the experiment in the atlas, by axis."""
        return place_of(self.experiment)

    @cached_property
    def map(self) -> AtlasMap:
        """The map."""
        moves = (self.across, self.up)
        return atlas_map(atlas(), *moves, tuple(0 if name in moves else i for name, i in self.place.items()))

    @property
    def columns(self) -> tuple[Any, ...]:
        """The values across that the map shows."""
        return _shown(self.across)

    @property
    def rows(self) -> tuple[Any, ...]:
        """The values up that the map shows."""
        return _shown(self.up)

    @cached_property
    def here(self) -> tuple[int, int]:
        """The reader's row and column."""
        row, column = (nearest(_shown(name), getattr(self.experiment, name)) for name in (self.up, self.across))
        return row, column

    @property
    def networks(self) -> int:
        """How many there are at each place."""
        return len(atlas().seeds)

    @property
    def experiments(self) -> int:
        """How many the atlas has."""
        return atlas().size

    @property
    def log10_factor(self) -> Spread:
        """Of the networks here."""
        return Spread(*self.map.log10_factor[(slice(None), *self.here)].tolist())

    @property
    def own(self) -> float | None:
        """log10 of the factor of the reader's own seed; None where the atlas has no such network."""
        seeds = atlas().seeds
        if self.experiment.seed not in seeds:
            return None
        return float(self.map.log10_factors[(seeds.index(self.experiment.seed), *self.here)])

    @property
    def outcome(self) -> str:
        """The word for the median of them; "none" where one of them has no answer."""
        found = int(self.map.outcome[self.here])
        return OUTCOMES[found] if found >= 0 else "none"

    @property
    def horizon(self) -> float | None:
        """The median here; None where it is one that does not exist."""
        found = float(self.map.horizon[self.here])
        return found if math.isfinite(found) else None

    @property
    def loss(self) -> float:
        """The median here."""
        return float(self.map.loss[self.here])

    @property
    def digits(self) -> int | None:
        """Of the networks here, see `Rounded`."""
        found = float(self.map.digits[self.here])
        return None if math.isnan(found) else int(found)

    @cached_property
    def shares(self) -> dict[str, float]:
        """What gradients do -> the share of the map's places with an answer where they do."""
        known = self.map.outcome[self.map.outcome >= 0]
        return {word: float(np.mean(known == place)) if known.size else math.nan for place, word in enumerate(OUTCOMES)}

    @property
    def holding(self) -> list[tuple[Any, Any]]:
        """The ranges of the values across for which the gradient holds in the reader's row: the first and the last."""
        holds = np.concatenate([[False], self.map.outcome[self.here[0]] == OUTCOMES.index("holds"), [False]])
        turns = np.flatnonzero(np.diff(holds.astype(np.int64))).reshape(-1, 2)
        return [(self.columns[first], self.columns[after - 1]) for first, after in turns.tolist()]


def _shown(field: str) -> tuple[Any, ...]:
    values = axes()[field]
    return values[:: steps_of(len(values))]


def atlas_answer(experiment: Experiment, views: Mapping[str, str]) -> AtlasAnswer:
    """The answer at the place of the atlas that is nearest to an experiment."""
    across, up = fields_of(views)
    return AtlasAnswer(experiment=opening(experiment), across=across, up=up)


def atlas_apart(experiment: Experiment, views: Mapping[str, str]) -> tuple[Experiment, Mapping[str, str]]:
    """The question of a map, wherever the reader stands on it."""
    place = place_of(experiment) | dict.fromkeys(fields_of(views), 0)
    return at_place(place, 0), views


def clicked(experiment: Experiment, views: Mapping[str, str], column: int, row: int) -> Experiment:
    """The experiment at a cell of the map."""
    across, up = fields_of(views)
    there = {across: column * steps_of(len(axes()[across])), up: row * steps_of(len(axes()[up]))}
    return at_place(place_of(experiment) | there, experiment.seed)
