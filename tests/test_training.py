"""Training: deterministic, resumable, equal to a plain loop over torch's modules; and it says why it fails."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rnn_dynamics import Experiment
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.learning.networks import PLACES, network_of
from rnn_dynamics.learning.tasks import TASKS
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.trainer import WALKED, Trainer
from rnn_dynamics.learning.training import DIVERGED, LOOKS, OF_TORCH, TRAINABLE, History, Training
from tests.every import every
from tests.oracle import State, next_state, seen_by
from tests.test_process import printed_by

NETWORK = Experiment(cell="lstm", sequence_length=12, hidden_size=6, batch_size=4, initialisation="torch", seed=3)
SMALL = Training(experiment=NETWORK, iterations=6)
cells = every("cell", TRAINABLE)
every_task = every("task", [*TASKS, "blank"])


def trained(training: Training) -> Trainer:
    trainer = Trainer(training)
    while not trainer.done:
        trainer.advance()
    return trainer


def of(cell: str = "lstm", **changes: Any) -> Training:
    return replace(SMALL, experiment=replace(NETWORK, cell=cell), **changes)


def one_step(cell: str, parameters: dict[str, torch.Tensor]) -> Callable[[torch.Tensor, State], State]:
    """A step of torch's, or written out where torch has none."""
    if cell in PLACES:
        return lambda read, state: next_state(cell, read, state, parameters, seen_by(cell, state))[0]
    make = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[cell]
    module: torch.nn.Module = make(parameters["weight_ih_l0"].shape[1], 6)
    own = {name.removesuffix("_l0"): of for name, of in parameters.items() if name.endswith("_l0")}

    def step(read: torch.Tensor, state: State) -> State:
        found = torch.func.functional_call(module, own, (read, state if len(state) > 1 else state[0]))
        return found if isinstance(found, tuple) else (found,)

    return step


def states_of(cell: str, parameters: dict[str, torch.Tensor], inputs: Iterable[torch.Tensor]) -> list[State]:
    """The state after each step that reads (N, D); gradients of all are kept."""
    kind, step, states = CELLS[cell], one_step(cell, parameters), list[State]()
    for read in inputs:
        begun = tuple(read.new_full((len(read), 6), kind.empty.get(name, 0.0)) for name in kind.components)
        states.append(step(read, states[-1] if states else begun))
        for of in states[-1]:
            of.retain_grad()
    return states


# What a training computes


#: Each task with each cell; each clipping with each cell, and with each task.
CLIPPED = [
    (cell, task, ("none", "norm", "value")[(first + second) % 3])
    for first, cell in enumerate(TRAINABLE)
    for second, task in enumerate((*TASKS, "blank"))
]


@every(("cell", "task", "clipping"), CLIPPED)
def test_the_updates_are_those_of_a_plain_loop_over_torchs_modules(cell: str, task: str, clipping: str) -> None:
    rate = 0.03 if CELLS[cell].rotates else 0.3  # of an LRU the loss is so steep in ν that larger steps double errors
    training = of(cell, task=task, clipping=clipping, clip_at=0.01, optimiser="sgd", learning_rate=rate)
    trainer, experiment = Trainer(training), training.experiment
    start = trainer.parameters()
    made = {name: torch.tensor(values).float().requires_grad_() for name, values in start.items()}
    words, own = made.get("words_weight"), list(made.values())
    for iteration in range(3):
        batch = trainer._draw(iteration)
        inputs = torch.tensor(batch.inputs)
        read = words[inputs] if words is not None else inputs.float()
        states = torch.stack([state for state, *_ in states_of(cell, made, read)])
        answers, targets = states @ made["readout_weight"].T + made["readout_bias"], torch.tensor(batch.targets)
        if task == "adding":
            loss = ((answers[-1, :, 0] - targets.float()) ** 2).mean()
        elif task == "copy_memory":
            loss = -torch.log_softmax(answers, -1).gather(-1, targets[..., None]).mean()
        else:
            loss = -torch.log_softmax(answers[-1], -1)[torch.arange(experiment.batch_size), targets].mean()
        gradients = torch.autograd.grad(loss, own)
        norm = sum(float((one.double() ** 2).sum()) for one in gradients) ** 0.5
        with torch.no_grad():
            for parameter, gradient in zip(own, gradients, strict=True):
                if clipping == "value":
                    update = gradient.clamp(-0.01, 0.01)
                else:
                    update = gradient * (min(1.0, 0.01 / norm) if clipping == "norm" else 1.0)
                parameter.sub_(rate * update)
        trainer.advance()
        assert trainer.history.losses[-1] == pytest.approx(loss.item(), rel=1e-4)
        assert trainer.history.gradient_norms[-1] == pytest.approx(norm, rel=1e-4)
        largest = max(float(one.abs().max()) for one in gradients)
        assert trainer.history.clipped[-1] == (clipping != "none" and (norm if clipping == "norm" else largest) > 0.01)
    for name, parameter in made.items():
        np.testing.assert_allclose(trainer.parameters()[name], parameter.detach().numpy(), atol=2e-6, err_msg=name)


