"""Every cell at the same settings: the gradient of its state, and the part of it that travels along its path alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.run import FREE, run_side_by_side
from rnn_dynamics.engine.trace import FamilyTrace
from rnn_dynamics.engine.verdict import Verdict, judge, relative_to
from rnn_dynamics.engine.work import fewer_sequences, work_of
from rnn_dynamics.executor import computed_beside
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.idle import without_idle
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.pictures.kit.frames import Array
from rnn_dynamics.remembered import remembered

#: What all cells together may cost, in multiply-adds of their recurrent products: about a third of a second.
_LARGEST = 2.5e8


@dataclass(frozen=True, kw_only=True)
class Member(OfExperiment):
    """One cell: its gradients, and of what it carries on from step to step (the LSTM's c, any other cell's h).

    log10_norms: of the states (T,), and where it has such a path "cell_path". digits: see `Answered`.
    """

    log10_norms: Mapping[str, Array]
    digits: int

    @cached_property
    def whole(self) -> Array:
        """(T,), log10 of the norm of the state's gradient, relative to step T."""
        return relative_to(self._state[-1], self._state)

    @cached_property
    def path(self) -> Array | None:
        """The same of the part that came along the additive path alone; None of a cell that has none."""
        path = self.log10_norms.get("cell_path")
        return None if path is None else relative_to(self._state[-1], path)

    @cached_property
    def verdict(self) -> Verdict:
        """On the whole."""
        return judge(self._state)

    @property
    def log10_path(self) -> float | None:
        """log10 of the factor per step of the path alone; None where there is no path."""
        return None if self.path is None else judge(self.path).log10_factor

    @property
    def log10_share(self) -> float | None:
        """log10 of the norm at step 1 of what came along the path alone, against that of the whole there."""
        return None if self.path is None else float(self.path[0] - self.whole[0])

    @property
    def _state(self) -> Array:
        return self.log10_norms.get("cell", self.log10_norms["hidden"])


@dataclass(frozen=True, kw_only=True)
class TreeAnswer(OfExperiment):
    """A member for each cell, in the order in which readers meet them; asked: the reader's batch."""

    members: tuple[Member, ...]
    asked: int

    @property
    def digits(self) -> int:
        """See `Answered`."""
        return min(member.digits for member in self.members)

    @property
    def with_path(self) -> tuple[Member, ...]:
        """Those in which a gate multiplies the old state."""
        return tuple(member for member in self.members if member.path is not None)

    @property
    def adding(self) -> tuple[Member, ...]:
        """Those, and the ones whose units carry their state on by fixed numbers."""
        carrying = (one for one in self.members if one.path is not None or one.cell.rotates or one.cell.oscillates)
        return tuple(carrying)

    @property
    def without_w_hh(self) -> tuple[Member, ...]:
        """Those in which no matrix leads from one state to the next gates or state."""
        return tuple(member for member in self.members if not has_w_hh(member.cell))

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Cell -> the verdict on its state's gradient."""
        return {member.cell.name: member.verdict for member in self.members}


@remembered
def tree_answer(experiment: Experiment) -> TreeAnswer:
    """Answer for all cells; which one the experiment names is of no consequence."""
    shown = fewer_sequences(experiment, _LARGEST, lambda one: work_of(one, *CELLS))
    members = [replace(shown, cell=name) for name in CELLS]
    questions = [without_idle(one) for one in members]
    new = tuple(one for one in questions if not _trace.known(one))
    if new:
        sizes = replace(members[0], **FREE)
        for one, trace in zip(new, computed_beside(_side_by_side, new, sizes), strict=True):
            _trace.keep(trace, one)
    return TreeAnswer(
        experiment=shown,
        members=tuple(map(_member, members, map(_trace, questions))),
        asked=experiment.batch_size,
    )


def _member(experiment: Experiment, trace: FamilyTrace) -> Member:
    norms = {name: values[0] for name, values in trace.log10_norms.items()}
    return Member(experiment=experiment, log10_norms=norms, digits=int(trace.digits[0]))


@remembered
def _trace(experiment: Experiment) -> FamilyTrace:
    """Of a cell, kept by itself: one without gates is the same with any gate bias, one without W_hh at any scale."""
    return run_side_by_side([experiment])[0]


def _side_by_side(asked: Sequence[tuple[Experiment, ...]]) -> list[tuple[FamilyTrace, ...]]:
    """The cells that each of some visitors asks for who wait for their turn: what is new of them in one go."""
    new = [one for one in dict.fromkeys(chain.from_iterable(asked)) if not _trace.known(one)]
    found = dict(zip(new, run_side_by_side(new), strict=True))
    return [tuple(found[one] if one in found else _trace(one) for one in of) for of in asked]
