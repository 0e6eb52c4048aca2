"""The datasets of the live picture: small Arrow tables that hold the curves of all weight scales at once.

The picture moves without the server, so every row of the map is in it: one binary cell per curve, two bytes a point
(hundredths of an order of magnitude). A whole picture is about 10 kB; the chart decodes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
_BOTTOMS = (10, 30, 60, 120, 250, 320)
_TOPS = (3, 15, 40, 80, 160, 320)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What the live picture shows.

    Attributes:
        curves: cell -> (S, T) log10 norms, one row per weight scale that was computed.
        labels: cell -> its name in the picture.
        cell: whose map is drawn.
        rows: for each of the S rows, its position on the slider (and its row of the map, from the bottom).
        positions: how many positions the slider has.
        chosen: the slider's position; one of `rows`.
        against_lag: whether the horizontal axis is the lag.
        slopes: for each row, the log10 factor per step that mean field predicts for the RNN, or None.
        palette: hex colours of the map, from far below the last step's gradient to far above.
    """

    curves: Mapping[str, Array]
    labels: Mapping[str, str]
    cell: str
    rows: Sequence[int]
    positions: int
    chosen: int
    against_lag: bool
    slopes: Sequence[float | None]
    palette: Sequence[str]


def picture_datasets(picture: Picture) -> dict[str, bytes]:
    """The datasets by name; only those whose bytes changed are drawn anew."""
    drawn = picture.curves[picture.cell]
    length = drawn.shape[1]
    limit = max(5.0, 0.2 * length)
    relative = drawn - drawn[:, -1:]
    nearest = [
        min(range(len(picture.rows)), key=lambda row: abs(picture.rows[row] - position))
        for position in reversed(range(picture.positions))
    ]
    now = {
        "scale": [picture.chosen],
        "length": [length],
        "points": [min(length, POINTS)],
        "limit": [limit],
        "cell": [picture.labels[picture.cell].split(",")[0]],
    }
    url = map_image(relative[:, ::-1] if picture.against_lag else relative, limit, picture.palette, nearest)
    tables = {
        "curves": curve_rows(picture.curves, picture.labels, picture.rows),
        "scales": scale_rows(picture.curves, picture.cell, picture.rows, picture.slopes),
        "chosen": pa.table(now),
        "map": pa.table({"url": [url]}),
        "floors": floor_rows(FLOORS),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def point_steps(length: int) -> NDArray[np.int64]:
    """The time steps (from 1) that the picture shows of `length`: all, or POINTS of them, ends included."""
    count = min(length, POINTS)
    return np.floor(1 + np.arange(count) * (length - 1) / max(1, count - 1) + 0.5).astype(np.int64)


def curve_rows(curves: Mapping[str, Array], labels: Mapping[str, str], scales: Sequence[int]) -> pa.Table:
    """One row per weight scale and cell.

    Args:
        curves: cell -> (S, T) log10 norms.
        labels: cell -> its name in the picture.
        scales: index of the slider's position for each of the S rows.

    Returns:
        columns scale, cell, points (binary, two bytes each), end and text (where and what to write beside step 1).
    """
    steps = point_steps(next(iter(curves.values())).shape[1]) - 1
    columns: dict[str, list[object]] = {"scale": [], "cell": [], "points": [], "end": [], "text": []}
    for row, scale in enumerate(scales):
        norms = {cell: values[row] for cell, values in curves.items()}
        low, high = vertical_range(norms)
        ends = dict(zip(norms, label_places(list(norms.values()), low, high), strict=True))
        for cell, norm in norms.items():
            columns["scale"].append(scale)
            columns["cell"].append(cell)
            columns["points"].append(_two_bytes(norm[steps]))
            columns["end"].append(ends[cell])
            columns["text"].append(f"{labels[cell]}: {power_of_ten(float(norm[0] - norm[-1]))}")
    types = {"scale": pa.uint8(), "cell": pa.string(), "points": pa.binary(), "end": pa.float32(), "text": pa.string()}
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})


def scale_rows(
    curves: Mapping[str, Array], cell: str, scales: Sequence[int], slopes: Sequence[float | None]
) -> pa.Table:
    """One row per weight scale: axis ends, horizon of the map's cell (as a step), mean-field slope of the RNN.

    `slopes` are log10 factors per step back, None where mean field does not hold.
    """
    length = curves[cell].shape[1]
    ranges = [vertical_range({name: values[row] for name, values in curves.items()}) for row in range(len(scales))]
    horizons = [horizon(curves[cell][row]) for row in range(len(scales))]
    return pa.table(
        {
            "scale": pa.array(scales, pa.uint8()),
            "low": pa.array([low for low, _ in ranges], pa.float32()),
            "high": pa.array([high for _, high in ranges], pa.float32()),
            "horizon": pa.array([None if lag is None else length - lag for lag in horizons], pa.int16()),
            "last": pa.array([float(row[-1]) for row in curves["rnn"]], pa.float32()),
            "slope": pa.array(slopes, pa.float32()),
        }
    )


def vertical_range(norms: Mapping[str, Array]) -> tuple[float, float]:
    """The ends of the vertical axis, in orders of magnitude, from a short list of round ones."""
    finite = np.concatenate([values[np.isfinite(values)] for values in norms.values()])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    bottom = next((end for end in _BOTTOMS if low > -0.95 * end), _BOTTOMS[-1])
    top = next((end for end in _TOPS if high < 0.9 * end), _TOPS[-1])
    return -float(bottom), float(top)


def label_places(curves: Sequence[Array], low: float, high: float) -> list[float]:
    """Where to write the names of curves (T,) at their first step: beside each, a line apart, inside the axis.

    A curve that vanishes runs upwards from its first step, so its name goes below it; the others' names go above.
    """
    line = (high - low) / 14
    wanted = [
        np.nan_to_num(norms[0], neginf=low) + (0.8 if norms[0] >= norms[-1] - 2 else -0.8) * line for norms in curves
    ]
    inside = np.clip(wanted, low + line / 2, high - line / 2)
    order = np.argsort(inside)[::-1]
    placed = inside[order].copy()
    for k in range(1, len(placed)):
        placed[k] = min(placed[k], placed[k - 1] - line)
    placed[-1] = max(placed[-1], low + line / 2)
    for k in range(len(placed) - 2, -1, -1):
        placed[k] = max(placed[k], placed[k + 1] + line)
    return [float(placed[position]) for position in np.argsort(order)]


def floor_rows(floors: Sequence[tuple[str, float]]) -> pa.Table:
    """One row per number format: where it ends, and what to write there."""
    return pa.table({"y": [value for _, value in floors], "text": [f"0 in {name} below this" for name, _ in floors]})


def arrow_bytes(table: pa.Table) -> bytes:
    """An Arrow table as the stream of bytes that the browser reads."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _two_bytes(values: Array) -> bytes:
    steps = np.clip(np.nan_to_num(values, neginf=-1e3) / QUANTUM + OFFSET, 0, 2 * OFFSET - 1)
    return np.rint(steps).astype("<u2").tobytes()
