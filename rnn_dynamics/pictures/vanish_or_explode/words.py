"""What "Vanish or explode?" says, with the reader's own settings: titles, labels, verdicts and notes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.engine.verdict import Verdict, orders_of_magnitude
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.vanish_or_explode.answer import FamiliesAnswer

Words = Mapping[str, Any]
#: Stands in the title of the curves for the weight scale, which moves with the pointer.
SCALE = "#"


def texts(words: Words, answer: FamiliesAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of each row's curves), the names of the floors, and the titles; nothing depends on the weight scale."""
    names, titles = [_name(words["names"], answer, cell) for cell in answer.cells], words["titles"]
    rows = zip(*map(orders_of_magnitude, answer.families.curves(views["gradient"]).values()), strict=True)
    says = {"cell": answer.cells[answer.experiment.cell].short, "scale": SCALE}
    return {
        "labels": [
            words["label"].format(name=name, share=power_of_ten(float(orders)))
            for row in rows
            for name, orders in zip(names, row, strict=True)
        ],
        "floors": [words["floors"]["wide"].format(format=name) for name in answer.floors],
        "floors_narrow": [words["floors"]["narrow"].format(format=name) for name in answer.floors],
        "whole": {name: title.format(**says) for name, title in titles.items()},
    }


def _name(names: Words, answer: FamiliesAnswer, cell: str) -> str:
    """What a curve is called: what a reader has chosen stands after the cell's name."""
    of, experiment = answer.cells[cell], answer.experiment
    key = "plain"
    if of.keeps and experiment.gate_bias == "chrono":
        key = "chrono"
    elif of.writes:
        key = "forget_bias"
    elif not of.gates and experiment.nonlinearity == "relu":
        key = "relu"
    return str(names[key].format(cell=of.short, forget_bias=experiment.forget_bias))


def finding(words: Words, answer: FamiliesAnswer, views: Mapping[str, str]) -> str:
    """The verdict on each cell, and the notes, as HTML."""
    table, verdicts = words["table"], answer.verdicts(views["gradient"])
    gradient = words["gradients"][views["gradient"]]
    head = table["head"].format(steps_total=answer.experiment.sequence_length, gradient=gradient)
    rows = (_row(words, answer, cell, verdicts) for cell in verdicts)
    return as_html(head, rows, _notes(words["notes"], answer, verdicts[answer.plain]))


def _row(words: Words, answer: FamiliesAnswer, cell: str, verdicts: Mapping[str, Verdict]) -> str:
    table, scale, verdict = words["table"], answer.experiment.weight_scale, verdicts[cell]
    return str(
        table["row"].format(
            name=answer.cells[cell].label,
            outcome=words["outcome"][_outcome(answer, cell, verdicts)].format(factor=times(verdict.log10_factor)),
            share=power_of_ten(verdict.orders),
            horizon=table[_horizon(verdict)].format(lag=verdict.horizon),
            matrix=answer.cells[cell].state_matrix,
            radius=answer.families.radius[cell] * scale,
            singular_value=answer.families.singular_value[cell] * scale,
        )
    )


def _outcome(answer: FamiliesAnswer, cell: str, verdicts: Mapping[str, Verdict]) -> str:
    """Which sentence says what a curve does."""
    outcome, of_plain = verdicts[cell].outcome, verdicts[answer.plain].outcome
    if answer.experiment.sequence_length == 1 and outcome != "silent":
        return "single"
    if outcome == "silent" and cell == answer.plain and answer.experiment.nonlinearity == "relu":
        return "all_off"
    return "vanishes_too" if outcome == of_plain == "vanishes" and cell != answer.plain else outcome


def _horizon(verdict: Verdict) -> str:
    if verdict.horizon is None:
        return "nothing" if verdict.outcome == "silent" else "never"
    return "step" if verdict.horizon == 1 else "steps"


def _notes(notes: Words, answer: FamiliesAnswer, verdict: Verdict) -> Iterator[str]:
    """What a reader should know about these settings: honest about biases, and about popular rules.

    `verdict`: on the network without gates.
    """
    experiment, name = answer.experiment, answer.cells[answer.plain].label
    yield notes["chrono" if experiment.gate_bias == "chrono" else "forget_bias"].format(
        forget_bias=experiment.forget_bias, longest=experiment.sequence_length - 1
    )
    yield from _rules(notes, answer, verdict)
    if experiment.loss_at == "every":
        yield notes["every"]
    if experiment.hidden_path == "cut":
        yield notes["cut"].format(name=name)
    if experiment.text:
        yield notes["text" if len(experiment.text) > 1 else "letter"].format(length=len(experiment.text))
    if answer.stride > 1:
        yield notes["coarse"].format(stride=answer.stride)


def _rules(notes: Words, answer: FamiliesAnswer, verdict: Verdict) -> Iterator[str]:
    """What mean field and the popular rule about ρ say of the network without gates, and what it does."""
    experiment, predicted = answer.experiment, answer.mean_field
    if predicted is not None and experiment.loss_at == "last" and math.isfinite(verdict.log10_factor):
        yield notes["mean_field"].format(predicted=times(predicted), measured=times(verdict.log10_factor))
    radius = round(answer.families.radius[answer.plain] * experiment.weight_scale, 2)
    one_error = experiment.loss_at == "last" and experiment.hidden_path == "open"
    if radius > 1 and verdict.outcome == "vanishes" and one_error:
        rule = "above_one_relu" if experiment.nonlinearity == "relu" else "above_one"
        name = answer.cells[answer.plain].label
        yield notes[rule].format(radius=radius, name=name, slope=answer.mean_slope)
