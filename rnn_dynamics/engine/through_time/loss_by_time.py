"""Which loss is felt how far back: the error of every single loss at every earlier step, from one forward pass.

A loss at every step is a sum of T terms, and so are its gradients:

    L = Σ_k L_k        dL/dh_t = Σ_{k ≥ t} ∂L_k/∂h_t        dL/dW_hh = Σ_k Σ_{t ≤ k} δ_t^(k) h_t−1ᵀ   (Jordan: y_t−1)

with δ^(k) the error of L_k alone. All losses walk back side by side: each is a column of its own beside the others, and
one matrix product a step serves them all. They begin at once, each at its own step, so that after d steps back every
column is at the distance k − t = d: none is carried along before it begins, and the terms of dL/dW_hh of one distance
are one product.

Norms of the terms do not add up, for errors may point against each other; their projections on the sum do:

    share_kt = ⟨∂L_k/∂h_t, dL/dh_t⟩ / ‖dL/dh_t‖²        Σ_k share_kt = 1

Backpropagation through time truncated after τ steps carries the error of each loss back over τ steps, its own
included, and takes the state before them as a constant (BPTT(h) of Williams & Peng 1990): what it sees of dL/dW_hh are
the terms with a distance k − t < τ. τ = T leaves nothing out.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Factors, summed_delta
from rnn_dynamics.engine.compiled.walk import Road
from rnn_dynamics.engine.through_time.backpropagate import Losses, Pass, Run, walk_back
from rnn_dynamics.engine.through_time.scaling import (
    LOG10_2,
    NOTHING,
    ScaledSum,
    by_member,
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
#: log10 of the smallest error that chunks are said to make: less may be the rounding of two sums.
CHUNK_RESOLUTION = -13.0
#: Chunks of sizes that differ by no more than this factor are walked together: each end of one over the largest size.
LONGER = 3
#: Room for the gradients between which the smallest sufficient truncation is looked for.
SEARCH_BYTES = 256_000_000
#: Where the gradients of all distances take no more than this, all are kept, and nothing is walked twice.
EACH_BYTES = 32_000_000


@dataclass(frozen=True)
class Beside(Pass):
    """A pass in which some losses walk back at once, each from its own step: its columns are (sequence, loss).

    losses: their steps, counted from 0, rising. A step of the walk is that of the last one; a column that comes before
    step 0 meets zeros, and is zero from there on.
    """

    losses: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))

    @cached_property
    def road(self) -> Road | None:
        """Not to be had where the columns are at different steps."""
        return super().road if len(self.losses) == 1 else None

    def factors(self, steps: range) -> Factors:
        """The derivatives that each loss meets at its own steps."""
        found = self.cell.make_factors(self.record, self._before(steps))
        parts = [part for part in (*found.local, found.path, found.entry) if part is not None]
        ends = np.cumsum([part.shape[1] for part in parts])[:-1]
        shifted = iter(np.split(self._at(len(steps), np.concatenate(parts, axis=1)), ends, axis=1))
        return Factors(tuple(next(shifted) for _ in found.local), next(shifted, None), next(shifted, None))

    def at(self, steps: range, values: Array) -> Array:
        """Of values (T, rows, N) what stands at the losses' own steps: (B, rows, N·S)."""
        return self._at(len(steps), values[self._before(steps)])

    def times(self, steps: range) -> NDArray[np.int64]:
        """The losses' own steps (B, S), below 0 where a loss is over."""
        return np.asarray(np.array(steps)[:, None] + (self.losses - self.losses[-1]))

    def _before(self, steps: range) -> slice:
        """All steps at which a loss is meanwhile."""
        return slice(max(0, steps.start + int(self.losses[0] - self.losses[-1])), steps.stop)

    def _at(self, count: int, values: Array) -> Array:
        places = self.losses - self.losses[0]
        span, (known, rows, columns) = int(places[-1]) + 1, values.shape
        in_time = np.zeros((rows, columns, span + count - 1))
        in_time[..., -known:] = values.transpose(1, 2, 0)
        # A window for each step; NumPy's own sliding_window_view takes as long as all the rest.
        strides = (in_time.itemsize, *in_time.strides)
        windows: Array = np.ndarray((count, rows, columns, span), buffer=in_time, strides=strides)
        of_losses = windows if span == len(places) else windows[..., places]  # to choose costs more than to copy all
        return of_losses.reshape(count, rows, -1)


