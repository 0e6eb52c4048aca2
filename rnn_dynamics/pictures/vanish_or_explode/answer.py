"""A network without gates and those with, at all weight scales of the slider: one question, whichever is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS, Cell, cell_of, cells_where
from rnn_dynamics.engine.cells.activations import mean_slope
from rnn_dynamics.engine.cells.cell import state_matrix
from rnn_dynamics.engine.run import run, run_family
from rnn_dynamics.engine.theory import FLOORS, largest_singular_value, mean_field_log10_factor, spectral_radius
from rnn_dynamics.engine.verdict import Verdict, judge
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.pictures.kit.budget import affordable, work_of
from rnn_dynamics.pictures.kit.remembered import COMPUTING, remembered

Array = NDArray[np.float64]

#: What one interaction may cost, in multiply-adds of the recurrent products of all cells and weight scales: about half
#: a second on one core of the reference machine (`python -m benchmarks.cost`).
LARGEST_FAMILY = 1.2e9
#: What is shown side by side, torch's cells; a further one takes the place of that of its kind.
_SHOWN = cells_where(lambda cell: cell.module)


@dataclass(frozen=True)
class Families:
    """All cells at the slider's weight scales, the cell without gates first.

    scales: index into WEIGHT_SCALES of each of the S rows. log10_norms, digits: cell -> (component ->) (S, T), (S,).
    radius, singular_value: cell -> ρ and σ_max of `Cell.state_matrix` at weight scale 1. mean_field: log10 factor per
    step of the RNN at each row, None where mean field does not hold.
    """

    scales: tuple[int, ...]
    log10_norms: Mapping[str, Mapping[str, Array]]
    digits: Mapping[str, NDArray[np.int64]]
    radius: Mapping[str, float]
    singular_value: Mapping[str, float]
    mean_field: tuple[float | None, ...]

    def curves(self, component: str) -> dict[str, Array]:
        """Cell -> (S, T) log10 norms; of a cell that has no such component those of h."""
        return {cell: norms.get(component, norms["hidden"]) for cell, norms in self.log10_norms.items()}


@dataclass(frozen=True, kw_only=True)
class FamiliesAnswer(OfExperiment):
    """The families, and the question, of which the weight scale says only which row is chosen."""

    families: Families

    #: Number format -> log10 of its smallest positive number: below it a gradient is stored as zero.
    floors: ClassVar[Mapping[str, float]] = dict(FLOORS)

    @property
    def row(self) -> int:
        """The chosen one of the computed rows."""
        return self.families.scales.index(position_of(self.experiment))

    @property
    def digits(self) -> int:
        """Of the chosen row, see `Rounded`."""
        return min(int(digits[self.row]) for digits in self.families.digits.values())

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """The cells that are shown, by name, the one without gates first."""
        return {name: cell_of(replace(self.experiment, cell=name)) for name in self.families.log10_norms}

    @property
    def plain(self) -> str:
        """The cell without gates."""
        return next(iter(self.cells))

    @property
    def stride(self) -> int:
        """See `stride_for`."""
        return stride_for(self.experiment)

    def verdicts(self, component: str) -> dict[str, Verdict]:
        """Cell -> the verdict on its curve at the chosen weight scale."""
        return {cell: judge(curves[self.row]) for cell, curves in self.families.curves(component).items()}

    @property
    def mean_field(self) -> float | None:
        """What mean field predicts at the chosen weight scale, see Families."""
        return self.families.mean_field[self.row]

    @property
    def mean_slope(self) -> float:
        """The slope of the nonlinearity in the network without gates, in the mean of steps, sequences and units."""
        return _mean_slope(replace(self.experiment, cell=self.plain))


def position_of(experiment: Experiment) -> int:
    """Of the weight scale on the slider; ValueError for one that is not on it."""
    if experiment.weight_scale not in WEIGHT_SCALES:
        offered = ", ".join(f"{scale:g}" for scale in WEIGHT_SCALES)
        raise ValueError(f"weight_scale = {experiment.weight_scale:g} is not one of {offered}, the map's rows")
    return WEIGHT_SCALES.index(experiment.weight_scale)


def pictured(cell: str) -> tuple[str, ...]:
    """The cells whose networks are shown when a cell is chosen."""
    return tuple(cell if _kind(cell) == _kind(name) else name for name in _SHOWN)


def _kind(cell: str) -> tuple[bool, int]:
    """Whether it has gates, and how many numbers the state of a unit is."""
    return bool(CELLS[cell].gates), len(CELLS[cell].components)


def stride_for(experiment: Experiment) -> int:
    """How far apart the weight scales are that one interaction can afford: 1 for all of them."""
    each = work_of(experiment, *pictured(experiment.cell))
    return -(-len(WEIGHT_SCALES) // max(2, affordable(LARGEST_FAMILY, each, len(WEIGHT_SCALES))))


def rows_for(experiment: Experiment, chosen: int) -> tuple[int, ...]:
    """Which weight scales one interaction computes: those that it can afford, and the chosen one."""
    return tuple(sorted({*range(0, len(WEIGHT_SCALES), stride_for(experiment)), chosen}))


def without_scale(experiment: Experiment) -> Experiment:
    """The same question at a weight scale of all that have the same rows."""
    computed_anyway = position_of(experiment) % stride_for(experiment) == 0
    return replace(experiment, weight_scale=WEIGHT_SCALES[0]) if computed_anyway else experiment


def families_answer(experiment: Experiment) -> FamiliesAnswer:
    """Answer for any cell; what is computed does not depend on the weight scale as long as its row is among it.

    Raises:
        ValueError: the weight scale is none of WEIGHT_SCALES.
    """
    rows = rows_for(experiment, position_of(experiment))
    one = replace(experiment, weight_scale=1.0, cell=_SHOWN[0] if experiment.cell in _SHOWN else experiment.cell)
    return FamiliesAnswer(experiment=experiment, families=compute_families(one, rows))


@remembered
def compute_families(experiment: Experiment, rows: tuple[int, ...]) -> Families:
    """The families of the cells that are shown, at weight scales that do not depend on the experiment's own."""
    scales = [WEIGHT_SCALES[row] for row in rows]
    cells = {name: replace(experiment, cell=name) for name in pictured(experiment.cell)}
    plain = next(iter(cells.values()))
    with COMPUTING:
        blocks = {name: _state_matrix(cell) for name, cell in cells.items()}
        families = {name: run_family(cell, weight_scales=scales) for name, cell in cells.items()}
    return Families(
        scales=rows,
        log10_norms={name: dict(family.log10_norms) for name, family in families.items()},
        digits={name: family.digits for name, family in families.items()},
        radius={name: spectral_radius(block) for name, block in blocks.items()},
        singular_value={name: largest_singular_value(block) for name, block in blocks.items()},
        mean_field=tuple(mean_field_log10_factor(replace(plain, weight_scale=scale)) for scale in scales),
    )


def _state_matrix(experiment: Experiment) -> Array:
    """The H × H block of W_hh that writes the new state: W_hh, W_hg or W_hn."""
    trace = run(replace(experiment, sequence_length=1, text=""))
    return state_matrix(cell_of(experiment), {**trace.parameters, "weight_ho": trace.readout})


@remembered
def _mean_slope(experiment: Experiment) -> float:
    with COMPUTING:
        return mean_slope(run(experiment).hidden_states[1:], experiment.nonlinearity)
