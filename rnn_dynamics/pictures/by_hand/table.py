"""The tables of "By hand": the outputs of one sequence, by hand, by torch, and how far they are apart."""

import numpy as np

from rnn_dynamics.content.numbers import difference, signed
from rnn_dynamics.pictures.by_hand.answer import TOLERANCE, HandAnswer
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, joined, one_row, table

#: The panels, from left to right, of which the last has the differences.
_PANELS = np.arange(3)


def tables(answer: HandAnswer, texts: Texts, _: Views) -> Tables:
    """Cells, a row for each number of each panel: where, what, its text, and whether it is too far off; and whole."""
    hand, torch = (outputs[answer.sequence - 1] for outputs in (answer.forward.outputs, answer.torch))
    values = np.stack([hand, torch, hand - torch])
    panel, far = _PANELS[:, None, None], np.abs(values)
    shown = [signed(value, 2) for value in values[:2].ravel()]
    shown += [difference(value, ".2f", ".0e") for value in far[2].ravel()]
    return {
        "cells": table(
            panel=panel,
            step=np.arange(1, len(hand) + 1)[:, None],
            row=np.arange(len(texts["units"])),
            unit=texts["units"],
            value=values,
            text=np.reshape(shown, values.shape),
            wrong=(panel == _PANELS[-1]) & (far > TOLERANCE),
        ),
        "whole": one_row(texts, length=len(hand), rows=len(texts["units"])),
    }


def moving_tables(answer: HandAnswer, _: Texts, views: Views) -> Tables:
    """Framed: the step with a frame around it, in each panel."""
    return {"framed": table(panel=_PANELS, step=answer.place(views["step"]))}


def steps_file(answer: HandAnswer, _: Views) -> Frame:
    """Every number of every step, tidy.

    Columns pass, network, step (in the order in which the network reads, from 1), name, row, column, value; a row is a
    sequence, or a row of a parameter.
    """
    parts = (
        (walk, network, number, name, *np.indices(values.shape), values)
        for walk, networks in {"forward": answer.forward.steps, "backward": answer.backward.steps}.items()
        for network, steps in zip(("onward", "reverse"), networks, strict=False)
        for number, step in enumerate(steps, start=1)
        for name, values in step.items()
        if np.ndim(values) == 2  # neither a bias nor the record itself
    )
    return Frame(joined(("pass", "network", "step", "name", "row", "column", "value"), parts))
