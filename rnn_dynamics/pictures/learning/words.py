"""The finding of the page "Learning long lags" as HTML: the table of the networks, and the notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.learning.training import History, Training
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.kit.training_words import by_network, ended, number, settings_of
from rnn_dynamics.pictures.kit.verdict import judge
from rnn_dynamics.pictures.learning.advice import advice
from rnn_dynamics.pictures.learning.answer import PAGE, looks_of, outcome
from rnn_dynamics.pictures.learning.table import Look

Trained = tuple[Training, History]


def learning_finding(job: Job) -> str:
    """What the picture says, in words and numbers."""
    pairs = list(zip(job.trainings, job.histories, strict=True))
    failures = "".join(f"<p>{ended(training, history)}</p>" for training, history in pairs if history.failure)
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(job, pairs))
    return f"{failures}{_table(pairs)}{notes}"


def _table(pairs: Sequence[Trained]) -> str:
    training, _ = pairs[0]
    task = training.its_task
    says = {
        "chance": f"{task.chance_loss(training.experiment.sequence_length):.3g}",
        "guess": f"{100 * task.chance_accuracy:.0f}",
    }
    columns = {one.experiment.cell: _column(one, its) for one, its in pairs}
    return f'<table class="verdict">{by_network(sentences(PAGE)["table"], says, columns)}</table>'


def _column(training: Training, history: History) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    words, looks, task = sentences(PAGE)["values"], looks_of(history), training.its_task
    first, last = looks[0], looks[-1]
    half = (task.chance_accuracy + 1.0) / 2.0
    there = next((look.update for look in looks if look.accuracy >= half), None)
    clipped = history.clipped
    return {
        "done": words["done"].format(done=f"{history.iterations:,}", total=f"{training.iterations:,}"),
        "loss": number(last.loss, ".3g"),
        "right": f"<b>{number(100 * last.accuracy, '.0f')} %</b>",
        "half": words["never"] if there is None else words["update"].format(update=f"{there:,}"),
        "left_before": _left(first),
        "left_after": _left(last) if len(looks) > 1 else "–",
        "clipped": "–" if training.clipping == "none" or not clipped else f"{100 * np.mean(clipped):.0f} %",
        "gate": _gate(first, last),
    }


def _left(look: Look) -> str:
    """How much of the gradient at step T is left at step 1."""
    orders = judge(look.norms).orders
    return "–" if np.isnan(orders) else f"×{power_of_ten(orders)}"


def _gate(first: Look, last: Look) -> str:
    """The gate that keeps the state: f, or the GRU's z."""
    name = next((gate for gate in ("f", "z") if gate in last.gates), None)
    if name is None:
        return "–"
    means = {"before": number(first.gates[name], ".2f"), "after": number(last.gates[name], ".2f")}
    return str(sentences(PAGE)["values"]["gate"].format(gate=name, **means))


def _notes(job: Job, pairs: Sequence[Trained]) -> Iterator[str]:
    words, (training, history) = sentences(PAGE)["notes"], pairs[-1]
    says = settings_of(training)
    yield words["settings"].format(**says)
    if len(pairs) > 1:
        yield words["both"]
    outcomes = {one.experiment.cell: outcome(one, its) for one, its in pairs}
    last = outcomes[training.experiment.cell]
    if (job.complete or job.failure) and last in ("chance", "diverged", "untrained"):
        if last == "chance" and training.experiment.cell != "rnn":
            yield words["gates_fail"].format(cell=training.experiment.cell.upper())
        yield from advice(training, history, history.moments[-1].loss)
    if outcomes.get("rnn") == "learned":
        yield words["rnn_learns"].format(**says)
    if any(its.failure for _, its in pairs):
        yield words["thin"]
    if training.its_task.every_step:
        yield words["every"]
    yield words["float"]
