"""The tables of trained networks, before and after: curves, labels, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.before_after.answer import BeforeAfterAnswer
from rnn_dynamics.pictures.kit.frames import Array, axis_ends, curve_rows, label_rows, one_row

#: Names of curves that fit above each other.
_LINES = 10


def tables(answer: BeforeAfterAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """Curves and labels (by name: which network, and when), and whole."""
    curves = _curves(answer, views["gradient"])
    ends, length = axis_ends(*curves.values()), len(next(iter(curves.values())))
    labels = dict(zip(curves, texts["labels"], strict=True))
    return {
        "curves": _with_cell(answer, curve_rows(curves, ends)),
        "labels": _with_cell(answer, label_rows(curves, labels, ends, _LINES)),
        "whole": one_row(length=length, low=ends[0], high=ends[1], title=texts["title"]),
    }


def _curves(answer: BeforeAfterAnswer, component: str) -> dict[str, Array]:
    """Curves (T,) by the number of their network, from 1, and time: two networks may have the same cell."""
    return {
        f"{number} {time}": norms
        for number, network in enumerate(answer.networks, start=1)
        for time, norms in network.curves(component).items()
    }


def _with_cell(answer: BeforeAfterAnswer, rows: pa.Table) -> pa.Table:
    """Rows by name, with the cell of each, and the time."""
    names = [name.split() for name in rows["name"].to_pylist()]
    cells = [answer.networks[int(number) - 1].cell.name for number, _ in names]
    columns = {"cell": cells, "time": [time for _, time in names]}
    for column, values in columns.items():
        rows = rows.append_column(column, pa.array(values).dictionary_encode())
    return rows


def curves_file(answer: BeforeAfterAnswer, views: Mapping[str, str]) -> pd.DataFrame:
    """The curves at every step: cell, time, step and log10_norm."""
    parts = [
        pd.DataFrame(
            {"cell": network.cell.name, "time": time, "step": np.arange(1, len(norms) + 1), "log10_norm": norms}
        )
        for network in answer.networks
        for time, norms in network.curves(views["gradient"]).items()
    ]
    return pd.concat(parts, ignore_index=True)
