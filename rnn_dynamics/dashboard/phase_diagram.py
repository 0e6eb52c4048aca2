"""The answers behind the page "Phase diagram": rows of the map one by one, the split by lag, and the finding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from time import monotonic

import numpy as np

from rnn_dynamics.cells import CELLS
from rnn_dynamics.dashboard.cache import COMPUTING
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.experiment import KNOBS_NUMBER, WEIGHT_SCALES, Experiment
from rnn_dynamics.phase import phase_grid
from rnn_dynamics.run import split_by_lag
from rnn_dynamics.tables.phase import Crossing, row_crossing
from rnn_dynamics.tables.phase_diagram import (
    PhaseMap,
    Spot,
    lag_edges,
    lag_of_whole,
    map_datasets,
    spot_datasets,
    stretch_crossings,
    stretch_factors,
)
from rnn_dynamics.tables.verdict import power_of_ten
from rnn_dynamics.theory import mean_field_log10_factor
from rnn_dynamics.trace import LagSplit, PhaseRow

PAGE = "phase_diagram"
INPUT_SCALES = KNOBS_NUMBER["input_scale"].offered
#: Networks that a row is the mean of. One network of 32 units may cross 1 anywhere between 1.2 and 5.
NETWORKS = 8
#: What a row may cost in multiply-adds: about a sixth of a second with more than one network, a third with one.
_LARGEST_MEAN, _LARGEST_ROW = 3.5e8, 8e8
#: As in `cache`: what a step costs beside the products, as if H were this much larger.
_OVERHEAD = 100
#: log10 norms of a gradient that nobody would look at twice.
_HEALTHY = (-3.0, 2.0)


def row_size(experiment: Experiment) -> tuple[int, int]:
    """How many networks a row can afford, and how far apart its weight scales are, 1 for all of them."""
    size = experiment.hidden_size
    one = CELLS[experiment.cell].blocks * (size + _OVERHEAD) * size * experiment.batch_size
    one *= experiment.sequence_length * len(WEIGHT_SCALES)
    return int(min(NETWORKS, max(1, _LARGEST_MEAN // one))), math.ceil(one / _LARGEST_ROW)


@lru_cache(maxsize=512)  # a row keeps its norms, 40 kB at T = 200
def _place(_: Experiment) -> list[PhaseRow]:
    """Where a row stands once it is computed; empty until then, so that one can look without computing."""
    return []


def phase_row(experiment: Experiment) -> PhaseRow:
    """The row of the map at the experiment's input strength; its weight scale and seed do not matter."""
    question = replace(experiment, weight_scale=1.0, seed=0)
    place = _place(question)
    if not place:
        with COMPUTING:
            networks, stride = row_size(question)
            scales = tuple(reversed(WEIGHT_SCALES[::-stride]))
            place.extend(phase_grid(question, scales, [question.input_scale], range(networks)))
    return place[0]


def computed_strengths(experiment: Experiment, across: str, seconds: float) -> tuple[float, ...]:
    """The input strengths whose rows there are, after at most so many seconds and one row more.

    The chosen one is always among them; then come its neighbours. With the lag across, only it is needed; a sequence of
    a single step has no row at all.
    """
    if experiment.sequence_length < 2:
        return ()
    phase_row(experiment)
    chosen, end = INPUT_SCALES.index(experiment.input_scale), monotonic() + seconds
    outwards = sorted(range(len(INPUT_SCALES)), key=lambda k: abs(k - chosen)) if across == "input" else [chosen]
    there = []
    for k in outwards:
        question = replace(experiment, weight_scale=1.0, seed=0, input_scale=INPUT_SCALES[k])
        if _place(question) or monotonic() < end:
            phase_row(question)
            there.append(k)
    return tuple(INPUT_SCALES[k] for k in sorted(there))


def missing(experiment: Experiment, across: str, there: tuple[float, ...]) -> bool:
    """Whether the map lacks rows."""
    return experiment.sequence_length > 1 and across == "input" and len(there) < len(INPUT_SCALES)


@lru_cache(maxsize=512)
def lag_answer(experiment: Experiment) -> LagSplit:
    """The split of the chosen network's gradient."""
    with COMPUTING:
        return split_by_lag(experiment)


@lru_cache(maxsize=128)
def _map(
    experiment: Experiment, there: tuple[float, ...], across: str, palette: tuple[str, ...]
) -> tuple[dict[str, bytes], dict[float, Crossing]]:
    """The map's datasets, and the crossing at each input strength."""
    rows = [phase_row(replace(experiment, input_scale=scale)) for scale in there]
    crossings = {row.experiment.input_scale: row_crossing(row) for row in rows}
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
    says = _says(experiment, crossings, split)
    spot = Spot(
        row=WEIGHT_SCALES.index(experiment.weight_scale),
        column=INPUT_SCALES.index(experiment.input_scale) if across == "input" else None,
        columns=len(INPUT_SCALES) if across == "input" else max(1, len(edges) - 1),
        names=names,
        split=split,
        colour=colour,
        texts=_texts(experiment, crossings, split, says),
    )
    return datasets | spot_datasets(spot), _finding(experiment, crossings, split, says)


