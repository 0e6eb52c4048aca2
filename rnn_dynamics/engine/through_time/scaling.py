"""Adjoints far outside float64's range: a mantissa array, and one power of two per member of a family.

The adjoint depends linearly on the adjoint of the last step, so it may be multiplied by a power of two at any time,
without rounding. Exponents belong to a member: columns are (sequence, member), member fastest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array

LOG10_2 = float(np.log10(2.0))
#: To multiply an adjoint costs a pass over it, and within 2^±SLACK, 19 decades, nothing is gained by it.
SLACK = 64
#: A sum of squares above it has lost no digit to those of its terms that float64 cannot hold.
_LEAST_SQUARE = 1e-280
#: The exponent of what is zero.
NOTHING = -(2**40)


@dataclass(frozen=True)
class Scaled:
    """arrays (..., H, C) times 2^exponent of their member; exponent (..., S)."""

    arrays: tuple[Array, ...]
    exponent: NDArray[np.int64]

    def renormalised(self, least: NDArray[np.int64] | int = NOTHING) -> "Scaled":
        """Bring each member's norm to [0.5, 1), or below, where its exponent would fall below `least`.

        A member that is within 2^±SLACK of that stays as it is.
        """
        norms = np.maximum.reduce([_size(array, self.exponent.shape[-1]) for array in self.arrays])
        own = np.where(norms > 0.0, self.exponent + np.frexp(norms)[1], NOTHING)
        exponent = np.maximum(own, least)
        exponent[exponent == NOTHING] = 0  # neither a state nor a loss
        shift = exponent - self.exponent
        shift[np.abs(shift) <= SLACK] = 0
        if not shift.any():
            return self
        return Scaled(tuple(shifted(array, -shift) for array in self.arrays), self.exponent + shift)


@dataclass
class ScaledSum:
    """A sum of matrices of any size: mantissas (rows, columns) times 2^exponent."""

    mantissas: Array
    exponent: int = 0

    def add_product(self, delta: Array, multiplied: Array, exponent: int) -> None:
        """Add delta (rows, K) · multiplied (columns, K)ᵀ times 2^exponent."""
        peak = int(np.frexp(np.abs(multiplied).max())[1])  # the states of ReLU may be as large as float64 allows
        self.add(delta @ (multiplied * 2.0**-peak).T, exponent + peak)

    def add(self, term: Array, exponent: int) -> None:
        """Add term (rows, columns) times 2^exponent; what is too small beside the larger of the two is lost."""
        if not term.any():  # its exponent says nothing
            return
        common = max(exponent, self.exponent) if self.mantissas.any() else exponent
        # A product with a power of two is several times faster than ldexp, and as exact. An empty sum needs no scaling.
        self.mantissas *= math.ldexp(1.0, min(0, self.exponent - common))
        self.mantissas += term * math.ldexp(1.0, exponent - common)
        self.exponent = common


def by_member(array: Array, members: int) -> Array:
    """View (..., H, C) as (..., H·N, S)."""
    return array.reshape(*array.shape[:-2], -1, members)


def shifted(array: Array, exponent: NDArray[np.int64]) -> Array:
    """Array (..., H, C) times 2^exponent of its member, exponent (..., S), which may lack the leading axis of time."""
    return _times_power(by_member(array, exponent.shape[-1]), exponent).reshape(array.shape)


def _times_power(array: Array, exponent: NDArray[np.int64]) -> Array:
    """Array (..., rows, S) times 2^exponent (..., S).

    A product takes a fourth to an eighth of the time of `ldexp` and rounds as it does, as long as the power is finite.
    """
    with np.errstate(over="ignore"):
        power = np.ldexp(1.0, exponent)
    if power.max(initial=0.0) == np.inf:
        return np.asarray(np.ldexp(array, exponent[..., None, :]))
    return np.asarray(array * power[..., None, :])


def _squares(flat: Array) -> Array:
    """The sum of the squares of each member of (..., rows, S): (..., S)."""
    # Two to three times as fast as the sum of `square`, which needs room for all squares.
    each = flat.swapaxes(-1, -2)
    return np.asarray(np.vecdot(each, each))


def _size(array: Array, members: int) -> Array:
    """The norm of (..., H, C), (..., S), or its largest entry where squares of it leave float64's range."""
    flat = by_member(array, members)
    with np.errstate(over="ignore"):
        squares = _squares(flat)
    if squares.min() > 1e-300 and squares.max() < np.inf:
        return np.asarray(np.sqrt(squares))
    return np.asarray(np.abs(flat).max(axis=-2))


def log10_norm(array: Array, members: int) -> Array:
    """log10 of the norm over features and sequences: (..., H, C) -> (..., S); -inf where all entries are zero.

    Safe as long as squares are: the norm lies within 10^±150.
    """
    return np.asarray(log10_norms([array], members)[0])


def log10_norms(arrays: Sequence[Array], members: int) -> Array:
    """`log10_norm` of K arrays that differ in H alone, (K, ..., S)."""
    squares = np.stack([_squares(by_member(array, members)) for array in arrays])
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 * np.log10(squares))


def log10_norm_at_any_size(array: Array, members: int) -> Array:
    """`log10_norm` without its limit: where it is met, each member is divided by its largest entry first."""
    with np.errstate(over="ignore"):
        squares = _squares(by_member(array, members))
    if squares.size and squares.min() > _LEAST_SQUARE and squares.max() < np.inf:
        return np.asarray(0.5 * np.log10(squares))
    scaled, exponent = with_own_exponents(array, members)
    return np.asarray(log10_norm(scaled.reshape(array.shape), members) + exponent * LOG10_2)


def log10_norms_at_any_size(arrays: Sequence[Array], members: int) -> Array:
    """The same of K arrays, as `log10_norms`."""
    return np.stack([log10_norm_at_any_size(array, members) for array in arrays])


def with_own_exponents(array: Array, members: int) -> tuple[Array, NDArray[np.int64]]:
    """Array (..., H, C) as mantissas (..., H·N, S) of largest entry [0.5, 1), or 0, times 2^exponents (..., S)."""
    flat = by_member(array, members)
    exponent = np.frexp(np.abs(flat).max(axis=-2))[1].astype(np.int64)
    return _times_power(flat, -exponent), exponent
