"""A page of a picture of trainings: its reader begins one, stops it, lets it go on, and sees what is learned so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard import seat
from rnn_dynamics.dashboard.downloads import Download, files_of_trainings
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.training_panel import TrainingPanel
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job, has
from rnn_dynamics.learning.limits import affordable
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.picture import Views


@dataclass(frozen=True, kw_only=True)
class TrainingPage(Page):
    """A page whose picture is of trainings, of which one is done once for everybody, so that the page opens with it.

    trainings: what the settings ask for. learned: the picture's answer, of a job or, where there is none, of what is
    asked for; its `handed_out` are the trainings that files are of, and its `gaps` those that a script tests.
    """

    trainings: Callable[[Experiment, Views], tuple[Training, ...]]
    learned: Callable[[Job | None, Experiment, Views], Any]

    @cached_property
    def panel(self) -> TrainingPanel:
        """The training of the page."""
        opening = seat.opening_job(self.name, affordable(self.trainings(*self.asked({}))))
        return TrainingPanel(self.name, lambda: affordable(self.trainings(*self.asked())), opening)

    def _whole(self) -> None:
        self.panel.live(self._live)

    def _live(self) -> None:
        """The settings, and what shows the training; runs by itself while it goes on."""
        self.show_state()
        self.show_controls()
        self.show_training()

    def show_training(self) -> None:
        """What is learned so far, below the panel."""
        self.show_panel()
        self.draw(*self.asked())

    def show_panel(self) -> None:
        """The buttons and the progress."""
        self.panel.show()

    def draw(self, experiment: Experiment, views: Views) -> None:
        """The picture of what is learned so far; where the settings have moved since, it says so."""
        job = self.panel.job
        self.draw_from(self.learned(job, experiment, views), views)
        if job not in (None, self.panel.opening) and not has(job, lambda: self.trainings(experiment, views)):
            st.html(paragraphs([self.words("training")["moved"]]))

    def files(self, experiment: Experiment, views: Views) -> Sequence[Download]:
        """What the share panel hands out: the tables that have rows, and a script for each training."""
        answer = self.learned(self.panel.job, experiment, views)
        return files_of_trainings(self.picture, answer, self._own(views), self.words())

    def _questions(self) -> Iterator[Mapping[str, Any]]:
        """None: a training would not end before somebody asks."""
        return iter(())
