"""What the phase diagram says: titles, labels, table and notes, from the words in content/ and an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.engine.phase_crossing import Range
from rnn_dynamics.pictures.kit.answered import goes_unseen_by_h
from rnn_dynamics.pictures.kit.finding import Words, above, claimed, first, paragraphs, table, told
from rnn_dynamics.pictures.phase_diagram.answer import PhaseAnswer

#: A border from which on nobody would say that it lies at weight scale 1.
_ABOVE_ONE = 1.05


def moving_texts(words: Words, answer: PhaseAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Map and split (titles), and names: here (the chosen cell), total and share (the split's lines)."""
    says, titles, labels = _says(words, answer), words["titles"], words["picture"]
    keys = {
        "here": first(here_nameless=answer.here is None, here_near=answer.is_near, here=True),
        "total": "total",
        "share": "share_zero" if answer.split.lag_of_whole is None else "share",
    }
    return {
        "map": titles[_outcome(answer)].format_map(says),
        "split": titles[_claim(answer)].format_map(says),
        "names": {name: labels[key].format_map(says) for name, key in keys.items()},
    }


def finding(words: Words, answer: PhaseAnswer, _: Mapping[str, str]) -> str:
    """The factor here, the table of borders by input scale, and the notes, as HTML."""
    says = _says(words, answer)
    here = above(words["here"][_spoken(answer)].format_map(says))
    borders = _by_input_scale(words["table"], answer, says) if answer.crossings else ""
    return here + borders + paragraphs(told(words["notes"], says, **_notes(answer)))


def claim(words: Words, answer: PhaseAnswer, _: Mapping[str, str]) -> str:
    """What the map says at the chosen input scale, as HTML."""
    experiment, point = answer.experiment, answer.crossing
    grows, zero = point.grows if point else (), answer.here and answer.here.is_zero
    return claimed(
        words,
        _says(words, answer),
        single=experiment.sequence_length == 1,
        waits=answer.here is None or not answer.log10_factors,
        every=experiment.loss_at == "every",
        unseen=goes_unseen_by_h(experiment),
        cut=zero and experiment.hidden_path == "cut",
        zero=zero,
        larger_than_one=_from_above(grows) > _ABOVE_ONE and answer.is_plain,
        gates_grow=grows and experiment.cell == "lstm",
        none=not grows,
        here=True,
    )


def _from_above(grows: Sequence[Range]) -> float:
    """The weight scale above which gradients grow, where there is one such; else 0."""
    return grows[0][0] or 0.0 if len(grows) == 1 and _kind(grows[0]) == "above" else 0.0


def _says(words: Words, answer: PhaseAnswer) -> Says:
    grows, whole = answer.crossing.grows if answer.crossing else (), answer.split.lag_of_whole
    return Says(
        answer,
        last_seed=answer.networks - 1,
        steps=None if whole is None else whole + 1,
        grows=grows[0] if grows else None,
        ranges=_ranges(words["table"], grows),
        passes=sum(end is not None for one in grows for end in one),
    )


def _ranges(words: Words, grows: Sequence[Range]) -> str:
    """Ranges of weight scales as a reader meets them."""
    shown = [words[_kind(one)].format(low=one[0], high=one[1]) for one in grows]
    return str(words["listed"]).join(shown) or str(words["none"])


def _kind(one: Range) -> str:
    """Which ends a range has."""
    low, high = one
    if low is None:
        return "all" if high is None else "below"
    return "above" if high is None else "between"


def _spoken(answer: PhaseAnswer) -> str:
    """Which sentence says the factor here: a coarse map has none of its own there."""
    if answer.here is None:
        return _missing(answer)
    kind = first(near=answer.is_near, one=answer.networks == 1, text=True)
    return kind if answer.theory is None else f"{kind}_theory"


def _outcome(answer: PhaseAnswer) -> str:
    """Which sentence the map's title is."""
    point = answer.crossing
    if point is None:
        return _missing(answer)
    if len(point.grows) != 1:
        return "several" if point.grows else "none"
    kind = _kind(point.grows[0])
    return "both" if kind == "above" and point.predicted is not None else kind


def _missing(answer: PhaseAnswer) -> str:
    """Why there is no row of the chosen input scale."""
    return "single" if answer.experiment.sequence_length == 1 else "waits"


def _claim(answer: PhaseAnswer) -> str:
    """Which sentence the title of the split is."""
    length, reached = answer.experiment.sequence_length, answer.split.lag_of_whole
    return first(
        lag_single=length == 1 and answer.experiment.initial_state == "zero",
        lag_zero=reached is None,
        lag_one=length == 1,
        lag_every=answer.experiment.loss_at == "every",
        lag_long=reached is not None and reached + 1 > length // 2,
        lag_short=True,
    )


def _by_input_scale(words: Words, answer: PhaseAnswer, says: Says) -> str:
    """Where gradients grow, the standard error of their border, and mean field's; the chosen row is bold."""
    predicted = any(point.predicted is not None for point in answer.crossings.values())
    shown = {"input": True, "measured": True, "spread": answer.networks > 1, "predicted": predicted}
    rows = []
    for scale, point in answer.crossings.items():
        spread = words["spread"].format(*point.border) if None not in point.border else "–"
        row = {"scale": scale, "point": point, "ranges": _ranges(words, point.grows), "spread": spread}
        cell = "<td><b>{}</b></td>" if point is answer.crossing else "<td>{}</td>"
        rows.append(f"<tr>{''.join(map(cell.format, told(words['cells'], row, **shown)))}</tr>")
    return table(f"<tr>{''.join(told(words['head'], says, **shown))}</tr>", rows)


def _notes(answer: PhaseAnswer) -> dict[str, object]:
    experiment, point = answer.experiment, answer.crossing
    return {
        _on_mean_field(answer): point,
        "zero": answer.here and answer.here.is_zero and experiment.hidden_path != "cut",
        "finite" if answer.networks > 1 else "one": point,
        "coarse": answer.stride > 1,
        "cancel": answer.split.cancels,
    }


def _on_mean_field(answer: PhaseAnswer) -> str:
    """What is said of the weights' critical size: by mean field, where it speaks of these settings."""
    if answer.crossing is None or answer.crossing.predicted is None:
        return "no_mean_field" if answer.experiment.cell != "rnn" else "no_mean_field_rnn"
    return "moves" if round(answer.predicted[0], 2) == 1.0 else "moves_from_elsewhere"
