"""The page "Fill in the blank": its sentences, what its controls ask for, and what the networks make of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.learning.limits import network_of
from rnn_dynamics.learning.reading import Reading, read_sentence, starting_parameters
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.training import TRAINABLE, Training

PAGE = "blank"
#: The parts of a template, as `Template.from_text` names them.
PARTS = ("start", "fillers", "end", "answers")
#: The numbers of filler words that may be trained.
GAPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40)
#: At most so many gaps are tested.
_TESTS = 12

Tests = Sequence[tuple[int, float]]
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence to be read.

    words: without the blank. cue: where it stands, from and up to, or None. target: the choice that is right, or None
    where nobody knows. own: whether the reader typed it.
    """

    words: tuple[str, ...]
    cue: tuple[int, int] | None
    target: int | None
    own: bool


@dataclass(frozen=True, kw_only=True)
class BlankAnswer:
    """What the page shows.

    Attributes:
        trainings: one for each of TRAINABLE, trained or asked for.
        job: the training, or None before it begins.
        cell: the one whose sentence is shown.
        sentence: which one.
        before, after: cell -> its reading of the sentence; before any training `after` is empty.
    """

    trainings: Mapping[str, Training]
    job: Job | None
    cell: str
    sentence: Sentence
    before: Mapping[str, Reading]
    after: Mapping[str, Reading]

    @property
    def training(self) -> Training:
        """That of the cell that is shown; all have the same template, gap and number of updates."""
        return self.trainings[self.cell]

    @property
    def template(self) -> Template:
        """Of the networks that are shown."""
        return self.training.template

    @property
    def gap(self) -> int:
        """How many filler words their sentences have: those asked for, or as many below as the fillers can make."""
        return self.template.gaps(self.training.experiment.sequence_length)[-1]

    @property
    def updates(self) -> int:
        """How many the shown cell has behind it."""
        histories = self.job.histories if self.job else ()
        return dict(zip(self.trainings, (one.iterations for one in histories), strict=False)).get(self.cell, 0)

    @property
    def curves(self) -> dict[str, Tests]:
        """Cell -> its tests: at many gaps once the training is over, until then at its own."""
        if self.job is None or not self.job.histories:
            return {}
        if self.job.over:
            return accuracies(self.job, sum(history.iterations for history in self.job.histories))
        looks = (history.moments[-1] for history in self.job.histories)
        return {cell: [(self.gap, look.accuracy)] for cell, look in zip(self.trainings, looks, strict=True)}

    @property
    def rights(self) -> dict[str, float]:
        """Cell -> share of right answers at the gap that is trained."""
        return {cell: dict(tests)[self.gap] for cell, tests in self.curves.items()}

    @property
    def losses(self) -> dict[str, float]:
        """Cell -> mean loss of test sentences at the latest look."""
        histories = self.job.histories if self.job else ()
        return {cell: one.moments[-1].loss for cell, one in zip(self.trainings, histories, strict=False)}

    @property
    def gaps(self) -> tuple[int, ...]:
        """Those at which the networks are tested, once the training is over."""
        return gaps_to_test(self.template, self.training.experiment.sequence_length)

    @property
    def shown(self) -> dict[str, Reading]:
        """Time, before training and if it has begun after it -> the shown cell's reading of the sentence."""
        return {"before": self.before[self.cell]} | ({"after": self.after[self.cell]} if self.after else {})

    @property
    def keeps(self) -> dict[str, Array]:
        """The same -> (T, H), its keeping gate; empty for a cell without gates."""
        return {time: reading.keeps for time, reading in self.shown.items() if reading.keeps is not None}

    @property
    def norms(self) -> dict[str, Array]:
        """The same -> (T,), log10 norms of the gradients of the embeddings."""
        return {time: reading.log10_norms for time, reading in self.shown.items()}

    def readings(self, words: Sequence[str], target: int | None) -> dict[str, Reading]:
        """The same of another sentence."""
        found = {"before": read_untrained(self.training, tuple(words), target)}
        if self.after:
            found["after"] = read_sentence(self.training, _parameters(self.job)[self.cell], words, target)
        return found


