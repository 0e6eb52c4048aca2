"""What the dashboard offers of a training's settings, and how much it lets one training cost."""

from rnn_dynamics.experiment import Choice, Experiment, Number
from rnn_dynamics.learning.training import TRAINING_KNOBS, USED, Training

#: The `work` of all networks of a training together. About two minutes on the reference machine.
LARGEST = 1_000_000_000


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


def allowed(asked: tuple[Training, ...]) -> tuple[Training, ...]:
    """The same trainings.

    Raises:
        ValueError: together they would take too long.
    """
    cost = sum(training.work for training in asked)
    if cost > LARGEST:
        raise ValueError(
            f"steps × batch size × hidden size × updates, over all networks, is {cost:,}, GRUs and coRNNs counted "
            f"three times, sLSTMs four times; the limit of this page is {LARGEST:,}"
        )
    return asked
