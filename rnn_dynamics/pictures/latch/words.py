"""What the latch says: its title, and whether it holds a bit."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.pictures.latch.answer import STEPS, LatchAnswer


def texts(words: Words, answer: LatchAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The title, which says the same in short."""
    return {"title": finding(words["titles"], answer, _)}


def finding(words: Words, answer: LatchAnswer, _: Mapping[str, str]) -> str:
    """One sentence, as HTML."""
    case = "two" if len(answer.attractors) > 1 else "edge" if answer.slope == 1.0 else "one"
    return str(words[case].format_map(Says(answer, steps=STEPS)))
