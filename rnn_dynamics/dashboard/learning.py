"""The page "Learning long lags": what its controls ask for, and the picture of a training, finished or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.dashboard.desk import Job
from rnn_dynamics.dashboard.training_panel import affordable, network_of
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.tables.learning import LearningPicture, Look, Looks, learning_datasets
from rnn_dynamics.tables.verdict import judge, power_of_ten
from rnn_dynamics.tasks import TASKS
from rnn_dynamics.training import History, Moment, Training

Array = NDArray[np.float64]
Numbers = NDArray[np.int64] | Array

PAGE = "learning"
#: Where the slider of the movie may stand, in per cent of the looks that there are.
MOMENTS = tuple(f"{per_cent} %" for per_cent in range(0, 101, 5))
#: Loss, as a share of that of chance, up to which a task counts as learned, and up to which as learned in part.
LEARNED, PARTLY = 0.1, 0.9


def trainings(experiment: Experiment, views: Mapping[str, str]) -> tuple[Training, ...]:
    """What is trained side by side: the vanilla RNN, and the reader's cell where it is another.

    Raises:
        ValueError: the settings do not go together, or would take too long.
    """
    cells = dict.fromkeys(("rnn", experiment.cell))
    asked = tuple(
        Training(
            experiment=network_of(experiment, cell),
            task=_task(views),
            optimiser=views["optimiser"],
            learning_rate=float(views["learning_rate"]),
            clipping=views["clipping"],
            clip_at=float(views["clip_at"]),
            iterations=int(views["iterations"]),
        )
        for cell in cells
    )
    return affordable(asked)


def _task(views: Mapping[str, str]) -> str:
    """The key of the task; on the page it is written without a line."""
    return views["task"].replace(" ", "_")


def looks_of(history: History) -> list[Look]:
    """The looks of a history, with what of it lies between them."""
    moments = list(history.moments)
    return [_look(history, before, moment) for before, moment in zip([None, *moments], moments, strict=False)]


def _look(history: History, before: Moment | None, moment: Moment) -> Look:
    clipped = history.clipped[before.iteration : moment.iteration] if before else []
    return Look(
        update=moment.iteration,
        loss=moment.loss,
        accuracy=moment.accuracy,
        norms=moment.log10_norms["hidden"],
        gates={name: float(values.mean()) for name, values in moment.gates.items()},
        clipped=float(np.mean(clipped)) if clipped else float("nan"),
    )


def untrained_picture(
    experiment: Experiment, views: Mapping[str, str], palette: tuple[str, ...]
) -> tuple[dict[str, bytes], str]:
    """Before anything is learned: the picture's axes and the chance, and what the button will do, as HTML."""
    task, gap = TASKS[_task(views)], experiment.sequence_length
    titles = dict.fromkeys(("learned", "reach", "movie"), "")
    picture = LearningPicture(
        looks={},
        length=task.steps_of(gap),
        updates=int(views["iterations"]),
        chance_loss=task.chance_loss(gap),
        chance_accuracy=task.chance_accuracy,
        marked=0,
        palette=palette,
        titles=titles,
        against_lag=views["axis"] == "lag",
    )
    cells = " and ".join(f"the {cell.upper()}" for cell in dict.fromkeys(("rnn", experiment.cell)))
    text = sentences(PAGE)["before"].format(
        cells=cells,
        updates=f"{int(views['iterations']):,}",
        optimiser=views["optimiser"],
        rate=views["learning_rate"],
        clipping=views["clipping"] if views["clipping"] == "none" else f"{views['clipping']} at {views['clip_at']}",
        bias=experiment.gate_bias,
        hidden=experiment.hidden_size,
    )
    return learning_datasets(picture), f"<p>{text}</p>"


def learning_picture(job: Job, moment: str, against_lag: bool, palette: tuple[str, ...]) -> dict[str, bytes]:
    """The picture's datasets, of what a job has learned so far."""
    looks = looks_by_cell(job)
    last = min(map(len, looks.values())) - 1
    marked = round(float(moment.removesuffix(" %")) / 100 * last)
    training = job.trainings[0]
    picture = LearningPicture(
        looks=looks,
        length=training.steps,
        updates=training.iterations,
        chance_loss=training.its_task.chance_loss(training.experiment.sequence_length),
        chance_accuracy=training.its_task.chance_accuracy,
        marked=marked,
        palette=palette,
        titles=_titles(job, looks, marked),
        against_lag=against_lag,
    )
    return learning_datasets(picture)


