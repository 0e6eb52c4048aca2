"""The cliff in a real network: one vanilla RNN trained twice, without clipping and with the norm clipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.learning.training import TESTED, Training
from rnn_dynamics.pictures.clipping.table import Trained, clipping_datasets
from rnn_dynamics.pictures.kit.training_words import ended

#: An identity of ReLU units on the adding problem: its states, and with them its gradients, have nothing that bounds
#: them, and it is known to need clipping (Le, Jaitly & Hinton 2015).
NETWORK = Experiment(
    cell="rnn", nonlinearity="relu", initialisation="identity", sequence_length=50, hidden_size=32, batch_size=32
)
RATES = ("0.00001", "0.00003", "0.0001", "0.001", "0.003", "0.01", "0.03")
UPDATES = 300
KINDS = ("none", "norm")


def clipping_trainings(rate: str, threshold: str, seed: int) -> tuple[Training, ...]:
    """The same network, weights and sequences, without clipping and with."""
    return tuple(
        Training(
            experiment=replace(NETWORK, seed=seed),
            task="adding",
            optimiser="sgd",
            learning_rate=float(rate),
            clipping=kind,
            clip_at=float(threshold),
            iterations=UPDATES,
        )
        for kind in KINDS
    )


def trained(job: Job) -> dict[str, Trained]:
    """What each of the two has seen so far."""
    return {
        training.clipping: Trained(
            gradient_norms=np.array(history.gradient_norms[: len(history.losses)]),
            losses=np.array(history.losses[: len(history.gradient_norms)]),
        )
        for training, history in zip(job.trainings, job.histories, strict=True)
    }


def clipping_picture(page: str, job: Job) -> tuple[dict[str, bytes], str]:
    """The picture's datasets, and what it says in words, as HTML."""
    words, networks = sentences(page)["network"], trained(job)
    _, clipped = job.trainings
    says, kind = _numbers(job), _kind(job)
    chance = clipped.its_task.chance_loss(clipped.experiment.sequence_length)
    datasets = clipping_datasets(
        networks, clipped.iterations, clipped.clip_at, chance, words["titles"][kind].format(**says)
    )
    lost = "".join(
        f"<p>{words['lost'][training.clipping].format(ended=ended(training, history))}</p>"
        for training, history in zip(job.trainings, job.histories, strict=True)
        if history.failure
    )
    notes = [words["notes"][name].format(**says) for name in (kind, "network") if name in words["notes"]]
    return datasets, lost + "".join(f'<p class="note">{note}</p>' for note in notes)


def _kind(job: Job) -> str:
    """Which title is true so far."""
    free, clipped = job.histories
    if free.failure or clipped.failure:
        return "both_die" if free.failure and clipped.failure else "dies" if free.failure else "clipped_dies"
    if not clipped.clipped:
        return "begins"
    return "both" if any(clipped.clipped) else "calm"


def _numbers(job: Job) -> dict[str, str | int]:
    training, (free, clipped) = job.trainings[1], job.histories
    largest = [np.max(np.array(history.gradient_norms), initial=0.0) for history in (free, clipped)]
    look = clipped.moments[-1]
    return {
        "update": len(free.losses),
        "update_clipped": len(clipped.losses),
        "threshold": f"{training.clip_at:g}",
        "rate": f"{training.learning_rate:g}",
        "first": _short(clipped.gradient_norms[0] if clipped.gradient_norms else 0.0),
        "largest": _short(largest[1]),
        "largest_free": _short(largest[0]),
        "share": f"{100 * np.mean(clipped.clipped or [False]):.0f}",
        "done": look.iteration,
        "loss": _short(look.loss),
        "loss_free": _short(free.moments[-1].loss),
        "chance": _short(training.its_task.chance_loss(training.experiment.sequence_length)),
        "hidden": training.experiment.hidden_size,
        "length": training.steps,
        "tested": TESTED,
    }


def _short(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
