"""How many digits of the norms rounding takes, from the growth of the gradient itself.

Rounding leaves a relative error of 10^−16 in every state. An error in h_s grows on the way forward with the product
of Jacobians with which a gradient grows on the way back, so that in h_t it is

    δ_t / δ_s ≈ ‖dL/dh_s‖ / ‖dL/dh_t‖        for s < t

and all norms depend on h_t. What counts is δ_t beside h_t, or beside 1 where h_t is smaller: the states of a ReLU
network grow as its gradient does and lose nothing. A gradient that vanishes is no less exact than its last step.

Two more errors come with each step. A sum over units may cancel, and where units saturate, 1 − tanh² and σ(1 − σ) have
lost digits in programs that compute them so: both are relative to ‖dL/dh_t‖, and count where a norm beside it is
smaller. An LSTM keeps such an error along its additive path, past cells whose own gradient has vanished.
"""

from collections.abc import Mapping

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Cell
from rnn_dynamics.engine.through_time.backpropagate import Losses, Pass
from rnn_dynamics.engine.through_time.scaling import LOG10_2, by_member

#: log10 of the relative error where nothing grows. Two programs mostly agree to 10^−13 there; sums of many terms, and
#: errors that grow faster than the gradient does, take the rest.
LOG10_ROUNDING = -11.0
#: By how much what happens within a step stays below what grows from step to step.
_WITHIN_A_STEP = 1.0
#: Beyond this |c|, 1 − tanh²(c) is below 10^−2.5 and has lost digits.
_SATURATED = 3.6


def digits_lost(forward: Pass, norms: Mapping[str, Array], losses: Losses | None = None) -> Array:
    """By how many orders of magnitude the relative error of the norms may exceed 10^LOG10_ROUNDING.

    Args:
        forward: the states.
        norms: of the way back through them, (T, ..., S) each, in the order of reading; "hidden", and what there is of
            "cell" and "input".
        losses: what has entered on the way. A norm that a loss has just made large tells nothing of growth; what enters
            a lower layer may be 10^30 times larger at one step than at another. None stands for losses of one size.

    Returns:
        (..., S), 0 or more.
    """
    with np.errstate(invalid="ignore"):  # −inf beside −inf: where there is no gradient, there is no error
        within = np.maximum(_within_steps(forward.cell, norms), _kept_by_cells(forward, norms)) - _WITHIN_A_STEP
        return np.maximum(np.maximum(_growth(forward, norms, losses), within), 0.0)


def _growth(forward: Pass, norms: Mapping[str, Array], losses: Losses | None) -> Array:
    """By how much an error in one state grows until a later one, at most."""
    carried, sizes = _carried(norms), _log10_sizes(forward)
    arrived = carried.copy()
    if losses is not None:
        where = arrived[losses.first : losses.first + len(losses.rows)]
        where[where < losses.log10_norms() + LOG10_2] = -np.inf
    injected = np.fmax.accumulate(arrived + sizes, axis=0)  # which passes by what is no number
    return _largest(injected - carried - np.maximum(sizes, 0.0))


def _within_steps(cell: Cell, norms: Mapping[str, Array]) -> Array:
    """By how much a norm is smaller than that of the state's gradient, or the state's than one step later.

    What a fixed factor makes smaller has lost nothing.
    """
    carried = _carried(norms)
    fixed = {"input": np.log10(cell.gain), "cell": 0.0}
    smaller = [carried - norms[name] + factor for name, factor in fixed.items() if name in norms]
    return _largest(np.concatenate([*smaller, carried[1:] - norms["hidden"][:-1]]))


def _kept_by_cells(forward: Pass, norms: Mapping[str, Array]) -> Array:
    """By how much an error of 1 − tanh²(c), kept by the forget gates, exceeds the gradient that it reaches.

    Only programs that compute 1 − tanh² so make this error, as torch does and this library does not.
    """
    record, alone = forward.record, norms["hidden"].ndim == 2 and forward.members == 1
    # For a family it would cost half as much as its norms.
    squashed = record.cell_state is not None and forward.cell.keeps == "f"  # an LSTM's
    if not squashed or not alone or not _reaches(record.cell_state, _SATURATED):
        return np.zeros(norms["hidden"].shape[1:])
    saturated = by_member(np.abs(record.cell_state[1:]) > _SATURATED, 1)
    gates = by_member(forward.cell.gate_values(record)["f"], 1)
    later = np.log10(np.maximum(gates, np.finfo(float).tiny))[:0:-1]
    kept = np.cumsum(np.concatenate([np.zeros_like(gates[:1]), later]), axis=0)  # from T down to 1
    entering = np.where(saturated[::-1], norms["hidden"][::-1, ..., None, :] - kept, -np.inf)
    errors = (np.maximum.accumulate(entering, axis=0) + kept).max(axis=-2)[::-1]
    return _largest(errors - norms["cell"])


def _reaches(values: Array, size: float) -> bool:
    """Whether one is beyond ±size."""
    return bool(values.max() > size or values.min() < -size)


def _carried(norms: Mapping[str, Array]) -> Array:
    """The norm of the state's gradient: that of its larger part."""
    return np.maximum(norms["hidden"], norms["cell"]) if "cell" in norms else norms["hidden"]


def _log10_sizes(forward: Pass) -> Array:
    """log10 of the largest entry of each state; of a bounded cell one 0, or −inf where all of its states are zero."""
    hidden = forward.record.hidden[1:]
    if forward.cell.bounded:
        some = hidden[-1].any() or hidden.any()  # mostly the last step has one, and tells it without all others
        return np.asarray(0.0 if some else -np.inf)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(by_member(hidden, forward.members).max(axis=-2)))


def _largest(differences: Array) -> Array:
    """Over time; those with a zero norm do not count."""
    return np.asarray(np.where(np.isfinite(differences), differences, 0.0).max(axis=0, initial=0.0))
