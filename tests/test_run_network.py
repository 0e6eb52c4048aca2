"""Networks whose weights are given: equal to torch.nn's own modules and their autograd, whatever the loss reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnn_dynamics import CELLS, Errors, Experiment, Network, NetworkTrace, States, run, run_network
from rnn_dynamics.limits import LARGEST_INPUT, LARGEST_WEIGHT
from tests.every import every
from tests.oracle import MODULES, relative_error

Array = NDArray[np.float64]
#: Relative; what two orders of summation leave.
ROUNDING = 1e-10
STEPS, SEQUENCES, FEATURES, HIDDEN = 9, 3, 2, 4


@dataclass
class Twin:
    """torch's answer: its module, what it read, and what autograd says."""

    module: torch.nn.RNNBase
    inputs: Tensor
    initial: tuple[Tensor, ...]
    errors: Errors
    outputs: States
    gradients: dict[str, Array]
    by_input: Array
    by_initial: list[Array]


def module_of(cell: str, **options: Any) -> torch.nn.RNNBase:
    torch.manual_seed(1)
    module: torch.nn.RNNBase = MODULES[cell](FEATURES, HIDDEN, dtype=torch.float64, **options)
    return module


def ask_torch(module: torch.nn.RNNBase, reads: tuple[str, ...], *, start: bool, lengths: list[int] | None) -> Twin:
    """A loss that weighs with random numbers all that it reads of "output", "h_n" and "c_n"."""
    generator = torch.Generator().manual_seed(2)

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    inputs = noise(STEPS, SEQUENCES, FEATURES).requires_grad_()
    levels = module.num_layers * (1 + module.bidirectional)
    lstm = isinstance(module, torch.nn.LSTM)
    initial = tuple(noise(levels, SEQUENCES, HIDDEN).requires_grad_() for _ in range(1 + lstm)) if start else ()
    given = inputs if lengths is None else pack_padded_sequence(inputs, torch.tensor(lengths), enforce_sorted=False)
    output, last = module(given, (initial if lstm else initial[0]) if start else None)
    if lengths is not None:
        output, _ = pad_packed_sequence(output, total_length=STEPS)
    parts = dict(zip(("output", "h_n", "c_n"), (output, *(last if lstm else (last,))), strict=False))
    weights = {name: noise(*parts[name].shape) for name in reads if name in parts}
    sum((weights[name] * parts[name]).sum() for name in weights).backward()
    return Twin(
        module=module,
        inputs=inputs,
        initial=initial,
        errors=Errors(**{name: of.numpy() for name, of in weights.items()}),
        outputs=States(*(part.detach().numpy() for part in parts.values()), *([] if lstm else [None])),
        gradients={name: _gradient(of) for name, of in module.named_parameters()},
        by_input=_gradient(inputs),
        by_initial=[_gradient(of) for of in initial],
    )


def _gradient(of: Tensor) -> Array:
    return np.zeros(of.shape) if of.grad is None else of.grad.numpy()


def network_of(module: torch.nn.RNNBase) -> Network:
    cell = next(name for name, kind in MODULES.items() if isinstance(module, kind))
    parameters = {name: of.numpy() for name, of in module.state_dict().items()}
    return Network(cell=cell, parameters=parameters, nonlinearity=getattr(module, "nonlinearity", "tanh"))


def answer_to(twin: Twin, lengths: list[int] | None = None, **options: Any) -> NetworkTrace:
    initial = [of.detach().numpy() for of in twin.initial] or None
    inputs = twin.inputs.detach().numpy()
    return run_network(network_of(twin.module), inputs, twin.errors, initial=initial, lengths=lengths, **options)


def assert_equal(twin: Twin, found: NetworkTrace) -> None:
    for ours, theirs in zip(found.states, twin.outputs, strict=True):
        if theirs is not None and ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=ROUNDING, atol=1e-14)
    assert relative_error(found.input_gradient, twin.by_input) < ROUNDING
    with np.errstate(divide="ignore"):
        norms = np.log10(np.linalg.norm(twin.by_input, axis=(1, 2)))
    np.testing.assert_allclose(found.log10_norms["input"], norms, atol=ROUNDING)
    for name, gradient in twin.gradients.items():
        assert relative_error(found.gradients[name], gradient) < ROUNDING, name
    for ours, theirs in zip(found.initial_gradients, twin.by_initial, strict=False):
        assert relative_error(ours, theirs) < ROUNDING


NETWORKS = [
    ("rnn", {}),
    ("rnn", {"nonlinearity": "relu", "bias": False, "num_layers": 2}),
    ("rnn", {"bidirectional": True, "num_layers": 3}),
    ("lstm", {"num_layers": 2}),
    ("lstm", {"bidirectional": True, "bias": False}),
    ("lstm", {"bidirectional": True, "num_layers": 3}),
    ("gru", {"num_layers": 3, "bias": False}),
    ("gru", {"bidirectional": True, "num_layers": 2}),
]
LOSSES = [("output",), ("h_n",), ("c_n",), ("output", "h_n", "c_n")]


