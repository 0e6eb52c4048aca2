"""What "Linear in T" says: title, labels, the table of times and exponents, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import power, whole_percent
from rnn_dynamics.pictures.cost.answer import COUNTED, PASSES, ROUNDS, CostAnswer, Measurement
from rnn_dynamics.pictures.kit.finding import finding as as_html

Words = Mapping[str, Any]
#: Below this exponent the time of the map grows more slowly than its numbers.
_BELOW_SQUARE = 1.95


def texts(words: Words, answer: CostAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The title, and what stands beside each line."""
    says = {name: power(exponent) for name, exponent in answer.exponents.items()}
    says |= {f"{name}_line": _line(words["table"], answer, name) for name in PASSES}
    title = words["title" if answer.matrix else "title_at_first"]
    labels = {name: words["labels"][name].format(p=says[name]) for name in answer.values}
    return {"title": title.format(**says), "labels": labels}


def finding(words: Words, answer: CostAnswer, _: Mapping[str, str]) -> str:
    """The times and exponents as a table, and the notes, as HTML."""
    table = words["table"]
    lengths = "".join(table["length"].format(length=f"{length:,}") for length in answer.lengths)
    notes = (note.format(**_says(words, answer)) for note in _notes(words["notes"], answer))
    return as_html(table["head"].format(lengths=lengths), (_row(table, answer, name) for name in answer.values), notes)


def progress(words: Words, work: Measurement) -> str:
    """What is measured next."""
    kind, length, turn = work.next
    said = words["progress"]
    return str(said["text"].format(what=said[kind], length=length, round=turn, rounds=ROUNDS))


def _row(table: Words, answer: CostAnswer, name: str) -> str:
    values, kind = answer.values[name], "count" if name in COUNTED else "time"
    shown = [
        table[kind].format(value=values[length], milliseconds=1e3 * values[length])
        if length in values
        else table["none"]
        for length in answer.lengths
    ]
    cells = "".join(table["cell"].format(value=value) for value in shown)
    fit = table["power"].format(p=power(answer.exponents[name]), line=_line(table, answer, name))
    return str(table["row"].format(name=table[name], cells=cells, power=fit))


def _line(table: Words, answer: CostAnswer, name: str) -> str:
    """A pass's time as a fixed part and one for each step."""
    if name not in answer.lines:
        return str(table["none"])
    line = answer.lines[name]
    return str(table["line"].format(fixed=1e3 * line.fixed, per_step=1e6 * line.per_step))


def _says(words: Words, answer: CostAnswer) -> dict[str, Any]:
    network = answer.experiment
    return {
        "cell": answer.cell.label,
        "hidden": network.hidden_size,
        "inputs": network.input_size,
        "sequences": network.batch_size,
        "runs": counted(words["runs"], answer.rounds),
        "matrix_sequences": answer.matrix_sequences,
        "last": power(answer.last_exponent),
        "off": whole_percent(100.0 * answer.off),
        **{f"{name}_fixed": whole_percent(100.0 * answer.fixed_share(name)) for name in PASSES},
    }


def _notes(words: Words, answer: CostAnswer) -> Iterator[Any]:
    yield words["how"]
    if len(answer.values["backward"]) > 2:
        fixed = any(answer.fixed_share(name) >= 0.005 for name in PASSES)
        yield words["linear" if fixed else "straight"]
    if len(answer.matrix) > 1:
        yield words["matrix" if answer.exponents["matrix"] < _BELOW_SQUARE else "matrix_alone"]
    if answer.matrix_sequences != answer.experiment.batch_size:
        yield words["lowered"]
    if answer.stopped:
        yield words["stopped"]
