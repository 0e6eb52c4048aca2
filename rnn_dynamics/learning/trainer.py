"""Trains networks of `torch.nn` and `networks`, one iteration at a time: deterministic for a seed, and resumable.

What is random comes from NumPy generators that depend on the seed and the iteration alone, so a training that was
stopped and resumed gives the numbers of one that was not. Imports torch: import this room where it is needed.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import unwrap
from time import monotonic
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.engine.trace import LayerTrace
from rnn_dynamics.learning.networks import PLACES, network_of
from rnn_dynamics.learning.reading import starting_parameters
from rnn_dynamics.learning.tasks import Batch
from rnn_dynamics.learning.training import DIVERGED, TESTED, History, Moment, Training, checked_training
from rnn_dynamics.remembered import MEMORY

Array = NDArray[np.float64]

_MODULES = {name: getattr(torch.nn, cell.module) for name, cell in CELLS.items() if cell.module}
_MODULES |= {name: network_of(name) for name in PLACES}


def _without_compiler(optimiser: type[torch.optim.Optimizer]) -> Any:
    """The same optimiser, but that it does not load torch's compiler: 800 modules, 72 MB and a second.

    Torch would load it only to tell it to stay away from these methods, which are wrapped for that.
    """
    names = "add_param_group", "zero_grad", "state_dict", "load_state_dict", "step"
    methods = {name: torch.no_grad()(unwrap(getattr(optimiser, name))) for name in names}
    return type(optimiser.__name__, (optimiser,), methods)


_OPTIMISERS = {
    "adam": _without_compiler(torch.optim.Adam),
    "rmsprop": _without_compiler(torch.optim.RMSprop),
    "sgd": _without_compiler(torch.optim.SGD),
}
#: Of the sequences that a look is judged on, those whose gradients are walked back.
WALKED = 16


class Trainer:
    """One training, as far as it has come.

    training: the question. history: what it has seen so far.
    """

    def __init__(self, training: Training, history: History | None = None) -> None:
        torch.set_num_threads(1)  # a second one costs more than a step of this size
        self.training, self.history = checked_training(training), history or History()
        experiment, task = training.experiment, training.its_task
        _, self._batches, _, self._test_stream = np.random.SeedSequence(experiment.seed).spawn(4)
        start = starting_parameters(training)
        options = {"nonlinearity": experiment.nonlinearity} if experiment.cell == "rnn" else {}
        with torch.random.fork_rng(devices=[]):  # what they draw is replaced
            self.network: torch.nn.Module = _MODULES[experiment.cell](
                task.input_size, experiment.hidden_size, **options
            )
            self.readout = torch.nn.Linear(experiment.hidden_size, task.outputs)
            self.words = torch.nn.Embedding(task.vocabulary, task.input_size) if task.vocabulary else None
        self._modules = {"": self.network, "readout_": self.readout} | ({"words_": self.words} if self.words else {})
        for prefix, module in self._modules.items():
            module.load_state_dict({name: torch.tensor(start[prefix + name]) for name in module.state_dict()})
        self._parameters = [parameter for module in self._modules.values() for parameter in module.parameters()]
        self._optimiser = _OPTIMISERS[training.optimiser](self._parameters, lr=training.learning_rate)
        if history is None:
            self._look()

    @property
    def done(self) -> bool:
        """Whether there is nothing more to do."""
        return bool(self.history.failure) or self.history.iterations >= self.training.iterations

    def advance(self) -> None:
        """Do one iteration, and look at the network where it is time to. Nothing happens once it is done."""
        if self.done:
            return
        history = self.history
        with _FlushedDenormals():
            batch = self._draw(history.iterations)
            self._optimiser.zero_grad()
            loss = _loss(self._answers(batch), batch)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = float(torch.nn.utils.get_total_norm([_gradient(one) for one in self._parameters]))
            failure = self._failure(float(loss.detach()), norm)
            clipped = not failure and self._update(norm)
        # Only now, so that the history never tells of an iteration that an exception has kept from its end.
        history.losses.append(float(loss.detach()))
        history.gradient_norms.append(norm)
        history.failure = failure
        if not failure:
            history.clipped.append(clipped)
            self._look_if_due()

    def parameters(self) -> dict[str, Array]:
        """What is learned so far, in float64: under torch's names, and readout_weight, readout_bias, words_weight."""
        return {
            prefix + name: value.detach().double().numpy()
            for prefix, module in self._modules.items()
            for name, value in module.named_parameters()
        }

    def accuracy_at(self, gap: int) -> float:
        """The share of right answers at another gap than that of the training, counted once for each state of it.

        Raises:
            ValueError: the task does not allow this gap.
        """
        question = Trainer.accuracy_at, self.training, self.history.iterations, gap
        return float(MEMORY.recall(question, lambda: self._counted_at(gap)))

    def tests(self) -> list[tuple[int, float]]:
        """The gaps at which the training's network is tested, and the share of right answers at each."""
        # Of fillers that make no single word a gap of 1 draws none, too.
        return [(gap, self.accuracy_at(max(1, gap))) for gap in self.training.gaps]

    @property
    def _test(self) -> Batch:
        """Drawn at each look, in a millisecond: a server keeps many trainings, and each test takes up to 4 MB."""
        length = self.training.experiment.sequence_length
        return self.training.its_task.draw(np.random.default_rng(self._test_stream), TESTED, length, True)

    def _counted_at(self, gap: int) -> float:
        experiment = replace(self.training.experiment, sequence_length=gap)
        test = replace(self.training, experiment=experiment).its_task.draw(
            np.random.default_rng(self._test_stream), TESTED, gap, True
        )
        with torch.no_grad(), _FlushedDenormals():
            return self._accuracy(self._answers(test), test)

    def checkpoint(self) -> bytes:
        """All that is needed to go on elsewhere; see `resume`."""
        buffer = io.BytesIO()
        state = {
            "modules": {prefix: module.state_dict() for prefix, module in self._modules.items()},
            "optimiser": self._optimiser.state_dict(),
            "history": self.history.packed(),
        }
        torch.save(state, buffer)
        return buffer.getvalue()

    @classmethod
    def resume(cls, training: Training, checkpoint: bytes) -> "Trainer":
        """Go on with a training where its `checkpoint` was taken.

        Raises:
            ValueError: the checkpoint is of a network of another size or kind.
        """
        state = torch.load(io.BytesIO(checkpoint), weights_only=True)
        trainer = cls(training, History.unpacked(state["history"]))
        try:
            for prefix, module in trainer._modules.items():
                module.load_state_dict(state["modules"][prefix])
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"this checkpoint does not fit {training}") from error
        trainer._optimiser.load_state_dict(state["optimiser"])
        return trainer

    def _draw(self, iteration: int) -> Batch:
        experiment = self.training.experiment
        stream = np.random.SeedSequence(self._batches.entropy, spawn_key=(*self._batches.spawn_key, iteration))
        generator = np.random.default_rng(stream)
        return self.training.its_task.draw(generator, experiment.batch_size, experiment.sequence_length, False)

    def _answers(self, batch: Batch) -> torch.Tensor:
        """Scores (T, N, outputs) of all steps, or (1, N, outputs) of the last one."""
        inputs = torch.as_tensor(batch.inputs)
        states, _ = self.network(self.words(inputs) if self.words else inputs.float())
        answers: torch.Tensor = self.readout(states if self.training.its_task.every_step else states[-1:])
        return answers

    def _update(self, norm: float) -> bool:
        """Change the weights; whether the gradient, of that norm, was clipped before."""
        clipped = self._clip(norm)
        self._optimiser.step()
        return clipped

    def _clip(self, norm: float) -> bool:
        kind, limit = self.training.clipping, self.training.clip_at
        if kind == "norm":
            torch.nn.utils.clip_grads_with_norm_(self._parameters, limit, torch.tensor(norm))
            return norm > limit
        if kind == "value":
            clipped = any(bool((_gradient(one).abs() > limit).any()) for one in self._parameters)
            torch.nn.utils.clip_grad_value_(self._parameters, limit)
            return clipped
        return False

    def _failure(self, loss: float, norm: float) -> str:
        """Why the iteration after those of the history, of this loss and gradient, cannot be followed, or ""."""
        training, chance, norms = self.training, self.training.chance_loss, self.history.gradient_norms
        if np.isfinite(norm) and loss <= DIVERGED * chance:
            return ""
        if not np.isfinite(loss):
            what = f"the loss is {loss:g}"
        elif not np.isfinite(norm):
            what = f"the gradient's norm is {norm:g}, beyond the range of 32-bit numbers"
        else:
            what = f"the loss is {loss:.3g}, more than {DIVERGED:,.0f} times that of chance, {chance:.3g}"
        before = f"; one iteration earlier the gradient's norm was {norms[-1]:.3g}" if norms else ""
        clipping = "without clipping" if training.clipping == "none" else f"clipped by {training.clipping}"
        return (
            f"Iteration {len(norms) + 1}: {what}{before}. The learning rate is {training.learning_rate:g}, {clipping}."
        )

    def _accuracy(self, answers: torch.Tensor, batch: Batch) -> float:
        """The share of right answers at the judged steps."""
        task, targets = self.training.its_task, torch.as_tensor(batch.targets)
        if task.tolerance is not None:
            right = (answers[-1, :, 0] - targets).abs() < task.tolerance
        else:
            judged = targets[-task.judged :] if task.every_step else targets[None]
            right = answers[-task.judged :].argmax(dim=-1) == judged
        return float(right.double().mean())

    def _look_if_due(self) -> None:
        if self.history.iterations in self.training.looks:
            try:
                self._look()
            except ValueError as error:  # the last update has made states of a ReLU network leave float64
                self.history.failure = f"After iteration {self.history.iterations}: {error}."

    def _look(self) -> None:
        """Judge the network on the test sequences, and send the loss of some of them back through time."""
        test = self._test
        with torch.no_grad(), _FlushedDenormals():
            answers = self._answers(test)
            loss = float(_loss(answers, test))
            right = self._accuracy(answers, test)
        trace = walk(self.training, self.parameters(), Batch(test.inputs[:, :WALKED], test.targets[..., :WALKED]))
        self.history.moments.append(
            Moment(
                iteration=self.history.iterations,
                loss=loss,
                accuracy=right,
                log10_norms=trace.log10_norms,
                gates={name: values.mean(axis=(1, 2)) for name, values in trace.gates.items()},
            )
        )


