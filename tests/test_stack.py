"""Layers and directions: equal to torch.nn's own stacks, and to autograd at every level and step."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rnn_dynamics import (
    Experiment,
    LayerTrace,
    Trace,
    run,
    run_family,
    run_jacobians,
    split_additive_path,
    split_by_lag,
)
from tests.every import every
from tests.oracle import MODULES, OPEN_CELLS, State, relative_error

pytestmark = pytest.mark.usefixtures("either_road")

#: Relative; what two orders of summation leave.
ROUNDING = 1e-10
SMALL = Experiment(sequence_length=9, hidden_size=4, input_size=3, batch_size=2, forget_bias=0.5, seed=2)
STACKS = [
    replace(SMALL, cell=cell, num_layers=layers, bidirectional=both, loss_at=loss_at)
    for cell, (layers, both), loss_at in product(
        MODULES, [(1, True), (2, False), (2, True), (4, True)], ["last", "every"]
    )
]
stacks = every("experiment", STACKS)


def module_of(trace: Trace) -> torch.nn.RNNBase:
    experiment = trace.experiment
    options: dict[str, Any] = {"num_layers": experiment.num_layers, "bidirectional": experiment.bidirectional}
    if experiment.cell == "rnn":
        options["nonlinearity"] = experiment.nonlinearity
    module: torch.nn.RNNBase = MODULES[experiment.cell](
        experiment.input_size, experiment.hidden_size, dtype=torch.float64, **options
    )
    module.load_state_dict({name: torch.tensor(value) for name, value in trace.parameters.items()})
    return module


def loss_of(trace: Trace, output: Tensor) -> Tensor:
    compared = output[-1] if trace.experiment.loss_at == "last" else output
    return 0.5 * (compared @ torch.tensor(trace.readout).T - torch.tensor(trace.targets)).square().mean()


def log10_norms(gradients: list[Tensor | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    with np.errstate(divide="ignore"):
        return np.log10([0.0 if gradient is None else float(gradient.norm()) for gradient in gradients])


def walk(trace: Trace, suffix: str, steps: list[Tensor]) -> tuple[list[Tensor], list[State]]:
    """The states of one level, which reads `steps` in their order; all of them keep their gradients."""
    experiment = trace.experiment
    weights = {name: torch.tensor(value) for name, value in trace.parameters.items()}
    size = (experiment.batch_size, experiment.hidden_size)
    state: State = tuple(torch.zeros(size, dtype=torch.float64) for _ in range(1 + (experiment.cell == "lstm")))
    states = []
    for x in steps:
        by_input = x @ weights[f"weight_ih{suffix}"].T + weights[f"bias_ih{suffix}"]
        by_hidden = state[0] @ weights[f"weight_hh{suffix}"].T + weights[f"bias_hh{suffix}"]
        state, _ = OPEN_CELLS[experiment.cell](by_input, by_hidden, state)
        for part in state:
            part.requires_grad_().retain_grad()
        states.append(state)
    return [state[0] for state in states], states


def states_by_level(trace: Trace, inputs: list[Tensor]) -> tuple[list[Tensor], dict[str, list[State]]]:
    """The stack's output, and the states of each level by torch's suffix, in the order of time."""
    below, levels = inputs, {}
    for layer in range(trace.experiment.num_layers):
        output, levels[f"_l{layer}"] = walk(trace, f"_l{layer}", below)
        if trace.experiment.bidirectional:
            backwards, states = walk(trace, f"_l{layer}_reverse", below[::-1])
            levels[f"_l{layer}_reverse"] = states[::-1]
            output = [torch.cat(pair, dim=-1) for pair in zip(output, backwards[::-1], strict=True)]
        below = output
    return below, levels


def suffix(level: LayerTrace) -> str:
    return f"_l{level.layer}" + "_reverse" * level.reverse


@stacks
def test_a_stack_equals_torchs_own_with_the_same_arguments(experiment: Experiment) -> None:
    trace = run(experiment)
    module = module_of(trace)
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    output, _ = module(inputs)
    loss = loss_of(trace, output)
    loss.backward()  # type: ignore[no-untyped-call]
    assert trace.loss == pytest.approx(loss.item(), rel=ROUNDING)
    top = [level.hidden_states for level in trace.layers if level.layer == experiment.num_layers - 1]
    ours = np.concatenate([top[0][1:], *(states[:-1] for states in top[1:])], axis=-1)
    np.testing.assert_allclose(ours, output.detach().numpy(), rtol=0, atol=ROUNDING)
    assert list(trace.gradients) == [name for name, _ in module.named_parameters()]
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None
        theirs = parameter.grad.numpy()
        np.testing.assert_allclose(trace.gradients[name], theirs, rtol=0, atol=ROUNDING * np.abs(theirs).max())
    assert inputs.grad is not None
    assert relative_error(trace.log10_norms["input"], log10_norms(list(inputs.grad))) < ROUNDING


@stacks
def test_every_level_has_autograds_gradient_at_every_step(experiment: Experiment) -> None:
    trace = run(experiment)
    inputs = [torch.tensor(x, requires_grad=True) for x in trace.inputs]
    output, levels = states_by_level(trace, inputs)
    loss_of(trace, torch.stack(output)).backward()  # type: ignore[no-untyped-call]
    assert [suffix(level) for level in trace.layers] == list(levels)
    for level in trace.layers:
        states = levels[suffix(level)]
        components = ("hidden", "cell")[: len(states[0])]
        for k, name in enumerate(components):
            theirs = log10_norms([state[k].grad for state in states])
            assert relative_error(level.log10_norms[name], theirs) < ROUNDING, (suffix(level), name)
    assert relative_error(trace.log10_norms["input"], log10_norms([x.grad for x in inputs])) < ROUNDING
    top = trace.layers[-experiment.directions]
    assert top.log10_norms["hidden"] is not None
    np.testing.assert_array_equal(trace.hidden_states, top.hidden_states)
    np.testing.assert_array_equal(trace.log10_norms["hidden"], top.log10_norms["hidden"])


@given(
    st.builds(
        Experiment,
        cell=st.sampled_from(tuple(MODULES)),
        weight_scale=st.floats(0.1, 2.0),
        sequence_length=st.integers(1, 8),
        hidden_size=st.integers(1, 6),
        input_size=st.integers(1, 4),
        batch_size=st.integers(1, 3),
        num_layers=st.integers(1, 4),
        bidirectional=st.booleans(),
        loss_at=st.sampled_from(("last", "every")),
        initialisation=st.sampled_from(("gaussian", "orthogonal", "torch", "keras")),
        gate_bias=st.sampled_from(("constant", "chrono")),
        seed=st.integers(0, 2**32 - 1),
    )
)
def test_any_stack_equals_torch(experiment: Experiment) -> None:
    trace = run(experiment)
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    output, _ = module_of(trace)(inputs)
    loss_of(trace, output).backward()  # type: ignore[no-untyped-call]
    assert inputs.grad is not None
    assert relative_error(trace.log10_norms["input"], log10_norms(list(inputs.grad))) < ROUNDING


@every("cell", MODULES)
def test_a_family_of_stacks_is_its_members(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, num_layers=2, bidirectional=True, loss_at="every")
    family = run_family(experiment, weight_scales=[0.5, 1.0, 3.0], seeds=[1, 2])
    for member, loss, *norms in zip(family.experiments, family.loss, *family.log10_norms.values(), strict=True):
        trace = run(member)
        assert loss == pytest.approx(trace.loss, rel=ROUNDING)
        for name, values in zip(family.log10_norms, norms, strict=True):
            assert relative_error(values, trace.log10_norms[name]) < ROUNDING, name


@every("cell", MODULES)
def test_adding_layers_or_a_direction_draws_no_other_number_anew(cell: str) -> None:
    one, *more = (
        run(replace(SMALL, cell=cell, num_layers=layers, bidirectional=both)).parameters
        for layers, both in [(1, False), (3, False), (1, True), (3, True)]
    )
    for parameters in more:
        for name, values in one.items():
            np.testing.assert_array_equal(parameters[name], values)
    np.testing.assert_array_equal(more[0]["weight_hh_l2"], more[2]["weight_hh_l2"])
    drawn = [value for name, value in more[2].items() if name.startswith("weight_hh")]
    assert len({value.tobytes() for value in drawn}) == len(drawn) == 6


def test_a_last_step_loss_reaches_the_backward_direction_at_the_last_step_only() -> None:
    forwards, backwards = run(replace(SMALL, cell="lstm", bidirectional=True)).layers
    assert np.isfinite(forwards.log10_norms["hidden"]).all()
    assert np.isfinite(backwards.log10_norms["hidden"][-1])
    assert np.isneginf(backwards.log10_norms["hidden"][:-1]).all()


def test_a_gradient_far_outside_float64_crosses_the_layers() -> None:
    # Without input the tanh networks are linear, and each orthogonal layer shrinks by 10^−2 a step, on 200 steps.
    still = replace(
        SMALL, cell="rnn", initialisation="orthogonal", input_scale=0.0, weight_scale=0.01, sequence_length=200
    )
    trace = run(replace(still, num_layers=2))
    lower, upper = (level.log10_norms["hidden"] for level in trace.layers)
    np.testing.assert_allclose(np.diff(upper), 2.0, rtol=0, atol=1e-9)
    assert upper[0] < -390
    # Closed form: an error that arrives at lag k has gone up from the lower layer at one of k + 1 steps.
    below, above, up = (trace.parameters[name].T for name in ("weight_hh_l0", "weight_hh_l1", "weight_ih_l1"))
    error = trace.readout.T @ -trace.targets.T / trace.targets.size  # at rest every state is zero
    arriving = up @ error
    for lag in range(200):
        assert lower[199 - lag] == pytest.approx(np.log10(np.linalg.norm(arriving)) - 2.0 * lag, abs=1e-9)
        error = above / 0.01 @ error
        arriving = below / 0.01 @ arriving + up @ error


@every("answer", [split_additive_path, split_by_lag, run_jacobians])
def test_what_speaks_of_one_layer_refuses_more_by_name(answer: Any) -> None:
    with pytest.raises(ValueError, match=r"^num_layers = 2, bidirectional = True: .* one layer in one direction"):
        answer(replace(SMALL, cell="lstm", num_layers=2, bidirectional=True))


@every("cell", MODULES)
def test_no_step_is_walked_that_has_no_loss_ahead_and_each_has_its_zeros(cell: str) -> None:
    """Of the last output a backward direction has the first step that it reads; 150 steps are several runs."""
    asked = replace(SMALL, cell=cell, num_layers=2, bidirectional=True, sequence_length=150)
    below, top = run(asked, keep_gradients=True).layers[1::2]
    assert list(top.log10_norms) == list(below.log10_norms)
    for norms in top.log10_norms.values():
        assert np.isneginf(norms[:-1]).all()
        assert np.isfinite(norms[-1])
    for name, units in top.unit_gradients.items():
        assert not units.mantissas[:-1].any()
        assert units.mantissas.shape == below.unit_gradients[name].mantissas.shape[:2] + units.mantissas.shape[2:]
    assert all(np.isfinite(norms).all() for norms in below.log10_norms.values())
