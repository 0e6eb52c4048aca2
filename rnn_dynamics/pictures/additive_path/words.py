"""What "The additive cell path" says: titles, labels, equation, table and notes, from the words and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says, counted
from rnn_dynamics.pictures.additive_path.answer import PathAnswer
from rnn_dynamics.pictures.kit.finding import finding as as_html

Words = Mapping[str, Any]
#: Below this share of the total's norm, as log10, the path alone does not explain what arrives.
_LITTLE = -1.0


def texts(words: Words, answer: PathAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves), pointed (of each unit of the map), and the titles of both panels."""
    says, titles, gate = _says(words, answer), words["titles"], answer.gate_of(views)
    kind = answer.experiment.hidden_path if answer.experiment.sequence_length > 1 else "single"
    units = zip(answer.units.tolist(), answer.means_and_memories, strict=True)
    return {
        "labels": {name: words["labels"][name].format_map(says) for name in answer.curves},
        "pointed": [words["pointed"].format(unit=unit + 1, mean=mean, steps=steps) for unit, (mean, steps) in units],
        "curves": titles[kind].format_map(says),
        "map": titles["map"].format(gate_name=words["gates"][gate], mean=float(answer.gates[gate].mean())),
    }


def finding(words: Words, answer: PathAnswer, _: Mapping[str, str]) -> str:
    """The step's equation with its numbers, the table, and the notes, as HTML."""
    says, table = _says(words, answer), words["table"]
    rows = (_row(table, answer, says, name) for name in ("total", "path", "rest", "rnn"))
    equation = words["equation"]["two_gates" if answer.cell.writes else "one_gate"].format_map(says)
    return as_html(table["head"].format_map(says), rows, _notes(words["notes"], answer, says), equation)


def _says(words: Words, answer: PathAnswer) -> Says:
    return Says(answer, state=words["states"][answer.state], last_seed=answer.networks - 1)


def _bias(answer: PathAnswer) -> str:
    """Which sentence says what the biases are."""
    if answer.experiment.gate_bias == "chrono":
        return "chrono"
    return "forget" if answer.cell.writes else "none"


def _row(table: Words, answer: PathAnswer, says: Says, name: str) -> str:
    verdict, band = answer.verdicts[name], answer.bands.get(name)
    return str(
        table["row"].format(
            name=table[name].format_map(says),
            share=answer.shares[name],
            factor=verdict.log10_factor if verdict else math.nan,
            horizon=_horizon(table, verdict.horizon) if verdict else "–",
            band="–" if band is None else table["band"].format(*band[:, 0]),
        )
    )


def _horizon(table: Words, lag: int | None) -> str:
    return str(table["never"]) if lag is None else counted(table["steps"], lag)


def _notes(words: Words, answer: PathAnswer, says: Says) -> Iterator[str]:
    experiment = answer.experiment
    if experiment.hidden_path == "cut":
        yield words["cut"].format_map(says)
    elif math.isfinite(answer.cosine):
        yield words["shares"].format_map(says)
        if answer.of_total["path"] < _LITTLE:
            yield words["little"].format_map(says)
    total, rnn = answer.verdicts["total"], answer.verdicts["rnn"]
    if total and total.outcome == "vanishes":
        yield words["vanishes_too" if rnn and rnn.outcome == "vanishes" else "vanishes"].format_map(says)
    if experiment.loss_at == "every":
        yield words["every"]
    yield words["bias"][_bias(answer)].format_map(says)
    yield words["band"].format_map(says)
