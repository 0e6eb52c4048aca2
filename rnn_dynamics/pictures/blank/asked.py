"""What is asked of the networks: sentences with a blank, made of a template or typed, and what is to be trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.limits import network_of
from rnn_dynamics.learning.reading import Reading
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.training import TRAINABLE, Training
from rnn_dynamics.pictures.kit.remembered import remembered

Array = NDArray[np.float64]

#: The parts of a template, as `Template.from_text` names them, and what they are at the opening.
PARTS = Template().as_text()
#: The numbers of filler words, and of updates, that the page offers.
OFFERED = {
    "gap": ("1", "2", "3", "5", "7", "10", "15", "20", "30", "40"),
    "updates": ("50", "100", "150", "200", "300", "400", "500", "700", "1000"),
}


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

    def joint(self, reading: Reading) -> float:
        """log10 of the norm of the gradients of all words of the cue together."""
        return joint(reading.log10_norms[slice(*self.cue)]) if self.cue else -np.inf

    def cue_share(self, reading: Reading) -> float:
        """log10 of the cue's gradient over that of the strongest word; nan where no word has any."""
        peak = float(reading.log10_norms.max())
        return self.joint(reading) - peak if np.isfinite(peak) else np.nan


def joint(log10_norms: Array) -> float:
    """log10 of the norm of all parts together, given the log10 of each part's norm; −inf for no parts."""
    peak = float(np.max(log10_norms, initial=-np.inf))
    return peak + 0.5 * float(np.log10(np.sum(10.0 ** (2.0 * (log10_norms - peak))))) if np.isfinite(peak) else peak


def template_in_use(views: Mapping[str, str], latest: Template | None) -> tuple[Template, str]:
    """The template that the views hold, or the latest that made sense, and then why the present one does not."""
    try:
        return template_of(views), ""
    except ValueError as error:
        return latest or Template(), str(error)


def template_of(views: Mapping[str, str]) -> Template:
    """The template that the views hold.

    Raises:
        ValueError: they make none.
    """
    return _template(tuple(views[part] for part in PARTS))


@remembered
def _template(parts: tuple[str, ...]) -> Template:
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


@remembered
def example(training: Training, pair: int) -> Sentence:
    """A sentence of the template with the cue of a pair; its fillers are the same for every pair."""
    template, experiment = training.template, training.experiment
    words = template.sentence(np.random.default_rng(experiment.seed), experiment.sequence_length, pair)
    return Sentence(words=tuple(words), cue=template.place_of_cue(pair), target=template.answer_of(pair), own=False)
