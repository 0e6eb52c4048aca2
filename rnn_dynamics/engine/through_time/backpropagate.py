"""Backpropagation through time, from step T to step 1.

The walk goes in runs of up to RUN_LENGTH steps. Within a run it is the cell's adjoint step and nothing else; what does
not depend on the adjoint is computed before the run, norms and parameter gradients after it, on whole arrays. Between
two runs the adjoint is renormalised (see `scaling`), so a gradient of 10^−2000 is reported as such.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.aligned import aligned
from rnn_dynamics.engine.cells.cell import Adjoints, Cell, Factors, Weights, has_w_hh, told_of
from rnn_dynamics.engine.compiled import steps as works
from rnn_dynamics.engine.compiled.walk import Road, road
from rnn_dynamics.engine.through_time.scaling import (
    LOG10_2,
    NOTHING,
    SLACK,
    Scaled,
    by_member,
    log10_norm_at_any_size,
    log10_norms,
    log10_norms_at_any_size,
    shifted,
)
from rnn_dynamics.engine.through_time.unroll import product_at_each_step

#: Steps between two renormalisations: enough to work on whole arrays, and few enough (delta of a run fills RUN_BYTES)
#: that what is computed before the run is still in the processor's cache when the walk comes to it.
RUN_LENGTH = 128
RUN_BYTES = 1 << 20
#: Of what a walk may give norms beside those of the state.
BESIDE = ("input", "cell_path")
#: A run in which a norm leaves 10^±SAFE_DECADES is repeated in shorter runs, so that squares stay in range.
SAFE_DECADES = 100.0
#: A loss adjoint up to 2^MODEST_EXPONENT leaves a run its room; only the states of ReLU can make it larger.
MODEST_EXPONENT = 64


@dataclass(frozen=True)
class Pass:
    """One forward pass.

    members: S, how many columns each sequence has on the way back. opened: the same with an open way back, where
    `weights` cut it. inputs: what is read, (T, ..., N, D), in the order of reading.
    """

    cell: Cell
    weights: Weights
    record: Any
    members: int = 1
    opened: "Pass | None" = field(default=None, kw_only=True)
    inputs: Array | None = field(default=None, kw_only=True)

    @property
    def length(self) -> int:
        """T."""
        return len(self.record.hidden) - 1

    @property
    def multiplied(self) -> Array:
        """What the matrix `Cell.summed` multiplies at each step, (T, rows, N)."""
        if has_w_hh(self.cell):
            return self.weights.multiplied(self.record)
        assert self.inputs is not None
        return self.inputs.swapaxes(-1, -2)

    @property
    def summed_shape(self) -> tuple[int, int]:
        """Of that matrix."""
        columns = (self.weights.weight_hh if has_w_hh(self.cell) else self.weights.weight_ih).shape[-1]
        return self.cell.blocks * self.record.hidden.shape[1], columns

    @cached_property
    def road(self) -> Road | None:
        """The way back compiled, where that is to be had."""
        return road(self.cell, self.weights, self.record)

    def factors(self, steps: range) -> Factors:
        """The derivatives that the way back meets at `steps`."""
        return self.cell.make_factors(self.record, slice(steps.start, steps.stop))


@dataclass(frozen=True)
class Losses:
    """What the losses say of the states h_t directly, beside what arrives from later steps.

    first: the step, counted from 0, of the first row; at steps without a row no loss enters. rows (B, ..., H, C), times
    2^exponents (B, ..., S) of their step and member. cells: likewise of the cell states c_t, with the same exponents;
    None where the losses read none, as an h_T alone.
    """

    first: int
    rows: Array
    exponents: NDArray[np.int64]
    cells: Array | None = None

    def at(self, steps: range, exponent: NDArray[np.int64]) -> list[Array | None]:
        """What enters at each of `steps`, of h_t and of c_t, (B, ..., H, C) times 2^exponent (..., S) of its member.

        None where nothing does.
        """
        first, stop = (min(max(step - self.first, 0), len(self.rows)) for step in (steps.start, steps.stop))
        if first == stop:
            return [None, None]
        shift = self.exponents[first:stop] - exponent
        before, still = self.first + first - steps.start, not shift.any()
        parts = [None if of is None else of[first:stop] for of in (self.rows, self.cells)]
        parts = [of if of is None or still else shifted(of, shift) for of in parts]
        return [None if of is None else _among(len(steps), before, of) for of in parts]

    def log10_norms(self) -> Array:
        """log10 of the norm of each row, (B, ..., S): of the larger of both states' where the cell states have one."""
        parts = (self.rows,) if self.cells is None else (self.rows, self.cells)
        norms = [log10_norm_at_any_size(part, self.exponents.shape[-1]) for part in parts]
        return np.asarray(np.maximum.reduce(norms) + self.exponents * LOG10_2)

    def largest(self, steps: range) -> NDArray[np.int64]:
        """The largest exponent (..., S) of what enters at `steps`; NOTHING where nothing does."""
        inside = self.exponents[max(0, steps.start - self.first) : max(0, steps.stop - self.first)]
        return np.asarray(inside.max(axis=0, initial=NOTHING))


