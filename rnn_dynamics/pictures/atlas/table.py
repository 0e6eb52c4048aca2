"""The tables of an atlas: column j lies from j to j + 1, row k from k to k + 1."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from rnn_dynamics.pictures.atlas.answer import OUTCOMES, AtlasAnswer
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, frame, one_row, points, table

#: A region with fewer cells has no name on the map.
_NAMED = 5
#: Whether it is a phone -> how wide and high the words at the reader's place are there, as parts of the map; a name is
#: half as wide.
_WORDS = {True: (0.45, 0.06), False: (0.3, 0.08)}
#: How high they are on the low map of a projector.
_HIGHEST = 0.14


def tables(answer: AtlasAnswer, texts: Texts, views: Views) -> Tables:
    """Cells, the borders between what gradients do, and the names of columns and rows.

    cells: place, column and value, of those that have an answer; no value where the horizon does not exist, or the
    lowest factor is 0.
    """
    values, known = answer.map.values(views["colour"]), answer.map.outcome >= 0
    place, column = np.nonzero(known)
    return {
        "cells": points(place=place, column=column, value=values[known]),
        "borders": border_rows(answer.map.outcome),
        "columns": _named(texts["columns"], "column"),
        "rows": _named(texts["rows"], "row"),
    }


def _named(names: Any, place: str) -> pa.Table:
    return table(**{place: np.arange(len(names)), "name": np.array(names, dtype=object)})


def moving_tables(answer: AtlasAnswer, texts: Texts, views: Views) -> Tables:
    """The names of the regions, and whole: where the reader stands, titles, the map's size, and its colours' ends.

    whole: is_right, is_high: see `_corner`; low, high: the ends.
    """
    (row, left), (is_right, is_high) = answer.here, _corner(answer)
    here = {"row": row, "left": left, "is_right": is_right, "is_high": is_high, "cell": answer.experiment.cell}
    size = {"columns": len(answer.columns), "rows": len(answer.rows)}
    ends = _ends(answer, views["colour"])
    return {"whole": one_row(texts, **here, **size, **ends), "regions": _region_rows(answer, texts["regions"])}


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


def _region_rows(answer: AtlasAnswer, names: Any) -> pa.Table:
    """Where the names of the regions stand, on a phone and elsewhere: see `_places`."""
    rows = [
        (names[word], narrow, x, y)
        for narrow, (wide, high) in _WORDS.items()
        for word, x, y in _places(answer, wide * len(answer.columns), high * len(answer.rows))
    ]
    name, narrow, x, y = zip(*rows, strict=True) if rows else ((),) * 4
    return table(name=np.array(name, object), narrow=np.array(narrow, bool), x=np.array(x, float), y=np.array(y, float))


def _places(answer: AtlasAnswer, wide: float, high: float) -> Iterator[tuple[str, float, float]]:
    """The middle of each region's name, in the roomiest cell that is clear of the reader's place and of other names.

    wide, high: of the words at the reader's place, in cells; a name is half as wide.
    """
    row, left = answer.here
    is_right, is_high = _corner(answer)
    y, x = (at + 0.5 for at in np.ogrid[: len(answer.rows), : len(answer.columns)])
    words_x = left + 1 - wide / 2 if is_right else left + wide / 2
    words_y = row + (1 - high if is_high else 1 + high) / 2
    clear = (abs(x - words_x) >= 3 / 4 * wide) | (abs(y - words_y) >= 1 / 2 + high)
    for word, room in zip(OUTCOMES, answer.map.room, strict=True):
        found = np.where(clear, room, -np.inf)
        if np.isfinite(found).any() and np.isfinite(room).sum() >= _NAMED:
            up, across = np.unravel_index(found.argmax(), found.shape)
            clear &= (abs(x - x[0, across]) >= wide / 2) | (abs(y - y[up, 0]) >= high)
            yield word, x[0, across], y[up, 0]


def _corner(answer: AtlasAnswer) -> tuple[bool, bool]:
    """Whether its words end at the reader's place, and stand below it: inwards, but off borders where there is room."""
    (row, left), columns, rows = answer.here, len(answer.columns), len(answer.rows)
    (wide, _), high = _WORDS[False], _HIGHEST * rows
    right = 2 * left > columns
    across = (left + 1 - wide * columns, left + 1) if right else (left, left + wide * columns)
    inwards = 2 * row > rows
    up = {True: (row - high, row), False: (row + 1, row + 1 + high)}
    inside = {below: low >= 0.0 and end <= rows for below, (low, end) in up.items()}
    below = min(up, key=lambda side: (not inside[side], _crossed(answer, across, up[side]), side != inwards))
    return right, below


def _crossed(answer: AtlasAnswer, across: tuple[float, float], up: tuple[float, float]) -> int:
    """How many sides of cells at which gradients do something else run through a part of the map."""
    lying = (_sides(answer.map.outcome), across, up), (_sides(answer.map.outcome.T), up, across)
    return sum(
        int(((of["x"] > low) & (of["x"] < high) & (of["y2"] > start) & (of["y"] < end)).sum())
        for of, (low, high), (start, end) in lying
    )


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
