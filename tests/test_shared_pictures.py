"""What is drawn of a training is made once for all who look at it: it depends on what its page says, and on no more."""

from functools import cache
from typing import cast

import pytest

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard.training import TrainingPage
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.picture import Drawn
from tests.handed_out import frame_of
from tests.test_pages import PAGES

TRAINING_PAGES = tuple(page for page in PAGES if isinstance(frame_of(page), TrainingPage))
every_page_that_trains = pytest.mark.parametrize("page", TRAINING_PAGES)
#: So small that it is trained at once.
SMALL = {"hidden_size": 8, "batch_size": 8, "sequence_length": 20, "iterations": "50", "gap": "3", "updates": "50"}


def page_of(name: str) -> TrainingPage:
    return cast(TrainingPage, frame_of(name))


@cache
def trained(name: str) -> Job:
    page = page_of(name)
    small = {key: value for key, value in SMALL.items() if key in page.settings}
    job = Job(page.trainings(*page.asked(small)))
    job.work()
    job.end()
    return job


def drawn(page: TrainingPage, job: Job, experiment: Experiment, views: Views) -> Drawn:
    words = sentences(page.name, LANGUAGE)
    return page.picture.drawn_from(page.learned(job, experiment, views), views, words)


def test_there_are_pages_that_train() -> None:
    assert len(TRAINING_PAGES) > 1


@every_page_that_trains
def test_what_is_shown_of_a_training_depends_on_no_setting_but_those_that_the_page_names(page: str) -> None:
    one, job = page_of(page), trained(page)
    opening = drawn(one, job, *one.asked({}))
    others = {name: setting for name, setting in one.settings.items() if name not in one.shown_by and setting.values}
    assert len(others) > 5
    for name, setting in others.items():
        for value in {setting.values[0], setting.values[-1]}:
            assert drawn(one, job, *one.asked({name: value})) == opening, name


@every_page_that_trains
def test_while_a_training_goes_on_it_is_drawn_once_at_each_look_and_not_at_each_update(page: str) -> None:
    job = Job(trained(page).trainings)
    job._trainers = [Trainer(training) for training in job.trainings]
    stages, looks = [job.stage], len(job.trainings[0].looks)
    while not job.complete:
        for trainer in job.trainers:
            trainer.advance()
        stages.append(job.stage)
    assert len(set(stages)) == looks < len(stages)


@every_page_that_trains
def test_jobs_of_one_stage_have_learned_the_same_and_each_stage_is_another(page: str) -> None:
    first, again = trained(page), Job(trained(page).trainings)
    stages = {again.stage}
    again.work()
    stages.add(again.stage)
    again.end()
    stages.add(again.stage)
    assert len(stages) == 3
    assert again.stage == first.stage
    one = page_of(page)
    assert drawn(one, again, *one.asked({})) == drawn(one, first, *one.asked({}))
