"""Backpropagation through time, from step T to step 1.

The walk goes in runs of up to RUN_LENGTH steps. Within a run it is the cell's adjoint step and nothing else; what does
not depend on the adjoint is computed before the run, norms and parameter gradients after it, on whole arrays. Between
two runs the adjoint is renormalised (see `scaling`), so a gradient of 10^−2000 is reported as such.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.aligned import aligned
from rnn_dynamics.engine.cells.cell import Adjoints, Cell, Factors, Weights, has_w_hh
from rnn_dynamics.engine.compiled import steps as works
from rnn_dynamics.engine.compiled.walk import Road, road
from rnn_dynamics.engine.through_time.scaling import (
    LOG10_2,
    NOTHING,
    SLACK,
    Scaled,
    by_member,
    log10_norm,
    log10_norm_at_any_size,
    shifted,
)
from rnn_dynamics.engine.through_time.unroll import product_at_each_step

#: Steps between two renormalisations: enough to work on whole arrays, and few enough (delta of a run fills RUN_BYTES)
#: that what is computed before the run is still in the processor's cache when the walk comes to it.
RUN_LENGTH = 64
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

    def at(self, steps: range, exponent: NDArray[np.int64]) -> Sequence[Array | None]:
        """What enters at each of `steps`, times 2^-exponent (..., S) of its member; None where nothing does."""
        return self._at(self.rows, steps, exponent)

    def cells_at(self, steps: range, exponent: NDArray[np.int64]) -> Sequence[Array | None]:
        """The same of the cell states."""
        return [None] * len(steps) if self.cells is None else self._at(self.cells, steps, exponent)

    def _at(self, of: Array, steps: range, exponent: NDArray[np.int64]) -> Sequence[Array | None]:
        first, stop = (min(max(step - self.first, 0), len(of)) for step in (steps.start, steps.stop))
        if first == stop:
            return [None] * len(steps)
        rows = shifted(of[first:stop], self.exponents[first:stop] - exponent)
        before = self.first + first - steps.start
        return [*[None] * before, *rows, *[None] * (len(steps) - before - len(rows))]

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
    nothing = np.zeros(losses.rows.shape[1:])
    exponent = np.zeros_like(losses.exponents[0])
    arriving = Scaled(tuple(nothing for _ in forward.cell.components), exponent)
    arriving_path = Scaled((nothing,), exponent)
    usual = longest_run(forward.cell, nothing.size)
    stop, longest, modest = forward.length if stop is None else stop, usual, False
    while stop > start:
        steps = range(max(start, stop - longest), stop)
        # What enters on the way must have its room too, so it bounds how far the adjoint may be enlarged.
        entering = losses.largest(steps)
        if not (modest and (entering <= np.minimum(arriving.exponent, arriving_path.exponent) + SLACK).all()):
            arriving, arriving_path = arriving.renormalised(entering), arriving_path.renormalised(entering)
        state, path = arriving, arriving_path
        attempt = _Attempt(forward, losses, steps, state, path, beside)
        if len(steps) > 1 and not attempt.is_safe():
            longest, modest = max(1, len(steps) // 4), False
            continue
        along_path = None if attempt.path_adjoints is None else Scaled((attempt.path_adjoints,), path.exponent)
        yield Run(steps, attempt.adjoints, attempt.by_input, state.exponent, attempt.log10_norms(), along_path)
        arriving, arriving_path, modest = attempt.arriving_state(), attempt.arriving_path(), attempt.ends_modest()
        stop, longest = steps.start, min(2 * longest, usual)


class _Attempt:
    """The adjoints of one run, which count only if no norm left the safe range."""

    def __init__(
        self, forward: Pass, losses: Losses, steps: range, state: Scaled, path: Scaled, beside: Collection[str]
    ) -> None:
        self.forward, self.losses, self.steps, self.state, self.path = forward, losses, steps, state, path
        has_path = bool(forward.cell.keeps) and "cell_path" in beside
        self.adjoints = make_room(forward.cell, len(steps), state.arrays)
        self.path_adjoints = with_room(len(steps), path.arrays[0]) if has_path else None
        self._walk()
        by_gate = forward.cell.input_delta(self.adjoints.delta)
        by_input = forward.weights.weight_ih_transposed[..., : None if "input" in beside else 0, :]
        self.by_input = product_at_each_step(by_input, by_gate)
        norm = log10_norm if len(steps) > 1 else log10_norm_at_any_size
        self.norms = {name: norm(part, forward.members) for name, part in self._parts().items()}

    @cached_property
    def _factors(self) -> Factors:
        return self.forward.factors(self.steps)

    def _carry(self, work: works.Work, room: works.Room) -> works.Carry:
        """What does this work at the steps of the run: compiled where that is to be had, else the cell's own."""
        road = self.forward.road
        found = None if road is None else road.carry(work, self.steps, room)
        return found or work(self.forward.cell, self.forward.weights, self._factors, room)

    def _walk(self) -> None:
        path = self.path_adjoints
        work: works.Work = works.back if path is None else works.back_with_path
        carry = self._carry(work, works.room_of_adjoints(self.adjoints, path))
        entering = [self._entering(self.adjoints.states, self.state.exponent)]
        entering += [] if path is None else [self._entering_path(path)]
        each_step = [*filter(None, entering), carry]
        for b in range(len(self.steps) - 1, -1, -1):
            for do in each_step:
                do(b)

    def _entering(self, states: Sequence[Array], exponent: NDArray[np.int64]) -> works.Carry | None:
        """What adds the losses at the b-th step to the adjoints of the states after it; None where there are none."""
        losses, cells = self.losses.at(self.steps, exponent), self.losses.cells_at(self.steps, exponent)

        def enter(b: int) -> None:
            for array, loss in ((states[0], losses[b]), (states[-1], cells[b])):
                if loss is not None:
                    array[b + 1] += loss

        return enter if _any(losses) or _any(cells) else None

    def _entering_path(self, path: Array) -> works.Carry | None:
        """The same of the additive path, to which a loss comes from h_t where h_t is not on it itself."""
        losses, cells = (of(self.steps, self.path.exponent) for of in (self.losses.at, self.losses.cells_at))
        if len(self.forward.cell.components) == 1 or not _any(losses):
            return self._entering((path,), self.path.exponent)
        factors = aligned((len(self.steps), *path.shape[1:]))
        find = self._carry(works.entry, {"entry": factors})

        def enter(b: int) -> None:
            loss, of_cell = losses[b], cells[b]
            if loss is not None:
                find(b)
                path[b + 1] += factors[b] * loss
            if of_cell is not None:
                path[b + 1] += of_cell

        return enter

    def _parts(self) -> dict[str, Array]:
        """Of what there are norms: name -> (B, ..., rows, C)."""
        states = zip(self.forward.cell.components, self.adjoints.states, strict=True)
        parts = {"input": self.by_input} if self.by_input.size else {}
        parts |= {name: of[1:] for name, of in states}
        return parts if self.path_adjoints is None else parts | {"cell_path": self.path_adjoints[1:]}

    def is_safe(self) -> bool:
        """Whether no norm left the safe range, and none that is not zero was lost among squares too small."""
        parts = self._parts()
        for name, values in self.norms.items():
            known = np.isfinite(values)
            if np.abs(values, where=known, out=np.zeros_like(values)).max() > SAFE_DECADES:
                return False
            if not known.all() and (~known & np.any(by_member(parts[name], self.forward.members), axis=-2)).any():
                return False
        return True

    def ends_modest(self) -> bool:
        """Whether every adjoint at its first step is so near 1 that it need not be renormalised, for any member."""
        of_states = (values for name, values in self.norms.items() if name != "input")
        return all(np.abs(values[0]).max() < SLACK * LOG10_2 for values in of_states)

    def log10_norms(self) -> dict[str, Array]:
        """The norms with their exponents, of what answers tell."""
        offset = self.state.exponent * LOG10_2
        path_offset = self.path.exponent * LOG10_2
        told = told_of(self.norms)
        return {name: self.norms[name] + (path_offset if name == "cell_path" else offset) for name in told}

    def arriving_state(self) -> Scaled:
        """The adjoints before the first step of the run."""
        return Scaled(tuple(states[0] for states in self.adjoints.states), self.state.exponent)

    def arriving_path(self) -> Scaled:
        """The same along the additive path."""
        arrays = self.path.arrays if self.path_adjoints is None else (self.path_adjoints[0],)
        return Scaled(arrays, self.path.exponent)


def told_of(names: Iterable[str]) -> tuple[str, ...]:
    """Those of which answers have norms: not the sLSTM's normaliser, which no loss reads and no path is along."""
    return tuple(name for name in names if name != "normaliser")


def _any(losses: Sequence[Array | None]) -> bool:
    return any(loss is not None for loss in losses)


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
