"""What a curve says, in numbers: factor per step, orders of magnitude, horizon."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A gradient that changes by less than this many orders of magnitude over the whole sequence is said to hold.
HOLDS_WITHIN = 2.0
#: The horizon is the lag at which this share of the gradient at the last step is left.
HORIZON_SHARE = 0.01


@dataclass(frozen=True)
class Verdict:
    """What one curve says.

    Attributes:
        outcome: "vanishes", "holds", "explodes", or "silent" where the norm at step T is zero, as it is when all
            units of a ReLU network are off.
        orders: log10 of (norm at step 1 / norm at step T); nan where silent.
        log10_factor: `orders` per step back; nan for a single step.
        horizon: first lag at which less than 1 % of the norm at step T is left, or None where that never happens.
    """

    outcome: str
    orders: float
    log10_factor: float
    horizon: int | None


def judge(log10_norms: NDArray[np.float64]) -> Verdict:
    """Judge one curve (T,) of log10 norms, step 1 first."""
    orders = float(orders_of_magnitude(log10_norms))
    steps_back = len(log10_norms) - 1
    factor = orders / steps_back if steps_back else float("nan")
    return Verdict(outcome_of(orders), orders, factor, horizon(log10_norms))


def orders_of_magnitude(log10_norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """log10 of (norm at step 1 / norm at step T) of curves (..., T): (...); nan where the norm at step T is zero."""
    first, last = log10_norms[..., 0], log10_norms[..., -1]
    return np.asarray(np.subtract(first, last, out=np.full(np.shape(last), np.nan), where=np.isfinite(last)))


def outcome_of(orders: float) -> str:
    """The word for a change of so many orders of magnitude; see `Verdict`."""
    if math.isnan(orders):
        return "silent"
    return "holds" if abs(orders) < HOLDS_WITHIN else "vanishes" if orders < 0 else "explodes"


def horizon(log10_norms: NDArray[np.float64]) -> int | None:
    """First lag at which less than HORIZON_SHARE of the norm at the last step is left; None if there is none."""
    gone = log10_norms[::-1] < log10_norms[-1] + np.log10(HORIZON_SHARE)
    return int(gone.argmax()) if gone.any() else None


def power_of_ten(log10_value: float) -> str:
    """A value given by its log10 as a reader meets it: 0.25, 3.1, 10⁻²² where digits would be zeros, – for nan."""
    if math.isnan(log10_value):
        return "–"
    if log10_value == -math.inf:
        return "0"
    if -4 <= log10_value < 4:
        return f"{float(f'{10**log10_value:.2g}'):,g}" if log10_value < 2 else f"{10**log10_value:,.0f}"
    return ten_to(round(log10_value))


def ten_to(exponent: int) -> str:
    """A power of ten with its exponent raised."""
    return "10" + str(exponent).translate(_SUPERSCRIPT)


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
