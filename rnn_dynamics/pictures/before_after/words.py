"""What is said of trained networks: the title, the labels and the notes, and how a training is named in a list."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Words
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.pictures.before_after.answer import BeforeAfterAnswer
from rnn_dynamics.pictures.kit.finding import first, paragraphs, told
from rnn_dynamics.pictures.kit.training_words import says_of

#: A change of the share at step 1 by fewer orders of magnitude is called little.
_LITTLE = 0.5


def texts(words: Words, answer: BeforeAfterAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of each network before and after), and the title."""
    component = views["gradient"]
    return {
        "labels": [
            words["label"].format(cell=network.cell, time=words[time], orders=orders)
            for network in answer.networks
            for time, orders in network.orders(component).items()
        ],
        "title": _title(words, answer.most_changed(component), component),
    }


def _title(words: Words, network: Trained, component: str) -> str:
    """What training did to the network whose gradient at step 1 it changed most."""
    shown = network.shown(component)
    gradient = words["gradients"]["ratio" if shown == "cell" and network.cell.empty else shown]
    says = says_of(network, words, gradient=gradient, orders=network.orders(component))
    change = network.change(component)
    kind = "silent" if change is None else first(same=abs(change) < _LITTLE, further=change > 0.0, less=True)
    return str(words["titles"][kind].format_map(says))


def finding(words: Words, answer: BeforeAfterAnswer, views: Mapping[str, str]) -> str:
    """The notes, as HTML."""
    component = views["gradient"]
    learning, says = component == "hidden" and answer.training.task != "blank", says_of(answer, words)
    return paragraphs(told(words["notes"], says, same=True, no_cell=component == "cell", learning=learning))


def described(words: Words, answer: BeforeAfterAnswer, opening: bool = False) -> str:
    """A training in a list; the session's own, or the one with which a page opens."""
    cells = ", ".join(dict.fromkeys(network.cell.short for network in answer.networks))
    return str(words["opening" if opening else "job"].format_map(says_of(answer, words, cells=cells)))
