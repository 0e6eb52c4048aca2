"""The datasets of the picture "The cliff and clipping": the surface as rows of a map, three paths, two rows of texts.

Places on the map are whole thousandths of w and b. A row of the map is filled with a gradient along b whose stops are
exact values, close together at the cliff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.cliff import NO_CLIFF_UP_TO, TARGET, Path, edge, error_surface
from rnn_dynamics.pictures.kit.frames import QUANTUM, Array, arrow_bytes, hundredths, numbers_text

#: Rows of the map, and stops of a row beside those at the cliff.
_ROWS, _STOPS = 60, 12
#: Heights of the error, from 0 to HIGHEST, that the picture's colours tell apart.
LEVELS = 64
#: E of an output of 0; an output of 1 has a smaller one.
HIGHEST = TARGET**2
#: Ends of the axis of log10 gradient norms; the upper one is the first that has room.
_LOWEST, _TOPS = -4.0, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the plane: low ≤ (w, b) ≤ high."""

    low: tuple[float, float]
    high: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CliffPicture:
    """What the picture shows.

    Attributes:
        paths: one for each kind of clipping. region: what the map shows.
        names: kind -> its line's name. leaves: kind -> what is said where its path leaves the map, "" if it does not.
        fell: kind -> what is said where the gradient's norm has fallen below the axis.
        titles: map, errors, norms. labels: start, threshold. marks: name of a place -> its w and b, and what is said
            there.
    """

    paths: Sequence[Path]
    region: Region
    names: Mapping[str, str]
    leaves: Mapping[str, str]
    fell: Mapping[str, str]
    titles: Mapping[str, str]
    labels: Mapping[str, str]
    marks: Mapping[str, tuple[float, float, str]]


