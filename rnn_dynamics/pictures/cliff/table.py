"""The tables of "The cliff and clipping": the surface, three descents as far as the map shows them, and by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.cliff.answer import CliffAnswer
from rnn_dynamics.pictures.cliff.surface import CELLS, HIGHEST, REGIONS, ROWS, landscape
from rnn_dynamics.pictures.kit.frames import Array, one_row

#: Ends of the axis of log10 gradient norms; the upper one is the first that has room.
_LOWEST, _TOPS = -4.0, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0)
Texts = Mapping[str, Any]


def tables(_: CliffAnswer, texts: Texts, views: Mapping[str, str]) -> dict[str, pa.Table]:
    """What the region alone decides.

    surface (w, b, error), edge (of the cliff: w, b), marks (what is written on it: name, w, b, text), cells (w, b of
    each place that a click can fall on) and region (one row).
    """
    land, region = landscape(views["region"]), REGIONS[views["region"]]
    places = [{"name": name, "w": w, "b": b, "text": texts[name]} for name, (w, b, _) in land.marks.items()]
    (bottom, left), (top, right) = region.low, region.high
    ends = {"left": left, "right": right, "bottom": bottom, "top": top}
    return {
        "surface": _numbers(w=np.repeat(land.w, land.b.shape[1]), b=land.b.ravel(), error=land.errors.ravel()),
        "edge": _numbers(w=land.w, b=land.edges),
        "marks": pa.Table.from_pylist(places),
        "cells": _numbers(w=land.cells[:, 0], b=land.cells[:, 1]),
        "region": one_row(**ends, rows=ROWS, cells=CELLS, highest=HIGHEST),
    }


def tables_of_descents(answer: CliffAnswer, texts: Texts, views: Mapping[str, str]) -> dict[str, pa.Table]:
    """What the descents decide.

    paths (clipping, w, b as far as the map shows them, broken where they are outside), steps (clipping, step, error
    after it, log10_norm of the gradient that it follows), kinds (one row each: where its path ends, leaves the map, and
    falls below the axis of norms) and whole (one row).
    """
    region, logs = REGIONS[views["region"]], {kind: _log10(norms) for kind, norms in answer.norms.items()}
    return {
        "paths": pa.concat_tables([_path(kind, region.visible(path.points)) for kind, path in answer.paths.items()]),
        "steps": pa.concat_tables([_steps(kind, path.errors, logs[kind]) for kind, path in answer.paths.items()]),
        "kinds": pa.Table.from_pylist([_kind(answer, kind, region, logs[kind], texts) for kind in logs], schema=_KINDS),
        "whole": one_row(
            steps=answer.start.steps,
            low=_LOWEST,
            high=_top(answer),
            limit=np.log10(answer.start.threshold),
            start_w=answer.start.w,
            start_b=answer.start.b,
            **{name: texts[name] for name in ("map", "errors", "norms", "start", "threshold")},
        ),
    }


def _numbers(**columns: Array) -> pa.Table:
    """Columns of numbers; none where nan."""
    return pa.table({name: pa.array(of.astype(np.float32), from_pandas=True) for name, of in columns.items()})


def _of(kind: str, rows: pa.Table) -> pa.Table:
    """The same rows, of a kind of clipping."""
    return rows.add_column(0, "clipping", pa.array([kind] * len(rows)).dictionary_encode())


def _path(kind: str, points: Array) -> pa.Table:
    return _of(kind, _numbers(w=points[:, 0], b=points[:, 1]))


def _steps(kind: str, errors: Array, logs: Array) -> pa.Table:
    shown = np.concatenate([[np.nan], np.where((logs >= _LOWEST) & np.isfinite(logs), logs, np.nan)])
    steps = pa.array(np.arange(len(errors)), pa.uint16())
    return _of(kind, _numbers(error=errors, log10_norm=shown).add_column(0, "step", steps))


_PLACES = ("end_w", "end_b", "exit_w", "exit_b", "way_w", "way_b")
_KINDS = pa.schema(
    [
        *((name, pa.string()) for name in ("clipping", "name", "leaves", "fell")),
        *((name, pa.float64()) for name in _PLACES),
        *((name, pa.int64()) for name in ("place", "fell_at")),
    ]
)


def _kind(answer: CliffAnswer, kind: str, region: Region, logs: Array, texts: Texts) -> dict[str, object]:
    """The row of a kind, with its place in the legend; numbers that do not exist are missing."""
    points, fallen = answer.paths[kind].points, np.flatnonzero(logs < _LOWEST)
    row: dict[str, object] = {"clipping": kind, "place": list(answer.paths).index(kind)}
    row |= {name: texts[name][kind] for name in ("name", "leaves", "fell")} | _leaving(points, region)
    if region.inside(points[-1]):
        row |= {"end_w": points[-1, 0], "end_b": points[-1, 1]}
    return row | ({"fell_at": int(fallen[0]) + 1} if len(fallen) else {})


def _leaving(points: Array, region: Region) -> dict[str, object]:
    """Where and in which direction a path first leaves the map."""
    step = region.exit(points)
    if step is None or not np.isfinite(points[step]).all():
        return {}
    before, after = points[step - 1], points[step]
    _, there = region.cut(before, after)
    way = (after - before) / np.abs(after - before).max()
    return {"exit_w": there[0], "exit_b": there[1], "way_w": way[0], "way_b": way[1]}


def _log10(norms: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(norms))


def _top(answer: CliffAnswer) -> float:
    """The upper end of the axis of norms."""
    norms = np.concatenate(list(answer.norms.values()))
    largest = np.log10(np.max(norms, initial=answer.start.threshold, where=np.isfinite(norms)))
    return next((top for top in _TOPS if top > largest), _TOPS[-1])


def paths(answer: CliffAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Every path as a tidy frame.

    Columns clipping, step (0 is the start), w, b, error, gradient_w, gradient_b, gradient_norm (before clipping), and
    of the step that follows: clipped, turned_degrees; these are empty after the last one.
    """
    parts = [
        {
            "clipping": kind,
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
        for kind, path in answer.paths.items()
    ]
    return pd.concat(map(pd.DataFrame, parts), ignore_index=True)
