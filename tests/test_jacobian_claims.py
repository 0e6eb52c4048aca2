"""What "A product of Jacobians" claims, at a hundred strange settings, held against products by NumPy and long runs."""

import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_dynamics import Experiment, run, run_jacobians
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.engine.through_time.lyapunov import exponents_and_spread, log_growths
from rnn_dynamics.pictures.jacobians import PICTURE
from rnn_dynamics.pictures.jacobians.answer import jacobian_answer
from tests.claims import assert_fits_a_phone, assert_readable, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by
from tests.test_lyapunov import forward_pass

OPENING = Experiment(cell="rnn", sequence_length=40, hidden_size=8, batch_size=2, forget_bias=3.0)
SETTINGS = list(strange_settings(OPENING, 140, loss_at=(), hidden_size=(2, 8)))


def said_at(experiment: Experiment) -> str:
    """Titles, labels, table and notes."""
    drawn = drawn_by(PICTURE, experiment, panels="all")
    (whole,) = drawn["whole"]
    assert None not in whole.values()
    titles = [whole[name] for name in ("lines", "weights", "mean", "spectrum")]
    assert_fits_a_phone(*titles)
    labels = [row["text"] for name in ("labels", "eigenvalues") for row in drawn[name]]
    return "\n".join([*titles, *labels, plain(said_by(PICTURE, experiment))])


def product_of_slopes(experiment: Experiment) -> NDArray[np.float64]:
    """∂h_T/∂h_1 of a network without gates: diag(slope_t) times the matrix, for t = T down to 2."""
    trace = run(experiment)
    states = trace.hidden_states[1:, 0]
    slopes = (states > 0).astype(float) if experiment.nonlinearity == "relu" else 1.0 - states**2
    matrix = trace.parameters["weight_hh_l0"] @ (
        trace.readout if experiment.cell == "jordan" else np.eye(len(states.T))
    )
    product = np.eye(len(matrix))
    for slope in slopes[:0:-1]:
        product = product @ (slope[:, None] * matrix * (experiment.hidden_path == "open"))
    return np.asarray(product)


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    said, plural = said_at(experiment), experiment.sequence_length > 1
    assert_readable(said)
    trace = run_jacobians(experiment)
    sizes = np.linalg.svd(trace.state_matrix, compute_uv=False)
    radius = np.abs(np.linalg.eigvals(trace.state_matrix)).max()
    if "is cut" in said and experiment.cell in ("rnn", "jordan"):
        assert experiment.hidden_path == "cut"
        assert "slopes make" not in said
        assert "on average" not in said
    if experiment.cell in ("rnn", "jordan") and plural:
        norm = np.linalg.norm(product_of_slopes(experiment), 2)
        assert ("does grow" in said or "as its bound allows" in said or "coincide" in said) or norm < 1.02
        if "σ_max is 1" in said or "σ_max = 1)" in said:
            assert sizes[0] == pytest.approx(1.0, abs=1e-10)
            assert norm < 1.0 + 1e-9
        if "not sufficient" in said:
            assert sizes[0] > 1 + 1e-12
            assert norm <= 1.02
        if "is enough for the gradient to vanish" in said:
            assert sizes[0] < 1 - 1e-12
            assert norm <= sizes[0] ** (experiment.sequence_length - 1) * 1.001
        if "A common rule says: the largest |eigenvalue|" in said:
            assert radius > 1.0 > norm
            assert experiment.hidden_path == "open"
        if "only rotates and scales" in said:
            np.testing.assert_allclose(sizes, sizes[0], rtol=1e-9)
    if experiment.cell == "lru" and plural:
        largest = np.exp(-np.exp(run(experiment).parameters["nu_log_l0"].min()))
        left = power_of_ten((experiment.sequence_length - 1) * np.log10(largest))
        assert f"by its |λ|, {largest:.4f} at most" in said
        assert re.search(rf"steps? leaves? {re.escape(left)}, which", said)
        for label in ("true norm", "bound σₘₐₓ", "ρ"):
            assert re.search(rf"^{label}.*[:=] {re.escape(left)}$", said, re.MULTILINE)


