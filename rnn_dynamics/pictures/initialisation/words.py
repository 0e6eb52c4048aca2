"""What "What initialisation really does" says: its lines, its claim, its notes, from the words in content/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.pictures.initialisation.answer import (
    CELL_LABELS,
    ROWS,
    InitialisationAnswer,
    InitialisationRow,
    Key,
)
from rnn_dynamics.pictures.kit.finding import Words, paragraphs, told
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.theme import CELL_NAMES

#: What a framework does when nobody asks for anything.
FRAMEWORKS = ("torch", "keras")
#: What people do about PyTorch's.
_REMEDIES = (("forget_both", "lstm"), ("chrono", "lstm"))


def texts(words: Words, answer: InitialisationAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Lines (what is written beside each, from the top), title, remedies (its second sentence) and hint."""
    keys, titles, rows = answer.ordered(views["order"]), words["titles"], answer.rows
    above = [None, *(scheme for scheme, _ in keys)]
    lines = [_line(words, key, rows.get(key), repeated=key[0] == last) for key, last in zip(keys, above, strict=False)]
    known = all(key in rows for key in _REMEDIES)
    return {
        "lines": lines,
        "title": _title(titles, answer),
        "remedies": titles["remedies"].format_map(_factors(answer)) if known else "",
        "hint": titles["hint"].format(networks=len(answer.seeds)),
    }


def _line(words: Words, key: Key, row: InitialisationRow | None, repeated: bool) -> dict[str, Any]:
    """Of a line; the name of its scheme is "" where the line above has the same."""
    (scheme, cell), line = key, words["line"]
    named = words["schemes"][scheme]
    says = {"cell": CELL_LABELS[cell], "abbreviated": CELL_NAMES[cell], "scheme": named, "row": row}
    written = line["known" if row else "missing"]
    return {
        "name": CELL_LABELS[cell],
        "scheme": "" if repeated else named["name"],
        "short": line["short"].format_map(says),
        "marked": scheme in FRAMEWORKS,
        **{name: sentence.format_map(says) for name, sentence in written.items()},
    }


def _factors(answer: InitialisationAnswer) -> dict[str, float]:
    """Scheme and cell -> log10 of the median factor per step, such as "torch_lstm"."""
    return {"_".join(key): row.log10_factor.median for key, row in answer.rows.items()}


def _title(words: Words, answer: InitialisationAnswer) -> str:
    """What the picture shows of PyTorch's default LSTM; "|" begins a line."""
    row, scale = answer.rows.get(("torch", "lstm")), answer.experiment.weight_scale
    if row is None:
        return str(words["waiting"])
    too = _vanishes(answer, "lstm") and _vanishes(answer, "rnn")
    claims = words["default" if scale == 1.0 else "scaled"]
    return str(claims["vanishes_too" if too else row.outcome].format(row=row, weight_scale=scale))


def _vanishes(answer: InitialisationAnswer, cell: str) -> bool:
    """At PyTorch's default."""
    row = answer.rows.get(("torch", cell))
    return row is not None and row.outcome == "vanishes"


def finding(words: Words, answer: InitialisationAnswer, _: Mapping[str, str]) -> str:
    """The notes below the picture, as HTML."""
    missing = len(ROWS) - len(answer.rows)
    says = Says(answer, missing=missing, all=len(ROWS), networks=len(answer.seeds), last_seed=answer.seeds[-1])
    notes, vanishes = words["notes"], any(row.outcome == "vanishes" for row in answer.rows.values())
    every = answer.experiment.loss_at == "every"
    return paragraphs(
        [
            *told(notes, says, missing=missing),
            *_of_schemes(notes, answer),
            *told(notes, says, learn=vanishes, every=every, spread=True),
        ]
    )


def _of_schemes(notes: Words, answer: InitialisationAnswer) -> Iterator[str]:
    """Those whose rows there are."""
    scale, factors = answer.experiment.weight_scale, _factors(answer)
    for name in ("gates", "forget", "keras", "chrono", "irnn"):
        note, untrue = notes[name], name == "gates" and not _vanishes(answer, "lstm")
        if not untrue and all(key in factors for key in note["needs"]):
            yield note["scaled" if scale != 1.0 and "scaled" in note else "text"].format(**factors, weight_scale=scale)


def progress(words: Words, work: Growing) -> str:
    """How many rows there are, and which one is next."""
    scheme, cell = work.next or ROWS[-1]
    says = {"scheme": words["schemes"][scheme]["short"], "cell": CELL_NAMES[cell], "rows": len(work.rows)}
    return str(words["progress"].format(done=len(work.there), **says))
