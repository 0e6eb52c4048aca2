"""A unit of the reader's memory beside the same with the usual one, and networks that were run on such inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnn_dynamics.engine.curse import (
    REMEDIES,
    USUAL_MEMORY,
    Student,
    factor_of,
    gain,
    sensitivity,
    slope,
    state_variance,
)
from rnn_dynamics.engine.curse_measured import MEMORIES, Networks, measure
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.frames import Array
from rnn_dynamics.remembered import remembered

#: What the sliders offer: memories in steps, the inputs' correlation from step to step, and the remedies.
OFFERED = (
    *("2", "3", "5", "7", "10", "15", "20", "30", "50", "70", "100"),
    *("150", "200", "300", "500", "700", "1000"),
)  # fmt: skip
CORRELATIONS = ("0", "0.2", "0.4", "0.6", "0.8", "0.9", "0.95")
OPENING, KINDS = "100", REMEDIES
#: The places of the laws' curves, in steps.
PLACES = np.geomspace(1.0, 1000.0, 61)
FACTORS = factor_of(PLACES)


#: The memories of the gated units of which a table tells: the shortest and the longest.
ENDS = (MEMORIES[0], MEMORIES[-1])


def _ends(values: Array) -> tuple[float, float]:
    return float(values[0]), float(values[-1])


@dataclass(frozen=True, kw_only=True)
class CurseAnswer:
    """What is said of one memory.

    students: remedy -> the unit that learns a teacher of the reader's memory. usual: the same of USUAL_MEMORY.
    remedy: the reader's. networks: what was measured on inputs of this correlation.
    """

    experiment: Experiment
    students: Mapping[str, Student]
    usual: Mapping[str, Student]
    remedy: str
    networks: Networks
    digits: None = None

    @property
    def student(self) -> Student:
        """The one with the reader's remedy."""
        return self.students[self.remedy]

    @property
    def times(self) -> Mapping[str, float]:
        """Remedy -> how many times as sensitive as with the usual memory."""
        return {name: one.sensitivity / self.usual[name].sensitivity for name, one in self.students.items()}

    @property
    def overshoots(self) -> Mapping[str, float]:
        """Remedy -> the step in units of the way that is needed."""
        return {name: one.step.ratio for name, one in self.students.items()}

    @property
    def log10_factor(self) -> float:
        """Of a gradient per step back: log10 λ."""
        return float(np.log10(self.student.factor))

    @property
    def kept(self) -> Mapping[str, tuple[float, float]]:
        """What a gate sees, or "plain" without one -> log10 of what a step back leaves, of the memories ENDS."""
        plain = _ends(np.log10(factor_of(ENDS)))
        return {"plain": plain, **{name: _ends(of.log10_factor) for name, of in self.networks.gates.items()}}

    @property
    def shares(self) -> Mapping[str, tuple[float, float]]:
        """The same -> the sensitivity to λ, or to the gate's bias, in units of the state."""
        each = [Student(memory=memory, rho=self.student.rho) for memory in ENDS]
        plain = (each[0].sensitivity / each[0].size, each[1].sensitivity / each[1].size)
        return {"plain": plain, **{name: _ends(of.sensitivity / of.state) for name, of in self.networks.gates.items()}}

    @property
    def above(self) -> Mapping[str, float]:
        """Network -> the share of its units that are more sensitive than the law has it for a real λ."""
        rho = self.student.rho
        units = self.networks.units.items()
        return {name: float((of.sensitivity > sensitivity(factor_of(of.memory), rho)).mean()) for name, of in units}

    def law(self, remedy: str) -> tuple[Array, Array]:
        """Standard deviations of the state and of its sensitivity at PLACES."""
        return self._treated(
            remedy, FACTORS, *(law(FACTORS, self.student.rho) for law in (state_variance, sensitivity))
        )

    def measured(self, network: str) -> tuple[Array, Array, Array]:
        """Of its units the memory, and both standard deviations with the reader's remedy."""
        units = self.networks.units[network]
        return units.memory, *self._treated(self.remedy, factor_of(units.memory), units.state, units.sensitivity)

    @staticmethod
    def _treated(remedy: str, factors: Array, state: Array, sensitive: Array) -> tuple[Array, Array]:
        """Standard deviations with a remedy, of variances without one."""
        gamma = gain(factors, remedy)
        return np.sqrt(state) * gamma, np.sqrt(sensitive) * gamma * slope(factors, remedy)


def curse_answer(experiment: Experiment, views: Mapping[str, str]) -> CurseAnswer:
    """Answer for memory, correlation and remedy as the views say; of the experiment only the seed counts."""
    return _answer(experiment.seed, views["memory"], views["rho"], views["remedy"])


@remembered
def _answer(seed: int, memory: str, rho: str, remedy: str) -> CurseAnswer:
    return CurseAnswer(
        experiment=Experiment(seed=seed),
        students=_students(float(memory), float(rho)),
        usual=_students(USUAL_MEMORY, float(rho)),
        remedy=remedy,
        networks=_measured(seed, rho),
    )


def _students(memory: float, rho: float) -> dict[str, Student]:
    return {remedy: Student(memory=memory, rho=rho, remedy=remedy) for remedy in REMEDIES}


@remembered
def _measured(seed: int, rho: str) -> Networks:
    """What memory and remedy leave as it is."""
    return computed(measure, float(rho), seed)
