"""A network without gates and those with, at all weight scales of the slider: one question, whichever is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnn_dynamics.engine.cells import CELLS, Cell, cell_of, cells_where
from rnn_dynamics.engine.cells.activations import mean_slope
from rnn_dynamics.engine.cells.cell import is_plain, modulus_at, takes_forget_bias
from rnn_dynamics.engine.phase_crossing import is_of_mean_field
from rnn_dynamics.engine.run import drawn_state_matrix, hidden_states, run_family
from rnn_dynamics.engine.theory import (
    FLOORS,
    largest_singular_value,
    mean_field_log10_factor,
    memory_of,
    spectral_radius,
)
from rnn_dynamics.engine.trace import FamilyTrace
from rnn_dynamics.engine.verdict import Verdict, judge
from rnn_dynamics.engine.work import affordable, work_of
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.pictures.kit.frames import Array, Views
from rnn_dynamics.remembered import COMPUTING, remembered

#: What one interaction may cost, in multiply-adds of the recurrent products of all cells and weight scales: about half
#: a second on one core of the reference machine (`python -m benchmarks.cost`).
LARGEST_FAMILY = 1.2e9
#: Number formats, and log10 of the smallest positive number of each: below it a gradient is stored as zero.
FORMATS = FLOORS
#: What is shown side by side, torch's cells; a further one takes the place of that of its kind.
_SHOWN = cells_where(lambda cell: cell.module)


@dataclass(frozen=True, kw_only=True)
class FamiliesAnswer(OfExperiment):
    """All cells at the slider's weight scales, the cell without gates first; the experiment's own is the chosen one.

    scales: index into WEIGHT_SCALES of each of the S rows. families: cell -> what it does at each of them. radius,
    singular_value: cell -> ρ and σ_max of `Cell.state_matrix` at weight scale 1. slopes: log10 factor per step of the
    RNN at each row by mean field, None where that does not hold.
    """

    scales: tuple[int, ...]
    families: Mapping[str, FamilyTrace]
    radius: Mapping[str, float]
    singular_value: Mapping[str, float]
    slopes: tuple[float | None, ...]

    @property
    def row(self) -> int:
        """The chosen one of the computed rows."""
        return self.scales.index(position_of(self.experiment))

    @property
    def digits(self) -> int:
        """Of the chosen row, see `Rounded`."""
        return min(int(family.digits[self.row]) for family in self.families.values())

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """The cells that are shown, by name, the one without gates first."""
        return {name: cell_of(replace(self.experiment, cell=name)) for name in self.families}

    @cached_property
    def forgetting(self) -> tuple[str, ...]:
        """The cells that take the forget bias."""
        return tuple(name for name, cell in self.cells.items() if takes_forget_bias(cell))

    @property
    def plain(self) -> str:
        """The cell without gates."""
        return next(iter(self.families))

    def scaled(self, moduli: Mapping[str, float], cell: str) -> float:
        """`radius` or `singular_value` of a cell at the chosen weight scale."""
        return modulus_at(self.cells[cell], moduli[cell], self.experiment.weight_scale)

    def memory(self, cell: str) -> float:
        """Steps after which its slowest unit keeps 1/e of an error, where only the matrix of its state changes that."""
        return memory_of(self.scaled(self.radius, cell))

    def norms(self, component: str) -> Array:
        """(S, cells, T) log10 norms; of a cell that has no such component those of h."""
        return np.stack([_norms(family, component) for family in self.families.values()], axis=1)

    def verdicts(self, gradient: str) -> dict[str, Verdict]:
        """Cell -> the verdict on its curve of that gradient at the chosen weight scale."""
        return {name: judge(_norms(family, gradient)[self.row]) for name, family in self.families.items()}

    @property
    def mean_field(self) -> float | None:
        """What mean field predicts at the chosen weight scale, see `slopes`."""
        return self.slopes[self.row]

    @property
    def mean_slope(self) -> float:
        """The slope of the nonlinearity in the network without gates, in the mean of steps, sequences and units."""
        return _mean_slope(replace(self.experiment, cell=self.plain))


def _norms(family: FamilyTrace, component: str) -> Array:
    """(S, T) log10 norms."""
    return family.log10_norms.get(component, family.log10_norms["hidden"])


def position_of(experiment: Experiment) -> int:
    """Of the weight scale on the slider; ValueError for one that is not on it."""
    if experiment.weight_scale not in WEIGHT_SCALES:
        offered = ", ".join(f"{scale:g}" for scale in WEIGHT_SCALES)
        raise ValueError(f"weight_scale = {experiment.weight_scale:g} is not one of {offered}, the map's rows")
    return WEIGHT_SCALES.index(experiment.weight_scale)


def pictured(cell: str) -> tuple[str, ...]:
    """The cells whose networks are shown when a cell is chosen."""
    return tuple(cell if _kind(cell) == _kind(name) else name for name in _SHOWN)


def _kind(cell: str) -> tuple[bool, bool]:
    """Whether its steps are a tanh or ReLU of one sum, and whether it has a cell state."""
    return is_plain(CELLS[cell]), "cell" in CELLS[cell].components


def stride_for(experiment: Experiment) -> int:
    """How far apart the weight scales are that one interaction can afford: 1 for all of them."""
    each = work_of(experiment, *pictured(experiment.cell))
    return -(-len(WEIGHT_SCALES) // max(2, affordable(LARGEST_FAMILY, each, len(WEIGHT_SCALES))))


def rows_for(experiment: Experiment) -> tuple[int, ...]:
    """Which weight scales one interaction computes: those that it can afford, and the chosen one."""
    return tuple(sorted({*range(0, len(WEIGHT_SCALES), stride_for(experiment)), position_of(experiment)}))


def apart(experiment: Experiment, views: Views) -> tuple[Experiment, Views]:
    """The same question at the first weight scale, if it has the same rows there."""
    first = replace(experiment, weight_scale=WEIGHT_SCALES[0])
    return first if rows_for(first) == rows_for(experiment) else experiment, views


def families_answer(experiment: Experiment, _: Views) -> FamiliesAnswer:
    """Answer for any cell; what is computed does not depend on the weight scale as long as its row is among it.

    Raises:
        ValueError: the weight scale is none of WEIGHT_SCALES.
    """
    one = replace(experiment, weight_scale=1.0, cell=_SHOWN[0] if experiment.cell in _SHOWN else experiment.cell)
    return replace(compute_families(one, rows_for(experiment)), experiment=experiment)


@remembered
def compute_families(experiment: Experiment, rows: tuple[int, ...]) -> FamiliesAnswer:
    """The families of the cells that are shown, at weight scales that do not depend on the experiment's own."""
    scales = [WEIGHT_SCALES[row] for row in rows]
    cells = {name: replace(experiment, cell=name) for name in pictured(experiment.cell)}
    plain = next(iter(cells.values()))
    with COMPUTING:
        blocks = {name: drawn_state_matrix(cell) for name, cell in cells.items()}
        families = {name: run_family(cell, weight_scales=scales) for name, cell in cells.items()}
    return FamiliesAnswer(
        experiment=experiment,
        scales=rows,
        families=families,
        radius={name: spectral_radius(block) for name, block in blocks.items()},
        singular_value={name: largest_singular_value(block) for name, block in blocks.items()},
        slopes=tuple(
            mean_field_log10_factor(replace(plain, weight_scale=scale)) if is_of_mean_field(plain) else None
            for scale in scales
        ),
    )


@remembered  # it is the same whatever gradient is shown, and whichever cell is chosen
def _mean_slope(experiment: Experiment) -> float:
    # It takes 3 ms, so that it does not wait in line for the families of others, which take up to half a second each.
    return mean_slope(hidden_states(experiment), experiment.nonlinearity)
