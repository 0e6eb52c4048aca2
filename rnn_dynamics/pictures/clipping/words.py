"""What is said of a real network with and without clipping, from the words in content/ and what has come of it."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.pictures.clipping.answer import ClippingAnswer
from rnn_dynamics.pictures.kit.finding import paragraphs, told
from rnn_dynamics.pictures.kit.training_words import ended


def texts(words: Words, answer: ClippingAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The title, and what the levels are called."""
    return {"title": words["titles"][answer.outcome].format_map(Says(answer)), **words["levels"]}


def finding(words: Words, answer: ClippingAnswer, _: Mapping[str, str]) -> str:
    """How a network was lost, and the notes, as HTML."""
    lost = (
        words["lost"][network.training.clipping].format(ended=ended(network, words.language))
        for network in answer.networks
        if network.lost
    )
    holds = {key: key in (answer.outcome, "network") for key in words["notes"]}
    return "".join(lost) + paragraphs(told(words["notes"], Says(answer), **holds))
