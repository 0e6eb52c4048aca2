"""The tables of trained networks, before and after: curves, labels, and what holds for all of them."""

from collections.abc import Iterator

import numpy as np

from rnn_dynamics.pictures.before_after.answer import BeforeAfterAnswer
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, by_step, joined, one_row, table, within

#: Names of curves that fit above each other.
_LINES = 10


def tables(answer: BeforeAfterAnswer, texts: Texts, views: Views) -> Tables:
    """Curves and labels (by name: which network, and when; by cell, and time), and whole."""
    names, cells, times, curves = zip(*_curves(answer, views["gradient"]), strict=True)
    things, norms, ends = {"name": names, "cell": cells, "time": times}, np.stack(curves), axis_ends(*curves)
    return {
        "curves": by_step(things, log10_norm=within(norms, ends)),
        "labels": table(**things, **frames.beside(norms, ends, _LINES), text=texts["labels"]),
        "whole": one_row(texts, length=norms.shape[1], low=ends[0], high=ends[1]),
    }


def _curves(answer: BeforeAfterAnswer, component: str) -> Iterator[tuple[str, str, str, Array]]:
    """Name (with a number, for two networks may have the same cell), cell, time, and curve (T,)."""
    for number, network in enumerate(answer.networks, start=1):
        for time, norms in network.curves(component).items():
            yield f"{number} {time}", network.cell.name, time, norms


def curves_file(answer: BeforeAfterAnswer, views: Views) -> Frame:
    """The curves at every step: cell, time, step and log10_norm."""
    curves = _curves(answer, views["gradient"])
    parts = ((cell, time, np.arange(1, len(norms) + 1), norms) for _, cell, time, norms in curves)
    return Frame(joined(("cell", "time", "step", "log10_norm"), parts))