@every("start", [False, True])
@every("lengths", [None, [5, 9, 1]])
@every("reads", LOSSES)
@every(("cell", "options"), NETWORKS)
def test_a_given_network_answers_as_torch_does(
    cell: str, options: dict[str, Any], reads: tuple[str, ...], lengths: list[int] | None, start: bool
) -> None:
    if reads == ("c_n",) and cell != "lstm":
        reads = ("output", "h_n")
    twin = ask_torch(module_of(cell, **options), reads, start=start, lengths=lengths)
    assert_equal(twin, answer_to(twin, lengths))


@every("lengths", [None, [5, 9, 1]])
@every(("cell", "options"), NETWORKS)
def test_each_sequence_is_answered_as_if_it_were_alone(
    cell: str, options: dict[str, Any], lengths: list[int] | None
) -> None:
    twin = ask_torch(module_of(cell, **options), ("output", "h_n", "c_n"), start=True, lengths=lengths)
    together = answer_to(twin, lengths, by_step=True, by_sequence=True)
    total = {(at.layer, at.reverse): np.zeros((STEPS, SEQUENCES)) for at in together.layers}
    for n, length in enumerate(lengths or [STEPS] * SEQUENCES):
        one = slice(n, n + 1)
        errors = Errors(*(None if of is None else of[:, one] for of in twin.errors))
        if errors.output is not None:
            errors = errors._replace(output=errors.output[:length])
        alone = run_network(
            together.network,
            together.inputs[:length, one],
            errors,
            initial=[of.detach().numpy()[:, one] for of in twin.initial],
        )
        for ours, theirs in zip(together.layers, alone.layers, strict=True):
            ends = slice(0, length) if ours.reverse else slice(0, length + 1)
            np.testing.assert_allclose(ours.hidden_states[ends, n], theirs.hidden_states[ends, 0], atol=1e-14)
            for name, values in theirs.gates.items():
                np.testing.assert_allclose(ours.gates[name][:length, n], values[:, 0], atol=1e-14)
                assert np.isnan(ours.gates[name][length:, n]).all()
            total[ours.layer, ours.reverse][:length, n] = theirs.log10_norms["hidden"]
            total[ours.layer, ours.reverse][length:, n] = -np.inf
    for level in together.layers:
        with np.errstate(divide="ignore"):
            joint = 0.5 * np.log10((10.0 ** (2.0 * total[level.layer, level.reverse])).sum(axis=1))
        np.testing.assert_allclose(level.log10_norms["hidden"], joint, atol=ROUNDING)
        assert level.sequence_norms is not None
        np.testing.assert_allclose(level.sequence_norms["hidden"], total[level.layer, level.reverse], atol=ROUNDING)


STEP: dict[str, Any] = {"rnn": torch.rnn_tanh_cell, "lstm": torch.lstm_cell, "gru": torch.gru_cell}


@every("cell", ["rnn", "lstm", "gru"])
def test_a_single_sequence_that_ends_early_is_read_as_if_nothing_stood_behind_its_end(cell: str) -> None:
    network = network_of(module_of(cell, num_layers=2, bidirectional=True))
    generator = np.random.default_rng(1)
    inputs = generator.standard_normal((STEPS, 1, network.input_size))
    output = generator.standard_normal((STEPS, 1, 2 * network.hidden_size))
    for first in (0, 1):  # errors of the whole output, and of its last steps
        found = run_network(network, inputs, Errors(output[first:]), lengths=[5])
        part = run_network(network, inputs[:5], Errors(output[first:5]))
        np.testing.assert_allclose(found.input_gradient[:5], part.input_gradient, rtol=1e-12, atol=0)
        assert not found.input_gradient[5:].any()
        for name, values in part.gradients.items():
            np.testing.assert_allclose(found.gradients[name], values, rtol=1e-12, atol=1e-300)


def step_gradients(twin: Twin, lengths: list[int], *, reverse: bool) -> Array:
    """Of each step, in the order of time, the gradient of a copy of W_hh that it has for itself: (T, G·H, H)."""
    cell, end = network_of(twin.module).cell, "_l0_reverse" if reverse else "_l0"
    weights = {name.removesuffix(end): of.detach() for name, of in twin.module.named_parameters() if name.endswith(end)}
    own = weights.pop("weight_hh").repeat(STEPS, 1, 1).requires_grad_()
    part = slice(HIDDEN * reverse, HIDDEN * (1 + reverse))
    loss = torch.zeros((), dtype=torch.float64)
    for n, length in enumerate(lengths):
        initial = tuple(of[int(reverse), n : n + 1].detach() for of in twin.initial)
        state: Any = initial if cell == "lstm" else initial[0]
        for t in range(length - 1, -1, -1) if reverse else range(length):
            read = (weights["weight_ih"], own[t], weights["bias_ih"], weights["bias_hh"])
            state = STEP[cell](twin.inputs[t, n : n + 1].detach(), state, *read)
            hidden = state[0] if cell == "lstm" else state
            assert twin.errors.output is not None
            loss = loss + (hidden * torch.tensor(twin.errors.output[t, n : n + 1, part])).sum()
    return _gradient_of(loss, own)


