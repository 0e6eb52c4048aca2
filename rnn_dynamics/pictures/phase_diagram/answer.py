"""The phase diagram's rows, one by one and remembered, and the split by lag of the chosen network's gradient."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rnn_dynamics.engine.cells.cell import is_plain
from rnn_dynamics.engine.phase import grid_row
from rnn_dynamics.engine.phase_crossing import Crossing, is_of_mean_field, predicted_crossing, row_crossing
from rnn_dynamics.engine.run import split_by_lag
from rnn_dynamics.engine.theory import mean_field_log10_factor
from rnn_dynamics.engine.trace import LagSplit, PhaseRow
from rnn_dynamics.engine.work import affordable, work_of
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import KNOBS_NUMBER, WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.remembered import remembered

#: The weight scales of the map's rows, and the input scales of its columns.
SCALES: tuple[float, ...] = WEIGHT_SCALES
INPUT_SCALES: tuple[float, ...] = KNOBS_NUMBER["input_scale"].offered
#: Networks that a row is the mean of. One network of 32 units may cross 1 anywhere between 1.2 and 5.
NETWORKS = 8
#: What a row may cost in multiply-adds: about a sixth of a second with more than one network, a third with one.
_LARGEST_MEAN, _LARGEST_ROW = 3.5e8, 8e8


@dataclass(frozen=True, kw_only=True)
class PhaseAnswer(OfExperiment):
    """What holds at the chosen settings, and those rows of the map that there are, by their input scales."""

    rows: Mapping[float, PhaseRow]

    @property
    def digits(self) -> int:
        """Of the chosen network, see `Rounded`; those of the map have their own, row by row."""
        return self.split.digits

    @property
    def is_plain(self) -> bool:
        """Whether a step is the nonlinearity of one sum, as in a network without gates."""
        return is_plain(self.cell)

    @cached_property
    def crossings(self) -> dict[float, Crossing]:
        """Input scale -> where gradients begin to grow there."""
        return {scale: row_crossing(row) for scale, row in self.rows.items()}

    @property
    def networks(self) -> int:
        """How many networks each row is the mean of."""
        return row_size(self.experiment)[0]

    @property
    def stride(self) -> int:
        """The map shows one of so many weight scales."""
        return row_size(self.experiment)[1]

    # --- at the chosen settings -----------------------------------------------------------------------------------

    @property
    def here(self) -> PhaseRow | None:
        """The row of the chosen input scale."""
        return self.rows.get(self.experiment.input_scale)

    @property
    def crossing(self) -> Crossing | None:
        """Where gradients begin to grow at the chosen input scale."""
        return self.crossings.get(self.experiment.input_scale)

    @cached_property
    def nearest(self) -> float:
        """The weight scale of the map that is nearest to the chosen one."""
        return nearest_of(self.here.weight_scales if self.here else SCALES, self.experiment)

    @property
    def is_near(self) -> bool:
        """Whether the map has no factor of the chosen weight scale, but of one beside it."""
        return self.nearest != self.experiment.weight_scale

    @cached_property
    def log10_factors(self) -> dict[str, float]:
        """Of the chosen row there, see `PhaseRow.at`; empty where there is no row."""
        return self.here.at(self.nearest) if self.here else {}

    # --- by mean field --------------------------------------------------------------------------------------------

    @property
    def theory(self) -> float | None:
        """log10 of the factor per step at the chosen settings by mean field; None where it says nothing."""
        return mean_field_log10_factor(self.experiment) if is_of_mean_field(self.experiment) else None

    @cached_property
    def predicted(self) -> tuple[float, float]:
        """Where mean field has gradients begin to grow: at the slider's smallest input scale, and the highest of all.

        Only where it says something.
        """
        found = [predicted_crossing(row_question(self.experiment, scale)) for scale in INPUT_SCALES]
        known = [scale for scale in found if scale is not None]
        return known[0], max(known)

    # --- the split by lag of the chosen network -------------------------------------------------------------------

    @property
    def split(self) -> LagSplit:
        """The chosen network's gradient of W_hh as a sum over lags."""
        return lag_answer(self.experiment)


def nearest_of(scales: Sequence[float], experiment: Experiment) -> float:
    """The one that is nearest to the experiment's weight scale."""
    return min(scales, key=lambda scale: abs(scale - experiment.weight_scale))


def row_size(experiment: Experiment) -> tuple[int, int]:
    """How many networks a row can afford, and how far apart its weight scales are, 1 for all of them."""
    one = work_of(experiment) * len(SCALES)
    return affordable(_LARGEST_MEAN, one, NETWORKS), math.ceil(one / _LARGEST_ROW)


def row_question(experiment: Experiment, input_scale: float) -> Experiment:
    """The question of a row: the weight scale and the seed of an experiment do not matter."""
    return replace(experiment, weight_scale=1.0, seed=0, input_scale=input_scale)


def input_scales(experiment: Experiment) -> tuple[float, ...]:
    """Of the map's columns: those of the slider, and the chosen one."""
    return tuple(sorted({*INPUT_SCALES, experiment.input_scale}))


@remembered
def phase_row(question: Experiment) -> PhaseRow:
    """The row of a `row_question`."""
    networks, stride = row_size(question)
    return computed(grid_row, question, tuple(reversed(SCALES[::-stride])), tuple(range(networks)))


@remembered
def lag_answer(experiment: Experiment) -> LagSplit:
    """The split of the chosen network's gradient."""
    return computed(split_by_lag, experiment)


def phase_rows(experiment: Experiment, views: Mapping[str, str]) -> Growing:
    """The rows of the map by their input scales, from the chosen one outwards.

    With the lag across, the map is the chosen row; a sequence of a single step has no row at all.
    """
    chosen = experiment.input_scale
    scales = input_scales(experiment) if views["across"] == "input" else (chosen,)
    outwards = sorted(scales, key=lambda scale: abs(scales.index(scale) - scales.index(chosen)))
    rows = {scale: ((row_question(experiment, scale),),) for scale in outwards if experiment.sequence_length > 1}
    return Growing(question=row_question(experiment, 1.0), piece=phase_row, rows=rows)


def phase_answer(
    experiment: Experiment, views: Mapping[str, str], there: frozenset[float] | None = None
) -> PhaseAnswer:
    """The answer with the rows of these input scales, or with all rows."""
    work = phase_rows(experiment, views)
    rows = {scale: phase_row(*work.rows[scale][0]) for scale in sorted(work.chosen(there))}
    return PhaseAnswer(experiment=experiment, rows=rows)