@every("cell", PLACES)
@every("hidden_size", [1, 6, 7])
def test_a_network_that_torch_lacks_has_the_states_and_gradients_of_its_cell(cell: str, hidden_size: int) -> None:
    generator = np.random.default_rng(5)
    inputs, errors = generator.standard_normal((30, 4, 3)), generator.standard_normal((30, 4, hidden_size))
    network = network_of(cell)(3, hidden_size).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=2.0, generator=torch.Generator().manual_seed(len(parameter)))
    read = torch.tensor(inputs, requires_grad=True)
    states, last = network(read)
    states.backward(torch.tensor(errors))
    given = Network(cell=cell, parameters={name: of.detach().numpy() for name, of in network.named_parameters()})
    trace = run_network(given, inputs, lambda _: Errors(errors))
    np.testing.assert_allclose(states.detach().numpy(), trace.layers[0].hidden_states[1:], rtol=1e-10, atol=1e-12)
    assert torch.equal(states[-1], last)
    assert read.grad is not None
    np.testing.assert_allclose(
        trace.log10_norms["input"], np.log10(np.linalg.norm(read.grad.numpy(), axis=(1, 2))), rtol=1e-10
    )
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        np.testing.assert_allclose(trace.gradients[name], parameter.grad.numpy(), rtol=1e-10, atol=1e-10)


def test_the_networks_that_torch_lacks_are_those_that_can_be_trained_beside_torchs() -> None:
    assert set(TRAINABLE) == {*OF_TORCH, *PLACES}
    for cell in PLACES:
        named = {name.removesuffix("_l0") for name in network_of(cell)(3, 6).state_dict()}
        weights = {f"{kind}_{of}" for kind in ("weight", "bias") for of in ("ih", "hh")[: 1 + has_w_hh(CELLS[cell])]}
        assert named == {*weights, *CELLS[cell].further(6)}


@every("cell", [cell for cell in TRAINABLE if CELLS[cell].rotates])
def test_a_weight_scale_multiplies_the_memory_of_what_rotates(cell: str) -> None:
    """|λ| becomes |λ|^(1/s), and e^γ is √(1 − |λ|²) of the ring that was moved."""
    one, scaled = (
        Trainer(replace(SMALL, experiment=replace(NETWORK, cell=cell, weight_scale=scale))).parameters()
        for scale in (1.0, 0.5)
    )
    decay, twice = (np.exp(of["nu_log_l0"]) for of in (one, scaled))
    np.testing.assert_allclose(twice, 2.0 * decay, rtol=1e-5)
    for of, parameters in ((decay, one), (twice, scaled)):
        np.testing.assert_allclose(np.exp(parameters["gamma_log_l0"]), np.sqrt(1 - np.exp(-2 * of)), rtol=1e-5)


@cells
@every_task
def test_the_gradients_by_step_are_those_of_autograd(cell: str, task: str) -> None:
    trainer = trained(of(cell, task=task))
    look, rule, test = trainer.history.moments[-1], trainer.training.its_task, trainer._test
    parameters = {name: torch.tensor(value) for name, value in trainer.parameters().items()}
    inputs = torch.tensor(test.inputs[:, :WALKED])
    read = [(parameters["words_weight"][one] if task == "blank" else one).clone().requires_grad_() for one in inputs]
    states = states_of(cell, parameters, read)
    answers = torch.stack([state for state, *_ in states]) @ parameters["readout_weight"].T + parameters["readout_bias"]
    targets = torch.tensor(test.targets[..., :WALKED])
    if task == "adding":
        loss = torch.nn.functional.mse_loss(answers[-1, :, 0], targets)
    elif rule.every_step:
        loss = torch.nn.functional.cross_entropy(answers.flatten(0, 1), targets.flatten())
    else:
        loss = torch.nn.functional.cross_entropy(answers[-1], targets)
    loss.backward()  # type: ignore[no-untyped-call]
    by_component = dict(zip(CELLS[cell].components, zip(*states, strict=True), strict=True))
    expected = {"input": read} | {name: of for name, of in by_component.items() if name in look.log10_norms}
    assert expected.keys() == look.log10_norms.keys() - {"cell_path"}
    for name, tensors in expected.items():
        norms = [np.log10(float(torch.linalg.vector_norm(one.grad))) for one in tensors if one.grad is not None]
        np.testing.assert_allclose(look.log10_norms[name], norms, atol=1e-9)


