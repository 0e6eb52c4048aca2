"""The tables of "What initialisation really does": a line for each scheme and cell, and the numbers to sort."""

from collections.abc import Sequence

import numpy as np

from rnn_dynamics.engine.verdict import Spread
from rnn_dynamics.pictures.initialisation.answer import LABELS, InitialisationAnswer
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
    keys, rows = answer.ordered(views["order"]), answer.rows
    factors = np.array([rows[key].log10_factor if key in rows else [np.nan] * 3 for key in keys])
    found = factors[np.isfinite(factors)]
    low, high = -reaching(_ROOM - found.min(initial=0.0), _LOWS), reaching(_ROOM + found.max(initial=0.0), _HIGHS)
    return {
        "lines": table(
            place=np.arange(len(keys)),
            middle=np.arange(len(keys)) + 0.5,
            cell=[cell for _, cell in keys],
            known=[key in rows for key in keys],
            **dict(zip(Spread._fields, 10.0 ** np.clip(factors.T, low, high), strict=True)),
            **{name: [line[name] for line in texts["lines"]] for name in texts["lines"][0]},
        ),
        "whole": one_row(texts, lines=len(keys), low=10.0**low, high=10.0**high),
    }


def table_file(answer: InitialisationAnswer, _: Views) -> Frame:
    """One row per scheme and cell, for a screen or a file.

    Returns:
        columns scheme, cell, factor_per_step (no log10), horizon (lag, missing where there is none), verdict,
        log10_share_at_step_1 and digits; `_low` and `_high` after the name stand for the lowest and the highest of all
        networks.
    """
    rows = list(answer.rows.values())
    return frame(
        scheme=[LABELS[key][0] for key in answer.rows],
        cell=[LABELS[key][1] for key in answer.rows],
        **_spread("factor_per_step", [[10.0**value for value in row.log10_factor] for row in rows]),
        horizon=np.array([row.horizon for row in rows], dtype=float),
        verdict=[row.outcome for row in rows],
        **_spread("log10_share_at_step_1", [row.order for row in rows]),
        digits=[row.digits for row in rows],
    )


def _spread(name: str, spreads: Sequence[Sequence[float]]) -> dict[str, Array]:
    low, median, high = np.reshape(spreads, (-1, 3)).T
    return {name: median, f"{name}_low": low, f"{name}_high": high}
