"""What each named initialisation does to the gradient of the inputs, over many networks: rows that come one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.engine.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.engine.verdict import (
    horizon,
    log10_factor_per_step,
    median_and_range,
    orders_of_magnitude,
    outcome_of,
)
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.budget import affordable, multiply_adds
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.remembered import COMPUTING, remembered

Array = NDArray[np.float64]
#: Scheme and cell of a row.
Key = tuple[str, str]

#: Every row, in the order in which they are computed.
ROWS: tuple[Key, ...] = tuple((scheme, cell) for scheme, named in NAMED_SCHEMES.items() for cell in named.cells)
#: Cell -> its full name.
CELL_LABELS = {name: cell.label for name, cell in CELLS.items()}
#: Networks of a row; for the largest sizes fewer, but never below the second number.
NETWORKS, _FEWEST = 20, 5
#: What the networks of an LSTM's row, and those that are computed in one go, may cost, in multiply-adds: about half a
#: second, and a tenth. Smaller goes would be slower, and larger ones too, because their states leave the processor's
#: cache.
_LARGEST_ROW, _LARGEST_GO = 1.4e9, 1.2e8


@dataclass(frozen=True, kw_only=True)
class Networks:
    """What the gradient does in each of some networks, (networks,) each.

    log10_factors: of the factor per step back of ‖dL/dx_t‖, see `log10_factor_per_step`. log10_shares: log10 of (norm
    at step 1 / norm at step T). horizons: see `verdict.horizon`; inf where there is none. digits: how many of the norms
    another program shares in every network, see `trace.Rounded`. steps: from step T back to step 1.
    """

    log10_factors: Array
    log10_shares: Array
    horizons: Array
    digits: int
    steps: int

    @classmethod
    def of(cls, log10_norms: Array, digits: int) -> Networks:
        """Of the curves (networks, T) of dL/dx_t, step 1 first; −inf where the gradient is zero.

        Raises:
            ValueError: fewer than 2 steps, or no network.
        """
        networks, length = log10_norms.shape
        if length < 2 or not networks:
            raise ValueError(f"log10_norms of shape {log10_norms.shape}: a row needs at least 1 network and 2 steps")
        return cls(
            log10_factors=log10_factor_per_step(log10_norms),
            log10_shares=orders_of_magnitude(log10_norms),
            horizons=np.array([np.inf if (lag := horizon(curve)) is None else lag for curve in log10_norms]),
            digits=digits,
            steps=length - 1,
        )


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A quantity over all networks: the lowest, the median, the highest; see `median_and_range`."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Array) -> Spread:
        """Of the values (networks,)."""
        low, median, high = median_and_range(values).tolist()
        return cls(low=low, median=median, high=high)


@dataclass(frozen=True, kw_only=True)
class InitialisationRow:
    """What one scheme does in one cell.

    Attributes:
        scheme, cell: keys of NAMED_SCHEMES and CELLS.
        networks: how many there are.
        log10_factor, log10_share: see `Networks`.
        horizon: the median of the networks' horizons; None where it is one that does not exist.
        outcome: what `Verdict.outcome` says of the medians.
        digits: the fewest of a network.
    """

    scheme: str
    cell: str
    networks: int
    log10_factor: Spread
    horizon: float | None
    outcome: str
    log10_share: Spread
    digits: int

    @property
    def scheme_label(self) -> str:
        """The scheme's full name."""
        return NAMED_SCHEMES[self.scheme].label

    @property
    def cell_label(self) -> str:
        """The cell's full name."""
        return CELL_LABELS[self.cell]


def initialisation_row(scheme: str, cell: str, parts: Sequence[Networks]) -> InitialisationRow:
    """Summarise the networks of one scheme and cell, which may come in several parts."""
    factors, shares, horizons = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("log10_factors", "log10_shares", "horizons")
    )
    factor, share, median = Spread.of(factors), Spread.of(shares), float(np.median(horizons))
    return InitialisationRow(
        scheme=scheme,
        cell=cell,
        networks=len(factors),
        log10_factor=factor,
        horizon=median if np.isfinite(median) else None,
        outcome=outcome_of(factor.median, share.median, parts[0].steps),
        log10_share=share,
        digits=min(part.digits for part in parts),
    )


@dataclass(frozen=True, kw_only=True)
class InitialisationAnswer:
    """The rows that there are, by scheme and cell, in the order of ROWS; seeds: of the networks of each row."""

    experiment: Experiment
    rows: Mapping[Key, InitialisationRow]
    seeds: range

    @property
    def digits(self) -> int | None:
        """The fewest of a row; None where there is none."""
        return min((row.digits for row in self.rows.values()), default=None)

    @property
    def default(self) -> Experiment:
        """The first network of PyTorch's default LSTM."""
        return replace(scheme_experiment("torch", "lstm", self.experiment), seed=self.seeds[0])

    def ordered(self, order: str) -> list[Key]:
        """All rows from the top.

        By "scheme"; or by "factor": the smallest on top, what is not computed at the bottom.
        """
        if order == "scheme":
            return list(ROWS)
        return sorted(ROWS, key=lambda key: self.rows[key].log10_factor.median if key in self.rows else np.inf)


def seeds_for(experiment: Experiment) -> range:
    """The seeds of every row: as many as one can wait for, and others for each seed of the experiment."""
    count = max(_FEWEST, affordable(_LARGEST_ROW, multiply_adds(experiment, "lstm"), NETWORKS))
    return range(NETWORKS * experiment.seed, NETWORKS * experiment.seed + count)


@remembered
def networks(question: Experiment, seeds: range) -> Networks:
    """The networks of some seeds."""
    with COMPUTING:
        family = run_family(question, seeds=seeds)
        return Networks.of(family.log10_norms["input"], int(family.digits.min()))


def scheme_rows(experiment: Experiment, _: Mapping[str, str]) -> Growing:
    """The rows of an experiment; what a scheme decides does not matter."""
    return _rows(experiment)


@remembered
def _rows(experiment: Experiment) -> Growing:
    of_all = scheme_experiment("torch", "lstm", replace(experiment, hidden_path="open", text=""))
    return Growing(question=of_all, piece=networks, rows={key: _goes(*key, of_all) for key in ROWS})


def _goes(scheme: str, cell: str, experiment: Experiment) -> tuple[tuple[Experiment, range], ...]:
    """The networks of a row in goes, so that nobody waits for long."""
    question, seeds = replace(scheme_experiment(scheme, cell, experiment), seed=0), seeds_for(experiment)
    each = affordable(_LARGEST_GO, multiply_adds(experiment, "lstm"), len(seeds))
    return tuple((question, seeds[first : first + each]) for first in range(0, len(seeds), each))


def scheme_answer(
    experiment: Experiment, views: Mapping[str, str], there: frozenset[Key] | None = None
) -> InitialisationAnswer:
    """The answer with these rows, or with all rows."""
    if there is None:
        scheme_rows(experiment, views).finish()
    return _answer(experiment, frozenset(ROWS) if there is None else there)


@remembered
def _answer(experiment: Experiment, there: frozenset[Key]) -> InitialisationAnswer:
    work = scheme_rows(experiment, {}).rows
    parts = {key: [networks(*go) for go in work[key]] for key in ROWS if key in there}
    rows = {key: initialisation_row(*key, of_row) for key, of_row in parts.items()}
    return InitialisationAnswer(experiment=experiment, rows=rows, seeds=seeds_for(experiment))
