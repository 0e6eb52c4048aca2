"""What every page that trains says of a training: its settings by their names, and why it ended early."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from rnn_dynamics.content import Says, sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.learning.training import History, Training


def task_name(training: Training, language: str) -> str:
    """What is learned."""
    return str(sentences("knobs", language)["task"]["words"][training.task.replace("_", " ")])


def settings_of(training: Training, language: str) -> dict[str, str]:
    """What its settings are called that have names."""
    named, clipping = sentences("knobs", language), sentences("training", language)["clipping"]
    return {
        "name": CELLS[training.experiment.cell].short,
        "task": task_name(training, language),
        "optimiser": named["optimiser"]["words"][training.optimiser],
        "clipping": clipping[training.clipping].format_map(Says(training)),
        "bias": named["gate_bias"]["words"][training.experiment.gate_bias],
    }


def failures(networks: Iterable[Any], language: str) -> str:
    """Why some of the networks ended early, each of a `training` and its `history`, as HTML."""
    return "".join(f"<p>{ended(network, language)}</p>" for network in networks if network.history.failure)


def ended(network: Any, language: str) -> str:
    """Why its training ended early, as HTML."""
    words, history, cell = sentences("training", language)["ended"], network.history, network.training.experiment.cell
    says = Says(network, name=CELLS[cell].label, loss=history.losses[-1])
    said = words[_reason(history)].format_map(says)
    if not history.iterations:
        return f"{said} {words['first']}"
    return f"{said} {words['before'].format(norm=history.gradient_norms[history.iterations - 1])}"


def _reason(history: History) -> str:
    """Key of the sentence; see `trainer`."""
    if len(history.losses) == history.iterations:
        return "states"
    if not isfinite(history.losses[-1]):
        return "loss_lost"
    return "loss" if isfinite(history.gradient_norms[-1]) else "norm"


def by_network(words: Mapping[str, Any], says: Any, columns: Mapping[str, Mapping[str, str]]) -> str:
    """The rows of a table with a column for each network, which leaves room for them on a phone, as HTML.

    Args:
        words: key of a row -> its name, in their order; "network" is that of the head.
        says: what the names are filled with.
        columns: cell -> key of a row -> what it says of this network.
    """
    names = "".join(f"<th>{CELLS[cell].label}</th>" for cell in columns)
    rows = "".join(
        f'<tr><th scope="row">{words[key].format_map(says)}</th>'
        + "".join(f"<td>{column[key]}</td>" for column in columns.values())
        + "</tr>"
        for key in words
        if all(key in column for column in columns.values())
    )
    return f"<tr><th>{words['network']}</th>{names}</tr>{rows}"
