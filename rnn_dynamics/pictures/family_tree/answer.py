"""Every cell at the same settings: the gradient of its state, and the part of it that travels along its path alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from rnn_dynamics.engine.cells import CELLS, cell_of
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.engine.trace import Norms
from rnn_dynamics.engine.verdict import Verdict, judge, relative_to
from rnn_dynamics.engine.work import fewer_sequences, work_of
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.idle import without_idle
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.pictures.kit.frames import Array
from rnn_dynamics.remembered import remembered

#: What all cells together may cost, in multiply-adds of their recurrent products: about a third of a second.
_LARGEST = 2.5e8


@dataclass(frozen=True, kw_only=True)
class Member(OfExperiment):
    """One cell: its gradients, and of what it carries on from step to step (the LSTM's c, any other cell's h)."""

    trace: Norms

    @cached_property
    def whole(self) -> Array:
        """(T,), log10 of the norm of the state's gradient, relative to step T."""
        return relative_to(self._state[-1], self._state)

    @cached_property
    def path(self) -> Array | None:
        """The same of the part that came along the additive path alone; None of a cell that has none."""
        path = self.trace.log10_norms.get("cell_path")
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
        return self.trace.log10_norms.get("cell", self.trace.log10_norms["hidden"])


@dataclass(frozen=True, kw_only=True)
class TreeAnswer(OfExperiment):
    """A member for each cell, in the order in which readers meet them; asked: the reader's batch."""

    members: tuple[Member, ...]
    asked: int

    @property
    def digits(self) -> int:
        """See `Answered`."""
        return min(member.trace.digits for member in self.members)

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
    members = (replace(shown, cell=name) for name in CELLS)
    return TreeAnswer(
        experiment=shown,
        members=tuple(Member(experiment=one, trace=_norms(without_idle(one))) for one in members),
        asked=experiment.batch_size,
    )


@remembered
def _norms(experiment: Experiment) -> Norms:
    """Of a cell, kept by itself: one without gates is the same with any gate bias, one without W_hh at any scale."""
    return computed(run_norms, experiment, beside=("cell_path",) if cell_of(experiment).keeps else ())
