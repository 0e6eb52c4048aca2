"""The datasets of the picture "Phase diagram": small Arrow tables; see `drawing` for how heights are written.

Down the map go the weight scales, scale k from k to k + 1. Across go its columns, column j from j to j + 1: input
strengths, or stretches of lags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.trace import LagSplit, PhaseRow
from rnn_dynamics.pictures.kit.frames import (
    Array,
    arrow_bytes,
    curve_texts,
    hundredths,
    numbers_text,
    point_steps,
    shades,
    vertical_ranges,
)
from rnn_dynamics.pictures.phase_diagram.crossing import Crossing, crossing, growing

#: Factors per step at which the map's colours end, up and down.
LIMIT = 2.0
#: Most stretches of lags on the map.
_STRETCHES = 13
#: How near the partial sum of shares stays to 1 once it is said to be the whole.
WHOLE_WITHIN = 0.01
#: Factors are written in thousandths of an order of magnitude.
_THOUSANDTH = 1e-3


@dataclass(frozen=True, kw_only=True)
class PhaseMap:
    """What the map shows, wherever the reader stands on it.

    Attributes:
        positions: the weight scales of the slider, rising.
        weight_scales: S of them that were computed.
        columns: which columns were computed, C of them.
        log10_factors: (S, C), per step.
        crossings: of each column.
        palette: hex colours, from LIMIT below 1 to LIMIT above.
    """

    positions: Sequence[float]
    weight_scales: Sequence[float]
    columns: Sequence[int]
    log10_factors: Array
    crossings: Sequence[Crossing]
    palette: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where the reader stands and what is said there.

    Attributes:
        row: of the chosen weight scale. column: of the chosen input strength, or None for all columns.
        columns: how many the map has. names: of the columns, or of the C + 1 edges between stretches of lags.
        split: of the chosen network. colour: of its cell.
        texts: by name: "here"; the titles "map" and "title" (of the split); "total_label" and "share_label".
    """

    row: int
    column: int | None
    columns: int
    names: Sequence[str]
    split: LagSplit
    colour: str
    texts: Mapping[str, str]

    @cached_property
    def by_lag(self) -> Array:
        """(T,) log10 ‖G‖, lag 0 first."""
        return self.split.step[::-1]


def map_datasets(phase_map: PhaseMap) -> dict[str, bytes]:
    """What does not depend on where the reader stands, by name."""
    return {"cells": arrow_bytes(cell_rows(phase_map)), "lines": arrow_bytes(line_rows(phase_map))}


def spot_datasets(spot: Spot) -> dict[str, bytes]:
    """What depends on where the reader stands, by name."""
    return {"here": arrow_bytes(here_row(spot)), "lags": arrow_bytes(lag_row(spot))}