def _gradient_of(loss: Tensor, of: Tensor) -> Array:
    [found] = torch.autograd.grad(loss, [of])
    return np.asarray(found.numpy())


@every("lengths", [None, [5, 9, 1]])
@every("cell", MODULES)
def test_the_shares_of_the_steps_are_those_of_copies_of_the_weights(cell: str, lengths: list[int] | None) -> None:
    twin = ask_torch(module_of(cell, bidirectional=True), ("output",), start=True, lengths=lengths)
    for level in answer_to(twin, lengths, by_step=True).layers:
        each = step_gradients(twin, lengths or [STEPS] * SEQUENCES, reverse=level.reverse)
        total = each.sum(axis=0)
        assert level.recurrent_shares is not None
        np.testing.assert_allclose(
            level.recurrent_shares, (each * total).sum(axis=(1, 2)) / (total**2).sum(), atol=1e-12
        )


@every(("cell", "kind"), [*((cell, {}) for cell in CELLS), ("gru", {"reset_gate": "before"})])
def test_a_drawn_network_that_is_given_answers_as_the_drawn_one(cell: str, kind: dict[str, str]) -> None:
    more: dict[str, Any] = kind | ({} if cell == "jordan" else {"num_layers": 2, "bidirectional": True})
    trace = run(Experiment(cell=cell, sequence_length=40, hidden_size=5, seed=3, **more))
    readout = {"weight_ho": trace.readout} if cell == "jordan" else {}

    def errors(states: States) -> Errors:
        residual = states.output[-1] @ trace.readout.T - trace.targets
        return Errors((residual / residual.size @ trace.readout)[None])

    network = Network(cell=cell, parameters={**trace.parameters, **readout}, **kind)
    found = run_network(network, trace.inputs, errors)
    for ours, theirs in zip(found.layers, trace.layers, strict=True):
        for name, norms in theirs.log10_norms.items():
            np.testing.assert_allclose(ours.log10_norms[name], norms, atol=1e-11)
    np.testing.assert_allclose(found.log10_norms["input"], trace.log10_norms["input"], atol=1e-11)
    assert found.log10_rounding == pytest.approx(trace.log10_rounding, abs=1e-6)


@every("decade", [-3.0, 2.0])
def test_a_gradient_far_outside_float64_is_told_in_full(decade: float) -> None:
    matrices = {"weight_ih_l0": np.eye(2), "weight_hh_l0": 10.0**decade * np.eye(2)}
    network = Network(cell="rnn", parameters=matrices, nonlinearity="tanh")
    found = run_network(network, np.zeros((700, 1, 2)), Errors(h_n=np.ones((1, 1, 2))))
    assert found.log10_norms["input"][0] == pytest.approx(decade * 699 + np.log10(np.sqrt(2.0)), abs=1e-9)


@every("cell", MODULES)
def test_the_largest_weights_and_inputs_have_an_answer(cell: str) -> None:
    rows = CELLS[cell].blocks * 3
    signs = np.sign(np.random.default_rng(0).standard_normal((rows, 3)))
    largest = dict.fromkeys(("weight_ih_l0", "weight_hh_l0"), LARGEST_WEIGHT * signs)
    for inputs in (np.zeros((40, 2, 3)), np.full((40, 2, 3), LARGEST_INPUT)):
        found = run_network(Network(cell=cell, parameters=largest), inputs, Errors(h_n=np.ones((1, 2, 3))))
        assert not any(np.isnan(norms).any() for norms in found.layers[0].log10_norms.values())


def test_nothing_is_summed_that_nobody_asks_for() -> None:
    twin = ask_torch(module_of("lstm"), ("output",), start=False, lengths=None)
    found = answer_to(twin, parameter_gradients=False)
    assert not found.gradients
    assert found.layers[0].recurrent_shares is None


@every("cell", MODULES)
def test_matrices_that_are_multiplied_with_all_steps_at_once_give_the_same(cell: str) -> None:
    torch.manual_seed(1)
    module = MODULES[cell](300, 256, num_layers=2, dtype=torch.float64)
    inputs = torch.randn(6, 2, 300, dtype=torch.float64, requires_grad=True)
    module(inputs)[0][-1].square().sum().backward()
    errors = lambda states: Errors(2.0 * states.output[-1:])  # noqa: E731
    found = run_network(network_of(module), inputs.detach().numpy(), errors, parameter_gradients=False)
    assert relative_error(found.input_gradient, _gradient(inputs)) < ROUNDING