def test_the_gates_are_means_over_sequences_and_units() -> None:
    trainer = trained(SMALL)
    parameters, inputs = trainer.parameters(), trainer._test.inputs[:, :WALKED]
    first = inputs[0] @ parameters["weight_ih_l0"].T + parameters["bias_ih_l0"] + parameters["bias_hh_l0"]
    forget = 1.0 / (1.0 + np.exp(-first[:, 6:12]))
    gates = trainer.history.moments[-1].gates
    assert set(gates) == {"i", "f", "g", "o"}
    assert gates["f"][0] == pytest.approx(forget.mean(), rel=1e-9)
    assert gates["f"].shape == (12,)
    assert trained(of("rnn")).history.moments[-1].gates == {}


def test_loss_and_accuracy_are_taken_on_sequences_that_are_not_trained_on() -> None:
    training = replace(SMALL, task="digits")
    trainer = trained(training)
    look = trainer.history.moments[-1]
    with torch.no_grad():
        scores = trainer._answers(trainer._test)[-1]
    picked = torch.log_softmax(scores, -1)[torch.arange(200), torch.tensor(trainer._test.targets)]
    assert look.loss == pytest.approx(float(-picked.mean()), rel=1e-5)
    assert look.accuracy == pytest.approx(float((scores.argmax(1).numpy() == trainer._test.targets).mean()))
    kept = {column.tobytes() for column in trainer._test.inputs[:, :, 0].T.copy()}
    for iteration in range(6):
        assert not kept & {column.tobytes() for column in trainer._draw(iteration).inputs[:, :, 0].T.copy()}


@every("task", ["adding", "temporal_order", "copy_memory"])
def test_accuracy_counts_right_answers(task: str) -> None:
    trainer = Trainer(replace(SMALL, task=task))
    test = trainer._test
    targets = torch.tensor(test.targets)
    if task == "adding":
        answers = targets[None, :, None].float().clone()
        answers[0, :50] += 0.05
        wrong = 50 / 200
    else:
        answers = torch.nn.functional.one_hot(targets.long(), trainer.training.its_task.outputs).float()
        answers = answers if task == "copy_memory" else answers[None]
        answers[-1, :50] = answers[-1, :50].roll(1, dims=-1)
        wrong = 50 / 200 / (10 if task == "copy_memory" else 1)
    assert trainer._accuracy(answers, test) == pytest.approx(1.0 - wrong)


def test_accuracy_at_the_own_gap_is_that_of_the_last_look() -> None:
    trainer = trained(replace(SMALL, task="blank"))
    assert trainer.accuracy_at(12) == trainer.history.moments[-1].accuracy
    assert 0.0 <= trainer.accuracy_at(1) <= 1.0
    with pytest.raises(ValueError, match="sequence_length = 0"):
        trainer.accuracy_at(0)


# Determinism and resuming


@cells
def test_a_seed_decides_every_number(cell: str) -> None:
    first, again = trained(of(cell)).history, trained(of(cell)).history
    assert first.packed() == again.packed()
    other = replace(SMALL, experiment=replace(NETWORK, cell=cell, seed=4))
    assert trained(other).history.losses != first.losses


def test_two_cells_of_one_seed_are_trained_on_the_same_sequences() -> None:
    for iteration in (0, 5):
        one, two = (Trainer(of(cell))._draw(iteration) for cell in ("rnn", "lstm"))
        np.testing.assert_array_equal(one.inputs, two.inputs)
        np.testing.assert_array_equal(one.targets, two.targets)
    assert not np.array_equal(one.inputs, Trainer(SMALL)._draw(1).inputs)


@cells
@every("optimiser", ["adam", "rmsprop", "sgd"])
@every("task", ["temporal_order", "blank"])
def test_stopped_and_resumed_gives_the_numbers_of_an_uninterrupted_run(cell: str, optimiser: str, task: str) -> None:
    training = of(cell, optimiser=optimiser, task=task, iterations=9)
    whole, part = trained(training), Trainer(training)
    for _ in range(4):
        part.advance()
    resumed = Trainer.resume(training, part.checkpoint())
    assert resumed.history.iterations == 4
    while not resumed.done:
        resumed.advance()
    assert resumed.history.packed() == whole.history.packed()
    for name, values in whole.parameters().items():
        np.testing.assert_array_equal(resumed.parameters()[name], values)


