"""What is carried out at each step of a walk, by the cell's own methods in NumPy.

The compiled road takes its notes from these functions, and is held against them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Adjoints, Cell, Factors, Weights

#: Carries out step b of some steps, counted from 0.
Carry = Callable[[int], None]
#: The arrays beside the record that the steps fill, by name: row b of each belongs to step b.
Room = Mapping[str, Array]


class Work(Protocol):
    """One of the functions below."""

    def __call__(self, cell: Cell, weights: Weights, given: Any, room: Room) -> Carry:
        """What does this work at some steps, of which `given` is the record or the factors."""
        ...


def forward(cell: Cell, weights: Weights, given: Any, room: Room) -> Carry:
    """h_t from h_{t−1}, in the record itself."""
    views = list(cell.forward_views(given))
    return lambda b: cell.step(weights, *views[b])


def back(cell: Cell, weights: Weights, given: Factors, room: Room) -> Carry:
    """The adjoint of h_{t−1} from that of h_t; the room is `room_of_adjoints`."""
    states = tuple(array for name, array in room.items() if name.startswith("state"))
    views = cell.adjoint_views(given, Adjoints(states, room["delta"]))
    return lambda b: cell.adjoint_step(weights, *views[b])


def back_with_path(cell: Cell, weights: Weights, given: Factors, room: Room) -> Carry:
    """The same, and beside it along the additive path alone: no weight matrix, only what the gates let through."""
    state_back, through, path = back(cell, weights, given, room), given.path, room["path"]
    assert through is not None

    def carry(b: int) -> None:
        np.multiply(through[b], path[b + 1], out=path[b])
        state_back(b)

    return carry


def entry(cell: Cell, weights: Weights, given: Factors, room: Room) -> Carry:
    """How an error in h_t enters the additive path, in "entry" (B, H, C)."""
    factors, written = given.entry, room["entry"]
    assert factors is not None

    def carry(b: int) -> None:
        written[b] = factors[b]

    return carry


def room_of_adjoints(adjoints: Adjoints, path: Array | None = None) -> dict[str, Array]:
    """Of `back`; with `path` (B + 1, H, C) of `back_with_path`."""
    states = {f"state {k}": states for k, states in enumerate(adjoints.states)}
    return states | {"delta": adjoints.delta} | ({} if path is None else {"path": path})
