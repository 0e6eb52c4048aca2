"""The datasets of the picture "A product of Jacobians": small Arrow tables; see `drawing` for how heights are written.

A law that says "the same factor at each step" is a straight line here, and as a modulus a circle in the complex plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.pictures.kit.frames import (
    Array,
    arrow_bytes,
    curve_texts,
    hundredths,
    label_places,
    numbers_text,
    vertical_ranges,
)
from rnn_dynamics.pictures.kit.numbers import power_of_ten

#: At most so many singular values have a line, evenly from the largest to the smallest.
FAN = 12
#: Laws that know W_hh alone, and may lie far from the norm.
_BY_THE_WEIGHTS = ("bound", "radius")
#: Labels that fit above each other.
_LINES = 13
#: Where the complex plane may end: few values, so that it stands still while a slider moves.
_REACHES = (1.2, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 35.0, 60.0, 100.0)
#: Where the axis of the exponents may end; what lies below the last is not drawn.
_LOWEST_EXPONENTS = (-0.5, -1.0, -2.0, -4.0, -6.0)
_HIGHEST_EXPONENTS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class JacobianPicture:
    """What the picture shows.

    Attributes:
        length: T.
        lags: (K,), rising, from 0 to T − 1.
        log10_singular_values: (K, S), as in `JacobianTrace`.
        laws: name -> log10 of its factor per step. Those in `circles` are moduli and have a circle.
        circles: names in `laws`.
        labels: "norm" and each law -> what stands beside its line.
        eigenvalues: "weights" (H,) and "mean" (S,), complex, of the state matrix and of the mean Jacobian.
        pointed: what stands beside the line of an eigenvalue under the pointer, with {modulus}, {left} and {steps}.
        steps: the longest lag in words.
        singular_values: (H,) of the state matrix.
        exponents: the Lyapunov exponents, per step, sorted downwards.
        colour: of the cell.
        titles: of the lines, of both kinds of eigenvalue, and of the exponents; a phone breaks a line at each "¦".
        against_lag: whether the horizontal axis is the lag.
    """

    length: int
    lags: NDArray[np.int64]
    log10_singular_values: Array
    laws: Mapping[str, float]
    circles: tuple[str, ...]
    labels: Mapping[str, str]
    eigenvalues: Mapping[str, NDArray[np.complex128]]
    pointed: str
    steps: str
    singular_values: Array
    exponents: Array
    colour: str
    titles: Mapping[str, str]
    against_lag: bool

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The ends of the vertical axis, in orders of magnitude: the norm fills it, a law may leave it."""
        norm = self.log10_singular_values[:, 0]
        span = max(10.0, float(np.abs(norm[np.isfinite(norm)]).max()))
        laws = np.clip([slope * (self.length - 1) for slope in self.laws.values()], -span, span)
        lows, highs = vertical_ranges(np.concatenate([norm, laws])[None])
        return float(lows[0]), float(highs[0])


