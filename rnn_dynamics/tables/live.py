"""The datasets of the live picture: small Arrow tables that hold the curves of all weight scales at once.

The picture moves without the server, so every row of the map is in it: one binary cell per curve, two bytes a point
(hundredths of an order of magnitude). A whole picture is about 17 kB; the chart decodes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.tables.raster import map_image
from rnn_dynamics.tables.verdict import horizon, power_of_ten
from rnn_dynamics.theory import FLOORS

Array = NDArray[np.float64]

#: Points of a curve in the picture; each is an exact value of its time step.
POINTS = 50
#: Two bytes hold −327 .. +327 orders of magnitude in steps of 0.01.
QUANTUM = 0.01
OFFSET = 1 << 15
#: What the vertical axis may end at: few values, so that it stands still while the weight scale moves.
_BOTTOMS = np.array([10.0, 30.0, 60.0, 120.0, 250.0, 320.0])
_TOPS = np.array([3.0, 15.0, 40.0, 80.0, 160.0, 320.0])


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
        slopes: for each row, the log10 factor per step that mean field predicts for the RNN, or None.
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
    def length(self) -> int:
        """T."""
        return int(self.curves[self.cell].shape[1])

    @property
    def limit(self) -> float:
        """Orders of magnitude at which the map's colours end."""
        return max(5.0, 0.2 * self.length)


def picture_datasets(picture: Picture) -> dict[str, bytes]:
    """All datasets but the slider's position, by name."""
    tables = {
        "curves": curve_rows(picture),
        "scales": scale_rows(picture),
        "map": map_row(picture),
        "floors": floor_rows(FLOORS),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def chosen_dataset(picture: Picture, position: int) -> bytes:
    """The slider's position, and what the picture's expressions need to know besides."""
    now = {
        "scale": [position],
        "length": [picture.length],
        "points": [min(picture.length, POINTS)],
        "limit": [picture.limit],
        "cell": [picture.labels[picture.cell].split(",")[0]],
    }
    return arrow_bytes(pa.table(now))


def point_steps(length: int) -> NDArray[np.int64]:
    """The time steps (from 1) that the picture shows of `length`: all, or POINTS of them, ends included."""
    count = min(length, POINTS)
    return np.floor(1 + np.arange(count) * (length - 1) / max(1, count - 1) + 0.5).astype(np.int64)


def curve_rows(picture: Picture) -> pa.Table:
    """One row per weight scale and cell.

    Columns scale and cell, points (binary, two bytes each), end and text (where and what to write beside step 1).
    """
    norms = np.stack(list(picture.curves.values()), axis=1)
    codes = two_bytes(norms[:, :, point_steps(picture.length) - 1])
    ends = [
        label_places(*values) for values in zip(norms[:, :, 0], norms[:, :, -1], *vertical_ranges(norms), strict=True)
    ]
    texts = [
        f"{label}: {power_of_ten(float(orders))}"
        for row in norms[:, :, 0] - norms[:, :, -1]
        for label, orders in zip((picture.labels[cell] for cell in picture.curves), row, strict=True)
    ]
    return pa.table(
        {
            "scale": pa.array(np.repeat(picture.rows, len(picture.curves)), pa.uint8()),
            "cell": pa.array(list(picture.curves) * len(picture.rows)),
            "points": pa.array([curve.tobytes() for row in codes for curve in row], pa.binary()),
            "end": pa.array(np.ravel(ends), pa.float32()),
            "text": pa.array(texts),
        }
    )


def scale_rows(picture: Picture) -> pa.Table:
    """One row per weight scale: axis ends, horizon of the map's cell (as a step), mean-field slope of the RNN."""
    lows, highs = vertical_ranges(np.stack(list(picture.curves.values()), axis=1))
    horizons = [horizon(row) for row in picture.curves[picture.cell]]
    return pa.table(
        {
            "scale": pa.array(picture.rows, pa.uint8()),
            "low": pa.array(lows, pa.float32()),
            "high": pa.array(highs, pa.float32()),
            "horizon": pa.array([None if lag is None else picture.length - lag for lag in horizons], pa.int16()),
            "last": pa.array(picture.curves["rnn"][:, -1], pa.float32()),
            "slope": pa.array(picture.slopes, pa.float32()),
        }
    )


def map_row(picture: Picture) -> pa.Table:
    """The map as an image: rows that were not computed show the nearest one that was."""
    drawn = picture.curves[picture.cell]
    relative = drawn - drawn[:, -1:]
    positions = np.arange(picture.positions)[::-1]
    nearest = np.abs(np.asarray(picture.rows) - positions[:, None]).argmin(axis=1)
    shown = relative[:, ::-1] if picture.against_lag else relative
    return pa.table({"url": [map_image(shown, picture.limit, picture.palette, nearest.tolist())]})


def vertical_ranges(norms: Array) -> tuple[Array, Array]:
    """The ends of the vertical axis for each row of (S, cells, T), in orders of magnitude, from a short list."""
    flat = norms.reshape(len(norms), -1)
    finite = np.isfinite(flat)
    low = np.min(flat, axis=1, where=finite, initial=0.0)
    high = np.max(flat, axis=1, where=finite, initial=-np.inf)
    bottoms = _BOTTOMS[np.minimum(np.searchsorted(_BOTTOMS, -low / 0.95, side="right"), len(_BOTTOMS) - 1)]
    tops = _TOPS[np.minimum(np.searchsorted(_TOPS, high / 0.9, side="right"), len(_TOPS) - 1)]
    return -bottoms, tops


def label_places(first: Array, last: Array, low: float, high: float) -> list[float]:
    """Where to write the names of curves, given the norms at their first and last step: a line apart, inside the axis.

    A curve that vanishes runs upwards from its first step, so its name goes below it; the others' names go above.
    """
    line = (high - low) / 14
    wanted = [
        max(start, low) + (0.8 if start >= end - 2 else -0.8) * line for start, end in zip(first, last, strict=True)
    ]
    inside = [min(max(place, low + line / 2), high - line / 2) for place in wanted]
    downwards = sorted(range(len(inside)), key=lambda k: -inside[k])
    for above, below in pairwise(downwards):
        inside[below] = min(inside[below], inside[above] - line)
    inside[downwards[-1]] = max(inside[downwards[-1]], low + line / 2)
    for below, above in pairwise(reversed(downwards)):
        inside[above] = max(inside[above], inside[below] + line)
    return inside


def two_bytes(norms: Array) -> NDArray[np.uint16]:
    """Log10 norms as the picture carries them; what is out of range is drawn at the end of the range."""
    return np.rint(np.clip(norms / QUANTUM + OFFSET, 0, 2 * OFFSET - 1)).astype("<u2")


def floor_rows(floors: Sequence[tuple[str, float]]) -> pa.Table:
    """One row per number format: where it ends, and what to write there."""
    return pa.table({"y": [value for _, value in floors], "text": [f"0 in {name} below this" for name, _ in floors]})


def arrow_bytes(table: pa.Table) -> bytes:
    """An Arrow table as the stream of bytes that the browser reads."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
