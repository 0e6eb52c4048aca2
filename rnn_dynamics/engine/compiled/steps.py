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
#: The arrays beside the record that the steps read or fill, by name: row b of each belongs to step b.
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
    """The adjoint of h_{t−1} from that of h_t, after what the losses say of the states at t has been added.

    The room is `room_of_adjoints`, and whichever of LOSSES there are. Along the additive path there is no weight
    matrix, only what the gates let through; an error in h_t enters it by the factor `entry`, where h_t is not on it.
    """
    states = tuple(array for name, array in room.items() if name.startswith("state"))
    views, path, through = cell.adjoint_views(given, Adjoints(states, room["delta"])), room.get("path"), given.path
    into = [(states[0], None), (states[-1], None), *([] if path is None else [(path, given.entry), (path, None)])]
    entering = [(of, factor, room[name]) for name, (of, factor) in zip(LOSSES, into, strict=False) if name in room]

    def carry(b: int) -> None:
        for adjoint, factor, loss in entering:
            np.add(adjoint[b + 1], loss[b] if factor is None else factor[b] * loss[b], out=adjoint[b + 1])
        if path is not None and through is not None:
            np.multiply(through[b], path[b + 1], out=path[b])
        cell.adjoint_step(weights, *views[b])

    return carry


#: What may enter on the way back: a loss of h_t and one of c_t, and both at the size that the additive path has.
LOSSES = ("loss", "loss of cell", "loss on path", "loss of cell on path")


def room_of_adjoints(adjoints: Adjoints, path: Array | None = None) -> dict[str, Array]:
    """Of `back`; with `path` (B + 1, H, C) the additive path is walked too."""
    states = {f"state {k}": states for k, states in enumerate(adjoints.states)}
    return states | {"delta": adjoints.delta} | ({} if path is None else {"path": path})


def with_losses_of_states(room: Room) -> Room:
    """The room of `back` with a single row of zeros, which serves all steps, for each loss of h_t that there is not.

    To compile a way back without losses beside one with them would take longer than to add zeros.
    """
    nothing = np.zeros_like(room["state 0"][:1])
    return {"loss": nothing} | ({"loss on path": nothing} if "path" in room else {}) | dict(room)
