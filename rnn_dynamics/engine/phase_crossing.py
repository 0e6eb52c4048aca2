"""Where the phase diagram turns: at which weight scales the factor per step passes 1, measured and predicted.

In mean field the factor per step rises through 1 once. A single small network may cross 1 several times, and its last
crossing then lies far above the prediction; with gates the factor may fall through 1 too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.theory import mean_field_crossing
from rnn_dynamics.engine.trace import PhaseRow
from rnn_dynamics.experiment import Experiment

#: From one weight scale to another; None where the range begins with the first, or ends with the last, of all.
Range = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """The weight scale at which the factor per step is 1, at one input strength.

    Attributes:
        grows: see `growing`.
        low, high: as `measured`, of the factors one standard error of the mean over the networks higher, and lower;
            None with one network too.
        predicted: see `predicted_crossing`.
    """

    grows: tuple[Range, ...]
    low: float | None = None
    high: float | None = None
    predicted: float | None

    @property
    def measured(self) -> float | None:
        """Where the factor last rises through 1; None where it never does."""
        return _last_rise(self.grows)

    @property
    def border(self) -> tuple[float | None, float | None, float | None]:
        """low, measured and high; Nones where the factor does not rise through 1 once and for all."""
        once = [end for _, end in self.grows] == [None]
        return (self.low, self.measured, self.high) if once else (None, None, None)


def row_crossing(row: PhaseRow) -> Crossing:
    """Measured and predicted crossing of one row of the phase diagram."""
    networks, mean = len(row.seeds), row.log10_factors
    low = high = None
    if networks > 1 and np.isfinite(row.log10_factors_by_seed).all():
        error = row.log10_factors_by_seed.std(axis=0, ddof=1) / math.sqrt(networks)
        low, high = crossing(row.weight_scales, mean + error), crossing(row.weight_scales, mean - error)
    predicted = predicted_crossing(row.experiment)
    return Crossing(grows=growing(row.weight_scales, mean), low=low, high=high, predicted=predicted)


def predicted_crossing(experiment: Experiment) -> float | None:
    """By mean field, see `theory.mean_field_crossing`; None where that says nothing of what the row measures."""
    return mean_field_crossing(experiment) if is_of_mean_field(experiment) else None


def is_of_mean_field(experiment: Experiment) -> bool:
    """Whether mean field speaks of what is measured: one error, sent back through W_hh from the last step."""
    return experiment.loss_at != "every" and experiment.hidden_path == "open"


def crossing(weight_scales: Sequence[float], log10_factors: NDArray[np.float64]) -> float | None:
    """The weight scale at which the factor per step last rises through 1; None where it never does.

    Args and raises: as `growing`.
    """
    return _last_rise(growing(weight_scales, log10_factors))


def _last_rise(grows: tuple[Range, ...]) -> float | None:
    return next((start for start, _ in reversed(grows) if start is not None), None)


def growing(weight_scales: Sequence[float], log10_factors: NDArray[np.float64]) -> tuple[Range, ...]:
    """The ranges of weight scales, in order, in which the factor per step is 1 or more.

    Between the two neighbours of a change from below 1 to 1 or more, or back, log10 of the factor is taken as a
    straight line over log(weight scale). Where the lower neighbour has no finite logarithm (weight scale 0, factor 0),
    the answer is the upper one. Weight scales whose factor is nan are left out.

    Args:
        weight_scales: S of them, rising.
        log10_factors: (S,), per step; may be -inf.

    Raises:
        ValueError: the lengths differ, or the weight scales do not rise.
    """
    if len(weight_scales) != len(log10_factors):
        raise ValueError(f"{len(weight_scales)} weight scales do not go with {len(log10_factors)} factors")
    if not (np.diff(weight_scales) > 0.0).all():
        raise ValueError(f"weight_scales = {tuple(weight_scales)} do not rise from each to the next")
    known = [pair for pair in zip(weight_scales, log10_factors.tolist(), strict=True) if not math.isnan(pair[1])]
    up = [factor >= 0.0 for _, factor in known]
    ends: list[float | None] = [
        _meets_one(*known[k], *known[k + 1]) for k in range(len(known) - 1) if up[k] != up[k + 1]
    ]
    if up and up[0]:
        ends.insert(0, None)
    if up and up[-1]:
        ends.append(None)
    return tuple(zip(ends[::2], ends[1::2], strict=True))


def _meets_one(low: float, log10_low: float, high: float, log10_high: float) -> float:
    """Where between two weight scales the factor is 1."""
    if low == 0.0 or not math.isfinite(log10_low):
        return float(high)
    return float(low * (high / low) ** (log10_low / (log10_low - log10_high)))


def lag_crossings(row: PhaseRow, edges: NDArray[np.int64]) -> list[Crossing]:
    """The crossing of each stretch of lags between two `edges`, of the networks' mean alone."""
    predicted = predicted_crossing(row.experiment)
    factors = lag_factors(row, edges).T
    return [Crossing(grows=growing(row.weight_scales, of), predicted=predicted) for of in factors]


def lag_factors(row: PhaseRow, edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """(S, stretches) log10 of the factor per step between neighbouring lags, in the mean of the networks."""
    by_lag = row.log10_norms[:, ::-1]
    near, far = by_lag[:, edges[:-1]], by_lag[:, edges[1:]]
    change = np.full(far.shape, -np.inf)
    np.subtract(far, near, out=change, where=np.isfinite(far))
    return np.asarray(change / np.diff(edges))
