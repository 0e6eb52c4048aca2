"""How something that was measured at several sequence lengths grows: as a power of T, or as a straight line."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Sequence length T -> seconds, or a count.
Values = Mapping[int, float]


class Line(NamedTuple):
    """fixed + per_step · T."""

    fixed: float
    per_step: float

    def at(self, length: int) -> float:
        """Its value at a T."""
        return self.fixed + self.per_step * length


def fitted_exponent(values: Values) -> float:
    """The p of value = c·T^p, by least squares between the logarithms; nan for fewer than two lengths."""
    if len(values) < 2:
        return np.nan
    slope, _ = np.polyfit(_logs(values), _logs(values.values()), 1)
    return float(slope)


def fitted(values: Values, length: int) -> float:
    """That power at a T; the line of least squares goes through the means. Of a single length the value itself."""
    exponent = float(np.nan_to_num(fitted_exponent(values)))
    return float(np.exp(_logs(values.values()).mean() + exponent * (np.log(length) - _logs(values).mean())))


def _logs(values: Iterable[float]) -> NDArray[np.float64]:
    return np.asarray(np.log(np.array(list(values), dtype=float)))


def fixed_and_per_step(values: Values) -> Line:
    """The line through two lengths or more, by least squares of the relative errors, so that each length counts alike.

    What is fixed is not below 0, where noise alone could bring it.
    """
    lengths, found = np.array(list(values), dtype=float), np.array(list(values.values()))
    design = np.stack([1.0 / found, lengths / found], axis=1)
    fixed, per_step = np.linalg.lstsq(design, np.ones(len(found)), rcond=None)[0].tolist()
    if fixed < 0.0:
        ratio = lengths / found
        fixed, per_step = 0.0, float(ratio.sum() / np.square(ratio).sum())
    return Line(fixed, per_step)
