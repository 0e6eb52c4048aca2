"""The Jacobians of the state, one step each, and their products back from the last step, for the first sequence.

    J_t = ∂s_t/∂s_{t−1}                     rows are outputs
    ∂s_T/∂s_t = J_T J_{T−1} ⋯ J_{t+1}       lag = T − t factors; the identity at lag 0

The state s is h, and [h | c] for the LSTM: S numbers. An adjoint step multiplies by J_tᵀ; it carries any number of
columns, so the columns of the identity come out as J_tᵀ itself.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.through_time.backpropagate import Pass, longest_run, make_room
from rnn_dynamics.engine.through_time.scaling import LOG10_2, Scaled

#: Rounding in a product and in its decomposition, relative to the largest singular value, with a margin.
RESOLUTION = 1e-14
#: A product whose largest entry is between this and its reciprocal stays as it is: scaling costs more than the step.
_MODEST = 1e100


def step_jacobians(forward: Pass, steps: Iterable[int] | None = None) -> Array:
    """J_t of the first sequence of a single experiment's batch: (K, S, S).

    `steps`: those t, counted from 0, rising; None stands for all T.
    """
    cell, parts = forward.cell, len(forward.cell.components)
    size = parts * forward.record.hidden.shape[-2]
    identity = np.split(np.eye(size), parts)
    runs = _runs(range(forward.length) if steps is None else steps, longest_run(cell, identity[0].size))
    transposed = np.empty((sum(map(len, runs)), size, size))
    free = transposed
    for run in runs:
        here, free = np.split(free, [len(run)])
        # The steps stand where a family has its members, so that one adjoint step serves them all.
        factors = cell.make_factors(forward.record, slice(run.start, run.stop))[None, ..., :1]
        adjoints = make_room(cell, 1, tuple(np.broadcast_to(rows, (len(here), *rows.shape)) for rows in identity))
        (views,) = cell.adjoint_views(factors, adjoints)
        cell.adjoint_step(forward.weights, *views)
        np.concatenate([states[0] for states in adjoints.states], axis=-2, out=here)
    return transposed.swapaxes(-1, -2)


def jacobians_back(forward: Pass) -> Iterator[Array]:
    """Yield J_T, J_{T−1} .. J_1 and keep no more than a run of steps."""
    parts = len(forward.cell.components)
    size = parts * forward.record.hidden.shape[-2]
    for run in reversed(_runs(range(forward.length), longest_run(forward.cell, size * size // parts))):
        yield from step_jacobians(forward, run)[::-1]


def _runs(steps: Iterable[int], longest: int) -> list[range]:
    """Steps, rising, as ranges of neighbours, at most so many in one."""
    runs: list[range] = []
    for step in steps:
        if runs and runs[-1].stop == step and len(runs[-1]) < longest:
            runs[-1] = range(runs[-1].start, step + 1)
        else:
            runs.append(range(step, step + 1))
    return runs


def products_back(jacobians: Iterable[Array]) -> Iterator[Scaled]:
    """Yield ∂s_T/∂s_{T−lag} for lag = 0, 1 .. as (S, S) times a power of two, given J_T, J_{T−1} .., (S, S) each."""
    product: Scaled | None = None
    for jacobian in jacobians:
        if product is None:
            product = Scaled((np.eye(len(jacobian)),), np.zeros(1, dtype=np.int64))
            yield product
        product = Scaled((product.arrays[0] @ jacobian,), product.exponent)
        if not 1 / _MODEST < np.abs(product.arrays[0]).max() < _MODEST:
            product = product.renormalised()
        yield product


def log10_singular_values(jacobians: Iterable[Array], lags: Collection[int]) -> Array:
    """log10 of the singular values of ∂s_T/∂s_{T−lag}, sorted downwards.

    Args:
        jacobians: J_T, J_{T−1} .., (S, S) each; of an iterator no more is taken than the largest lag needs.
        lags: K of them from 0 to T, rising. The decompositions are what costs time.

    Returns:
        (K, S). nan below RESOLUTION times the largest: what a decomposition finds there is rounding. -inf where the
        whole product is zero.
    """
    found = islice(enumerate(products_back(jacobians)), max(lags) + 1)
    asked = set(lags)
    return np.stack([_log10_singular_values(product) for lag, product in found if lag in asked])


def _log10_singular_values(product: Scaled) -> Array:
    values = np.linalg.svd(product.arrays[0], compute_uv=False)
    values[values < RESOLUTION * values[0]] = np.nan
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(values) + product.exponent * LOG10_2)
