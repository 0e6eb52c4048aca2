"""Buttons, progress and place in the queue of a page's training, and how often the page looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.seat import seat
from rnn_dynamics.learning.jobs import Job, has
from rnn_dynamics.learning.training import Training

#: Seconds between two looks at a training that goes on, and at a queue or at a training that everybody looks at.
_LOOK, _QUEUE = 0.7, 2.0
#: Key of the session's state: how often the page's fragment runs by itself.
_SHOWN_EVERY = "shown_every"


def live(page: str, picture: Callable[[], None], opening: Job | None = None) -> None:
    """Show a picture that calls `training_panel`, again and again while the page's training or its opening goes on.

    How often a fragment runs by itself is decided where the page runs, so when that changes, the page runs anew.
    """
    st.session_state[_SHOWN_EVERY] = _pace(page, opening)
    st.fragment(picture, run_every=st.session_state[_SHOWN_EVERY])()


def _pace(page: str, opening: Job | None) -> float | None:
    held = seat()
    job = held.job(page) or opening
    if job is None or job.over:
        return None
    return _QUEUE if job is opening or held.place(page) else _LOOK


def shown_job(page: str, opening: Job | None) -> Job | None:
    """The session's own job once it has begun, and until then the one with which the page opens."""
    own = seat().job(page)
    begun = own if own is not None and own.histories else opening
    return begun if begun is not None and begun.histories else None


def training_panel(page: str, asked: Callable[[], Sequence[Training]], opening: Job | None = None) -> Job | None:
    """The training that is shown, after a reader's press of a button has been obeyed.

    Args:
        page: whose training it is.
        asked: what the controls ask for now; a ValueError of it is shown in place of the button's effect.
        opening: with which the page opens, if there is one.
    """
    words, held = sentences("training", language()), seat()
    job = held.job(page)
    if job is None or job.over:
        _show_idle(page, job, asked)
    else:
        _show_work(page, job)
    if _pace(page, opening) != st.session_state[_SHOWN_EVERY]:
        st.rerun()
    if job is not None and job.failure:
        st.error(words["failed" if job.foreseen else "failed_unforeseen"].format(why=job.failure))
    shown = shown_job(page, opening)
    if shown is not None and shown is opening:
        kind = "opening" if has(shown, asked) else "opening_moved"
        st.caption(words[kind].format(done=_done(shown), total=_total(shown)))
    return shown


def _show_idle(page: str, job: Job | None, asked: Callable[[], Sequence[Training]]) -> None:
    words, held = sentences("training", language()), seat()
    stopped = job is not None and job.can_go_on
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(words["again" if job else "train"], key="train"):
            try:
                held.begin(page, asked())
            except ValueError as error:
                st.error(words["refused"].format(why=error))
        if stopped and st.button(words["go_on"], key="go_on"):
            held.go_on(page)
        if job is not None and stopped:
            st.caption(words["stopped"].format(done=_done(job), total=_total(job)))


def _show_work(page: str, job: Job) -> None:
    words, place = sentences("training", language()), seat().place(page)
    with st.container(horizontal=True, vertical_alignment="center"):
        if place:
            st.progress(0.0, words["queue"].format(place=place))
        else:
            st.progress(job.share, _progress(job))
        st.button(words["stop"], key="stop", on_click=seat().stop)


def _progress(job: Job) -> str:
    words, left = sentences("training", language()), job.seconds_left
    said: str = words["beginning" if left is None else "progress"]
    return said.format(done=_done(job), total=_total(job), seconds=f"{left or 0.0:.0f}")


def _done(job: Job) -> str:
    """Updates of the training that is furthest behind, of those that have not ended early."""
    going = [history.iterations for history in job.histories if not history.failure]
    return f"{min(going or [history.iterations for history in job.histories], default=0):,}"


def _total(job: Job) -> str:
    return f"{max(training.iterations for training in job.trainings):,}"
