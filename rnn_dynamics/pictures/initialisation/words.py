"""What "What initialisation really does" says: its lines, its claim, its notes, from the words in content/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.pictures.initialisation.answer import (
    CELL_LABELS,
    ROWS,
    InitialisationAnswer,
    InitialisationRow,
    Key,
)
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.theme import CELL_NAMES

Words = Mapping[str, Any]
#: What a framework does when nobody asks for anything.
FRAMEWORKS = ("torch", "keras")


def texts(words: Words, answer: InitialisationAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Lines (what is written beside each, from the top), title, remedies (its second sentence) and hint."""
    keys = answer.ordered(views["order"])
    above = [None, *(scheme for scheme, _ in keys)]
    return {
        "lines": [
            _line(words, key, answer.rows.get(key), repeated=key[0] == last)
            for key, last in zip(keys, above, strict=False)
        ],
        "title": _title(words["titles"], answer),
        "remedies": _remedies(words["titles"], answer),
        "hint": words["titles"]["hint"].format(networks=len(answer.seeds)),
    }


def _line(words: Words, key: Key, row: InitialisationRow | None, repeated: bool) -> dict[str, Any]:
    """Of a line; the name of its scheme is "" where the line above has the same."""
    (scheme, cell), line = key, words["line"]
    names = words["schemes"][scheme]
    says = {"scheme": names["name"], "cell": CELL_LABELS[cell]}
    return {
        "name": says["cell"],
        "scheme": "" if repeated else names["name"],
        "short": line["short"].format(cell=CELL_NAMES[cell], scheme=names["short"]),
        "marked": scheme in FRAMEWORKS,
        "factor": _factor(row.log10_factor.median) if row else line["missing"],
        "horizon": _horizon(line, row) if row else "",
        "remains": power_of_ten(row.log10_share.median) if row else "",
        "details": line["details"].format(**says, **_numbers(row)) if row else line["waiting"].format(**says),
    }


def _numbers(row: InitialisationRow) -> dict[str, str]:
    factor, share = row.log10_factor, row.log10_share
    ends = {"low": factor.low, "median": factor.median, "high": factor.high}
    shares = {"share_low": share.low, "share": share.median, "share_high": share.high}
    return {
        "networks": str(row.networks),
        **{name: _factor(value) for name, value in ends.items()},
        **{name: power_of_ten(value) for name, value in shares.items()},
    }


def _horizon(words: Words, row: InitialisationRow) -> str:
    return str(words["never"] if row.horizon is None else words["steps"].format(lag=row.horizon))


def _factor(log10_factor: float) -> str:
    """With its zeros, so that the points of a column stand below each other."""
    return times(log10_factor, "#.3g")


def _title(words: Words, answer: InitialisationAnswer) -> str:
    """What the picture shows of PyTorch's default LSTM; "|" begins a line."""
    row = answer.rows.get(("torch", "lstm"))
    if row is None:
        return str(words["waiting"])
    as_well = _vanishes(answer, "lstm") and _vanishes(answer, "rnn")
    claim = words["default" if answer.experiment.weight_scale == 1.0 else "scaled"][
        "vanishes_too" if as_well else row.outcome
    ]
    says = {
        "weight_scale": answer.experiment.weight_scale,
        "factor": _factor(row.log10_factor.median),
        "share": power_of_ten(row.log10_share.median),
    }
    if isinstance(claim, str):
        return claim.format(**says)
    return str(claim["never"].format(**says) if row.horizon is None else counted(claim, row.horizon, **says))


def _remedies(words: Words, answer: InitialisationAnswer) -> str:
    """What people do about it, where that is computed."""
    rows = {name: answer.rows.get((name, "lstm")) for name in ("forget_both", "chrono")}
    factors = {name: _factor(row.log10_factor.median) for name, row in rows.items() if row}
    return words["remedies"].format(**factors) if len(factors) == len(rows) else ""


def _vanishes(answer: InitialisationAnswer, cell: str) -> bool:
    """At PyTorch's default."""
    row = answer.rows.get(("torch", cell))
    return row is not None and row.outcome == "vanishes"


def finding(words: Words, answer: InitialisationAnswer, _: Mapping[str, str]) -> str:
    """The notes below the picture, as HTML."""
    return paragraphs(_notes(words["notes"], answer))


def _notes(notes: Words, answer: InitialisationAnswer) -> Iterator[str]:
    rows, experiment, seeds = answer.rows, answer.experiment, answer.seeds
    if missing := len(ROWS) - len(rows):
        yield notes["missing"].format(missing=missing, all=len(ROWS))
    yield from _of_schemes(notes, answer)
    if any(row.outcome == "vanishes" for row in rows.values()):
        yield notes["learn"]
    if experiment.loss_at == "every":
        yield notes["every"]
    size = {"hidden_size": experiment.hidden_size, "networks": len(seeds), "first": seeds[0], "last": seeds[-1]}
    yield notes["spread"].format(**size)


def _of_schemes(notes: Words, answer: InitialisationAnswer) -> Iterator[str]:
    """Those whose rows there are."""
    says: dict[str, Any] = {"_".join(key): _factor(row.log10_factor.median) for key, row in answer.rows.items()}
    says["weight_scale"] = answer.experiment.weight_scale
    scaled = answer.experiment.weight_scale != 1.0
    for name in ("gates", "forget", "keras", "chrono", "irnn"):
        untrue = name == "gates" and not _vanishes(answer, "lstm")
        if not untrue and all(key in says for key in notes[name]["needs"]):
            yield notes[name]["scaled" if scaled and "scaled" in notes[name] else "text"].format(**says)


def progress(words: Words, work: Growing) -> str:
    """How many rows there are, and which one is next."""
    scheme, cell = work.next or ROWS[-1]
    says = {"scheme": words["schemes"][scheme]["short"], "cell": CELL_NAMES[cell], "rows": len(work.rows)}
    return str(words["progress"].format(done=len(work.there), **says))
