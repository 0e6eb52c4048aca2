"""The answer behind the page "A product of Jacobians", and its picture; the words are in `jacobian_words`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS, cell_of
from rnn_dynamics.engine.run import run_jacobians
from rnn_dynamics.engine.trace import JacobianTrace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.jacobians.table import JacobianPicture, jacobian_datasets
from rnn_dynamics.pictures.kit.numbers import power_of_ten, times
from rnn_dynamics.pictures.kit.remembered import COMPUTING

Array = NDArray[np.float64]

PAGE = "jacobians"
#: T·S³, beyond which the exponents of half the directions are computed: all would take a quarter of a second.
LARGEST_SPECTRUM = 2e8
#: A direction survives if so much of it is left at the longest lag.
SURVIVES = 0.01
#: log10 of 1 % more: what differs by less from 1 is not called larger or smaller.
VISIBLE = float(np.log10(1.01))
#: An exponent that is zero is found to be this small by rounding.
_ROUNDING = 1e-12
_LN_10 = float(np.log(10.0))


@dataclass(frozen=True, kw_only=True)
class JacobianAnswer:
    """What the page keeps of a `JacobianTrace`; the Jacobians themselves may take tens of megabytes.

    lags, log10_singular_values, exponents, spread: as there. eigenvalues and singular_values: as in `JacobianPicture`.
    digits: of the norms, see `Rounded`. slope: mean of the activation's derivative over units and steps, for a cell
    without gates; else nan.
    """

    experiment: Experiment
    lags: NDArray[np.int64]
    log10_singular_values: Array
    exponents: Array
    spread: Array
    eigenvalues: Mapping[str, NDArray[np.complex128]]
    singular_values: Array
    slope: float
    digits: int

    @property
    def back(self) -> int:
        """T − 1, the longest lag."""
        return self.experiment.sequence_length - 1

    @property
    def size(self) -> int:
        """S."""
        return int(self.log10_singular_values.shape[1])

    @property
    def norm(self) -> Array:
        """(K,), log10 of the spectral norm of ∂s_T/∂s_{T−lag}."""
        return self.log10_singular_values[:, 0]

    @cached_property
    def bound_holds(self) -> bool:
        """Whether (γ σ_max)^lag is a law of this cell: it is derived for a network without gates."""
        return not CELLS[self.experiment.cell].gates

    @cached_property
    def factors(self) -> dict[str, float]:
        """log10 of each factor per step: bound (σ_max), radius (ρ) and mean (ρ of the mean Jacobian), exponent (e^λ₁).

        nan where an exponent could not be resolved.
        """
        radius, mean = (np.abs(self.eigenvalues[kind]).max() for kind in ("weights", "mean"))
        with np.errstate(divide="ignore"):
            bound, radius, mean = np.log10([self.singular_values[0], radius, mean]).tolist()
        return {"bound": bound, "radius": radius, "exponent": float(self.exponents[0]) / _LN_10, "mean": mean}

    @property
    def laws(self) -> dict[str, float]:
        """The factors whose straight lines say something about this cell."""
        names = ("bound", "radius", "exponent") if self.bound_holds else ("mean", "exponent")
        return {name: self.factors[name] for name in names if not np.isnan(self.factors[name])}

    @cached_property
    def excess(self) -> tuple[int, float]:
        """The lag at which the norm is furthest above ρ^lag (with gates: of the mean Jacobian), and log10 by how much.

        (0, 0) where it never is, or where ρ is 0.
        """
        slope = self.factors["radius" if self.bound_holds else "mean"]
        if np.isneginf(slope):
            return 0, 0.0
        above = self.norm - self.lags * slope
        return int(self.lags[above.argmax()]), float(above.max())

    @property
    def positive(self) -> tuple[int, int]:
        """How many exponents are above 0 even at the lower end of their spread, and how many at its upper end."""
        spread = np.where(np.isfinite(self.exponents), np.nan_to_num(self.spread, nan=np.inf), 0.0)
        low, high = (int((self.exponents + sign * spread > _ROUNDING).sum()) for sign in (-1, 1))
        return low, high

    @property
    def survivors(self) -> int:
        """How many of the S directions keep more than SURVIVES over the longest lag."""
        return int((self.log10_singular_values[-1] > np.log10(SURVIVES)).sum())


@lru_cache(maxsize=256)
def jacobian_answer(experiment: Experiment) -> JacobianAnswer:
    """Answer for one experiment."""
    size = len(cell_of(experiment).components) * experiment.hidden_size
    affordable = experiment.sequence_length * size**3 <= LARGEST_SPECTRUM
    with COMPUTING:
        return _kept(run_jacobians(experiment, exponents=size if affordable else size // 2))


def _kept(trace: JacobianTrace) -> JacobianAnswer:
    plain = not CELLS[trace.experiment.cell].gates
    rows = np.linalg.norm(trace.state_matrix, axis=1)
    written = rows > 0
    return JacobianAnswer(
        experiment=trace.experiment,
        lags=trace.lags,
        log10_singular_values=trace.log10_singular_values,
        exponents=trace.lyapunov_exponents,
        spread=trace.lyapunov_spread,
        eigenvalues={
            "weights": np.linalg.eigvals(trace.state_matrix).astype(complex),
            "mean": np.linalg.eigvals(trace.jacobians.mean(axis=0)).astype(complex),
        },
        singular_values=np.asarray(np.linalg.svd(trace.state_matrix, compute_uv=False), dtype=float),
        # J_t = diag(slope) W_hh: each row is as much shorter as its unit's slope says, and a row of zeros says nothing.
        digits=trace.digits,
        slope=float((np.linalg.norm(trace.jacobians, axis=2)[:, written] / rows[written]).mean()) if plain else np.nan,
    )


@lru_cache(maxsize=256)
def jacobian_picture(experiment: Experiment, against_lag: bool, colour: str) -> dict[str, bytes]:
    """The picture's datasets."""
    answer = jacobian_answer(experiment)
    words, says = sentences(PAGE), numbers_of(answer)
    titles = words["titles"]
    return jacobian_datasets(
        JacobianPicture(
            length=experiment.sequence_length,
            lags=answer.lags,
            log10_singular_values=answer.log10_singular_values,
            laws=answer.laws,
            circles=tuple(name for name in answer.laws if name != "exponent"),
            labels={name: words["labels"][name].format(**says) for name in ("norm", *answer.laws)},
            eigenvalues=answer.eigenvalues,
            pointed=words["pointed"],
            steps=str(says["steps"]),
            singular_values=answer.singular_values,
            exponents=answer.exponents,
            colour=colour,
            titles={
                name: titles[key].format(**says)
                for name, key in {
                    "lines": _claim(answer),
                    "weights": "weights",
                    "mean": "mean",
                    "spectrum": _spectrum(answer),
                }.items()
            },
            against_lag=against_lag,
        )
    )


