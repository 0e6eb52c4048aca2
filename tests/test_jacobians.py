"""The Jacobians of the steps and their products, against torch.func, closed forms and the gradients of `run`."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, JacobianTrace, Trace, run, run_jacobians
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.cells import cells_where
from rnn_dynamics.engine.through_time.jacobians import log10_singular_values, products_back
from tests.every import every
from tests.oracle import jacobian

Array = NDArray[np.float64]
SMALL = Experiment(sequence_length=9, hidden_size=6, input_size=3, batch_size=3, forget_bias=0.5, seed=3)
LONG = replace(SMALL, sequence_length=1000, hidden_size=12)
cells = every("cell", CELLS)
scales = every("weight_scale", [0.3, 1.0, 2.0, 4.0])


def assert_close(ours: Array, theirs: Array, limit: float = 1e-12) -> None:
    """To `limit` of the largest entry."""
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= limit * np.abs(theirs).max()


def product(answer: JacobianTrace, lag: int) -> Array:
    scaled = list(products_back(answer.jacobians[::-1]))[lag]
    return np.ldexp(scaled.arrays[0], scaled.exponent)


# One step


@scales
@cells
def test_each_jacobian_is_torchs_of_one_step_of_the_first_sequence(cell: str, weight_scale: float) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=weight_scale, sequence_length=70)  # more than one run of steps
    trace, answer = run(experiment), run_jacobians(experiment)
    for t in (1, 2, 37, 64, 65, 70):
        assert_close(answer.jacobians[t - 1], jacobian(trace, range(t - 1, t)))


def test_the_jacobians_of_the_sequences_differ_so_that_taking_the_first_means_something() -> None:
    trace = run(SMALL)
    second = replace(trace, inputs=trace.inputs[:, 1:], hidden_states=trace.hidden_states[:, 1:])
    assert np.abs(run_jacobians(SMALL).jacobians[4] - jacobian(second, range(4, 5))).max() > 1e-3


def test_a_step_of_the_tanh_network_is_its_slope_times_w() -> None:
    experiment = replace(SMALL, cell="rnn", weight_scale=1.7)
    trace, answer = run(experiment), run_jacobians(experiment)
    slopes = 1.0 - np.square(trace.hidden_states[1:, 0])
    assert_close(answer.jacobians, slopes[:, :, None] * trace.parameters["weight_hh_l0"])


def test_without_recurrent_weights_an_lstm_passes_on_its_cell_state_alone() -> None:
    experiment = replace(SMALL, cell="lstm", weight_scale=0.0)
    trace, answer = run(experiment), run_jacobians(experiment)
    assert trace.cell_states is not None
    expected = np.zeros((9, 12, 12))
    units = np.arange(6)
    f, o, c = trace.gates["f"][:, 0], trace.gates["o"][:, 0], trace.cell_states[1:, 0]
    expected[:, units, 6 + units] = o * f / np.square(np.cosh(c))
    expected[:, 6 + units, 6 + units] = f
    assert_close(answer.jacobians, expected)


@every("cell", cells_where(lambda cell: not cell.rotates))
def test_the_state_matrix_is_the_block_that_writes_the_state_with_its_scale(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=1.7)
    block = slice(12, 18) if cell in ("lstm", "slstm") else slice(-6, None)  # torch: i f g o; of others the last
    trace = run(experiment)
    expected = trace.parameters["weight_hh_l0"][block] if CELLS[cell].state_matrix else np.zeros((6, 6))
    if cell == "jordan":
        expected = expected @ trace.readout
    if cell == "cornn":
        expected = expected[:, :6]  # the half that multiplies y
    np.testing.assert_array_equal(run_jacobians(experiment).state_matrix, expected)


# Products


@scales
@cells
def test_products_and_their_singular_values_are_those_of_the_unrolled_network(cell: str, weight_scale: float) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=weight_scale)
    trace, answer = run(experiment), run_jacobians(experiment, range(10))
    for lag in range(1, 10):
        unrolled = jacobian(trace, range(9 - lag, 9))
        assert_close(product(answer, lag), unrolled)
        expected = torch.linalg.svdvals(torch.tensor(unrolled)).numpy()
        found = 10.0 ** answer.log10_singular_values[lag]
        resolved = np.isfinite(found)
        np.testing.assert_array_equal(resolved[expected > 1e-13 * expected[0]], True)
        np.testing.assert_array_equal(resolved[expected < 1e-15 * expected[0]], False)
        np.testing.assert_allclose(found[resolved], expected[resolved], rtol=1e-11, atol=1e-14 * expected[0])


@cells
def test_at_lag_zero_stands_the_identity(cell: str) -> None:
    answer = run_jacobians(replace(SMALL, cell=cell), [0])
    np.testing.assert_array_equal(product(answer, 0), np.eye(6 * len(CELLS[cell].components)))
    np.testing.assert_array_equal(answer.log10_singular_values, np.zeros((1, len(answer.jacobians[0]))))


@every("weight_scale", [0.05, 5.0])
@cells
def test_a_thousand_steps_have_a_norm_at_any_size(cell: str, weight_scale: float) -> None:
    answer = run_jacobians(replace(LONG, cell=cell, weight_scale=weight_scale), [0, 10, 200, 1000])
    expected, matrix, decades = {}, torch.eye(len(answer.jacobians[0]), dtype=torch.float64), 0.0
    for lag, factor in enumerate(answer.jacobians[::-1], start=1):
        matrix = matrix @ torch.tensor(factor.copy())
        norm = float(torch.linalg.matrix_norm(matrix, ord=2))
        matrix, decades = matrix / norm, decades + float(np.log10(norm))
        expected[lag] = decades
    np.testing.assert_allclose(
        answer.log10_singular_values[1:, 0], [expected[lag] for lag in (10, 200, 1000)], rtol=0, atol=1e-9
    )


def test_a_product_of_ten_to_the_minus_two_thousand_is_reported_as_such() -> None:
    at_rest = replace(
        LONG, cell="rnn", initialisation="orthogonal", weight_scale=0.01, input_scale=0.0, sequence_length=1200
    )
    answer = run_jacobians(at_rest, [1000, 1200])
    np.testing.assert_allclose(answer.log10_singular_values, [[-2000.0] * 12, [-2400.0] * 12], rtol=0, atol=1e-8)


def test_what_a_decomposition_cannot_resolve_is_not_reported() -> None:
    graded = np.diag([3.0, 3.0e-13, 1.0e-15, 0.0])[None]
    (values,) = log10_singular_values(graded[::-1], [1])
    np.testing.assert_allclose(values[:2], np.log10([3.0, 3.0e-13]), rtol=1e-12)
    assert np.isnan(values[2:]).all()


def test_a_product_that_is_zero_has_no_singular_values_above_zero() -> None:
    answer = run_jacobians(replace(SMALL, cell="rnn", weight_scale=0.0), [0, 1, 9])
    assert np.isneginf(answer.log10_singular_values[1:]).all()
    assert np.isneginf(answer.lyapunov_exponents).all()


# Laws


@every("weight_scale", [0.3, 1.0, 4.0])
@cells
def test_the_gradient_is_the_transposed_product_times_that_of_the_last_step(cell: str, weight_scale: float) -> None:
    experiment = replace(SMALL, cell=cell, batch_size=1, sequence_length=30, weight_scale=weight_scale)
    trace, answer = run(experiment), run_jacobians(experiment)
    at_the_end = np.zeros(answer.jacobians.shape[-1])
    at_the_end[:6] = loss_gradient(trace)
    products = [np.ldexp(factors.arrays[0], factors.exponent) for factors in products_back(answer.jacobians[::-1])]
    gradients = [(factors.T @ at_the_end)[:6] for factors in products[-2::-1]]  # from lag T − 1 to lag 0
    norms = np.log10(np.linalg.norm(gradients, axis=1))
    np.testing.assert_allclose(trace.log10_norms["hidden"], norms, rtol=0, atol=1e-11)


def loss_gradient(trace: Trace) -> Array:
    """dL/dh_T of a single sequence, L the mean over outputs of half the squared error."""
    return np.asarray(trace.readout.T @ (trace.readout @ trace.hidden_states[-1, 0] - trace.targets[0]) / 4)


@scales
def test_no_product_exceeds_the_largest_singular_value_to_the_lag(weight_scale: float) -> None:
    answer = run_jacobians(replace(LONG, cell="rnn", weight_scale=weight_scale, sequence_length=60), range(61))
    sigma = theory.largest_singular_value(answer.state_matrix)
    bound = np.log10(sigma) * np.arange(61)
    assert (answer.log10_singular_values[:, 0] <= bound + 1e-10).all()


def test_the_spectral_radius_to_the_lag_is_exceeded_where_w_is_not_normal() -> None:
    at_rest = replace(LONG, cell="rnn", weight_scale=0.9, input_scale=0.0, hidden_size=32, sequence_length=40)
    answer = run_jacobians(at_rest, range(41))
    np.testing.assert_array_equal(answer.jacobians, np.broadcast_to(answer.state_matrix, (40, 32, 32)))
    by_radius = np.arange(41) * np.log10(theory.spectral_radius(answer.state_matrix))
    assert (answer.log10_singular_values[1:, 0] > by_radius[1:] + np.log10(1.5)).all()


def test_a_shear_amplifies_before_it_vanishes() -> None:
    shear = np.array([[0.5, 3.0], [0.0, 0.25]])
    norms = log10_singular_values(np.broadcast_to(shear, (20, 2, 2)), range(21))[:, 0]
    exact = [np.log10(np.linalg.norm(np.linalg.matrix_power(shear, lag), 2)) for lag in range(21)]
    np.testing.assert_allclose(norms, exact, rtol=0, atol=1e-12)
    assert norms[1] > 0.0 > np.log10(theory.spectral_radius(shear))
    assert norms[20] < -4.0


# The question and the record


def test_lags_are_answered_rising_and_each_once() -> None:
    answer = run_jacobians(SMALL, np.array([5, 0, 5, 9]))
    assert answer.lags.tolist() == [0, 5, 9]
    assert answer.log10_singular_values.shape == (3, 12)


def test_unless_named_forty_lags_are_answered_or_all() -> None:
    assert run_jacobians(SMALL).lags.tolist() == list(range(9))
    many = run_jacobians(replace(SMALL, sequence_length=500)).lags
    assert (len(many), many[0], many[-1]) == (40, 0, 499)


@cells
def test_a_few_exponents_are_the_largest_of_all(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, sequence_length=200)  # diagonal Jacobians turn vectors slowly
    few, every = run_jacobians(experiment, exponents=3), run_jacobians(experiment)
    apart = np.abs(few.lyapunov_exponents - every.lyapunov_exponents[:3])
    # Oscillators of one Δt, γ and ε fade almost alike, and turn vectors too slowly to be told apart so well.
    assert (apart <= (few.lyapunov_spread if CELLS[cell].oscillates else 1e-12)).all()
    np.testing.assert_array_equal(few.log10_singular_values, every.log10_singular_values)


@every("count", [0, 7])
def test_more_exponents_than_the_state_has_numbers_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"exponents = {count} is not a whole number from 1 to 6"):
        run_jacobians(replace(SMALL, cell="rnn"), exponents=count)


@every("bad", [-1, 10, 2.0, True, "3"])
def test_a_lag_that_is_none_of_the_sequence_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"lag = .* is not a whole number from 0 to 9"):
        run_jacobians(SMALL, [1, bad])


def test_no_lag_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="lags is empty"):
        run_jacobians(SMALL, [])


def test_more_jacobians_than_memory_allows_are_refused_before_anything_is_computed() -> None:
    said = r"26,214,400; the limit of Jacobians is 25,000,000: steps=range\(25, 0, -2\) keeps few enough$"
    with pytest.raises(ValueError, match=said):
        run_jacobians(replace(SMALL, cell="lstm", hidden_size=512, sequence_length=25))
    with pytest.raises(ValueError, match="40,960,000"):
        run_jacobians(replace(SMALL, cell="gru", hidden_size=64, sequence_length=10_000))


def test_what_would_take_minutes_is_refused_with_lags_and_exponents_that_do_not() -> None:
    large = replace(SMALL, cell="lstm", hidden_size=512, sequence_length=5000)
    said = r"^largest lag × \(size of the state\)³ = 5,367,635,378,176; .*: lags up to 93 are short enough$"
    with pytest.raises(ValueError, match=said):
        run_jacobians(large, steps=[5000])
    said = r"^sequence_length × \(size of the state\)² × exponents = 5,368,709,120,000; .*: exponents=19 is few enough$"
    with pytest.raises(ValueError, match=said):
        run_jacobians(large, [93], steps=[5000])


def test_what_a_refusal_names_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["rnn_dynamics.engine.run"], "LARGEST_JACOBIANS", 4 * 12**2)
    monkeypatch.setattr(sys.modules["rnn_dynamics.engine.run"], "LARGEST_PRODUCTS", 5 * 12**3)
    with pytest.raises(ValueError, match=r"steps=range\(9, 0, -3\)"):
        run_jacobians(SMALL)
    with pytest.raises(ValueError, match="lags up to 5 are"):
        run_jacobians(SMALL, steps=range(9, 0, -3))
    with pytest.raises(ValueError, match="exponents=6 is"):
        run_jacobians(SMALL, [5], steps=range(9, 0, -3))
    answer = run_jacobians(SMALL, [5], exponents=6, steps=range(9, 0, -3))
    assert answer.steps.tolist() == [3, 6, 9]


@cells
def test_some_jacobians_are_those_of_all_and_the_rest_of_the_answer_is_the_same(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, sequence_length=150)  # several runs of steps
    every, some = run_jacobians(experiment), run_jacobians(experiment, steps=[150, 1, 64, 65, 66, 130])
    assert every.steps.tolist() == list(range(1, 151))
    assert some.steps.tolist() == [1, 64, 65, 66, 130, 150]
    trace = run(experiment)
    for t, found in zip(some.steps.tolist(), some.jacobians, strict=True):
        assert_close(found, jacobian(trace, range(t - 1, t)))
    np.testing.assert_allclose(some.log10_singular_values, every.log10_singular_values, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(some.lyapunov_exponents, every.lyapunov_exponents)


@every("bad", [[], [0], [10], [1.5], 3])
def test_a_step_that_is_none_of_the_sequence_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"^steps? .*from 1 to 9"):
        run_jacobians(SMALL, steps=bad)


@cells
def test_every_array_of_the_answer_is_locked(cell: str) -> None:
    answer = run_jacobians(replace(SMALL, cell=cell))
    arrays = [value for value in vars(answer).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 7
    assert not any(array.flags.writeable for array in arrays)


@cells
def test_a_single_step_is_answered(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, sequence_length=1)
    answer = run_jacobians(experiment, [1])
    assert_close(product(answer, 1), jacobian(run(experiment), range(1)))


@scales
@every("cell", cells_where(lambda cell: cell.state_matrix))
def test_each_law_has_its_factor_and_its_line(cell: str, weight_scale: float) -> None:
    answer = run_jacobians(replace(SMALL, cell=cell, weight_scale=weight_scale))
    factors = {
        "bound": theory.largest_singular_value(answer.state_matrix),
        "radius": theory.spectral_radius(answer.state_matrix),
        "exponent": np.exp(answer.lyapunov_exponents[0]),
        "mean": theory.spectral_radius(answer.jacobians.mean(axis=0)),
    }
    laws = answer.laws
    assert {name: 10.0**of for name, of in laws.factors.items()} == pytest.approx(factors, rel=1e-9)
    assert laws.over == pytest.approx({name: 8 * np.log10(of) for name, of in factors.items()}, abs=1e-8)
    for name, line in laws.lines.items():
        np.testing.assert_allclose(line, answer.lags * np.log10(factors[name]), rtol=0, atol=1e-8)
    assert 10.0**laws.log10_moduli == pytest.approx(np.abs(np.concatenate(list(laws.eigenvalues.values()))))


def test_a_law_of_factor_zero_is_one_over_no_step() -> None:
    lines = run_jacobians(replace(SMALL, cell="rnn", weight_scale=0.0)).laws.lines
    for name in ("bound", "radius", "mean", "exponent"):
        assert lines[name].tolist() == [0.0] + [-np.inf] * 8
