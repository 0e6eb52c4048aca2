"""Work that grows while a reader looks, with its progress, until it is done or stopped."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.door import the_door
from rnn_dynamics.executor import WorkerLost
from rnn_dynamics.line import Line, Work

#: Seconds that a run waits for the line, so that what is soon done is drawn at once; so long a held key waits for it.
_PATIENCE = 0.05
#: Seconds between two looks from which on the hall is full: more visitors ask than the processor has time for.
_FULL = 1.0
#: How many times as long a reader then waits for a look at what the picture is whole without: most press meanwhile, and
#: a look that comes beside a press draws the picture once more.
_SELDOM = 2.0
#: Keys of the session's state, each followed by the name of a work: the question that its reader has stopped, or _NEXT
#: for the one of the next run; the one that has lost its workers; and whether its picture looks again by itself.
STOPPED, _LOST, _LOOKS = "stopped", "lost", "looks"
_NEXT = "asked_next"
#: Key of the session's state: what it is called in the line.
_WHO = "in_the_line"


@st.cache_resource(show_spinner=False)
def the_line() -> Line:
    """The line of this server."""
    return Line(lambda: the_door().inside)


def growing(
    work: Work,
    draw: Callable[[], None],
    progress: Callable[[], str],
    words: Mapping[str, str],
    name: str = "",
    beside: bool = False,
) -> None:
    """Draw what there is of some work, again and again while more comes.

    How often a fragment runs by itself is decided where it is begun, so when that changes, the page runs anew.

    Args:
        work: see `Line`.
        draw: what there is of it.
        progress: how far it is, in words.
        words: of the buttons, of a work that is begun later, and of one whose workers were lost.
        name: of the work, where a page has several.
        beside: whether the picture is whole without it: in a full hall it is then begun at the reader's second look,
            which comes later.
    """
    later = beside and the_line().pace > _FULL

    def look(patience: float = 0.0) -> None:
        _stop(work, name)
        if goes_on(work, name) and not later:
            _look_at(work, patience, name)
        else:
            the_line().leave(_who(name))

    def show() -> None:
        nonlocal later
        look()
        draw()
        going = goes_on(work, name)
        if st.session_state.get(_LOST + name) == work.question and not (going or work.complete):
            st.error(words["lost"])
        if not work.complete:
            _show_progress(work, progress(), words, name, later)
        later = False
        if going != st.session_state[_LOOKS + name]:
            st.rerun()

    look(_PATIENCE)
    going = st.session_state[_LOOKS + name] = goes_on(work, name)
    # A fragment may write above the picture only if it has in the last run of the page: so also where nothing comes.
    st.fragment(show, run_every=the_line().pace * (_SELDOM if later else 1.0) if going else None)()


def _look_at(work: Work, patience: float, name: str) -> None:
    """Wait for it; one that has cost its workers their lives counts as stopped, until its reader lets it go on."""
    try:
        the_line().look_at(_who(name), work, patience)
    except WorkerLost:
        st.session_state.update({STOPPED + name: work.question, _LOST + name: work.question})


@contextmanager
def unless_lost(words: Mapping[str, str], key: str) -> Iterator[None]:
    """Show what is made within, or where it has cost the workers their lives that, and a button that asks again."""
    try:
        yield
    except WorkerLost:
        st.error(words["lost"])
        st.button(words["go_on"], key=f"again_{key}")


def _show_progress(work: Work, progress: str, words: Mapping[str, str], name: str, later: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"computing{name}"):  # see page.css
        st.progress(work.share, text=words["later"].format(progress=progress) if later else progress)
        if not later:  # else there is nothing to stop yet
            going = goes_on(work, name)
            stop, label = {STOPPED + name: _NEXT if going else None}, words["stop" if going else "go_on"]
            st.button(label, key=f"stop{name}", on_click=st.session_state.update, args=(stop,))


def goes_on(work: Work, name: str = "") -> bool:
    """Whether something is left to do and the reader has not stopped it: to stop one question stops no other."""
    return not work.complete and st.session_state.get(STOPPED + name) != work.question


def begun(name: str, make: Callable[[], Work], show: Callable[[Any], None], buttons: tuple[str, str]) -> None:
    """Show the work that this session's reader has begun last; where none goes on, a button begins another.

    `name`: the key of the session's state under which it stays. `buttons`: what they are called, the first and the one
    of the next time.
    """
    place, work = st.empty(), st.session_state.get(name)
    if work is not None:
        show(work)
    if work is None or not goes_on(work, name):
        place.button(buttons[work is not None], key=f"begin_{name}", on_click=_begin, args=(name, make))


def _begin(name: str, make: Callable[[], Work]) -> None:
    st.session_state[name] = make()


def _who(name: str) -> tuple[object, str]:
    return st.session_state.setdefault(_WHO, object()), name


def _stop(work: Work, name: str) -> None:
    if st.session_state.get(STOPPED + name) == _NEXT:  # which question it is, the click could not know
        st.session_state[STOPPED + name] = work.question


def finish(work: Work) -> None:
    """Do all work for somebody who does not wait: in at most a third of the time."""
    while not work.complete:
        began = monotonic()
        work.advance()
        sleep(2.0 * (monotonic() - began))
