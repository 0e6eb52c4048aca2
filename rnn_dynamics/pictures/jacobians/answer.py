"""A product of Jacobians: its singular values, its exponents, and the factors per step that laws would give it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.cells.activations import mean_slope
from rnn_dynamics.engine.run import run, run_jacobians
from rnn_dynamics.engine.trace import JacobianTrace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.remembered import COMPUTING, remembered

Array = NDArray[np.float64]

#: T·S³, beyond which the exponents of half the directions are computed: all would take a quarter of a second.
LARGEST_SPECTRUM = 2e8
#: log10 of 1 % more: what differs by less from 1 is not called larger or smaller.
VISIBLE = float(np.log10(1.01))
_LN_10 = float(np.log(10.0))


@dataclass(frozen=True, kw_only=True)
class JacobianAnswer(OfTrace[JacobianTrace]):
    """What the page keeps of a trace whose Jacobians may take tens of megabytes: none of them.

    eigenvalues: "weights" (H,) of the state matrix and "mean" (S,) of the mean Jacobian. singular_values: (H,) of the
    state matrix. slope: mean of the activation's derivative over units and steps, for a cell without gates; else nan.
    """

    eigenvalues: Mapping[str, NDArray[np.complex128]]
    singular_values: Array
    slope: float

    @property
    def back(self) -> int:
        """T − 1, the longest lag."""
        return self.experiment.sequence_length - 1

    @property
    def size(self) -> int:
        """S."""
        return int(self.trace.log10_singular_values.shape[1])

    @property
    def norm(self) -> Array:
        """(K,), log10 of the spectral norm of ∂s_T/∂s_{T−lag}."""
        return self.trace.log10_singular_values[:, 0]

    @property
    def bound_holds(self) -> bool:
        """Whether (γ σ_max)^lag is a law of this cell: it is derived for a network without gates."""
        return not self.cell.gates

    @cached_property
    def log10_moduli(self) -> Array:
        """(H + S,), log10 |λ| of all eigenvalues, in their order."""
        with np.errstate(divide="ignore"):
            return np.log10(np.abs(np.concatenate(list(self.eigenvalues.values()))))

    @cached_property
    def factors(self) -> dict[str, float]:
        """log10 of each factor per step: bound (σ_max), radius (ρ) and mean (ρ of the mean Jacobian), exponent (e^λ₁).

        nan where an exponent could not be resolved.
        """
        largest = [self.singular_values[0], *(np.abs(of).max() for of in self.eigenvalues.values())]
        with np.errstate(divide="ignore"):
            bound, radius, mean = np.log10(largest).tolist()
        exponent = float(self.trace.lyapunov_exponents[0]) / _LN_10
        return {"bound": bound, "radius": radius, "exponent": exponent, "mean": mean}

    @cached_property
    def lines(self) -> dict[str, Array]:
        """(K,), log10 of each factor over each lag; 0 steps are a factor of 1, whatever it is."""
        lags = self.trace.lags
        return {name: np.multiply(lags, of, out=0.0 * lags, where=lags > 0) for name, of in self.factors.items()}

    @property
    def over(self) -> dict[str, float]:
        """The same over the longest lag."""
        return {name: float(line[-1]) for name, line in self.lines.items()}

    @cached_property
    def laws(self) -> dict[str, float]:
        """The factors whose straight lines say something about this cell."""
        names = ("bound", "radius", "exponent") if self.bound_holds else ("mean", "exponent")
        return {name: self.factors[name] for name in names if not np.isnan(self.factors[name])}

    @cached_property
    def excess(self) -> tuple[int, float]:
        """The lag at which the norm is furthest above ρ^lag (with gates: of the mean Jacobian), and log10 by how much.

        (0, 0) where it never is, or where ρ is 0.
        """
        law = "radius" if self.bound_holds else "mean"
        if np.isneginf(self.factors[law]):
            return 0, 0.0
        above = self.norm - self.lines[law]
        return int(self.trace.lags[above.argmax()]), float(above.max())

    @property
    def ends(self) -> tuple[float, float]:
        """log10 of e^λ₁, at the lower and at the upper end of λ₁'s spread."""
        spread = float(np.nan_to_num(self.trace.lyapunov_spread[0])) / _LN_10
        return self.factors["exponent"] - spread, self.factors["exponent"] + spread

    @cached_property
    def coincide(self) -> bool:
        """Whether all directions change as the bound says, to 1 %: W_hh rotates and scales, and all slopes are 1."""
        ends = [self.norm[-1], self.trace.log10_singular_values[-1, -1], self.over["bound"]]
        return bool(self.back and np.isfinite(ends).all() and np.ptp(ends) < VISIBLE)

    @property
    def below_the_bound(self) -> float:
        """log10 of how many times smaller the norm is than its bound."""
        return self.over["bound"] - float(self.norm[-1])

    @property
    def missing(self) -> dict[str, int]:
        """How many exponents are "unresolved", not told from rounding, and how many "lost", −∞."""
        exponents = self.trace.lyapunov_exponents
        return {"unresolved": int(np.isnan(exponents).sum()), "lost": int(np.isneginf(exponents).sum())}

    @cached_property
    def ended(self) -> tuple[int, int]:
        """The first lag at which singular values are not told from rounding, and how many at the longest; or zeros."""
        ended = np.isnan(self.trace.log10_singular_values).sum(axis=1)
        return (int(self.trace.lags[(ended > 0).argmax()]), int(ended[-1])) if ended.any() else (0, 0)


@remembered
def jacobian_answer(experiment: Experiment) -> JacobianAnswer:
    """Answer for one experiment."""
    cell = cell_of(experiment)
    size = len(cell.components) * experiment.hidden_size
    affordable = experiment.sequence_length * size**3 <= LARGEST_SPECTRUM
    with COMPUTING:
        trace = run_jacobians(experiment, exponents=size if affordable else size // 2)
    matrices = {"weights": trace.state_matrix, "mean": trace.jacobians.mean(axis=0)}
    return JacobianAnswer(
        trace=replace(trace, steps=trace.steps[:0], jacobians=trace.jacobians[:0].copy()),
        eigenvalues={name: np.linalg.eigvals(matrix).astype(complex) for name, matrix in matrices.items()},
        singular_values=np.asarray(np.linalg.svd(trace.state_matrix, compute_uv=False), dtype=float),
        slope=np.nan if cell.gates else _slope(trace),
    )


def _slope(trace: JacobianTrace) -> float:
    """See `JacobianAnswer`: J_t = diag(slope) W_hh, whose rows are as much shorter; of zeros none says anything."""
    rows = np.linalg.norm(trace.state_matrix, axis=1)
    if written := np.flatnonzero(rows).tolist():
        return float((np.linalg.norm(trace.jacobians[:, written], axis=2) / rows[written]).mean())
    return mean_slope(run(trace.experiment).hidden_states[1:, 0], trace.experiment.nonlinearity)
