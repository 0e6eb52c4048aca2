"""The factor per step back in time of a curve of norms: one definition for the engine, the tables and the pages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    near, far = length // 5, 9 * length // 10
    left, arrived = log10_norms[..., length - 1 - near], log10_norms[..., length - 1 - far]
    change = np.where(np.isneginf(arrived), -np.inf, np.nan)
    np.subtract(arrived, left, out=change, where=np.isfinite(arrived) & np.isfinite(left))
    return np.asarray(change / (far - near) if length > 1 else np.full(change.shape, np.nan))
