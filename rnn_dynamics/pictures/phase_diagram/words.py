"""The words of the page "Phase diagram", filled with numbers: titles, labels, and the finding as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.theory import mean_field_crossing, mean_field_log10_factor
from rnn_dynamics.engine.trace import LagSplit
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import power_of_ten, times
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, phase_row, row_size
from rnn_dynamics.pictures.phase_diagram.crossing import Crossing, Range
from rnn_dynamics.pictures.phase_diagram.table import WHOLE_WITHIN, lag_of_whole

PAGE = "phase_diagram"
#: log10 norms of a gradient that nobody would look at twice.
_HEALTHY = (-3.0, 2.0)


def has_mean_field(experiment: Experiment) -> bool:
    """Whether mean field speaks of what the map measures: one error, sent back through W_hh from the last step."""
    return experiment.loss_at == "last" and experiment.hidden_path == "open"


def numbers(experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit) -> dict[str, object]:
    """The numbers that the words are filled with."""
    words, point = sentences(PAGE), crossings.get(experiment.input_scale)
    length = experiment.sequence_length
    reached, middle = lag_of_whole(split), length // 2
    steps = 0 if reached is None else reached + 1
    networks, stride = row_size(experiment)
    return {
        "cell": words["cells"][experiment.cell],
        "input": f"{experiment.input_scale:g}",
        "scale": f"{experiment.weight_scale:g}",
        "networks": networks,
        "last": networks - 1,
        "stride": stride,
        "seed": experiment.seed,
        "total": power_of_ten(split.total),
        "last_steps": words["picture"]["step" if steps == 1 else "steps"].format(steps=steps),
        "after": words["picture"]["after_one" if steps == 1 else "after"].format(steps=steps),
        "steps": steps,
        "steps_total": length,
        "middle": middle,
        "of_middle": power_of_ten(float(split.step[length - 1 - middle] - split.total)) if reached is not None else "–",
        **_borders(experiment, point),
        **_factors_here(experiment),
    }


def _borders(experiment: Experiment, point: Crossing | None) -> dict[str, str]:
    """Where gradients grow at the chosen input, measured and by mean field, and mean field's ends over all inputs."""
    predicted = [mean_field_crossing(replace(experiment, input_scale=scale)) for scale in INPUT_SCALES]
    known = [scale for scale in predicted if scale is not None and has_mean_field(experiment)]
    measured = point.grows[0] if point and point.grows else (None, None)
    return {
        "from": _shown(measured[0]),
        "to": _shown(measured[1]),
        "ranges": _ranges(point.grows) if point else "–",
        "passes": str(sum(end is not None for grows in point.grows for end in grows)) if point else "–",
        "predicted": _shown(point.predicted if point else None),
        "at_rest": _shown(known[0] if known else None),
        "highest": _shown(max(known, default=None)),
    }


def _factors_here(experiment: Experiment) -> dict[str, str]:
    """The factor per step at the chosen settings: mean, smallest and largest of the networks, and mean field's."""
    if experiment.sequence_length < 2:
        return dict.fromkeys(("factor", "low", "high", "largest", "nearest", "theory"), "–")
    row = phase_row(experiment)
    theory = mean_field_log10_factor(experiment) if has_mean_field(experiment) else None
    nearest = int(np.argmin(np.abs(np.subtract(row.weight_scales, experiment.weight_scale))))
    each = row.log10_factors_by_seed[:, nearest]
    expected = sentences(PAGE)["here"]["theory"].format(factor=_factor(theory)) if theory is not None else ""
    return {
        "factor": _factor(float(row.log10_factors[nearest])),
        "low": _factor(float(each.min())),
        "high": _factor(float(each.max())),
        "largest": _factor(float(np.nanmax(row.log10_factors, initial=-np.inf))),
        "nearest": f"{row.weight_scales[nearest]:g}",
        "theory": expected,
    }


def _factor(log10_factor: float) -> str:
    """A factor per step, with one digit more where it is almost 1."""
    return times(log10_factor, ".4g" if abs(log10_factor) < 0.02 else ".3g")


def _shown(scale: float | None) -> str:
    return "–" if scale is None else f"{scale:.2f}"


def _ranges(grows: Sequence[Range]) -> str:
    """Ranges of weight scales as a reader meets them."""
    words = sentences(PAGE)["ranges"]
    shown = [words[_kind(one)].format(low=_shown(one[0]), high=_shown(one[1])) for one in grows]
    return ", ".join(shown) or str(words["none"])


def _kind(one: Range) -> str:
    """Which ends a range has."""
    low, high = one
    if low is None:
        return "all" if high is None else "below"
    return "above" if high is None else "between"


