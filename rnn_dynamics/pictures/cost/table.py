"""What grows with the sequence length, measured: the fit of a power, the datasets of the picture, the table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import arrow_bytes

#: Name of what is measured -> sequence length T -> seconds, or for "parameters" and "entries" a count.
Measured = Mapping[str, Mapping[int, float]]

#: Names that fit above each other in the picture.
_LINES = 12
#: What the vertical axis may end at.
_TOPS = (2000.0, 20_000.0)


def fitted_exponent(values: Mapping[int, float]) -> float | None:
    """The p of value = c·T^p, by least squares between the logarithms; None for fewer than two lengths."""
    if len(values) < 2:
        return None
    slope, _ = np.polyfit(np.log(list(values)), np.log(list(values.values())), 1)
    return float(slope)


def fixed_and_per_step(values: Mapping[int, float]) -> tuple[float, float] | None:
    """The a and b of value = a + b·T, by least squares of the relative errors, so that each length counts alike.

    a is not below 0, where noise alone could bring it. None for fewer than two lengths.
    """
    if len(values) < 2:
        return None
    lengths, found = np.array(list(values), dtype=float), np.array(list(values.values()))
    design = np.stack([1.0 / found, lengths / found], axis=1)
    fixed, per_step = np.linalg.lstsq(design, np.ones(len(found)), rcond=None)[0].tolist()
    if fixed < 0.0:
        ratio = lengths / found
        fixed, per_step = 0.0, float(ratio.sum() / np.square(ratio).sum())
    return fixed, per_step


def last_exponent(values: Mapping[int, float]) -> float | None:
    """The same between the two longest lengths."""
    return fitted_exponent({length: values[length] for length in sorted(values)[-2:]})


def cost_datasets(measured: Measured, labels: Mapping[str, str], title: str) -> dict[str, bytes]:
    """The picture's datasets: "points", "fits" and "whole", everything against its value at the shortest length.

    Args:
        measured: at least one value of each name.
        labels: name -> what stands at the right end of its line.
        title: "|" begins a line, and on a phone "¦" does too.
    """
    ratios = {name: {T: values[T] / values[min(values)] for T in sorted(values)} for name, values in measured.items()}
    flat = [(name, length, ratio) for name, values in ratios.items() for length, ratio in values.items()]
    ends = np.array([_line(values) for values in ratios.values()])
    largest = max(ratio for _, _, ratio in flat)
    top = next((end for end in _TOPS if largest <= end), _TOPS[-1])
    first, last = ([pick(values) for values in ratios.values()] for pick in (min, max))
    tables = {
        "points": dict(zip(("name", "x", "y"), zip(*flat, strict=True), strict=True)),
        "fits": {
            "name": list(ratios),
            "x": first,
            "y": ends[:, 0],
            "x2": last,
            "y2": ends[:, 1],
            "label": 10.0 ** np.array(_apart(np.log10(ends[:, 1]).tolist(), np.log10(top) / _LINES)),
            "text": [labels[name] for name in ratios],
        },
        "whole": {"first": [min(first)], "last": [max(last)], "top": [top], "title": [title]},
    }
    return {name: arrow_bytes(pa.table(columns)) for name, columns in tables.items()}


def _line(values: Mapping[int, float]) -> tuple[float, float]:
    """The fitted power at the first and at the last length; the line of least squares goes through the means."""
    exponent = fitted_exponent(values) or 0.0
    logs = np.log(list(values))
    offset = np.log(list(values.values())).mean() - exponent * logs.mean()
    return float(np.exp(offset + exponent * logs[0])), float(np.exp(offset + exponent * logs[-1]))


def _apart(heights: list[float], line: float) -> list[float]:
    """Heights moved upwards until they are a line apart."""
    moved = list(heights)
    last = -np.inf
    for k in sorted(range(len(moved)), key=lambda k: heights[k]):
        moved[k] = last = max(moved[k], last + line)
    return moved


def cost_table(measured: Measured) -> pd.DataFrame:
    """The measurements as a tidy frame: columns what, sequence_length and value."""
    rows = [(name, length, value) for name, values in measured.items() for length, value in values.items()]
    return pd.DataFrame(rows, columns=["what", "sequence_length", "value"])
