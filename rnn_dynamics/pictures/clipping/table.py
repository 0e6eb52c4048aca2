"""The datasets of the picture of a real network trained with and without clipping: norms and losses by update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import Array, arrow_bytes, hundredths, numbers_text

#: The axis of the norms ends at whole multiples of so many orders of magnitude.
_STRIDE = 2.0


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One network by update: the norm of its whole gradient before clipping, and its loss."""

    gradient_norms: Array
    losses: Array


def clipping_datasets(
    networks: Mapping[str, Trained], updates: int, threshold: float, chance: float, title: str
) -> dict[str, bytes]:
    """The tables "networks", a row for each kind of clipping (ended: its last update in numbers), and "whole", one row.

    Args:
        networks: "none" and "norm" -> what was seen so far, which may be nothing.
        updates: of the whole training.
        threshold: of the norm.
        chance: the loss of an answer without memory.
        title: "|" begins a line, and on a phone "¦" does too.
    """
    rows = []
    logs = {name: _log10(network.gradient_norms) for name, network in networks.items()}
    finite = np.concatenate([[np.log10(threshold)], *(values[np.isfinite(values)] for values in logs.values())])
    low, high = (
        _STRIDE * np.floor((finite.min() - 0.1) / _STRIDE),
        _STRIDE * np.ceil((finite.max() + 0.1) / _STRIDE),
    )
    top = 6.0 * chance
    for name, network in networks.items():
        inside = np.isfinite(logs[name])
        points = np.where(inside, hundredths(np.where(inside, logs[name], 0.0)).astype(str), "x")
        losses = [f"{min(loss, top):.4g}" if np.isfinite(loss) else "x" for loss in network.losses.tolist()]
        alive = np.flatnonzero(inside & np.isfinite(network.losses))
        ended = int(alive[-1]) + 1 if len(alive) and len(alive) < len(losses) else None
        rows.append(
            {
                "clipping": name,
                "updates": numbers_text(np.arange(1, len(points) + 1)),
                "norms": ",".join(points.tolist()),
                "losses": ",".join(losses),
                "ended": ended,
            }
        )
    texts = [(column, pa.string()) for column in ("clipping", "updates", "norms", "losses")]
    whole = {
        "updates": updates,
        "low": round(100 * low),
        "high": round(100 * high),
        "threshold": round(100 * float(np.log10(threshold))),
        "top": top,
        "chance": chance,
        "title": title,
    }
    return {
        "networks": arrow_bytes(pa.Table.from_pylist(rows, schema=pa.schema([*texts, ("ended", pa.int64())]))),
        "whole": arrow_bytes(pa.Table.from_pylist([whole])),
    }


def _log10(norms: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(norms))


def clipping_table(networks: Mapping[str, Trained]) -> pd.DataFrame:
    """A tidy frame: columns clipping, update, gradient_norm (before clipping) and loss."""
    parts = [
        pd.DataFrame(
            {
                "clipping": name,
                "update": np.arange(1, len(network.losses) + 1),
                "gradient_norm": network.gradient_norms,
                "loss": network.losses,
            }
        )
        for name, network in networks.items()
    ]
    return pd.concat(parts, ignore_index=True)
