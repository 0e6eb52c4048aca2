"""The finding of the page "Which loss, how far back" as HTML: the table of both losses, and the notes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.trace import LossByTime
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import times
from rnn_dynamics.pictures.kit.verdict import judge
from rnn_dynamics.pictures.losses.answer import (
    PAGE,
    claim,
    cut_numbers,
    loss_answer,
    near_or_far,
    numbers_of,
    steps_in_words,
)


@lru_cache(maxsize=512)
def loss_finding(experiment: Experiment, truncation: str) -> str:
    """What the picture says, in words and numbers."""
    answer = loss_answer(experiment)
    words, says = sentences(PAGE), numbers_of(answer) | cut_numbers(answer, truncation)
    rows = "".join(_row(answer, name, says) for name in ("every", "last"))
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(answer, experiment, says))
    return (
        f'<div style="overflow-x: auto"><table class="verdict">{words["table"]["head"].format(**says)}{rows}</table>'
        f"</div>{notes}"
    )


def _row(answer: LossByTime, name: str, says: dict[str, str | int]) -> str:
    table = sentences(PAGE)["table"]
    verdict = judge(answer.every if name == "every" else answer.last)
    none = np.isnan(answer.log10_errors[name][-1])  # no gradient of W_hh
    return str(
        table["row"].format(
            name=table[name],
            share=says[f"{name}_share"],
            factor=times(verdict.log10_factor),
            horizon=table["never"] if verdict.horizon is None else steps_in_words(verdict.horizon),
            cut="–" if none else table["cut"].format(error=says[f"{name}_error"], angle=says[f"{name}_angle"]),
            enough="–" if none else table["enough"].format(enough=says[f"{name}_enough"]),
        )
    )


def _notes(answer: LossByTime, experiment: Experiment, says: dict[str, str | int]) -> Iterator[str]:
    words, kind, where = sentences(PAGE)["notes"], claim(answer), near_or_far(answer)
    if kind in ("hidden", "explodes"):
        yield words[kind].format(**says)
    if kind != "single" and where in words["first_half"]:
        yield words["first_half"][where].format(**says)
    yield words["shares"].format(**says)
    if kind != "single":
        yield words["window"]
        yield words["levels"].format(**says)
    if answer.experiment.batch_size < experiment.batch_size:
        yield words["lowered"].format(**says, asked=experiment.batch_size)
    if unsure := warning(answer.digits):
        yield unsure
