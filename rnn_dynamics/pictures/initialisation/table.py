"""The tables of "What initialisation really does": a line for each scheme and cell, and the numbers to sort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnn_dynamics.engine.verdict import Spread
from rnn_dynamics.pictures.initialisation.answer import InitialisationAnswer
from rnn_dynamics.pictures.kit.axes import reaching
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, frame, one_row, table

#: What the axis of factors may end at, as log10 below and above 1: few values, so that it stands still while a slider
#: moves; and the room that it leaves beyond the last point.
_LOWS, _HIGHS = (-np.log10([0.4, 0.1, 0.01, 0.001])).tolist(), np.log10([1.3, 3.0, 15.0]).tolist()
_ROOM = 0.02


def tables(answer: InitialisationAnswer, texts: Texts, views: Views) -> Tables:
    """Lines from the top, with what is written beside each, and whole.

    A line has the factors per step low, median and high, at the end of the axis where they lie beyond; all finite ones
    lie on it, but for those beyond the last of few values that it may end at.
    """
    keys = answer.ordered(views["order"])
    known = [key in answer.rows for key in keys]
    factors = _spreads([answer.rows[key].log10_factor if key in answer.rows else None for key in keys])
    found = np.concatenate([of[np.isfinite(of)] for of in (factors["low"], factors["high"])])
    low, high = -reaching(_ROOM - found.min(initial=0.0), _LOWS), reaching(_ROOM + found.max(initial=0.0), _HIGHS)
    return {
        "lines": table(
            place=np.arange(len(keys)),
            cell=[cell for _, cell in keys],
            known=known,
            **{name: 10.0 ** np.clip(of, low, high) for name, of in factors.items()},
            **{name: [line[name] for line in texts["lines"]] for name in texts["lines"][0]},
        ),
        "whole": one_row(texts, lines=len(keys), low=10.0**low, high=10.0**high),
    }


def _spreads(spreads: Sequence[Spread | None]) -> dict[str, Array]:
    """Columns low, median and high; nan where unknown."""
    return {name: np.array([getattr(of, name, np.nan) for of in spreads]) for name in ("low", "median", "high")}


def initialisations_table(answer: InitialisationAnswer, _: Views) -> Frame:
    """One row per scheme and cell, for a screen or a file.

    Returns:
        columns scheme, cell, factor_per_step (no log10), horizon (lag, missing where there is none), verdict,
        log10_share_at_step_1 and digits; `_low` and `_high` after the name stand for the lowest and the highest of all
        networks.
    """
    rows = list(answer.rows.values())
    spreads = _spreads([row.log10_factor for row in rows])
    factors = {name: np.array([10.0**value for value in of.tolist()]) for name, of in spreads.items()}
    return frame(
        scheme=[row.scheme_label for row in rows],
        cell=[row.cell_label for row in rows],
        **_named("factor_per_step", factors),
        horizon=np.array([row.horizon for row in rows], dtype=float),
        verdict=[row.outcome for row in rows],
        **_named("log10_share_at_step_1", _spreads([row.log10_share for row in rows])),
        digits=[row.digits for row in rows],
    )


def _named(name: str, spread: Mapping[str, Array]) -> dict[str, Array]:
    return {name: spread["median"], f"{name}_low": spread["low"], f"{name}_high": spread["high"]}
