"""Where the floating-point formats of trainings would store a gradient as zero or as infinity, and what would save it.

A number x is stored as zero if |x| is at most half the smallest positive number, and as infinity if it is at least the
largest one and half its last digit. Of the K entries of an array, with the norm n, the largest lies between n / √K,
their root mean square, and n. So a norm says for certain where all entries are lost, and where at least one is
infinite; what the entries between these are is not known from it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LOG10_2 = math.log10(2.0)


class Format(NamedTuple):
    """Numbers with a fraction of `bits` bits, exponents of 2 from `lowest` (normal) to below `highest`."""

    name: str
    bits: int
    lowest: int
    highest: int

    @property
    def log2_smallest(self) -> int:
        """log2 of the smallest positive number, a subnormal one."""
        return self.lowest - self.bits

    @property
    def log2_largest(self) -> float:
        """log2 of the largest finite number."""
        return self.highest + math.log2(1.0 - 2.0 ** -(self.bits + 1))

    @property
    def log2_infinite(self) -> float:
        """log2 of the smallest number that is rounded to infinity."""
        return self.highest + math.log2(1.0 - 2.0 ** -(self.bits + 2))


#: bfloat16 has the exponents of float32, and 7 bits of fraction; NumPy does not know it.
FORMATS = (
    Format("float16", np.finfo(np.float16).nmant, int(np.finfo(np.float16).minexp), int(np.finfo(np.float16).maxexp)),
    Format("bfloat16", 7, int(np.finfo(np.float32).minexp), int(np.finfo(np.float32).maxexp)),
    Format("float32", np.finfo(np.float32).nmant, int(np.finfo(np.float32).minexp), int(np.finfo(np.float32).maxexp)),
)


class Lags(NamedTuple):
    """Lags at which something holds: the first, the last, and how many there are of them."""

    first: int
    last: int
    many: int


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What one format makes of a gradient; lags count the steps back, and what is zero in any format does not count.

    Attributes:
        format: "float16", "bfloat16" or "float32".
        zero: the lags at which every entry is certainly rounded to zero; None where there are none, here and below.
        subnormal: those at which the root mean square of the entries lies below the smallest normal number, so that
            they have lost digits, and are zero on a processor that flushes such numbers; `zero` is among them.
        infinite: those at which some entry is certainly rounded to infinity.
        norm: those at which the norm is larger than the largest number, and perhaps an entry; `infinite` is among them.
        log2_scale: of the loss scale, a power of two, nearest to 1, with which no entry is infinite and the root mean
            square stays normal at each lag; 0 where none is needed, None where there is none.
    """

    format: str
    zero: Lags | None
    subnormal: Lags | None
    infinite: Lags | None
    norm: Lags | None
    log2_scale: int | None


def stored(log10_norms: Array, entries: int) -> tuple[Stored, ...]:
    """What each format makes of a gradient.

    Args:
        log10_norms: (L,), of the lags 0 .. L − 1; −inf where a gradient is exactly zero.
        entries: K, how many numbers each norm is taken of.
    """
    norms = log10_norms / _LOG10_2
    typical, known = norms - 0.5 * math.log2(entries), np.isfinite(norms)
    return tuple(
        Stored(
            format=kind.name,
            zero=_lags(known & (norms <= kind.log2_smallest - 1)),
            subnormal=_lags(known & (typical < kind.lowest)),
            infinite=_lags(typical >= kind.log2_infinite),
            norm=_lags(norms > kind.log2_largest),
            log2_scale=_scale(kind, norms[known], typical[known]),
        )
        for kind in FORMATS
    )


def _lags(holds: NDArray[np.bool_]) -> Lags | None:
    lags = np.flatnonzero(holds)
    return Lags(int(lags[0]), int(lags[-1]), len(lags)) if len(lags) else None


def _scale(kind: Format, norms: Array, typical: Array) -> int | None:
    """See `Stored.log2_scale`."""
    if not len(norms):
        return 0
    least, most = math.ceil(kind.lowest - typical.min()), math.floor(kind.log2_largest - norms.max())
    return min(max(0, least), most) if least <= most else None
