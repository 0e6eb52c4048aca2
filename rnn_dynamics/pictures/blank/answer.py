"""What an RNN, an LSTM and a GRU make of a sentence with a blank, as they are drawn and as far as they are trained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import Job, worked_through
from rnn_dynamics.learning.limits import allowed, network_of
from rnn_dynamics.learning.reading import Reading, read_sentence, starting_parameters
from rnn_dynamics.learning.tasks import Sentence, Template
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import OF_TORCH, Training
from rnn_dynamics.pictures.kit.answered import OfTrainings
from rnn_dynamics.pictures.kit.axes import ends_downwards
from rnn_dynamics.pictures.kit.frames import Array, Frame, frame
from rnn_dynamics.remembered import MEMORY, remembered

#: The parts of a template, as `Template.from_text` names them, and what they are at the opening.
PARTS = Template().as_text()
#: Percentiles of the units between which the gate's band lies.
BAND = (10.0, 90.0)
#: How many orders of magnitude the tints of norms may tell apart: the first that holds all norms, or the last.
_SPANS = (1.0, 2.0, 3.0, 6.0, 12.0)
#: And those of shares: always as many, so that the same tint means the same share whatever the networks are.
_SHARES = 6.0


@dataclass(frozen=True)
class Network(Trained):
    """A network, and its readings of the sentence.

    readings: time, "before" training and if it has begun "after" it -> reading. parameters: what is learned, tests:
    (number of filler words, share of right answers) of each test, in order; before any training they are empty.
    """

    readings: Mapping[str, Reading] = field(default_factory=dict)
    parameters: Mapping[str, Array] = field(default_factory=dict)
    tests: Sequence[tuple[int, float]] = ()

    @property
    def before(self) -> Reading:
        """Its reading as it is drawn."""
        return self.readings["before"]

    @property
    def reading(self) -> Reading:
        """Its reading as it is."""
        return [*self.readings.values()][-1]


@dataclass(frozen=True, kw_only=True)
class BlankAnswer(OfTrainings):
    """The networks, trained or asked for, and the sentence that they read.

    cell: whose reading is shown. tested: whether at several gaps.
    """

    networks: tuple[Network, ...]
    cell: str
    sentence: Sentence
    tested: bool = False

    @property
    def shown(self) -> Network:
        """The network that is shown; all have the same template, gap and number of updates."""
        return next(network for network in self.networks if network.cell.name == self.cell)

    @property
    def compared(self) -> tuple[Network, ...]:
        """The RNN and the network that is shown, of which each has a row; none where that is the RNN, or untrained."""
        rnn = [network for network in self.networks if network.cell.name == "rnn"]
        return (*rnn, self.shown) if rnn and self.begun and self.cell != "rnn" else ()

    @property
    def handed_out(self) -> tuple[Training, ...]:
        """Its training, even before it begins."""
        return (self.training,)

    @property
    def time(self) -> str:
        """The key of its reading now."""
        return "after" if self.begun else "before"

    @property
    def template(self) -> Template:
        """Of the sentences."""
        return self.training.template

    @property
    def rights(self) -> dict[str, float]:
        """Cell -> share of right answers at the gap that is trained."""
        return {network.cell.name: dict(network.tests)[self.training.gap] for network in self.networks if network.tests}

    @cached_property
    def by_word(self) -> Frame:
        """A row for each word: step, word, and of the shown network's readings log10_norm_… and gate_mean_….

        low, high: between which of the gate's values now most units lie. Without a gate there are no columns of one.
        """
        readings, words, now = self.shown.readings.items(), self.sentence.words, self.shown.reading.keeps
        norms = {f"log10_norm_{time}": one.log10_norms for time, one in readings}
        means = {f"gate_mean_{time}": one.keeps.mean(axis=1) for time, one in readings if one.keeps is not None}
        band = {} if now is None else dict(zip(("low", "high"), np.percentile(now, BAND, axis=1), strict=True))
        return frame(step=np.arange(1, len(words) + 1), word=words, **norms, **means, **band)

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Those of the sentence's words that the networks have never met."""
        return self.template.unknown(self.sentence.words)

    @property
    def other_cues(self) -> Iterator[tuple[str, str, Mapping[str, Reading]]]:
        """Each cue, its right answer, and what the shown network makes of a sentence with it."""
        for pair, (cue, right) in enumerate(self.template.answers):
            yield cue, right, _readings(self.shown, self.training.sentence(pair))

    def tint_scale(self, relative: bool) -> tuple[float, float]:
        """The ends of the tints' scale, in orders of magnitude: the same for all networks, before training and now.

        `relative`: a norm counts as a share of the largest one in its sentence.
        """
        every = [reading for network in self.networks for reading in network.readings.values()]
        return (-_SHARES, 0.0) if relative else ends_downwards([reading.log10_norms for reading in every], _SPANS)

    def tints(self, reading: Reading, relative: bool) -> Array:
        """(T,): 0 at the lower end of the scale, or for no gradient, 1 at its upper."""
        peak = reading.log10_norms.max() if relative else 0.0
        heights = reading.log10_norms - (peak if np.isfinite(peak) else 0.0)
        return np.interp(heights, self.tint_scale(relative), (0.0, 1.0))


