"""The datasets of the picture of trained networks, before and after: curves, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import (
    Array,
    arrow_bytes,
    curve_texts,
    hundredths,
    label_places,
    numbers_text,
    point_steps,
    vertical_ranges,
)

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, kw_only=True)
class Network:
    """One network's curves.

    Attributes:
        cell: its key.
        before, after: log10 norms (T,), step 1 first.
        labels: "before" and "after" -> what stands beside the curve.
    """

    cell: str
    before: Array
    after: Array
    labels: Mapping[str, str]


def before_after_datasets(networks: Sequence[Network], against_lag: bool, title: str) -> dict[str, bytes]:
    """The tables "curves": a row each, with cell, time, points, text and label (its height); "whole": one row.

    Args:
        networks: with curves of one length.
        against_lag: whether the horizontal axis counts the steps before the end.
        title: "|" begins a line, and on a phone "¦" does too.
    """
    rows = [(network, time) for network in networks for time in (BEFORE, AFTER)]
    norms = np.stack([getattr(network, time) for network, time in rows])
    (low,), (high,) = vertical_ranges(norms[None])
    steps, length = point_steps(norms.shape[1]), norms.shape[1]
    curves = {
        "cell": [network.cell for network, _ in rows],
        "time": [time for _, time in rows],
        "points": curve_texts(norms, low, high),
        "text": [network.labels[time] for network, time in rows],
        "label": hundredths(label_places(norms, low, high, lines=10)),
    }
    whole = {
        "length": [length],
        "steps": [numbers_text(length - steps if against_lag else steps)],
        "start": [length - 1 if against_lag else 1],
        "low": [round(100 * float(low))],
        "high": [round(100 * float(high))],
        "title": [title],
    }
    return {"curves": arrow_bytes(pa.table(curves)), "whole": arrow_bytes(pa.table(whole))}


def before_after_table(networks: Sequence[Network]) -> pd.DataFrame:
    """The curves as a tidy frame: columns cell, time, step and log10_norm."""
    parts = [
        pd.DataFrame({"cell": network.cell, "time": time, "step": np.arange(1, len(norms) + 1), "log10_norm": norms})
        for network in networks
        for time, norms in ((BEFORE, network.before), (AFTER, network.after))
    ]
    return pd.concat(parts, ignore_index=True)
