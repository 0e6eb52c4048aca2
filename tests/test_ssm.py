"""The selective state space model: Mamba's scan (Gu & Dao 2023) in torch, in its authors' order, and its laws."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_dynamics import Experiment, Trace, run, run_network
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.ssm import DECAY, STEP
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.experiment import settings
from rnn_dynamics.idle import why_idle
from tests.every import every
from tests.oracle import loss_of_step

pytestmark = pytest.mark.usefixtures("either_road")

SSM = Experiment(
    cell="ssm", sequence_length=60, hidden_size=6, input_size=5, batch_size=2, initial_state="noise", seed=2
)
NOISY = replace(SSM, initialisation="torch", loss_at="every", input_scale=3.0)
CHRONO = replace(SSM, gate_bias="chrono", input_scale=2.0)
#: Steps Δ from 10^−30 to some hundreds: gates that are open, and shut, to the last digit.
FAR = replace(SSM, input_scale=5.0, input_weight_scale=10.0)
asked = every("experiment", [SSM, NOISY, CHRONO, FAR, replace(SSM, bias=False)])


def scanned(trace: Trace, parameters: dict[str, torch.Tensor], inputs: torch.Tensor) -> list[torch.Tensor]:
    """h_t (N, H) of all steps: first Δ, exp(Δ A) and Δ B u of all steps, then the scan."""
    bias = parameters.get("bias_ih_l0", torch.zeros(12, dtype=torch.float64))
    projected = torch.einsum("tnd,gd->tng", inputs, parameters["weight_ih_l0"]) + bias
    dt, u = projected[..., :6], projected[..., 6:]
    dt = torch.where(dt > 0, dt, 0.0) + torch.log1p(torch.exp(-dt.abs()))  # softplus, without a threshold
    a = -torch.exp(parameters["A_log_l0"])
    delta_a, delta_b_u = torch.exp(torch.einsum("tnh,h->tnh", dt, a)), torch.einsum("tnh,tnh->tnh", dt, u)
    x, states = torch.tensor(trace.hidden_states[0]), []
    for t in range(len(inputs)):
        x = delta_a[t] * x + delta_b_u[t]
        states.append(x)
    return states


def log10_norms(gradients: list[torch.Tensor]) -> Array:
    with np.errstate(divide="ignore"):
        return np.log10([np.linalg.norm(of.numpy()) for of in gradients])


@asked
def test_forward_loss_and_every_gradient_are_those_of_the_authors_order(experiment: Experiment) -> None:
    trace = run(experiment)
    parameters = {name: torch.tensor(values, requires_grad=True) for name, values in trace.parameters.items()}
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    states = scanned(trace, parameters, inputs)
    for state in states:
        state.retain_grad()
    loss = torch.stack([loss_of_step(trace, t, state) for t, state in enumerate(states)]).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(trace.hidden_states[1:], torch.stack(states).detach(), rtol=1e-12, atol=1e-12)
    assert trace.loss == pytest.approx(loss.item(), rel=1e-12)
    assert set(trace.gradients) == set(parameters)
    for name, parameter in parameters.items():
        assert parameter.grad is not None
        scale = float(parameter.grad.abs().max())
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, rtol=1e-10, atol=1e-10 * scale, err_msg=name)
    assert inputs.grad is not None
    of_states = [state.grad for state in states if state.grad is not None]
    found = {"hidden": log10_norms(of_states), "input": log10_norms(list(inputs.grad))}
    for name, norms in found.items():
        seen = norms > -150.0  # below, squares leave float64 for autograd
        np.testing.assert_allclose(trace.log10_norms[name][seen], norms[seen], rtol=0.0, atol=1e-10, err_msg=name)
        assert seen[-1]


@asked
def test_the_logarithm_of_a_units_path_is_a_times_the_sum_of_its_steps(experiment: Experiment) -> None:
    experiment = replace(experiment, loss_at="last", batch_size=1)
    trace = run(experiment, keep_gradients=True)
    gradients = trace.unit_gradients["hidden"]
    decay = -np.exp(trace.parameters["A_log_l0"])
    passed = np.cumsum(trace.gates["Δ"][:0:-1, 0], axis=0)[::-1]  # Σ Δ over the steps behind t
    found = gradients.log10[:-1, 0] - gradients.log10[-1, 0]
    expected = decay * passed / np.log(10.0)
    near = expected > expected.max(axis=1, keepdims=True) - 250.0  # what is smaller beside the largest leaves float64
    known = np.logical_and.accumulate(near[::-1])[::-1]
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-12, atol=1e-11)
    assert known.any(axis=1).all()


@asked
def test_delta_is_a_forget_gate_of_the_input_alone(experiment: Experiment) -> None:
    """The paper's theorem 1: at A = −1 what is kept is 1 − σ of what the step is the softplus of."""
    trace = run(experiment)
    own = {name: np.array(values) for name, values in trace.parameters.items()} | {"A_log_l0": np.zeros(6)}
    network = Network(cell="ssm", parameters=own)
    found = run_network(network, trace.inputs, lambda states: Errors(output=np.ones_like(states.output)))
    projected = trace.inputs @ own["weight_ih_l0"].T + own.get("bias_ih_l0", np.zeros(12))
    gates = found.layers[0].gates
    np.testing.assert_allclose(gates[CELLS["ssm"].keeps], 1.0 / (1.0 + np.exp(projected[..., :6])), rtol=1e-12)
    np.testing.assert_array_equal(gates["Bx"], projected[..., 6:])


