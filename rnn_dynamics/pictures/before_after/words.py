"""What is said of trained networks: the title, the labels and the notes, and how a training is named in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Words
from rnn_dynamics.content.numbers import share
from rnn_dynamics.pictures.before_after.answer import BeforeAfterAnswer, Network
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.training_words import task_name

#: A change of the share at step 1 by fewer orders of magnitude is called little.
_LITTLE = 0.5


def texts(words: Words, answer: BeforeAfterAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of each network before and after), and the title."""
    component = views["gradient"]
    return {
        "labels": [
            words["label"].format(cell=network.cell.short, time=words[time], share=share(orders))
            for network in answer.networks
            for time, orders in network.orders(component).items()
        ],
        "title": _title(words, answer.most_changed(component), component),
    }


def _title(words: Words, network: Network, component: str) -> str:
    """What training did to the network whose gradient at step 1 it changed most."""
    training, look, shares = network.training, network.after, network.orders(component)
    return str(
        words["titles"][_kind(network.change(component))].format(
            cell=network.cell.label,
            gradient=words["gradients"][network.shown(component)],
            task=task_name(training, words.language),
            done=f"{look.iteration:,}",
            total=f"{training.iterations:,}",
            before=share(shares["before"]),
            after=share(shares["after"]),
            accuracy=f"{100 * look.accuracy:.0f}",
            chance=f"{100 * training.its_task.chance_accuracy:.0f}",
        )
    )


def _kind(change: float | None) -> str:
    if change is None:
        return "silent"
    return "same" if abs(change) < _LITTLE else "further" if change > 0 else "less"


def finding(words: Words, answer: BeforeAfterAnswer, views: Mapping[str, str]) -> str:
    """The notes, as HTML."""
    return paragraphs(_notes(words, answer, views["gradient"]))


def _notes(words: Words, answer: BeforeAfterAnswer, component: str) -> Iterator[str]:
    notes, training = words["notes"], answer.networks[0].training
    yield notes["same"].format(task=task_name(training, words.language))
    if component == "cell":
        yield notes["no_cell"]
    if component == "hidden" and training.task != "blank":
        yield notes["learning"]


def described(words: Words, answer: BeforeAfterAnswer, opening: bool = False) -> str:
    """A training in a list; the session's own, or the one with which a page opens."""
    training = answer.networks[0].training
    return str(
        words["opening" if opening else "job"].format(
            cells=", ".join(dict.fromkeys(network.cell.short for network in answer.networks)),
            task=task_name(training, words.language),
            done=f"{answer.updates:,}",
            total=f"{training.iterations:,}",
        )
    )