def picture_texts(
    experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit, says: Mapping[str, object]
) -> dict[str, str]:
    """What is written in the picture."""
    words = sentences(PAGE)
    picture, titles, row = words["picture"], words["titles"], _outcome(experiment, crossings)
    reached = lag_of_whole(split) is not None
    return {
        "here": picture[_here(experiment, says)].format(**says),
        "map": titles[row].format(**says),
        "title": titles[_claim(experiment, split)].format(**says),
        "total_label": picture["total"].format(**says),
        "share_label": picture["share" if reached else "share_zero"].format(**says),
    }


def _here(experiment: Experiment, says: Mapping[str, object]) -> str:
    """What stands beside the chosen cell: a coarse map has no factor of its own there."""
    if experiment.sequence_length < 2:
        return "here_single"
    return "here" if says["nearest"] == says["scale"] else "here_near"


def _outcome(experiment: Experiment, crossings: Mapping[float, Crossing]) -> str:
    """Which sentence the map's title is."""
    point = crossings.get(experiment.input_scale)
    if point is None:
        return "single"
    if len(point.grows) != 1:
        return "several" if point.grows else "none"
    kind = _kind(point.grows[0])
    return "both" if kind == "above" and point.predicted is not None else kind


def _claim(experiment: Experiment, split: LagSplit) -> str:
    """Which sentence the title of the split is."""
    reached = lag_of_whole(split)
    if experiment.sequence_length == 1:
        return "lag_single"
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
    """The factor here, the table of borders by input strength, and the notes, as HTML."""
    words = sentences(PAGE)["here"]
    if experiment.sequence_length < 2:
        here = words["single"]
    else:
        place = words["here" if says["nearest"] == says["scale"] else "near"].format(**says)
        here = words["one" if says["networks"] == 1 else "text"].format(place=place, **says)
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(experiment, crossings, split, says))
    return f'<p class="equation">{here}</p>{_table(experiment, crossings, says)}{notes}'


def _table(experiment: Experiment, crossings: Mapping[float, Crossing], says: Mapping[str, object]) -> str:
    """A row for each input strength that there is: where gradients grow, the standard error, mean field's border."""
    words = sentences(PAGE)["table"]
    if not crossings:
        return ""
    columns = ["measured"]
    if row_size(experiment)[0] > 1:
        columns.append("spread")
    if any(point.predicted is not None for point in crossings.values()):
        columns.append("predicted")
    head = "".join(f"<th>{words[name].format(**says)}</th>" for name in ("input", *columns))
    rows = "".join(_row(scale, point, columns, scale == experiment.input_scale) for scale, point in crossings.items())
    return f'<div style="overflow-x: auto"><table class="verdict"><tr>{head}</tr>{rows}</table></div>'


def _row(scale: float, point: Crossing, columns: Sequence[str], here: bool) -> str:
    shown = {"measured": _ranges(point.grows), "spread": _spread(point), "predicted": _shown(point.predicted)}
    values = (f"{scale:g}", *(shown[name] for name in columns))
    return f"<tr>{''.join(f'<td><b>{value}</b></td>' if here else f'<td>{value}</td>' for value in values)}</tr>"


def _spread(point: Crossing) -> str:
    """Of a border that there is one of."""
    if point.low is None or point.high is None or [_kind(one) for one in point.grows] != ["above"]:
        return "–"
    return f"{point.low:.2f}–{point.high:.2f}"


def _notes(
    experiment: Experiment, crossings: Mapping[float, Crossing], split: LagSplit, says: Mapping[str, object]
) -> Iterator[str]:
    words, point = sentences(PAGE)["notes"], crossings.get(experiment.input_scale)
    if experiment.loss_at == "every":
        yield words["every"]
    if point:
        yield words[_on_mean_field(experiment, point, says)].format(**says)
        if experiment.cell == "lstm" and point.grows:
            yield words["gates_grow"].format(**says)
        if np.isneginf(phase_row(experiment).log10_factors).all():
            yield words["cut" if experiment.hidden_path == "cut" else "zero"]
        yield words["finite" if row_size(experiment)[0] > 1 else "one"].format(**says)
    if row_size(experiment)[1] > 1:
        yield words["coarse"].format(**says)
    if lag_of_whole(split) is not None and (split.cumulative_share > 1.0 + WHOLE_WITHIN).any():
        yield words["cancel"].format(largest=100 * float(np.nanmax(split.cumulative_share)))
    if unsure := warning(split.digits):
        yield unsure


def _on_mean_field(experiment: Experiment, point: Crossing, says: Mapping[str, object]) -> str:
    """What is said of the weights' critical size: by mean field, where it speaks of these settings."""
    if point.predicted is None:
        return "no_mean_field" if experiment.cell != "rnn" else "no_mean_field_rnn"
    return "moves" if says["at_rest"] == "1.00" else "moves_from_elsewhere"
