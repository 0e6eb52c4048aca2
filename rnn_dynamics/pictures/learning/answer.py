"""The page "Learning long lags": what its controls ask for, and the picture of a training, finished or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job, has
from rnn_dynamics.learning.limits import affordable, network_of
from rnn_dynamics.learning.tasks import TASKS
from rnn_dynamics.learning.training import History, Moment, Training
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.kit.training_words import last_update, number, settings_of
from rnn_dynamics.pictures.kit.verdict import judge
from rnn_dynamics.pictures.learning.table import LearningPicture, Look, Looks, learning_datasets

Array = NDArray[np.float64]
Numbers = NDArray[np.int64] | Array

PAGE = "learning"
#: Where the slider of the movie may stand, in per cent of the looks that there are.
MOMENTS = tuple(f"{per_cent} %" for per_cent in range(0, 101, 5))
#: The sequence lengths that the page offers.
LENGTHS = (10, 20, 30, 50, 70, 100)
#: Loss, as a share of that of chance, up to which a task counts as learned, and up to which as learned in part.
LEARNED, PARTLY = 0.1, 0.9


def trainings(experiment: Experiment, views: Mapping[str, str]) -> tuple[Training, ...]:
    """What is trained side by side: the vanilla RNN, and the reader's cell where it is another.

    Raises:
        ValueError: the settings do not go together, or would take too long.
    """
    return affordable(tuple(_asked(experiment, views, cell) for cell in dict.fromkeys(("rnn", experiment.cell))))


def _asked(experiment: Experiment, views: Mapping[str, str], cell: str) -> Training:
    return Training(
        experiment=network_of(experiment, cell),
        task=_task(views),
        optimiser=views["optimiser"],
        learning_rate=float(views["learning_rate"]),
        clipping=views["clipping"],
        clip_at=float(views["clip_at"]),
        iterations=int(views["iterations"]),
    )


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
    asked = _asked(experiment, views, experiment.cell)
    text = sentences(PAGE)["before_rnn" if experiment.cell == "rnn" else "before"].format(
        cell=experiment.cell.upper(), **settings_of(asked)
    )
    return learning_datasets(picture), f"<p>{text}</p>"


def learning_picture(job: Job, moment: str, against_lag: bool, palette: tuple[str, ...]) -> dict[str, bytes]:
    """The picture's datasets, of what a job has learned so far."""
    looks = looks_by_cell(job)
    last = max(map(len, looks.values())) - 1
    marked = round(float(moment.removesuffix(" %")) / 100 * last)
    training = job.trainings[0]
    picture = LearningPicture(
        looks=looks,
        length=training.steps,
        updates=_axis_end(job),
        chance_loss=training.its_task.chance_loss(training.experiment.sequence_length),
        chance_accuracy=training.its_task.chance_accuracy,
        marked=marked,
        palette=palette,
        titles=learning_titles(job, looks, marked),
        against_lag=against_lag,
        ended={
            one.experiment.cell: history.losses[history.moments[-1].iteration :]
            for one, history in zip(job.trainings, job.histories, strict=True)
            if history.failure
        },
    )
    return learning_datasets(picture)


def _axis_end(job: Job) -> int:
    """The last update that was asked for, or where all have ended early the last one of any."""
    if all(history.failure for history in job.histories):
        return max(1, *(len(history.losses) - 1 for history in job.histories))
    return job.trainings[0].iterations


def looks_by_cell(job: Job) -> dict[str, Looks]:
    """Cell -> its looks."""
    return {
        training.experiment.cell: looks_of(history)
        for training, history in zip(job.trainings, job.histories, strict=True)
    }


def outcome(training: Training, history: History) -> str:
    """How far a network has come: "learned", "partly", "chance", "diverged", or "untrained" if no update was made."""
    if history.failure:
        return "diverged" if history.iterations else "untrained"
    return standing(training, looks_of(history)[-1])


def standing(training: Training, look: Look) -> str:
    """How far a network has come that has not diverged: "learned", "partly", or "chance"."""
    share = look.loss / training.its_task.chance_loss(training.experiment.sequence_length)
    return "learned" if share <= LEARNED else "partly" if share <= PARTLY else "chance"


def learning_titles(job: Job, looks: Mapping[str, Looks], marked: int) -> dict[str, str]:
    """The panels' titles, given the number of the look that is marked."""
    words, total = sentences(PAGE)["titles"], f"{job.trainings[0].iterations:,}"
    going = [history.iterations for history in job.histories if not history.failure]
    says = {"chance": f"{100 * job.trainings[0].its_task.chance_accuracy:.0f}", "total": total}
    last = words["after"].format(done=f"{min(going):,}", **says) if going else words["ended"].format(**says)
    longest = max(looks.values(), key=len)
    return {
        "learned": "|".join([*_outcomes(job), last]),
        "reach": _reach_title(*list(looks.items())[-1]),
        "movie": words["movie"].format(shown=f"{longest[marked].update:,}", total=total),
    }


def _outcomes(job: Job) -> list[str]:
    """A line for each network, the reader's cell first."""
    words = sentences(PAGE)["titles"]
    return [
        words[outcome(training, history)].format(
            cell=training.experiment.cell.upper(),
            accuracy=number(100 * history.moments[-1].accuracy, ".0f"),
            update=f"{last_update(history):,}",
        )
        for training, history in reversed(list(zip(job.trainings, job.histories, strict=True)))
    ]


def _reach_title(cell: str, looks: Looks) -> str:
    before, after = (judge(look.norms).orders for look in (looks[0], looks[-1]))
    kind = "reach_none" if np.isnan(before) or np.isnan(after) else "reach" if len(looks) > 1 else "reach_untrained"
    says = {"before": power_of_ten(before), "after": power_of_ten(after)}
    return str(sentences(PAGE)["titles"][kind].format(cell=cell.upper(), **says))


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
    same = has(job, lambda: trainings(experiment, views))
    return "" if same else f'<p class="note">{sentences(PAGE)["moved"]}</p>'
