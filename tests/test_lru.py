"""The Linear Recurrent Unit (Orvieto et al. 2023): its ring, its exact slopes, and the paper's equations in torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_dynamics import Experiment, Trace, run, run_jacobians, run_network
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.lru import RING
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.experiment import KNOBS_NUMBER, settings
from rnn_dynamics.idle import why_idle
from tests.every import every

pytestmark = pytest.mark.usefixtures("either_road")

LRU = Experiment(cell="lru", sequence_length=60, hidden_size=6, input_size=5, batch_size=2, loss_at="last", seed=2)
NOISY = replace(LRU, initial_state="noise", initialisation="torch", loss_at="every", weight_scale=0.7)
scales = every("weight_scale", [0.0, 0.05, 1.0, 10.0])
sizes = every("hidden_size", [1, 2, 6, 7])


def factors(trace: Trace) -> Array:
    """λ of each complex unit, (⌈H/2⌉,); the last one of an odd H is real."""
    of, units = trace.parameters, len(trace.parameters["nu_log_l0"])
    angles = np.zeros(units)
    angles[: trace.experiment.hidden_size // 2] = np.exp(of.get("theta_log_l0", np.zeros(0)))
    return np.asarray(np.exp(-np.exp(of["nu_log_l0"]) + 1j * angles))


def complex_units(rows: Array) -> Array:
    """(..., H) as (..., ⌈H/2⌉) complex numbers: real parts first, then imaginary ones, then what has none."""
    pairs = rows.shape[-1] // 2
    turning = rows[..., :pairs] + 1j * rows[..., pairs : 2 * pairs]
    return np.concatenate([turning, rows[..., 2 * pairs :]], axis=-1)


@scales
@sizes
def test_no_factor_reaches_the_unit_circle(weight_scale: float, hidden_size: int) -> None:
    for seed in range(20):
        trace = run(replace(LRU, weight_scale=weight_scale, hidden_size=hidden_size, seed=seed, sequence_length=2))
        assert (np.abs(factors(trace)) < 1.0).all()


@scales
@sizes
def test_the_adjoint_of_each_unit_changes_by_its_modulus_exactly(weight_scale: float, hidden_size: int) -> None:
    trace = run(replace(LRU, weight_scale=weight_scale, hidden_size=hidden_size), keep_gradients=True)
    units = trace.unit_gradients["hidden"]
    adjoints = complex_units(units.mantissas)
    expected = factors(trace).conj() * adjoints[1:]
    shifts = 2.0 ** (units.exponents[1:] - units.exponents[:-1])
    np.testing.assert_allclose(adjoints[:-1], expected * shifts[:, None, None], rtol=1e-12, atol=1e-290)
    sizes_of = np.abs(adjoints)
    np.testing.assert_allclose(
        sizes_of[:-1], np.abs(factors(trace)) * sizes_of[1:] * shifts[:, None, None], rtol=1e-12, atol=1e-290
    )


@every("weight_scale", [0.1, 1.0, 10.0])
def test_the_slope_of_the_picture_is_the_rings(weight_scale: float) -> None:
    """At each step the factor lies between the ring's radii, and far back it is the largest |λ|."""
    trace = run(replace(LRU, weight_scale=weight_scale, hidden_size=32, sequence_length=10_000, batch_size=1))
    steps = np.diff(trace.log10_norms["hidden"][::-1])
    moduli = np.log10(np.abs(factors(trace)))
    assert (moduli.min() - 1e-12 <= steps).all()
    assert (steps <= moduli.max() + 1e-12).all()
    assert steps[-1] == pytest.approx(moduli.max(), rel=0.05)


def test_a_ring_of_one_radius_gives_a_straight_line() -> None:
    trace = run(replace(LRU, hidden_size=2, sequence_length=1000))
    lags = np.arange(999, -1, -1)
    line = trace.log10_norms["hidden"][-1] + lags * np.log10(np.abs(factors(trace)[0]))
    np.testing.assert_allclose(trace.log10_norms["hidden"], line, rtol=0.0, atol=1e-10)


