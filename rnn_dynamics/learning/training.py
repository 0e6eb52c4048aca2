"""A training: what is asked, and what is known of it while it goes on. The one that trains is `trainer`, on torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import cell_of, cells_where
from rnn_dynamics.experiment import (
    Choice,
    Experiment,
    Knob,
    KnownFields,
    Number,
    asked,
    checked_experiment,
    knobs_of,
    short,
)
from rnn_dynamics.learning.networks import PLACES
from rnn_dynamics.learning.tasks import TASKS, Sentence, Task, Template

Array = NDArray[np.float64]

#: What of an Experiment a training uses. The task decides how long sequences are, and what is read and asked.
USED = (
    *("cell", "weight_scale", "hidden_size", "sequence_length", "batch_size", "initialisation", "nonlinearity"),
    *("forget_bias", "gate_bias", "seed"),
)
#: sequence_length × batch_size × hidden_size × iterations: about five minutes of an LSTM.
LARGEST_TRAINING = 2_000_000_000

#: Sequences that a network is judged on.
TESTED = 200
#: How many looks a training takes at its network, the first one apart.
LOOKS = 40
#: A loss this many times that of chance has diverged, though it may still be a number.
DIVERGED = 1e4


@dataclass(frozen=True, kw_only=True)
class Training(KnownFields):
    """One training.

    Args:
        experiment: the network: its cell (one of TRAINABLE), sizes, how its weights are drawn, N (of one iteration),
            and the seed, which fixes weights and sequences. sequence_length is the gap that the task bridges, and
            input_size is the task's. What it says of inputs, loss and layers has to stand at its default.
        task: a key of `rnn_dynamics.tasks.TASKS`, or "blank".
        template: of the sentences of "blank"; no other task has one.
        optimiser: torch.optim's, with its defaults but for the learning rate.
        learning_rate: of the optimiser.
        clipping: "norm" (the gradient of all parameters is scaled down to at most `clip_at`), "value" (each of its
            entries is cut at ± `clip_at`), or "none".
        clip_at: that threshold.
        iterations: updates, each on sequences drawn anew; the digits come from a fixed set.

    Raises:
        ValueError: a setting is outside its limits, or settings do not go together; the message names what, its value
            and the limit.
        TypeError: there is no such field; the message names the nearest one, or what is not supported.
    """

    NOT_HERE: ClassVar[Mapping[str, str]] = {
        **{item.name: ": it is a field of the experiment" for item in fields(Experiment)},
        **Experiment.NOT_HERE,
        "lr": "; did you mean 'learning_rate'?",
        "epochs": "; did you mean 'iterations'?",
    }

    experiment: Experiment
    task: str = asked("temporal_order", Choice(options=(*TASKS, "blank")))
    template: Template = field(default_factory=Template)
    optimiser: str = asked("adam", Choice(options=("adam", "rmsprop", "sgd")))
    learning_rate: float = asked(
        0.003, Number(minimum=1e-6, maximum=100.0, offered=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0))
    )
    clipping: str = asked("norm", Choice(options=("none", "norm", "value")))
    clip_at: float = asked(1.0, Number(minimum=1e-6, maximum=1e6, offered=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)))
    iterations: int = asked(
        500, Number(minimum=1, maximum=100_000, offered=(100, 200, 300, 500, 700, 1000, 1500, 2000, 3000), whole=True)
    )

    def __post_init__(self) -> None:
        for name, knob in TRAINING_KNOBS.items():
            object.__setattr__(self, name, knob.checked(name, getattr(self, name)))
        experiment, default = checked_experiment(self.experiment), Experiment()
        if not isinstance(self.template, Template):
            raise ValueError(f"template = {short(self.template)} is not a Template")
        if experiment.cell not in TRAINABLE:
            raise ValueError(f"cell = {experiment.cell!r} is not one of {', '.join(TRAINABLE)}, which can be trained")
        for name in (item.name for item in fields(Experiment)):
            if name not in (*USED, "input_size") and getattr(experiment, name) != getattr(default, name):
                raise ValueError(f"{name} = {getattr(experiment, name)!r}: a training uses only {', '.join(USED)}")
        task = self.its_task
        if experiment.sequence_length < task.shortest:
            raise ValueError(
                f"sequence_length = {experiment.sequence_length}; the least that {self.task} allows is {task.shortest}"
            )
        size = self.steps * experiment.batch_size * experiment.hidden_size * self.iterations
        if size > LARGEST_TRAINING:
            raise ValueError(
                f"steps × batch_size × hidden_size × iterations = {size:,}; the limit is {LARGEST_TRAINING:,}"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Without its task, which is found again: what a task does cannot be sent to another process."""
        return {name: value for name, value in vars(self).items() if name != "its_task"}

    @cached_property
    def its_task(self) -> Task:
        """The task itself."""
        return self.template.task() if self.task == "blank" else TASKS[self.task]

    @property
    def steps(self) -> int:
        """T: steps of one sequence."""
        return self.its_task.steps_of(self.experiment.sequence_length)

    @property
    def gap(self) -> int:
        """What it bridges: the gap asked for, or of blanks as many filler words below it as the fillers can make."""
        gap = self.experiment.sequence_length
        return self.template.gaps(gap)[-1] if self.task == "blank" else gap

    @property
    def gaps(self) -> tuple[int, ...]:
        """At how many filler words a network on blanks is tested once it is trained; none of another task."""
        return self.template.tested(self.experiment.sequence_length) if self.task == "blank" else ()

    @property
    def work(self) -> int:
        """What it costs: steps × sequences × units × updates, as many times as torch takes longer for its cell."""
        experiment = self.experiment
        size = self.steps * experiment.batch_size * experiment.hidden_size * self.iterations
        return size * cell_of(experiment).torch_cost

    @property
    def chance_loss(self) -> float:
        """The loss of an answer without memory."""
        return self.its_task.chance_loss(self.experiment.sequence_length)

    @property
    def chance_accuracy(self) -> float:
        """Its share of right answers."""
        return self.its_task.chance_accuracy

    @property
    def example(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """One sequence of the task that the seed draws: its inputs (T, D), and what is to be answered, (1,) or (T,)."""
        generator = np.random.default_rng(self.experiment.seed)
        batch = self.its_task.draw(generator, 1, self.experiment.sequence_length, True)
        return batch.inputs[:, 0], np.atleast_1d(batch.targets[..., 0])

    def sentence(self, pair: int) -> Sentence:
        """The sentence of its template that the seed draws, with the cue of a pair; all have the same fillers."""
        return self.template.example(self.experiment.seed, self.experiment.sequence_length, pair)

    @property
    def looks(self) -> tuple[int, ...]:
        """After how many iterations the network is looked at, the first time before any."""
        count = min(LOOKS, self.iterations)
        return tuple(np.unique(np.linspace(0, self.iterations, count + 1).round().astype(np.int64)).tolist())


def checked_training(training: object) -> Training:
    """Return `training`; raise ValueError where it is not one."""
    if not isinstance(training, Training):
        raise ValueError(f"training = {short(training)} is not a Training")
    return training


#: The cells that can be trained: torch.nn's, and those of `networks`.
TRAINABLE = cells_where(lambda cell: cell.module or cell.name in PLACES)
#: torch.nn's among them.
OF_TORCH = cells_where(lambda cell: cell.module)
#: Field of a Training -> its limits and offered values.
TRAINING_KNOBS: Mapping[str, Knob] = knobs_of(Training)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A look at the network between two iterations, on sequences that it is not trained on.

    Attributes:
        iteration: how many updates lie before it.
        loss: mean over the test sequences, in the unit of the task's chance_loss.
        accuracy: share of right answers among them.
        log10_norms: "input", "hidden", for the LSTM "cell", for the coRNN "velocity": (T,), log10 of the norm, over a
            small batch, of the gradient of its loss at step t; as in `Trace`, computed in float64 by this library's
            engine.
        gates: name of a gate -> (T,), its mean over sequences and units at step t.
    """

    iteration: int
    loss: float
    accuracy: float
    log10_norms: Mapping[str, Array]
    gates: Mapping[str, Array]


@dataclass
class History:
    """What a training has seen so far. Lists only grow, so that a reader in another thread sees a past state of them.

    Attributes:
        losses: of each iteration's sequences, before its update.
        gradient_norms: of all parameters together, before clipping.
        clipped: whether the gradient was clipped.
        moments: looks at the network, the first before any update.
        failure: why it ended early, or "".
    """

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    clipped: list[bool] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    failure: str = ""

    @property
    def iterations(self) -> int:
        """How many updates are done."""
        return len(self.clipped)

    @property
    def last_update(self) -> int:
        """The number of the update at which it has ended early: one that failed, or left states beyond numbers."""
        return len(self.losses)

    @property
    def ended_by(self) -> str:
        """What has ended it early: "states" that are too large, or a "loss", a "loss_lost" or a "norm" that is.

        "loss" is still a number; with "loss_lost" the loss, with "norm" that of the gradient has left those of 32 bits.
        """
        if len(self.losses) == self.iterations:
            return "states"
        if not isfinite(self.losses[-1]):
            return "loss_lost"
        return "loss" if isfinite(self.gradient_norms[-1]) else "norm"

    @property
    def last_loss(self) -> float:
        """Of the sequences that were seen last."""
        return self.losses[-1]

    @property
    def last_norm(self) -> float:
        """Of the gradient of the last update that was made."""
        return self.gradient_norms[self.iterations - 1]

    def as_it_is(self) -> "History":
        """A copy that no longer grows; what is read first was written last, so no look of it is ahead of its lists."""
        failure, moments, clipped = self.failure, list(self.moments), list(self.clipped)
        return History(
            gradient_norms=list(self.gradient_norms),
            losses=list(self.losses),
            clipped=clipped,
            moments=moments,
            failure=failure,
        )

    def packed(self) -> dict[str, Any]:
        """Plain numbers, lists and texts."""
        looks = [
            {
                **{name: getattr(look, name) for name in ("iteration", "loss", "accuracy")},
                "log10_norms": {name: values.tolist() for name, values in look.log10_norms.items()},
                "gates": {name: values.tolist() for name, values in look.gates.items()},
            }
            for look in self.moments
        ]
        return {
            "losses": list(self.losses),
            "gradient_norms": list(self.gradient_norms),
            "clipped": list(self.clipped),
            "moments": looks,
            "failure": self.failure,
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> "History":
        """The history that was packed."""

        def arrays(of: Mapping[str, list[float]]) -> dict[str, Array]:
            return {name: np.array(values) for name, values in of.items()}

        moments = [
            Moment(**{**look, "log10_norms": arrays(look["log10_norms"]), "gates": arrays(look["gates"])})
            for look in packed["moments"]
        ]
        return cls(**{**packed, "moments": moments})