def template_in_use(views: Mapping[str, str], latest: Template | None) -> tuple[Template, str]:
    """The template that the views hold, or the latest that made sense, and then why the present one does not."""
    try:
        return _template(views), ""
    except ValueError as error:
        return latest or Template(), str(error)


def _template(views: Mapping[str, str]) -> Template:
    return Template.from_text(**{part: views[part] for part in PARTS})


def networks(experiment: Experiment, views: Mapping[str, str], template: Template) -> tuple[Training, ...]:
    """What is to be trained side by side: one network of each kind."""
    asked = int(views["gap"]), float(views["learning_rate"]), int(views["updates"])
    return tuple(_network(experiment, cell, template, *asked) for cell in OF_TORCH)


@remembered  # each press asks for all of them anew
def _network(experiment: Experiment, cell: str, template: Template, gap: int, rate: float, updates: int) -> Training:
    its = replace(network_of(experiment, cell), sequence_length=gap)
    return Training(experiment=its, task="blank", template=template, learning_rate=rate, iterations=updates)


def _readings(network: Network, sentence: Sentence) -> Mapping[str, Reading]:
    """What a network makes of a sentence."""
    training, learned = network.training, network.parameters
    # What it will be trained with plays no part, so a reader who changes that is answered from memory.
    drawn = replace(training, learning_rate=Training.learning_rate, iterations=Training.iterations)
    asked = sentence.words, sentence.target, sentence.cue
    after = {"after": _trained(drawn, learned, *asked)} if learned else {}
    return {"before": _untrained(drawn, *asked), **after}


@remembered
def _untrained(training: Training, *asked: Any) -> Reading:
    return read_sentence(training, starting_parameters(training), *asked)


def _trained(training: Training, learned: Mapping[str, Array], *asked: Any) -> Reading:
    weights = blake2b(b"".join(values.tobytes() for values in learned.values())).digest()
    question = _trained, training, weights, asked
    reading: Reading = MEMORY.recall(question, lambda: read_sentence(training, learned, *asked))
    return reading


def filled_in(job: Job, cell: str, typed: str) -> BlankAnswer:
    """What is shown of a job, even of one that has not begun.

    typed: the reader's own sentence; where it has no word, one of the template is read, with its first cue.
    """
    first = job.trainings[0]
    sentence = first.template.own(typed) or first.sentence(0)
    learned = [_learned(trainer, job.over) for trainer in job.trainers] or map(Network, job.trainings)
    networks = tuple(replace(one, readings=_readings(one, sentence)) for one in learned)
    return BlankAnswer(networks=networks, cell=cell, sentence=sentence, tested=job.over)


def _learned(trainer: Any, over: bool) -> Network:
    training, history = trainer.training, trainer.history.as_it_is()
    tests = (over and trainer.tests()) or [(training.gap, history.moments[-1].accuracy)]
    return Network(training=training, history=history, parameters=trainer.parameters(), tests=tests)


def blank_answer(experiment: Experiment, views: Mapping[str, str]) -> BlankAnswer:
    """Train here and now, and answer with all that was learned: seconds, or minutes, so no page calls this.

    Raises:
        ValueError: the settings do not go together, or would take too long.
    """
    asked = allowed(networks(experiment, views, _template(views)))
    return filled_in(remembered(worked_through)(asked), experiment.cell, views["sentence"])
