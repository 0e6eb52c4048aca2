"""Which loss is felt how far back: the error of every single loss at every earlier step, from one forward pass.

A loss at every step is a sum of T terms, and so are its gradients:

    L = Σ_k L_k        dL/dh_t = Σ_{k ≥ t} ∂L_k/∂h_t        dL/dW_hh = Σ_k Σ_{t ≤ k} δ_t^(k) h_t−1ᵀ   (Jordan: y_t−1)

with δ^(k) the error of L_k alone. All losses walk back side by side: they meet the same derivatives and differ in where
they begin, so each is a column of its own beside the others, and one matrix product a step serves them all.

Norms of the terms do not add up, for errors may point against each other; their projections on the sum do:

    share_kt = ⟨∂L_k/∂h_t, dL/dh_t⟩ / ‖dL/dh_t‖²        Σ_k share_kt = 1

Backpropagation through time truncated after τ steps carries the error of each loss back over τ steps, its own
included, and takes the state before them as a constant (BPTT(h) of Williams & Peng 1990): what it sees of dL/dW_hh are
the terms with a distance k − t < τ. τ = T leaves nothing out.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.through_time.backpropagate import Losses, Pass, Run, walk_back
from rnn_dynamics.engine.through_time.scaling import (
    LOG10_2,
    NOTHING,
    ScaledSum,
    log10_norm_at_any_size,
    with_own_exponents,
)

#: Numbers in the error of the losses that walk side by side. Fewer cost more calls; more leave the processor's cache,
#: and carry losses along over steps that lie after them.
GROUP_SIZE = 3200
#: From the first to the last loss of a group there are no more steps: the losses between them take room too.
GROUP_SPAN = 500
#: A truncation is enough that leaves out so small a part of the gradient, relative to its norm.
SUFFICIENT = 0.01
#: Room for the gradients between which the smallest sufficient truncation is looked for.
SEARCH_BYTES = 256_000_000


def walk_each_loss(
    forward: Pass, losses: Losses, first: int = 0, reach: int | None = None, *, chosen: Sequence[int] | None = None
) -> Iterator[tuple[Sequence[int], Run]]:
    """Walk back from each loss of a single experiment by itself.

    Args:
        forward: of one experiment, without members.
        losses: one row for each of the T steps.
        first: the first loss, counted from 0, that is walked.
        reach: no step is wanted that lies so far before its loss, or further; None stands for T.
        chosen: the losses that are walked, counted from 0, rising; None stands for all.

    Yields:
        some losses, named by their steps, counted from 0, and a run whose members they are; see `walk_back`. Runs of
        the same losses follow each other from the last step to the first.
    """
    _, size, columns = losses.rows.shape
    asked = np.arange(forward.length) if chosen is None else np.asarray(chosen)
    for group in _groups(asked[asked >= first], max(1, GROUP_SIZE // (size * columns))):
        count, each, places = len(group), np.arange(len(group)), group - group[0]
        start, stop = int(group[0]), int(group[-1]) + 1
        rows = np.zeros((stop - start, size, columns, count))
        rows[places, :, :, each] = losses.rows[group]
        exponents = np.full((stop - start, count), NOTHING)
        exponents[places, each] = losses.exponents[group, 0]
        alone = Losses(start, rows.reshape(stop - start, size, -1), exponents)
        beside = Pass(forward.cell, forward.weights, forward.record, members=count, copies=count)
        for run in walk_back(beside, alone, stop=stop, state_only=True):
            if reach is not None and start - run.steps.stop >= reach:
                break
            yield group.tolist(), run


def _groups(losses: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    """Losses, rising, in groups of at most so many, the last ones first."""
    while len(losses):
        group = losses[-most:]
        group = group[group > group[-1] - GROUP_SPAN]
        yield group
        losses = losses[: -len(group)]


class Shares:
    """Projects single errors on their sum."""

    def __init__(self, runs: Sequence[Run]) -> None:
        """Runs of the whole loss, last steps first, which are walked over without members."""
        total = np.concatenate([run.adjoints.states[0][1:] for run in reversed(runs)])
        outside = np.concatenate([np.repeat(run.exponent, len(run.steps)) for run in reversed(runs)])
        mantissas, exponents = with_own_exponents(total, 1)
        self._total, self._exponents = mantissas.swapaxes(1, 2), exponents[:, 0] + outside
        self._squares = np.square(self._total).sum(axis=(1, 2))

    def of(self, run: Run) -> Array:
        """The shares of a run's members in the error at each of its steps, (B, S); nan where the sum is zero."""
        steps, members = slice(run.steps.start, run.steps.stop), run.exponent.shape[-1]
        single = run.adjoints.states[0][1:].reshape(len(run.steps), -1, members)
        projections = (self._total[steps] @ single)[:, 0]
        with np.errstate(invalid="ignore"):
            shifts = run.exponent - self._exponents[steps, None]
            return np.asarray(np.ldexp(projections, shifts) / self._squares[steps, None])


