"""What "The additive cell path" says: titles, labels, equation, table and notes, from the words and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.pictures.additive_path.answer import PathAnswer
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.kit.numbers import difference, percent, power_of_ten, signed, three_digits, times

Words = Mapping[str, Any]
#: Below this share of the total's norm, as log10, the path alone does not explain what arrives.
_LITTLE = -1.0


def texts(words: Words, answer: PathAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves), pointed (of each unit of the map), and the titles of both panels."""
    says, titles, gate = _says(words, answer), words["titles"], answer.gate_of(views)
    kind = answer.experiment.hidden_path if answer.experiment.sequence_length > 1 else "single"
    mean = signed(float(answer.gates[gate].mean()), 2)
    return {
        "labels": {name: words["labels"][name].format(**says) for name in answer.curves},
        "pointed": list(_pointed(words["pointed"], answer)),
        "curves": titles[kind].format(**says),
        "map": titles["map"].format(gate_name=words["gates"][gate], mean=mean),
    }


def finding(words: Words, answer: PathAnswer, _: Mapping[str, str]) -> str:
    """The step's equation with its numbers, the table, and the notes, as HTML."""
    says, table = _says(words, answer), words["table"]
    rows = (_row(table, answer, says, name) for name in ("total", "path", "rest", "rnn"))
    notes = _notes(words["notes"], answer, says)
    return as_html(table["head"].format(**says), rows, notes, _equation(words, answer))


def _says(words: Words, answer: PathAnswer) -> dict[str, Any]:
    experiment = answer.experiment
    return {
        "cell": answer.cell.label,
        "state": words["states"][answer.state],
        "gate": answer.cell.keeps,
        "last": experiment.sequence_length,
        "networks": answer.networks,
        "last_seed": answer.networks - 1,
        "forget_bias": experiment.forget_bias,
        **{f"{name}_share": power_of_ten(value) for name, value in answer.shares.items()},
    }


def _pointed(sentence: str, answer: PathAnswer) -> Iterator[str]:
    for unit, (mean, memory) in zip(answer.units.tolist(), answer.means_and_memories, strict=True):
        yield sentence.format(unit=unit + 1, mean=mean, steps=three_digits(memory))


def _equation(words: Words, answer: PathAnswer) -> str:
    gates, memory = answer.path_gates, answer.memory
    means = {f"mean_{name}": mean for name, mean in answer.mean_sizes.items()}
    return str(
        words["equation"][answer.cell.name].format(
            **means, low=gates.min(), high=gates.max(), steps=three_digits(memory), factor=math.exp(-1.0 / memory)
        )
    )


def _row(table: Words, answer: PathAnswer, says: Words, name: str) -> str:
    verdict = answer.verdicts[name]
    return str(
        table["row"].format(
            name=table[name].format(**says),
            share=says[f"{name}_share"],
            factor=times(verdict.log10_factor) if verdict else "–",
            horizon=_horizon(table, verdict.horizon) if verdict else "–",
            band=_band(table["band"], answer, name) if name in answer.bands else "–",
        )
    )


def _horizon(table: Words, lag: int | None) -> str:
    return str(table["never"]) if lag is None else counted(table["steps"], lag)


def _band(sentence: str, answer: PathAnswer, name: str) -> str:
    low, median, high = (power_of_ten(float(value)) for value in answer.bands[name][:, 0])
    return sentence.format(median=median, low=low, high=high)


def _notes(words: Words, answer: PathAnswer, says: Words) -> Iterator[str]:
    experiment = answer.experiment
    if experiment.hidden_path == "cut":
        yield words["cut"].format(**says, difference=difference(answer.difference))
    elif math.isfinite(answer.split.cosine[0]):
        yield from _parts(words, answer, says)
    total, rnn = answer.verdicts["total"], answer.verdicts["rnn"]
    if total and total.outcome == "vanishes":
        yield words["vanishes_too" if rnn and rnn.outcome == "vanishes" else "vanishes"].format(**says)
    if experiment.loss_at == "every":
        yield words["every"]
    yield words["bias"]["chrono" if experiment.gate_bias == "chrono" else answer.cell.name].format(**says)
    yield words["band"].format(**says)


def _parts(words: Words, answer: PathAnswer, says: Words) -> Iterator[str]:
    """How path and rest make up the whole at step 1."""
    parts = answer.of_total
    yield words["shares"].format(cosine=signed(float(answer.split.cosine[0]), 2), sum=times(parts["sum"]))
    if parts["path"] < _LITTLE:
        yield words["little"].format(**says, share=percent(parts["path"]))
