"""What an initialisation does to the gradient of the input: one row per scheme and cell, over many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.factor import log10_factor_per_step
from rnn_dynamics.pictures.kit.frames import arrow_bytes
from rnn_dynamics.pictures.kit.verdict import horizon, median_and_range, orders_of_magnitude, outcome_of

Array = NDArray[np.float64]

#: What the axis of factors may end at, as log10: few values, so that it stands still while a slider moves.
_LOWS = np.log10([0.4, 0.1, 0.01, 0.001])
_HIGHS = np.log10([1.3, 3.0, 15.0])


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A quantity over all networks: the lowest, the median, the highest; see `median_and_range`."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Array) -> Spread:
        """Of the values (networks,)."""
        low, median, high = median_and_range(values).tolist()
        return cls(low=low, median=median, high=high)


@dataclass(frozen=True, kw_only=True)
class InitialisationRow:
    """What one scheme does in one cell.

    Attributes:
        scheme: its label.
        cell: its name.
        networks: how many there are.
        log10_factor: of the factor per step back of ‖dL/dx_t‖, see `log10_factor_per_step`.
        horizon: the median of the networks' horizons, see `verdict.horizon`; None where it is one that does not exist.
        outcome: what `Verdict.outcome` says of the medians.
        log10_share: log10 of (norm at step 1 / norm at step T).
        digits: how many of them another program shares in every network, see `trace.Rounded`.
    """

    scheme: str
    cell: str
    networks: int
    log10_factor: Spread
    horizon: float | None
    outcome: str
    log10_share: Spread
    digits: int


def initialisation_row(scheme: str, cell: str, log10_norms: Array, digits: int) -> InitialisationRow:
    """Summarise the curves of one scheme and cell.

    Args:
        scheme: its label.
        cell: its name.
        log10_norms: (networks, T) of dL/dx_t, step 1 first; −inf where the gradient is zero.
        digits: the fewest of a network.

    Raises:
        ValueError: fewer than 2 steps, or no network.
    """
    networks, length = log10_norms.shape
    if length < 2 or not networks:
        raise ValueError(f"log10_norms of shape {log10_norms.shape}: a row needs at least 1 network and 2 steps")
    factor = Spread.of(log10_factor_per_step(log10_norms))
    share = Spread.of(orders_of_magnitude(log10_norms))
    median = float(np.median([np.inf if (lag := horizon(curve)) is None else lag for curve in log10_norms]))
    return InitialisationRow(
        scheme=scheme,
        cell=cell,
        networks=networks,
        log10_factor=factor,
        horizon=median if np.isfinite(median) else None,
        outcome=outcome_of(factor.median, share.median, length - 1),
        log10_share=share,
        digits=digits,
    )


def initialisations_table(rows: Sequence[InitialisationRow]) -> pd.DataFrame:
    """One row per scheme and cell, for a screen or a file.

    Returns:
        columns scheme, cell, factor_per_step (no log10), horizon (lag, missing where there is none), verdict,
        log10_share_at_step_1 and digits; `_low` and `_high` after the name stand for the lowest and the highest of all
        networks.
    """
    factors = [[10.0**value for value in astuple(row.log10_factor)] for row in rows]
    shares = [astuple(row.log10_share) for row in rows]
    return pd.DataFrame(
        {
            "scheme": [row.scheme for row in rows],
            "cell": [row.cell for row in rows],
            **_columns("factor_per_step", factors),
            "horizon": pd.array([row.horizon for row in rows], dtype="Float64"),
            "verdict": [row.outcome for row in rows],
            **_columns("log10_share_at_step_1", shares),
            "digits": [row.digits for row in rows],
        }
    )


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
