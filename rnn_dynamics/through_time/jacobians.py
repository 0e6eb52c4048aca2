"""The Jacobians of the state, one step each, and their products back from the last step, for the first sequence.

    J_t = ∂s_t/∂s_{t−1}                     rows are outputs
    ∂s_T/∂s_t = J_T J_{T−1} ⋯ J_{t+1}       lag = T − t factors; the identity at lag 0

The state s is h, and [h | c] for the LSTM: S numbers. An adjoint step multiplies by J_tᵀ; it carries any number of
columns, so the columns of the identity come out as J_tᵀ itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np

from rnn_dynamics.cells.activations import Array
from rnn_dynamics.through_time.backpropagate import Pass, longest_run, make_room
from rnn_dynamics.through_time.scaling import LOG10_2, Scaled

#: Rounding in a product and in its decomposition, relative to the largest singular value, with a margin.
RESOLUTION = 1e-14


def step_jacobians(forward: Pass) -> Array:
    """J_t of the first sequence of a single experiment's batch: (T, S, S), t = 1 .. T."""
    cell, parts = forward.cell, len(forward.cell.components)
    size = parts * forward.record.hidden.shape[-2]
    identity = np.split(np.eye(size), parts)
    transposed = np.empty((forward.length, size, size))
    for first in range(0, forward.length, longest := longest_run(cell, identity[0].size)):
        here = transposed[first : first + longest]
        # The steps stand where a family has its members, so that one adjoint step serves them all.
        factors = cell.make_factors(forward.record, slice(first, first + longest))[None, ..., :1]
        adjoints = make_room(cell, 1, tuple(np.broadcast_to(rows, (len(here), *rows.shape)) for rows in identity))
        (views,) = cell.adjoint_views(factors, adjoints)
        cell.adjoint_step(forward.weights, *views)
        np.concatenate([states[0] for states in adjoints.states], axis=-2, out=here)
    return transposed.swapaxes(-1, -2)


def products_back(jacobians: Array) -> Iterator[Scaled]:
    """Yield ∂s_T/∂s_{T−lag} for lag = 0 .. T as (S, S) times a power of two, given the Jacobians (T, S, S)."""
    product = Scaled((np.eye(jacobians.shape[-1]),), np.zeros(1, dtype=np.int64))
    yield product
    for jacobian in jacobians[::-1]:
        product = Scaled((product.arrays[0] @ jacobian,), product.exponent).renormalised()
        yield product


def log10_singular_values(jacobians: Array, lags: Collection[int]) -> Array:
    """log10 of the singular values of ∂s_T/∂s_{T−lag}, sorted downwards.

    Args:
        jacobians: (T, S, S).
        lags: K of them from 0 to T, rising. The decompositions are what costs time.

    Returns:
        (K, S). nan below RESOLUTION times the largest: what a decomposition finds there is rounding. -inf where the
        whole product is zero.
    """
    found = islice(enumerate(products_back(jacobians)), max(lags) + 1)
    return np.stack([_log10_singular_values(product) for lag, product in found if lag in lags])


def _log10_singular_values(product: Scaled) -> Array:
    values = np.linalg.svd(product.arrays[0], compute_uv=False)
    values[values < RESOLUTION * values[0]] = np.nan
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(values) + product.exponent * LOG10_2)
