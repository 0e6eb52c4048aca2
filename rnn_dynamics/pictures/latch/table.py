"""The datasets of the latch x' = tanh(w x): its curve, two paths as cobwebs, and where they settle."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rnn_dynamics.engine.theory import latch
from rnn_dynamics.pictures.kit.frames import Array, arrow_bytes

#: The two paths begin this far from 0, and are followed for so many steps.
START = 0.05
STEPS = 20
_CURVE = np.linspace(-1.1, 1.1, 45)


def cobweb(weight: float, start: float, steps: int) -> Array:
    """Corners (2·steps + 1, 2) of the path from `start`: up or down to the curve x' = tanh(w x), across to x' = x."""
    states = [start]
    for _ in range(steps):
        states.append(float(np.tanh(weight * states[-1])))
    across = np.repeat(states, 2)[:-1]
    upwards = np.repeat(states, 2)[1:]
    upwards[0] = 0.0  # from the axis, not from the curve
    return np.stack([across, upwards], axis=1)


def latch_datasets(weight: float, titles: tuple[str, ...]) -> dict[str, bytes]:
    """Tables lines (name, x, y, each a text of numbers), attractors (x) and title (lines), by name."""
    lines = {
        "curve": np.stack([_CURVE, np.tanh(weight * _CURVE)], axis=1),
        "up": cobweb(weight, START, STEPS),
        "down": cobweb(weight, -START, STEPS),
    }
    tables = {
        "lines": pa.table(
            {
                "name": list(lines),
                "x": [_text(points[:, 0]) for points in lines.values()],
                "y": [_text(points[:, 1]) for points in lines.values()],
            }
        ),
        "attractors": pa.table({"x": list(latch(weight).attractors)}),
        "title": pa.table({"lines": ["|".join(titles)]}),
    }
    return {name: arrow_bytes(table) for name, table in tables.items()}


def _text(numbers: Array) -> str:
    return ",".join(f"{number:.3f}" for number in numbers.tolist())
