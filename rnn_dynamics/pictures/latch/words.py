"""What the latch says: its title, and whether it holds a bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content.numbers import power_of_ten, signed
from rnn_dynamics.pictures.latch.answer import STEPS, LatchAnswer

Words = Mapping[str, Any]


def texts(words: Words, answer: LatchAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The title."""
    return {"title": words["titles"][_case(answer)].format(**_says(answer))}


def finding(words: Words, answer: LatchAnswer, _: Mapping[str, str]) -> str:
    """One sentence, as HTML."""
    return str(words[_case(answer)].format(**_says(answer)))


def _case(answer: LatchAnswer) -> str:
    if len(answer.attractors) > 1:
        return "two"
    return "edge" if answer.slope == 1.0 else "one"


def _says(answer: LatchAnswer) -> dict[str, Any]:
    return {
        "attractor": signed(answer.attractors[-1], 2),
        "slope": signed(answer.slope, 2),
        "steps": STEPS,
        "left": power_of_ten(answer.log10_left),
    }
