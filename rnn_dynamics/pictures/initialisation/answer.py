"""What each named initialisation does to the gradient of the inputs, over many networks: rows that come one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.engine.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.engine.verdict import Verdicts, joined, judge_each
from rnn_dynamics.engine.work import affordable, work_of
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.remembered import remembered

#: Scheme and cell of a row.
Key = tuple[str, str]

#: Every row, in the order in which they are computed.
ROWS: tuple[Key, ...] = tuple((scheme, cell) for scheme, named in NAMED_SCHEMES.items() for cell in named.cells)
#: The full names of the scheme and the cell of each.
LABELS = {(scheme, cell): (NAMED_SCHEMES[scheme].label, CELLS[cell].label) for scheme, cell in ROWS}
#: What a factor per step would leave where 1 % is left, from which on a reader sees that they do not go together.
EARLY = 0.1
#: Networks of a row; for the largest sizes fewer, but never below the second number.
NETWORKS, _FEWEST = 20, 5
#: What the networks of an LSTM's row, and those that are computed in one go, may cost, in multiply-adds: about half a
#: second, and a tenth. Smaller goes would be slower, and larger ones too, because their states leave the processor's
#: cache.
_LARGEST_ROW, _LARGEST_GO = 1.4e9, 1.2e8


@dataclass(frozen=True, kw_only=True)
class InitialisationAnswer:
    """The rows that there are, in the order of ROWS; seeds: of the networks of each row."""

    experiment: Experiment
    rows: Mapping[Key, Verdicts]
    seeds: range

    @property
    def digits(self) -> int | None:
        """The fewest of a row; None where there is none."""
        return min((row.digits for row in self.rows.values()), default=None)

    @property
    def default(self) -> Experiment:
        """The first network of PyTorch's default LSTM."""
        return replace(scheme_experiment("torch", "lstm", self.experiment), seed=self.seeds[0])

    @property
    def named(self) -> dict[str, Verdicts]:
        """Scheme and cell, as in "torch lstm" -> the row."""
        return {" ".join(key): row for key, row in self.rows.items()}

    @property
    def early(self) -> Key | None:
        """The row that loses its gradient most ahead of its factor per step, which is that of the middle of the way.

        In each of its networks 1 % is left at a lag over which that factor would leave more than EARLY; None where
        there is no such row.
        """
        by_factor = {
            key: float((row.horizons * row.log10_factors).min())
            for key, row in self.rows.items()
            if np.isfinite(row.horizons).all() and row.log10_factor.median < 0.0
        }
        first = max(by_factor, key=lambda key: by_factor[key], default=None)
        return first if first and by_factor[first] > np.log10(EARLY) else None

    def ordered(self, order: str) -> list[Key]:
        """All rows from the top: by "scheme", or by "factor" the smallest first, and last what is not computed."""
        if order == "scheme":
            return list(ROWS)
        return sorted(ROWS, key=lambda key: self.rows[key].log10_factor.median if key in self.rows else np.inf)


def seeds_for(experiment: Experiment) -> range:
    """The seeds of every row: as many as one can wait for, and others for each seed of the experiment."""
    count = max(_FEWEST, affordable(_LARGEST_ROW, work_of(experiment, "lstm"), NETWORKS))
    return range(NETWORKS * experiment.seed, NETWORKS * experiment.seed + count)


@remembered
def networks(question: Experiment, seeds: range) -> Verdicts:
    """What the networks of some seeds do."""
    family = computed(run_family, question, seeds=seeds, beside=["input"])
    return judge_each(family.log10_norms["input"], family.digits)


@remembered
def scheme_rows(experiment: Experiment) -> Growing:
    """The rows of an experiment; what a scheme decides does not matter."""
    of_all = scheme_experiment("torch", "lstm", replace(experiment, hidden_path="open", text=""))
    return Growing(question=of_all, piece=networks, rows={key: _goes(*key, of_all) for key in ROWS})


def _goes(scheme: str, cell: str, experiment: Experiment) -> tuple[tuple[Experiment, range], ...]:
    """The networks of a row in goes, so that nobody waits for long."""
    question, seeds = replace(scheme_experiment(scheme, cell, experiment), seed=0), seeds_for(experiment)
    each = affordable(_LARGEST_GO, work_of(experiment, "lstm"), len(seeds))
    return tuple((question, seeds[first : first + each]) for first in range(0, len(seeds), each))


def scheme_answer(experiment: Experiment, _: Views, there: frozenset[Key] | None = None) -> InitialisationAnswer:
    """The answer with these rows, or with all rows."""
    work = scheme_rows(experiment)
    rows = {key: joined([networks(*go) for go in work.rows[key]]) for key in work.chosen(there)}
    return InitialisationAnswer(experiment=experiment, rows=rows, seeds=seeds_for(experiment))
