"""Work that grows while a reader looks: a slice at each run of the fragment, with its progress, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic, sleep
from typing import Any, Protocol

import streamlit as st
from streamlit.errors import StreamlitAPIException

#: Seconds that one run works, and between two pieces, so that others who wait for the lock get it.
_SLICE, _BREATH = 0.25, 0.001
#: Key of the session's state: what its reader has stopped, or _NEXT for what the controls ask for at the next run.
_STOPPED, _NEXT = "stopped", "what is asked next"


class Growing(Protocol):
    """Some work in pieces."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""

    def advance(self) -> None:
        """Do the next piece."""


def grown(question: Hashable, work: Growing, says: Callable[[], str], buttons: tuple[str, str], place: Any) -> bool:
    """Let some work grow for a slice, or leave it where a reader has stopped it; whether it goes on at the next run.

    Args:
        question: what the work answers: to stop it stops no other.
        work: as far as it has come.
        says: what stands beside the bar of its progress.
        buttons: what they are called, the one that stops and the one that lets it go on.
        place: a placeholder for bar and button.
    """
    if st.session_state.get(_STOPPED) == _NEXT:  # which the click could not know: a slider may have moved since
        st.session_state[_STOPPED] = question
    stopped = st.session_state.get(_STOPPED) == question
    if work.complete:
        return False
    with place.container(key="computing", horizontal=True, vertical_alignment="bottom"):
        bar = st.empty()
        st.button(buttons[stopped], key="stop", on_click=_stop, args=(None if stopped else _NEXT,))
    bar.progress(work.share, says())
    if not stopped:
        _advance(work, says, bar)
        if work.complete:
            place.empty()
    return not stopped and not work.complete


def is_stopped(question: Hashable) -> bool:
    """Whether a reader has stopped the work on a question."""
    return bool(st.session_state.get(_STOPPED) == question)


def _advance(work: Growing, says: Callable[[], str], bar: Any) -> None:
    until = monotonic() + _SLICE
    while not work.complete:
        work.advance()
        if monotonic() > until:
            break
        bar.progress(work.share, says())
        sleep(_BREATH)


def _stop(what: str | None) -> None:
    st.session_state[_STOPPED] = what


def run_again() -> None:
    """Run a fragment again, for the next slice.

    A reader's move inside a fragment waits for the end of its run, so no run may be long; it goes into the next one.
    """
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # this run is the whole page's
        st.rerun()
