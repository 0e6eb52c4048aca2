"""The curse of memory: why a state that remembers long is sensitive to its own λ, though no gradient explodes.

The unit of Zucchet & Orvieto (2024, section 2.2), stationary, with λ inside the unit circle:

    h_t = λ h_{t−1} + x_t,   E[x_t x_{t+k}] = ρ^|k|

For two factors on the same inputs, with u = 1/(1 − λμ) and g(λ) = ρλ/(1 − ρλ),

    V(λ, μ) = E[h_t(λ) h_t(μ)] = u (1 + g(λ) + g(μ))

Of it follows all else: the variance V(λ, λ̄), for a real λ (1 + ρλ)/((1 − ρλ)(1 − λ²)); that of ∂h/∂λ, the mixed
derivative ∂²V/∂λ∂μ at μ = λ̄, [(1 + λ²)(1 − λ²ρ²) + 2(1 − λ²)λρ]/[(1 − λ²)³(1 − λρ)²]; and the loss of a student λ
beside a teacher λ*, E[(h(λ) − h(λ*))²]/2. The memory is −1/ln |λ|: after so many steps a gradient has shrunk to 1/e,
whatever λ is.

Two remedies of the Linear Recurrent Unit: γ = √(1 − λ²) on the input, a number of its own that no derivative passes,
and λ = exp(−e^ν), so that dλ/dν = λ ln λ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.given import array_of_numbers
from rnn_dynamics.limits import KnownFields, Range, finite, one_of, short

Array = NDArray[np.float64]

#: What is done about it: nothing, γ alone, the exponential alone, both.
REMEDIES = ("none", "gamma", "exponential", "both")
#: The memory with which all others are compared.
USUAL_MEMORY = 10.0
#: The student's memory where a step begins, as a share of the teacher's.
START = 0.9
_MEMORIES = Range(minimum=1e-3, maximum=1e6)
_CORRELATIONS = Range(minimum=0.0, maximum=0.999999)


def factor_of(memory: ArrayLike) -> Array:
    """λ of a memory in steps, exp(−1/memory)."""
    return np.asarray(np.exp(-1.0 / np.asarray(memory, dtype=np.float64)))


def memory_of(factor: ArrayLike) -> Array:
    """The memory in steps, −1/ln |λ|."""
    return np.asarray(-1.0 / np.log(np.abs(factor)))


def state_variance(factor: ArrayLike, rho: float) -> Array:
    """E|h_t|² of a unit, for inputs of variance 1.

    Args:
        factor: λ, real or complex, inside the unit circle.
        rho: the inputs' correlation from step to step, from 0 on and below 1.

    Raises:
        ValueError: a factor is not inside the unit circle, or rho is outside its limits.
    """
    found, rho = _factors(factor), _CORRELATIONS.checked("rho", rho)
    return np.asarray(_covariance(found, found.conj(), rho).real)


def sensitivity(factor: ArrayLike, rho: float) -> Array:
    """E|∂h_t/∂λ|² of the same; arguments and errors as of `state_variance`."""
    found, rho = _factors(factor), _CORRELATIONS.checked("rho", rho)
    squares, turned = np.abs(found) ** 2, 1.0 - rho * found
    # ∂²/∂λ∂μ of u (1 + g + ḡ): both derivatives fall on u, or one on u and one on a g.
    on_u = (1.0 + squares) / (1.0 - squares) ** 3 * (1.0 + 2.0 * (rho * found / turned).real)
    return np.asarray(on_u + 2.0 * (rho * found / turned**2).real / (1.0 - squares) ** 2)


def gain(factor: ArrayLike, remedy: str) -> Array:
    """What multiplies the input: γ = √(1 − |λ|²), or 1 where the remedy has none."""
    squares = np.abs(np.asarray(factor)) ** 2
    return np.sqrt(1.0 - squares) if one_of("remedy", remedy, REMEDIES) in ("gamma", "both") else np.ones_like(squares)


def slope(factor: ArrayLike, remedy: str) -> Array:
    """|dλ/dν| = −|λ| ln |λ|, or 1 where λ itself is learned."""
    sizes = np.abs(np.asarray(factor))
    learns = one_of("remedy", remedy, REMEDIES) in ("exponential", "both")
    return np.asarray(-sizes * np.log(sizes) if learns else np.ones_like(sizes))


def _factors(factor: ArrayLike) -> NDArray[Any]:
    found = np.asarray(factor)
    if found.dtype.kind not in "iufc" or not (np.abs(found) < 1.0).all():
        raise ValueError(f"factor = {short(factor)} is not a number inside the unit circle")
    return found


def _covariance(one: Any, other: Any, rho: float) -> Any:
    """V(λ, μ)."""
    return (1.0 + _pulled(one, rho) + _pulled(other, rho)) / (1.0 - one * other)


def _pulled(factor: Any, rho: float) -> Any:
    """g(λ)."""
    return rho * factor / (1.0 - rho * factor)


def _by_first(one: Any, other: Any, rho: float) -> Any:
    """∂V/∂λ."""
    apart = 1.0 - one * other
    pulled = 1.0 + _pulled(one, rho) + _pulled(other, rho)
    return other * pulled / apart**2 + rho / (1.0 - rho * one) ** 2 / apart


@dataclass(frozen=True, kw_only=True)
class Student(KnownFields):
    """A unit that learns its λ from another one, which reads the same inputs.

    memory: of the teacher, in steps. rho: the inputs' correlation from step to step. remedy: one of REMEDIES; with γ
    that of the teacher multiplies the inputs of both, and with the exponential ν is what is learned.

    Raises:
        ValueError: a field is outside its limits; memory is a number from 0.001 to a million, rho from 0 to 0.999999.
        TypeError: there is no such field; the message names the nearest one.
    """

    memory: float
    rho: float = 0.0
    remedy: str = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", _MEMORIES.checked("memory", finite("memory", self.memory)))
        object.__setattr__(self, "rho", _CORRELATIONS.checked("rho", self.rho))
        one_of("remedy", self.remedy, REMEDIES)

    @property
    def factor(self) -> float:
        """The teacher's λ."""
        return float(factor_of(self.memory))

    @property
    def learns_exponent(self) -> bool:
        """Whether ν is learned in place of λ."""
        return self.remedy in ("exponential", "both")

    @property
    def size(self) -> float:
        """The standard deviation of the state."""
        return float(np.sqrt(state_variance(self.factor, self.rho)) * gain(self.factor, self.remedy))

    @property
    def sensitivity(self) -> float:
        """The standard deviation of ∂h/∂λ, or of ∂h/∂ν where ν is learned."""
        scale = gain(self.factor, self.remedy) * slope(self.factor, self.remedy)
        return float(np.sqrt(sensitivity(self.factor, self.rho)) * scale)

    @property
    def curvature(self) -> float:
        """Of the loss at its minimum: the mean square of that."""
        return self.sensitivity**2

    def loss(self, factor: ArrayLike) -> Array:
        """E[(h − h*)²]/2 of students of a real λ inside the unit circle; inf elsewhere."""
        found = array_of_numbers("factor", factor)
        return self._of(found, self._loss)

    def gradient(self, factor: ArrayLike) -> Array:
        """Its derivative by λ, or by ν where ν is learned; likewise."""
        found = array_of_numbers("factor", factor)
        by_factor = self._of(found, lambda own: _by_first(own, own, self.rho) - _by_first(own, self.factor, self.rho))
        return by_factor * found * np.log(found) if self.learns_exponent else by_factor

    def _loss(self, own: Array) -> Any:
        teacher, rho = self.factor, self.rho
        both = _covariance(own, own, rho) + _covariance(teacher, teacher, rho)
        return 0.5 * (both - 2.0 * _covariance(own, teacher, rho))

    def _of(self, found: Array, what: Callable[[Array], Any]) -> Array:
        inside = np.abs(found) < 1.0
        values = what(np.where(inside, found, 0.0)) * gain(self.factor, self.remedy) ** 2
        return np.asarray(np.where(inside, values, np.inf))

    @cached_property
    def step(self) -> "Step":
        """One step of gradient descent with the learning rate that is right at USUAL_MEMORY."""
        usual = Student(memory=USUAL_MEMORY, rho=self.rho, remedy=self.remedy)
        return Step(student=self, learning_rate=1.0 / usual.curvature)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of gradient descent of a student, begun at START of the teacher's memory.

    learning_rate: of λ, or of ν.
    """

    student: Student
    learning_rate: float

    @property
    def start(self) -> float:
        """λ where it begins."""
        return float(factor_of(START * self.student.memory))

    @property
    def move(self) -> float:
        """By how much λ, or ν, is moved."""
        return float(-self.learning_rate * self.student.gradient(self.start))

    @property
    def end(self) -> float:
        """λ where it ends; beyond 1 the state explodes."""
        if not self.student.learns_exponent:
            return self.start + self.move
        return float(np.exp(np.log(self.start) * np.exp(min(self.move, 500.0))))

    @property
    def memory(self) -> float:
        """Of the unit where it ends, in steps."""
        return float(memory_of(self.end))

    @property
    def needed(self) -> float:
        """By how much λ, or ν, differs from the teacher's at the start."""
        if not self.student.learns_exponent:
            return self.student.factor - self.start
        return float(np.log(START))

    @property
    def ratio(self) -> float:
        """The move in units of what is needed: 1 arrives, from 2 on the step ends further away than it began."""
        return self.move / self.needed

    @property
    def loss_before(self) -> float:
        """At the start."""
        return float(self.student.loss(self.start))

    @property
    def loss_after(self) -> float:
        """At the end; inf where the state explodes."""
        return float(self.student.loss(self.end))
