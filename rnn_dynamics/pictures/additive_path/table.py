"""The tables of "The additive cell path", all relative to step T: 10⁰ is where an error of the last step begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.additive_path.answer import PathAnswer
from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    axis_ends,
    curve_rows,
    inside,
    label_rows,
    one_row,
    point_steps,
    rows_by_step,
)

#: What a band says of its networks, see `verdict.median_and_range`.
BAND = ("lowest", "median", "highest")
#: The bands that the picture has room for.
_DRAWN = ("rnn", "total")
#: Names of curves that fit above each other.
_LINES = 12


def tables(answer: PathAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """Curves, bands and cosine (by step), labels (of the curves), units (by place, step), names (of these), whole."""
    # The parts fill the vertical axis; the RNN may leave it.
    ends = axis_ends(*(curve for name, curve in answer.curves.items() if name != "rnn"))
    gate, places = answer.gate_of(views), np.arange(len(answer.units), dtype=np.uint8)
    return {
        "curves": curve_rows(answer.curves, ends),
        "bands": _band_rows(answer, ends),
        "labels": label_rows(answer.curves, texts["labels"], ends, _LINES),
        "cosine": curve_rows({"cosine": answer.split.cosine}, (-1.0, 1.0), "cosine"),
        "units": _unit_rows(answer, gate, ends),
        "names": pa.table({"place": places, "unit": answer.units + 1, "text": texts["pointed"]}),
        "whole": one_row(
            length=answer.experiment.sequence_length,
            units=len(places),
            low=ends[0],
            high=ends[1],
            lowest=answer.lowest_of(gate),
            cell=answer.experiment.cell,
            curves=texts["curves"],
            map=texts["map"],
        ),
    }


def _band_rows(answer: PathAnswer, ends: tuple[float, float]) -> pa.Table:
    """Rows of name, step, and the BAND of log10 norms there; its ends are kept inside the axis."""
    steps = point_steps(answer.experiment.sequence_length)
    low, middle, high = np.stack([answer.bands[name][:, steps - 1] for name in _DRAWN], axis=1)
    middle = np.where(inside(middle, ends), middle, np.nan)
    values = dict(zip(BAND, (np.clip(low, *ends), middle, np.clip(high, *ends)), strict=True))
    return rows_by_step("name", _DRAWN, steps, **values)


def _unit_rows(answer: PathAnswer, gate: str, ends: tuple[float, float]) -> pa.Table:
    """Rows of place (from the bottom), step, the gate's value, and the log10 norm that the unit's path alone leaves."""
    # As many as a strip needs: a key press draws each of them anew, for up to 64 units.
    steps = point_steps(answer.experiment.sequence_length, MAP_POINTS)
    values, products = (table[steps - 1].T for table in (answer.gates[gate][:, answer.units], answer.log10_products))
    places, products = np.arange(len(values), dtype=np.uint8), np.where(inside(products, ends), products, np.nan)
    return rows_by_step("place", places, steps, gate=values, log10_norm=products)


def curves(answer: PathAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Step, lag, a column of log10 norms per curve, cosine, and one per curve and end of its band: rnn_lowest, …."""
    length = answer.experiment.sequence_length
    steps = np.arange(1, length + 1)
    columns = {"step": steps, "lag": length - steps, **answer.curves, "cosine": answer.split.cosine}
    for name, band in answer.bands.items():
        columns |= {f"{name}_{end}": values for end, values in zip(BAND, band, strict=True)}
    return pd.DataFrame(columns)
