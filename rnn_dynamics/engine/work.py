"""What an answer costs, estimated before it is computed, and how much of it can be afforded, so that nobody waits."""

from collections.abc import Callable
from dataclasses import replace

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import Experiment

#: What a step costs beside its matrix products, as if H were this much larger.
_OVERHEAD = 100
#: What all single losses of a network may cost where somebody waits, in multiply-adds, beyond one sequence: in a hall
#: of 300 each press has a hundredth of a second, and most ask for a network that nobody has asked for.
_EACH_LOSS = 1.2e8
#: Seconds of a step of a single walk for its calls, as many again for each block, and of a multiply-add; and how many
#: sequences are multiplied in the time that it takes to read the matrices.
_CALLS, _MULTIPLY_ADD, _READING = 5e-6, 9e-11, 3


def work_of(experiment: Experiment, *cells: str) -> int:
    """About how many multiply-adds one network takes, or one of each of the named cells together, overhead included.

    3 × 10⁹ of them take about a second on one core of the reference machine (`python -m benchmarks.cost`).
    """
    blocks = sum(CELLS[cell].blocks for cell in cells or (experiment.cell,))
    steps = experiment.sequence_length * experiment.levels
    return multiply_adds(blocks, experiment.hidden_size, experiment.batch_size, steps)


def multiply_adds(blocks: int, hidden_size: int, batch_size: int, steps: int) -> int:
    """The same of a cell whose W_hh has so many blocks, over the steps of all levels together."""
    return blocks * (hidden_size + _OVERHEAD) * hidden_size * batch_size * steps


def walk_seconds(blocks: int, hidden_size: int, batch_size: int, steps: int) -> float:
    """About how long it takes to walk there and back, over the steps of all levels together.

    What a small network takes are calls, as long for one sequence as for eight; a large one with few sequences reads
    its matrices. Within a factor of two of what an AMD EPYC takes for rnn, lstm and gru, H = 16 to 512 and N = 1 to 8.
    """
    products = multiply_adds(blocks, hidden_size, batch_size + _READING, steps)
    return steps * (1 + blocks) * _CALLS + products * _MULTIPLY_ADD


def affordable(most: float, each: float, asked: int) -> int:
    """How many of those that are asked for may be computed, of which each costs so much: at least one."""
    return int(min(asked, max(1, most // each)))


def work_of_each_loss(experiment: Experiment) -> int:
    """The same of walking back from each of the T losses by itself: each is a column of its own at each step."""
    return experiment.sequence_length * work_of(experiment)


def fewer_sequences(experiment: Experiment, most: float, cost: Callable[[Experiment], int] = work_of) -> Experiment:
    """The same with as many of its sequences as may be computed."""
    one = cost(replace(experiment, batch_size=1))
    return replace(experiment, batch_size=affordable(most, one, experiment.batch_size))


def each_loss(experiment: Experiment) -> Experiment:
    """The same with a loss at every step, and as many of its sequences as can be walked back from each by itself."""
    return fewer_sequences(replace(experiment, loss_at="every"), _EACH_LOSS, work_of_each_loss)