@scales
@sizes
def test_every_number_is_that_of_the_papers_equations_in_complex_tensors(weight_scale: float, hidden_size: int) -> None:
    trace = run(replace(NOISY, weight_scale=weight_scale, hidden_size=hidden_size))
    of = {name: torch.tensor(values, requires_grad=True) for name, values in trace.parameters.items()}
    pairs, real = hidden_size // 2, hidden_size % 2
    theta_log = of.get("theta_log_l0", torch.zeros(0, dtype=torch.float64))
    turn = torch.cat([torch.exp(theta_log), torch.zeros(real, dtype=torch.float64)])
    factor = torch.exp(-torch.exp(of["nu_log_l0"]) + 1j * turn)
    read, bias = (_complex(part, pairs) for part in (of["weight_ih_l0"].T, of["bias_ih_l0"]))
    inputs = [torch.tensor(step, requires_grad=True) for step in trace.inputs]
    x, states = _complex(torch.tensor(trace.hidden_states[0]), pairs), []
    for step in inputs:
        x = factor * x + torch.exp(of["gamma_log_l0"]) * (step.to(torch.complex128) @ read + bias)
        x.retain_grad()
        states.append(x)
    c = _read_out(torch.tensor(trace.readout), pairs)
    outputs = torch.stack([(state @ c.T).real for state in states])
    loss = 0.5 * (outputs - torch.tensor(trace.targets)).square().mean()
    loss.backward()  # type: ignore[no-untyped-call]
    assert trace.loss == pytest.approx(loss.item(), rel=1e-12)
    for t, state in enumerate(states):
        np.testing.assert_allclose(complex_units(trace.hidden_states[t + 1]), state.detach().numpy(), atol=1e-12)
    for name, leaf in of.items():
        assert leaf.grad is not None
        _assert_close(trace.gradients[name], leaf.grad.numpy(), name)
    for name, tensors in {"hidden": states, "input": inputs}.items():
        norms = [np.linalg.norm(_gradient(tensor)) for tensor in tensors]
        np.testing.assert_allclose(10.0 ** trace.log10_norms[name], norms, rtol=1e-10, err_msg=name)


def _complex(rows: torch.Tensor, pairs: int) -> torch.Tensor:
    re, im, last = rows[..., :pairs], rows[..., pairs : 2 * pairs], rows[..., 2 * pairs :]
    return torch.cat([torch.complex(re, im), last.to(torch.complex128)], dim=-1)


def _read_out(readout: torch.Tensor, pairs: int) -> torch.Tensor:
    """C with Re(C x) = readout h: its real part reads Re x, and minus its imaginary part Im x."""
    return _complex(readout, pairs).conj()


def _gradient(tensor: torch.Tensor) -> Array:
    assert tensor.grad is not None
    return np.asarray(tensor.grad.numpy())


def _assert_close(found: Array, expected: Array, name: str) -> None:
    scale = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * scale, err_msg=name)


