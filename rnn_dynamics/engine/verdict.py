"""What a curve of norms says, in numbers: factor per step, orders of magnitude, horizon, and the word for them.

One definition for the engine, the tables and the pages; the glossary has the same words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: A gradient holds as long as this many orders of magnitude a step, down or up, are not reached: 100 steps of a
#: gradient that vanishes leave less than 1 %.
HOLDS_WITHIN = 0.02
#: The horizon is the lag from which on less than this share of the gradient at the last step is left.
HORIZON_SHARE = 0.01
_LOG10_SHARE = math.log10(HORIZON_SHARE)
#: The first and the last steps, which the factor leaves out, may change what holds by so many orders of magnitude more.
ENDS_CHANGE = 2.0


@dataclass(frozen=True)
class Verdict:
    """What one curve says.

    Attributes:
        outcome: "vanishes", "holds" or "explodes", by the factor per step, whatever the number of steps; "uneven" where
            the whole way contradicts that factor, see `outcome_of`; "silent" where the norm at step T is zero, as it
            is when all units of a ReLU network are off; "none" where there is no factor, as of a single step.
        orders: log10 of (norm at step 1 / norm at step T); nan where silent.
        log10_factor: of the factor per step back, see `log10_factor_per_step`; nan where silent too.
        horizon: see `horizon`.
    """

    outcome: str
    orders: float
    log10_factor: float
    horizon: int | None


class Spread(NamedTuple):
    """A quantity over all networks, see `median_and_range`."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What the curves of K networks say; arrays are (K,).

    Attributes:
        log10_factors, orders: see `Verdict`.
        horizons: see `horizon`; inf where there is none.
        digits_by_network: integers, how many digits of its norms another program shares, see `Rounded`.
        steps: from step T back to step 1.
    """

    log10_factors: Array
    orders: Array
    horizons: Array
    digits_by_network: NDArray[np.int64]
    steps: int

    @property
    def networks(self) -> int:
        """How many there are."""
        return len(self.orders)

    @property
    def digits(self) -> int:
        """The fewest of a network."""
        return int(self.digits_by_network.min())

    @cached_property
    def log10_factor(self) -> Spread:
        """Of the networks' factors."""
        return Spread(*median_and_range(self.log10_factors).tolist())

    @cached_property
    def order(self) -> Spread:
        """Of the networks' orders."""
        return Spread(*median_and_range(self.orders).tolist())

    @cached_property
    def horizon(self) -> float | None:
        """The median of the horizons; None where it is one that does not exist."""
        median = float(np.median(self.horizons))
        return median if math.isfinite(median) else None

    @property
    def outcome(self) -> str:
        """What `Verdict.outcome` says of the medians."""
        return outcome_of(self.log10_factor.median, self.order.median, self.steps)


def judge(log10_norms: Array) -> Verdict:
    """Judge one curve (T,) of log10 norms, step 1 first."""
    orders = float(orders_of_magnitude(log10_norms))
    factor = float(log10_factor_per_step(log10_norms)) if not math.isnan(orders) else math.nan
    outcome = "silent" if math.isnan(orders) else outcome_of(factor, orders, len(log10_norms) - 1)
    return Verdict(outcome, orders, factor, horizon(log10_norms))


def judge_each(log10_norms: Array, digits: NDArray[np.int64]) -> Verdicts:
    """Judge the curves (K, T) of K networks, of which others share so many digits (K,).

    Raises:
        ValueError: fewer than 2 steps, or no network.
    """
    networks, length = log10_norms.shape
    if length < 2 or not networks:
        raise ValueError(f"log10_norms of shape {log10_norms.shape}: a row needs at least 1 network and 2 steps")
    return Verdicts(
        log10_factors=log10_factor_per_step(log10_norms),
        orders=orders_of_magnitude(log10_norms),
        horizons=np.array([np.inf if (lag := horizon(curve)) is None else lag for curve in log10_norms]),
        digits_by_network=digits,
        steps=length - 1,
    )


