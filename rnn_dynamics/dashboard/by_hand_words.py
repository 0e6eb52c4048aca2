"""The finding of the page "By hand" as HTML: the equations, the ticks, and what a mistake has changed and why."""

from __future__ import annotations

import html
from functools import lru_cache

from rnn_dynamics.by_hand.mistakes import HandWritten
from rnn_dynamics.by_hand.script import comparison_script, torch_lines
from rnn_dynamics.dashboard.by_hand import (
    PAGE,
    TOLERANCE,
    TOLERANCE_OF_DIFFERENCES,
    HandAnswer,
    hand_answer,
    numbers_of,
    short,
    tick,
)
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.experiment import Experiment


@lru_cache(maxsize=256)
def hand_question(experiment: Experiment, mistake: str) -> str:
    """The equations, and what of them has been changed."""
    answer, words = hand_answer(experiment, mistake), sentences(PAGE)
    equation = words["equation"][experiment.cell] + (words["equation"]["both"] if experiment.bidirectional else "")
    return f'<p class="equation">{equation}</p>{_mistake(answer, mistake)}'


@lru_cache(maxsize=256)
def hand_finding(experiment: Experiment, mistake: str) -> str:
    """How far each result and each gradient is from what it is compared with."""
    answer, words = hand_answer(experiment, mistake), sentences(PAGE)
    return (
        f'<div class="ticks">{_results(answer)}{_gradients(answer)}</div>'
        f'<p class="note">{words["notes"]["loss"].format(**numbers_of(answer))}</p>'
        f'<p class="note">{words["notes"]["definition"].format(**numbers_of(answer))}</p>'
    )


def _results(answer: HandAnswer) -> str:
    table, says = sentences(PAGE)["table"], numbers_of(answer)
    rows = "".join(
        table["result"].format(name=name, shape=_shape(shape), gap=short(gap), tick=tick(gap, TOLERANCE))
        for name, (shape, gap) in answer.results.items()
    )
    return f'<table class="verdict">{table["results"].format(**says)}{rows}</table>'


def _gradients(answer: HandAnswer) -> str:
    table, says = sentences(PAGE)["table"], numbers_of(answer)
    rows = "".join(
        table["gradient"].format(
            name=name,
            shape=_shape(answer.example.parameters[name].shape),
            gap=short(gap),
            tick=tick(gap, TOLERANCE),
            definition_gap=short(definition_gap),
            definition_tick=tick(definition_gap, TOLERANCE_OF_DIFFERENCES),
        )
        for name, (gap, definition_gap) in answer.gradients.items()
    )
    return f'<table class="verdict">{table["gradients"].format(**says)}{rows}</table>'


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _mistake(answer: HandAnswer, name: str) -> str:
    """The changed line, and why the result differs; or why it does not."""
    change = answer.hand.mistake
    if change is None:
        return ""
    words = sentences(PAGE)
    why = words["mistakes"][name]["same" if answer.right else "why"]
    if answer.unnoticed:
        why += words["notes"]["unnoticed"]
    right, wrong = html.escape(change.right), html.escape(change.wrong)
    return str(words["notes"]["changed"].format(function=change.function, right=right, wrong=wrong, why=why))


@lru_cache(maxsize=64)
def code_blocks(experiment: Experiment, mistake: str) -> tuple[str, str, str]:
    """The functions by hand, forward and backward, and the lines that ask torch."""
    hand = HandWritten(experiment.cell, mistake)
    names = hand.functions(experiment.bidirectional)
    forward = "\n\n".join(hand.source(name) for name in names if not name.endswith(("back", "backward")))
    backward = "\n\n".join(hand.source(name) for name in names if name.endswith(("back", "backward")))
    return forward, backward, torch_lines(hand_answer(experiment, mistake).example)


def comparison(answer: HandAnswer) -> str:
    """The file that repeats the comparison without this library."""
    return comparison_script(answer.hand, answer.example)