def test_units_begin_with_the_decays_and_the_steps_of_their_authors() -> None:
    draw = make_draw(replace(SSM, hidden_size=512, sequence_length=1), CELLS["ssm"]).parameters
    decays, bias = np.exp(draw["A_log_l0"]), draw["bias_ih_l0"]
    steps = np.log1p(np.exp(bias[:512]))
    for drawn, (low, high) in ((decays, DECAY), (np.log(steps), np.log(STEP))):
        share = np.sort((drawn - low) / (high - low))
        apart = np.abs(share - (np.arange(512) + 0.5) / 512).max()
        assert apart < 1.63 / np.sqrt(512)  # Kolmogorov's distance, which 1 % of uniform draws exceed
    assert not bias[512:].any()


def test_chrono_biases_and_none_take_the_place_of_its_own() -> None:
    drawn, chrono, none = (
        make_draw(replace(SSM, hidden_size=64, **of), CELLS["ssm"]).parameters
        for of in ({}, {"gate_bias": "chrono"}, {"bias": False})
    )
    for name in ("weight_ih_l0", "A_log_l0"):
        np.testing.assert_array_equal(drawn[name], chrono[name])
        np.testing.assert_array_equal(drawn[name], none[name])
    assert -np.log(SSM.sequence_length - 1) <= chrono["bias_ih_l0"][:64].min() < chrono["bias_ih_l0"][:64].max() <= 0.0
    assert not none["bias_ih_l0"].any()


def test_a_mean_of_what_is_read_is_no_more_than_the_largest_step_makes_of_it() -> None:
    """|h| ≤ max Δ / (1 − exp(A Δ)) |B x|, for then a step is a mean of the state and of that: so `bounded` holds."""
    trace = run(replace(SSM, sequence_length=2000, initial_state="zero", input_scale=3.0))
    keep, delta, read = (trace.gates[name] for name in ("exp(AΔ)", "Δ", "Bx"))
    bound = (delta / -np.expm1(-np.exp(trace.parameters["A_log_l0"]) * delta) * np.abs(read)).max(axis=0)
    assert (np.abs(trace.hidden_states) <= bound).all()
    assert keep.max() < 1.0
    assert CELLS["ssm"].bounded


def test_a_family_of_seeds_has_the_norms_of_each_network() -> None:
    family = run_family(SSM, seeds=range(4))
    for seed, norms in enumerate(family.log10_norms["hidden"]):
        np.testing.assert_allclose(norms, run(replace(SSM, seed=seed)).log10_norms["hidden"], rtol=0.0, atol=1e-12)


def test_its_biases_are_never_all_zero_and_no_matrix_can_be_scaled_or_cut() -> None:
    assert why_idle("bias", settings(SSM), ["ssm"]) == ""
    assert why_idle("bias", settings(SSM), ["mingru"]) == "zero_biases"
    assert why_idle("weight_scale", settings(SSM), ["ssm"]) == "weight_scale"
    assert why_idle("hidden_path", settings(SSM), ["ssm"]) == "hidden_path"
    assert why_idle("forget_bias", settings(SSM), ["ssm"]) == "forget_bias"
    assert why_idle("gate_bias", settings(SSM), ["ssm"]) == ""
