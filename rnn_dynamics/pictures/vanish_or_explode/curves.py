"""The curves as a tidy frame: one row for each cell, time step and kind of gradient."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def curves_table(norms: Mapping[str, Mapping[str, NDArray[np.float64]]], weight_scale: float) -> pd.DataFrame:
    """One row per cell, step t = 1 .. T and component.

    Args:
        norms: cell -> component (a key of `Trace.log10_norms`) -> (T,).
        weight_scale: of all of them.

    Returns:
        columns cell, weight_scale, step, lag (T − t), component, log10_norm.
    """
    frames = []
    for cell, components in norms.items():
        for component, values in components.items():
            steps = np.arange(1, len(values) + 1)
            frames.append(
                pd.DataFrame(
                    {
                        "cell": cell,
                        "weight_scale": weight_scale,
                        "step": steps,
                        "lag": len(values) - steps,
                        "component": component,
                        "log10_norm": values,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
