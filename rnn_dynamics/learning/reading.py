"""What a network that fills in blanks makes of one sentence: its answer, its gradients by word, its gates.

On NumPy alone, so that a network can be looked at before torch has trained it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS, Cell
from rnn_dynamics.engine.cells.cell import recurrent_columns
from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.initialise import make_parameters
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.learning.training import Training, checked_training

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One network's reading of one sentence of T words.

    Attributes:
        choices: the words that may belong in the blank.
        probabilities: (choices,), of each of them.
        target: the choice that the loss takes as right.
        loss: −ln of its probability, in nats.
        log10_norms: (T,), log10 of ‖∂loss/∂(embedding of word t)‖.
        keeps: (T, H), at each word the gate that keeps what the state holds, of c_t = f c_{t−1} + i g or
            h_t = z h_{t−1} + (1 − z) n; None for a cell without gates.
        writes: (T, H), what each word adds to the state that this gate keeps; None where `keeps` is.
        cue: which words it is asked about, from and up to; None for none.
    """

    choices: tuple[str, ...]
    probabilities: Array
    target: int
    loss: float
    log10_norms: Array
    keeps: Array | None
    writes: Array | None
    cue: tuple[int, int] | None = None

    @property
    def answer(self) -> int:
        """The choice that the network names."""
        return int(self.probabilities.argmax())

    @property
    def sure(self) -> float:
        """The probability of that choice."""
        return float(self.probabilities.max())

    @property
    def named(self) -> str:
        """The word of that choice."""
        return self.choices[self.answer]

    @property
    def right(self) -> str:
        """The word that counts as right."""
        return self.choices[self.target]

    @property
    def correct(self) -> bool:
        """Whether the network names it."""
        return self.answer == self.target

    @property
    def joint(self) -> float:
        """log10 of the norm of the gradients of the cue's words together; −inf for none."""
        return joint(self.log10_norms[slice(*self.cue)]) if self.cue else -np.inf

    @property
    def share(self) -> float:
        """log10 of their gradient over that of the strongest word; nan where no word has any."""
        peak = float(self.log10_norms.max())
        return self.joint - peak if np.isfinite(peak) else np.nan

    @property
    def kept(self) -> float:
        """The mean of the keeping gate over words and units; nan for a cell without gates."""
        return np.nan if self.keeps is None else float(self.keeps.mean())

    @property
    def left(self) -> float:
        """log10 of how much of what the cue writes the later words leave in the state at T.

        Sizes of the entries are added up, with and without all later values of the keeping gate as factors. nan for a
        cell without gates, without a cue, and where it writes nothing.
        """
        if self.cue is None or self.keeps is None or self.writes is None:
            return np.nan
        chosen = slice(*self.cue)
        written = np.abs(self.writes[chosen])
        if not written.any():
            return np.nan
        later = np.cumprod(np.concatenate([np.ones_like(self.keeps[:1]), self.keeps[:0:-1]]), axis=0)[::-1]
        with np.errstate(divide="ignore"):
            return float(np.log10((written * later[chosen]).sum() / written.sum()))


def joint(log10_norms: Array) -> float:
    """log10 of the norm of all parts together, given the log10 of each part's norm; −inf for no parts."""
    peak = float(np.max(log10_norms, initial=-np.inf))
    return peak + 0.5 * float(np.log10(np.sum(10.0 ** (2.0 * (log10_norms - peak))))) if np.isfinite(peak) else peak


def starting_parameters(training: Training) -> dict[str, Array]:
    """What there is before it learns: by the experiment's scheme, and the defaults of torch.nn.Linear and Embedding.

    Under torch's names, and readout_weight (outputs, H), readout_bias (outputs,) and words_weight (vocabulary, D).
    """
    streams = np.random.SeedSequence(checked_training(training).experiment.seed).spawn(4)
    weights, readout = (np.random.default_rng(streams[place]) for place in (0, 2))
    experiment = replace(training.experiment, input_size=training.its_task.input_size, sequence_length=training.steps)
    hidden = experiment.hidden_size
    cell, outputs = CELLS[experiment.cell], training.its_task.outputs
    drawn = make_parameters(experiment, cell, weights, experiment.input_size, recurrent_columns(cell, hidden, outputs))
    bound = 1.0 / np.sqrt(hidden)
    return cell.at_scale(drawn, experiment.weight_scale) | {
        "readout_weight": readout.uniform(-bound, bound, (outputs, hidden)),
        "readout_bias": readout.uniform(-bound, bound, outputs),
        "words_weight": readout.standard_normal((training.its_task.vocabulary, experiment.input_size)),
    }


def read_sentence(
    training: Training,
    parameters: Mapping[str, Array],
    words: Sequence[str],
    target: int | None = None,
    cue: tuple[int, int] | None = None,
) -> Reading:
    """Let a network of a training on blanks read a sentence.

    Args:
        training: its cell, its hidden size and its template count.
        parameters: as of `starting_parameters`, or of a `Trainer`.
        words: of the sentence, without the blank; at least one. An unknown one is read as such.
        target: the choice that counts as right; None for the one that the network names.
        cue: which of the words the reading is asked about, from and up to.

    Raises:
        ValueError: there are no words, or the training is not on blanks.
    """
    if not checked_training(training).its_task.vocabulary:
        raise ValueError(f"task = {training.task!r} reads no words; 'blank' does")
    if not words:
        raise ValueError("a sentence has 0 words before its blank; the least is 1")
    own = {name: values for name, values in parameters.items() if name.endswith("_l0")}
    network = Network(cell=training.experiment.cell, nonlinearity=training.experiment.nonlinearity, parameters=own)
    weight, bias = parameters["readout_weight"], parameters["readout_bias"]
    inputs = parameters["words_weight"][training.template.read([words])]
    known: list[tuple[Array, int]] = []

    def errors(states: States) -> Errors:
        """∂loss/∂h_T, (1, 1, H), of the cross-entropy."""
        probabilities = _softmax(states.output[-1, 0] @ weight.T + bias)
        right = int(probabilities.argmax()) if target is None else target
        known.append((probabilities, right))
        return Errors(((probabilities - np.eye(len(bias))[right]) @ weight)[None, None])

    [trace] = run_network(network, inputs, errors, parameter_gradients=False).layers
    [(probabilities, right)] = known
    gates = {name: values[:, 0] for name, values in trace.gates.items()}
    keeps, writes = _memory(CELLS[training.experiment.cell], gates)
    with np.errstate(divide="ignore"):
        loss = -float(np.log(probabilities[right]))
    return Reading(
        choices=training.template.choices,
        probabilities=probabilities,
        target=right,
        loss=loss,
        log10_norms=trace.log10_norms["input"],
        keeps=keeps,
        writes=writes,
        cue=cue,
    )


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _memory(cell: Cell, gates: Mapping[str, Array]) -> tuple[Array | None, Array | None]:
    """The keeping gate, and what is written."""
    if not cell.keeps:
        return None, None
    keeps = gates[cell.keeps].copy()  # a part of all gates, which would be kept with it
    return keeps, (gates[cell.writes] if cell.writes else 1.0 - keeps) * gates[cell.signed[0]]
