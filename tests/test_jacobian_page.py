"""The page "Why: a product of Jacobians": tables against NumPy and torch, words against the library's numbers."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, run, run_jacobians
from rnn_dynamics.engine import theory
from rnn_dynamics.pictures import frames
from rnn_dynamics.pictures.jacobians import PICTURE
from rnn_dynamics.pictures.jacobians.answer import jacobian_answer
from tests.every import every
from tests.oracle import jacobian
from tests.pictured import Rows, column, drawn_by, said_by
from tests.test_pages import link, not_taken, open_page, shown

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
AT_REST = replace(OPENING, initialisation="orthogonal", weight_scale=0.9, input_scale=0.0)
NOT_NORMAL = replace(OPENING, weight_scale=0.9, input_scale=0.0, hidden_size=16, seed=19)
cells = every("cell", CELLS)


def tables(experiment: Experiment, panels: str = "all") -> dict[str, Rows]:
    return drawn_by(PICTURE, experiment, panels=panels)


def words(experiment: Experiment) -> str:
    return said_by(PICTURE, experiment)


@cache
def unrolled(experiment: Experiment) -> NDArray[np.float64]:
    """∂s_T/∂s_1 by torch.func."""
    return jacobian(run(experiment), range(1, experiment.sequence_length))


# The answer


@cells
def test_the_norm_over_the_longest_lag_is_that_of_torchs_jacobian(cell: str) -> None:
    experiment = replace(OPENING, cell=cell, sequence_length=20, hidden_size=8)
    expected = torch.linalg.matrix_norm(torch.tensor(unrolled(experiment)), ord=2).log10()
    assert jacobian_answer(experiment).trace.log10_norms[-1] == pytest.approx(float(expected), abs=1e-10)


@cells
def test_eigenvalues_are_those_of_the_block_and_of_the_mean_jacobian(cell: str) -> None:
    experiment = replace(OPENING, cell=cell, sequence_length=20, hidden_size=8)
    trace, answer = run_jacobians(experiment), jacobian_answer(experiment)
    for kind, matrix in {"weights": trace.state_matrix, "mean": sum(trace.jacobians) / 20}.items():
        expected = torch.linalg.eigvals(torch.tensor(np.array(matrix))).numpy()
        for found in answer.laws.eigenvalues[kind]:
            assert np.abs(expected - found).min() < 1e-9
        assert np.abs(answer.laws.eigenvalues[kind]).max() == pytest.approx(np.abs(expected).max(), rel=1e-12)


@every(("nonlinearity", "weight_scale"), [(name, scale) for name in ("tanh", "relu") for scale in (0.0, 1.0)])
def test_the_mean_slope_is_that_of_the_activation_even_without_recurrent_weights(
    nonlinearity: str, weight_scale: float
) -> None:
    experiment = replace(OPENING, nonlinearity=nonlinearity, weight_scale=weight_scale)
    states = run(experiment).hidden_states[1:, 0]
    slopes = 1.0 - states**2 if nonlinearity == "tanh" else states > 0
    assert jacobian_answer(experiment).slope == pytest.approx(slopes.mean(), rel=1e-12)


def test_orthogonal_weights_at_rest_make_all_laws_one() -> None:
    answer = jacobian_answer(AT_REST)
    expected = np.log10(0.9)
    assert list(answer.laws.factors.values()) == pytest.approx([expected] * 4, abs=1e-12)
    assert answer.trace.log10_norms == pytest.approx(answer.trace.lags * expected, abs=1e-10)
    assert answer.coincide
    assert not jacobian_answer(OPENING).coincide


def test_a_norm_at_its_bound_is_not_enough_to_call_the_matrix_a_rotation() -> None:
    answer = jacobian_answer(replace(OPENING, nonlinearity="relu", initialisation="identity"))
    assert answer.trace.log10_norms[-1] == answer.laws.factors["bound"] == answer.laws.factors["radius"] == 0.0
    assert answer.slope < 0.95
    assert not answer.coincide


def test_a_network_with_gates_has_no_line_of_the_bound() -> None:
    assert set(jacobian_answer(OPENING).drawn) == {"bound", "radius", "exponent"}
    for cell in ("lstm", "gru"):
        assert set(jacobian_answer(replace(OPENING, cell=cell)).drawn) == {"mean", "exponent"}


def test_the_excess_over_the_spectral_radius_is_that_of_powers_of_the_matrix() -> None:
    answer = jacobian_answer(NOT_NORMAL)
    matrix = run(NOT_NORMAL).parameters["weight_hh_l0"]
    radius = theory.spectral_radius(matrix)
    ratios = {k: np.linalg.norm(np.linalg.matrix_power(matrix, k), 2) / radius**k for k in answer.trace.lags.tolist()}
    lag, log10_times = answer.excess
    assert lag == max(ratios, key=lambda k: ratios[k])
    assert 10.0**log10_times == pytest.approx(ratios[lag], rel=1e-9)
    assert ratios[lag] > 6.0


@cells
def test_survivors_are_counted_by_torchs_singular_values(cell: str) -> None:
    experiment = replace(OPENING, cell=cell, sequence_length=20, hidden_size=8, weight_scale=1.6)
    expected = torch.linalg.svdvals(torch.tensor(unrolled(experiment)))
    assert run_jacobians(experiment).survivors == int((expected > 0.01).sum())


def test_a_large_lstm_gets_half_its_exponents_and_the_page_says_so() -> None:
    experiment = replace(OPENING, cell="lstm", hidden_size=64, sequence_length=200)
    answer = jacobian_answer(experiment)
    assert (len(answer.trace.lyapunov_exponents), answer.trace.size) == (64, 128)
    assert "the largest 64 of the 128 exponents" in words(experiment)
    assert len(jacobian_answer(replace(OPENING, cell="lstm")).trace.lyapunov_exponents) == 64


# The tables


@cells
def test_the_fan_holds_the_singular_values_at_their_lags(cell: str) -> None:
    experiment = replace(OPENING, cell=cell)
    answer, found = jacobian_answer(experiment), tables(experiment)
    (whole,) = found["whole"]
    ranks = sorted(set(column(found["fan"], "rank")))
    assert (ranks[0], ranks[-1], len(ranks)) == (1, answer.trace.size, 12)
    for rank in ranks:
        assert column(found["fan"], "step", rank=rank) == (100 - answer.trace.lags).tolist()
        heights = answer.trace.log10_singular_values[:, rank - 1].copy()
        heights[~((heights >= whole["low"]) & (heights <= whole["high"]))] = np.nan
        drawn = np.array(column(found["fan"], "log10_singular_value", rank=rank), dtype=float)
        np.testing.assert_allclose(drawn, heights, rtol=1e-6, atol=1e-6)


@every("experiment", [OPENING, NOT_NORMAL, replace(OPENING, weight_scale=3.0)])
def test_every_straight_line_has_its_slope_and_ends_within_the_axes(experiment: Experiment) -> None:
    answer, found = jacobian_answer(experiment), tables(experiment)
    (whole,), back = found["whole"], experiment.sequence_length - 1
    for row in found["laws"] + found["eigenvalues"]:
        slope = answer.drawn[row["name"]] if "name" in row else np.log10(row["modulus"])
        lag, height = experiment.sequence_length - row["step"], row["log10_value"]
        assert height == pytest.approx(lag * slope, rel=1e-4, abs=1e-4)
        assert lag == pytest.approx(back) or height in (whole["low"], whole["high"])
        assert 0 < lag <= back
        assert whole["low"] <= height <= whole["high"]


@cells
def test_everything_in_the_plane_lies_within_its_reach(cell: str) -> None:
    for scale in (0.1, 1.0, 10.0):
        found = tables(replace(OPENING, cell=cell, weight_scale=scale))
        reach = found["whole"][0]["reach"]
        radii = [row["radius"] for row in found["laws"] if row["radius"]]
        assert max(1.0, *column(found["eigenvalues"], "modulus"), *radii) < reach
        assert 0.0 <= found["singular"][-1]["value"] <= found["singular"][0]["value"] < reach
        for row in found["eigenvalues"]:
            assert np.hypot(row["real"], row["imaginary"]) == pytest.approx(row["modulus"], rel=1e-5)


@every("scale", [0.1, 0.6, 1.0, 1.6, 2.0, 3.0, 10.0])
@cells
def test_no_two_labels_touch(cell: str, scale: float) -> None:
    found = tables(replace(OPENING, cell=cell, weight_scale=scale))
    (whole,), places = found["whole"], sorted(column(found["labels"], "place"))
    assert np.diff(places).min() >= (whole["high"] - whole["low"]) / 13 * (1 - 1e-9)
    assert whole["low"] < places[0] < places[-1] < whole["high"]


def test_the_exponents_are_drawn_as_far_as_their_axis_goes() -> None:
    experiment = replace(OPENING, weight_scale=3.0)
    exponents, found = jacobian_answer(experiment).trace.lyapunov_exponents, tables(experiment)
    (whole,), drawn = found["whole"], column(found["exponents"], "exponent")
    assert whole["lowest"] == -6.0
    assert exponents[-1] < -6.0
    assert drawn == exponents[exponents >= -6.0].tolist()
    assert column(found["exponents"], "order") == list(range(1, len(drawn) + 1))
    assert whole["count"] == 32


@every("changes", [{"hidden_path": "cut"}, {"hidden_path": "cut", "cell": "lstm"}])
def test_a_law_of_factor_zero_is_one_at_lag_zero(changes: dict[str, Any]) -> None:
    frame = frames("jacobians", replace(OPENING, **changes))["lines"]
    assert frame["log10_radius"][0] == frame["log10_mean"][0] == 0.0
    if "cell" not in changes:
        assert (frame["log10_mean"][1:] == -np.inf).all()


def test_the_table_for_download_holds_every_line() -> None:
    answer, frame = jacobian_answer(NOT_NORMAL), frames("jacobians", NOT_NORMAL)["lines"]
    assert frame.shape == (40, 1 + 16 + 4)
    np.testing.assert_array_equal(frame["log10_singular_value_1"], answer.trace.log10_norms)
    np.testing.assert_allclose(
        frame["log10_bound"], answer.trace.lags * np.log10(answer.laws.singular_values[0]), atol=1e-12
    )


@cells
def test_the_curves_alone_are_those_of_all_panels_with_the_laws_of_the_weights(cell: str) -> None:
    experiment = replace(OPENING, cell=cell)
    alone, everything = tables(experiment, "curves"), tables(experiment)
    assert set(everything) - set(alone) == {"eigenvalues", "singular", "exponents"}
    assert alone["fan"] == everything["fan"]
    assert alone["laws"] == [row for row in everything["laws"] if row["name"] in ("bound", "radius")]
    assert alone["whole"][0].items() <= everything["whole"][0].items()
    assert {row["text"] for row in alone["labels"]} <= {row["text"] for row in everything["labels"]}


# The words


def test_the_opening_says_what_the_bound_allows_and_what_is_true() -> None:
    trace = run_jacobians(OPENING)
    sigma, radius = theory.largest_singular_value(trace.state_matrix), theory.spectral_radius(trace.state_matrix)
    bound = 99 * np.log10(sigma)
    said = words(OPENING)
    assert (round(bound), round(trace.log10_singular_values[-1, 0])) == (25, -22)
    assert (
        "necessary for a gradient to explode, but not sufficient: the bound is 10²⁵, the true norm only 10⁻²²" in said
    )
    assert f"×{sigma:.3g}</td><td><b>10²⁵</b>" in said
    assert f"×{radius:.3g}</td><td><b>10⁵</b>" in said
    exponent, spread = trace.lyapunov_exponents[0], trace.lyapunov_spread[0]
    assert 0.01 <= spread < 0.1
    assert f"λ₁ = −{abs(exponent):.2f} ± {spread:.2f} per step" in said
    assert f"The sum of all 32 exponents is −{abs(trace.lyapunov_exponents.sum()):.1f}" in said
    assert "ρ, is 1.12, so the gradient grows. But each step also multiplies by slopes, 0.55" in said
    assert "0.55 on average: 99 steps leave 10⁻²²." in said


@every(
    ("experiment", "said"),
    [
        (AT_REST, "Bound, ρ and true norm coincide"),
        (replace(OPENING, initialisation="orthogonal", weight_scale=0.9), "is enough for the gradient to vanish"),
        (replace(OPENING, initialisation="orthogonal", input_scale=3.0), "σ_max is 1: no gradient can grow"),
        (replace(OPENING, weight_scale=3.0), "this one does grow"),
        (NOT_NORMAL, "at lag 10 the true norm is 6.4 times ρ to that power"),
        (replace(OPENING, cell="lstm"), "that law holds for a network without gates"),
        (replace(OPENING, hidden_path="cut"), "every Jacobian is 0"),
        (replace(OPENING, hidden_path="cut", cell="lstm"), "the additive path"),
        (replace(OPENING, hidden_path="cut", cell="lstm"), "cannot be distinguished from rounding errors: 32 of 64"),
        (replace(OPENING, hidden_path="cut"), "Exponents equal to −∞: 32 of 32"),
        (OPENING, "From lag 8 on, lines end: singular values more than 10¹⁴ times smaller than the largest (23 of 32 "),
        (replace(OPENING, text="a"), "there is no product yet"),
        (replace(OPENING, cell="lstm"), "in which more than 1 % of an error is left after 99 steps: 10 of 64."),
        (OPENING, "None of the 32 directions keeps more than 1 %"),
        (replace(OPENING, hidden_size=1), "The only direction keeps at most 1 %"),
    ],
)
def test_each_case_has_its_sentence(experiment: Experiment, said: str) -> None:
    assert said in words(experiment)


# The page


def test_the_latch_has_its_place_in_the_link() -> None:
    app = open_page("jacobians", {"latch_weight": "2.00"})
    assert not not_taken(app)
    assert app.select_slider(key="latch_weight").value == "2.00"
    assert sum("±0.96" in word for word in shown(app)["words"]) == 1
    assert "latch_weight=2.00" in link(app).split("&")
    app.button(key="reset").click().run()
    assert app.select_slider(key="latch_weight").value == "1.25"
    assert "latch_weight=1.25" in link(app).split("&")


@every("value", ["nan", "1e99", "-1", "<b>bold</b>", "x" * 10_000, ""])
def test_a_hostile_weight_of_the_latch_is_named_and_left(value: str) -> None:
    app = open_page("jacobians", {"latch_weight": value})
    assert not app.exception
    assert app.select_slider(key="latch_weight").value == "1.25"
    (said,) = not_taken(app)
    assert "is not one of 0.05, 0.10, …, 3.00" in said
    assert len(said) < 200


def test_only_the_latch_changes_with_its_slider() -> None:
    app = open_page("jacobians")
    before = shown(app)
    app.select_slider(key="latch_weight").set_value("0.50").run()
    after = shown(app)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"1-lines", "1-attractors", "1-whole", "words"}
    (latch,) = set(after["words"]) - set(before["words"])
    assert "attractor" in latch
    assert len(after["words"]) == len(before["words"])
