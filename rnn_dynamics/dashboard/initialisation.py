"""The answer behind the page "What initialisation really does": rows that come one by one and can be stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from time import monotonic, sleep
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from rnn_dynamics.cells import CELLS
from rnn_dynamics.dashboard.cache import COMPUTING
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.dashboard.frame import run_again
from rnn_dynamics.dashboard.initialisation_text import PAGE, finding, headline, lines
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.run import run_family
from rnn_dynamics.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.tables.initialisations import (
    InitialisationRow,
    initialisation_row,
    initialisations_table,
    line_datasets,
)

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
#: Seconds that one run of the page computes, and between two goes, so that others who wait for the lock get it.
_SLICE, _BREATH = 0.25, 0.001
#: Key of the session's state: what its reader has stopped, or _NEXT for what the controls ask for at the next run.
_STOPPED, _NEXT = "stopped", "what is asked next"
#: Of the place for the progress bar and its button, in pixels: a phone has no more.
STATUS_WIDTH = 300


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


def grown_rows(experiment: Experiment, status: Any) -> tuple[InitialisationRow, ...]:
    """The rows to show: all that exist after at most a slice of computing, with what a reader has stopped left alone.

    Args:
        experiment: what the page asks.
        status: a placeholder for the progress bar with its button "Stop", or for the button "Go on".
    """
    answer = scheme_rows(experiment)
    if st.session_state.get(_STOPPED) == _NEXT:
        st.session_state[_STOPPED] = experiment
    if st.session_state.get(_STOPPED) == experiment and not answer.complete:
        _offer(status, "go_on", None)
    elif not answer.complete:
        _compute(answer, _offer(status, "stop", _NEXT))
        if answer.complete:
            status.empty()
    return tuple(answer.rows)


def _compute(answer: SchemeRows, bar: Any) -> None:
    words, until = sentences(PAGE), monotonic() + _SLICE
    while not answer.complete:
        scheme, cell = ROWS[len(answer.rows)]
        says = {"scheme": words["schemes"][scheme]["short"], "cell": cell.upper(), "rows": len(ROWS)}
        bar.progress(answer.share, words["progress"].format(done=len(answer.rows), **says))
        answer.advance()
        if monotonic() > until:
            break
        sleep(_BREATH)


def come_back(experiment: Experiment) -> None:
    """Run again for the next slice, if there is one."""
    if not scheme_rows(experiment).complete and st.session_state.get(_STOPPED) != experiment:
        run_again()


def _offer(status: Any, button: str, stopped: str | None) -> Any:
    """Show a button that stops or goes on; return a place for a progress bar beside it."""
    with status.container(horizontal=True, vertical_alignment="bottom"):
        bar = st.empty()
        st.button(sentences(PAGE)["buttons"][button], key=button, on_click=_stop, args=(stopped,))
    return bar


def _stop(what: str | None) -> None:
    """Compute nothing more, or with None go on. What it is, the next run decides: a slider may have moved since."""
    st.session_state[_STOPPED] = what


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


def show_table(rows: Sequence[InitialisationRow]) -> None:
    """All numbers, sortable; built only while it is open."""
    words = sentences(PAGE)["numbers"]
    panel = st.expander(words["title"], on_change="rerun", key="numbers")
    if panel.open:
        table = initialisations_table(rows)
        columns = {
            name: st.column_config.NumberColumn(label, format=words["formats"].get(name))
            if table[name].dtype.kind in "fiu"
            else label
            for name, label in words["columns"].items()
        }
        panel.dataframe(table, column_config=columns, column_order=list(columns), hide_index=True)
