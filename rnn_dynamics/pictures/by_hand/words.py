"""The finding of the page "By hand" as HTML: the equations, the ticks, and what a mistake has changed and why."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from rnn_dynamics.by_hand.mistakes import HandWritten
from rnn_dynamics.by_hand.script import comparison_script, torch_lines
from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.by_hand.answer import (
    PAGE,
    RESET_IN,
    RESET_SEEDS,
    TOLERANCE,
    TOLERANCE_OF_DIFFERENCES,
    HandAnswer,
    hand_answer,
    numbers_of,
    reset_factors,
    short,
    tick,
)
from rnn_dynamics.pictures.kit.numbers import times
from rnn_dynamics.pictures.kit.verdict import median_and_range

#: So close to 0, or ½, that every digit of the results is the same.
_CLOSE = 1e-4
#: log10 of factors that differ by rounding alone.
_SAME = 1e-9


@lru_cache(maxsize=256)
def hand_question(experiment: Experiment, mistake: str) -> str:
    """The equations, and what of them has been changed."""
    answer, words = hand_answer(experiment, mistake), sentences(PAGE)
    equation = words["equation"][experiment.cell] + (words["equation"]["both"] if experiment.bidirectional else "")
    return f'<p class="equation">{equation}</p>{_mistake(answer, mistake, experiment)}'


@lru_cache(maxsize=256)
def hand_finding(experiment: Experiment, mistake: str) -> str:
    """How far each result and each gradient is from what it is compared with."""
    answer = hand_answer(experiment, mistake)
    return f'<div class="ticks">{_results(answer)}{_gradients(answer)}</div>{"".join(_notes(answer))}'


def _notes(answer: HandAnswer) -> Iterator[str]:
    """What is compared, and how far a definition can be trusted."""
    words, says = sentences(PAGE)["notes"], numbers_of(answer)
    for key in ("loss_one" if says["count"] == 1 else "loss", "definition_right" if answer.right else "definition"):
        yield f'<p class="note">{words[key].format(**says)}</p>'


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


def _mistake(answer: HandAnswer, name: str, experiment: Experiment) -> str:
    """The changed line, and why the result differs; or why it does not."""
    change = answer.hand.mistake
    if change is None:
        return ""
    words = sentences(PAGE)
    why = _why_the_same(answer, name) if answer.right else words["mistakes"][name]["why"]
    if answer.unnoticed:
        why += words["notes"]["unnoticed"]
    if name == "early reset":
        why += _resets(experiment)
    right, wrong = html.escape(change.right), html.escape(change.wrong)
    return str(words["notes"]["changed"].format(function=change.function, right=right, wrong=wrong, why=why))


def _why_the_same(answer: HandAnswer, name: str) -> str:
    """Why a mistake does not show: its own reason where that is what makes it so, else that these numbers do."""
    words, forward = sentences(PAGE), answer.forward.steps[0]

    def largest(state: str, centre: float = 0.0) -> float:
        return max(float(np.abs(step[state] - centre).max()) for step in forward)

    single = answer.steps == 1
    holds: dict[str, Callable[[], bool]] = {
        "no slope": lambda: largest("h") < _CLOSE,
        "no sum": lambda: single,
        "no tanh": lambda: largest("c") < _CLOSE,
        "no carousel": lambda: single,
        "z swapped": lambda: largest("z", 0.5) < _CLOSE,
        "no direct path": lambda: single,
        "no flip": lambda: single or not answer.example.both,
        "wrong end": lambda: single or not answer.example.both,
    }
    own = name in holds and holds[name]()
    return str(words["mistakes"][name]["same"] if own else words["notes"]["same"])


def _resets(experiment: Experiment) -> str:
    """Which order of the GRU's reset loses more of the gradient, measured."""
    factors = reset_factors(experiment.initialisation, experiment.input_scale)
    says: dict[str, str | int] = {
        "hidden": RESET_IN.hidden_size,
        "length": RESET_IN.sequence_length,
        "networks": len(RESET_SEEDS),
        "last_seed": RESET_SEEDS[-1],
    }
    for order, found in zip(("before", "after"), factors, strict=True):
        low, median, high = median_and_range(found).tolist()
        says |= {f"{order}_low": times(low), order: times(median), f"{order}_high": times(high)}
    lead = factors[0] - factors[1]  # above 0 where the gradient is lost faster with the reset after the product
    after, before = lead > _SAME, lead < -_SAME
    kind = "after" if after.all() else "before" if before.all() else "both" if (after | before).any() else "neither"
    return str(sentences(PAGE)["resets"][kind].format(**says, count=int(after.sum())))


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
