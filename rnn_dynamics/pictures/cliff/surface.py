"""The surface of the error of one unit, over the parts of the plane that the map can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cliff import NO_CLIFF_UP_TO, TARGET, edge, error_surface
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.kit.remembered import remembered

Array = NDArray[np.float64]

#: Values of w and b are whole multiples of it.
GRID = 0.05
#: E of an output of 0; an output of 1 has a smaller one.
HIGHEST = TARGET**2
#: Rows of the map, stops of a row beside those at the cliff, and cells that a click can fall on, in each direction.
ROWS, CELLS = 60, 24
_STOPS = 12


#: Parts of the plane by the name of their view; each has CELLS × CELLS cells around multiples of GRID.
REGIONS = {
    "cliff": Region(low=(4.275, -3.225), high=(5.475, -2.025)),
    "wide": Region(low=(1.35, -6.45), high=(8.55, 0.75)),
}
WIDEST = REGIONS["wide"]


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """The error over a region.

    Attributes:
        w: (ROWS,), the middle of each row. b: (ROWS, S), exact places on it, two of them on either side of the cliff.
        errors: (ROWS, S), E there. edges: (ROWS,), b of the cliff; nan where there is none in the region.
        cells: (CELLS², 2), w and b of the middles of the cells, multiples of GRID.
        marks: name of a place that is written on -> w, b and E there.
    """

    w: Array
    b: Array
    errors: Array
    edges: Array
    cells: Array
    marks: Mapping[str, tuple[float, float, float]]


@remembered
def landscape(name: str) -> Landscape:
    """The surface of a region, key of REGIONS."""
    region = REGIONS[name]
    ends = np.linspace(region.low[0], region.high[0], ROWS + 1)
    w, (low, high) = 0.5 * (ends[:-1] + ends[1:]), (region.low[1], region.high[1])
    edges = edge(w)
    beside = edges[:, None] + (high - low) * np.array([-0.002, 0.002])
    stops = np.concatenate([np.tile(np.linspace(low, high, _STOPS), (ROWS, 1)), beside], axis=1)
    b = np.sort(np.clip(stops, low, high), axis=1)
    shown = (w > NO_CLIFF_UP_TO) & (edges >= low) & (edges <= high)
    middles = (np.arange(CELLS) + 0.5) / CELLS
    return Landscape(
        w=w,
        b=b,
        errors=error_surface(w[:, None], b).error,
        edges=np.where(shown, edges, np.nan),
        cells=np.array([region.place(up, across) for up in middles for across in middles]),
        marks=_marks(region),
    )


def _marks(region: Region) -> dict[str, tuple[float, float, float]]:
    """The high side, the low side, and the cliff itself."""
    named, _ = region.place(0.8, 0.0).tolist()
    places = {"plateau": region.place(0.36, 0.16), "plain": region.place(0.95, 0.64)}
    places["cliff"] = np.array([named, edge(named)])
    return {name: (float(w), float(b), float(error_surface(w, b).error)) for name, (w, b) in places.items()}


def grid_values(axis: int) -> tuple[str, ...]:
    """The multiples of GRID within the widest region, along w (axis 0) or b (axis 1), as texts."""
    low, high = (round(end[axis] / GRID) for end in (WIDEST.low, WIDEST.high))
    return tuple(f"{k * GRID:.2f}" for k in range(low + 1, high))
