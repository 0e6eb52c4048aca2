"""The forward pass: h_1 .. h_T from h_0 = 0, or from another state."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.aligned import aligned
from rnn_dynamics.engine.cells.cell import Cell, Weights, multiply
from rnn_dynamics.engine.compiled import steps as works
from rnn_dynamics.engine.compiled.walk import road

#: Entries of a matrix, and columns at each step, from which and up to which all steps are one product.
_LARGE_MATRIX, _FEW_COLUMNS = 1 << 16, 8


def project_inputs(weights: Weights, inputs: Array, members: int) -> Array:
    """W_ih x_t + bias for all steps at once, repeated for the members of a family that share the inputs.

    Args:
        weights: of the cell.
        inputs: (T, ..., N, D).
        members: S, how many columns each sequence gets.

    Returns:
        (T, ..., G·H, N·S), a new array that the cell may overwrite.
    """
    # The bias rides along as the weight of a constant input: adding it afterwards would cost a pass over the result.
    with_bias = np.concatenate([weights.weight_ih, weights.bias], axis=-1)
    *outer, columns, features = inputs.shape
    with_one = aligned((*outer, features + 1, columns))  # feature first: a view would double the time of the product
    np.copyto(with_one[..., :-1, :], inputs.swapaxes(-1, -2))
    with_one[..., -1, :] = 1.0
    projection = product_at_each_step(with_bias, with_one)
    return projection if members == 1 else np.repeat(projection, members, axis=-1)


def product_at_each_step(matrix: Array, arrays: Array) -> Array:
    """A matrix (..., rows, K) times the (..., K, C) of each step of arrays (B, ..., K, C): (B, ..., rows, C).

    A large matrix is read from memory once where all steps are one product, and once a step where they are not: at
    H = 256 that takes a fourth of the time with one column, and as long with eight. Then the copies do not pay.
    """
    steps, *outer, features, columns = arrays.shape
    if outer or matrix.size < _LARGE_MATRIX or columns > _FEW_COLUMNS:
        each = aligned((steps, *outer, matrix.shape[-2], columns))
        multiply(matrix, arrays, each)
        return each
    product = matrix @ arrays.swapaxes(0, 1).reshape(features, -1)
    return np.ascontiguousarray(product.reshape(-1, steps, columns).swapaxes(0, 1))


def unroll(cell: Cell, weights: Weights, input_projection: Array, start: Sequence[Array] = ()) -> Any:
    """Run `cell` over all steps of `input_projection` (T, ..., G·H, C) and return its record.

    `start` holds the initial state, (..., H, C) for each of the cell's components; empty begins at 0.
    """
    record = cell.make_record(input_projection, weights)
    for states, initial in zip(states_of(record), start, strict=False):
        states[0] = initial
    compiled, steps = road(cell, weights, record), range(len(record.hidden) - 1)
    with np.errstate(over="ignore", invalid="ignore"):  # as the cells that may overflow have it
        if compiled is not None and compiled.walk(works.forward, steps, steps, {}):
            return record
    for views in cell.forward_views(record):
        cell.step(weights, *views)
    return record


def states_of(record: Any) -> tuple[Array, ...]:
    """The states (T + 1, ..., H, C) of a record, for each of the cell's components."""
    found = (getattr(record, name, None) for name in ("hidden", "velocity", "normaliser", "cell_state"))
    return tuple(states for states in found if states is not None)


def last_state(record: Any) -> tuple[Array, ...]:
    """The state (..., H, C) after the last step of a record, for each of the cell's components."""
    return tuple(states[-1] for states in states_of(record))
