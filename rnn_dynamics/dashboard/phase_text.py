"""The words of the page "Phase diagram", filled with numbers: titles, labels, and the finding as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.dashboard.phase_rows import phase_row, row_size
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.tables.phase import Crossing
from rnn_dynamics.tables.phase_diagram import WHOLE_WITHIN, lag_of_whole
from rnn_dynamics.tables.verdict import power_of_ten
from rnn_dynamics.theory import mean_field_log10_factor
from rnn_dynamics.trace import LagSplit

PAGE = "phase_diagram"
#: log10 norms of a gradient that nobody would look at twice.
_HEALTHY = (-3.0, 2.0)


def has_mean_field(experiment: Experiment) -> bool:
    """Whether mean field speaks of what the map measures: one error, sent back through W_hh from the last step."""
    return experiment.loss_at == "last" and experiment.hidden_path == "open"


def numbers(experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit) -> dict[str, object]:
    """The numbers that the words are filled with."""
    point = crossings.get(experiment.input_scale)
    length = experiment.sequence_length
    reached, middle = lag_of_whole(split), length // 2
    predictions = [point.predicted for point in crossings.values()]
    return {
        "cell": experiment.cell.upper(),
        "input": f"{experiment.input_scale:g}",
        "scale": f"{experiment.weight_scale:g}",
        "measured": _shown(point.measured if point else None),
        "predicted": _shown(point.predicted if point else None),
        "networks": row_size(experiment)[0],
        "last": row_size(experiment)[0] - 1,
        "stride": row_size(experiment)[1],
        "lowest": _shown(min((p for p in predictions if p is not None), default=None)),
        "highest": _shown(max((p for p in predictions if p is not None), default=None)),
        "seed": experiment.seed,
        "total": power_of_ten(split.total),
        "steps": 0 if reached is None else reached + 1,
        "last_steps": sentences(PAGE)["picture"]["steps" if reached else "step"].format(steps=(reached or 0) + 1),
        "steps_total": length,
        "middle": middle,
        "of_middle": power_of_ten(float(split.step[length - 1 - middle] - split.total)) if reached is not None else "–",
        **_factors_here(experiment),
    }


def _factors_here(experiment: Experiment) -> dict[str, str]:
    """The factor per step at the chosen settings: mean, smallest and largest of the networks, and mean field's."""
    if experiment.sequence_length < 2:
        return dict.fromkeys(("factor", "low", "high", "theory"), "–")
    row = phase_row(experiment)
    theory = mean_field_log10_factor(experiment) if has_mean_field(experiment) else None
    nearest = int(np.argmin(np.abs(np.subtract(row.weight_scales, experiment.weight_scale))))
    each = row.log10_factors_by_seed[:, nearest]
    values = (float(row.log10_factors[nearest]), float(each.min()), float(each.max()))
    mean, low, high = (f"×{10**value:.3g}" for value in values)
    expected = sentences(PAGE)["here"]["theory"].format(factor=10**theory) if theory is not None else ""
    return {"factor": mean, "low": low, "high": high, "theory": expected}


def _shown(scale: float | None) -> str:
    return "–" if scale is None else f"{scale:.2f}"


def picture_texts(
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


def finding(
    experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit, says: Mapping[str, object]
) -> str:
    """The factor here, the table of crossings by input strength, and the notes, as HTML."""
    words = sentences(PAGE)
    kind = "single" if experiment.sequence_length < 2 else "one" if says["networks"] == 1 else "text"
    here = words["here"][kind].format(**says)
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
    ]
    if row_size(experiment)[0] > 1:
        rows.append(line("spread", [_spread(point) for point in points]))
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
    if point and np.isneginf(phase_row(experiment).log10_factors).all():
        yield words["cut"]
    if point:
        yield words["finite" if row_size(experiment)[0] > 1 else "one"].format(**says)
    if row_size(experiment)[1] > 1:
        yield words["coarse"].format(**says)
    if lag_of_whole(split) is not None and (split.cumulative_share > 1.0 + WHOLE_WITHIN).any():
        yield words["cancel"].format(largest=100 * float(np.nanmax(split.cumulative_share)))
