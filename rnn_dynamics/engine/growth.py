"""How something that was measured at several sequence lengths grows: as a power of T, or as a straight line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.experiment import Experiment

#: Sequence length T -> seconds, or a count.
Values = Mapping[int, float]
#: What is counted; all else is measured in seconds.
COUNTED = ("parameters", "entries")
#: What is linear in T but for a part that every pass costs, however short.
PASSES = ("forward", "backward")


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


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one network has cost, whose own T does not matter.

    values: name of what is measured -> its values. matrix_sequences: how many the matrix of all losses is computed
    with. rounds: how often each was measured. stopped: whether that ended early. digits: no other machine finds the
    same.
    """

    experiment: Experiment
    values: Mapping[str, Values]
    matrix_sequences: int
    rounds: int = 1
    stopped: bool = False
    digits: None = None

    @property
    def cell(self) -> Cell:
        """The cell of the network."""
        return cell_of(self.experiment)

    @property
    def lengths(self) -> list[int]:
        """Every T at which something was measured."""
        return sorted({length for values in self.values.values() for length in values})

    @cached_property
    def exponents(self) -> Mapping[str, float]:
        """Name -> the p of T^p."""
        return {name: fitted_exponent(values) for name, values in self.values.items()}

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """Of the passes, as far as they are measured at two lengths."""
        passes = {name: self.values[name] for name in PASSES if len(self.values.get(name, {})) > 1}
        return {name: fixed_and_per_step(values) for name, values in passes.items()}

    @property
    def off(self) -> float:
        """How far the passes lie from their straight lines at most, as a share."""
        lines = self.lines.items()
        ratios = (line.at(length) / value for name, line in lines for length, value in self.values[name].items())
        return max((abs(ratio - 1.0) for ratio in ratios), default=0.0)

    @property
    def fixed_shares(self) -> Mapping[str, float]:
        """How much of the shortest of each pass is fixed."""
        return {name: line.fixed / self.values[name][min(self.values[name])] for name, line in self.lines.items()}

    @property
    def matrix(self) -> Values:
        """Seconds for the matrix of all losses."""
        return self.values.get("matrix", {})

    @property
    def last_exponent(self) -> float:
        """That of the matrix between its two longest T."""
        return fitted_exponent({length: self.matrix[length] for length in sorted(self.matrix)[-2:]})
