"""Trainings on a page: their buttons, progress and place in the queue, and the page whose picture is of them.

A reader begins a training, stops it, lets it go on, and sees what is learned so far.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import streamlit as st

from rnn_dynamics.content import Says, Words, sentences
from rnn_dynamics.course.glossary import marked_claims
from rnn_dynamics.dashboard import seat as desk
from rnn_dynamics.dashboard.door import the_door
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.seat import seat, the_desk
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.learning.jobs import Job, has
from rnn_dynamics.learning.limits import allowed
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.kit.finding import first, heading
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.picture import Drawn
from rnn_dynamics.remembered import MEMORY

Made = TypeVar("Made")

#: Seconds between two looks at a training that goes on, and at a queue or at a training that everybody looks at; and
#: which part of them each visitor of the server adds, for each look takes from the processor that trains.
_LOOK, _QUEUE, _EACH = 0.7, 2.0, 0.05
#: Keys of the session's state: how often the page's fragment runs by itself; and all settings at its last run.
_SHOWN_EVERY, _LAST = "shown_every", "last_settings"


@dataclass(frozen=True)
class TrainingPanel:
    """The training of a page.

    page: whose it is. asked: what the controls ask for now; a ValueError of it is shown in place of the button's
    effect. opening: the job with which the page opens, if there is one.
    """

    page: str
    asked: Callable[[], Sequence[Training]]
    opening: Job | None = None

    @property
    def own(self) -> Job | None:
        """The session's latest job."""
        return seat().jobs.get(self.page)

    @property
    def job(self) -> Job | None:
        """The one that is shown: the session's own once it has begun, and until then that with which the page opens."""
        return next((job for job in (self.own, self.opening) if job is not None and job.histories), None)

    @property
    def moved(self) -> bool:
        """Whether the one that is shown is of other settings, and none goes on that the reader has begun."""
        waits = self.own is None or self.own.over
        return waits and self.job is not None and not has(self.job, self.asked)

    def live(self, picture: Callable[[], None]) -> None:
        """Show a picture that calls `show`, again and again while the page's training or its opening goes on.

        How often a fragment runs by itself is decided where the page runs, so when that changes, the page runs anew.
        """
        pace = st.session_state[_SHOWN_EVERY] = self._pace
        st.fragment(picture, run_every=pace and pace * (1.0 + _EACH * the_door().inside))()

    @property
    def _pace(self) -> float | None:
        job = self.own or self.opening
        if job is None or job.over:
            return None
        return _QUEUE if job is self.opening or the_desk().place_of(job) else _LOOK

    def show(self, moved: bool = False) -> None:
        """The buttons and the progress, after a reader's press of a button has been obeyed.

        moved: whether this run answers a control that was moved. That the training is over is then left to the next
        look: where a hall looks at one training, all of them would let the whole page run with their next press.
        """
        job, words = self.own, sentences("training", language())
        with st.container(horizontal=True, vertical_alignment="center"):
            if job is None or job.over:
                self._show_idle(job, words)
                self._show_opening(words)
            else:
                place, wait = the_desk().place_of(job), the_desk().seconds_until(job)
                kind = first(queue=place, beginning=job.seconds_left is None, progress=True)
                st.progress(0.0 if place else job.share, words[kind].format_map(Says(job, place=place, wait=wait)))
                st.button(words["stop"], key="stop", on_click=seat().stop)
        if not moved and self._pace != st.session_state[_SHOWN_EVERY]:
            st.rerun()
        if job is not None and job.failure:
            st.error(words["failed" if job.foreseen else "failed_unforeseen"].format_map(Says(job)))
        if job is not None and seat().shared == self.page:
            st.caption(words["shared"])
        if job is not None and not job.over:
            self._show_opening(words)

    def _show_opening(self, words: Words) -> None:
        """That what is seen is the training with which the page opens, or that this is to come: beside the button."""
        if self.opening is None or (self.job or self.opening) is not self.opening:
            return
        kind = first(
            opening_waits=self.opening.seconds_left is None and not self.opening.over,
            opening_moved=not has(self.opening, self.asked),
            opening_runs=not self.opening.over,
            opening=True,
        )
        st.caption(words[kind].format_map(Says(self.opening)), width="content")

    def _show_idle(self, job: Job | None, words: Words) -> None:
        if st.button(words["again" if job else "train"], key="train"):
            try:
                seat().begin(self.page, self.asked())
            except ValueError as error:
                st.error(words["refused"].format(why=error))
            else:
                st.rerun()
        if job is None and self.page in seat().lost:
            st.warning(words["lost"])
        if job is not None and job.can_go_on:
            if st.button(words["go_on"], key="go_on"):
                seat().go_on(self.page)
            st.caption(words["stopped"].format_map(Says(job)))


