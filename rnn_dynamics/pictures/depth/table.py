"""The datasets of the picture "Depth and direction": small Arrow tables; see `drawing` for how heights are written.

All gradients are relative to one of step T, so that 10⁰ is where an error of the last step begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.trace import LayerTrace
from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    Array,
    arrow_bytes,
    curve_texts,
    hundredths,
    label_places,
    numbers_text,
    point_steps,
    shades,
    vertical_ranges,
)

#: No colour: what is exactly zero leaves the background free.
_ZERO = "#00000000"
#: Where the map's colours may end, in orders of magnitude: few values, so that they stand still while a slider moves.
_LIMITS = (2.0, 5.0, 10.0, 25.0, 60.0, 150.0)
#: Names of curves that fit above each other.
_LINES = 9


@dataclass(frozen=True, kw_only=True)
class DepthPicture:
    """What the picture shows.

    Attributes:
        levels: name -> (T,) log10 ‖dL/dh_t‖ of each layer and direction, the first layer first, relative to the last
            layer's at step T, forwards.
        texts: name -> what stands beside a level's curve while the pointer is on it.
        curves: name -> (T,) log10 norms of gradients of the inputs, relative to the whole one's at step T.
        labels: name -> what stands beside the curve.
        cell: whose gradient it is. palette: hex colours of the map, from far below 10⁰ to far above.
        titles: of the map and of the curves; a phone breaks a line at each "¦".
        against_lag: whether the horizontal axis is the lag.
    """

    levels: Mapping[str, Array]
    texts: Mapping[str, str]
    curves: Mapping[str, Array]
    labels: Mapping[str, str]
    cell: str
    palette: Sequence[str]
    titles: tuple[str, str]
    against_lag: bool

    @property
    def length(self) -> int:
        """T."""
        return len(next(iter(self.levels.values())))

    @property
    def limit(self) -> float:
        """Orders of magnitude at which the map's colours end."""
        sizes = np.abs(np.stack(list(self.levels.values())))
        largest = sizes.max(where=np.isfinite(sizes), initial=0.0)
        return float(next((limit for limit in _LIMITS if limit >= largest), _LIMITS[-1]))

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The ends of the vertical axis, in orders of magnitude."""
        lows, highs = vertical_ranges(np.stack([*self.curves.values()])[None])
        return float(lows[0]), float(highs[0])


def depth_datasets(picture: DepthPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {"levels": level_rows(picture), "curves": curve_rows(picture), "whole": whole_row(picture)}
    return {name: arrow_bytes(table) for name, table in tables.items()}


def level_rows(picture: DepthPicture) -> pa.Table:
    """One row per level: place (its row of the map, from the bottom), name, colours, points of its curve, and text."""
    norms = np.stack(list(picture.levels.values()))
    return pa.table(
        {
            "place": pa.array(range(len(norms)), pa.uint8()),
            "name": list(picture.levels),
            "colours": level_colours(picture),
            "points": curve_texts(norms, *picture.ends),
            "text": [picture.texts[name] for name in picture.levels],
        }
    )


def level_colours(picture: DepthPicture) -> list[str]:
    """For each level the colours along its strip, as a text."""
    norms = np.stack(list(picture.levels.values()))[:, _stops(picture) - 1]
    share = np.clip(np.nan_to_num(norms, neginf=-np.inf, posinf=np.inf) / picture.limit, -1.0, 1.0)
    colours = np.array(shades(tuple(picture.palette)))[np.rint((share + 1.0) * 127.0).astype(np.int64)]
    return [",".join(row) for row in np.where(np.isneginf(norms), _ZERO, colours).tolist()]


def _stops(picture: DepthPicture) -> NDArray[np.int64]:
    """Steps of the map's colours; the last two as well, because a direction may have a gradient at step T alone."""
    length = picture.length
    return np.unique(np.concatenate([point_steps(length, MAP_POINTS), [1, min(2, length), max(1, length - 1)]]))


def curve_rows(picture: DepthPicture) -> pa.Table:
    """One row per curve: name, points, end and text (where and what to write beside step 1)."""
    norms = np.stack(list(picture.curves.values()))
    return pa.table(
        {
            "name": list(picture.curves),
            "points": curve_texts(norms, *picture.ends),
            "end": hundredths(label_places(norms, *picture.ends, lines=_LINES)),
            "text": [picture.labels[name] for name in picture.curves],
        }
    )


def whole_row(picture: DepthPicture) -> pa.Table:
    """What holds for the whole picture, in one row: places on the axes, titles, the cell."""
    steps, stops = point_steps(picture.length), _stops(picture)
    if picture.against_lag:
        steps, stops = picture.length - steps, picture.length - stops
    offsets = (stops - stops.min()) / max(1, picture.length - 1)
    low, high = hundredths(np.array(picture.ends)).tolist()
    return pa.table(
        {
            "length": [picture.length],
            "levels": [len(picture.levels)],
            "steps": [numbers_text(steps)],
            "offsets": [",".join(f"{place:.4f}" for place in offsets)],
            "low": [low],
            "high": [high],
            "limit": [picture.limit],
            "cell": [picture.cell],
            "map": [picture.titles[0]],
            "curves": [picture.titles[1]],
        }
    )


def depth_table(layers: Sequence[LayerTrace], inputs: Array) -> pd.DataFrame:
    """The gradients as a tidy frame.

    Args:
        layers: of a trace.
        inputs: (T,) log10 ‖dL/dx_t‖.

    Returns:
        one row per level, component and step; columns layer (from 1; 0 for the inputs), direction, component, step, lag
        and log10_norm.
    """
    length = len(inputs)
    parts = [(0, "both", "input", inputs)]
    for level in layers:
        direction = "backwards" if level.reverse else "forwards"
        parts += [(level.layer + 1, direction, name, values) for name, values in level.log10_norms.items()]
    steps = np.arange(1, length + 1)
    columns = {"step": steps, "lag": length - steps}
    frames = [
        pd.DataFrame({"layer": layer, "direction": direction, "component": name, **columns, "log10_norm": values})
        for layer, direction, name, values in parts
    ]
    return pd.concat(frames, ignore_index=True)
