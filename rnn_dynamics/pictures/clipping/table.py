"""The tables of a real network trained with and without clipping: norms and losses by update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.pictures.clipping.answer import ClippingAnswer
from rnn_dynamics.pictures.kit.frames import Array, one_row

#: The axis of the norms ends at whole multiples of so many orders of magnitude, that of the losses at so many times the
#: loss of chance.
_STRIDE, _TOP = 2.0, 6.0


def tables(answer: ClippingAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Tables updates (clipping, update, log10_norm, loss), ends (the same, where a network was lost), and whole."""
    limit, chance = float(np.log10(answer.training.clip_at)), answer.training.chance_loss
    low, high = _ends(limit, *(network.log10_norms for network in answer.networks.values()))
    rows = {kind: _updates(kind, network) for kind, network in answer.networks.items()}
    ends = [rows[kind].slice(network.ended - 1, 1) for kind, network in answer.networks.items() if network.ended]
    return {
        "updates": pa.concat_tables(rows.values()),
        "ends": pa.concat_tables([rows["none"].slice(0, 0), *ends]),
        "whole": one_row(
            updates=answer.training.iterations,
            low=low,
            high=high,
            limit=limit,
            top=_TOP * chance,
            chance_loss=chance,
            **{name: texts[name] for name in ("title", "threshold", "chance")},
        ),
    }


def _updates(kind: str, network: Trained) -> pa.Table:
    """The rows of a network; what is no number is missing."""
    columns = {"log10_norm": network.log10_norms, "loss": network.losses}
    numbers = {name: np.where(np.isfinite(of), of, np.nan).astype(np.float32) for name, of in columns.items()}
    updates = np.arange(1, len(network.losses) + 1)
    return pa.table(
        {
            "clipping": pa.array([kind] * len(updates), pa.string()).dictionary_encode(),
            "update": pa.array(updates, pa.uint16()),
            **{name: pa.array(of, from_pandas=True) for name, of in numbers.items()},
        }
    )


def _ends(limit: float, *logs: Array) -> tuple[float, float]:
    """Of the axis of the norms."""
    finite = np.concatenate([[limit], *(values[np.isfinite(values)] for values in logs)])
    low, high = (finite.min() - 0.1) / _STRIDE, (finite.max() + 0.1) / _STRIDE
    return _STRIDE * float(np.floor(low)), _STRIDE * float(np.ceil(high))


def network(answer: ClippingAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """A tidy frame: columns clipping, update, gradient_norm (before clipping) and loss."""
    parts = [
        {
            "clipping": kind,
            "update": np.arange(1, len(network.losses) + 1),
            "gradient_norm": network.norms,
            "loss": network.losses,
        }
        for kind, network in answer.networks.items()
    ]
    return pd.concat(map(pd.DataFrame, parts), ignore_index=True)
