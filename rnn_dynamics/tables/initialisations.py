"""What an initialisation does to the gradient of the input: one row per scheme and cell, over many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.tables.drawing import arrow_bytes
from rnn_dynamics.tables.verdict import horizon, outcome_of

Array = NDArray[np.float64]

#: What is said of the seeds: the seed at 5 %, the one in the middle, the seed at 95 %.
_QUANTILES = (0.05, 0.5, 0.95)
#: What the axis of factors may end at, as log10: few values, so that it stands still while a slider moves.
_LOWS = np.log10([0.4, 0.1, 0.01, 0.001])
_HIGHS = np.log10([1.3, 3.0, 15.0])


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A quantity over seeds; each value is that of one seed, so −inf stays −inf."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, kw_only=True)
class InitialisationRow:
    """What one scheme does in one cell.

    Attributes:
        scheme: its label.
        cell: its name.
        log10_factor: log10 of the factor per step back of ‖dL/dx_t‖, between the lags T // 5 and 9 T // 10.
        horizon: first lag at which less than 1 % of the norm at step T is left, None where that never happens; of the
            seed in the middle.
        outcome: what `Verdict.outcome` says of the median share.
        log10_share: log10 of (norm at step 1 / norm at step T).
    """

    scheme: str
    cell: str
    log10_factor: Spread
    horizon: int | None
    outcome: str
    log10_share: Spread


def initialisation_row(scheme: str, cell: str, log10_norms: Array) -> InitialisationRow:
    """Summarise the curves of one scheme and cell.

    Args:
        scheme: its label.
        cell: its name.
        log10_norms: (seeds, T) of dL/dx_t, step 1 first. −inf where the gradient is zero; what is zero already at the
            nearer of two steps counts as −inf.

    Raises:
        ValueError: fewer than 2 steps, or no seed.
    """
    seeds, length = log10_norms.shape
    if length < 2 or not seeds:
        raise ValueError(f"log10_norms of shape {log10_norms.shape}: a row needs at least 1 seed and 2 steps")
    near, far = length // 5, 9 * length // 10
    factors = _change(log10_norms[:, -1 - near], log10_norms[:, -1 - far]) / (far - near)
    share = _spread(_change(log10_norms[:, -1], log10_norms[:, 0]))
    lags = [lag if (lag := horizon(curve)) is not None else np.inf for curve in log10_norms]
    middle = float(np.quantile(lags, 0.5, method="inverted_cdf"))
    return InitialisationRow(
        scheme=scheme,
        cell=cell,
        log10_factor=_spread(factors),
        horizon=int(middle) if np.isfinite(middle) else None,
        outcome=outcome_of(share.median),
        log10_share=share,
    )


def initialisations_table(rows: Sequence[InitialisationRow]) -> pd.DataFrame:
    """One row per scheme and cell, for a screen or a file.

    Returns:
        columns scheme, cell, factor_per_step (no log10), horizon (lag, missing where there is none), verdict and
        log10_share_at_step_1; `_low` and `_high` after the name stand for 5 % and 95 % over the seeds.
    """
    factors = [[10.0**value for value in astuple(row.log10_factor)] for row in rows]
    shares = [astuple(row.log10_share) for row in rows]
    return pd.DataFrame(
        {
            "scheme": [row.scheme for row in rows],
            "cell": [row.cell for row in rows],
            **_columns("factor_per_step", factors),
            "horizon": pd.array([row.horizon for row in rows], dtype="Int64"),
            "verdict": [row.outcome for row in rows],
            **_columns("log10_share_at_step_1", shares),
        }
    )


def _change(nearer: Array, farther: Array) -> Array:
    """log10 of the ratio of two norms (seeds,); −inf where the nearer one is zero."""
    return np.asarray(np.subtract(farther, nearer, out=np.full(nearer.shape, -np.inf), where=np.isfinite(nearer)))


def _spread(values: Array) -> Spread:
    # No interpolation: between −inf and a number there is nothing.
    low, median, high = (float(value) for value in np.quantile(values, _QUANTILES, method="inverted_cdf"))
    return Spread(low=low, median=median, high=high)


def _columns(name: str, values: Sequence[Sequence[float]]) -> dict[str, Array]:
    """Columns `name`, `name`_low and `name`_high of (low, median, high) a row."""
    low, median, high = np.reshape(values, (-1, 3)).T
    return {name: median, f"{name}_low": low, f"{name}_high": high}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the picture.

    Attributes:
        cell: key of CELLS. name: its label.
        scheme: "" where the line above has the same. short: scheme and cell, for a phone.
        marked: whether a framework does this by itself.
        row: None while it is not computed.
        factor, horizon, remains: the numbers beside the line. details: what a reader sees who points at it.
    """

    cell: str
    name: str
    scheme: str
    short: str
    marked: bool
    row: InitialisationRow | None
    factor: str
    horizon: str
    remains: str
    details: str


def line_datasets(lines: Sequence[Line], title: str, hint: str) -> dict[str, bytes]:
    """The datasets of the picture, by name: lines from the top, and whole (axis, title, hint) in one row.

    A factor beyond the axis stands at its end; `Line.factor` says what it is.
    """
    known = [line.row.log10_factor for line in lines if line.row]
    ends = [end for spread in known for end in (spread.low, spread.high) if np.isfinite(end)]
    low, high = _end(_LOWS, min(ends, default=0.0)), -_end(-_HIGHS, -max(ends, default=0.0))
    factors = [astuple(line.row.log10_factor) if line.row else (0.0, 0.0, 0.0) for line in lines]
    texts = ("cell", "name", "scheme", "short", "factor", "horizon", "remains", "details")
    rows = {
        "place": pa.array(range(len(lines)), pa.uint8()),
        "known": [line.row is not None for line in lines],
        "marked": [line.marked for line in lines],
        **dict(zip(("low", "median", "high"), 10.0 ** np.clip(factors, low, high).T, strict=True)),
        **{text: [getattr(line, text) for line in lines] for text in texts},
    }
    whole = {
        "lines": [len(lines)],
        "low": [10.0**low],
        "high": [10.0**high],
        "keeps": [1],
        "title": [title],
        "hint": [hint],
    }
    return {"lines": arrow_bytes(pa.table(rows)), "whole": arrow_bytes(pa.table(whole))}


def _end(ends: Array, lowest: float) -> float:
    """The first of falling `ends` that leaves room below `lowest`, else the last."""
    return float(ends[min(int(np.sum(ends > lowest - 0.02)), len(ends) - 1)])