def test_the_largest_exponent_stands_with_its_spread_per_step_too() -> None:
    widest = 0.0
    for seed in range(3):
        asked = Experiment(cell="rnn", weight_scale=3.0, hidden_size=16, batch_size=1, seed=seed)
        trace = run_jacobians(asked)
        exponent, spread = trace.lyapunov_exponents[0], trace.lyapunov_spread[0]
        (row,) = [line for line in plain(said_by(PICTURE, asked)).splitlines() if "Lyapunov" in line]
        low, high = map(float, re.findall(r"×([\d.]+)", row))
        np.testing.assert_allclose([low, high], np.exp([exponent - spread, exponent + spread]), rtol=5e-3)
        widest = max(widest, high - low)
    assert widest > 0.01


def test_rotations_at_rest_have_no_positive_exponent_and_no_sign() -> None:
    said = said_at(Experiment(cell="rnn", batch_size=2, initialisation="orthogonal", input_scale=0.0))
    assert "0 of 32¦exponents > 0" in said
    assert "λ₁ = 0.000 per step" in said
    assert "by exponent λ₁: 1\n" in said


@every("sequence_length", [30, 100])
def test_beside_a_norm_of_one_the_spread_of_the_exponent_holds_zero(sequence_length: int) -> None:
    experiment = Experiment(
        cell="rnn", batch_size=2, nonlinearity="relu", initialisation="identity", sequence_length=sequence_length
    )
    answer = jacobian_answer(experiment)
    assert answer.trace.log10_norms[-1] == 0.0
    assert (
        answer.trace.lyapunov_exponents[0] - answer.trace.lyapunov_spread[0]
        < 0.0
        < answer.trace.lyapunov_exponents[0] + answer.trace.lyapunov_spread[0]
    )
    assert answer.trace.positive[0] == 0
    assert answer.trace.positive[1] > 0


#: The presets of the page, and between them.
PRESETS = [
    Experiment(cell=cell, weight_scale=scale, hidden_size=16, batch_size=1, forget_bias=3.0)
    for cell, scale in [("rnn", 1.0), ("rnn", 3.0), ("gru", 2.0), ("lstm", 1.0)]
]


@every("preset", PRESETS)
def test_the_spread_holds_the_exponent_of_a_sequence_ten_times_as_long(preset: Experiment) -> None:
    held = 0
    for seed in range(10):
        trace = run_jacobians(replace(preset, seed=seed), lags=[1], exponents=2)
        long = run_jacobians(replace(preset, seed=seed, sequence_length=1000), lags=[1], exponents=1)
        held += abs(trace.lyapunov_exponents[0] - long.lyapunov_exponents[0]) <= trace.lyapunov_spread[0]
    assert held >= 8


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_another_start_frame_finds_the_exponents_within_their_spread(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(cell=cell, hidden_size=12, batch_size=1, forget_bias=0.5, sequence_length=100)
    forward = forward_pass(experiment)
    exponents, spread = exponents_and_spread(log_growths(forward, discard=20))
    draws = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda _: draws(7))
    other, _ = exponents_and_spread(log_growths(forward, discard=20))
    assert abs(other[0] - exponents[0]) <= spread[0]


def test_no_length_of_a_sequence_is_said_in_the_plural_of_one() -> None:
    said = said_at(replace(OPENING, sequence_length=2))
    assert "over 1 step" in said
    assert "1 Jacobian multiplies" in said
    assert not re.search(r"\b1 steps", said)


def test_the_spread_is_that_of_four_quarters_of_the_steps_by_students_t() -> None:
    growths = np.random.default_rng(0).normal(0.3, 1.0, (80, 3))
    exponents, spread = exponents_and_spread(growths)
    order = np.argsort(-growths.mean(axis=0))
    means = growths[:, order].reshape(4, 20, 3).mean(axis=1)
    np.testing.assert_allclose(exponents, means.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, 3.182 * means.std(axis=0, ddof=1) / 2.0, rtol=1e-12)


@every(("growths", "held"), [([[0.1]], None), ([[-np.inf], [0.1]], None), ([[0.1], [0.1]], 0.0)])
def test_one_step_and_a_lost_direction_have_no_spread(growths: list[list[float]], held: float | None) -> None:
    _, spread = exponents_and_spread(np.array(growths))
    assert np.isnan(spread[0]) if held is None else spread[0] == held
