"""The datasets of the picture "By hand": the outputs of one sequence, by hand, by torch, and how far they are apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.pictures.kit.frames import Array, arrow_bytes

#: The panels, from left to right.
PANELS = ("hand", "torch", "difference")


@dataclass(frozen=True, kw_only=True)
class HandPicture:
    """What the picture shows.

    Attributes:
        hand, torch: (T, units) of one sequence, the same numbers twice.
        tolerance: a difference above it is wrong.
        units: names of the rows. step: the step with a frame around it, from 1. titles: one a panel. claim: above them.
    """

    hand: Array
    torch: Array
    tolerance: float
    units: Sequence[str]
    step: int
    titles: tuple[str, str, str]
    claim: str


def hand_datasets(picture: HandPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {"cells": cell_rows(picture), "panels": panel_rows(picture), "whole": whole_row(picture)}
    return {name: arrow_bytes(table) for name, table in tables.items()}


def cell_rows(picture: HandPicture) -> pa.Table:
    """One row per number: panel, t and row (places, from 0), value, text, and wrong, whether it is too far off."""
    difference = picture.hand - picture.torch
    wrong = np.abs(difference) > picture.tolerance
    parts = (
        (number, t, row, float(values[t, row]), text(float(values[t, row])), bool(number == 2 and wrong[t, row]))
        for number, (text, values) in enumerate(
            ((_two_digits, picture.hand), (_two_digits, picture.torch), (how_far, difference))
        )
        for t, row in np.ndindex(values.shape)
    )
    names = ("panel", "t", "row", "value", "text", "wrong")
    return pa.table(dict(zip(names, map(list, zip(*parts, strict=True)), strict=True)))


def panel_rows(picture: HandPicture) -> pa.Table:
    """One row per panel: its place, from 0, and its title."""
    return pa.table({"panel": list(range(len(PANELS))), "title": list(picture.titles)})


def whole_row(picture: HandPicture) -> pa.Table:
    """The single row: length (T), rows, their units as one text, the framed step (from 0), and the claim."""
    length, rows = picture.hand.shape
    return pa.table(
        {
            "length": [length],
            "rows": [rows],
            "units": [",".join(picture.units)],
            "step": [picture.step - 1],
            "claim": [picture.claim],
        }
    )


def how_far(difference: float) -> str:
    """A difference as one reads it: 0, 2e-16, 0.41."""
    size = abs(difference)
    return "0" if size == 0.0 else f"{size:.2f}" if size >= 0.01 else f"{size:.0e}".replace("e-0", "e-")


def steps_table(walks: Mapping[str, Sequence[Sequence[Mapping[str, object]]]]) -> pd.DataFrame:
    """Every number of every step, tidy.

    Args:
        walks: "forward" and "backward" -> for each network, onward and reverse, what each step computed, by name.

    Returns:
        columns pass, network, step (in the order in which the network reads, from 1), name, row, column, value; a row
        is a sequence, or a row of a parameter.
    """
    rows = [
        (walk, ("onward", "reverse")[network], number, name, *place, float(values[place]))
        for walk, networks in walks.items()
        for network, steps in enumerate(networks)
        for number, step in enumerate(steps, start=1)
        for name, values in _matrices(step)
        for place in np.ndindex(values.shape)
    ]
    return pd.DataFrame(rows, columns=["pass", "network", "step", "name", "row", "column", "value"])


def _matrices(step: Mapping[str, object]) -> list[tuple[str, NDArray[np.float64]]]:
    """What of a step is a matrix: biases and the record itself are not."""
    return [(name, value) for name, value in step.items() if isinstance(value, np.ndarray) and value.ndim == 2]


def _two_digits(value: float) -> str:
    return f"{value:z.2f}".replace("-", "−")