def _says(experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit) -> dict[str, object]:
    """The numbers that the words are filled with."""
    point = crossings.get(experiment.input_scale)
    length = experiment.sequence_length
    reached, middle = lag_of_whole(split), length // 2
    return {
        "cell": experiment.cell.upper(),
        "input": f"{experiment.input_scale:g}",
        "scale": f"{experiment.weight_scale:g}",
        "measured": _shown(point.measured if point else None),
        "predicted": _shown(point.predicted if point else None),
        "networks": row_size(experiment)[0],
        "last": row_size(experiment)[0] - 1,
        "stride": row_size(experiment)[1],
        "seed": experiment.seed,
        "total": power_of_ten(split.total),
        "steps": 0 if reached is None else reached + 1,
        "steps_total": length,
        "middle": middle,
        "of_middle": power_of_ten(float(split.step[length - 1 - middle] - split.total)) if reached is not None else "–",
        **_factors_here(experiment),
    }


def _factors_here(experiment: Experiment) -> dict[str, str]:
    """The factor per step at the chosen settings: mean, smallest and largest of the networks, and mean field's."""
    if experiment.sequence_length < 2:
        return dict.fromkeys(("factor", "low", "high", "theory"), "–")
    row, theory = phase_row(experiment), mean_field_log10_factor(experiment)
    nearest = int(np.argmin(np.abs(np.subtract(row.weight_scales, experiment.weight_scale))))
    each = row.log10_factors_by_seed[:, nearest]
    values = (float(row.log10_factors[nearest]), float(each.min()), float(each.max()))
    mean, low, high = (f"×{10**value:.3g}" for value in values)
    return {"factor": mean, "low": low, "high": high, "theory": "–" if theory is None else f"×{10**theory:.3g}"}


def _shown(scale: float | None) -> str:
    return "–" if scale is None else f"{scale:.2f}"


def _texts(
    experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit, says: Mapping[str, object]
) -> dict[str, str]:
    """What is written in the picture."""
    words = sentences(PAGE)
    picture, titles, row = words["picture"], words["titles"], _outcome(experiment, crossings)
    return {
        "here": picture["here"].format(**says),
        "map": titles[row].format(**says),
        "title": titles[_claim(experiment, split)].format(**says),
        "total_label": picture["total"].format(**says),
        "share_label": picture["share"].format(**says),
    }


def _outcome(experiment: Experiment, crossings: Mapping[float, Crossing]) -> str:
    """Which sentence the map's title is."""
    point = crossings.get(experiment.input_scale)
    if point is None:
        return "single"
    if point.measured is None:
        finite = phase_row(experiment).log10_factors
        return "always_explodes" if (finite >= 0.0).all() else "never_explodes"
    return "measured" if point.predicted is None else "both"


def _claim(experiment: Experiment, split: LagSplit) -> str:
    """Which sentence the title of the split is."""
    reached = lag_of_whole(split)
    if reached is None:
        return "lag_zero"
    if experiment.loss_at == "every":
        return "lag_every"
    if reached + 1 > experiment.sequence_length // 2:
        return "lag_long"
    return "lag_healthy" if _HEALTHY[0] < split.total < _HEALTHY[1] else "lag_short"


def _finding(
    experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit, says: Mapping[str, object]
) -> str:
    """The factor here, the table of crossings by input strength, and the notes, as HTML."""
    words = sentences(PAGE)
    here = words["here"]["single" if experiment.sequence_length < 2 else "text"].format(**says)
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(experiment, crossings, split, says))
    return f'<p class="equation">{here}</p>{_table(experiment, crossings, says)}{notes}'


def _table(experiment: Experiment, crossings: Mapping[float, Crossing], says: Mapping[str, object]) -> str:
    """Crossings measured and predicted, a column for each input strength that there is."""
    words = sentences(PAGE)["table"]
    if not crossings:
        return ""

    def line(name: str, values: list[str]) -> str:
        shown = [f"<b>{v}</b>" if s == experiment.input_scale else v for s, v in zip(crossings, values, strict=True)]
        cells = "".join(f"<td>{value}</td>" for value in shown)
        return f"<tr><td>{words[name].format(**says)}</td>{cells}</tr>"

    points = list(crossings.values())
    rows = [
        line("input", [f"{scale:g}" for scale in crossings]),
        line("measured", [_shown(point.measured) for point in points]),
        line("spread", [_spread(point) for point in points]),
    ]
    if any(point.predicted is not None for point in points):
        rows.append(line("predicted", [_shown(point.predicted) for point in points]))
    return f'<div style="overflow-x: auto"><table class="verdict">{"".join(rows)}</table></div>'


def _spread(point: Crossing) -> str:
    return "–" if point.low is None or point.high is None else f"{point.low:.2f}–{point.high:.2f}"


def _notes(
    experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit, says: Mapping[str, object]
) -> Iterator[str]:
    words, point = sentences(PAGE)["notes"], crossings.get(experiment.input_scale)
    if experiment.loss_at == "every":
        yield words["every"]
    if point and point.predicted is not None:
        yield words["moves"].format(**says)
    elif point:
        yield words["no_mean_field" if experiment.cell != "rnn" else "no_mean_field_rnn"].format(**says)
    if experiment.cell == "lstm" and point and point.measured is not None and point.measured < 1.0:
        yield words["gates_explode"].format(**says)
    yield words["finite"].format(**says)
    if int(row_size(experiment)[1]) > 1:
        yield words["coarse"].format(**says)
    if lag_of_whole(split) is not None and (split.cumulative_share > 1.0 + 0.01).any():
        yield words["cancel"].format(largest=100 * float(np.nanmax(split.cumulative_share)))
