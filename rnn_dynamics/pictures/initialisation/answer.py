"""The answer behind the page "What initialisation really does": rows that come one by one and can be stopped."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from time import monotonic, sleep

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.engine.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.initialisation.table import (
    InitialisationRow,
    initialisation_row,
    line_datasets,
)
from rnn_dynamics.pictures.initialisation.words import PAGE, finding, headline, lines
from rnn_dynamics.pictures.kit.remembered import COMPUTING

Array = NDArray[np.float64]

#: (scheme, cell) of every row, in the order in which they are computed.
ROWS = tuple((scheme, cell) for scheme, named in NAMED_SCHEMES.items() for cell in named.cells)
#: Networks of a row; for the largest sizes fewer, but never below the second number.
NETWORKS, _FEWEST = 20, 5
#: What the networks of an LSTM's row, and those that are computed in one go, may cost, in multiply-adds: about half a
#: second, and a tenth. Smaller goes would be slower, and larger ones too, because their states leave the processor's
#: cache.
_LARGEST_ROW, _LARGEST_GO = 1.4e9, 1.2e8
#: As in `cache`: what a step costs beside the products, as if H were this much larger.
_OVERHEAD = 100


class SchemeRows:
    """The rows of one experiment: those that exist, and the work for the next one.

    Shared by all who ask for the same: whoever comes next goes on where the last one stopped.

    rows: in the order of ROWS. seeds: of every row.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.rows: list[InitialisationRow] = []
        self.seeds = seeds_for(experiment)
        self._experiment, self._go = experiment, max(1, int(_LARGEST_GO // _cost(experiment)))
        self._norms: list[Array] = []
        self._digits: list[int] = []

    @property
    def complete(self) -> bool:
        """Whether every row exists."""
        return len(self.rows) == len(ROWS)

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        return (len(self.rows) + len(self._norms) * self._go / len(self.seeds)) / len(ROWS)

    def advance(self) -> None:
        """Compute the next few networks."""
        with COMPUTING:
            if self.complete:  # somebody else was faster
                return
            scheme, cell = ROWS[len(self.rows)]
            done = len(self._norms) * self._go
            asked = scheme_experiment(scheme, cell, self._experiment)
            family = run_family(asked, seeds=self.seeds[done : done + self._go])
            self._norms.append(family.log10_norms["input"])
            self._digits.append(int(family.digits.min()))
            if done + self._go >= len(self.seeds):
                label = NAMED_SCHEMES[scheme].label
                norms, digits = np.concatenate(self._norms), min(self._digits)
                self.rows.append(initialisation_row(label, CELLS[cell].label, norms, digits))
                self._norms, self._digits = [], []


def _cost(experiment: Experiment) -> int:
    """Of one LSTM, in multiply-adds."""
    size = experiment.hidden_size
    return CELLS["lstm"].blocks * (size + _OVERHEAD) * size * experiment.batch_size * experiment.sequence_length


def seeds_for(experiment: Experiment) -> range:
    """The seeds of every row: as many as one can wait for, and others for each seed of the page."""
    count = int(min(NETWORKS, max(_FEWEST, _LARGEST_ROW // _cost(experiment))))
    return range(NETWORKS * experiment.seed, NETWORKS * experiment.seed + count)


def first_network(experiment: Experiment) -> Experiment:
    """The experiment with the first of its seeds."""
    return replace(experiment, seed=seeds_for(experiment)[0])


def scheme_rows(experiment: Experiment) -> SchemeRows:
    """The rows of an experiment, as far as they exist; what a scheme decides does not matter."""
    return _scheme_rows(scheme_experiment("torch", "lstm", replace(experiment, hidden_path="open", text="")))


@lru_cache(maxsize=1024)  # a few kilobytes each
def _scheme_rows(experiment: Experiment) -> SchemeRows:
    return SchemeRows(experiment)


def fill(experiment: Experiment) -> None:
    """Compute all rows, for nobody who waits: at most a third of the time."""
    answer = scheme_rows(experiment)
    while not answer.complete:
        began = monotonic()
        answer.advance()
        sleep(2.0 * (monotonic() - began))


@lru_cache(maxsize=256)
def scheme_picture(
    experiment: Experiment, rows: tuple[InitialisationRow, ...], order: str
) -> tuple[dict[str, bytes], str]:
    """The picture's datasets, and the finding as HTML, of those rows that exist."""
    by_key = dict(zip(ROWS, rows, strict=False))
    seeds = seeds_for(experiment)
    hint = sentences(PAGE)["titles"]["hint"].format(networks=len(seeds))
    datasets = line_datasets(lines(ROWS, by_key, order), headline(experiment, by_key), hint)
    return datasets, finding(experiment, by_key, seeds, len(ROWS) - len(rows))
