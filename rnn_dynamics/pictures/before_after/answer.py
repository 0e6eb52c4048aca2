"""Trained networks on the page "Vanish or explode?": the gradient of their own loss before and after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.learning.training import History, Moment, Training
from rnn_dynamics.pictures.before_after.table import Network, before_after_datasets
from rnn_dynamics.pictures.kit.numbers import number, power_of_ten
from rnn_dynamics.pictures.kit.training_words import task_name
from rnn_dynamics.pictures.kit.verdict import judge

Array = NDArray[np.float64]
Trained = tuple[Training, History]


def trained_picture(page: str, job: Job, component: str, against_lag: bool) -> tuple[dict[str, bytes], str]:
    """The picture's datasets, and what stands below it, as HTML."""
    words, pairs = sentences(page)["trained"], tuple(zip(job.trainings, job.histories, strict=True))
    networks = [network_of(training, history, component, words) for training, history in pairs]
    datasets = before_after_datasets(networks, against_lag, headline(pairs, networks, component, words))
    notes = (
        words["note"].format(task=task_name(pairs[0][0])),
        words["no_cell"] if component == "cell" else "",
        words["learning"] if component == "hidden" and pairs[0][0].task != "blank" else "",
    )
    return datasets, "".join(f'<p class="note">{text}</p>' for text in notes if text)


def describe(job: Job, words: Mapping[str, Any], opening: bool = False) -> str:
    """A job in a list; the session's own, or the one with which a page opens."""
    training, cells = job.trainings[0], (training.experiment.cell.upper() for training in job.trainings)
    done = max(history.iterations for history in job.histories)
    return str(
        words["opening" if opening else "job"].format(
            cells=", ".join(dict.fromkeys(cells)),
            task=task_name(training),
            done=f"{done:,}",
            total=f"{training.iterations:,}",
        )
    )


def network_of(training: Training, history: History, component: str, words: Mapping[str, Any]) -> Network:
    """The first and the latest look at a network; the GRU and the RNN have no cell state, and show h."""
    looks = (history.moments[0], history.moments[-1])
    before, after = (look.log10_norms[_shown(look, component)] for look in looks)
    name = training.experiment.cell.upper()
    labels = {
        time: words["label"].format(cell=name, time=words[time], share=_share(norms))
        for time, norms in {"before": before, "after": after}.items()
    }
    return Network(cell=training.experiment.cell, before=before, after=after, labels=labels)


def _shown(look: Moment, component: str) -> str:
    return component if component in look.log10_norms else "hidden"


def _share(norms: Array) -> str:
    orders = judge(norms).orders
    return "–" if np.isnan(orders) else f"×{power_of_ten(orders)}"


def headline(pairs: Sequence[Trained], networks: Sequence[Network], component: str, words: Mapping[str, Any]) -> str:
    """What training did to the network whose gradient at step 1 it changed most."""
    (training, history), network = max(zip(pairs, networks, strict=True), key=lambda pair: abs(_change(pair[1]) or 0.0))
    change, look = _change(network), history.moments[-1]
    kind = "silent" if change is None else "same" if abs(change) < 0.5 else "further" if change > 0 else "less"
    return str(
        words[kind].format(
            cell=CELLS[training.experiment.cell].label,
            gradient=words["gradients"][_shown(look, component)],
            task=task_name(training),
            done=f"{look.iteration:,}",
            total=f"{training.iterations:,}",
            before=_share(network.before),
            after=_share(network.after),
            accuracy=number(100 * look.accuracy, ".0f"),
            chance=f"{100 * training.its_task.chance_accuracy:.0f}",
        )
    )


def _change(network: Network) -> float | None:
    """By how many orders of magnitude the share at step 1 has changed; None where the last step has no gradient."""
    before, after = (judge(norms).orders for norms in (network.before, network.after))
    if np.isnan(before) or np.isnan(after):
        return None
    return 0.0 if before == after else after - before
