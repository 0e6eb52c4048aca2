"""What there is to say of a network of the reader's own, from numbers and words: rows of a table, or lines of text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rnn_dynamics.content import Says
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.own.advice import Tried
from rnn_dynamics.own.findings import Finding, Judged, worst
from rnn_dynamics.own.formats import Lags, Stored

#: Those of `content.sentences("own", language)`.
Words = Mapping[str, Any]


class Row(NamedTuple):
    """A name and its value, as texts."""

    name: str
    value: str


class AdviceRow(NamedTuple):
    """One suggestion, as texts; `words["advice"]["head"]` names the columns."""

    what: str
    factor: str
    horizon: str
    says: str


def label(words: Words, finding: Judged) -> str:
    """Which layer and direction of which network a finding is of."""
    shown, layers = words["verdict"], finding.layers
    kind = "layer" if layers > 1 else "single"
    if finding.directions > 1:
        kind = "backwards" if finding.reverse else "forwards"
    text = shown[kind].format_map(Says(finding, number=finding.layer + 1))
    return str(shown["named"].format(name=finding.name, label=text) if finding.name else text)


def summary(words: Words, finding: Judged) -> str:
    """A finding in one line."""
    says = outcome(words, finding)
    return str(words["verdict"]["summary"].format(label=label(words, finding), outcome=says))


def outcome(words: Words, finding: Judged) -> str:
    """What becomes of the gradient."""
    kind = finding.verdict.outcome
    if kind == "none" and not finding.travelled:
        kind = "single"
    if kind == "holds" and not finding.sound:
        kind = "fades"
    return str(words["verdict"]["outcomes"][kind])


def verdict_rows(words: Words, finding: Finding) -> tuple[Row, ...]:
    """All that a finding says, beside `outcome`."""
    shown, verdict = words["verdict"]["rows"], finding.verdict
    groups = "" if finding.by_lag is None else _groups(words["verdict"]["lags"], finding)
    kept = None if math.isinf(finding.time_scale) else float(f"{finding.time_scale:.3g}")
    says = Says(finding, groups=groups, kept=kept, whole=None if finding.by_lag is None else finding.by_lag.whole)
    travels = finding.travelled > 0 and verdict.outcome != "silent"
    holds = {
        "factor": travels,
        "arrive": travels and finding.alone,
        "horizon": travels and verdict.horizon is not None,
        "never": travels and verdict.horizon is None,
        "path": travels and math.isfinite(finding.log10_path),
        "keeps": bool(finding.cell.keeps),
    }
    rows = [_row(shown[name], says) for name, true in holds.items() if true]
    if verdict.outcome != "silent":
        rows.extend(_format_row(words["verdict"]["formats"], one, finding.state) for one in finding.formats)
    rows.extend(_row(shown["lags"], says) for _ in range(finding.by_lag is not None))
    rows.extend(_row(shown["matrix"], says) for _ in range(bool(finding.cell.state_matrix)))
    return tuple(rows)


def verdict_lines(words: Words, findings: Sequence[Finding]) -> tuple[str, ...]:
    """All findings as text."""
    return tuple(line for finding in findings for line in _lines(words, finding))


def advice_rows(words: Words, tried: Sequence[Tried]) -> tuple[AdviceRow, ...]:
    """A row for each suggestion, in their order."""
    return tuple(_advice_row(words["advice"], one) for one in tried)


def advice_notes(words: Words, tried: Sequence[Tried]) -> tuple[str, ...]:
    """What is true of all suggestions; that nothing is wrong, where there is none."""
    shown = words["advice"]
    if not tried:
        return (str(shown["nothing"]),)
    one = tried[0]
    says = {
        "levels": len(one.before),
        **{"sequences": one.sequences, "all_sequences": one.of[0], "steps": one.steps, "all_steps": one.of[1]},
    }
    holds = {
        "same_errors": True,
        "alone": one.alone,
        "worst": len(one.before) > 1,
        "whole": not any(each.kind == "truncate" for each in tried) and one.steps > 1,
        "fewer": (one.sequences, one.steps) != one.of,
    }
    return tuple(str(shown["notes"][name].format_map(says)) for name, true in holds.items() if true)


def advice_lines(words: Words, tried: Sequence[Tried]) -> tuple[str, ...]:
    """All suggestions and notes as text."""
    rows = (words["advice"]["line"].format_map(row._asdict()) for row in advice_rows(words, tried))
    return (*rows, *advice_notes(words, tried))


def _lines(words: Words, finding: Finding) -> Iterator[str]:
    yield summary(words, finding)
    for row in verdict_rows(words, finding):
        yield words["verdict"]["line"].format_map(row._asdict())


def _row(shown: Sequence[Any], says: Says) -> Row:
    name, value = shown
    return Row(name.format_map(says), value.format_map(says))


def _groups(shown: Words, finding: Finding) -> str:
    """The shares of dL/dW_hh, by groups of lags."""
    assert finding.by_lag is not None
    groups = (
        shown["one" if first == last else "some"].format(first=first, last=last, share=share)
        for first, last, share in finding.by_lag.groups
    )
    return str(shown["between"]).join(groups)


def _format_row(shown: Words, one: Stored, state: str) -> Row:
    """What one format makes of the gradient of a state."""
    lost = one.subnormal is not None or one.norm is not None  # all else that may be lost is among these
    holds = {
        "fine": not lost,
        "infinite": one.infinite,
        "norm": one.norm and not one.infinite,
        "subnormal": one.subnormal != one.zero,
        "zero": one.zero,
        "scale": lost and one.log2_scale is not None,
        "no_scale": one.log2_scale is None,
    }
    says = {name: _at(shown["at"], value) if isinstance(value, Lags) else value for name, value in vars(one).items()}
    texts = (shown[name].format_map({**says, "state": state}) for name, true in holds.items() if true)
    return Row(shown["name"].format_map(says), str(shown["between"]).join(texts))


def _at(shown: Words, lags: Lags) -> str:
    """At which lags."""
    whole = lags.many == lags.last - lags.first + 1
    return str(shown["one" if lags.many == 1 else "all" if whole else "some"].format_map(lags._asdict()))


def _advice_row(shown: Words, tried: Tried) -> AdviceRow:
    cell = CELLS[tried.cell]
    before, after = worst(tried.before), worst(tried.after) if tried.after else None
    says = {**vars(tried), "cell": cell, "before": before, "after": after, "less": -tried.value}
    changes = {
        "factor": after is not None and tried.network is not None,
        "horizon": after is not None and (tried.network is not None or after.horizon != before.horizon),
    }
    cells = {name: shown["cells"][name if changed else f"{name}_stays"] for name, changed in changes.items()}
    return AdviceRow(
        what=str(shown["what"][_what(tried)].format_map(says)),
        **{name: str(text.format_map(says)) for name, text in cells.items()},
        says=str(shown["says"][_does(tried)].format_map(says)),
    )


def _what(tried: Tried) -> str:
    """Which sentence names a suggestion."""
    if tried.kind == "gate_bias" and tried.value < 0.0:
        return "gate_bias_less"
    if tried.kind == "orthogonal" and CELLS[tried.cell].blocks == 1:
        return "orthogonal_rows" if CELLS[tried.cell].oscillates else "orthogonal_one"
    return tried.kind


def _does(tried: Tried) -> str:
    """Which sentence says what it does."""
    if tried.kind == "clip":
        return "clip" if tried.effect < 0.0 else "clip_nothing"
    if tried.outcome == "better" and worst(tried.after).outcome == "holds":
        return "fades"
    if tried.kind == "truncate":  # of a gradient of zero, or beyond float64, no part is known
        return "truncate_alone" if math.isnan(tried.effect) else "truncate"
    return tried.outcome