def further(trainings: Sequence[Training], checkpoints: Sequence[bytes], seconds: float) -> list[bytes]:
    """Go on with some trainings side by side, an update of each in turn, for about so long or until all are done.

    Returns:
        their checkpoints.
    """
    end, trainers = monotonic() + seconds, [*map(Trainer.resume, trainings, checkpoints)]
    while monotonic() < end and not all(trainer.done for trainer in trainers):
        for trainer in trainers:
            trainer.advance()
    return [trainer.checkpoint() for trainer in trainers]


def walk(training: Training, parameters: Mapping[str, Array], batch: Batch) -> LayerTrace:
    """Send the loss of some sequences back through a network, in float64; see `run_network`."""
    own = {name: values for name, values in parameters.items() if name.endswith("_l0")}
    network = Network(cell=training.experiment.cell, nonlinearity=training.experiment.nonlinearity, parameters=own)
    inputs = np.asarray(
        parameters["words_weight"][batch.inputs] if training.its_task.vocabulary else batch.inputs, float
    )
    weight, bias = (torch.tensor(parameters[f"readout_{name}"]) for name in ("weight", "bias"))

    def errors(states: States) -> Errors:
        """∂loss/∂h_t of the compared steps, (1 or T, N, H)."""
        compared = states.output if training.its_task.every_step else states.output[-1:]
        hidden = torch.tensor(compared, requires_grad=True)
        _loss(F.linear(hidden, weight, bias), batch).backward()  # type: ignore[no-untyped-call]
        return Errors(np.asarray(_gradient(hidden).numpy()))

    return run_network(network, inputs, errors, parameter_gradients=False).layers[0]


def _loss(answers: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean squared error, or mean cross-entropy, over the compared steps."""
    targets = torch.as_tensor(batch.targets)
    if targets.is_floating_point():
        return F.mse_loss(answers[-1, :, 0], targets.to(answers.dtype))
    return F.cross_entropy(answers.flatten(0, 1), targets.flatten())


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    gradient = parameter.grad
    assert gradient is not None
    return gradient


class _FlushedDenormals:
    """Within, and in this thread, 32-bit numbers below 1e-38 count as zero.

    Gradients that vanish into such numbers would take several times as long.
    """

    def __enter__(self) -> None:
        torch.set_flush_denormal(True)

    def __exit__(self, *_: object) -> None:
        torch.set_flush_denormal(False)