def template_in_use(views: Mapping[str, str], latest: Template) -> tuple[Template, str]:
    """The template that the controls hold, or the latest that made sense, and then why the present one does not."""
    try:
        return _template(*(views[part] for part in PARTS)), ""
    except ValueError as error:
        return latest, str(error)


@lru_cache(maxsize=64)
def _template(*parts: str) -> Template:
    return Template.from_text(**dict(zip(PARTS, parts, strict=True)))


def networks(experiment: Experiment, views: Mapping[str, str], template: Template) -> tuple[Training, ...]:
    """What is to be trained side by side: one network of each kind."""
    return tuple(
        Training(
            experiment=replace(network_of(experiment, cell), sequence_length=int(views["gap"])),
            task="blank",
            template=template,
            learning_rate=float(views["learning_rate"]),
            iterations=int(views["updates"]),
        )
        for cell in TRAINABLE
    )


def sentence_of(training: Training, typed: str) -> Sentence:
    """The reader's own sentence, or where there is none one of the template, with its first cue."""
    template = training.template
    words = tuple(template.typed(typed))
    if not words:
        return example(training, 0)
    found = template.cue_in(words)
    target = None if found is None else template.answer_of(found[2])
    return Sentence(words=words, cue=found[:2] if found else None, target=target, own=True)


@lru_cache(maxsize=256)
def example(training: Training, pair: int) -> Sentence:
    """A sentence of the template with the cue of a pair; its fillers are the same for every pair."""
    template, experiment = training.template, training.experiment
    words = template.sentence(np.random.default_rng(experiment.seed), experiment.sequence_length, pair)
    return Sentence(words=tuple(words), cue=template.place_of_cue(pair), target=template.answer_of(pair), own=False)


def read_untrained(training: Training, words: tuple[str, ...], target: int | None) -> Reading:
    """What the network makes of a sentence as it is drawn."""
    # What it will be trained with plays no part, so a reader who changes that is answered from memory.
    drawn = replace(training, learning_rate=Training.learning_rate, iterations=Training.iterations)
    return _read_untrained(drawn, words, target)


@lru_cache(maxsize=512)
def _read_untrained(training: Training, words: tuple[str, ...], target: int | None) -> Reading:
    return read_sentence(training, starting_parameters(training), words, target)


def blank_answer(job: Job | None, cell: str, typed: str, asked: Sequence[Training]) -> BlankAnswer:
    """What is shown: the networks of a job, or before it begins those that are asked for."""
    begun = job if job is not None and job.histories else None
    shown = {training.experiment.cell: training for training in (begun.trainings if begun else asked)}
    sentence = sentence_of(shown[cell], typed)
    words, target = sentence.words, sentence.target
    return BlankAnswer(
        trainings=shown,
        job=begun,
        cell=cell,
        sentence=sentence,
        before={name: read_untrained(training, words, target) for name, training in shown.items()},
        after={
            name: read_sentence(shown[name], parameters, words, target)
            for name, parameters in _parameters(begun).items()
        },
    )


def _parameters(job: Job | None) -> dict[str, dict[str, Array]]:
    """Cell -> what is learned so far."""
    trainers = job.trainers if job else ()
    return {trainer.training.experiment.cell: trainer.parameters() for trainer in trainers}


def gaps_to_test(template: Template, gap: int) -> tuple[int, ...]:
    """The gaps at which networks are tested that are trained at one: from the smallest to about twice as much."""
    possible = [made for made in template.gaps(2 * gap + 2) if made]
    count = min(_TESTS, len(possible))
    chosen = {possible[round(k * (len(possible) - 1) / max(1, count - 1))] for k in range(count)}
    return tuple(sorted({*chosen, template.gaps(gap)[-1]}))


@lru_cache(maxsize=16)
def accuracies(job: Job, _updates: int) -> dict[str, Tests]:
    """Cell -> its right answers at several gaps, of a job that is over, after so many updates of all."""
    training = job.trainings[0]
    gaps = gaps_to_test(training.template, training.experiment.sequence_length)
    return {
        trainer.training.experiment.cell: [
            (gap, trainer.accuracy_at(max(1, gap)))  # of fillers that make no single word 1 draws none, too
            for gap in gaps
        ]
        for trainer in job.trainers
    }
