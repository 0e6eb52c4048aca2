"""A grid of experiments and what each of them has found, read where it is looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment

#: Names the store that a server shows.
VARIABLE = "RNN_DYNAMICS_ATLAS"
#: What an atlas has of each experiment, as `rnn_dynamics.sweep` says.
SCALARS = ("loss", "log10_factor", "horizon", "digits")


class AtlasRefused(ValueError):  # noqa: N818  # what it is
    """Why a store cannot be shown.

    Attributes:
        kind: "store" (it cannot be opened), "extra" (what opens it is not installed), or "axes" (fewer than two).
        path: of the store.
        why: what the reader of the store says.
    """

    def __init__(self, kind: Literal["store", "extra", "axes"], path: str, why: object = "") -> None:
        super().__init__(f"{path}: {why or kind}")
        self.kind, self.path, self.why = kind, path, str(why)


@dataclass(frozen=True, eq=False)
class Atlas:
    """A grid of experiments.

    experiment: what all have in common. axes: field of Experiment -> the values that it takes, in the order of the
    grid's dimensions. seeds: the networks at each of its points. arrays: name in SCALARS -> (axes, seed), which reads
    what it is indexed for.
    """

    experiment: Experiment
    axes: Mapping[str, tuple[Any, ...]]
    seeds: tuple[int, ...]
    arrays: Mapping[str, Any]

    @property
    def size(self) -> int:
        """How many experiments there are."""
        return int(np.prod([len(self.seeds), *map(len, self.axes.values())]))

    def read(self, name: str, across: str, up: str, at: Iterable[int | slice]) -> NDArray[np.float64]:
        """One of SCALARS over two of the axes.

        Args:
            name: of the scalar.
            across: one of the axes.
            up: another one.
            at: for each axis its place, of these two a slice.

        Returns:
            (up, across, seed).
        """
        found = np.asarray(self.arrays[name][(*at, slice(None))], dtype=np.float64)
        order = [axis for axis in self.axes if axis in (across, up)]
        return found if order == [up, across] else found.swapaxes(0, 1)


@lru_cache(maxsize=4)
def tried(path: str) -> Atlas | AtlasRefused:
    """The same as `open_atlas`, tried once, or why not."""
    try:
        return open_atlas(path)
    except AtlasRefused as error:
        return error


def open_atlas(path: str) -> Atlas:
    """The store of a sweep as an atlas; nothing but what says what is in it is read.

    Raises:
        AtlasRefused: it cannot be shown.
    """
    try:
        from rnn_dynamics.sweep import SweepStopped, open_sweep, sweep_of
    except ImportError as error:
        raise AtlasRefused("extra", path, error) from error
    try:
        dataset = open_sweep(path)
        sweep = sweep_of(dataset)
    except (SweepStopped, OSError, ValueError, TypeError, KeyError) as error:  # of a file that says anything at all
        raise AtlasRefused("store", path, error) from error
    axes = {name: values for name, values in sweep.coordinates.items() if name != "seed"}
    if len(axes) < 2:
        raise AtlasRefused("axes", path)
    return Atlas(sweep.experiment, axes, sweep.coordinates["seed"], {name: dataset[name] for name in SCALARS})
