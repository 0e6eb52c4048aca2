"""What a session has at this server's desk for trainings."""

from collections.abc import Sequence

import streamlit as st

from rnn_dynamics.dashboard.visitor import when_the_tab_closes
from rnn_dynamics.learning.jobs import Desk, Job
from rnn_dynamics.learning.training import Training

_SEAT = "seat"
#: Seconds between two looks at a training that goes on on another page.
_LOOK = 1.0
#: Seconds, for a fragment that need not run by itself.
_DAY = 86_400.0
#: What the key of a job with which a page opens begins with.
OPENS = "opening_of_"
#: Key of a control that nobody sees, whose value the browser keeps: the pages on which this tab has trained.
IN_TAB = "trained_in_this_tab"


@st.cache_resource(show_spinner=False)
def the_desk() -> Desk:
    """The desk of this server."""
    return Desk()


def opening_job(page: str, trainings: Sequence[Training]) -> Job | None:
    """The job with which a page opens, shared by everybody on this server; begun at the first visit of the page."""
    return the_desk().opening(page, trainings)


class Seat:
    """What one session has at the desk: `jobs`, the latest of each page, of which one at most goes on or waits.

    at_work: the page of that one. shared: the one whose training had been asked for before, by anybody. lost: those
    whose training has ended with another server, or with a session that this one has forgotten.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.jobs: dict[str, Job] = {}
        self.lost: frozenset[str] = frozenset()
        self.at_work = self.shared = ""

    @property
    def trained(self) -> dict[str, Job]:
        """Key -> a job that has seen something: the session's, and those with which pages open, see OPENS."""
        openings = {f"{OPENS}{page}": job for page, job in self._desk.openings.items()}
        return {key: job for key, job in (self.jobs | openings).items() if job.histories}

    @property
    def look_every(self) -> float | None:
        """How often another page looks at them again; None where none goes on."""
        return _LOOK if any(not job.over for job in self.jobs.values()) else None

    def begin(self, page: str, trainings: Sequence[Training]) -> None:
        """Ask for a page's trainings; whatever else the session has at the desk is stopped."""
        self.stop()
        self.jobs[page], there = self._desk.begin(trainings)
        self.at_work = page
        self.shared = page if there else ""

    def go_on(self, page: str) -> None:
        """Go on with a page's stopped job."""
        job = self.jobs.get(page)
        if job is not None and job.can_go_on:
            self.begin(page, job.trainings)
            self.shared = ""  # it is known to be there

    def stop(self) -> None:
        """Give the place back; what was learned stays."""
        page, self.at_work = self.at_work, ""
        if page and not self.jobs[page].over:
            self.jobs[page] = self._desk.leave(self.jobs[page])


def seat() -> Seat:
    """This session's seat. When its tab is closed, its place becomes free."""
    held: Seat = st.session_state.get(_SEAT) or st.session_state.setdefault(_SEAT, Seat(the_desk()))
    if held.at_work:  # else there is nothing to give back, and a press asks for its seat several times
        when_the_tab_closes("seat", held.stop)
    return held


@st.fragment(run_every=_DAY)
def keep_in_tab() -> None:
    """Write down in the browser where this session trains: to a new session it sends that, which knows what is lost.

    So the control is there at a session's first run, and after that where there is something to be kept. A browser that
    has found a server again asks it for the page only where a fragment runs by itself; else the page would be dead.
    """
    held: Seat | None = st.session_state.get(_SEAT)
    if held is None:
        seat().lost = frozenset(st.text_input(IN_TAB, key=IN_TAB).split())
    elif held.jobs or held.lost:
        st.session_state[IN_TAB] = " ".join(held.lost.union(held.jobs))
        st.text_input(IN_TAB, key=IN_TAB)
