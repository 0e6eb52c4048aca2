"""The tables of "Depth and direction", all relative to step T: 10⁰ is where an error of the last step begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.depth.answer import DepthAnswer
from rnn_dynamics.pictures.kit.frames import (
    Array,
    axis_ends,
    curve_rows,
    inside,
    label_rows,
    one_row,
    point_steps,
    reaching,
    rows_by_step,
)

#: Where the map's colours may end, in orders of magnitude: few values, so that they stand still while a slider moves.
_LIMITS = (2.0, 5.0, 10.0, 25.0, 60.0, 150.0)
#: Names of curves that fit above each other.
_LINES = 9


def tables(answer: DepthAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Levels and level_curves (by place, step), names (of the levels), curves and labels (of the inputs), whole."""
    norms, length = np.stack([norms for _, norms in answer.levels]), answer.experiment.sequence_length
    ends, places = axis_ends(*answer.curves.values()), np.arange(len(norms), dtype=np.uint8)
    # A direction may have a gradient at step T alone, so the last two steps are always among those of the map.
    steps = np.unique(np.concatenate([point_steps(length), [1, min(2, length), max(1, length - 1)]]))
    shown = norms[:, steps - 1]
    return {
        "levels": rows_by_step("place", places, steps, log10_norm=shown),
        "level_curves": rows_by_step("place", places, steps, log10_norm=np.where(inside(shown, ends), shown, np.nan)),
        "names": pa.table({"place": places, "name": texts["levels"], "text": texts["pointed"]}),
        "curves": curve_rows(answer.curves, ends),
        "labels": label_rows(answer.curves, texts["labels"], ends, _LINES),
        "whole": one_row(
            length=length,
            levels=len(norms),
            limit=_limit(norms),
            low=ends[0],
            high=ends[1],
            cell=answer.experiment.cell,
            map=texts["map"],
            curves=texts["curves"],
        ),
    }


def _limit(norms: Array) -> float:
    """Orders of magnitude at which the map's colours end."""
    largest = np.abs(norms).max(where=np.isfinite(norms), initial=0.0)
    return reaching(largest, _LIMITS)


def layers(answer: DepthAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Every gradient: layer (from 1; 0 for the inputs), direction, component, step, lag and log10_norm."""
    length = answer.experiment.sequence_length
    parts = [(0, "both", "input", answer.trace.log10_norms["input"])]
    for level in answer.trace.layers:
        direction = "backwards" if level.reverse else "forwards"
        parts += [(level.layer + 1, direction, name, values) for name, values in level.log10_norms.items()]
    steps = np.arange(1, length + 1)
    columns = {"step": steps, "lag": length - steps}
    frames = [
        pd.DataFrame({"layer": layer, "direction": direction, "component": name, **columns, "log10_norm": values})
        for layer, direction, name, values in parts
    ]
    return pd.concat(frames, ignore_index=True)