def cell_rows(phase_map: PhaseMap) -> pa.Table:
    """One row per cell of the map: scale (its row), below, above, column, factor (thousandths of an order), colour."""
    rows = [phase_map.positions.index(scale) for scale in phase_map.weight_scales]
    # A row that was not computed shows the nearest one that was.
    edges = [0, *((low + high) // 2 + 1 for low, high in pairwise(rows)), len(phase_map.positions)]
    count = len(phase_map.columns)
    return pa.table(
        {
            "scale": pa.array(np.repeat(rows, count), pa.uint8()),
            "below": pa.array(np.repeat(edges[:-1], count), pa.uint8()),
            "above": pa.array(np.repeat(edges[1:], count), pa.uint8()),
            "column": pa.array(np.tile(np.array(phase_map.columns, dtype=np.int64), len(rows)), pa.uint8()),
            "factor": pa.array(_thousandths(phase_map.log10_factors).ravel(), pa.int32()),
            "colour": pa.array(factor_colours(phase_map.log10_factors, phase_map.palette), pa.string()),
        }
    )


def _thousandths(factors: Array) -> NDArray[np.int64]:
    return np.rint(np.nan_to_num(factors, neginf=-1e6) / _THOUSANDTH).astype(np.int64)


def factor_colours(log10_factors: Array, palette: Sequence[str]) -> list[str]:
    """Colours of factors per step, row after row; those beyond LIMIT have the end's.

    Along the palette goes the square root of the orders of magnitude, so that 1.03 and 1, far apart after a hundred
    steps, have different colours.
    """
    share = np.clip(np.nan_to_num(log10_factors, neginf=-np.inf) / np.log10(LIMIT), -1.0, 1.0)
    share = np.sign(share) * np.sqrt(np.abs(share))
    names = shades(tuple(palette))
    return [names[k] for k in np.rint((share + 1.0) * 127.0).astype(np.int64).ravel()]


def line_rows(phase_map: PhaseMap) -> pa.Table:
    """One row per column: x, and heights on the map of what `Crossing` says: measured, low, high, predicted.

    The measured ones are null where the factor does not rise through 1 once and for all: a line would say too little.
    """
    found = list(zip(phase_map.columns, phase_map.crossings, strict=True))
    once = [point for _, point in found if len(point.grows) == 1 and point.grows[0][1] is None]

    def heights(scales: Sequence[float | None]) -> pa.Array:
        return pa.array([height_of(scale, phase_map.positions) for scale in scales], pa.float64())

    return pa.table(
        {
            "x": pa.array([column + 0.5 for column, _ in found], pa.float64()),
            "measured": heights([point.measured if point in once else None for _, point in found]),
            "low": heights([point.low if point in once else None for _, point in found]),
            "high": heights([point.high if point in once else None for _, point in found]),
            "predicted": heights([point.predicted for _, point in found]),
        }
    )


def height_of(weight_scale: float | None, positions: Sequence[float]) -> float | None:
    """Where a weight scale lies on the map: between two rows by its logarithm; None outside all rows."""
    if weight_scale is None or not 0.0 < weight_scale <= positions[-1]:
        return None
    middles = np.arange(len(positions)) + 0.5
    return round(float(np.interp(np.log(weight_scale), np.log(positions), middles)), 3)


def here_row(spot: Spot) -> pa.Table:
    """What stands on the map at the chosen settings, in one row.

    Columns place (another one wherever the reader stands), x, x2, y, y2 (the frame around the chosen cell), text,
    columns, names (as a text) and title.
    """
    left, right = (0, spot.columns) if spot.column is None else (spot.column, spot.column + 1)
    return pa.table(
        {
            "place": [f"{spot.row} {left}"],
            "x": [left],
            "x2": [right],
            "y": [spot.row],
            "y2": [spot.row + 1],
            "text": [spot.texts["here"]],
            "columns": [spot.columns],
            "names": [",".join(spot.names)],
            "map": [spot.texts["map"]],
        }
    )


def lag_row(spot: Spot) -> pa.Table:
    """The split by lag, in one row.

    Columns length, lags, points (log10 norms of the parts) and shares (their running sum, in hundredths) as texts of
    numbers; low, high (ends of the upper axis), bottom, top (of the lower); total (the whole's norm, or null), reached
    (the lag of `lag_of_whole`, or null), colour, and the texts.
    """
    split, length = spot.split, len(spot.split.step)
    lags = length - point_steps(length)
    inside = np.append(spot.by_lag, split.total)
    low, high = (float(end[0]) for end in vertical_ranges(inside[None]))
    running = split.cumulative_share
    # Parts that cancel bring the running sum far beyond 0 and 1; the axis follows it some way.
    bottom, top = (
        float(end) for end in np.clip([np.nanmin(running, initial=0.0), np.nanmax(running, initial=1.0)], -1, 2)
    )
    reached = lag_of_whole(split)
    return pa.table(
        {
            "length": [length],
            "lags": [numbers_text(lags)],
            "points": curve_texts(split.step, low, high),
            "shares": curve_texts(running, bottom, top),
            "low": hundredths(np.array([low])),
            "high": hundredths(np.array([high])),
            "bottom": hundredths(np.array([bottom])),
            "top": hundredths(np.array([top])),
            "total": pa.array([round(100 * split.total) if np.isfinite(split.total) else None], pa.int64()),
            "reached": pa.array([reached], pa.int64()),
            "colour": [spot.colour],
            **{name: [spot.texts[name]] for name in ("title", "total_label", "share_label")},
        }
    )


def lag_of_whole(split: LagSplit) -> int | None:
    """The lag from which on the shares' running sum stays within WHOLE_WITHIN of 1; None where the gradient is zero."""
    if not np.isfinite(split.total):
        return None
    away = np.flatnonzero(np.abs(split.cumulative_share[::-1] - 1.0) > WHOLE_WITHIN)
    return int(away[-1]) + 1 if len(away) else 0


def lag_edges(length: int) -> NDArray[np.int64]:
    """Edges of the stretches of lags that the map shows of a sequence, from 0 to T − 1."""
    return point_steps(length, _STRETCHES) - 1


def stretch_factors(row: PhaseRow) -> Array:
    """(S, stretches) log10 of the factor per step between neighbouring `lag_edges`, in the mean of the networks."""
    by_lag = row.log10_norms[:, ::-1]
    edges = lag_edges(by_lag.shape[1])
    near, far = by_lag[:, edges[:-1]], by_lag[:, edges[1:]]
    change = np.full(far.shape, -np.inf)
    np.subtract(far, near, out=change, where=np.isfinite(far))
    return np.asarray(change / np.diff(edges))


def stretch_crossings(row: PhaseRow, predicted: float | None) -> list[Crossing]:
    """The crossing of each stretch of lags, of the networks' mean alone."""
    return [
        Crossing(
            input_scale=row.experiment.input_scale,
            measured=crossing(row.weight_scales, factors),
            grows=growing(row.weight_scales, factors),
            low=None,
            high=None,
            predicted=predicted,
        )
        for factors in stretch_factors(row).T
    ]


def map_table(rows: Sequence[PhaseRow]) -> pd.DataFrame:
    """The map as a tidy frame: input_scale, weight_scale, seed ("mean" for all networks together), log10_factor.

    And digits: how many of a network's norms another program shares, of all networks together the fewest.
    """
    frames = []
    for row in rows:
        factors = {"mean": row.log10_factors} | dict(zip(row.seeds, row.log10_factors_by_seed, strict=True))
        digits = {"mean": row.digits_by_seed.min(axis=0)} | dict(zip(row.seeds, row.digits_by_seed, strict=True))
        frames += [
            pd.DataFrame(
                {
                    "input_scale": row.experiment.input_scale,
                    "weight_scale": row.weight_scales,
                    "seed": seed,
                    "log10_factor": values,
                    "digits": digits[seed],
                }
            )
            for seed, values in factors.items()
        ]
    return pd.concat(frames, ignore_index=True)


def fewest_digits(rows: Sequence[PhaseRow]) -> int:
    """How many digits another program shares of the norms of every network of the map."""
    return int(min(row.digits_by_seed.min() for row in rows))


def lag_table(split: LagSplit) -> pd.DataFrame:
    """The split by lag as a frame: step, lag, log10_norm, log10_truncated, share, cumulative_share; lag 0 first."""
    length = len(split.step)
    steps = np.arange(1, length + 1)
    frame = pd.DataFrame(
        {
            "step": steps,
            "lag": length - steps,
            "log10_norm": split.step,
            "log10_truncated": split.truncated,
            "share": split.share,
            "cumulative_share": split.cumulative_share,
        }
    )
    return frame[::-1]
