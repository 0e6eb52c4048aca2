"""The datasets of the picture "Learning long lags": what is learned by update, and the gradient at each look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    Array,
    arrow_bytes,
    hundredths,
    numbers_text,
    point_steps,
    shades,
)

#: Points of one curve by step.
POINTS = 30
#: How many orders of magnitude below the largest norm the axis of the curves may end, and the maps' colours at most.
_DARKEST = 12.0
_SPANS = (3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 250.0)
#: Per cent of the gates' axis that a letter beside it needs.
LETTER = 22.0
#: What of an LSTM and of a GRU is no gate but what is written.
_CANDIDATES = ("g", "n")
_FLOAT = pa.float64()
Looks = Sequence["Look"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at one network.

    update: how many lie before it. loss, accuracy: on test sequences. norms (T,): log10 ‖∂L/∂h_t‖. gates: name -> its
    mean over sequences, units and steps. clipped: of the updates since the look before, the share; nan at the first.
    """

    update: int
    loss: float
    accuracy: float
    norms: Array
    gates: Mapping[str, float]
    clipped: float


@dataclass(frozen=True, kw_only=True)
class LearningPicture:
    """What the picture shows.

    Attributes:
        looks: cell -> its looks, in order; networks of the same task. There may be none yet.
        length: T.
        updates: where the axis of updates ends.
        ended: cell -> the losses of its own sequences from its last look on, one for each update, where a training has
            ended early. updates may then end with the last of them.
        chance_loss, chance_accuracy: of the task.
        marked: number of the look that is shown where no pointer says otherwise.
        palette: hex colours, from the smallest norm to the largest.
        titles: name of a panel -> its title; "|" begins a line, and on a phone "¦" does too.
        against_lag: whether the axis of the curves and maps counts the steps before the end.
    """

    looks: Mapping[str, Looks]
    length: int
    updates: int
    chance_loss: float
    chance_accuracy: float
    marked: int
    palette: tuple[str, ...]
    titles: Mapping[str, str]
    against_lag: bool
    ended: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def reached(self, cell: str) -> int:
        """The last update that the picture knows of a network; at least 1, so that its only look has a height."""
        return max(1, self.looks[cell][-1].update + max(0, len(self.ended.get(cell, ())) - 1))

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """Of each curve's points."""
        return point_steps(self.length, POINTS)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The ends of the norms' axis and colours, in orders of magnitude: from the largest one downwards."""
        norms = np.array([look.norms for looks in self.looks.values() for look in looks])
        finite = norms[np.isfinite(norms)]
        top = float(np.ceil(finite.max(initial=-10.0 if len(norms) else 0.0)))
        needed = top - finite.min(initial=top)
        return top - next((span for span in _SPANS if span >= needed), _SPANS[-1]), top


