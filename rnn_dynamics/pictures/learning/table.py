"""The tables of "Learning long lags": what is learned by update, and the gradient by step at each look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.pictures.kit.frames import Array, apart, ends_downwards, inside, one_row, point_steps, rows_by_step
from rnn_dynamics.pictures.learning.answer import LearningAnswer

#: Points of one curve, and of one row of the maps.
POINTS = 30
#: How many orders of magnitude below the largest norm the maps' colours end at most, and where the curves' axis may.
_DARKEST = 12.0
_SPANS = (3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 250.0)
#: The share of the gates' axis that a letter beside it needs.
LETTER = 0.22


def tables(answer: LearningAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """Gradients (by place, step), looks (one row a place), endings, gates, letters (beside the gates), whole."""
    norms = [look.log10_norms["hidden"] for network in answer.networks for look in network.looks]
    low, high = ends_downwards(norms, _SPANS)
    networks = answer.networks if answer.begun else ()
    return {
        "gradients": _gradients(norms, (low, high)),
        "looks": _looks(networks),
        "endings": _endings(networks),
        "gates": _gates(networks),
        "letters": _letters(networks),
        "whole": one_row(
            length=answer.training.steps,
            low=low,
            darkest=max(low, high - _DARKEST),
            high=high,
            updates=answer.updates,
            chance_loss=answer.training.chance_loss,
            chance_accuracy=answer.training.its_task.chance_accuracy,
            top_loss=top_loss(answer),
            marked=answer.marked(views["look"]),
            networks=len(networks) or 1,
            longest=answer.longest,
            **texts,
        ),
    }


def _gradients(norms: Sequence[Array], ends: tuple[float, float]) -> pa.Table:
    """Columns place (of the look, see `_looks`), step and log10_norm; no value below the axis."""
    steps = point_steps(len(norms[0]) if norms else 1, POINTS)
    shown = np.array([of[steps - 1] for of in norms]).reshape(-1, len(steps))
    places = np.arange(len(norms), dtype=np.uint8)
    return rows_by_step("place", places, steps, log10_norm=np.where(inside(shown, ends), shown, np.nan))


def _looks(networks: Sequence[Trained]) -> pa.Table:
    """One row for each look at each network.

    place: its number among all. row: of the network's map. look: its number among the network's, of which `last` is the
    last. first, until: what it stands for, in updates. clipped: of the updates since the look before.
    """
    rows = [
        (
            row,
            network.cell.name,
            number,
            len(network.looks) - 1,
            first,
            until,
            look.iteration,
            look.loss,
            look.accuracy,
            cut,
        )
        for row, network in enumerate(networks)
        for number, (look, (first, until), cut) in enumerate(
            zip(network.looks, network.bounds, network.clipped, strict=True)
        )
    ]
    names = ("row", "cell", "look", "last", "first", "until", "update", "loss", "accuracy", "clipped")
    return _table(("place", *names), [(place, *row) for place, row in enumerate(rows)])


def _endings(networks: Sequence[Trained]) -> pa.Table:
    """The loss of each update's own sequences, from the last look to the update at which a training has ended."""
    return _table(
        ("cell", "update", "loss"),
        [
            (network.cell.name, network.looks[-1].iteration + number, loss)
            for network in networks
            for number, loss in enumerate(network.ending)
        ],
    )


def _gates(networks: Sequence[Trained]) -> pa.Table:
    """The mean of each gate at each look."""
    return _table(
        ("cell", "gate", "update", "mean"),
        [
            (network.cell.name, gate, look.iteration, mean)
            for network in networks
            for gate, means in network.gates.items()
            for look, mean in zip(network.looks, means, strict=True)
        ],
    )


def _letters(networks: Sequence[Trained]) -> pa.Table:
    """Where each gate's letter stands: beside its latest mean, as far from the others as it must."""
    gates = [
        (network.cell.name, gate, network.looks[-1].iteration, means[-1])
        for network in networks
        for gate, means in network.gates.items()
    ]
    places = apart(np.nan_to_num([mean for *_, mean in gates]).tolist(), LETTER, 1.0)
    return _table(
        ("cell", "gate", "update", "place"), [(*of, place) for (*of, _), place in zip(gates, places, strict=True)]
    )


def top_loss(answer: LearningAnswer) -> float:
    """Where the axis of the losses ends: a diverging one leaves it, after a start that lies on it."""
    losses = [[look.loss for look in network.looks] for network in answer.networks if network.looks]
    chance, largest = (
        answer.training.chance_loss,
        max((loss for of in losses for loss in of if loss < np.inf), default=0),
    )
    if any(network.ending for network in answer.networks):
        return float(2.5 * max(chance, *(first for first, *_ in losses)))
    return float(chance * (1.25 if largest <= 1.25 * chance else 2.5))


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows as a table; what is no number has no value."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pa.table({name: pa.array(list(of), from_pandas=True) for name, of in zip(names, columns, strict=True)})


def learned(answer: LearningAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """What was learned: columns cell, update, loss, accuracy, clipped, and gate_… of its gates."""
    return pd.DataFrame(
        [
            {
                "cell": network.cell.name,
                "update": look.iteration,
                "loss": look.loss,
                "accuracy": look.accuracy,
                "clipped": cut,
                **{f"gate_{gate}": float(values.mean()) for gate, values in look.gates.items()},
            }
            for network in answer.networks
            for look, cut in zip(network.looks, network.clipped, strict=True)
        ]
    )


def gradients(answer: LearningAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Every look at the gradient: columns cell, update, step and log10_norm."""
    parts = [
        pd.DataFrame(
            {"cell": network.cell.name, "update": look.iteration, "step": np.arange(1, len(norms) + 1)}
        ).assign(log10_norm=norms)
        for network in answer.networks
        for look in network.looks
        for norms in (look.log10_norms["hidden"],)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
