"""The picture "Phase diagram": its datasets with the rows that there are, remembered."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, lag_answer, phase_row
from rnn_dynamics.pictures.phase_diagram.crossing import Crossing, row_crossing
from rnn_dynamics.pictures.phase_diagram.table import (
    PhaseMap,
    Spot,
    lag_edges,
    map_datasets,
    spot_datasets,
    stretch_crossings,
    stretch_factors,
)
from rnn_dynamics.pictures.phase_diagram.words import finding, has_mean_field, numbers, picture_texts


@lru_cache(maxsize=128)
def _map(
    experiment: Experiment, there: tuple[float, ...], across: str, palette: tuple[str, ...]
) -> tuple[dict[str, bytes], dict[float, Crossing]]:
    """The map's datasets, and the crossing at each input strength."""
    rows = [phase_row(replace(experiment, input_scale=scale)) for scale in there]
    crossings = {row.experiment.input_scale: row_crossing(row) for row in rows}
    if not has_mean_field(experiment):
        crossings = {scale: replace(point, predicted=None) for scale, point in crossings.items()}
    if across == "input":
        factors = np.stack([row.log10_factors for row in rows], axis=1) if rows else np.empty((0, 0))
        columns, found = [INPUT_SCALES.index(scale) for scale in there], list(crossings.values())
    else:
        factors = stretch_factors(rows[0]) if rows else np.empty((0, 0))
        found = stretch_crossings(rows[0], crossings[there[0]].predicted) if rows else []
        columns = list(range(len(found)))
    phase_map = PhaseMap(
        positions=WEIGHT_SCALES,
        weight_scales=rows[0].weight_scales if rows else (),
        columns=columns,
        log10_factors=factors,
        crossings=found,
        palette=palette,
    )
    return map_datasets(phase_map), crossings


@lru_cache(maxsize=256)
def phase_picture(
    experiment: Experiment, there: tuple[float, ...], across: str, colour: str, palette: tuple[str, ...]
) -> tuple[dict[str, bytes], str]:
    """The picture's datasets with the rows that are there, and the finding as HTML."""
    base = replace(experiment, weight_scale=1.0, seed=0)
    if across == "input":  # the row that stands in the cache's key for all
        base = replace(base, input_scale=1.0)
    datasets, crossings = _map(base, there, across, palette)
    split = lag_answer(experiment)
    edges = lag_edges(experiment.sequence_length)
    names = [f"{scale:g}" for scale in INPUT_SCALES] if across == "input" else [str(edge) for edge in edges]
    says = numbers(experiment, crossings, split)
    spot = Spot(
        row=WEIGHT_SCALES.index(experiment.weight_scale),
        column=INPUT_SCALES.index(experiment.input_scale) if across == "input" else None,
        columns=len(INPUT_SCALES) if across == "input" else max(1, len(edges) - 1),
        names=names,
        split=split,
        colour=colour,
        texts=picture_texts(experiment, crossings, split, says),
    )
    return datasets | spot_datasets(spot), finding(experiment, crossings, split, says)
