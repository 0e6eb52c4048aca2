"""The tables of "Learning long lags": what is learned by update, and the gradient by step at each look."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.pictures.kit.axes import apart, ends_downwards, level_place
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, by_step, joined, one_row, table, within
from rnn_dynamics.pictures.learning.answer import MOMENTS, LearningAnswer

#: Points of one curve, and of one row of the maps.
POINTS = 30
#: How many orders of magnitude below the largest norm the maps' colours end at most, and where the curves' axis may.
_DARKEST = 12.0
SPANS = (3.0, 6.0, 9.0, 12.0, 16.0, 21.0, 30.0, 40.0, 60.0, 80.0, 120.0, 170.0, 250.0)
#: How much the name of chance takes of its panel's width, and for how many such names that is high enough.
_CHANCE, _CHANCE_LINES = 0.18, 6
#: The share of the gates' axis that a letter beside it needs.
LETTER = 0.22


def tables(answer: LearningAnswer, texts: Texts, views: Views) -> Tables:
    """What is learned by update, and the gradient by step at each look.

    gradients: by place of the look, and step, relative to step T; no value below the axis. looks: one row each, by
    its place among all: the row of its network's map; look: its number there, of which `last` is the last; first,
    until: what it stands for, in updates; clipped: of the updates since the look before. chances: the loss and
    accuracy of an answer without memory, and where its name stands. endings: the loss of each update's own sequences,
    from the last look to the update at which a training has ended. gates: the mean of each at each look. letters:
    where each gate's stands: beside its latest mean, as far from the others as it must. whole.
    """
    networks = answer.networks if answer.begun else ()
    norms, marked = [norms for network in networks for norms in network.relative_by_look], answer.marked(views["look"])
    low, high = _ends(networks, norms, marked)
    gates = [
        (of.cell.name, gate, of.by_look["update"], means)
        for of in networks
        for gate, means in of.gates.items()
        if gate not in of.cell.signed  # what is written is no gate
    ]
    endings = ((of.cell.name, of.now.iteration + np.arange(len(of.ending)), of.ending) for of in networks)
    shown = within(np.array(norms), (low, high)) if norms else np.empty((0, 1))
    return {
        "gradients": by_step({"place": np.arange(len(norms))}, POINTS, log10_norm=shown),
        "looks": table(place=np.arange(len(norms)), **joined(_LOOK, map(_looks, range(len(networks)), networks))),
        "chances": table(**joined(("name", "chance", "end", "above"), _chances(answer))),
        "endings": table(**joined(("cell", "update", "loss"), endings)),
        "gates": table(**joined(("cell", "gate", "update", "mean"), gates)),
        "letters": table(**_letters(gates)),
        "whole": one_row(
            texts,
            length=answer.training.steps,
            low=low,
            darkest=max(low, high - _DARKEST),
            high=high,
            updates=answer.updates,
            top_loss=top_loss(answer),
            marked=marked,
            last=answer.marked(MOMENTS[-1]),
            networks=len(networks) or 1,
            longest=answer.longest,
        ),
    }


def _ends(networks: Iterable[Trained], norms: Sequence[Array], marked: int) -> tuple[float, float]:
    """Where the axis of the gradients ends: it shows the first looks, the latest and the marked ones as a whole.

    A look between, at which a gradient has vanished for a while, may leave it below the darkest colour: else it would
    squeeze all others.
    """
    lowest, high = ends_downwards(norms, SPANS)
    seen = [of.relative_by_look[at] for of in networks for at in (0, min(marked, len(of.looks) - 1), -1) if of.looks]
    return min(ends_downwards([*seen, np.array([high])], SPANS)[0], max(lowest, high - _DARKEST)), high


def _chances(answer: LearningAnswer) -> Iterator[tuple[Any, ...]]:
    training, looks = answer.training, [network.by_look for network in answer.networks] if answer.begun else []
    known = {"loss": (training.chance_loss, top_loss(answer)), "accuracy": (training.chance_accuracy, 1.0)}
    for name, (level, top) in known.items():
        curves = [(of["update"], of[name]) for of in looks]
        place = level_place(level, curves, answer.updates, (0.0, top), _CHANCE, _CHANCE_LINES)
        yield name, level, place["end"], place["above"]


_LOOK = ("row", "cell", "look", "last", "first", "until", "update", "loss", "accuracy", "clipped")


def _looks(row: int, network: Trained) -> tuple[Any, ...]:
    count, bounds = len(network.looks), np.transpose(list(network.bounds))
    return row, network.cell.name, np.arange(count), count - 1, *bounds, *network.by_look.values()


def _letters(gates: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    latest = ((cell, gate, updates[-1], means[-1]) for cell, gate, updates, means in gates)
    letters = joined(("cell", "gate", "update", "place"), latest)
    return letters | {"place": apart(np.nan_to_num(letters["place"]).tolist(), LETTER, 1.0)}


def top_loss(answer: LearningAnswer) -> float:
    """Where the axis of the losses ends: a diverging one leaves it, after a start that lies on it."""
    chance, looks = answer.training.chance_loss, [network.looks for network in answer.networks if network.looks]
    if any(network.ending for network in answer.networks):
        return float(2.5 * max(chance, *(first.loss for first, *_ in looks)))
    finite = [look.loss for of in looks for look in of if look.loss < np.inf]
    return float(chance * (1.25 if max(finite, default=0.0) <= 1.25 * chance else 2.5))


def learned_file(answer: LearningAnswer, _: Views) -> Frame:
    """What was learned: columns cell, update, loss, accuracy, clipped, and gate_… of its gates."""
    found = [(of, {f"gate_{gate}": means for gate, means in of.gates.items()}) for of in answer.networks]
    return pd.concat([Frame({"cell": of.cell.name, **of.by_look, **gates}) for of, gates in found])


def gradients_file(answer: LearningAnswer, _: Views) -> Frame:
    """Every look at the gradient: columns cell, update, step, log10_norm, and log10_relative to that look's step T."""
    steps = np.arange(1, answer.training.steps + 1)
    parts = (
        (of.cell.name, look.iteration, steps, look.log10_norms["hidden"], relative)
        for of in answer.networks
        for look, relative in zip(of.looks, of.relative_by_look, strict=True)
    )
    return Frame(joined(("cell", "update", "step", "log10_norm", "log10_relative"), parts))
