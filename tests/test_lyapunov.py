"""Lyapunov exponents: exact identities, the singular values of the product, and published numbers."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, run, run_jacobians
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.through_time.backpropagate import Pass
from rnn_dynamics.engine.through_time.jacobians import step_jacobians
from rnn_dynamics.engine.through_time.lyapunov import first_passed, log_growths, lyapunov_exponents
from rnn_dynamics.engine.through_time.unroll import project_inputs, unroll
from rnn_dynamics.laws.theory import gaussian, without_input
from tests.every import every

Array = NDArray[np.float64]
SMALL = Experiment(sequence_length=150, hidden_size=6, input_size=3, batch_size=2, forget_bias=0.5, seed=3)
#: Cells whose Jacobians have an inverse; a Jordan network's have the rank of its outputs.
INVERTIBLE = [name for name, cell in CELLS.items() if not cell.feeds_back_output]
cells = every("cell", INVERTIBLE)


def forward_pass(experiment: Experiment) -> Pass:
    """The pass of an experiment at weight scale 1, without a loss."""
    cell = CELLS[experiment.cell]
    draw = make_draw(experiment, cell)
    weights = cell.make_weights(draw.parameters | {"weight_ho": draw.readout})
    record = unroll(cell, weights, project_inputs(weights, draw.inputs, members=1))
    return Pass(cell, weights, record)


# Identities


@every("discard", [0, 40])
@cells
def test_all_exponents_sum_to_the_mean_log_determinant(cell: str, discard: int) -> None:
    forward = forward_pass(replace(SMALL, cell=cell))
    determinants = np.linalg.slogdet(step_jacobians(forward)[first_passed(forward) :]).logabsdet
    determinants = determinants[: len(determinants) - discard]
    exponents = lyapunov_exponents(forward, discard=discard)
    assert exponents.sum() == pytest.approx(determinants.mean(), rel=1e-11)


@cells
def test_the_exponents_are_the_rates_of_the_products_singular_values(cell: str) -> None:
    forward = forward_pass(replace(SMALL, cell=cell, sequence_length=400))
    jacobians = step_jacobians(forward)[first_passed(forward) :]
    assert len(jacobians) == 400 - bool(CELLS[cell].empty)  # nothing comes back to the empty state of the sLSTM
    with mpmath.workdps(1500):  # the smallest singular values are up to a thousand decades below the largest
        product = mpmath.eye(len(jacobians[0]))
        for jacobian in jacobians:
            product = mpmath.matrix(jacobian.tolist()) * product
        rates = [float(mpmath.log(value) / len(jacobians)) for value in mpmath.svd_r(product, compute_uv=False)]
    # The two differ by the angles between vectors and singular vectors, a number that does not grow with T.
    np.testing.assert_allclose(lyapunov_exponents(forward), sorted(rates, reverse=True), rtol=0, atol=5.0 / 400)


@every("count", [1, 3])
@cells
def test_fewer_columns_find_what_the_first_of_all_columns_find(cell: str, count: int) -> None:
    forward = forward_pass(replace(SMALL, cell=cell))
    few, every = lyapunov_exponents(forward, count=count, discard=50), lyapunov_exponents(forward, discard=50)
    assert few.shape == (count,)
    assert (np.diff(every) <= 0.0).all()
    first = log_growths(forward, discard=50).mean(axis=0)[:count]
    np.testing.assert_allclose(few, np.sort(first)[::-1], rtol=0, atol=1e-10)
    # Where no matrix mixes the units, or only by Δt, several shrink almost alike, and the first column turns into the
    # largest slowly.
    if has_w_hh(CELLS[cell]) and not CELLS[cell].oscillates:
        np.testing.assert_allclose(few, every[:count], rtol=0, atol=1e-10)


@cells
def test_the_answer_of_an_experiment_leaves_out_the_fifth_that_was_walked_first(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    np.testing.assert_array_equal(
        run_jacobians(experiment).lyapunov_exponents, lyapunov_exponents(forward_pass(experiment), discard=30)
    )


# Laws


@every("rate", [0.5, 0.9])
def test_at_rest_every_exponent_of_a_scaled_rotation_is_the_log_of_its_scale(rate: float) -> None:
    rotation, _ = np.linalg.qr(gaussian(8, 1.0, seed=1)[0])
    exponents = lyapunov_exponents(without_input(rate * rotation, np.zeros(8), steps=50))
    np.testing.assert_allclose(exponents, np.log(rate), rtol=0, atol=1e-13)


@every("scale", [0.5, 1.6, 3.0])
def test_positive_exponents_are_counted_at_both_ends_of_their_spread(scale: float) -> None:
    trace = run_jacobians(replace(SMALL, cell="rnn", weight_scale=scale))
    ends = list(zip(trace.lyapunov_exponents, trace.lyapunov_spread, strict=True))
    assert trace.positive == tuple(sum(one + side * spread > 0.0 for one, spread in ends) for side in (-1, 1))
    rotation = replace(SMALL, cell="rnn", initialisation="orthogonal", input_scale=0.0)
    assert run_jacobians(rotation).positive == (0, 0)


@every("seed", range(2))
def test_at_rest_the_exponents_are_the_logs_of_the_moduli_of_ws_eigenvalues(seed: int) -> None:
    matrix, _ = gaussian(12, 0.8, seed)
    steps = 8_000  # a pair of complex eigenvalues turns: what is left of a turn divides by T
    exponents = lyapunov_exponents(without_input(matrix, np.zeros(12), steps), discard=steps // 2)
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]
    np.testing.assert_allclose(exponents, np.log(moduli), rtol=0, atol=1e-3)
    assert exponents[0] == pytest.approx(np.log(theory.spectral_radius(matrix)), abs=1e-3)


@every("seed", range(2))
def test_a_kick_dies_out_at_the_log_of_the_spectral_radius(seed: int) -> None:
    matrix, kick = gaussian(60, 0.9, seed)
    largest = lyapunov_exponents(without_input(matrix, kick, steps=6000), count=1, discard=500)[0]
    assert largest == pytest.approx(np.log(theory.spectral_radius(matrix)), abs=2e-3)


@cells
def test_the_largest_exponent_is_the_slope_of_the_gradients_curve(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, batch_size=1, sequence_length=3000, weight_scale=1.0)
    norms = run(experiment).log10_norms["hidden"]
    slope = np.log(10.0) * (norms[0] - norms[2499]) / 2499
    # Over 2,500 steps: the curve shows the part of the vector that is dL/dh, a share that differs from step to step.
    largest = lyapunov_exponents(forward_pass(experiment), count=1, discard=500)[0]
    assert largest == pytest.approx(slope, abs=3.0 / 2500)


def test_a_jordan_network_has_an_exponent_for_each_output_and_loses_all_other_directions() -> None:
    experiment = replace(SMALL, cell="jordan", batch_size=1, sequence_length=3000, weight_scale=1.0)
    norms = run(experiment).log10_norms["hidden"]
    exponents = lyapunov_exponents(forward_pass(experiment), discard=500)
    assert exponents[0] == pytest.approx(np.log(10.0) * (norms[0] - norms[2499]) / 2499, abs=3.0 / 2500)
    outputs = len(run(experiment).readout)
    assert np.isfinite(exponents[:outputs]).all()
    assert not np.isfinite(exponents[outputs:]).any()


# Limits


def test_a_step_that_shrinks_below_rounding_leaves_no_exponent_there() -> None:
    left, right = (np.linalg.qr(gaussian(3, 1.0, seed)[0]).Q for seed in range(2))
    graded = left @ np.diag([0.5, 0.25, 1e-18]) @ right
    exponents = lyapunov_exponents(without_input(graded, np.zeros(3), steps=60))
    assert np.isfinite(exponents[:2]).all()
    assert np.isnan(exponents[2])


def test_a_small_factor_is_reported_where_it_does_not_come_from_a_difference() -> None:
    exponents = lyapunov_exponents(without_input(np.diag([0.5, 0.25, 1e-18]), np.zeros(3), steps=60), discard=50)
    assert np.isfinite(exponents[:2]).all()
    np.testing.assert_allclose(exponents, np.log([0.5, 0.25, 1e-18]), rtol=0, atol=1e-6)


def test_a_network_that_forgets_at_once_loses_every_direction() -> None:
    exponents = lyapunov_exponents(without_input(np.zeros((3, 3)), np.ones(3), steps=5))
    assert np.isneginf(exponents).all()


@every("count", [0, -1, 13])
def test_a_number_of_exponents_that_the_state_does_not_have_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=rf"count = {count} is not from 1 to 12"):
        lyapunov_exponents(forward_pass(SMALL), count=count)


@every("discard", [-1, 150])
def test_discarding_every_step_is_refused(discard: int) -> None:
    with pytest.raises(ValueError, match=rf"discard = {discard} is not from 0 to 149"):
        lyapunov_exponents(forward_pass(SMALL), discard=discard)
