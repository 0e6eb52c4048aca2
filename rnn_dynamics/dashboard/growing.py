"""Work that grows while a reader looks: a slice at each run of a fragment, with its progress, until it is stopped."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, Protocol

import streamlit as st
from streamlit.errors import StreamlitAPIException

#: Seconds that one run works, and between two pieces, so that others who wait for the lock get it.
_SLICE, _BREATH = 0.25, 0.001
#: Key of the session's state: the question that its reader has stopped, or _NEXT for the one of the next run.
STOPPED, _NEXT = "stopped", "asked_next"
#: Key of the session's state: whether the whole page is to run again.
_AGAIN = "grows_on"


class Work(Protocol):
    """Some work in pieces, while a reader looks."""

    @property
    def question(self) -> Hashable:
        """What it answers: to stop that stops no other work."""

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""

    def advance(self) -> None:
        """Do the next piece."""


@contextmanager
def growing(work: Work, progress: Callable[[], str], buttons: Mapping[str, str]) -> Iterator[bool]:
    """Go on with some work, then draw what there is of it, then come back for more.

    Yields:
        whether the work has come to rest in this run: it has been stopped, or nothing is left.
    """
    rests = _grow(work)
    yield rests
    if not work.complete:
        going = _goes_on(work)
        with st.container(key="computing"):  # in a corner of the window
            st.progress(work.share, text=progress())
            stop = _NEXT if going else None
            st.button(buttons["stop" if going else "go_on"], key="stop", on_click=_set_stopped, args=(stop,))
    come_back(work, rests)


def _grow(work: Work) -> bool:
    """Work for a slice, unless the reader has stopped this question: to stop one stops no other."""
    stopped_now = st.session_state.get(STOPPED) == _NEXT
    if stopped_now:  # which question it is, the click could not know: a slider may have moved since
        st.session_state[STOPPED] = work.question
    if not _goes_on(work):
        return stopped_now
    until = monotonic() + _SLICE
    work.advance()
    while monotonic() < until and not work.complete:
        sleep(_BREATH)
        work.advance()
    return work.complete


def _goes_on(work: Work) -> bool:
    """Whether something is left to do and the reader has not stopped it."""
    return not work.complete and st.session_state.get(STOPPED) != work.question


def begun(name: str, make: Callable[[], Work], buttons: tuple[str, str]) -> Any:
    """The work that this session's reader has begun last; where none goes on, a button begins it, or another of it.

    `name`: the key of the session's state under which it stays. `buttons`: what they are called, the first and the one
    of the next time.
    """
    work = st.session_state.get(name)
    if work is None or not _goes_on(work):
        place = st.empty()
        if place.button(buttons[work is not None], key=f"begin_{name}"):
            place.empty()
            work = st.session_state[name] = make()
    return work


def _set_stopped(what: str | None) -> None:
    st.session_state[STOPPED] = what


def come_back(work: Work, rests: bool) -> None:
    """Run again for the next slice; where the work has come to rest, the whole page, whose files are of what there is.

    A reader's move inside a fragment waits for the end of its run, so no run may be long; it goes into the next one.
    """
    if rests:
        st.rerun()
    if _goes_on(work):
        try:
            st.rerun(scope="fragment")
        except StreamlitAPIException:  # this is a run of the whole page, which is to be drawn first
            st.session_state[_AGAIN] = True


def page_comes_back() -> None:
    """Run the whole page again where its picture has asked for it; to be called when all of it is drawn."""
    if st.session_state.pop(_AGAIN, False):
        st.rerun()


def finish(work: Work) -> None:
    """Do all work for somebody who does not wait: in at most a third of the time."""
    while not work.complete:
        began = monotonic()
        work.advance()
        sleep(2.0 * (monotonic() - began))
