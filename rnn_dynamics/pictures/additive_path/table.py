"""The datasets of the picture "The additive cell path": small Arrow tables; see `drawing` for how heights are written.

All gradients are relative to the one at step T, so that cells with different states share an axis: 10⁰ at lag 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
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

#: The curves, in the order in which they are drawn.
CURVES = ("rnn", "rest", "path", "total")
#: What a band says of its networks, see `verdict.median_and_range`.
BAND = ("lowest", "median", "highest")
#: At most this many units have a row on the map: evenly from those that forget fastest to those that keep longest.
_MOST_UNITS = 64
#: Names of curves that fit above each other.
_LINES = 12


@dataclass(frozen=True, kw_only=True)
class PathPicture:
    """What the picture shows.

    Attributes:
        curves: name in CURVES -> (T,) log10 norms, relative to the total's (rnn: its own) at step T.
        labels: name in CURVES -> what stands beside the curve.
        bands: name in CURVES -> (3, T), BAND over other networks.
        cosine: (T,) between path and rest; nan where one of them is zero.
        gate: (T, H) of the first sequence, the gate on the map. lowest: 0, or -1 for a gate that is a tanh.
        path_gate: (T, H) of the first sequence: the factor along the additive path, f or z.
        cell: whose gradient it is. palette: hex colours of the map, from the gate's lowest value to 1.
        titles: of the curves and of the map; a phone breaks a line at each "|".
        against_lag: whether the horizontal axis is the lag.
    """

    curves: Mapping[str, Array]
    labels: Mapping[str, str]
    bands: Mapping[str, Array]
    cosine: Array
    gate: Array
    lowest: float
    path_gate: Array
    cell: str
    palette: Sequence[str]
    titles: tuple[str, str]
    against_lag: bool

    @property
    def length(self) -> int:
        """T."""
        return len(self.cosine)

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """The units on the map, from the fastest forgetting to the longest keeping."""
        by_memory = np.argsort(np.log(np.maximum(self.path_gate, np.finfo(float).tiny)).mean(axis=0), kind="stable")
        return by_memory[point_steps(len(by_memory), _MOST_UNITS) - 1]

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The ends of the vertical axis, in orders of magnitude: the parts fill it, the RNN may leave it."""
        lows, highs = vertical_ranges(np.stack([self.curves[name] for name in CURVES if name != "rnn"])[None])
        return float(lows[0]), float(highs[0])


