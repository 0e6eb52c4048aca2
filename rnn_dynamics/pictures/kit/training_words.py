"""What every page that trains says of a training: its settings by their names, and why it ended early."""

from collections.abc import Iterable, Mapping
from typing import Any

from rnn_dynamics.content import Says, Words, called, sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.pictures.kit.finding import told


def says_of(trained: Any, words: Words, **more: Any) -> Says:
    """What sentences on what has a `training` are filled with: its settings by their names, and more."""
    training, experiment = trained.training, trained.training.experiment
    named, clipping = sentences("knobs", words.language), sentences("training", words.language)["clipping"]
    settings = {
        "name": CELLS[experiment.cell].short,
        "task": named["task"]["words"][training.task.replace("_", " ")],
        "optimiser": named["optimiser"]["words"][training.optimiser],
        "clipping": clipping[training.clipping].format_map(Says(training)),
        "bias": named["gate_bias"]["words"][experiment.gate_bias],
    }
    return Says(trained, **settings, **more)


def failures(networks: Iterable[Trained], language: str) -> str:
    """Why some of the networks ended early, as HTML."""
    return "".join(f"<p>{ended(network, language)}</p>" for network in networks if network.lost)


def ended(network: Trained, language: str) -> str:
    """Why its training ended early, as HTML."""
    history, says = network.history, Says(network, name=called(CELLS[network.experiment.cell].label, language))
    holds = {history.ended_by: True, "before": history.iterations, "first": not history.iterations}
    return " ".join(told(sentences("training", language)["ended"], says, **holds))


def by_network(words: Words, says: Any, columns: Mapping[str, Mapping[str, str]]) -> str:
    """The rows of a table with a column for each network, which leaves room for them on a phone, as HTML.

    Args:
        words: of the picture; `table` has key of a row -> its name, in their order; "network" is that of the head.
        says: what the names are filled with.
        columns: cell -> key of a row -> what it says of this network.
    """
    table, language = words["table"], words.language
    names = "".join(f"<th>{called(CELLS[cell].label, language)}</th>" for cell in columns)
    rows = "".join(
        f'<tr><th scope="row">{table[key].format_map(says)}</th>'
        + "".join(f"<td>{column[key]}</td>" for column in columns.values())
        + "</tr>"
        for key in table
        if all(key in column for column in columns.values())
    )
    return f"<tr><th>{table['network']}</th>{names}</tr>{rows}"