def joined(parts: Sequence[Verdicts]) -> Verdicts:
    """What is said of several groups of networks with as many steps each, as of one group."""
    if len(parts) == 1:  # which may know its medians already
        return parts[0]
    names = ("log10_factors", "orders", "horizons", "digits_by_network")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Verdicts(**arrays, steps=parts[0].steps)


def middle_lags(length: int) -> tuple[int, int]:
    """The lags between which the factor per step of so many steps is taken."""
    return length // 5, 9 * length // 10


def log10_factor_per_step(log10_norms: Array) -> Array:
    """The geometric mean of the change per step back between the lags T // 5 and 9 T // 10, as log10.

    The last steps still show where the loss pointed, the first ones a state that has not forgotten its start.

    Args:
        log10_norms: (..., T), step 1 first.

    Returns:
        (...): log10 (norm at the longer lag / norm at the shorter) by the steps between them. −inf where the norm at
        the longer lag is zero, nan where only that at the shorter one is, and for a single step.
    """
    length = log10_norms.shape[-1]
    near, far = middle_lags(length)
    left, arrived = log10_norms[..., length - 1 - near], log10_norms[..., length - 1 - far]
    change = np.where(np.isneginf(arrived), -np.inf, np.nan)
    np.subtract(arrived, left, out=change, where=np.isfinite(arrived) & np.isfinite(left))
    return np.asarray(change / (far - near) if length > 1 else np.full(change.shape, np.nan))


def orders_of_magnitude(log10_norms: Array) -> Array:
    """log10 of (norm at step 1 / norm at step T) of curves (..., T): (...); nan where the norm at step T is zero."""
    first, last = log10_norms[..., 0], log10_norms[..., -1]
    return np.asarray(np.subtract(first, last, out=np.full(np.shape(last), np.nan), where=np.isfinite(last)))


def outcome_of(log10_factor: float, orders: float, steps: int) -> str:
    """The word for such a factor per step, and so many orders of magnitude over all steps back; see `Verdict`.

    "uneven" is a gradient that would vanish and has grown in all, or would explode and has shrunk, or that would hold
    and has changed by more than `steps` of what holds allow, and ENDS_CHANGE.
    """
    if math.isnan(log10_factor):
        return "none"
    if abs(log10_factor) <= HOLDS_WITHIN:
        return "holds" if abs(orders) <= HOLDS_WITHIN * steps + ENDS_CHANGE else "uneven"
    if log10_factor * orders < 0:
        return "uneven"
    return "vanishes" if log10_factor < 0 else "explodes"


def relative_to(log10_norm: float, log10_norms: Array) -> Array:
    """Norms relative to one of them; nan where that one is zero and nothing can be compared with it."""
    return log10_norms - log10_norm if np.isfinite(log10_norm) else np.full_like(log10_norms, np.nan)


def horizon(log10_norms: Array) -> int | None:
    """The smallest lag from which on, down to step 1, less than HORIZON_SHARE of the norm at the last step is left.

    None where that share is left at step 1: a curve that comes back has no horizon.
    """
    first = int((log10_norms >= log10_norms[-1] + _LOG10_SHARE).argmax())  # 0 too where there is none, as of nan
    return len(log10_norms) - first if first else None


def horizons_from_each_step(log10_norms: Array) -> Array:
    """`horizon` of the curves of T losses, one at each step: row k of (T, T) up to its own step, −inf behind it.

    Returns:
        (T,); inf where there is none.
    """
    firsts = (log10_norms >= np.diagonal(log10_norms)[:, None] + _LOG10_SHARE).argmax(axis=1)
    return np.where(firsts > 0, np.arange(1, len(log10_norms) + 1) - firsts, np.inf)


def median_and_range(values: Array) -> Array:
    """The lowest, the median and the highest of K networks' values (K, ...), such as log10 norms: (3, ...).

    A network without a value (nan) counts as −inf, the logarithm of zero.
    """
    known = np.where(np.isnan(values), -np.inf, values)
    return np.stack([known.min(axis=0), np.median(known, axis=0), known.max(axis=0)])
