"""A network whose weights are given: its gradient through time, beside that of the same sizes as PyTorch draws them."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from threading import Lock

import numpy as np

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.given import Network
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.run_network import NetworkTrace, run_network
from rnn_dynamics.engine.work import affordable, walk_seconds
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.own.advice import Tried, advise, is_too_dear
from rnn_dynamics.own.drawn import Loss, fresh, loss, noise
from rnn_dynamics.own.examples import NAMES, example
from rnn_dynamics.own.findings import Finding, Judged, findings, judged
from rnn_dynamics.own.given import OWN, TRAINED, Given
from rnn_dynamics.own.kept import Replay, kept
from rnn_dynamics.pictures.kit.frames import Array, Views
from rnn_dynamics.remembered import COMPUTING, kept_anyway, remembered

#: Where weights come from: a shipped example, PyTorch's default of a chosen size, or the visitor; see `Given`.
EXAMPLES = dict(zip(("trained LSTM", "untrained LSTM", "trained RNN", "untrained RNN"), NAMES, strict=True))
#: FIRST stands in the place of a visitor's weights that are not there.
FIRST = next(iter(EXAMPLES))
TORCH, OF_VISITOR = "torch", (TRAINED, OWN)
SOURCES = (*EXAMPLES, TORCH, *OF_VISITOR)
#: The fields of an experiment that play a part, whatever the weights; and those that choose a size for PyTorch's.
USES = (
    *("nonlinearity", "reset_gate", "weight_scale", "forget_bias"),
    *("sequence_length", "batch_size", "input_scale", "loss_at", "seed"),
)
SIZES = ("cell", "hidden_size", "input_size", "num_layers", "bidirectional")
#: Seconds that one network may take; and how many of the steps that are asked for are computed even if they take more.
_LARGEST, _FEWEST_STEPS = 0.2, 100
#: How many numbers the parts of dL/dW_hh may have, of all steps, where they are told apart: a fifth of a second.
_LARGEST_SHARES = 3e7
#: What visitors ask of weights of their own is computed by itself, one after the other, so that it keeps nobody else.
_OF_VISITORS = Lock()


@dataclass(frozen=True, kw_only=True)
class OwnNetworkAnswer:
    """The given weights with what the knobs add, and the same sizes as PyTorch draws them.

    experiment: what was computed. asked: the same before it was lowered to what can be afforded. findings: what is said
    at once of each layer and direction; `explained` is all of it.
    """

    experiment: Experiment
    asked: Experiment
    given: Given
    replay: Replay
    fresh: Replay
    findings: tuple[Judged, ...]

    @property
    def network(self) -> Network:
        """The weights as they were given."""
        return self.given.network_for(self.experiment)

    @property
    def cell(self) -> Cell:
        """Its cell."""
        return self.network.kind

    @property
    def has_w_hh(self) -> bool:
        """Whether there is a matrix that the weight scale multiplies."""
        return has_w_hh(self.cell)

    @property
    def digits(self) -> int:
        """See `Answered`."""
        return min(self.replay.digits, self.fresh.digits)

    @property
    def parameter_count(self) -> int:
        """How many numbers the weights are."""
        return sum(values.size for values in self.network.parameters.values())

    @cached_property
    def tried(self) -> tuple[Tried, ...] | None:
        """See `try_all`; kept with the answer."""
        return self.try_all()

    def try_all(self) -> tuple[Tried, ...] | None:
        """Try what might make the gradient hold, in several runs; None where the weights are too large for a page."""
        if is_too_dear(self.network):
            return None
        with self._lock:
            return advise(self.given.changed(self.experiment), *_reads(self.given, self.experiment))

    @cached_property
    def explained(self) -> tuple[Finding, ...]:
        """See `explain`; kept with the answer."""
        return self.explain()

    def explain(self) -> tuple[Finding, ...]:
        """All that there is to say of each layer and direction, in a run that tells the parts of dL/dW_hh apart.

        Those take a fifth of the run, and only who opens the panel sees them.
        """
        inputs, asked = _reads(self.given, self.experiment)
        with self._lock:
            return findings(_by_step(self.given.changed(self.experiment), inputs, asked), asked, self.given.name)

    @property
    def _lock(self) -> Lock:
        """What such a computation waits for."""
        return _lock_of(self.given)

    def left(self, component: str) -> dict[str, float]:
        """log10 of what is left at step 1, in layer 1 → or of the inputs, of the "given" and of the "fresh" one."""
        return {name: float(of.curves(component)[0, 0]) for name, of in (("given", self.replay), ("fresh", self.fresh))}


def own_network_answer(experiment: Experiment, views: Views) -> OwnNetworkAnswer:
    """Answer for what ships with this library, the first example in the place of a visitor's weights."""
    source = views["weights"]
    answer = _of_library(question_of(experiment, source), FIRST if source in OF_VISITOR else source)
    return replace(answer, given=replace(answer.given, missing=source)) if source in OF_VISITOR else answer