def walk_each_loss(
    forward: Pass, losses: Losses, first: int = 0, reach: int | None = None, *, chosen: Sequence[int] | None = None
) -> Iterator[tuple[Beside, Run]]:
    """Walk back from each loss of a single experiment by itself.

    Args:
        forward: of one experiment, without members.
        losses: one row for each step that has one.
        first: the first loss, counted from 0, that is walked.
        reach: no step is wanted that lies so far before its loss, or further; None stands for T.
        chosen: the losses that are walked, counted from 0, rising; None stands for all.

    Yields:
        some losses and a run whose members they are; see `walk_back`. Runs of the same losses follow each other from
        their own steps to the first.
    """
    count, size, columns = losses.rows.shape
    asked = np.arange(losses.first, losses.first + count) if chosen is None else np.asarray(chosen)
    for group in _groups(asked[asked >= first], max(1, GROUP_SIZE // (size * columns))):
        rows = losses.rows[group - losses.first].transpose(1, 2, 0).reshape(1, size, -1)
        last, exponents = int(group[-1]), losses.exponents[group - losses.first, 0][None]
        beside = Beside(forward.cell, forward.weights, forward.record, len(group), group)
        for run in walk_back(beside, Losses(last, rows, exponents), stop=last + 1, beside=()):
            if reach is not None and last - run.steps.stop >= reach - 1:
                break
            yield beside, run


def _groups(losses: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    """Losses, rising, in groups of at most so many, the last ones first."""
    while len(losses):
        group = losses[-most:]
        group = group[group > group[-1] - GROUP_SPAN]
        yield group
        losses = losses[: -len(group)]


def walk_chunks(forward: Pass, losses: Losses, sizes: Sequence[int]) -> Iterator[tuple[Beside, Run]]:
    """Walk back within chunks of some steps, as where a training loop detaches the state after every so many steps.

    What arrives at the steps before the end of a chunk does not depend on how long it is, so each end is walked back
    from once, over the largest of the sizes, for all of them; `chunk_lengths` says how far it belongs to which.

    Args:
        forward: of one experiment, without members.
        losses: one row for each of the T steps, with the exponent NOTHING where there is no loss.
        sizes: steps of a chunk; the last one has what is left.

    Yields:
        some chunks, named by their last steps, and a run whose members they are; see `walk_back`.
    """
    rows, exponents, steps = losses.rows, losses.exponents[:, 0], np.arange(forward.length)
    longest = chunk_lengths(steps, sizes, forward.length).max(axis=0)
    known = np.cumsum(np.concatenate([[0], exponents > NOTHING]))
    ends = steps[known[steps + 1] > known[steps + 1 - longest]]  # where a chunk ends that has a loss
    for group in _groups(ends, max(1, GROUP_SIZE // rows[0].size)):
        last, many = int(group[-1]), int(longest[group].max())
        places = group + np.arange(1 - many, 1)[:, None]
        entering = rows[np.maximum(places, 0)].transpose(0, 2, 3, 1).reshape(many, rows.shape[1], -1)
        of_places = np.where(places < 0, NOTHING, exponents[places])
        beside = Beside(forward.cell, forward.weights, forward.record, len(group), group)
        first = last + 1 - many
        for run in walk_back(beside, Losses(first, entering, of_places), start=first, stop=last + 1, beside=()):
            yield beside, run


def chunk_lengths(ends: NDArray[np.int64], sizes: Sequence[int], length: int) -> NDArray[np.int64]:
    """Steps of the chunk that ends with each of some steps, counted from 0, for each size: (sizes, ends); 0 for none.

    length: T, with which the last chunk ends.
    """
    each = np.asarray(sizes)[:, None]
    return np.where(((ends + 1) % each == 0) | (ends == length - 1), ends % each + 1, 0)


class Shares:
    """Projects single errors on their sum."""

    def __init__(self, runs: Sequence[Run]) -> None:
        """Runs of the whole loss, last steps first, which are walked over without members."""
        total = np.concatenate([run.adjoints.states[0][1:] for run in reversed(runs)])
        outside = np.concatenate([np.repeat(run.exponent, len(run.steps)) for run in reversed(runs)])
        mantissas, exponents = with_own_exponents(total, 1)
        self._total, self._exponents = mantissas.reshape(total.shape), exponents[:, 0] + outside
        self._squares = np.square(self._total).sum(axis=(1, 2))

    def of(self, beside: Beside, run: Run) -> Array:
        """The shares of each loss in the error at each of its steps, (B, S); nan where the sum is zero."""
        times = np.maximum(beside.times(run.steps), 0)
        products = beside.at(run.steps, self._total) * run.adjoints.states[0][1:]
        projections = by_member(products, beside.members).sum(axis=-2)
        with np.errstate(invalid="ignore"):
            shifts = run.exponent - self._exponents[times]
            return np.asarray(np.ldexp(projections, shifts) / self._squares[times])


class _Terms:
    """Of the gradient of `Cell.summed`, which losses that walk side by side add up to."""

    def __init__(self, forward: Pass) -> None:
        self._cell, self._weights, self._multiplied = forward.cell, forward.weights, forward.multiplied
        self._shape = forward.summed_shape

    def _factors(self, beside: Beside, run: Run) -> tuple[Array, Array, int]:
        """Of the products of a run both factors, the second one (B, rows, S), and a power of two that it may be."""
        delta = summed_delta(self._cell, run.adjoints.delta)
        delta, multiplied = self._weights.by_sequence(delta, beside.at(run.steps, self._multiplied))
        largest = max(multiplied.max(), -multiplied.min())  # the states of ReLU may be as large as float64 allows
        return delta, by_member(multiplied, beside.members), int(np.frexp(largest)[1])


class GradientByDistance(_Terms):
    """Sums the gradient of `Cell.summed` by how far its loss lies ahead, and says what truncation leaves."""

    def __init__(self, forward: Pass, truncations: Sequence[int]) -> None:
        """Forward: of a single experiment; truncations: rising, the last one T."""
        super().__init__(forward)
        self._each = 8 * forward.length * prod(self._shape) <= EACH_BYTES
        self._begin(range(1, forward.length + 1) if self._each else truncations)

    def _begin(self, truncations: Sequence[int]) -> None:
        #: A part holds the distances from one of the limits up to the next.
        self._limits = np.array([0, *truncations])
        self._mantissas = np.zeros((len(self._limits), *self._shape))
        self._exponents = np.full(len(self._limits), NOTHING)

    def add(self, beside: Beside, run: Run) -> None:
        """Add the steps of a run."""
        part_of = np.searchsorted(self._limits, beside.losses[-1] - np.array(run.steps), side="right") - 1
        begin = np.flatnonzero(np.diff(part_of, prepend=-1))  # later steps have lower parts
        # A part may be far smaller than the others, so each has an exponent of its own; what is zero has none.
        alive = _alive(run)
        own = np.maximum.reduceat(np.where(alive, run.exponent, NOTHING).max(axis=1), begin)
        delta, multiplied, peak = self._factors(beside, run)
        weights = np.ldexp(alive.astype(float), run.exponent - own[part_of[0] - part_of][:, None] - peak)
        weighted = (multiplied * weights[:, None]).reshape(len(delta), self._shape[1], -1)
        terms = delta @ weighted.swapaxes(-1, -2)
        if len(begin) < len(terms):
            terms = np.add.reduceat(terms, begin)
        self._add(slice(int(part_of[-1]), int(part_of[0]) + 1), terms[::-1], own[::-1] + peak)

    def _add(self, parts: slice, terms: Array, exponents: NDArray[np.int64]) -> None:
        """Add to neighbouring parts; what is too small beside the larger of the two is lost."""
        exponents = np.where(terms.any(axis=(1, 2)), exponents, NOTHING)
        before, common = self._exponents[parts], np.maximum(self._exponents[parts], exponents)
        if (before > NOTHING).any():
            terms = terms * np.ldexp(1.0, exponents - common)[:, None, None]
            terms += self._mantissas[parts] * np.ldexp(1.0, before - common)[:, None, None]
        self._mantissas[parts], self._exponents[parts] = terms, common

    def merged(self, truncations: Sequence[int]) -> "GradientByDistance":
        """The same with fewer limits: some of its own, rising, the last one T."""
        other = copy(self)
        other._limits = np.array([0, *truncations])
        begin = np.searchsorted(self._limits, other._limits)
        end = np.append(begin[1:], len(self._limits))
        other._mantissas, other._exponents = self._sums(
            (self._places >= begin[:, None]) & (self._places < end[:, None])
        )
        return other

    def truncated(self, truncations: Sequence[int]) -> tuple[Array, Array]:
        """What truncation after each number of steps, limits of this sum, leaves of the gradient G, (M,) each.

        Returns:
            log10 of ‖G_τ − G‖ / ‖G‖, and the angle between G_τ and G in degrees; nan where one of them is zero.
        """
        begin = np.searchsorted(self._limits, truncations)
        near, _ = self._sums(self._places < begin[:, None])
        with np.errstate(invalid="ignore"):  # both may be −inf
            errors = self._log10_left_out(truncations) - self._log10_left_out([0])
        return errors, _angles(near)

    def first_sufficient(self, low: int, high: int, walk: Callable[[int, int], Iterator[tuple[Beside, Run]]]) -> int:
        """The smallest τ beyond `low` from which on, up to `high`, the error is at most SUFFICIENT.

        Looked for at each τ there is where each distance has a part, for an error may come back between two limits;
        else at each τ between `low` and `high`, as long as SEARCH_BYTES hold a gradient for each, or at as many that
        lie evenly, and then between the last of these that is too short and the next.

        Args:
            low: a limit at which the error is larger, or 0.
            high: the next limit; the error there is not.
            walk: of the first loss, counted from 0, and a reach: as `walk_each_loss`, for the same losses.
        """
        most = float(self._log10_left_out([0])[0]) + np.log10(SUFFICIENT)
        if self._each:
            return self._last_above(most) + 1
        room = max(3, SEARCH_BYTES // self._mantissas[0].nbytes)
        between = self
        while high > low + 1:
            grid = np.unique(np.linspace(low + 1, high, min(room, high - low)).round().astype(int))
            between = between._finer(grid.tolist(), walk(low + 1, high))
            short = np.flatnonzero(between._log10_left_out(grid) > most)
            if not len(short):
                return int(grid[0])
            low, high = int(grid[short[-1]]), int(grid[short[-1] + 1])
        return high

    def _finer(self, truncations: Sequence[int], walked: Iterator[tuple[Beside, Run]]) -> "GradientByDistance":
        """One with other limits: `walked` up to the last one, a limit of this one, whose rest it has beyond."""
        other = copy(self)
        other._begin(truncations)
        for beside, run in walked:
            other.add(beside, run)
        rest, exponents = self._sums(self._places >= np.searchsorted(self._limits, truncations[-1:])[:, None])
        other._mantissas[-1], other._exponents[-1] = rest[0], exponents[0]
        return other

    @property
    def _places(self) -> NDArray[np.int64]:
        return np.arange(len(self._limits))

    def _log10_left_out(self, truncations: ArrayLike) -> Array:
        """log10 of the norm of what truncation at some limits leaves out: of all at 0."""
        left_out, exponents = self._sums(self._places >= np.searchsorted(self._limits, truncations)[:, None])
        return log10_norm_at_any_size(left_out, 1)[:, 0] + exponents * LOG10_2

    def _last_above(self, log10_most: float) -> int:
        """The last limit at which truncation leaves out more, to the digits of the largest part.

        One sum that grows, the far parts first, and stays in the processor's cache: all of them beside each other take
        several times as long.
        """
        common = round(log10_most / LOG10_2)  # what is compared is about 1, so that no square is out of range
        most, weights = 10.0 ** (2.0 * (log10_most - common * LOG10_2)), np.ldexp(1.0, self._exponents - common)
        beyond, part = np.zeros(self._shape), len(weights)
        while part and np.vdot(beyond, beyond) <= most:
            part -= 1
            beyond += self._mantissas[part] * weights[part]
        return part

    def _sums(self, chosen: NDArray[np.bool_]) -> tuple[Array, NDArray[np.int64]]:
        """Sums of the parts that are chosen in each row of (M, parts): mantissas (M, rows, columns) and exponents."""
        exponents = np.where(chosen, self._exponents, NOTHING).max(axis=1)
        weights = np.ldexp(chosen.astype(float), self._exponents - exponents[:, None])
        return np.tensordot(weights, self._mantissas, axes=1), exponents


class GradientInChunks(_Terms):
    """Sums the gradient of `Cell.summed` within chunks of some steps, and says what they leave of the whole."""

    def __init__(self, forward: Pass, losses: Losses) -> None:
        """Both as `walk_chunks` takes them."""
        super().__init__(forward)
        self._walk = partial(walk_chunks, forward, losses)
        self._length = forward.length

    def compared(self, sizes: Sequence[int]) -> tuple[Array, Array]:
        """As `GradientByDistance.truncated`, of chunks of these sizes, rising.

        The error is the norm of a difference: what is below CHUNK_RESOLUTION may be rounding, and counts as none.
        """
        found = {size: ScaledSum(np.zeros(self._shape)) for size in sorted({*sizes, self._length})}
        for together in _alike([*found]):
            for beside, run in self._walk(together):
                for size, term in zip(together, self._of_run(beside, run, together), strict=True):
                    found[size].add(*term)
        return _beside_whole([found[size] for size in sizes], found[self._length])

    def _of_run(self, beside: Beside, run: Run, sizes: Sequence[int]) -> Iterator[tuple[Array, int]]:
        """What a run adds to the gradient of chunks of each size, and the power of two that is kept apart."""
        lengths = chunk_lengths(beside.losses, sizes, beside.length)
        within = beside.losses[-1] - np.array(run.steps)[:, None] < lengths[:, None]  # (sizes, B, S)
        alive = _alive(run) & within
        own = np.where(alive, run.exponent, NOTHING).max(axis=(1, 2))
        delta, multiplied, peak = self._factors(beside, run)
        weights = np.ldexp(alive.astype(float), run.exponent - own[:, None, None] - peak)
        weighted = (multiplied * weights[:, :, None]).reshape(len(sizes), len(delta), self._shape[1], -1)
        # One product for all steps, members and sizes.
        rows = delta.swapaxes(0, 1).reshape(self._shape[0], -1)
        terms = rows @ weighted.transpose(1, 3, 0, 2).reshape(rows.shape[1], -1)
        for place, exponent in enumerate(own.tolist()):
            yield terms[:, place * self._shape[1] : (place + 1) * self._shape[1]], exponent + peak


def _alive(run: Run) -> NDArray[np.bool_]:
    """(B, S): where a run has a gradient at all."""
    return np.asarray(np.any([np.isfinite(norms) for norms in run.log10_norms.values()], axis=0))


def _alike(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Rising sizes of chunks in groups, in each of which the largest is at most LONGER times the smallest."""
    left = list(sizes)
    while left:
        together = [size for size in left if size <= LONGER * left[0]]
        yield together
        left = left[len(together) :]


def _beside_whole(parts: Sequence[ScaledSum], whole: ScaledSum) -> tuple[Array, Array]:
    """Of each part log10 of ‖part − whole‖ / ‖whole‖, and the angle between both in degrees."""
    exponents = np.array([of.exponent for of in (*parts, whole)])
    common = np.maximum(exponents, whole.exponent)  # a part may be larger than the sum
    mantissas = np.stack([of.mantissas for of in (*parts, whole)])
    left = mantissas * np.ldexp(1.0, exponents - common)[:, None, None]
    left[:-1] -= whole.mantissas * np.ldexp(1.0, whole.exponent - common)[:-1, None, None]
    norms = log10_norm_at_any_size(left, 1)[:, 0]
    with np.errstate(invalid="ignore"):
        errors = norms[:-1] - norms[-1] + (common[:-1] - whole.exponent) * LOG10_2
    errors[errors < CHUNK_RESOLUTION] = -np.inf
    return errors, _angles(mantissas)[:-1]


def _angles(matrices: Array) -> Array:
    """Between matrices (M, rows, columns) as vectors and the last of them, in degrees."""
    mantissas, _ = with_own_exponents(matrices.reshape(len(matrices), -1, 1), 1)
    with np.errstate(invalid="ignore"):
        directions = mantissas[..., 0] / np.sqrt(np.square(mantissas).sum(axis=1))
    # By sine and cosine: a cosine near 1 has lost its angle.
    cosines = directions @ directions[-1]
    sines = np.sqrt(np.square(directions - cosines[:, None] * directions[-1]).sum(axis=1))
    return np.asarray(np.degrees(np.arctan2(sines, cosines)))