def losses_of(adjoints: Array, first: int, members: int) -> Losses:
    """Losses at their true size, (B, ..., H, C), from step `first` on.

    Their exponent is 0, but for those so large that squares would overflow; it is NOTHING for what is zero, which must
    not bear on how small an adjoint may be when it comes by.
    """
    peaks = np.abs(by_member(adjoints, members)).max(axis=-2)
    exponents = np.frexp(peaks)[1].astype(np.int64)
    exponents[exponents <= MODEST_EXPONENT] = 0
    rows = shifted(adjoints, -exponents) if exponents.any() else adjoints
    exponents[peaks == 0.0] = NOTHING
    return Losses(first, rows, exponents)


@dataclass(frozen=True)
class Run:
    """A run of B steps on the way back.

    steps: of the sequence, counted from 0. adjoints: mantissas, times 2^exponent (..., S). by_input (B, ..., D, C): the
    adjoints of the inputs, likewise. log10_norms: name -> (B, ..., S), exponents included. path: the adjoints
    (B + 1, ..., H, C) along the additive path, laid out as those of a state; None where the cell has no such path.
    What was not asked for is not there: no path, and by_input has no rows.
    """

    steps: range
    adjoints: Adjoints
    by_input: Array
    exponent: NDArray[np.int64]
    log10_norms: dict[str, Array]
    path: Scaled | None

    @property
    def before(self) -> Scaled:
        """The adjoints of the state before the first step of the run: after the last run those of the initial state."""
        return Scaled(tuple(states[0] for states in self.adjoints.states), self.exponent)

    def with_one_exponent(self) -> tuple[Array, int]:
        """Of all members the delta (B, rows, C) times one power of two; less what is too small beside it."""
        common = int(self.exponent.max())
        delta = self.adjoints.delta
        return (delta if self.exponent.size == 1 else shifted(delta, self.exponent - common)), common