def cliff_datasets(picture: CliffPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    return {
        "surface": surface_rows(picture.region),
        "paths": arrow_bytes(path_rows(picture)),
        "region": arrow_bytes(region_row(picture)),
        "whole": arrow_bytes(whole_row(picture)),
    }


@lru_cache(maxsize=8)
def surface_rows(region: Region) -> bytes:
    """One row per weight.

    Columns below, above (its ends), offsets (thousandths of its width) and levels (0 .. LEVELS − 1) of its stops as
    texts, w (its middle) and edge (b of the cliff, or null).
    """
    ends = np.linspace(region.low[0], region.high[0], _ROWS + 1)
    middles = 0.5 * (ends[:-1] + ends[1:])
    low, high = region.low[1], region.high[1]
    edges = edge(middles)
    stops = np.tile(np.linspace(low, high, _STOPS), (_ROWS, 1))
    beside = edges[:, None] + (high - low) * np.array([-0.002, 0.002])
    stops = np.sort(np.clip(np.concatenate([stops, beside], axis=1), low, high), axis=1)
    levels = np.rint(error_surface(middles[:, None], stops).error / HIGHEST * (LEVELS - 1)).astype(np.int64)
    offsets = np.rint((stops - low) / (high - low) * 1000).astype(np.int64)
    shown = (middles > NO_CLIFF_UP_TO) & (edges >= low) & (edges <= high)
    return arrow_bytes(
        pa.table(
            {
                "below": _thousandths(ends[:-1]),
                "above": _thousandths(ends[1:]),
                "offsets": [numbers_text(row) for row in offsets],
                "levels": [numbers_text(row) for row in levels],
                "w": _thousandths(middles),
                "edge": pa.array(np.rint(edges * 1000), pa.float64(), mask=~shown),
            }
        )
    )


def _thousandths(values: Array) -> NDArray[np.int64]:
    return np.rint(values * 1000).astype(np.int64)


def path_rows(picture: CliffPicture) -> pa.Table:
    """One row per path.

    Columns clipping, place (0, 1, 2), name; b, w (the path on the map, broken where it is outside), errors (E after 0,
    1, … steps, ten-thousandths), norms (of the gradient that step 1, 2, … follows, hundredths of an order), all texts;
    exit_b, exit_w, way_b, way_w (where it leaves the map and in which direction) and leaves (a text); end_b, end_w;
    fell_at (the first step whose norm lies below the axis) and fell (a text). Numbers that do not exist are null.
    """
    return pa.Table.from_pylist([_path_row(picture, place) for place in range(len(picture.paths))], schema=_PATHS)


_PATHS = pa.schema(
    [
        *((name, pa.string()) for name in ("clipping", "name", "b", "w", "errors", "norms", "leaves", "fell")),
        *((name, pa.float64()) for name in ("exit_b", "exit_w", "way_b", "way_w", "end_b", "end_w")),
        *((name, pa.int64()) for name in ("place", "fell_at")),
    ]
)


def _path_row(picture: CliffPicture, place: int) -> dict[str, object]:
    path, region = picture.paths[place], picture.region
    kind = path.descent.clipping
    visible = _visible(path.points, region)
    norms = path.norms[:-1]
    with np.errstate(divide="ignore"):
        heights = np.log10(norms)
    fallen = np.flatnonzero(heights < _LOWEST)
    ends_inside = _inside(path.points[-1], region)
    row: dict[str, object] = {
        "clipping": kind,
        "place": place,
        "name": picture.names[kind],
        "w": _broken(visible[:, 0] * 1000),
        "b": _broken(visible[:, 1] * 1000),
        "errors": _broken(path.errors * 10_000),
        "norms": _broken(np.where((heights >= _LOWEST) & np.isfinite(heights), heights / QUANTUM, np.nan)),
        "fell_at": int(fallen[0]) + 1 if len(fallen) else None,
        "fell": picture.fell[kind],
        "end_w": path.points[-1, 0] * 1000 if ends_inside else None,
        "end_b": path.points[-1, 1] * 1000 if ends_inside else None,
    }
    return row | _leaving(path, region) | {"leaves": picture.leaves[kind]}


def first_exit(path: Path, region: Region) -> int | None:
    """The first step that leads a path from inside a region to outside of it."""
    inside = np.all((path.points >= region.low) & (path.points <= region.high), axis=1)
    exits = np.flatnonzero(inside[:-1] & ~inside[1:])
    return int(exits[0]) + 1 if len(exits) else None


def _leaving(path: Path, region: Region) -> dict[str, object]:
    """Where and in which direction a path first leaves the map."""
    step = first_exit(path, region)
    if step is None or not np.isfinite(path.points[step]).all():
        return {}
    before, after = path.points[step - 1], path.points[step]
    _, there = _cut(before, after, region)
    way = (after - before) / np.abs(after - before).max()
    return {"exit_w": there[0] * 1000, "exit_b": there[1] * 1000, "way_w": way[0], "way_b": way[1]}


def _inside(point: Array, region: Region) -> bool:
    return bool(((point >= region.low) & (point <= region.high)).all())


def _visible(points: Array, region: Region) -> Array:
    """(n, 2), the part of a path inside the region: corners and cuts with the border, nan where it is interrupted."""
    shown = [points[0] if _inside(points[0], region) else np.full(2, np.nan)]
    for before, after in pairwise(points):
        if not np.isfinite(after).all():
            break
        start, end = _cut(before, after, region)
        if np.isnan(end).any():
            continue
        if not np.array_equal(start, shown[-1]):
            shown += [np.full(2, np.nan), start]
        shown.append(end)
    return np.array(shown)


def _cut(before: Array, after: Array, region: Region) -> tuple[Array, Array]:
    """The ends of what of a straight step lies in the region; nan where nothing does (Liang & Barsky 1984)."""
    enters, exits = 0.0, 1.0
    for start, move, low, high in zip(before, after - before, region.low, region.high, strict=True):
        if move == 0.0:
            if not low <= start <= high:
                return np.full(2, np.nan), np.full(2, np.nan)
            continue
        near, far = sorted(((low - start) / move, (high - start) / move))
        enters, exits = max(enters, near), min(exits, far)
    if enters > exits:
        return np.full(2, np.nan), np.full(2, np.nan)
    begin = before if enters == 0.0 else before + enters * (after - before)
    return begin, after if exits == 1.0 else before + exits * (after - before)


def _broken(values: Array) -> str:
    """Whole numbers as one text, "x" where there is none."""
    return ",".join("x" if np.isnan(value) else str(round(value)) for value in values.tolist())


def region_row(picture: CliffPicture) -> pa.Table:
    """What the map shows: left, right, bottom, top; for each of the marks its text, and its place (name_b, name_w)."""
    (bottom, left), (top, right) = picture.region.low, picture.region.high
    ends = {"left": left, "right": right, "bottom": bottom, "top": top}
    row: dict[str, object] = {name: round(1000 * end) for name, end in ends.items()}
    for name, (w, b, text) in picture.marks.items():
        row |= {name: text, f"{name}_w": w * 1000, f"{name}_b": b * 1000}
    return pa.Table.from_pylist([row])


def whole_row(picture: CliffPicture) -> pa.Table:
    """What all layers share, in one row.

    steps; ticks (0 .. steps as a text); low, high: ends of the axis of norms; threshold: log10; start_b, start_w; and
    the titles and labels.
    """
    path = picture.paths[0]
    norms = np.concatenate([one.norms[:-1] for one in picture.paths])
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.log10(np.max(norms, initial=path.descent.threshold, where=np.isfinite(norms)))
    row = {
        "steps": path.descent.steps,
        "ticks": ",".join(map(str, range(path.descent.steps + 1))),
        "low": round(_LOWEST / QUANTUM),
        "high": round(next((top for top in _TOPS if top > largest), _TOPS[-1]) / QUANTUM),
        "threshold": int(hundredths(np.log10(path.descent.threshold))),
        "start_b": path.descent.b * 1000,
        "start_w": path.descent.w * 1000,
        **{f"{name}_title": text for name, text in picture.titles.items()},
        **{f"{name}_label": text for name, text in picture.labels.items()},
    }
    return pa.Table.from_pylist([row])


def path_table(paths: Sequence[Path]) -> pd.DataFrame:
    """Every path as a tidy frame.

    Columns clipping, step (0 is the start), w, b, error, gradient_w, gradient_b, gradient_norm (before clipping), and
    of the step that follows: clipped, turned_degrees; these are empty after the last one.
    """
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "clipping": path.descent.clipping,
                    "step": np.arange(len(path.points)),
                    "w": path.points[:, 0],
                    "b": path.points[:, 1],
                    "error": path.errors,
                    "gradient_w": path.gradients[:, 0],
                    "gradient_b": path.gradients[:, 1],
                    "gradient_norm": path.norms,
                    "clipped": [*path.clipped.tolist(), None],
                    "turned_degrees": np.append(path.turned, np.nan),
                }
            )
            for path in paths
        ],
        ignore_index=True,
    )
