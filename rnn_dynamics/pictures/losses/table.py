"""The datasets of the picture "Which loss, how far back": small Arrow tables; see `drawing` on how heights look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.trace import LossByTime
from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    Array,
    arrow_bytes,
    curve_texts,
    hundredths,
    numbers_text,
    point_steps,
    shades,
    vertical_ranges,
)

#: First distance k − t of each bin of the bars, and what it is called.
BINS = {0: "same step", 1: "1–2", 3: "3–5", 6: "6–10", 11: "11–20", 21: "21–50", 51: "> 50"}
#: The darkest colour of the bins would be lost on a dark page: they begin so far up the palette, of 255 colours.
_DARKEST_BIN = 40
#: Where the axis of the bars may end, in per cent, and that of the truncation's error, in orders of magnitude of the
#: gradient: few values, so that they stand still while a slider moves.
_BARS_BELOW, _BARS_ABOVE = (0, -25, -50, -100), (100, 125, 150, 200)
_LEAST_ERROR, _ERRORS_ABOVE = -4.0, (0.3, 1.0, 2.0, 4.0, 8.0)
#: How many orders of magnitude the map's colours may span, likewise.
_SPANS = (3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 250.0)
#: Names of curves that fit above each other.
_LINES = 8


@dataclass(frozen=True, kw_only=True)
class LossPicture:
    """What the picture shows.

    Attributes:
        answer: of one network.
        text_of: step of a loss, from 1 to T -> how far back it is felt.
        labels: "every" and "last" -> what stands beside the curve of that loss.
        colour: of the cell. palette: hex colours, from the smallest value to the largest.
        titles: "curves", "map" and "bars"; "|" begins a line, and on a phone "¦" does too.
    """

    answer: LossByTime
    text_of: Callable[[int], str]
    labels: Mapping[str, str]
    colour: str
    palette: Sequence[str]
    titles: Mapping[str, str]

    @property
    def length(self) -> int:
        """T."""
        return len(self.answer.every)

    @cached_property
    def shown(self) -> NDArray[np.int64]:
        """The steps that are drawn, of losses and of time."""
        return point_steps(self.length)

    @cached_property
    def bars(self) -> Array:
        """Shares summed over bins of distances (bins, T)."""
        return binned_shares(self.answer.shares)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The ends of the vertical axis of the curves, in orders of magnitude."""
        lows, highs = vertical_ranges(np.vstack([self.answer.log10_norms, self.answer.every, self.answer.last])[None])
        return float(lows[0]), float(highs[0])

    @cached_property
    def colour_ends(self) -> tuple[float, float]:
        """The ends of the map's colours, in orders of magnitude: from the largest norm downwards."""
        finite = self.answer.log10_norms[np.isfinite(self.answer.log10_norms)]
        top = float(np.ceil(finite.max(initial=-10.0)))
        needed = top - finite.min(initial=top)
        return top - next((span for span in _SPANS if span >= needed), _SPANS[-1]), top


