"""The tables of an atlas: column j lies from j to j + 1, row k from k to k + 1."""

from typing import Any

import numpy as np
import pyarrow as pa

from rnn_dynamics.pictures.atlas.answer import OUTCOMES, AtlasAnswer
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, frame, one_row, points, table

#: A region with fewer cells has no name on the map.
_NAMED = 5


def tables(answer: AtlasAnswer, texts: Texts, views: Views) -> Tables:
    """Cells, the borders between what gradients do, the names of these regions, and of columns and rows.

    cells: place, column and value, of those that have an answer; no value where the horizon does not exist, or the
    lowest factor is 0.
    """
    values, known = answer.map.values(views["colour"]), answer.map.outcome >= 0
    place, column = np.nonzero(known)
    return {
        "cells": points(place=place, column=column, value=values[known]),
        "borders": border_rows(answer.map.outcome),
        "regions": _region_rows(answer.map.outcome, texts["regions"]),
        "columns": _named(texts["columns"], "column"),
        "rows": _named(texts["rows"], "row"),
    }


def _named(names: Any, place: str) -> pa.Table:
    return table(**{place: np.arange(len(names)), "name": np.array(names, dtype=object)})


def moving_tables(answer: AtlasAnswer, texts: Texts, views: Views) -> Tables:
    """whole: where the reader stands, titles, the size of the map, and low and high, the ends of its colours."""
    row, left = answer.here
    size = {"columns": len(answer.columns), "rows": len(answer.rows)}
    ends = _ends(answer, views["colour"])
    return {"whole": one_row(texts, row=row, left=left, cell=answer.experiment.cell, **size, **ends)}


def border_rows(outcome: Any) -> pa.Table:
    """A row for each side between two cells where gradients do something else.

    x, y: its beginning; x2, y2: its end; explodes: whether they explode on one side of it, else they vanish and hold.
    """
    upright, flat = _sides(outcome), _sides(outcome.T)
    turned = dict(zip(("y", "x", "y2", "x2", "explodes"), flat.values(), strict=True))
    return table(**{name: np.concatenate([of, turned[name]]).astype(float) for name, of in upright.items()})


def _sides(outcome: Any) -> dict[str, Any]:
    """Those of these rows that lie upright."""
    here, there = outcome[:, :-1], outcome[:, 1:]
    y, x = np.nonzero((here != there) & (np.minimum(here, there) >= 0))
    explodes = np.maximum(here, there)[y, x] == len(OUTCOMES) - 1
    return {"x": x + 1, "y": y, "x2": x + 1, "y2": y + 1, "explodes": explodes}


def _region_rows(outcome: Any, names: Any) -> pa.Table:
    """Where the names of the regions stand: in the cell that is furthest from all others and from the map's edge."""
    found = [(k, *_middle(outcome == k)) for k in range(len(OUTCOMES)) if (outcome == k).sum() >= _NAMED]
    return table(
        name=np.array([names[OUTCOMES[k]] for k, *_ in found], dtype=object),
        x=np.array([x + 0.5 for _, _, x in found]),
        y=np.array([y + 0.5 for _, y, _ in found]),
    )


def _middle(inside: Any) -> tuple[int, int]:
    """The cell of a region that is far from what is not in it, and near its centre; the map counts as a square."""
    others, cells = np.argwhere(~np.pad(inside, 1)) - 1, np.argwhere(inside)
    free = np.abs((cells[:, None] - others) / inside.shape).max(axis=-1).min(axis=-1)
    astray = np.abs((cells - cells.mean(axis=0)) / inside.shape).max(axis=-1)
    row, column = cells[(free - astray / 4).argmax()].tolist()
    return row, column


def _ends(answer: AtlasAnswer, colour: str) -> dict[str, float]:
    """Of the colours, of what has a value on the map."""
    values = answer.map.values(colour)
    finite = values[np.isfinite(values)]
    if colour == "horizon":
        return {"low": 0.0, "high": float(answer.experiment.sequence_length)}
    low = 1.0 if colour == "spread" else float(finite.min(initial=np.inf if finite.size else 0.0))
    return {"low": low, "high": max(low + 1e-6, float(finite.max(initial=low)))}


def map_file(answer: AtlasAnswer, _: Views) -> Frame:
    """The map as a tidy frame: a row for each place.

    Returns:
        columns named after the two axes; factor_per_step (the median of the networks), factor_low, factor_high, horizon
        (missing where there is none), loss, outcome, and digits (0 where a network has no answer).
    """
    low, median, high = 10.0**answer.map.log10_factor
    columns = {
        answer.up: np.array(answer.rows)[:, None],
        answer.across: np.array(answer.columns),
        "factor_per_step": median,
        "factor_low": low,
        "factor_high": high,
        "horizon": np.where(np.isfinite(answer.map.horizon), answer.map.horizon, np.nan),
        "loss": answer.map.loss,
        "outcome": np.array([*OUTCOMES, "none"])[answer.map.outcome],
        "digits": np.nan_to_num(answer.map.digits).astype(np.int64),
    }
    return frame(**columns)
