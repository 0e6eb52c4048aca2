"""The tables of the phase diagram.

Up the map go the weight scales of the slider, scale k from place k to k + 1. Across go its columns, column j from j to
j + 1: input scales, or stretches of lags.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.engine.phase_crossing import Crossing, lag_crossings, lag_factors
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends, strips
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, one_row, points, table, whole, within
from rnn_dynamics.pictures.phase_diagram.answer import SCALES, PhaseAnswer, input_scales, nearest_of

#: Most stretches of lags on the map.
_STRETCHES = 13


def tables(answer: PhaseAnswer, _: Texts, views: Views) -> Tables:
    """Cells and lines of the map, and the names of its columns, wherever the reader stands on it."""
    by_input, scales = views["across"] == "input", input_scales(answer.experiment)
    edges, rows = lag_edges(answer.experiment.sequence_length), answer.rows
    if by_input:
        columns = {scales.index(scale): (rows[scale].log10_factors, point) for scale, point in answer.crossings.items()}
    else:
        stretches = (zip(lag_factors(row, edges).T, lag_crossings(row, edges), strict=True) for row in rows.values())
        columns = {k: pair for row in stretches for k, pair in enumerate(row)}
    computed = next((row.weight_scales for row in rows.values()), ())
    factors = np.reshape([of for of, _ in columns.values()], (len(columns), len(computed))).T
    names = np.array(scales if by_input else edges, dtype=np.float64)
    return {
        "cells": cell_rows(computed, list(columns), factors),
        "lines": line_rows(list(columns), [point for _, point in columns.values()]),
        "columns": table(column=np.arange(len(names)), value=names),
    }


def moving_tables(answer: PhaseAnswer, texts: Texts, views: Views) -> Tables:
    """Lags (the split of the chosen network), names (texts in the picture), and whole: where the reader stands.

    lags: log10_norm of each step's part, and share, the sum of the shares from step T to it; no value outside the axis.
    """
    by_input, split, length = views["across"] == "input", answer.split, answer.experiment.sequence_length
    scales = input_scales(answer.experiment)
    columns = len(scales) if by_input else max(1, len(lag_edges(length)) - 1)
    left = scales.index(answer.experiment.input_scale) if by_input else 0
    ends = axis_ends(np.append(split.step, split.total))
    # Parts that cancel bring the running sum far beyond 0 and 1; the axis follows it some way.
    running = np.nan_to_num(split.cumulative_share, nan=0.0)
    bottom, top = np.clip([running.min(initial=0.0), running.max(initial=1.0)], -1.0, 2.0).tolist()
    return {
        "lags": frames.by_step(
            {}, log10_norm=within(split.step, ends), share=within(split.cumulative_share, (bottom, top))
        ),
        "names": one_row(texts["names"], norm=split.total),
        "whole": whole(
            answer.experiment,
            ends,
            texts,
            columns=columns,
            row=SCALES.index(nearest_of(SCALES, answer.experiment)),
            left=left,
            right=left + 1 if by_input else columns,
            bottom=bottom,
            top=top,
            reached=float(np.array(split.lag_of_whole, dtype=float)),
        ),
    }


def cell_rows(weight_scales: Sequence[float], columns: Sequence[int], log10_factors: Array) -> pa.Table:
    """A row for each cell of the map that was computed: place, below, above, column, and factor per step (S, C)."""
    rows = [SCALES.index(scale) for scale in weight_scales]
    of_rows = {"place": rows, **strips(rows, len(SCALES))}
    return points(
        **{name: np.reshape(of, (-1, 1)) for name, of in of_rows.items()}, column=columns, factor=10.0**log10_factors
    )


def line_rows(columns: Sequence[int], crossings: Sequence[Crossing]) -> pa.Table:
    """A row for each column: x, and places on the map of what `Crossing` says: measured, low, high, predicted.

    The measured ones are null where the factor does not rise through 1 once and for all: a line would say too little.
    """
    low, measured, high = np.reshape(places_of([point.border for point in crossings]), (-1, 3)).T
    predicted = places_of([point.predicted for point in crossings])
    return table(x=np.array(columns) + 0.5, measured=measured, low=low, high=high, predicted=predicted)


def places_of(weight_scales: Sequence[Any]) -> Array:
    """Where weight scales above 0 lie on the map: between two rows by their logarithms; nan above all rows."""
    logarithms = np.log(np.array(weight_scales, dtype=float))
    return np.round(np.interp(logarithms, np.log(SCALES), np.arange(len(SCALES)) + 0.5, right=np.nan), 3)


def lag_edges(length: int) -> NDArray[np.int64]:
    """Edges of the stretches of lags that the map shows of a sequence, from 0 to T − 1."""
    return frames.point_steps(length, _STRETCHES) - 1


def map_file(answer: PhaseAnswer, _: Views) -> Frame:
    """The map as a tidy frame: input_scale, weight_scale, seed ("mean" for all networks together), log10_factor.

    And digits: how many of a network's norms another program shares, of all networks together the fewest.
    """
    parts = [
        (
            row.experiment.input_scale,
            row.weight_scales,
            np.array(["mean", *row.seeds], dtype=object)[:, None],
            np.vstack([row.log10_factors, row.log10_factors_by_seed]),
            np.vstack([row.digits_by_seed.min(axis=0), row.digits_by_seed]),
        )
        for row in answer.rows.values()
    ]
    return Frame(frames.joined(("input_scale", "weight_scale", "seed", "log10_factor", "digits"), parts))


def by_lag_file(answer: PhaseAnswer, _: Views) -> Frame:
    """The split by lag as a frame: step, lag, log10_norm, log10_truncated, share, cumulative_share; lag 0 first."""
    split = answer.split
    return frames.frame(
        **frames.every_step(answer.experiment.sequence_length),
        log10_norm=split.step,
        log10_truncated=split.truncated,
        share=split.share,
        cumulative_share=split.cumulative_share,
    )[::-1]