def loss_datasets(picture: LossPicture) -> dict[str, bytes]:
    """All datasets but `cut_dataset`, by name."""
    tables = {
        "losses": loss_rows(picture),
        "sums": sum_rows(picture),
        "bins": bin_rows(picture),
        "cuts": cut_rows(picture),
        "whole": whole_row(picture),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def loss_rows(picture: LossPicture) -> pa.Table:
    """One row per loss that is drawn.

    Columns loss (its step k), above and below (its strip of the map), stretch (by how much the whole time axis is
    longer than the strip, which ends at k), colours (of the strip, along the whole axis), points (heights of its curve)
    and text.
    """
    shown, length = picture.shown, picture.length
    norms = picture.answer.log10_norms[shown - 1]
    # What lies beyond a strip's end has the colour of its end.
    stops = np.minimum(point_steps(length, MAP_POINTS), shown[:, None])
    low, high = picture.colour_ends
    share = (np.clip(np.take_along_axis(norms, stops - 1, axis=1), low, high) - low) / (high - low)
    colours = np.array(shades(tuple(picture.palette)))[np.rint(share * 254.0).astype(np.int64)]
    edges = np.array([0.5, *(shown[:-1] + shown[1:]) / 2, length + 0.5])
    return pa.table(
        {
            "loss": pa.array(shown, pa.uint16()),
            "above": pa.array(edges[:-1], pa.float32()),
            "below": pa.array(edges[1:], pa.float32()),
            "stretch": pa.array(length / shown, pa.float32()),
            "colours": pa.array([",".join(row) for row in colours.tolist()]),
            "points": pa.array(curve_texts(norms, *picture.ends)),
            "text": [picture.text_of(k) for k in shown.tolist()],
        }
    )


def sum_rows(picture: LossPicture) -> pa.Table:
    """One row for the loss at every step and one for that at the last: name, points, end and text (its label)."""
    norms = np.stack([picture.answer.every, picture.answer.last])
    return pa.table(
        {
            "name": ["every", "last"],
            "points": pa.array(curve_texts(norms, *picture.ends)),
            "end": pa.array(hundredths(_label_heights(np.maximum(norms, picture.ends[0]), *picture.ends))),
            "text": [picture.labels[name] for name in ("every", "last")],
        }
    )


def _label_heights(norms: Array, low: float, high: float) -> Array:
    """Where the names of two curves (2, T) stand at step 1: above the upper and below the lower one.

    Curves that grow towards step 1 lie below their ends, so both names then stand above.
    """
    line = (high - low) / _LINES
    lower, upper = np.argsort(norms[:, 0], kind="stable")
    grow = norms[lower, 0] > norms[lower, -1] + 2.0
    heights = np.empty(2)
    heights[lower] = norms[upper, 0] + 0.8 * line if grow else norms[lower, 0] - 0.8 * line
    heights[lower] = np.clip(heights[lower], low + 0.5 * line, high - 1.5 * line)
    heights[upper] = np.clip(norms[upper, 0] + 0.8 * line, heights[lower] + line, high - 0.5 * line)
    return heights


def bin_rows(picture: LossPicture) -> pa.Table:
    """One row per bin of distances that T has.

    Columns place (of its name, from 0 to 1), label, colour, from and to (ends of its bars in per cent, at the left
    edges of the shown steps and once more at the end): positive shares are stacked upwards from 0, negative ones
    downwards.
    """
    shares = picture.bars[:, picture.shown - 1]
    up, down = (np.cumsum(part, axis=0) for part in (np.maximum(shares, 0.0), np.minimum(shares, 0.0)))
    end = np.where(shares >= 0.0, up, down)
    low, high = bar_ends(picture.bars)
    colours = shades(tuple(picture.palette))
    widths = np.cumsum([0, *(len(label) + 3 for label in BINS.values())])
    picked = np.linspace(254, _DARKEST_BIN, len(BINS)).round().astype(int)[: len(shares)]
    return pa.table(
        {
            "place": pa.array(widths[: len(shares)] / widths[-1], pa.float32()),
            "label": list(BINS.values())[: len(shares)],
            "colour": [colours[k] for k in picked],
            "from": pa.array(_bars(end - shares, low, high)),
            "to": pa.array(_bars(end, low, high)),
        }
    )


def _bars(heights: Array, low: float, high: float) -> list[str]:
    """Heights (bins, steps) in per cent, as texts; the last one twice, for the right edge of its bar."""
    percent = np.clip(100.0 * np.nan_to_num(heights), low, high).round(1)
    return [",".join(f"{value:g}" for value in (*row, row[-1])) for row in percent.tolist()]


def bar_ends(bars: Array) -> tuple[float, float]:
    """Where the axis of the bars ends, in per cent, for binned shares (bins, T)."""
    binned = 100.0 * np.nan_to_num(bars)
    lowest, highest = np.minimum(binned, 0.0).sum(axis=0).min(), np.maximum(binned, 0.0).sum(axis=0).max()
    low = next((end for end in _BARS_BELOW if lowest >= end - 1.0), _BARS_BELOW[-1])
    return float(low), float(next((end for end in _BARS_ABOVE if highest <= end + 1.0), _BARS_ABOVE[-1]))


def binned_shares(shares: Array) -> Array:
    """Shares (T, T), row k, column t, summed over the bins of k − t that T has: (bins, T)."""
    distance = np.arange(len(shares))[:, None] - np.arange(len(shares))
    firsts = [first for first in BINS if first < len(shares)]
    edges = [*firsts, len(shares)]
    return np.stack(
        [
            np.where((distance >= first) & (distance < stop), shares, 0.0).sum(axis=0)
            for first, stop in zip(firsts, edges[1:], strict=True)
        ]
    )


def cut_rows(picture: LossPicture) -> pa.Table:
    """One row for the loss at every step and one for that at the last: name, errors and angles (heights at each τ)."""
    answer, names = picture.answer, ("every", "last")
    errors, angles = (np.stack([values[name] for name in names]) for values in (answer.log10_errors, answer.angles))
    return pa.table(
        {
            "name": names,
            "errors": pa.array(curve_texts(errors, _LEAST_ERROR, _highest_error(picture))),
            "angles": pa.array(curve_texts(angles, 0.0, 180.0)),
        }
    )


def _highest_error(picture: LossPicture) -> float:
    largest = max(float(np.nan_to_num(values, nan=-np.inf).max()) for values in picture.answer.log10_errors.values())
    return next((end for end in _ERRORS_ABOVE if largest <= end), _ERRORS_ABOVE[-1])


def whole_row(picture: LossPicture) -> pa.Table:
    """What holds for the whole picture, in one row: places on the axes, titles, the colour, the loss that is marked."""
    shown, length = picture.shown, picture.length
    stops = point_steps(length, MAP_POINTS)
    low, high = hundredths(np.array(picture.ends)).tolist()
    dark, bright = hundredths(np.array(picture.colour_ends)).tolist()
    least, most = bar_ends(picture.bars)
    edges = np.array([0.5, *(shown[:-1] + shown[1:]) / 2, length + 0.5])
    widest = max(float(np.nan_to_num(angles).max()) for angles in picture.answer.angles.values())
    return pa.table(
        {
            "length": [length],
            "steps": [numbers_text(shown)],
            "offsets": [",".join(f"{(step - 0.5) / length:.4f}" for step in stops.tolist())],
            "edges": [",".join(f"{edge:g}" for edge in edges)],
            "low": [low],
            "high": [high],
            "dark": [dark],
            "bright": [bright],
            "least": [least],
            "most": [most],
            "marked": pa.array([shown[len(shown) // 2]], pa.uint16()),
            "truncations": [numbers_text(hundredths(np.log10(picture.answer.truncations)))],
            "longest": [max(30, round(100.0 * float(np.log10(length))))],
            "error": [round(100.0 * _highest_error(picture))],
            "angle": [9000 if widest <= 90.0 else 18000],
            "colour": [picture.colour],
            **{name: [title] for name, title in picture.titles.items()},
        }
    )


def cut_dataset(truncation: int, title: str) -> bytes:
    """What depends on the reader's truncation τ: one row, apart, so that nothing else is drawn again when it moves."""
    return arrow_bytes(pa.table({"tau": [round(100.0 * float(np.log10(truncation)))], "title": [title]}))


def loss_table(answer: LossByTime) -> pd.DataFrame:
    """The matrix as a tidy frame: one row for each loss k and each step t ≤ k.

    Returns:
        columns loss, step, distance (k − t), log10_norm and share.
    """
    rows, columns = np.tril_indices(len(answer.every))
    return pd.DataFrame(
        {
            "loss": rows + 1,
            "step": columns + 1,
            "distance": rows - columns,
            "log10_norm": answer.log10_norms[rows, columns],
            "share": answer.shares[rows, columns],
        }
    )


def truncation_table(answer: LossByTime) -> pd.DataFrame:
    """What truncation leaves of dL/dW_hh: one row per τ.

    Returns:
        columns truncation, and for the loss at every step and at the last one log10_error_… and angle_… (degrees).
    """
    columns: dict[str, NDArray[np.generic]] = {"truncation": answer.truncations}
    for name, errors in answer.log10_errors.items():
        columns |= {f"log10_error_{name}": errors, f"angle_{name}": answer.angles[name]}
    return pd.DataFrame(columns)
