"""What "What initialisation really does" says: its lines, its claim, its notes, from the words in content/."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says, Words, called
from rnn_dynamics.engine.verdict import Verdicts
from rnn_dynamics.pictures.initialisation.answer import LABELS, ROWS, InitialisationAnswer, Key
from rnn_dynamics.pictures.kit.finding import claimed, paragraphs, told
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.theme import CELL_NAMES

#: What a framework does when nobody asks for anything.
FRAMEWORKS = ("torch", "keras")


def texts(words: Words, answer: InitialisationAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Lines (what is written beside each, from the top), title, remedies (its second sentence) and hint."""
    keys, titles = answer.ordered(views["order"]), words["titles"]
    above = [None, *(scheme for scheme, _ in keys)]
    lines = (_line(words, key, answer.rows.get(key), key[0] == last) for key, last in zip(keys, above, strict=False))
    return {
        "lines": list(lines),
        "title": _title(titles, answer),
        "remedies": _of_rows(titles["remedies"], answer),
        "hint": titles["hint"].format(networks=len(answer.seeds)),
    }


def _line(words: Words, key: Key, row: Verdicts | None, repeated: bool) -> dict[str, Any]:
    """Of a line; the name of its scheme is "" where the line above has the same."""
    (scheme, cell), line = key, words["line"]
    named, label = words["schemes"][scheme], called(LABELS[key][1], words.language)
    says = {"cell": label, "abbreviated": CELL_NAMES[cell], "scheme": named, "row": row}
    return {
        "name": CELL_NAMES[cell],
        "scheme": "" if repeated else named["name"],
        "short": line["short"].format_map(says),
        "marked": scheme in FRAMEWORKS,
        **{name: sentence.format_map(says) for name, sentence in line["known" if row else "missing"].items()},
    }


def claim(words: Words, answer: InitialisationAnswer, _: Mapping[str, str]) -> str:
    """What the usual ways to draw weights do to the gradient, as HTML."""
    vanishing, of = _vanishing(answer), {"_".join(key): row.log10_factor.median for key, row in answer.rows.items()}
    return claimed(
        words,
        Says(answer, all=len(ROWS), known=len(answer.rows), vanishing=len(vanishing), **of),
        waits=not answer.rows,
        every=answer.experiment.loss_at == "every" and answer.experiment.sequence_length > 1,
        gates=_default_fails(answer),
        some=vanishing,
        none=True,
    )


def _default_fails(answer: InitialisationAnswer) -> bool:
    """Whether PyTorch's default, as it is, lets the LSTM's gradient vanish, beside those of the others."""
    there = all(("torch", cell) in answer.rows for cell in ("rnn", "gru"))
    return there and answer.experiment.weight_scale == 1.0 and ("torch", "lstm") in _vanishing(answer)


def _early(words: Words, answer: InitialisationAnswer) -> Iterator[str]:
    """Of the row that loses its gradient most ahead of its factor, if there is one, why both numbers are right."""
    if answer.early:
        (scheme, cell), row = answer.early, answer.rows[answer.early]
        by_factor = row.log10_factor.median * (row.horizon or 0.0)
        says = {"cell": CELL_NAMES[cell], "scheme": words["schemes"][scheme]["name"], "row": row}
        yield words["notes"]["early"].format_map(says | {"by_factor": by_factor})


def _of_rows(words: Words, answer: InitialisationAnswer) -> str:
    """What is said of some rows by the names of their median factors, such as "torch_lstm"; "" until there are all."""
    factors = {"_".join(key): row.log10_factor.median for key, row in answer.rows.items()}
    scale = answer.experiment.weight_scale
    if not all(name in factors for name in words["needs"]):
        return ""
    return str(words["scaled" if scale != 1.0 and "scaled" in words else "text"].format(**factors, weight_scale=scale))


def _title(words: Words, answer: InitialisationAnswer) -> str:
    """What the picture shows of PyTorch's default LSTM; "|" begins a line."""
    row, scale = answer.rows.get(("torch", "lstm")), answer.experiment.weight_scale
    if row is None:
        return str(words["waiting"])
    too = _vanishing(answer) >= {("torch", "lstm"), ("torch", "rnn")}
    claims = words["default" if scale == 1.0 else "scaled"]
    return str(claims["vanishes_too" if too else row.outcome].format(row=row, weight_scale=scale))


def _vanishing(answer: InitialisationAnswer) -> set[Key]:
    """The rows whose gradient vanishes."""
    return {key for key, row in answer.rows.items() if row.outcome == "vanishes"}


def finding(words: Words, answer: InitialisationAnswer, _: Mapping[str, str]) -> str:
    """The notes below the picture, as HTML."""
    missing = len(ROWS) - len(answer.rows)
    says = Says(answer, missing=missing, all=len(ROWS), networks=len(answer.seeds), last_seed=answer.seeds[-1])
    notes, vanishing = words["notes"], _vanishing(answer)
    of_rows = [*["gates"] * (("torch", "lstm") in vanishing), "forget", "keras", "chrono", "irnn", "today"]
    return paragraphs(
        [
            *told(notes, says, missing=missing),
            *filter(None, (_of_rows(notes[name], answer) for name in of_rows)),
            *_early(words, answer),
            *told(notes, says, learn=vanishing, every=answer.experiment.loss_at == "every", spread=True),
        ]
    )


def progress(words: Words, work: Growing) -> str:
    """How many rows there are, and which one is next."""
    scheme, cell = work.next or ROWS[-1]
    says = {"scheme": words["schemes"][scheme]["short"], "cell": CELL_NAMES[cell], "rows": len(work.rows)}
    return str(words["progress"].format(done=len(work.there), **says))
