"""Lyapunov exponents: by which factor per step the Jacobians stretch lengths, areas, volumes (Benettin et al. 1980).

The walk goes from step T to step 1, as backpropagation does, and multiplies by J_tᵀ. After each step its vectors are
made orthonormal again by a QR decomposition, and the k-th exponent is the mean of ln |R_kk|. A product and its
transpose have the same singular values, so these are the exponents of the forward dynamics.

A sequence is finite, and the vectors begin in no particular direction: how far the mean can be trusted is read off how
much it differs from one block of time to the next.
"""

from collections.abc import Iterator

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.through_time.backpropagate import Pass, longest_run, make_room
from rnn_dynamics.engine.through_time.jacobians import RESOLUTION, step_jacobians
from rnn_dynamics.engine.through_time.unroll import states_of

#: Blocks of time whose means are compared, and by number of blocks (less one are free) how many standard errors hold
#: 95 % of all means: Student's t.
BLOCKS = 4
STUDENT = {2: 12.706, 3: 4.303, BLOCKS: 3.182}


def lyapunov_exponents(forward: Pass, *, count: int | None = None, discard: int = 0) -> Array:
    """The largest Lyapunov exponents of the first sequence of a single experiment's batch.

    Returns:
        (count,); see `exponents_and_spread`.

    Raises:
        ValueError: as `log_growths`.
    """
    return exponents_and_spread(log_growths(forward, count=count, discard=discard))[0]


def log_growths(forward: Pass, *, count: int | None = None, discard: int = 0) -> Array:
    """What each step adds to each exponent, for the first sequence of a single experiment's batch.

    Args:
        forward: the trajectory.
        count: how many exponents; None stands for all S, the numbers in the state (h, and c for the LSTM).
        discard: how many of the steps walked first, the last of the sequence, only turn the vectors into place.

    Returns:
        (T − discard, count), ln |R_kk|, the last step first; one row less where `first_passed` is the second step. -inf
        for a direction that is lost; nan where a step shrinks a direction below the rounding of the others.

    Raises:
        ValueError: count is not from 1 to S, or discard not from 0 to T − 1.
    """
    size = len(forward.cell.components) * forward.record.hidden.shape[-2]
    count = size if count is None else count
    if not 1 <= count <= size:
        raise ValueError(f"count = {count} is not from 1 to {size}, the size of the state")
    if not 0 <= discard < forward.length:
        raise ValueError(f"discard = {discard} is not from 0 to {forward.length - 1}, the number of steps less one")
    basis = _units_by_length(forward) if forward.cell.rotates else _no_particular_directions(size, count)
    return np.concatenate([_log_diagonals(triangles) for triangles in _triangles(forward, basis[:, :count])])[discard:]


def first_passed(forward: Pass) -> int:
    """The first step that an error can pass: the second, where the first begins at ln n = −∞, which nothing moves."""
    movable = all(np.isfinite(states[0]).all() for states in states_of(forward.record))
    return 0 if movable or forward.length == 1 else 1


def _no_particular_directions(size: int, count: int) -> Array:
    """Orthonormal columns (S, count): a unit vector may be an eigenvector of the network, and not the largest's."""
    basis, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((count, size)).T)
    return basis


def _units_by_length(forward: Pass) -> Array:
    """Unit vectors (S, S), the one first that keeps most: where units only turn and shrink, these stay in place."""
    (jacobian,) = step_jacobians(forward, [0])
    return np.eye(len(jacobian))[:, np.argsort(-np.linalg.norm(jacobian, axis=0), kind="stable")]


def exponents_and_spread(growths: Array) -> tuple[Array, Array]:
    """The exponents and how far each can be trusted, of `log_growths` (steps, count).

    Returns:
        (count,) each. Natural logarithm per step, sorted downwards; -inf for a direction that is lost at some step;
        nan, as last ones, where a growth is nan. And the half width of the interval that would hold 95 % of such means
        if blocks of time were independent; nan for a single step and where the exponent is not finite.
    """
    exponents = growths.mean(axis=0)
    order = np.argsort(-exponents)
    blocks = np.array_split(growths[:, order], min(BLOCKS, len(growths)))
    means = np.stack([block.mean(axis=0) for block in blocks])
    spread, finite = np.full(len(order), np.nan), np.isfinite(means).all(axis=0)
    if len(blocks) > 1:
        error = means[:, finite].std(axis=0, ddof=1) / np.sqrt(len(blocks))
        spread[finite] = STUDENT[len(blocks)] * error
    return exponents[order], spread


def _triangles(forward: Pass, basis: Array) -> Iterator[Array]:
    """Yield R (B, count, count) of each run of B steps, step T first, from the columns of `basis` (S, count)."""
    cell, parts = forward.cell, len(forward.cell.components)
    longest = longest_run(cell, basis.size // parts)
    first = first_passed(forward)
    for stop in range(forward.length, first, -longest):
        steps = range(max(first, stop - longest), stop)
        factors = cell.make_factors(forward.record, slice(steps.start, stop))[..., :1]
        adjoints = make_room(cell, len(steps), tuple(np.split(basis, parts)))
        views, triangles = cell.adjoint_views(factors, adjoints), []
        for b in range(len(steps) - 1, -1, -1):
            cell.adjoint_step(forward.weights, *views[b])
            basis, triangle = np.linalg.qr(np.concatenate([states[b] for states in adjoints.states]))
            triangles.append(triangle)
            for states, rows in zip(adjoints.states, basis.reshape(parts, -1, basis.shape[1]), strict=True):
                states[b] = rows
        yield np.stack(triangles)


def _log_diagonals(triangles: Array) -> Array:
    """Return ln |R_kk|, nan where it is rounding: that of a column is relative to the column's length."""
    diagonals = np.abs(np.diagonal(triangles, axis1=-2, axis2=-1))
    with np.errstate(divide="ignore"):
        return np.where(diagonals < RESOLUTION * np.linalg.norm(triangles, axis=-2), np.nan, np.log(diagonals))
