"""What the dashboard offers of a training's settings, and how much it lets one training cost."""

from rnn_dynamics.experiment import Choice, Experiment, Number
from rnn_dynamics.learning.training import TRAINING_KNOBS, USED, Training

#: What all networks of a training may cost together: steps × sequences × units × updates, an RNN's or LSTM's once, a
#: GRU's three times, for torch has no fast one. About two minutes on the reference machine.
LARGEST = 1_000_000_000
_GRU = 3


def offered(name: str) -> tuple[str, ...]:
    """The values of a training's setting as texts, for a view."""
    knob = TRAINING_KNOBS[name]
    if isinstance(knob, Choice):
        return tuple(option.replace("_", " ") for option in knob.options if option != "blank")
    assert isinstance(knob, Number)
    return tuple(f"{value:g}" for value in knob.offered)


def network_of(experiment: Experiment, cell: str) -> Experiment:
    """With the fields that a training uses; what other pages have set beside them plays no part here."""
    return Experiment(**{name: getattr(experiment, name) for name in USED if name != "cell"}, cell=cell)


def affordable(asked: tuple[Training, ...]) -> tuple[Training, ...]:
    """The same trainings.

    Raises:
        ValueError: together they would take too long.
    """
    cost = sum(_cost(training) for training in asked)
    if cost > LARGEST:
        raise ValueError(
            f"steps × batch size × hidden size × updates, over all networks, is {cost:,}, a GRU counted three times; "
            f"the limit of this page is {LARGEST:,}"
        )
    return asked


def _cost(training: Training) -> int:
    experiment = training.experiment
    size = training.steps * experiment.batch_size * experiment.hidden_size * training.iterations
    return size * (_GRU if experiment.cell == "gru" else 1)
