"""What the phase diagram says: titles, labels, table and notes, from the words in content/ and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.engine.crossing import Crossing, Range
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.theme import CELL_NAMES
from rnn_dynamics.pictures.phase_diagram.answer import PhaseAnswer

Words = Mapping[str, Any]
#: log10 norms of a gradient that nobody would look at twice.
_HEALTHY = (-3.0, 2.0)


def texts(words: Words, answer: PhaseAnswer, _: Mapping[str, str]) -> dict[str, str]:
    """Map and split (titles), here (beside the chosen cell), total and share (beside the split's lines)."""
    says, labels = _says(words, answer), words["picture"]
    share = "share_zero" if answer.split.lag_of_whole is None else "share"
    return {
        "map": words["titles"][_outcome(answer)].format(**says),
        "split": _counted(words["titles"], _claim(answer), says),
        "here": labels[_here(answer)].format(**says),
        "total": labels["total"].format(**says),
        "share": _counted(labels, share, says),
    }


def finding(words: Words, answer: PhaseAnswer, _: Mapping[str, str]) -> str:
    """The factor here, the table of borders by input scale, and the notes, as HTML."""
    says = _says(words, answer)
    here = words["here"][_spoken(answer)].format(**says)
    notes = list(_notes(words["notes"], answer, says))
    if not answer.crossings:
        return f'<p class="equation">{here}</p>{paragraphs(notes)}'
    table, columns = words["table"], _columns(answer)
    head = "".join(f"<th>{table[name].format(**says)}</th>" for name in ("input", *columns))
    rows = (
        _row(words["ranges"], scale, point, columns, scale == answer.experiment.input_scale)
        for scale, point in answer.crossings.items()
    )
    return as_html(f"<tr>{head}</tr>", rows, notes, here)


def _counted(words: Words, key: str, says: Words) -> str:
    """A sentence, in the singular where it counts a single step."""
    found = words[key]
    return str(found.format(**says)) if isinstance(found, str) else counted(found, says["steps"], **says)


def _says(words: Words, answer: PhaseAnswer) -> dict[str, Any]:
    """The numbers that the words are filled with."""
    experiment, found, ranges = answer.experiment, answer.crossing, words["ranges"]
    grows = found.grows if found else ()
    first = grows[0] if grows else (None, None)
    names = ("factor", "low", "high", "largest")
    return {
        "cell": CELL_NAMES[experiment.cell],
        "label": answer.cell.label,
        "input": f"{experiment.input_scale:g}",
        "nearest": f"{answer.nearest:g}",
        "networks": answer.networks,
        "last": answer.networks - 1,
        "stride": answer.stride,
        "seed": experiment.seed,
        "total": power_of_ten(answer.split.total),
        "steps": 0 if answer.split.lag_of_whole is None else answer.split.lag_of_whole + 1,
        "steps_total": experiment.sequence_length,
        "middle": answer.middle,
        "of_middle": power_of_ten(answer.log10_of_middle),
        "from": _shown(first[0]),
        "to": _shown(first[1]),
        "ranges": _ranges(ranges, grows),
        "passes": sum(end is not None for one in grows for end in one),
        "predicted": _shown(found.predicted if found else None),
        "at_rest": _shown(answer.predicted[0]),
        "highest": _shown(answer.predicted[1]),
        "theory": _factor(answer.theory),
        "above": 100 * answer.largest_share,
        **{name: _factor(answer.log10_factors.get(name)) for name in names},
    }


def _factor(log10_factor: float | None) -> str:
    """A factor per step, with one digit more where it is almost 1."""
    factor = math.nan if log10_factor is None else log10_factor
    return times(factor, ".4g" if abs(factor) < 0.02 else ".3g")


def _shown(scale: float | None) -> str:
    return "–" if scale is None else f"{scale:.2f}"


def _ranges(words: Words, grows: Sequence[Range]) -> str:
    """Ranges of weight scales as a reader meets them."""
    shown = [words[_kind(one)].format(low=_shown(one[0]), high=_shown(one[1])) for one in grows]
    return ", ".join(shown) or str(words["none"])


def _kind(one: Range) -> str:
    """Which ends a range has."""
    low, high = one
    if low is None:
        return "all" if high is None else "below"
    return "above" if high is None else "between"


def _here(answer: PhaseAnswer) -> str:
    """What stands beside the chosen cell: a coarse map has no factor of its own there."""
    if answer.here is None:
        return "here_single"
    return "here" if answer.nearest == answer.experiment.weight_scale else "here_near"


def _spoken(answer: PhaseAnswer) -> str:
    """Which sentence says the factor here."""
    if answer.here is None:
        return "single"
    near = answer.nearest != answer.experiment.weight_scale
    kind = "near" if near else "one" if answer.networks == 1 else "text"
    return kind if answer.theory is None else f"{kind}_theory"


def _outcome(answer: PhaseAnswer) -> str:
    """Which sentence the map's title is."""
    point = answer.crossing
    if point is None:
        return "single"
    if len(point.grows) != 1:
        return "several" if point.grows else "none"
    kind = _kind(point.grows[0])
    return "both" if kind == "above" and point.predicted is not None else kind


def _claim(answer: PhaseAnswer) -> str:
    """Which sentence the title of the split is."""
    experiment, reached = answer.experiment, answer.split.lag_of_whole
    if experiment.sequence_length == 1:
        return "lag_single"
    if reached is None:
        return "lag_zero"
    if experiment.loss_at == "every":
        return "lag_every"
    if reached + 1 > experiment.sequence_length // 2:
        return "lag_long"
    return "lag_healthy" if _HEALTHY[0] <= answer.split.total <= _HEALTHY[1] else "lag_short"


def _columns(answer: PhaseAnswer) -> list[str]:
    """Of the table, beside the input scale."""
    predicted = any(point.predicted is not None for point in answer.crossings.values())
    return ["measured", *(["spread"] if answer.networks > 1 else []), *(["predicted"] if predicted else [])]


def _row(words: Words, scale: float, point: Crossing, columns: Sequence[str], here: bool) -> str:
    """A row for an input scale: where gradients grow, the standard error, mean field's border."""
    shown = {"measured": _ranges(words, point.grows), "spread": _spread(point), "predicted": _shown(point.predicted)}
    values = (f"{scale:g}", *(shown[name] for name in columns))
    return f"<tr>{''.join(f'<td><b>{value}</b></td>' if here else f'<td>{value}</td>' for value in values)}</tr>"


def _spread(point: Crossing) -> str:
    """Of a border that there is one of."""
    if point.low is None or point.high is None or [_kind(one) for one in point.grows] != ["above"]:
        return "–"
    return f"{point.low:.2f}–{point.high:.2f}"


def _notes(words: Words, answer: PhaseAnswer, says: Words) -> Iterator[str]:
    experiment, point = answer.experiment, answer.crossing
    if experiment.loss_at == "every":
        yield words["every"]
    if point:
        yield words[_on_mean_field(answer, point)].format(**says)
        if experiment.cell == "lstm" and point.grows:
            yield words["gates_grow"].format(**says)
        if answer.is_zero:
            yield words["cut" if experiment.hidden_path == "cut" else "zero"]
        yield words["finite" if answer.networks > 1 else "one"].format(**says)
    if answer.stride > 1:
        yield words["coarse"].format(**says)
    if answer.cancels:
        yield words["cancel"].format(**says)


def _on_mean_field(answer: PhaseAnswer, point: Crossing) -> str:
    """What is said of the weights' critical size: by mean field, where it speaks of these settings."""
    if point.predicted is None:
        return "no_mean_field" if answer.experiment.cell != "rnn" else "no_mean_field_rnn"
    return "moves" if _shown(answer.predicted[0]) == "1.00" else "moves_from_elsewhere"


def progress(words: Words, work: Growing) -> str:
    """How many of the map's rows there are."""
    return str(words["progress"].format(done=len(work.there), all=len(work.rows)))
