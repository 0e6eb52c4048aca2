"""Time against sequence length, measured a piece at a time, on the machine that this runs on."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter

from rnn_dynamics.engine.growth import Measured
from rnn_dynamics.engine.run import run_losses, time_run
from rnn_dynamics.engine.work import each_loss, work_of_each_loss
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.remembered import COMPUTING

#: At which T the passes are measured, and at which the matrix of all losses, as far as it can be afforded.
LENGTHS, MATRIX_LENGTHS = (50, 100, 200, 400, 800, 1600), (50, 100, 200, 400)
#: What a matrix may cost here, in multiply-adds: about half a second.
_LARGEST_MATRIX = 5.5e9
#: How often each is measured: the least counts, for the rest is what else the machine did. After so many seconds there
#: is no further round.
ROUNDS, MOST_SECONDS = 5, 6.0


@dataclass(eq=False)
class Measurement:
    """The work of measuring one network, a piece at a time. longest: up to which T. seconds: spent."""

    experiment: Experiment
    longest: int = max(LENGTHS)
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    done: int = 0
    seconds: float = 0.0
    stopped: bool = False

    @property
    def question(self) -> "Measurement":
        """Each measurement is one of its own: to stop it stops no other of the same network."""
        return self

    @cached_property
    def round(self) -> list[tuple[str, int]]:
        """What one round measures."""
        asked = _of_matrix(self.experiment)
        costs = {T: work_of_each_loss(replace(asked, sequence_length=T)) for T in MATRIX_LENGTHS}
        matrices = [T for T, cost in costs.items() if cost <= _LARGEST_MATRIX]
        pieces = [*(("run", T) for T in LENGTHS), *(("matrix", T) for T in matrices)]
        return [(kind, length) for kind, length in pieces if length <= self.longest]

    @property
    def next(self) -> tuple[str, int, int]:
        """What is measured next, at which T, and in which round."""
        turn, place = divmod(self.done, len(self.round))
        return *self.round[place], turn + 1

    @property
    def complete(self) -> bool:
        """Whether nothing is left to measure, or somebody has stopped it."""
        rounds = self.done / len(self.round)
        return self.stopped or rounds >= ROUNDS or (rounds >= 1 and self.seconds > MOST_SECONDS)

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        return min(1.0, self.done / (ROUNDS * len(self.round)))

    @property
    def answer(self) -> Measured:
        """What is measured by now."""
        values = {name: dict(of) for name, of in self.values.items()}
        rounds = max(1, self.done // len(self.round))
        return Measured(
            experiment=self.experiment,
            values=values,
            matrix_sequences=_of_matrix(self.experiment).batch_size,
            rounds=rounds,
            stopped=self.stopped,
        )

    def advance(self) -> None:
        """Measure once more."""
        kind, length, _ = self.next
        start = perf_counter()
        with COMPUTING:
            found = _MEASURES[kind](replace(self.experiment, sequence_length=length))
        for name, value in found.items():
            self.keep(name, length, value)
        self.done += 1
        self.seconds += perf_counter() - start

    def keep(self, name: str, length: int, value: float) -> None:
        """Keep a value if it is the least of its kind."""
        values = self.values.setdefault(name, {})
        values[length] = min(value, values.get(length, value))


def _time_passes(experiment: Experiment) -> dict[str, float]:
    time, length = time_run(experiment), experiment.sequence_length
    counts = {"parameters": time.parameters, "entries": length * (length + 1) // 2}
    return {"forward": time.forward, "backward": time.backward, **counts}


def _time_matrix(experiment: Experiment) -> dict[str, float]:
    asked, start = _of_matrix(experiment), perf_counter()
    run_losses(asked)
    return {"matrix": perf_counter() - start}


#: Kind of a piece of a round -> what it measures, by name.
_MEASURES = {"run": _time_passes, "matrix": _time_matrix}


def _of_matrix(experiment: Experiment) -> Experiment:
    """The experiment with as many sequences at every T as can be afforded at T = 200."""
    return replace(experiment, batch_size=each_loss(replace(experiment, sequence_length=200)).batch_size)


def network_of(experiment: Experiment) -> Experiment:
    """What the time of a step depends on; all else stands at its default."""
    names = ("cell", "hidden_size", "input_size", "batch_size")
    return Experiment(**{name: getattr(experiment, name) for name in names})


def measured(experiment: Experiment, longest: int = max(LENGTHS)) -> Measured:
    """One round of the measurement of a network, up to this T, whatever the experiment's own."""
    measurement = Measurement(experiment, longest)
    for _ in measurement.round:
        measurement.advance()
    return measurement.answer