def jacobian_datasets(picture: JacobianPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {
        "fan": fan_rows(picture),
        "laws": law_rows(picture),
        "eigenvalues": eigenvalue_rows(picture),
        "singular": pa.table({"x": pa.array(picture.singular_values, pa.float32())}),
        "whole": whole_row(picture),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def fan_rows(picture: JacobianPicture) -> pa.Table:
    """One row per line: rank (1 is the norm) and points, its heights at the lags."""
    size = picture.log10_singular_values.shape[1]
    ranks = np.unique(np.linspace(0, size - 1, FAN).round().astype(int))
    texts = curve_texts(picture.log10_singular_values.T[ranks], *picture.ends)
    return pa.table({"rank": pa.array(ranks + 1, pa.uint16()), "points": pa.array(texts)})


def law_rows(picture: JacobianPicture) -> pa.Table:
    """One row for the norm and for each law.

    Columns name, x2 and y2 (where its straight line ends, null for the norm), label and text (where and what to write),
    radius (of its circle, or null).
    """
    back = picture.length - 1
    slopes = np.array(list(picture.laws.values()))
    x2, y2 = _ray_ends(picture, slopes)
    last = np.array([picture.log10_singular_values[-1, 0], *(slopes * back if back else np.zeros(len(slopes)))])
    places = label_places(np.stack([last, np.zeros(len(last))], axis=-1), *picture.ends, lines=_LINES)
    radii = [10.0**slope if name in picture.circles else None for name, slope in picture.laws.items()]
    return pa.table(
        {
            "name": ["norm", *picture.laws],
            "x2": pa.array([None, *x2], pa.float32()),
            "y2": pa.array([None, *y2], pa.int32()),
            "label": pa.array(hundredths(places)),
            "text": [picture.labels[name] for name in ("norm", *picture.laws)],
            "radius": pa.array([None, *radii], pa.float32()),
        }
    )


def eigenvalue_rows(picture: JacobianPicture) -> pa.Table:
    """One row per eigenvalue λ.

    Columns place (its number), kind ("weights" or "mean"), x and y (the complex plane), radius (|λ|), x2 and y2 (where
    the straight line of |λ|^lag ends), text.
    """
    values = np.concatenate(list(picture.eigenvalues.values()))
    with np.errstate(divide="ignore"):
        slopes = np.log10(np.abs(values))
    x2, y2 = _ray_ends(picture, slopes)
    back = picture.length - 1
    return pa.table(
        {
            "place": pa.array(range(len(values)), pa.uint16()),
            "kind": [kind for kind, some in picture.eigenvalues.items() for _ in some],
            "x": pa.array(values.real, pa.float32()),
            "y": pa.array(values.imag, pa.float32()),
            "radius": pa.array(np.abs(values), pa.float32()),
            "x2": pa.array(x2, pa.float32()),
            "y2": pa.array(y2, pa.int32()),
            "text": [
                picture.pointed.format(
                    modulus=f"{modulus:.3g}", left=power_of_ten(slope * back) if back else "1", steps=picture.steps
                )
                for modulus, slope in zip(np.abs(values), slopes, strict=True)
            ],
        }
    )


def _ray_ends(picture: JacobianPicture, slopes: Array) -> tuple[list[float], list[int]]:
    """Where straight lines from 10⁰ at lag 0 end, within the axes: the place on the time axis, and the height."""
    low, high = picture.ends
    back = np.full(len(slopes), float(picture.length - 1))
    limits = np.where(slopes > 0, high, low)
    # -inf falls at once: it ends at lag 0.
    leaves = np.divide(limits, slopes, out=back.copy(), where=slopes != 0)
    lags = np.minimum(back, leaves)
    heights = np.where(leaves < back, limits, np.where(np.isfinite(slopes), slopes, 0.0) * lags)
    return (lags if picture.against_lag else picture.length - lags).tolist(), hundredths(heights).tolist()


def whole_row(picture: JacobianPicture) -> pa.Table:
    """What holds for the whole picture, in one row: places on the axes, titles, colour, the exponents."""
    steps = picture.lags if picture.against_lag else picture.length - picture.lags
    low, high = hundredths(np.array(picture.ends)).tolist()
    moduli = [np.abs(np.concatenate(list(picture.eigenvalues.values()))).max(), picture.singular_values[0], 1.0]
    edge = 1.04 * max(moduli)
    finite = picture.exponents[np.isfinite(picture.exponents)]
    lowest = next((end for end in _LOWEST_EXPONENTS if (finite >= end).all()), _LOWEST_EXPONENTS[-1])
    highest = next((end for end in _HIGHEST_EXPONENTS if (finite <= end).all()), _HIGHEST_EXPONENTS[-1])
    drawn = picture.exponents[picture.exponents >= lowest]
    return pa.table(
        {
            "length": [picture.length],
            "start": [0 if picture.against_lag else picture.length],
            "steps": [numbers_text(steps)],
            "low": [low],
            "high": [high],
            "reach": [next(reach for reach in (*_REACHES, edge) if reach >= edge)],
            "ranks": [numbers_text(np.arange(1, len(drawn) + 1))],
            "exponents": [numbers_text(hundredths(drawn))],
            "count": [len(picture.exponents)],
            "lowest": [lowest * 100],
            "highest": [highest * 100],
            "colour": [picture.colour],
            **{name: [title] for name, title in picture.titles.items()},
        }
    )


def jacobian_table(lags: NDArray[np.int64], log10_singular_values: Array, laws: Mapping[str, float]) -> pd.DataFrame:
    """The lines as a tidy frame.

    Args:
        lags: (K,).
        log10_singular_values: (K, S).
        laws: name -> log10 of its factor per step.

    Returns:
        one row per lag; columns lag, log10_singular_value_1 (the norm) .. S, and a column log10_<law> each.
    """
    values = {f"log10_singular_value_{k}": column for k, column in enumerate(log10_singular_values.T, start=1)}
    # 0 steps are a factor of 1, whatever the law.
    lines = {
        f"log10_{name}": np.where(lags > 0, lags * slope if slope > -np.inf else slope, 0.0)
        for name, slope in laws.items()
    }
    return pd.DataFrame({"lag": lags, **values, **lines})
