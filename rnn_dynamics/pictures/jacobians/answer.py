"""A product of Jacobians: its singular values, its exponents, and the factors per step that laws would give it."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.cells.cell import is_plain
from rnn_dynamics.engine.run import run_jacobians
from rnn_dynamics.engine.trace import JacobianTrace, Laws
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.remembered import remembered

#: T·S³, beyond which the exponents of half the directions are computed: all would take a thirtieth of a second.
LARGEST_SPECTRUM = 2.7e7
#: log10 of 1 % more: what differs by less from 1 is not called larger or smaller.
VISIBLE = float(np.log10(1.01))


@dataclass(frozen=True, kw_only=True)
class JacobianAnswer(OfTrace[JacobianTrace]):
    """What the page keeps of a trace whose Jacobians may take tens of megabytes: what they multiply to by each law."""

    laws: Laws

    @property
    def slope(self) -> float:
        """See `JacobianTrace.mean_slope`."""
        return self.trace.mean_slope

    @property
    def back(self) -> int:
        """T − 1, the longest lag."""
        return self.experiment.sequence_length - 1

    @property
    def bound_holds(self) -> bool:
        """Whether (γ σ_max)^lag is a law of this cell: it is derived for steps of one matrix and slopes."""
        return is_plain(self.cell) or self.cell.rotates

    @cached_property
    def drawn(self) -> dict[str, float]:
        """The factors whose straight lines say something about this cell."""
        names = ("bound", "radius", "exponent") if self.bound_holds else ("mean", "exponent")
        return {name: self.laws.factors[name] for name in names if not np.isnan(self.laws.factors[name])}

    @cached_property
    def excess(self) -> tuple[int, float]:
        """The lag at which the norm is furthest above ρ^lag (with gates: of the mean Jacobian), and log10 by how much.

        (0, 0) where it never is, or where ρ is 0.
        """
        law = "radius" if self.bound_holds else "mean"
        if np.isneginf(self.laws.factors[law]):
            return 0, 0.0
        above = self.trace.log10_norms - self.laws.lines[law]
        return int(self.trace.lags[above.argmax()]), float(above.max())

    @property
    def ends(self) -> tuple[float, float]:
        """log10 of e^λ₁, at the lower and at the upper end of λ₁'s spread."""
        spread = float(np.nan_to_num(self.trace.lyapunov_spread[0])) * math.log10(math.e)
        return self.laws.factors["exponent"] - spread, self.laws.factors["exponent"] + spread

    @cached_property
    def coincide(self) -> bool:
        """Whether all directions change as the bound says, to 1 %: W_hh rotates and scales, and all slopes are 1."""
        ends = [*self.trace.log10_singular_values[-1, [0, -1]], self.laws.over["bound"]]
        return bool(self.back and np.isfinite(ends).all() and np.ptp(ends) < VISIBLE)


@remembered
def jacobian_answer(experiment: Experiment) -> JacobianAnswer:
    """Answer for one experiment."""
    cell = cell_of(experiment)
    size = len(cell.components) * experiment.hidden_size
    affordable = experiment.sequence_length * size**3 <= LARGEST_SPECTRUM
    trace = computed(run_jacobians, experiment, exponents=size if affordable else size // 2)
    kept = replace(trace, steps=trace.steps[:0], jacobians=trace.jacobians[:0].copy())
    return JacobianAnswer(trace=kept, laws=trace.laws)
