"""Answers remembered by value, shared by all visitors and bounded; nothing large lives in a session."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS, cell_of
from rnn_dynamics.engine.cells.cell import state_matrix
from rnn_dynamics.engine.run import run, run_family
from rnn_dynamics.engine.theory import largest_singular_value, mean_field_log10_factor, spectral_radius
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.remembered import COMPUTING, remembered
from rnn_dynamics.pictures.vanish_or_explode.table import Picture, picture_datasets

#: What one interaction may cost, in multiply-adds of the recurrent products of all cells and weight scales: about half
#: a second on one core of the reference machine (`python -m benchmarks.cost`).
LARGEST_FAMILY = 1.2e9
#: The cells with gates; beside them a picture shows one without, whose size bounds the cost of all.
_GATED = tuple(name for name, cell in CELLS.items() if cell.gates)
#: Blocks of W_hh in all cells together, and what a step costs beside the products, as if H were this much larger.
_BLOCKS = 1 + sum(CELLS[name].blocks for name in _GATED)
_OVERHEAD = 100


@dataclass(frozen=True)
class Families:
    """All cells at the slider's weight scales.

    scales: index into WEIGHT_SCALES of each of the S rows. log10_norms: cell -> component -> (S, T). radius and
    singular_value: cell -> ρ and σ_max of the H × H block of W_hh that writes the new state (`Cell.state_matrix`), at
    weight scale 1. digits: cell -> (S,), see `FamilyTrace`. mean_field: log10 factor per step of the RNN at each row,
    None where mean field does not hold.
    """

    scales: tuple[int, ...]
    log10_norms: dict[str, dict[str, NDArray[np.float64]]]
    digits: dict[str, NDArray[np.int64]]
    radius: dict[str, float]
    singular_value: dict[str, float]
    mean_field: tuple[float | None, ...]


def stride_for(experiment: Experiment) -> int:
    """How far apart the weight scales are that one interaction can afford: 1 for all of them."""
    size, states = experiment.hidden_size, experiment.batch_size * experiment.hidden_size
    cost = _BLOCKS * (size + _OVERHEAD) * states * experiment.sequence_length
    affordable = max(2, int(LARGEST_FAMILY // cost))
    return -(-len(WEIGHT_SCALES) // affordable)


def rows_for(experiment: Experiment, chosen: int) -> tuple[int, ...]:
    """Which weight scales one interaction computes: those that it can afford, and the chosen one."""
    return tuple(sorted({*range(0, len(WEIGHT_SCALES), stride_for(experiment)), chosen}))


@remembered
def _families(experiment: Experiment, rows: tuple[int, ...]) -> Families:
    with COMPUTING:
        return compute_families(experiment, rows)


def compute_families(experiment: Experiment, rows: tuple[int, ...]) -> Families:
    """The families of a network without gates and of those with, not remembered; the weight scale does not matter."""
    scales = [WEIGHT_SCALES[row] for row in rows]
    cells = (experiment.cell, *_GATED)
    blocks = {name: _state_matrix(replace(experiment, cell=name)) for name in cells}
    families = {name: run_family(replace(experiment, cell=name), weight_scales=scales) for name in cells}
    return Families(
        scales=rows,
        log10_norms={name: dict(family.log10_norms) for name, family in families.items()},
        digits={name: family.digits for name, family in families.items()},
        radius={name: spectral_radius(block) for name, block in blocks.items()},
        singular_value={name: largest_singular_value(block) for name, block in blocks.items()},
        mean_field=tuple(mean_field_log10_factor(replace(experiment, weight_scale=scale)) for scale in scales),
    )


@dataclass(frozen=True)
class LivePicture:
    """The picture of one experiment at all weight scales, and its datasets ready to send."""

    families: Families
    picture: Picture
    datasets: dict[str, bytes]

    def row_of(self, weight_scale: float) -> int:
        """Which of the computed rows is a weight scale's."""
        return self.picture.rows.index(WEIGHT_SCALES.index(weight_scale))

    def digits_at(self, weight_scale: float) -> int:
        """How many digits another program shares of the curves at a weight scale."""
        row = self.row_of(weight_scale)
        return min(int(digits[row]) for digits in self.families.digits.values())

    def curves_at(self, weight_scale: float) -> dict[str, NDArray[np.float64]]:
        """Cell -> (T,) log10 norms at a weight scale."""
        row = self.row_of(weight_scale)
        return {cell: values[row] for cell, values in self.picture.curves.items()}


def live_picture(
    experiment: Experiment,
    component: str,
    against_lag: bool,
    labels: tuple[tuple[str, str], ...],
    palette: tuple[str, ...],
) -> LivePicture:
    """The picture; the weight scale does not matter as long as its row was computed."""
    position = WEIGHT_SCALES.index(experiment.weight_scale)
    rows = rows_for(experiment, position)
    return _live_picture(replace(experiment, weight_scale=1.0), rows, component, against_lag, labels, palette)


@remembered
def _live_picture(
    experiment: Experiment,
    rows: tuple[int, ...],
    component: str,
    against_lag: bool,
    labels: tuple[tuple[str, str], ...],
    palette: tuple[str, ...],
) -> LivePicture:
    plain = "rnn" if experiment.cell in _GATED else experiment.cell
    answer = _families(replace(experiment, cell=plain), rows)
    picture = Picture(
        curves={cell: norms.get(component, norms["hidden"]) for cell, norms in answer.log10_norms.items()},
        labels=dict(labels),
        cell=experiment.cell,
        rows=rows,
        positions=len(WEIGHT_SCALES),
        against_lag=against_lag,
        slopes=answer.mean_field,
        palette=palette,
    )
    return LivePicture(answer, picture, picture_datasets(picture))


def _state_matrix(experiment: Experiment) -> NDArray[np.float64]:
    """The H × H block of W_hh that writes the new state: W_hh, W_hg or W_hn."""
    trace = run(replace(experiment, sequence_length=1, text=""))
    return state_matrix(cell_of(experiment), {**trace.parameters, "weight_ho": trace.readout})