class GradientByDistance:
    """Sums the gradient of the recurrent weights by how far its loss lies ahead, and says what truncation leaves."""

    def __init__(self, forward: Pass, truncations: Sequence[int]) -> None:
        """Forward: of a single experiment; truncations: rising."""
        hidden = forward.record.hidden
        self._cell, self._hidden = forward.cell, forward.weights.fed_back(hidden)
        #: A part holds the distances from one of the limits up to the next.
        self._limits = np.array([0, *truncations])
        shape = (forward.cell.blocks * hidden.shape[1], self._hidden.shape[1])
        self._parts = [ScaledSum(np.zeros(shape)) for _ in self._limits]

    def add(self, run: Run, losses: Sequence[int]) -> None:
        """Add the steps of a run whose members are `losses`, steps counted from 0."""
        distance = np.array(losses) - np.array(run.steps)[:, None]
        part_of = np.searchsorted(self._limits, distance, side="right") - 1  # −1 for what lies after its loss
        parts = np.unique(part_of[part_of >= 0])
        # A part may be far smaller than the others, so each has an exponent of its own; what is zero has none.
        alive = np.any([np.isfinite(norms).any(axis=0) for norms in run.log10_norms.values()], axis=0)
        belongs = (part_of[..., None] == parts) & alive[:, None]
        exponents = np.where(belongs.any(axis=0), run.exponent[:, None], NOTHING).max(axis=0)
        weights = np.ldexp(belongs.astype(float), run.exponent[:, None] - exponents)
        delta = self._cell.recurrent_delta(run.adjoints.delta)
        steps, rows, _ = delta.shape
        of_parts = delta.reshape(steps, -1, len(losses)) @ weights
        hidden = self._hidden[run.steps.start : run.steps.stop].swapaxes(1, 2).reshape(-1, self._hidden.shape[1])
        peak = int(np.frexp(np.abs(hidden).max())[1])  # the states of ReLU may be as large as float64 allows
        by_part = np.moveaxis(of_parts.reshape(steps, rows, -1, len(parts)), (3, 1), (0, 1))
        terms = by_part.reshape(len(parts) * rows, -1) @ (hidden * 2.0**-peak)
        for part, term, exponent in zip(parts, np.split(terms, len(parts)), exponents, strict=True):
            self._parts[part].add(term, int(exponent) + peak)

    def truncated(self) -> tuple[Array, Array]:
        """What truncation after each number of steps leaves of the gradient G, (M,) each.

        Returns:
            log10 of ‖G_τ − G‖ / ‖G‖, and the angle between G_τ and G in degrees; nan where one of them is zero.
        """
        near, far = _partial_sums(self._parts), self._left_out()
        total = near[-1]
        with np.errstate(invalid="ignore"):  # both may be −inf
            errors = [_log10_norm(left_out) - _log10_norm(total) for left_out in far[1:]]
        return np.array(errors), np.array([_angle(seen.mantissas, total.mantissas) for seen in near[:-1]])

    def first_sufficient(
        self, low: int, high: int, walk: Callable[[int, int], Iterator[tuple[Sequence[int], Run]]]
    ) -> int:
        """The smallest τ beyond `low` from which on, up to `high`, the error is at most SUFFICIENT.

        Looked for at each τ between them, as long as SEARCH_BYTES hold a gradient for each; else at as many that lie
        evenly, and then between the last of these that is too short and the next.

        Args:
            low: a limit at which the error is larger, or 0.
            high: the next limit; the error there is not.
            walk: of the first loss, counted from 0, and a reach: as `walk_each_loss`, for the same losses.
        """
        left_out = self._left_out()
        most = _log10_norm(left_out[0]) + np.log10(SUFFICIENT)
        so_far = left_out[int(np.searchsorted(self._limits, high))]
        room = max(3, SEARCH_BYTES // so_far.mantissas.nbytes)
        while high > low + 1:
            grid = np.unique(np.linspace(low + 1, high, min(room, high - low)).round().astype(int)).tolist()
            between = self._like(grid)
            for losses, run in walk(low + 1, high):
                between.add(run, losses)
            high = grid[0]
            for part in range(len(grid) - 1, 0, -1):  # the last one holds what is left out in any case
                so_far, before = _sum(so_far, between._parts[part]), so_far
                if _log10_norm(so_far) > most:
                    low, high, so_far = grid[part - 1], grid[part], before
                    break
        return high

    def _like(self, truncations: Sequence[int]) -> "GradientByDistance":
        """An empty one for the same network."""
        other = copy(self)
        other._limits = np.array([0, *truncations])
        other._parts = [ScaledSum(np.zeros_like(self._parts[0].mantissas)) for _ in other._limits]
        return other

    def _left_out(self) -> list[ScaledSum]:
        """What truncation at each of the limits leaves out: all of it at 0."""
        return _partial_sums(self._parts[::-1])[::-1]


def _partial_sums(parts: Sequence[ScaledSum]) -> list[ScaledSum]:
    """The sums of the first part, of the first two, and so on."""
    return list(accumulate(parts, _sum))


def _sum(first: ScaledSum, second: ScaledSum) -> ScaledSum:
    total = ScaledSum(first.mantissas.copy(), first.exponent)
    total.add(second.mantissas, second.exponent)
    return total


def _log10_norm(matrix: ScaledSum) -> float:
    return float(log10_norm_at_any_size(matrix.mantissas, 1)[0] + matrix.exponent * LOG10_2)


def _angle(first: Array, second: Array) -> float:
    """Between two matrices as vectors, in degrees. By its sine and cosine: a cosine near 1 has lost its angle."""
    directions = []
    for matrix in (first, second):
        mantissas, _ = with_own_exponents(matrix, 1)
        with np.errstate(invalid="ignore"):
            directions.append(mantissas / np.sqrt(np.square(mantissas).sum()))
    cosine = float((directions[0] * directions[1]).sum())
    sine = float(np.sqrt(np.square(directions[0] - cosine * directions[1]).sum()))
    return float(np.degrees(np.arctan2(sine, cosine)))
