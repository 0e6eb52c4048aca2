"""The rows of the schemes, grown while a reader looks, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.frame import run_again
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.initialisation.answer import ROWS, SchemeRows, scheme_rows
from rnn_dynamics.pictures.initialisation.table import InitialisationRow, initialisations_table
from rnn_dynamics.pictures.initialisation.words import PAGE

#: Seconds that one run of the page computes, and between two goes, so that others who wait for the lock get it.
_SLICE, _BREATH = 0.25, 0.001
#: Key of the session's state: what its reader has stopped, or _NEXT for what the controls ask for at the next run.
_STOPPED, _NEXT = "stopped", "what is asked next"
#: Of the place for the progress bar and its button, in pixels: a phone has no more.
STATUS_WIDTH = 300


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