@sizes
def test_a_jacobian_is_a_turn_and_a_length_for_each_unit_and_the_same_at_each_step(hidden_size: int) -> None:
    experiment = replace(LRU, hidden_size=hidden_size, weight_scale=2.0)
    found, of = run_jacobians(experiment), factors(run(experiment))
    pairs, expected = (
        hidden_size // 2,
        np.diag(np.concatenate([of[: hidden_size // 2].real] * 2 + [of[hidden_size // 2 :].real])),
    )
    for k in range(pairs):
        expected[k, pairs + k], expected[pairs + k, k] = -of[k].imag, of[k].imag
    np.testing.assert_allclose(found.jacobians, np.broadcast_to(expected, found.jacobians.shape), rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(found.state_matrix, expected, rtol=0.0, atol=1e-15)
    assert found.mean_slope == 1.0
    lines = found.lags * found.laws.factors["radius"]
    np.testing.assert_allclose(found.log10_norms, lines, rtol=0.0, atol=1e-10)


@every("weight_scale", [0.1, 1.0, 10.0])
@sizes
def test_the_lyapunov_exponents_are_the_logarithms_of_the_moduli(weight_scale: float, hidden_size: int) -> None:
    experiment = replace(LRU, hidden_size=hidden_size, weight_scale=weight_scale)
    found, moduli = run_jacobians(experiment), np.abs(factors(run(experiment)))
    twice = np.concatenate([moduli, moduli[: hidden_size // 2]])
    np.testing.assert_allclose(found.lyapunov_exponents, np.log(np.sort(twice)[::-1]), rtol=1e-10)
    few = run_jacobians(experiment, exponents=1).lyapunov_exponents
    np.testing.assert_allclose(few, np.log(moduli.max()), rtol=1e-10)


def test_the_start_is_uniform_on_the_papers_ring() -> None:
    """|λ|² uniform between the squares of the radii, the phase on the circle, and γ = √(1 − |λ|²)."""
    draw = make_draw(replace(LRU, hidden_size=512, sequence_length=1), CELLS["lru"]).parameters
    moduli, phases = np.exp(-np.exp(draw["nu_log_l0"])), np.exp(draw["theta_log_l0"])
    squares = (np.sort(moduli**2) - RING[0] ** 2) / (RING[1] ** 2 - RING[0] ** 2)
    for values in (squares, np.sort(phases) / (2.0 * np.pi)):
        places = (np.arange(256) + 0.5) / 256
        assert np.abs(values - places).max() < 1.63 / np.sqrt(256)  # Kolmogorov–Smirnov at 1 %
    np.testing.assert_allclose(np.exp(draw["gamma_log_l0"]), np.sqrt(1.0 - moduli**2), rtol=1e-12)


@every("weight_scale", [0.1, 0.5, 2.0, 10.0])
def test_the_weight_scale_multiplies_how_long_a_unit_remembers(weight_scale: float) -> None:
    one, moved = (np.abs(factors(run(replace(LRU, weight_scale=scale)))) for scale in (1.0, weight_scale))
    np.testing.assert_allclose(np.log(one) / np.log(moved), weight_scale, rtol=1e-12)
    trace = run(replace(LRU, weight_scale=weight_scale))
    gains = np.exp(trace.parameters["gamma_log_l0"])
    np.testing.assert_allclose(gains, np.sqrt(1.0 - moved**2), rtol=1e-12)


def test_a_state_keeps_the_size_of_what_is_read_whatever_the_ring_is() -> None:
    """That is what γ is for: without it the states of a ring near the circle would be far larger."""
    for scale in (0.1, 1.0, 5.0):
        asked = replace(LRU, weight_scale=scale, hidden_size=64, sequence_length=10_000, batch_size=1)
        states = run(asked, parameter_gradients=False).hidden_states[5000:]
        assert np.square(states).mean() == pytest.approx(1.0, rel=0.25)


def test_a_family_of_all_weight_scales_and_seeds_equals_its_members() -> None:
    family = run_family(LRU, weight_scales=[0.0, *KNOBS_NUMBER["weight_scale"].offered], seeds=[0, 3])
    for member, experiment in enumerate(family.experiments):
        trace = run(experiment)
        assert family.loss[member] == pytest.approx(trace.loss, rel=1e-12)
        for name, norms in family.log10_norms.items():
            np.testing.assert_allclose(norms[member], trace.log10_norms[name], rtol=0.0, atol=1e-10)


@every("hidden_size", [1, 2, 7])
def test_its_parameters_make_a_given_network_of_any_size(hidden_size: int) -> None:
    trace = run(replace(LRU, hidden_size=hidden_size))
    network = Network(cell="lru", parameters=trace.parameters)
    assert network.hidden_size == trace.experiment.hidden_size
    found = run_network(network, trace.inputs, lambda states: _last(trace, states.output))
    np.testing.assert_allclose(found.log10_norms["input"], trace.log10_norms["input"], rtol=0.0, atol=1e-10)


def _last(trace: Trace, output: Array) -> Errors:
    residuals = output[-1] @ trace.readout.T - trace.targets
    return Errors(output=(residuals @ trace.readout / residuals.size)[None])


def test_a_cut_changes_nothing_and_is_not_offered_but_the_weight_scale_is() -> None:
    for name, norms in run(replace(LRU, hidden_path="cut")).log10_norms.items():
        np.testing.assert_array_equal(norms, run(LRU).log10_norms[name], err_msg=name)
    assert why_idle("hidden_path", settings(LRU), ["lru"]) == "hidden_path"
    assert why_idle("nonlinearity", settings(LRU), ["lru"]) == "nonlinearity"
    assert why_idle("gate_bias", settings(LRU), ["lru"]) == "gate_bias"
    assert why_idle("weight_scale", settings(LRU), ["lru"]) == ""
    assert why_idle("hidden_path", settings(LRU), ["lru", "rnn"]) == ""


@every("language", ["en", "zh"])
@every("page", ["vanish_or_explode", "jacobians"])
def test_the_pages_say_on_which_ring_it_starts(page: str, language: str) -> None:
    assert f"{RING[0]} < |λ| < {RING[1]}" in sentences(page, language)["notes"]["ring"]
