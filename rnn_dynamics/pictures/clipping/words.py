"""What is said of a real network with and without clipping, from the words in content/ and what has come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content.numbers import three_digits, whole_percent
from rnn_dynamics.pictures.clipping.answer import ClippingAnswer
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.training_words import ended, language_of, last_update

Words = Mapping[str, Any]


def texts(words: Words, answer: ClippingAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The title, and what the levels are called."""
    return {"title": words["titles"][answer.outcome].format(**_says(answer)), **words["levels"]}


def finding(words: Words, answer: ClippingAnswer, _: Mapping[str, str]) -> str:
    """How a network was lost, and the notes, as HTML."""
    language = language_of(words)
    lost = (
        words["lost"][kind].format(ended=ended(network.training, network.history, language))
        for kind, network in answer.networks.items()
        if network.lost
    )
    keys = [key for key in (answer.outcome, "network") if key in words["notes"]]
    return "".join(lost) + paragraphs(words["notes"][key].format(**_says(answer)) for key in keys)


def _says(answer: ClippingAnswer) -> dict[str, Any]:
    training, free, clipped = answer.training, answer.free, answer.clipped
    look = clipped.history.moments[-1]
    return {
        "update": last_update(free.history),
        "update_clipped": last_update(clipped.history),
        "threshold": f"{training.clip_at:g}",
        "rate": f"{training.learning_rate:g}",
        "first": three_digits(float(clipped.norms[0]) if len(clipped.norms) else 0.0),
        "largest": three_digits(clipped.largest),
        "largest_free": three_digits(free.largest),
        "share": whole_percent(100 * answer.share_clipped),
        "done": look.iteration,
        "loss": three_digits(look.loss),
        "loss_free": three_digits(free.history.moments[-1].loss),
        "chance": three_digits(training.chance_loss),
        "hidden": training.experiment.hidden_size,
        "length": training.steps,
        "tested": answer.tested,
    }
