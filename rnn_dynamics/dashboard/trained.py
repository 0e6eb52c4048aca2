"""Networks that this session has trained, or that pages open with, brought in beside those that are only drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.seat import seat, the_desk
from rnn_dynamics.learning.jobs import Job

#: Seconds between two looks at a training that goes on.
_LOOK = 1.0
#: What the key of a job with which a page opens begins with.
_OPENING = "opening_of_"


def trained_jobs() -> dict[str, Job]:
    """Key -> a job that this session has trained, or is training; and those with which pages open."""
    openings = {f"{_OPENING}{page}": job for page, job in the_desk().openings.items()}
    return {key: job for key, job in (seat().jobs | openings).items() if job.histories}


def look_every() -> float | None:
    """How often to look again: None where no training of the session's goes on."""
    return _LOOK if any(not job.over for job in seat().jobs.values()) else None


def chosen_job(words: Mapping[str, Any], describe: Callable[[Job, bool], str]) -> Job | None:
    """The job that the reader brings in, from a list in which each is described."""
    jobs = trained_jobs()
    if not jobs:
        return None
    chosen = st.selectbox(
        words["bring"],
        list(jobs),
        index=None,
        format_func=lambda key: describe(jobs[key], key.startswith(_OPENING)),
        placeholder=words["none"],
        key="trained",
        width=440,
    )
    return None if chosen is None else jobs[chosen]
