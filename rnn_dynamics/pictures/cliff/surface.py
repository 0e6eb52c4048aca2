"""The surface of the error of one unit, over the parts of the plane that the map can show."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cliff import NO_CLIFF_UP_TO, TARGET, edge, error_surface
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.kit.frames import within
from rnn_dynamics.remembered import remembered

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


@remembered
def surface(region: Region) -> dict[str, dict[str, Array]]:
    """The columns of the tables that a region alone decides.

    surface: the error by rows: w (ROWS, 1), the middle of each row; b (ROWS, S), exact places on it, two of them on
    either side of the cliff; error there. edge: where the cliff stands, w and b (ROWS, 1); nan where there is none in
    the region. cells: the middles of the cells, w (CELLS, 1) and b (CELLS,), multiples of GRID.
    """
    (w, _), cells = (np.linspace(region.low, region.high, 2 * parts + 1)[1::2].T for parts in (ROWS, CELLS))
    w, ends = w[:, None], (region.low[1], region.high[1])
    cliff = edge(w)
    stops = np.tile(np.linspace(*ends, _STOPS), (ROWS, 1)), cliff + np.ptp(ends) * np.array([-0.002, 0.002])
    b = np.sort(np.clip(np.concatenate(stops, axis=1), *ends), axis=1)
    return {
        "surface": {"w": w, "b": b, "error": error_surface(w, b).error},
        "edge": {"w": w, "b": np.where(w > NO_CLIFF_UP_TO, within(cliff, ends), np.nan)},
        "cells": {"w": cells[0][:, None], "b": cells[1]},
    }


@remembered
def marks(region: Region) -> dict[str, Any]:
    """What is written on: the high side, the low side and the cliff itself, columns name, w, b and error."""
    named, _ = region.place(0.8, 0.0)
    w, b = np.transpose([region.place(0.36, 0.16), region.place(0.95, 0.64), (named, edge(named))])
    return {"name": ("plateau", "plain", "cliff"), "w": w, "b": b, "error": error_surface(w, b).error}


def grid_values(axis: int) -> tuple[str, ...]:
    """The multiples of GRID within the widest region, along w (axis 0) or b (axis 1), as texts."""
    low, high = (round(end[axis] / GRID) for end in (WIDEST.low, WIDEST.high))
    return tuple(f"{k * GRID:.2f}" for k in range(low + 1, high))