def walk_back(
    forward: Pass,
    losses: Losses,
    *,
    start: int = 0,
    stop: int | None = None,
    beside: Collection[str] = BESIDE,
) -> Iterator[Run]:
    """Yield the runs from the last steps to the first; see `Run`.

    Every log10 norm is finite wherever the gradient is not exactly zero: input dL/dx_t, hidden dL/dh_t, and where the
    cell has them cell dL/dc_t and cell_path, the part of the state's gradient that arrived along the additive path.

    Args:
        forward: the states.
        losses: what is sent back.
        start: the first step that is walked back over, counted from 0.
        stop: the one behind the last; None stands for T.
        beside: which of BESIDE are computed, beside the gradients of the state.
    """
    nothing, has_path = np.zeros(losses.rows.shape[1:]), bool(forward.cell.keeps) and "cell_path" in beside
    usual = longest_run(forward.cell, nothing.size)
    stop, longest, modest = forward.length if stop is None else stop, usual, True
    first = losses.largest(range(max(start, stop - longest), stop))
    exponent = np.where(first == NOTHING, 0, first)
    arriving = [Scaled(tuple(nothing for _ in forward.cell.components), exponent)]
    arriving += [Scaled((nothing,), exponent)] if has_path else []
    while stop > start:
        steps = range(max(start, stop - longest), stop)
        # What enters on the way must have its room too, so it bounds how far the adjoint may be enlarged.
        entering, smallest = losses.largest(steps), np.minimum.reduce([of.exponent for of in arriving])
        if not (modest and (entering <= smallest + SLACK).all()):
            arriving = [of.renormalised(entering) for of in arriving]
        attempt = _Attempt(forward, losses, steps, arriving, "input" in beside)
        if len(steps) > 1 and not attempt.is_safe():
            longest, modest = max(1, len(steps) // 4), False
            continue
        yield (run := attempt.run())
        arriving, modest = [run.before], attempt.ends_modest()
        arriving += [Scaled((run.path.arrays[0][0],), run.path.exponent)] if run.path else []
        stop, longest = steps.start, min(2 * longest, usual)


class _Attempt:
    """The adjoints of one run, which count only if no norm left the safe range.

    arriving: those of the state after its last step, and along the additive path if these are wanted. reads: whether
    the adjoints of the inputs are.
    """

    def __init__(self, forward: Pass, losses: Losses, steps: range, arriving: Sequence[Scaled], reads: bool) -> None:
        self.forward, self.losses, self.steps, (self.state, *paths) = forward, losses, steps, arriving
        self.adjoints = make_room(forward.cell, len(steps), self.state.arrays)
        self.path = Scaled((with_room(len(steps), paths[0].arrays[0]),), paths[0].exponent) if paths else None
        with np.errstate(over="ignore", invalid="ignore"):  # what leaves float64's range does not count
            self._walk()
            by_gate = forward.cell.input_delta(self.adjoints.delta)
            by_input = forward.weights.weight_ih_transposed[..., : None if reads else 0, :]
            self.by_input = product_at_each_step(by_input, by_gate)
            self.parts = self._parts()
            norms = log10_norms if len(steps) > 1 else log10_norms_at_any_size
            self.norms = norms(list(self.parts.values()), forward.members)

    def _walk(self) -> None:
        steps, back, forward = self.steps, range(len(self.steps) - 1, -1, -1), self.forward
        losses = self.losses.at(steps, self.state.exponent)
        losses += self.losses.at(steps, self.path.exponent) if self.path else []
        room = works.room_of_adjoints(self.adjoints, *(self.path.arrays if self.path else ()))
        room |= {name: of for name, of in zip(works.LOSSES, losses, strict=False) if of is not None}
        road = forward.road
        if road is None or not road.walk(works.back, steps, back, works.with_losses_of_states(room)):
            carry = works.back(forward.cell, forward.weights, forward.factors(steps), room)
            for b in back:
                carry(b)

    def _parts(self) -> dict[str, Array]:
        """Of what there are norms: name -> (B, ..., rows, C)."""
        states = zip(self.forward.cell.components, self.adjoints.states, strict=True)
        parts = {"input": self.by_input} if self.by_input.size else {}
        parts |= {name: of[1:] for name, of in states}
        return parts | ({"cell_path": self.path.arrays[0][1:]} if self.path else {})

    def is_safe(self) -> bool:
        """Whether no norm left the safe range, and none that is not zero was lost among squares too small."""
        if np.abs(self.norms).max() <= SAFE_DECADES:
            return True
        known = np.isfinite(self.norms)
        if np.abs(self.norms[known]).max(initial=0.0) > SAFE_DECADES:
            return False
        each = zip(known, self.parts.values(), strict=True)
        return not any((~of & np.any(by_member(part, self.forward.members), axis=-2)).any() for of, part in each)

    def ends_modest(self) -> bool:
        """Whether every adjoint at its first step is so near 1 that it need not be renormalised, for any member."""
        of_states = self.norms["input" in self.parts :, 0]
        return bool(np.abs(of_states).max() < SLACK * LOG10_2)

    def run(self) -> Run:
        """The same, with the exponents in its norms, of what answers tell."""
        offsets = dict.fromkeys(self.parts, self.state.exponent * LOG10_2)
        offsets |= {"cell_path": self.path.exponent * LOG10_2} if self.path else {}
        norms = dict(zip(self.parts, self.norms, strict=True))
        told = {name: norms[name] + offsets[name] for name in told_of(self.forward.cell, norms)}
        return Run(self.steps, self.adjoints, self.by_input, self.state.exponent, told, self.path)


def _among(steps: int, before: int, rows: Array) -> Array:
    """Rows (B, ..., H, C) that follow on `before` steps without any, of so many steps."""
    if len(rows) == steps:
        return np.ascontiguousarray(rows)
    found = np.zeros((steps, *rows.shape[1:]))
    found[before : before + len(rows)] = rows
    return found


def longest_run(cell: Cell, size: int) -> int:
    """How many steps are walked in one run when a component of the adjoint has `size` numbers."""
    return max(1, min(RUN_LENGTH, RUN_BYTES // (8 * cell.delta_blocks * size)))


def make_room(cell: Cell, length: int, arriving: tuple[Array, ...]) -> Adjoints:
    """Adjoints for a run of `length` steps, its last slot filled with what arrives."""
    *outer, rows, columns = arriving[0].shape
    states = tuple(with_room(length, array) for array in arriving)
    return Adjoints(states, aligned((length, *outer, cell.delta_blocks * rows, columns)))


def with_room(length: int, arriving: Array) -> Array:
    """Room for `length` steps before what arrives, (length + 1, ...)."""
    found = aligned((length + 1, *arriving.shape))
    found[-1] = arriving
    return found
