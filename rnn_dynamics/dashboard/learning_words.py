"""The finding of the page "Learning long lags" as HTML: the table of the networks, and the notes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnn_dynamics.cells import CELLS
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.dashboard.desk import Job
from rnn_dynamics.dashboard.learning import PAGE, looks_of, standing
from rnn_dynamics.tables.learning import Look
from rnn_dynamics.tables.verdict import judge
from rnn_dynamics.training import History, Training


def learning_finding(job: Job) -> str:
    """What the picture says, in words and numbers."""
    words = sentences(PAGE)
    pairs = list(zip(job.trainings, job.histories, strict=True))
    rows = "".join(_row(training, history) for training, history in pairs)
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(job))
    failures = "".join(
        f"<p><b>{CELLS[training.experiment.cell].label}.</b> {history.failure}</p>"
        for training, history in pairs
        if history.failure
    )
    return (
        f'{failures}<div style="overflow-x: auto"><table class="verdict">{words["table"]["head"]}{rows}</table></div>'
        f"{notes}"
    )


def _row(training: Training, history: History) -> str:
    table, looks, task = sentences(PAGE)["table"], looks_of(history), training.its_task
    first, last = looks[0], looks[-1]
    half = (task.chance_accuracy + 1.0) / 2.0
    there = next((look.update for look in looks if look.accuracy >= half), None)
    clipped = history.clipped
    return str(
        table["row"].format(
            name=CELLS[training.experiment.cell].label,
            loss=f"{last.loss:.3g}",
            chance=f"{task.chance_loss(training.experiment.sequence_length):.3g}",
            accuracy=f"{100 * last.accuracy:.0f}",
            guess=f"{100 * task.chance_accuracy:.0f}",
            half=table["never"] if there is None else table["update"].format(update=f"{there:,}"),
            before=_reach(first),
            after=_reach(last),
            clipped="–" if training.clipping == "none" or not clipped else f"{100 * np.mean(clipped):.0f} %",
            gate=_gate(first, last),
        )
    )


def _reach(look: Look) -> str:
    """The lag at which 1 % of the gradient is left."""
    table, lag = sentences(PAGE)["table"], judge(look.norms).horizon
    return str(table["all"] if lag is None else table["steps"].format(lag=lag))


def _gate(first: Look, last: Look) -> str:
    """The gate that keeps the state: f, or the GRU's z."""
    name = next((gate for gate in ("f", "z") if gate in last.gates), None)
    return f"{name}: {first.gates[name]:.2f} → {last.gates[name]:.2f}" if name else "–"


def _notes(job: Job) -> Iterator[str]:
    words, training = sentences(PAGE)["notes"], job.trainings[-1]
    experiment = training.experiment
    yield words["settings"].format(
        task=training.its_task.label,
        gap=experiment.sequence_length,
        steps=training.steps,
        hidden=experiment.hidden_size,
        batch=experiment.batch_size,
        optimiser=training.optimiser,
        rate=f"{training.learning_rate:g}",
        seed=experiment.seed,
    )
    standings = {
        one.experiment.cell: standing(one, looks_of(history)[-1])
        for one, history in zip(job.trainings, job.histories, strict=True)
    }
    gated = [cell for cell in standings if cell != "rnn"]
    if gated and all(standings[cell] == "chance" for cell in gated):
        yield words["gates_fail"].format(cell=gated[0].upper())
    if standings.get("rnn") == "learned":
        yield words["rnn_learns"]
    if training.its_task.every_step:
        yield words["every"]
    yield words["float"]
