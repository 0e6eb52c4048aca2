"""What every page that trains says of a training: its settings by their names, and why it ended early."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.content.numbers import number
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.learning.training import History, Training


def language_of(words: Mapping[str, Any]) -> str:
    """That of a page's words."""
    return str(getattr(words, "language", LANGUAGE))


def task_name(training: Training, language: str) -> str:
    """What is learned."""
    return str(sentences("knobs", language)["task"]["words"][training.task.replace("_", " ")])


def settings_of(training: Training, language: str) -> dict[str, str]:
    """What sentences about a training are filled with."""
    experiment, named = training.experiment, sentences("knobs", language)
    return {
        "task": task_name(training, language),
        "steps": f"{training.steps}",
        "hidden": f"{experiment.hidden_size}",
        "batch": f"{experiment.batch_size}",
        "total": f"{training.iterations:,}",
        "optimiser": named["optimiser"]["words"][training.optimiser],
        "rate": f"{training.learning_rate:g}",
        "clipping": sentences("training", language)["clipping"][training.clipping].format(at=f"{training.clip_at:g}"),
        "initialisation": named["initialisation"]["words"][experiment.initialisation],
        "bias": named["gate_bias"]["words"][experiment.gate_bias],
        "seed": f"{experiment.seed}",
    }


def last_update(history: History) -> int:
    """The number of the update at which a training has ended early: one that failed, or left states beyond numbers."""
    return len(history.losses)


def ended(training: Training, history: History, language: str) -> str:
    """Why a training ended early, as HTML."""
    words, loss = sentences("training", language)["ended"], history.losses[-1]
    said = words[_reason(history)].format(
        cell=CELLS[training.experiment.cell].label,
        update=f"{last_update(history):,}",
        done=f"{history.iterations:,}",
        total=f"{training.iterations:,}",
        loss=number(loss),
        chance=f"{training.chance_loss:.3g}",
    )
    if not history.iterations:
        return f"{said} {words['first']}"
    before = history.gradient_norms[history.iterations - 1]
    return f"{said} {words['before'].format(norm=number(before))}"


def _reason(history: History) -> str:
    """Key of the sentence; see `trainer`."""
    if len(history.losses) == history.iterations:
        return "states"
    if not isfinite(history.losses[-1]):
        return "loss_lost"
    return "loss" if isfinite(history.gradient_norms[-1]) else "norm"


def by_network(words: Mapping[str, Any], says: Mapping[str, Any], columns: Mapping[str, Mapping[str, str]]) -> str:
    """The rows of a table with a column for each network, which leaves room for them on a phone, as HTML.

    Args:
        words: key of a row -> its name; "network" is that of the head.
        says: what the names are filled with.
        columns: cell -> key of a row -> what it says of this network.
    """
    names = "".join(f"<th>{CELLS[cell].label}</th>" for cell in columns)
    rows = "".join(
        f'<tr><th scope="row">{words[key].format(**says)}</th>'
        + "".join(f"<td>{column[key]}</td>" for column in columns.values())
        + "</tr>"
        for key in next(iter(columns.values()))
    )
    return f"<tr><th>{words['network']}</th>{names}</tr>{rows}"