def learning_datasets(picture: LearningPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {
        "looks": look_rows(picture),
        "curves": curve_rows(picture),
        "gates": gate_rows(picture),
        "whole": whole_row(picture),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def look_rows(picture: LearningPicture) -> pa.Table:
    """One row for each look at each network.

    Columns cell, row (0 for the upper map), look (its number), last (the number of its network's last look), update,
    above and below (its strip of the map, in updates), colours and points (heights of its curve).
    """
    low, high = picture.ends
    darkest = max(low, high - _DARKEST)
    stops, colours = point_steps(picture.length, MAP_POINTS), np.array(shades(picture.palette))
    rows: list[dict[str, object]] = []
    for row, (cell, looks) in enumerate(picture.looks.items()):
        updates = [look.update for look in looks]
        between = [(first + second) / 2 for first, second in pairwise(updates)]
        for number, look in enumerate(looks):
            norms = np.nan_to_num(look.norms[stops - 1], nan=darkest, posinf=high, neginf=darkest)
            share = (np.clip(norms, darkest, high) - darkest) / (high - darkest)
            points = look.norms[picture.steps - 1]
            inside = (points >= low) & (points <= high)
            rows.append(
                {
                    "cell": cell,
                    "row": row,
                    "look": number,
                    "last": len(looks) - 1,
                    "update": look.update,
                    "above": 0.0 if number == 0 else between[number - 1],
                    "below": between[number] if number < len(between) else float(picture.reached(cell)),
                    "colours": ",".join(colours[np.rint(share * 254.0).astype(np.int64)]),
                    "points": ",".join(
                        np.where(inside, hundredths(np.where(inside, points, 0.0)).astype(str), "x").tolist()
                    ),
                }
            )
    whole = dict.fromkeys(("row", "look", "last", "update"), pa.int64())
    return _table(rows, ("cell", "colours", "points"), **whole, above=_FLOAT, below=_FLOAT)


def curve_rows(picture: LearningPicture) -> pa.Table:
    """One row for each network: cell, and by look updates, losses, accuracies and clipped (per cent) as texts.

    Also the latest update, loss and accuracy as lastUpdate, lastLoss and lastRight; and of a training that has ended
    early endUpdates and endLosses as texts, else empty ones.
    """
    top = loss_top(picture)
    rows = [
        {
            "cell": cell,
            "lastUpdate": looks[-1].update,
            "lastLoss": min(looks[-1].loss, top),
            "lastRight": 100.0 * looks[-1].accuracy,
            "endUpdates": numbers_text(looks[-1].update + np.arange(len(picture.ended.get(cell, ())))),
            "endLosses": _text([min(loss, top) for loss in picture.ended.get(cell, ())], 4),
            "updates": numbers_text(np.array([look.update for look in looks])),
            "losses": _text([min(look.loss, top) for look in looks], 4),
            "accuracies": _text([100.0 * look.accuracy for look in looks], 1),
            "clipped": _text([100.0 * look.clipped for look in looks], 1),
        }
        for cell, looks in picture.looks.items()
    ]
    texts = ("cell", "updates", "losses", "accuracies", "clipped", "endUpdates", "endLosses")
    return _table(rows, texts, lastUpdate=pa.int64(), lastLoss=_FLOAT, lastRight=_FLOAT)


def loss_top(picture: LearningPicture) -> float:
    """Where the axis of the losses ends: a diverging one leaves it, after a start that lies on it."""
    losses = (look.loss for looks in picture.looks.values() for look in looks if np.isfinite(look.loss))
    largest, chance = max(losses, default=0.0), picture.chance_loss
    if any(picture.ended.values()):
        return float(2.5 * max(chance, *(looks[0].loss for looks in picture.looks.values())))
    return float(chance * (1.25 if largest <= 1.25 * chance else 2.5))


def gate_rows(picture: LearningPicture) -> pa.Table:
    """One row for each gate of each network that has gates: cell, gate, updates and means (per cent) as texts.

    Also where its letter stands, label (per cent): beside the latest mean, as far from the others as it must.
    """
    rows: list[dict[str, object]] = [
        {
            "cell": cell,
            "gate": gate,
            "updates": numbers_text(np.array([look.update for look in looks])),
            "means": _text([100.0 * look.gates[gate] for look in looks], 1),
            "update": looks[-1].update,
            "last": round(100.0 * looks[-1].gates[gate], 1),
        }
        for cell, looks in picture.looks.items()
        for gate in looks[0].gates
        if gate not in _CANDIDATES
    ]
    for row, place in zip(rows, apart([cast(float, row["last"]) for row in rows]), strict=True):
        row["label"] = place
    return _table(rows, ("cell", "gate", "updates", "means"), update=pa.int64(), last=_FLOAT, label=_FLOAT)


def apart(heights: Sequence[float], least: float = LETTER) -> list[float]:
    """Heights from 0 to 100, moved as little as it takes to lie `least` apart; nan counts as 0."""
    places = np.nan_to_num(np.array(heights, dtype=float))
    upwards = np.argsort(places, kind="stable")
    for below, above in pairwise(upwards):
        places[above] = max(places[above], places[below] + least)
    ceiling = 100.0
    for place in reversed(upwards):
        places[place] = min(places[place], ceiling)
        ceiling = places[place] - least
    return [float(place) for place in places]


def _table(rows: Sequence[Mapping[str, object]], texts: tuple[str, ...], **others: pa.DataType) -> pa.Table:
    """A table whose columns have these types even where there is no row yet."""
    return pa.Table.from_pylist(
        list(rows), schema=pa.schema([*((name, pa.string()) for name in texts), *others.items()])
    )


def _text(values: Sequence[float], digits: int) -> str:
    return ",".join("x" if np.isnan(value) else f"{round(value, digits):g}" for value in values)


def whole_row(picture: LearningPicture) -> pa.Table:
    """What holds for the whole picture, in one row: places on the axes, the chance, titles, the look that is marked."""
    low, high = picture.ends
    steps, length = picture.steps, picture.length
    places = point_steps(length, MAP_POINTS)
    share = (places - 1) / max(1, length - 1)
    counts = [len(looks) for looks in picture.looks.values()]
    return pa.Table.from_pylist(
        [
            {
                "length": length,
                "steps": numbers_text(length - steps if picture.against_lag else steps),
                "offsets": ",".join(f"{place:.4f}" for place in (1.0 - share if picture.against_lag else share)),
                "low": round(100 * low),
                "darkest": round(100 * max(low, high - _DARKEST)),
                "high": round(100 * high),
                "updates": picture.updates,
                "chanceLoss": round(picture.chance_loss, 4),
                "chanceRight": round(100.0 * picture.chance_accuracy, 1),
                "topLoss": loss_top(picture),
                "marked": min(picture.marked, max(counts, default=1) - 1),
                "networks": max(1, len(picture.looks)),
                "longest": max(range(len(counts)), key=counts.__getitem__, default=0),
                **picture.titles,
            }
        ]
    )


def history_table(looks: Mapping[str, Looks]) -> pd.DataFrame:
    """What was learned, as a tidy frame: columns cell, update, loss, accuracy, clipped, and gate_… of its gates."""
    return pd.DataFrame(
        [
            {
                "cell": cell,
                "update": look.update,
                "loss": look.loss,
                "accuracy": look.accuracy,
                "clipped": look.clipped,
                **{f"gate_{gate}": value for gate, value in look.gates.items()},
            }
            for cell, of_cell in looks.items()
            for look in of_cell
        ]
    )


def gradient_table(looks: Mapping[str, Looks]) -> pd.DataFrame:
    """Every look at the gradient, as a tidy frame: columns cell, update, step and log10_norm."""
    parts = [
        pd.DataFrame(
            {
                "cell": cell,
                "update": look.update,
                "step": np.arange(1, len(look.norms) + 1),
                "log10_norm": look.norms,
            }
        )
        for cell, of_cell in looks.items()
        for look in of_cell
    ]
    return pd.concat(parts, ignore_index=True)