def path_datasets(picture: PathPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {
        "curves": curve_rows(picture),
        "bands": band_rows(picture),
        "cosine": cosine_row(picture),
        "units": unit_rows(picture),
        "whole": whole_row(picture),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def curve_rows(picture: PathPicture) -> pa.Table:
    """One row per curve: name, points (heights at `point_steps`), end and text (where and what to write at step 1)."""
    norms = np.stack([picture.curves[name] for name in CURVES])
    return pa.table(
        {
            "name": CURVES,
            "points": pa.array(curve_texts(norms, *picture.ends)),
            "end": pa.array(hundredths(label_places(norms, *picture.ends, lines=_LINES))),
            "text": [picture.labels[name] for name in CURVES],
        }
    )


def band_rows(picture: PathPicture) -> pa.Table:
    """One row per band: name, low, middle and high (heights at `point_steps`; the ends are kept inside the axis)."""
    low, middle, high = np.stack([picture.bands[name] for name in picture.bands], axis=1)
    return pa.table(
        {
            "name": list(picture.bands),
            "low": curve_texts(np.clip(low, *picture.ends), *picture.ends),
            "middle": curve_texts(middle, *picture.ends),
            "high": curve_texts(np.clip(high, *picture.ends), *picture.ends),
        }
    )


def cosine_row(picture: PathPicture) -> pa.Table:
    """One row: points, the cosine in hundredths at `point_steps`."""
    return pa.table({"points": curve_texts(np.nan_to_num(picture.cosine, nan=np.inf), -1.0, 1.0)})


def unit_rows(picture: PathPicture) -> pa.Table:
    """One row per unit of the map.

    Columns place (its row, from the bottom), unit (its number), colours (of the gate along its strip), points (heights
    of its own product of path gates, from step T back) and text (its mean path gate and time scale).
    """
    gates = np.maximum(picture.path_gate[:, picture.units], np.finfo(float).tiny)
    # From step T back to step t the error is multiplied by the gates of steps t + 1 .. T.
    after = np.concatenate([np.log10(gates[1:]), np.zeros((1, gates.shape[1]))])
    products = np.cumsum(after[::-1], axis=0)[::-1]
    means, scales = gates.mean(axis=0), time_scale(gates)
    return pa.table(
        {
            "place": pa.array(range(len(picture.units)), pa.uint8()),
            "unit": pa.array(picture.units, pa.uint16()),
            "colours": pa.array(gate_colours(picture)),
            "points": pa.array(curve_texts(products.T, *picture.ends)),
            "text": [
                f"unit {unit + 1}: {mean:.2f} on average, {steps_text(steps)} steps"
                for unit, mean, steps in zip(picture.units, means, scales, strict=True)
            ],
        }
    )


def gate_colours(picture: PathPicture) -> list[str]:
    """For each unit the colours of its gate's values along the map, as a text."""
    values = picture.gate[np.ix_(point_steps(picture.length, MAP_POINTS) - 1, picture.units)].T
    share = (values - picture.lowest) / (1.0 - picture.lowest)
    colours = np.array(shades(tuple(picture.palette)))[np.rint(share * 254.0).astype(np.int64)]
    return [",".join(row) for row in colours.tolist()]


def whole_row(picture: PathPicture) -> pa.Table:
    """What holds for the whole picture, in one row: places on the axes, titles, the cell."""
    steps, stops = point_steps(picture.length), point_steps(picture.length, MAP_POINTS)
    if picture.against_lag:
        steps, stops = picture.length - steps, picture.length - stops
    offsets = (stops - stops.min()) / max(1, picture.length - 1)
    low, high = hundredths(np.array(picture.ends)).tolist()
    return pa.table(
        {
            "length": [picture.length],
            "units": [len(picture.units)],
            "steps": [numbers_text(steps)],
            "offsets": [",".join(f"{place:.4f}" for place in offsets)],
            "low": [low],
            "high": [high],
            "lowest": [picture.lowest],
            "cell": [picture.cell],
            "curves": [picture.titles[0]],
            "map": [picture.titles[1]],
        }
    )


def path_table(curves: Mapping[str, Array], cosine: Array, bands: Mapping[str, Array]) -> pd.DataFrame:
    """The curves as a tidy frame.

    Args:
        curves: name in CURVES -> (T,) log10 norms relative to step T.
        cosine: (T,).
        bands: name -> (3, T), BAND.

    Returns:
        one row per step; columns step, lag, a column of log10 norms per curve, cosine, and one per curve and end of its
        band, such as rnn_lowest.
    """
    length = len(cosine)
    steps = np.arange(1, length + 1)
    columns = {"step": steps, "lag": length - steps, **curves, "cosine": cosine}
    for name, band in bands.items():
        columns |= {f"{name}_{end}": values for end, values in zip(BAND, band, strict=True)}
    return pd.DataFrame(columns)


def steps_text(steps: float) -> str:
    """A time scale as a reader meets it: 12.5, 10⁷."""
    return f"{steps:.3g}" if steps < 999.0 else power_of_ten(math.log10(steps))


def time_scale(gates: Array) -> Array:
    """Steps after which e⁻¹ is left, −1 / mean ln f, of path gates (T, H): (H,)."""
    return np.asarray(-1.0 / np.minimum(np.log(gates).mean(axis=0), -np.finfo(float).tiny))
