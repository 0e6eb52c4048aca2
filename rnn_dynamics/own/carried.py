"""What a cell carries on from step to step, and the norm of its gradient: of that a verdict speaks."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell
from rnn_dynamics.engine.run import over_members

Array = NDArray[np.float64]
#: As far as a cell has it, by the names of their norms.
STATE = ("hidden", "cell", "velocity")


def state_norms(log10_norms: Mapping[str, Array]) -> Array:
    """log10 of the norm of the gradient of all that a cell carries on: h_t, and the c_t of an LSTM, the z_t of a coRNN.

    That is √(‖dL/dh_t‖² + ‖dL/dc_t‖²), both total: dL/dc_t = f_t+1 ∘ dL/dc_t+1 + o (1 − tanh²(c_t)) ∘ dL/dh_t. Either
    part alone may be 0 while the other carries an error on: dL/dh_t where W_hh = 0, dL/dc_t where f = 0 and c_t
    saturates. With the first term of dL/dc_t alone, h_t held, the norm would be another by a factor of (1 + √5)/2 at
    most, for o (1 − tanh²) is a number from 0 to 1. Of an sLSTM c_t/n_t stands for c_t; dL/d ln n_t, which is not
    among them, is fed by dL/d(c_t/n_t) and multiplied by the same f′. Of a coRNN it is √(‖dL/dh_t‖² + ‖dL/dz_t‖²),
    where dL/dz_t holds Δt dL/dh_t: each step carries errors from either to the other, where they may take each other
    away.

    Args:
        log10_norms: as of a `LayerTrace`: "hidden", and "cell" or "velocity" where there is one; each (...).
    """
    parts = [log10_norms[name] for name in STATE if name in log10_norms]
    return over_members(np.stack(parts, axis=-1)) if len(parts) > 1 else parts[0]


def carried(cell: Cell) -> tuple[str, ...]:
    """The names of the norms of what a cell carries on, see `state_norms`."""
    return tuple(name for name in STATE if name in cell.components)


def state_of(cell: Cell) -> str:
    """What that is, as it is written: "hₜ", of an LSTM "(hₜ, cₜ)", of a coRNN "(hₜ, zₜ)"."""
    letters = ", ".join(cell.letters[name].strip("()").replace("_t", "ₜ") for name in carried(cell))
    return f"({letters})" if len(carried(cell)) > 1 else letters
