"""What the tables of all pictures share: which points are shown, how they are written, and where axes end.

Heights are whole hundredths of an order of magnitude, and a curve is one text of them, "-1204,-1189,…": the browser
splits a text at once, where it would interpret a formula for each point.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Points of a curve in a picture, and of a row of a map; each is the exact value of its time step.
POINTS = 40
MAP_POINTS = 20
#: Heights are multiples of this many orders of magnitude.
QUANTUM = 0.01
#: What the vertical axis may end at: few values, so that it stands still while a slider moves.
_BOTTOMS = np.array([10.0, 30.0, 60.0, 120.0, 250.0, 320.0])
_TOPS = np.array([3.0, 15.0, 40.0, 80.0, 160.0, 320.0])


def point_steps(length: int, most: int = POINTS) -> NDArray[np.int64]:
    """The time steps (from 1) that the picture shows of `length`: all, or `most` of them, ends included."""
    count = min(length, most)
    return np.floor(1 + np.arange(count) * (length - 1) / max(1, count - 1) + 0.5).astype(np.int64)


def curve_texts(norms: Array, low: Array | float, high: Array | float) -> list[str]:
    """The curves of (..., T) log10 norms as one text each, at `point_steps`; "x" where one lies outside the axis."""
    shown = norms[..., point_steps(norms.shape[-1]) - 1]
    inside = (shown >= low) & (shown <= high)
    points = np.where(inside, hundredths(np.where(inside, shown, 0.0)).astype(str), "x")
    return [",".join(curve) for curve in points.reshape(-1, points.shape[-1]).tolist()]


def numbers_text(numbers: NDArray[np.int64]) -> str:
    """Whole numbers as one text."""
    return ",".join(map(str, numbers.tolist()))


def hundredths(norms: Array) -> NDArray[np.int64]:
    """Log10 norms as the picture carries them."""
    return np.rint(norms / QUANTUM).astype(np.int64)


def vertical_ranges(norms: Array) -> tuple[Array, Array]:
    """The ends of the vertical axis for each row of (S, cells, T), in orders of magnitude, from a short list."""
    flat = norms.reshape(len(norms), -1)
    finite = np.isfinite(flat)
    low = np.min(flat, axis=1, where=finite, initial=0.0)
    high = np.max(flat, axis=1, where=finite, initial=-np.inf)
    bottoms = _BOTTOMS[np.minimum(np.searchsorted(_BOTTOMS, -low / 0.95, side="right"), len(_BOTTOMS) - 1)]
    tops = _TOPS[np.minimum(np.searchsorted(_TOPS, high / 0.9, side="right"), len(_TOPS) - 1)]
    return -bottoms, tops


def label_places(first: Array, last: Array, low: float, high: float, lines: int = 14) -> list[float]:
    """Where to write the names of curves, given the norms at their first and last step: a line apart, inside the axis.

    The axis has room for `lines` of them.

    A curve that vanishes runs upwards from its first step, so its name goes below it; the others' names go above.
    """
    line = (high - low) / lines
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


@lru_cache(maxsize=8)
def shades(palette: tuple[str, ...]) -> list[str]:
    """255 hex colours, evenly along the palette, straight lines between its colours as Vega draws them."""
    anchors = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in palette], dtype=float)
    positions = np.linspace(0, len(palette) - 1, 255)
    channels = [np.interp(positions, np.arange(len(palette)), anchors[:, channel]) for channel in range(3)]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.rint(np.transpose(channels)).astype(int)]


def arrow_bytes(table: pa.Table) -> bytes:
    """An Arrow table as the stream of bytes that the browser reads."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