def test_a_checkpoint_of_another_network_is_refused() -> None:
    checkpoint = Trainer(SMALL).checkpoint()
    with pytest.raises(ValueError, match="does not fit"):
        Trainer.resume(of("gru"), checkpoint)
    with pytest.raises(ValueError, match="does not fit"):
        Trainer.resume(replace(SMALL, task="blank"), checkpoint)


def test_a_history_survives_packing() -> None:
    history = trained(SMALL).history
    again = History.unpacked(history.packed())
    assert again.packed() == history.packed()
    np.testing.assert_array_equal(again.moments[2].log10_norms["input"], history.moments[2].log10_norms["input"])


@every_task
def test_an_example_is_a_test_sequence_of_the_seed(task: str) -> None:
    training = of(task=task)
    batch = training.its_task.draw(np.random.default_rng(NETWORK.seed), 1, NETWORK.sequence_length, True)
    inputs, answer = training.example
    np.testing.assert_array_equal(inputs, np.asarray(batch.inputs)[:, 0])
    np.testing.assert_array_equal(answer, np.ravel(batch.targets))
    assert len(inputs) == training.steps
    assert training.chance_accuracy == training.its_task.chance_accuracy


def test_a_network_is_done_where_its_trainer_is() -> None:
    for end in (0, 2, 6):
        trainer = Trainer(SMALL)
        for _ in range(end):
            trainer.advance()
        assert Trained(SMALL, trainer.history).done == trainer.done == (end == 6)
    failed = Trained(SMALL, History(failure="Iteration 1"))
    assert failed.done
    assert failed.lost


@every(("iterations", "count"), [(1, 2), (6, 7), (500, LOOKS + 1)])
def test_looks_begin_before_the_first_update_and_end_after_the_last(iterations: int, count: int) -> None:
    looks = replace(SMALL, iterations=iterations).looks
    assert (looks[0], looks[-1], len(looks)) == (0, iterations, count)


def test_the_first_look_is_at_the_network_as_it_is_drawn() -> None:
    trainer = trained(SMALL)
    assert [look.iteration for look in trainer.history.moments] == list(range(7))
    assert trainer.history.moments[0].log10_norms["hidden"].shape == (12,)
    fresh = Trainer(SMALL).history.moments
    np.testing.assert_array_equal(fresh[0].log10_norms["hidden"], trainer.history.moments[0].log10_norms["hidden"])


def test_the_weights_are_drawn_by_the_experiments_scheme() -> None:
    experiment = replace(NETWORK, initialisation="orthogonal", weight_scale=0.5, forget_bias=2.0)
    parameters = Trainer(replace(SMALL, experiment=experiment)).parameters()
    block = parameters["weight_hh_l0"][:6]
    np.testing.assert_allclose(block @ block.T, 0.25 * np.eye(6), atol=1e-6)
    np.testing.assert_array_equal(parameters["bias_ih_l0"], [0.0] * 6 + [2.0] * 6 + [0.0] * 12)


def test_nothing_outside_is_disturbed() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    trained(SMALL)
    assert torch.equal(torch.rand(3), expected)
    assert float(torch.tensor(1e-40)) != 0.0


# What goes wrong


@every(("clipping", "said"), [("none", "without clipping"), ("value", "clipped by value")])
def test_a_rate_that_diverges_ends_with_what_and_when(clipping: str, said: str) -> None:
    training = replace(
        SMALL, task="adding", optimiser="sgd", learning_rate=100.0, clipping=clipping, clip_at=1e6, iterations=200
    )
    history = trained(training).history
    assert 1 < len(history.losses) < 200
    assert history.failure.startswith(f"Iteration {len(history.losses)}: the loss is ")
    assert "one iteration earlier the gradient's norm was" in history.failure
    assert f"The learning rate is 100, {said}." in history.failure
    assert history.iterations == len(history.losses) - 1  # the curves so far
    assert not history.losses[-1] <= DIVERGED / 6


def grows(**changes: Any) -> Training:
    """A ReLU network on the adding problem, whose states grow by the weight scale at each step."""
    network = Experiment(
        cell="rnn", initialisation="identity", nonlinearity="relu", hidden_size=32, batch_size=32, sequence_length=50
    )
    return Training(experiment=replace(network, **changes), task="adding")


def test_a_first_update_that_fails_says_why_and_counts_as_none() -> None:
    trainer = Trainer(grows(weight_scale=2.0))
    trainer.advance()
    history = trainer.history
    assert history.failure.startswith("Iteration 1: the gradient's norm is inf, beyond the range of 32-bit numbers. ")
    assert "earlier" not in history.failure
    assert (history.iterations, len(history.losses), len(history.gradient_norms)) == (0, 1, 1)
    assert trainer.done


