"""The tables of the latch x′ = tanh(w x): its curve, two paths as cobwebs, and where they settle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import one_row
from rnn_dynamics.pictures.latch.answer import LatchAnswer


def tables(answer: LatchAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Lines (of name, from point to point), attractors, whole."""
    states, following = np.concatenate(list(answer.lines.values())).astype(np.float32).T
    names = [name for name, points in answer.lines.items() for _ in points]
    return {
        "lines": pa.table({"name": pa.array(names).dictionary_encode(), "state": states, "next": following}),
        "attractors": pa.table({"state": answer.attractors}),
        "whole": one_row(title=texts["title"]),
    }
