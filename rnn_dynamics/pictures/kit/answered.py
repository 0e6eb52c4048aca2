"""What every answer says of itself."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import TESTED, Training


class Answered(Protocol):
    """What every answer says of itself."""

    @property
    def experiment(self) -> Experiment:
        """What was computed: the question, lowered where it could not be afforded."""

    @property
    def digits(self) -> int | None:
        """How many digits another program shares of all of its numbers, see `Rounded`; None where nobody can say."""


def goes_unseen_by_h(experiment: Experiment) -> bool:
    """Whether an error goes back through time and dL/dh_t shows nothing of it: along a cell state alone."""
    return experiment.hidden_path == "cut" and "cell" in cell_of(experiment).components


TraceOf = TypeVar("TraceOf", bound=Answered)


@dataclass(frozen=True, kw_only=True)
class OfExperiment:
    """What an answer says of itself that holds its question."""

    experiment: Experiment

    @property
    def cell(self) -> Cell:
        """The cell of the question."""
        return cell_of(self.experiment)


@dataclass(frozen=True, kw_only=True)
class OfTrace(Generic[TraceOf]):
    """What an answer says of itself that holds the trace of one network."""

    trace: TraceOf

    @property
    def experiment(self) -> Experiment:
        """The trace's question, lowered where it could not be afforded."""
        return self.trace.experiment

    @property
    def cell(self) -> Cell:
        """The cell of the network."""
        return cell_of(self.experiment)

    @property
    def digits(self) -> int | None:
        """See `Answered`."""
        return self.trace.digits


@dataclass(frozen=True, kw_only=True)
class OfTrainings:
    """What an answer says of itself that has come of networks trained side by side; a page tells of the last one."""

    networks: tuple[Trained, ...]

    #: Trained in 32 bits: nobody else finds the same digits.
    digits = None
    #: Sequences that each is judged on.
    judged_on = TESTED

    @property
    def shown(self) -> Trained:
        """The one that a page tells of."""
        return self.networks[-1]

    @property
    def training(self) -> Training:
        """Its training."""
        return self.shown.training

    @property
    def experiment(self) -> Experiment:
        """Its network."""
        return self.training.experiment

    @property
    def over(self) -> bool:
        """Whether nothing is left to train."""
        return all(network.done for network in self.networks)

    @property
    def begun(self) -> bool:
        """Whether anything is trained."""
        return bool(self.shown.looks)

    @property
    def handed_out(self) -> tuple[Training, ...]:
        """The trainings that files are of: all, once they have begun."""
        return tuple(network.training for network in self.networks if network.looks)