def _claim(answer: JacobianAnswer) -> str:
    """Which title is the most telling true one."""
    if not answer.back:
        return "single"
    if not answer.bound_holds:
        return "gated"
    if answer.experiment.hidden_path == "cut":
        return "cut"
    if coincide(answer):
        return "coincide"
    if answer.excess[1] > np.log10(2.0):
        return "exceeds"
    return "grows" if answer.positive[0] and answer.norm[-1] > VISIBLE else "bound"


def _spectrum(answer: JacobianAnswer) -> str:
    """Which title of the exponents is true."""
    low, high = answer.positive
    return "spectrum" if low == high else "spectrum_between" if answer.back else "spectrum_single"


def coincide(answer: JacobianAnswer) -> bool:
    """Whether all directions change as the bound says, to 1 %: W_hh rotates and scales, and all slopes are 1."""
    ends = [answer.norm[-1], answer.log10_singular_values[-1, -1], answer.back * answer.factors["bound"]]
    return bool(answer.back and np.isfinite(ends).all() and np.ptp(ends) < np.log10(1.01))


def numbers_of(answer: JacobianAnswer) -> dict[str, str | int]:
    """What the sentences are filled with, as text where a number needs a form."""
    back, experiment = answer.back, answer.experiment
    over = {name: power_of_ten(back * slope if back else 0.0) for name, slope in answer.factors.items()}
    step = {f"{name}_step": _factor(slope) for name, slope in answer.factors.items()}
    low, high = answer.positive
    return (
        over
        | step
        | {
            "norm": power_of_ten(float(answer.norm[-1])),
            "norm_step": _factor(float(answer.norm[-1]) / back if back else np.nan),
            "exponent": _between(*(power_of_ten(back * end if back else 0.0) for end in _ends(answer))),
            "exponent_step": _between(*(_factor(end) for end in _ends(answer))),
            "exponent_nats": _exponent(answer),
            "cell": CELLS[experiment.cell].label,
            "matrix": CELLS[experiment.cell].state_matrix,
            "state": "[h | c]" if len(CELLS[experiment.cell].components) > 1 else "h",
            "steps": sentences(PAGE)["steps"]["one" if back == 1 else "other"].format(count=back),
            "size": answer.size,
            "computed": len(answer.exponents),
            "survivors": answer.survivors,
            "positive": low,
            "possible": high,
            "slope": f"{answer.slope:.2f}",
            "excess_lag": answer.excess[0],
            "excess": power_of_ten(answer.excess[1]),
        }
    )


def _exponent(answer: JacobianAnswer) -> str:
    """λ₁ with the digits that its spread leaves, and the spread."""
    exponent, spread = float(answer.exponents[0]), float(answer.spread[0])
    if not np.isfinite(exponent):
        return "−∞" if np.isneginf(exponent) else "–"
    if np.isnan(spread):
        return _signed(exponent, 1)
    digits = int(np.clip(np.ceil(-np.log10(max(spread, 1e-9))), 1, 3))
    shown = _signed(exponent, digits)
    return f"{shown} ± {spread:.{digits}f}" if round(spread, digits) else shown


def _signed(value: float, digits: int) -> str:
    """A number with a real minus sign, and no sign before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _ends(answer: JacobianAnswer) -> tuple[float, float]:
    """log10 of e^λ₁, at the lower and at the upper end of λ₁'s spread."""
    exponent, spread = float(answer.exponents[0]), float(np.nan_to_num(answer.spread[0]))
    return (exponent - spread) / _LN_10, (exponent + spread) / _LN_10


def _between(low: str, high: str) -> str:
    return low if low == high else str(sentences(PAGE)["between"].format(low=low, high=high))


def _factor(log10_value: float) -> str:
    """A factor per step, with one digit more where it is almost 1."""
    return times(log10_value, ".4g" if abs(log10_value) < 0.02 else ".3g")
