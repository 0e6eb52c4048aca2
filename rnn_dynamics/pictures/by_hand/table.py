"""The tables of "By hand": the outputs of one sequence, by hand, by torch, and how far they are apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.content.numbers import difference, signed
from rnn_dynamics.pictures.by_hand.answer import TOLERANCE, HandAnswer
from rnn_dynamics.pictures.kit.frames import one_row

#: The panels, from left to right.
_PANELS = range(3)


def tables(answer: HandAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Cells, a row for each number of each panel: where, what, its text, and whether it is too far off; and whole."""
    hand, torch = answer.forward.outputs[0], answer.torch[0]
    rows = [
        {
            "panel": panel,
            "step": t + 1,
            "row": row,
            "unit": texts["units"][row],
            "value": float(values[t, row]),
            "text": difference(abs(values[t, row]), ".2f", ".0e") if panel == 2 else signed(values[t, row], 2),
            "wrong": panel == 2 and bool(abs(values[t, row]) > TOLERANCE),
        }
        for panel, values in zip(_PANELS, (hand, torch, hand - torch), strict=True)
        for t, row in np.ndindex(values.shape)
    ]
    names = ("claim", "hand", "torch", "difference")
    whole = one_row(length=len(hand), rows=len(texts["units"]), **{name: texts[name] for name in names})
    return {"cells": pa.Table.from_pylist(rows), "whole": whole}


def framed(answer: HandAnswer, _: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """Framed: the step with a frame around it, in each panel."""
    return {"framed": pa.table({"panel": list(_PANELS), "step": [answer.place(views["step"])] * len(_PANELS)})}


def steps(answer: HandAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Every number of every step, tidy.

    Columns pass, network, step (in the order in which the network reads, from 1), name, row, column, value; a row is a
    sequence, or a row of a parameter.
    """
    rows = [
        (walk, network, number, name, *place, float(values[place]))
        for walk, networks in {"forward": answer.forward.steps, "backward": answer.backward.steps}.items()
        for network, steps in zip(("onward", "reverse"), networks, strict=False)
        for number, step in enumerate(steps, start=1)
        for name, values in step.items()
        if np.ndim(values) == 2  # neither a bias nor the record itself
        for place in np.ndindex(values.shape)
    ]
    return pd.DataFrame(rows, columns=["pass", "network", "step", "name", "row", "column", "value"])
