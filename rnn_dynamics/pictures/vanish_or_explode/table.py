"""The datasets of the live picture: small Arrow tables that hold the curves of all weight scales at once.

The picture moves without the server, so every row of the map is in it. See `drawing` for how heights are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.theory import FLOORS
from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    QUANTUM,
    Array,
    arrow_bytes,
    curve_texts,
    hundredths,
    label_places,
    numbers_text,
    point_steps,
    shades,
    vertical_ranges,
)
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.kit.verdict import horizon, orders_of_magnitude

#: Floors closer than this many orders of magnitude have no room for a name between them.
_FLOORS_APART = 10.0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What the live picture shows, whatever the slider's position.

    Attributes:
        curves: cell -> (S, T) log10 norms, one row per weight scale that was computed.
        labels: cell -> its name in the picture.
        cell: whose map is drawn.
        rows: for each of the S rows, its position on the slider (and its row of the map, from the bottom).
        positions: how many positions the slider has.
        against_lag: whether the horizontal axis is the lag.
        slopes: for each row, the log10 factor per step that mean field predicts for the first cell, or None.
        palette: hex colours of the map, from far below the last step's gradient to far above.
    """

    curves: Mapping[str, Array]
    labels: Mapping[str, str]
    cell: str
    rows: Sequence[int]
    positions: int
    against_lag: bool
    slopes: Sequence[float | None]
    palette: Sequence[str]

    @property
    def plain(self) -> str:
        """The cell without gates, which is the first one."""
        return next(iter(self.curves))

    @property
    def length(self) -> int:
        """T."""
        return int(self.curves[self.cell].shape[1])

    @property
    def limit(self) -> float:
        """Orders of magnitude at which the map's colours end."""
        return max(5.0, 0.2 * self.length)

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The ends of the vertical axis of each row."""
        return vertical_ranges(np.stack(list(self.curves.values()), axis=1))


def picture_datasets(picture: Picture) -> dict[str, bytes]:
    """All datasets but the slider's position, by name."""
    tables = {
        "curves": curve_rows(picture),
        "scales": scale_rows(picture),
        "whole": whole_row(picture),
        "floors": floor_rows(FLOORS),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


@lru_cache(maxsize=64)
def chosen_dataset(position: int) -> bytes:
    """The slider's position."""
    return arrow_bytes(pa.table({"scale": [position]}))


def along(picture: Picture, step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Time steps as places on the horizontal axis."""
    return picture.length - step if picture.against_lag else step


def curve_rows(picture: Picture) -> pa.Table:
    """One row per weight scale and cell.

    Columns scale and cell, points (heights at `point_steps`; "x" where one lies outside the axis), end and text (where
    and what to write beside step 1).
    """
    norms = np.stack(list(picture.curves.values()), axis=1)
    lows, highs = picture.ends
    texts = [
        f"{label}: {power_of_ten(float(orders))}"
        for row in orders_of_magnitude(norms)
        for label, orders in zip((picture.labels[cell] for cell in picture.curves), row, strict=True)
    ]
    return pa.table(
        {
            "scale": pa.array(np.repeat(picture.rows, len(picture.curves)), pa.uint8()),
            "cell": pa.array(list(picture.curves) * len(picture.rows)),
            "points": pa.array(curve_texts(norms, lows[:, None, None], highs[:, None, None])),
            "end": pa.array(hundredths(label_places(norms, lows, highs).ravel())),
            "text": pa.array(texts),
        }
    )


def scale_rows(picture: Picture) -> pa.Table:
    """One row per weight scale.

    Columns scale, below and above (its strip of the map), colours (of the strip), low and high (ends of the axis),
    horizon of the map's cell (a place on the horizontal axis), and the mean-field line: from last_step, last to
    theory_step, theory.
    """
    lows, highs = picture.ends
    last = picture.curves[picture.plain][:, -1]
    lags = [horizon(row) for row in picture.curves[picture.cell]]
    reached = [
        None
        if slope is None or not low <= start <= high
        else _lag_inside(slope, picture.length - 1, low - start, high - start)
        for slope, low, high, start in zip(picture.slopes, lows, highs, last, strict=True)
    ]
    heights = [
        None if lag is None or slope is None else start + lag * slope
        for lag, slope, start in zip(reached, picture.slopes, last, strict=True)
    ]
    # A row that was not computed shows the nearest one that was.
    edges = [0, *((low + high) // 2 + 1 for low, high in pairwise(picture.rows)), picture.positions]
    return pa.table(
        {
            "scale": pa.array(picture.rows, pa.uint8()),
            "below": pa.array(edges[:-1], pa.uint8()),
            "above": pa.array(edges[1:], pa.uint8()),
            "colours": map_colours(picture),
            "low": pa.array(hundredths(lows)),
            "high": pa.array(hundredths(highs)),
            "horizon": pa.array(_places(picture, lags)),
            "last": pa.array(hundredths(np.clip(last, lows, highs))),
            "last_step": pa.array(_places(picture, [0] * len(lags))),
            "theory": pa.array([None if height is None else round(height / QUANTUM) for height in heights]),
            "theory_step": pa.array(_places(picture, reached)),
        }
    )


def _lag_inside(slope: float, longest: int, low: float, high: float) -> float:
    """How far back a line that starts at height 0 with `slope` per step stays between `low` and `high`."""
    room = low if slope < 0.0 else high
    return float(min(longest, room / slope)) if slope else float(longest)


def _places(picture: Picture, lags: Sequence[float | None]) -> list[float | None]:
    """Lags as places on the horizontal axis."""
    return [None if lag is None else float(lag if picture.against_lag else picture.length - lag) for lag in lags]


def whole_row(picture: Picture) -> pa.Table:
    """What holds at every weight scale, in one row.

    Columns length, steps (places of a curve's points on the horizontal axis, as a text), offsets (places of a map row's
    points, from 0 at its left to 1 at its right, as a text), limit (where the colours end) and cell (whose map it is).
    """
    steps = along(picture, point_steps(picture.length))
    stops = along(picture, point_steps(picture.length, MAP_POINTS))
    offsets = (stops - stops.min()) / max(1, picture.length - 1)
    return pa.table(
        {
            "length": [picture.length],
            "steps": [numbers_text(steps)],
            "offsets": [",".join(f"{place:.4f}" for place in offsets)],
            "limit": [picture.limit],
            "cell": [picture.labels[picture.cell].split(",")[0]],
        }
    )


def map_colours(picture: Picture) -> list[str]:
    """For each row of the map the colours of its points, as a text: the browser draws the row as one gradient.

    A colour each time step would be thousands of rectangles; an image of them arrives a thirtieth of a second late.
    """
    norms = picture.curves[picture.cell]
    with np.errstate(invalid="ignore"):
        relative = norms[:, point_steps(picture.length, MAP_POINTS) - 1] - norms[:, -1:]
    # A row whose gradient is exactly zero at the last step too has no ratio; it is drawn as gone.
    share = np.clip(np.nan_to_num(relative, nan=-np.inf, posinf=np.inf, neginf=-np.inf) / picture.limit, -1.0, 1.0)
    colours = np.array(shades(tuple(picture.palette)))[np.rint((share + 1.0) * 127.0).astype(np.int64)]
    return [",".join(row) for row in colours.tolist()]


def floor_rows(floors: Sequence[tuple[str, float]]) -> pa.Table:
    """One row per number format: where it ends, and on which side of its line the name has room."""
    names, ends = zip(*floors, strict=True)
    crowded = [any(0 < end - other < _FLOORS_APART for other in ends) for end in ends]
    sides = ["bottom" if below else "top" for below in crowded]  # the edge of the name that lies on the line
    return pa.table({"format": names, "y": hundredths(np.array(ends)), "side": sides})