def question_of(experiment: Experiment, source: str) -> Experiment:
    """What of an experiment plays a part, so that whatever does not makes no other question."""
    fields = (*USES, *SIZES) if source == TORCH else USES
    return Experiment(**{name: getattr(experiment, name) for name in fields})


@remembered
def _of_library(question: Experiment, source: str) -> OwnNetworkAnswer:
    return answer_for(question, given_by(question, source))


def given_by(experiment: Experiment, source: str) -> Given:
    """What ships with this library, see `own_network_answer`."""
    if source == TORCH:
        drawn = replace(experiment, initialisation=TORCH, forget_bias=0.0)
        options = {name: getattr(drawn, name) for name in ("cell", "nonlinearity", "reset_gate")}
        network = Network(parameters=make_draw(drawn, cell_of(drawn)).parameters, **options)
        return Given(network=network, source=source)
    missing = source if source in OF_VISITOR else ""
    shown = FIRST if missing else source
    return Given(network=kept_anyway(example(EXAMPLES[shown])), source=shown, missing=missing)


def answer_for(question: Experiment, given: Given) -> OwnNetworkAnswer:
    """Answer for weights of anybody; nothing of them is kept.

    Raises:
        ValueError: inputs do not go with the network, or states of a ReLU network grow beyond float64.
    """
    if given.inputs is not None:
        steps, sequences, _ = given.inputs.shape
        question = replace(question, sequence_length=steps, batch_size=sequences)
    lowered = _afforded(question, given.network)
    inputs, asked = _reads(given, lowered)
    lock = _lock_of(given)
    with lock:
        trace = run_network(given.changed(lowered), inputs, asked, parameter_gradients=False)
        found = judged(trace, asked, given.name)
    if given.of_visitor or given.inputs is not None:
        with lock:
            twin = _twin(lowered, given)
    else:
        twin = _twin_of_library(replace(lowered, weight_scale=1.0, forget_bias=0.0), given.source)
    return OwnNetworkAnswer(
        experiment=lowered, asked=question, given=given, replay=kept(trace), fresh=twin, findings=found
    )


def _lock_of(given: Given) -> Lock:
    return _OF_VISITORS if given.of_visitor else COMPUTING


def _twin(experiment: Experiment, given: Given) -> Replay:
    """The same of the same sizes as PyTorch draws them; what the knobs add to the given weights plays no part."""
    new = given.network if given.source == TORCH else fresh(given.network, experiment.seed)
    return kept(run_network(new, *_reads(given, experiment), parameter_gradients=False))


@remembered
def _twin_of_library(experiment: Experiment, source: str) -> Replay:
    with COMPUTING:
        return _twin(experiment, given_by(experiment, source))


def tried(answer: OwnNetworkAnswer) -> tuple[Tried, ...] | None:
    """What might make the gradient hold, each suggestion tried on these weights; see `try_all`."""
    if answer.given.of_visitor:
        return answer.tried
    return _tried_of_library(answer.asked, answer.given.source)


def explained(answer: OwnNetworkAnswer) -> tuple[Finding, ...]:
    """All that there is to say of each layer and direction; see `explain`."""
    if answer.given.of_visitor:
        return answer.explained
    return _explained_of_library(answer.asked, answer.given.source)


@remembered
def _tried_of_library(question: Experiment, source: str) -> tuple[Tried, ...] | None:
    return _of_library(question, source).try_all()


@remembered
def _explained_of_library(question: Experiment, source: str) -> tuple[Finding, ...]:
    return _of_library(question, source).explain()


def _reads(given: Given, experiment: Experiment) -> tuple[Array, Loss]:
    """The inputs that were given, or noise, and the loss."""
    steps, sequences, seed = experiment.sequence_length, experiment.batch_size, experiment.seed
    asked = loss(given.network, steps, sequences, loss_at=experiment.loss_at, seed=seed)
    if given.inputs is not None:
        return given.inputs[:steps, :sequences], asked
    return noise(given.network, steps, sequences, scale=experiment.input_scale, seed=seed), asked


def _by_step(network: Network, inputs: Array, asked: Loss) -> NetworkTrace:
    """The answer, with the shares of its steps in dL/dW_hh, or nan in their place where those take too long."""
    steps = len(inputs)
    small = steps * network.kind.blocks * network.hidden_size**2 * network.levels <= _LARGEST_SHARES
    trace = run_network(network, inputs, asked, parameter_gradients=False, by_step=small)
    if small:
        return trace
    nothing = np.full(steps, np.nan)
    return replace(trace, layers=tuple(replace(layer, recurrent_shares=nothing) for layer in trace.layers))


def _afforded(question: Experiment, network: Network) -> Experiment:
    """The question with as many sequences, or where one is too many as many steps, as can be computed."""
    seconds, asked = partial(walk_seconds, network.kind.blocks, network.hidden_size), question.sequence_length
    steps = max(min(asked, _FEWEST_STEPS), affordable(_LARGEST, seconds(1, network.levels), asked))
    none, one = (seconds(count, steps * network.levels) for count in (0, 1))
    sequences = affordable(_LARGEST - none, one - none, question.batch_size)
    return replace(question, sequence_length=steps, batch_size=sequences)
