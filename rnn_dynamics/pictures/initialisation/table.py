"""The tables of "What initialisation really does": a line for each scheme and cell, and the numbers to sort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.initialisation.answer import InitialisationAnswer, InitialisationRow
from rnn_dynamics.pictures.kit.frames import Array, one_row, reaching

#: What the axis of factors may end at, as log10 below and above 1: few values, so that it stands still while a slider
#: moves; and the room that it leaves beyond the last point.
_LOWS, _HIGHS = (-np.log10([0.4, 0.1, 0.01, 0.001])).tolist(), np.log10([1.3, 3.0, 15.0]).tolist()
_ROOM = 0.02


def tables(answer: InitialisationAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """Lines from the top, with what is written beside each, and whole."""
    keys = answer.ordered(views["order"])
    ends = axis_ends(list(answer.rows.values()))
    return {
        "lines": pa.table(
            {
                "place": np.arange(len(keys), dtype=np.uint8),
                "cell": [cell for _, cell in keys],
                "known": [key in answer.rows for key in keys],
                **_factors([answer.rows.get(key) for key in keys], ends),
                **{name: [line[name] for line in texts["lines"]] for name in texts["lines"][0]},
            }
        ),
        "whole": one_row(
            lines=len(keys),
            low=10.0 ** ends[0],
            high=10.0 ** ends[1],
            **{name: texts[name] for name in ("title", "remedies", "hint")},
        ),
    }


def axis_ends(rows: Sequence[InitialisationRow]) -> tuple[float, float]:
    """Where the axis ends, as log10: every finite factor lies on it, but for those beyond the last of few values."""
    found = [end for row in rows for end in (row.log10_factor.low, row.log10_factor.high) if np.isfinite(end)]
    return -reaching(_ROOM - min(found, default=0.0), _LOWS), reaching(_ROOM + max(found, default=0.0), _HIGHS)


def _factors(rows: Sequence[InitialisationRow | None], ends: tuple[float, float]) -> dict[str, pa.Array]:
    """Columns low, median, high: factors per step, at the end of the axis where they lie beyond; null where unknown."""
    known = [row.log10_factor if row else (np.nan,) * 3 for row in rows]
    columns = (10.0 ** np.clip(known, *ends)).T
    return {name: pa.array(of, from_pandas=True) for name, of in zip(("low", "median", "high"), columns, strict=True)}


def initialisations_table(answer: InitialisationAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """One row per scheme and cell, for a screen or a file.

    Returns:
        columns scheme, cell, factor_per_step (no log10), horizon (lag, missing where there is none), verdict,
        log10_share_at_step_1 and digits; `_low` and `_high` after the name stand for the lowest and the highest of all
        networks.
    """
    rows = list(answer.rows.values())
    factors = [[10.0**value for value in row.log10_factor] for row in rows]
    shares = [row.log10_share for row in rows]
    return pd.DataFrame(
        {
            "scheme": [row.scheme_label for row in rows],
            "cell": [row.cell_label for row in rows],
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
