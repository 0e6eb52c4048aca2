"""Time against sequence length, measured: what grows with T, how fast, and how much of it is there at any T."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter

from rnn_dynamics.engine.growth import Line, Values, fitted_exponent, fixed_and_per_step
from rnn_dynamics.engine.run import run_losses, time_run
from rnn_dynamics.engine.work import each_loss, work_of_each_loss
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.remembered import COMPUTING, remembered

#: At which T the passes are measured, and at which the matrix of all losses, as far as it can be afforded.
LENGTHS, MATRIX_LENGTHS = (50, 100, 200, 400, 800, 1600), (50, 100, 200, 400)
#: The longest T of the quick round that is measured where nobody looks on.
_QUICK = 200
#: What a matrix may cost here, in multiply-adds: about half a second.
_LARGEST_MATRIX = 5.5e9
#: How often each is measured: the least counts, for the rest is what else the machine did. After so many seconds there
#: is no further round.
ROUNDS, MOST_SECONDS = 5, 6.0
#: What is counted; all else is measured in seconds.
COUNTED = ("parameters", "entries")
#: What is linear in T but for a part that every pass costs, however short.
PASSES = ("forward", "backward")


@dataclass(frozen=True, kw_only=True)
class CostAnswer(OfExperiment):
    """What one network has cost, whose own T does not matter.

    values: name of what is measured -> its values. rounds: how often each was measured. stopped: whether a reader has
    stopped it. digits: no other machine finds the same.
    """

    values: Mapping[str, Values]
    rounds: int = 1
    stopped: bool = False
    digits: None = None

    @property
    def lengths(self) -> list[int]:
        """Every T at which something was measured."""
        return sorted({length for values in self.values.values() for length in values})

    @cached_property
    def exponents(self) -> Mapping[str, float]:
        """Name -> the p of T^p."""
        return {name: fitted_exponent(values) for name, values in self.values.items()}

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """Of the passes, as far as they are measured at two lengths."""
        passes = {name: self.values[name] for name in PASSES if len(self.values.get(name, {})) > 1}
        return {name: fixed_and_per_step(values) for name, values in passes.items()}

    @property
    def off(self) -> float:
        """How far the passes lie from their straight lines at most, as a share."""
        lines = self.lines.items()
        ratios = (line.at(length) / value for name, line in lines for length, value in self.values[name].items())
        return max((abs(ratio - 1.0) for ratio in ratios), default=0.0)

    @property
    def fixed_shares(self) -> Mapping[str, float]:
        """How much of the shortest of each pass is fixed."""
        return {name: line.fixed / self.values[name][min(self.values[name])] for name, line in self.lines.items()}

    @property
    def matrix(self) -> Values:
        """Seconds for the matrix of all losses."""
        return self.values.get("matrix", {})

    @property
    def matrix_sequences(self) -> int:
        """How many sequences the matrix is computed with."""
        return _of_matrix(self.experiment).batch_size

    @property
    def last_exponent(self) -> float:
        """That of the matrix between its two longest T."""
        return fitted_exponent({length: self.matrix[length] for length in sorted(self.matrix)[-2:]})


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
        """Whether nothing is left to measure, or a reader has stopped it."""
        rounds = self.done / len(self.round)
        return self.stopped or rounds >= ROUNDS or (rounds >= 1 and self.seconds > MOST_SECONDS)

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        return min(1.0, self.done / (ROUNDS * len(self.round)))

    @property
    def answer(self) -> CostAnswer:
        """What is measured by now."""
        values = {name: dict(of) for name, of in self.values.items()}
        rounds = max(1, self.done // len(self.round))
        return CostAnswer(experiment=self.experiment, values=values, rounds=rounds, stopped=self.stopped)

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
    """The experiment with as many sequences at every T as the page can afford at its longest."""
    return replace(experiment, batch_size=each_loss(replace(experiment, sequence_length=200)).batch_size)


def network_of(experiment: Experiment) -> Experiment:
    """What the time of a step depends on; all else stands at its default."""
    names = ("cell", "hidden_size", "input_size", "batch_size")
    return Experiment(**{name: getattr(experiment, name) for name in names})


@remembered
def cost_answer(experiment: Experiment) -> CostAnswer:
    """One quick round, measured once for each network of `network_of`."""
    measurement = Measurement(experiment, longest=_QUICK)
    for _ in measurement.round:
        measurement.advance()
    return measurement.answer
