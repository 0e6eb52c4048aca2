"""The curves as a tidy frame: one row for each cell, time step and kind of gradient."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rnn_dynamics.trace import Trace


def curves_table(traces: Iterable[Trace]) -> pd.DataFrame:
    """One row per cell, step t = 1 .. T and component.

    Columns: cell, weight_scale, step, lag (T − t), component (a key of `Trace.log10_norms`), log10_norm.
    """
    frames = []
    for trace in traces:
        length = trace.experiment.sequence_length
        steps = np.arange(1, length + 1)
        for component, values in trace.log10_norms.items():
            frames.append(
                pd.DataFrame(
                    {
                        "cell": trace.experiment.cell,
                        "weight_scale": trace.experiment.weight_scale,
                        "step": steps,
                        "lag": length - steps,
                        "component": component,
                        "log10_norm": values,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
