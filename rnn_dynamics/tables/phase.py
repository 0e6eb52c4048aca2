"""Where the phase diagram turns: the weight scale between vanishing and exploding, measured and predicted.

In mean field the factor per step rises through 1 once. A single small network may cross 1 several times, and its last
crossing then lies far above the prediction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.theory import mean_field_crossing
from rnn_dynamics.trace import PhaseRow


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """The weight scale at which the factor per step is 1, at one input strength.

    Attributes:
        input_scale: of the row.
        measured: see `crossing`; None where the factor never rises through 1.
        low, high: the same of the factors one standard error of the mean over the networks higher, and lower; None
            with one network too.
        predicted: by mean field; None where that says nothing, see `theory.mean_field_crossing`.
    """

    input_scale: float
    measured: float | None
    low: float | None
    high: float | None
    predicted: float | None


def row_crossing(row: PhaseRow) -> Crossing:
    """Measured and predicted crossing of one row of the phase diagram."""
    networks, mean = len(row.seeds), row.log10_factors
    low = high = None
    if networks > 1 and np.isfinite(row.log10_factors_by_seed).all():
        error = row.log10_factors_by_seed.std(axis=0, ddof=1) / math.sqrt(networks)
        low, high = crossing(row.weight_scales, mean + error), crossing(row.weight_scales, mean - error)
    return Crossing(
        input_scale=row.experiment.input_scale,
        measured=crossing(row.weight_scales, mean),
        low=low,
        high=high,
        predicted=mean_field_crossing(row.experiment),
    )


def crossing(weight_scales: Sequence[float], log10_factors: NDArray[np.float64]) -> float | None:
    """The weight scale at which the factor per step last rises through 1.

    Between the two neighbours of the last change from below 1 to 1 or more, log10 of the factor is taken as a straight
    line over log(weight scale). Where the lower neighbour has no finite logarithm (weight scale 0, factor 0), the
    answer is the upper one. A factor that is nan is neither below 1 nor above.

    Args:
        weight_scales: S of them, rising.
        log10_factors: (S,), per step; may be -inf.

    Returns:
        The weight scale, or None where the factor never rises through 1.

    Raises:
        ValueError: the lengths differ, or the weight scales do not rise.
    """
    if len(weight_scales) != len(log10_factors):
        raise ValueError(f"{len(weight_scales)} weight scales do not go with {len(log10_factors)} factors")
    if not (np.diff(weight_scales) > 0.0).all():
        raise ValueError(f"weight_scales = {tuple(weight_scales)} do not rise from each to the next")
    rises = np.flatnonzero((log10_factors[:-1] < 0.0) & (log10_factors[1:] >= 0.0))
    if not len(rises):
        return None
    k = int(rises[-1])
    low, high = weight_scales[k : k + 2]
    below, above = float(log10_factors[k]), float(log10_factors[k + 1])
    if low == 0.0 or below == -math.inf:
        return float(high)
    return float(low * (high / low) ** (below / (below - above)))