def test_states_that_an_update_makes_too_large_end_this_training_and_raise_nothing() -> None:
    training = grows(initialisation="torch", sequence_length=400)
    history = trained(replace(training, learning_rate=10.0, iterations=20)).history
    assert history.failure.startswith("After iteration 1: ")
    assert history.failure.endswith("beyond 1e+300, the limit.")
    assert (history.iterations, len(history.losses), len(history.moments)) == (1, 1, 1)


def test_an_iteration_that_an_exception_breaks_off_never_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("an error of ours")

    trainer = Trainer(SMALL)
    trainer.advance()
    before = trainer.history.packed()
    with monkeypatch.context() as patch:
        patch.setattr(trainer._optimiser, "step", fail)
        with pytest.raises(KeyError):
            trainer.advance()
    assert trainer.history.packed() == before
    trainer.advance()
    assert trainer.history.iterations == 2


def test_nan_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(SMALL)
    trainer.advance()
    with torch.no_grad():
        trainer.readout.bias[0] = float("nan")
    trainer.advance()
    assert trainer.history.failure.startswith("Iteration 2: the loss is nan")
    before = trainer.history.packed()
    trainer.advance()
    assert trainer.done
    assert trainer.history.packed() == before


@every(
    ("changes", "said"),
    [
        ({"task": "chess"}, "task = 'chess' is not one of temporal_order, adding, copy_memory, digits, blank"),
        ({"learning_rate": float("nan")}, "learning_rate = nan is not a number from 1e-06 to 100"),
        ({"learning_rate": 0}, "learning_rate = 0 is not"),
        ({"iterations": 0}, "iterations = 0 is not a whole number from 1 to 100000"),
        ({"clip_at": -1.0}, "clip_at = -1.0 is not"),
        ({"optimiser": "lbfgs"}, "optimiser = 'lbfgs' is not one of adam, rmsprop, sgd"),
        ({"experiment": replace(NETWORK, cell="jordan")}, "cell = 'jordan' is not one of rnn, lstm, gru"),
        ({"experiment": replace(NETWORK, num_layers=2)}, "num_layers = 2: a training uses only"),
        ({"experiment": replace(NETWORK, input_scale=2.0)}, "input_scale = 2.0: a training uses only"),
        ({"experiment": replace(NETWORK, sequence_length=9)}, "sequence_length = 9; the least that temporal_order"),
        ({"iterations": 100_000, "experiment": replace(NETWORK, hidden_size=512)}, "the limit is 2,000,000,000"),
    ],
    ids=str,
)
def test_bad_settings_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(SMALL, **changes)


# It learns

LEARNS = Experiment(
    cell="lstm", sequence_length=20, hidden_size=16, batch_size=32, initialisation="torch", gate_bias="chrono", seed=0
)


@every(
    ("task", "iterations", "mark"),
    [
        ("temporal_order", 150, 0.95),
        ("adding", 500, 0.3),
        ("copy_memory", 600, 0.3),
        ("digits", 300, 0.5),
        ("blank", 80, 0.95),
    ],
)
def test_an_lstm_learns_each_task(task: str, iterations: int, mark: float) -> None:
    gap = 1 if task == "copy_memory" else 20
    training = Training(
        experiment=replace(LEARNS, sequence_length=gap, hidden_size=48 if task == "copy_memory" else 16),
        task=task,
        learning_rate=0.01,
        iterations=iterations,
    )
    look = trained(training).history.moments[-1]
    assert look.accuracy >= mark
    assert look.loss < 0.8 * training.its_task.chance_loss(gap)


def test_to_train_and_to_resume_loads_no_compiler_of_torch() -> None:
    loaded = printed_by(
        "import json, sys\n"
        "from rnn_dynamics import Experiment\n"
        "from rnn_dynamics.learning.trainer import Trainer\n"
        "from rnn_dynamics.learning.training import Training\n"
        "small = Experiment(cell='lstm', sequence_length=12, hidden_size=3, batch_size=2, initialisation='torch')\n"
        "for optimiser in ('adam', 'rmsprop', 'sgd'):\n"
        "    training = Training(experiment=small, optimiser=optimiser, iterations=2)\n"
        "    trainer = Trainer(training)\n"
        "    trainer.advance()\n"
        "    trainer = Trainer.resume(training, trainer.checkpoint())\n"
        "    trainer.advance()\n"
        "    assert trainer.history.iterations == 2\n"
        "print(json.dumps([name for name in ('torch', 'torch._dynamo', 'sympy') if name in sys.modules]))"
    )
    assert loaded == ["torch"]