def looks_by_cell(job: Job) -> dict[str, Looks]:
    """Cell -> its looks."""
    return {
        training.experiment.cell: looks_of(history)
        for training, history in zip(job.trainings, job.histories, strict=True)
    }


def standing(training: Training, look: Look) -> str:
    """How far a network has come: "learned", "partly", or "chance"."""
    share = look.loss / training.its_task.chance_loss(training.experiment.sequence_length)
    return "learned" if share <= LEARNED else "partly" if share <= PARTLY else "chance"


def _titles(job: Job, looks: Mapping[str, Looks], marked: int) -> dict[str, str]:
    words = sentences(PAGE)["titles"]
    training, updates = job.trainings[-1], min(of_cell[-1].update for of_cell in looks.values())
    said = [
        words[standing(training, of_cell[-1])].format(cell=cell.upper(), accuracy=f"{100 * of_cell[-1].accuracy:.0f}")
        for cell, of_cell in reversed(list(looks.items()))
    ]
    chance = f"{100 * training.its_task.chance_accuracy:.0f}"
    cell, of_cell = list(looks.items())[-1]
    before, after = (power_of_ten(judge(look.norms).orders) for look in (of_cell[0], of_cell[-1]))
    shown = list(looks.values())[-1][marked].update
    return {
        "learned": words["head"].format(updates=f"{updates:,}", said="|".join(said), chance=chance),
        "reach": words["reach"].format(cell=cell.upper(), before=before, after=after),
        "movie": words["movie"].format(shown=f"{shown:,}"),
    }


def sequence_html(experiment: Experiment, views: Mapping[str, str]) -> str:
    """One sequence of the task and its answer, as HTML: so that a hall sees what is asked."""
    name, gap = _task(views), experiment.sequence_length
    task = TASKS[name]
    batch = task.draw(np.random.default_rng(experiment.seed), 1, gap, True)
    words = sentences(PAGE)["tasks"][name]
    inputs, target = np.asarray(batch.inputs[:, 0], dtype=np.float64), batch.targets[..., 0]
    says = {"steps": task.steps_of(gap), "gap": gap, "loss": f"{task.chance_loss(gap):.4g}"}
    says |= {"accuracy": f"{100 * task.chance_accuracy:.3g}"}
    read, answer = _READERS[name](inputs, target)
    return f'<p>{words["asks"].format(**says)}</p><p class="sequence">{read} → <b>{answer}</b></p>'


def _temporal_order(inputs: Array, target: Numbers) -> tuple[str, str]:
    letters = "XYabcd"
    shown = [letters[place] for place in inputs.argmax(axis=-1)]
    read = " ".join(f"<mark>{letter}</mark>" if letter in "XY" else letter for letter in shown)
    return read, "".join("XY"[int(part)] for part in divmod(int(target), 2))


def _adding(inputs: Array, target: Numbers) -> tuple[str, str]:
    read = " ".join(f"<mark>{number:.2f}</mark>" if mark else f"{number:.2f}" for number, mark in inputs)
    return read, f"{float(target):.2f}"


def _copy_memory(inputs: Array, target: Numbers) -> tuple[str, str]:
    symbols = [*"12345678", "·", "?"]
    shown = [symbols[place] for place in inputs.argmax(axis=-1)]
    read = " ".join(f"<mark>{symbol}</mark>" if symbol in "12345678" else symbol for symbol in shown)
    return read, " ".join(symbols[int(place)] for place in target[-10:])


def _digits(inputs: Array, target: Numbers) -> tuple[str, str]:
    cells = "".join(f'<i style="opacity: {value:.2f}"></i>' for value in inputs[:, 0])
    return f'<span class="digit" role="img">{cells}</span>', str(int(target))


_READERS = {"temporal_order": _temporal_order, "adding": _adding, "copy_memory": _copy_memory, "digits": _digits}
assert set(_READERS) == set(TASKS)


def moved(job: Job, experiment: Experiment, views: Mapping[str, str]) -> str:
    """A note, as HTML, where the controls ask for another training than the one that is shown."""
    try:
        same = trainings(experiment, views) == job.trainings
    except ValueError:  # what the controls ask for cannot be trained
        same = False
    return "" if same else f'<p class="note">{sentences(PAGE)["moved"]}</p>'