@dataclass(frozen=True, kw_only=True)
class TrainingPage(Page):
    """A page whose picture is of trainings, of which one is done once for everybody, so that the page opens with it.

    trainings: what the settings ask for. learned: the picture's answer, of a job, even of one that has not begun; its
    `handed_out` are the trainings that files are of. shown_by: the settings on which depends what is shown of a
    training, whatever the others ask for next.
    """

    trainings: Callable[[Experiment, Views], tuple[Training, ...]]
    learned: Callable[[Job, Experiment, Views], Any]
    shown_by: tuple[str, ...]

    @cached_property
    def panel(self) -> TrainingPanel:
        """The training of the page."""
        opening = desk.opening_job(self.name, allowed(self.trainings(*self.asked({}))))
        return TrainingPanel(self.name, lambda: allowed(self.trainings(*self.asked())), opening)

    def _whole(self) -> None:
        self.panel.live(self._live)

    def show_panel(self, moved: bool) -> None:
        """The buttons and the progress; `moved` as in `TrainingPanel.show`."""
        self.panel.show(moved)

    def draw(self, experiment: Experiment, views: Views) -> None:
        """Below the panel the picture of what is learned so far; where the settings have moved since, it says so."""
        before, now = st.session_state.get(_LAST), (experiment, views)
        st.session_state[_LAST] = now
        self.show_panel(moved=now != before)
        self.show_learned(experiment, views)

    def show(self, drawn: Drawn, views: Views, claim: str, digits: int | None = None) -> None:
        """As each page, but what is claimed of another training than the one that is asked for is not claimed."""
        moved = heading(self.words("training")["moved"]) if self.panel.moved else claim
        super().show(drawn, views, moved, digits)

    def show_learned(self, experiment: Experiment, views: Views) -> None:
        """The picture and its finding."""
        claim, drawn = self.once(self.drawn_so_far, experiment, views)
        self.show(drawn, views, claim)

    def drawn_so_far(self, experiment: Experiment, views: Views) -> tuple[str, Drawn]:
        """What is claimed and drawn of what is learned so far, of one answer."""
        answer, words = self.answer(experiment, views), self.words()
        return self.picture.claim(marked_claims(words), answer, views), self.picture.drawn_from(answer, views, words)

    def once(self, make: Callable[[Experiment, Views], Made], experiment: Experiment, views: Views) -> Made:
        """What `make` makes, or has made for anybody who looks at the same `Job.stage`, whatever update that is at."""
        job, now = self.panel.job, settings(experiment) | dict(views)
        stage = job.stage if job else self.trainings(experiment, views)
        question = make.__qualname__, self.name, stage, tuple(now[name] for name in self.shown_by), self.words()
        made: Made = MEMORY.recall(question, lambda: make(experiment, views))
        return made

    def answer(self, experiment: Experiment, views: Views) -> Any:
        """What is learned so far, or is to be learned."""
        return self.learned(self.panel.job or Job(self.trainings(experiment, views)), experiment, views)

    def _questions(self) -> Iterator[Mapping[str, Any]]:
        """None: a training would not end before somebody asks."""
        return iter(())
