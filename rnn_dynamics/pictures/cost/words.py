"""What "Linear in T" says: title, labels, the table of times and exponents, and notes."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.engine.growth import COUNTED, PASSES, Measured
from rnn_dynamics.pictures.cost.answer import ROUNDS, Measurement
from rnn_dynamics.pictures.kit.finding import first, said

#: Below this exponent the time of the map grows more slowly than its numbers.
_BELOW_SQUARE = 1.95
#: Further off, as a share, the measured times do not follow their lines.
_BUSY = 0.2


def texts(words: Words, answer: Measured, _: Mapping[str, str]) -> dict[str, Any]:
    """The title, and what stands beside each line."""
    says = Says(answer, **{f"{name}_line": _line(words["table"], answer, name) for name in PASSES})
    title = words[first(title_at_first=not answer.matrix, title_busy=answer.off > _BUSY, title=True)]
    labels = {name: words["labels"][name].format_map(says) for name in answer.values}
    return {"title": title.format_map(says), "labels": labels}


def finding(words: Words, answer: Measured, _: Mapping[str, str]) -> str:
    """The times and exponents as a table, and the notes, as HTML."""
    table, long, several = words["table"], len(answer.values["backward"]) > 2, len(answer.matrix) > 1
    lengths = "".join(table["length"].format(length=length) for length in answer.lengths)
    fixed = any(share >= 0.005 for share in answer.fixed_shares.values())
    slowly = several and answer.exponents["matrix"] < _BELOW_SQUARE
    notes = {
        "how": True,
        "linear": long and fixed,
        "straight": long and not fixed,
        "busy" if answer.off > _BUSY else "close": long,
        "matrix": slowly,
        "matrix_alone": several and not slowly,
        "lowered": answer.matrix_sequences != answer.experiment.batch_size,
        "stopped": answer.stopped,
    }
    return said(words, Says(answer, lengths=lengths), (_row(table, answer, name) for name in answer.values), notes)


def progress(words: Words, work: Measurement) -> str:
    """What is measured next."""
    kind, length, turn = work.next
    sentences = words["progress"]
    return str(sentences["text"].format(what=sentences[kind], length=length, round=turn, rounds=ROUNDS))


def _row(table: Words, answer: Measured, name: str) -> dict[str, Any]:
    """What a row of the table is filled with."""
    values, (kind, unit) = answer.values[name], ("count", 1.0) if name in COUNTED else ("time", 1e3)
    shown = {length: table[kind].format(value=unit * value) for length, value in values.items()}
    cells = "".join(table["cell"].format(value=shown.get(length, table["none"])) for length in answer.lengths)
    line, exponent = _line(table, answer, name), answer.exponents[name]
    return {"name": table[name], "cells": cells, "line": line, "exponent": exponent}


def _line(table: Words, answer: Measured, name: str) -> str:
    """A pass's time as a fixed part and one for each step."""
    line = answer.lines.get(name)
    if line is None:
        return str(table["none"])
    kind = "falling" if line.per_step < 0.0 else "line"  # where the noise is larger than what a step takes
    return str(table[kind].format(fixed=1e3 * line.fixed, per_step=1e6 * abs(line.per_step)))
