"""The closed forms against mpmath's quadrature; published numbers are among the laws."""

import math
from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch

from rnn_dynamics import Experiment, run
from rnn_dynamics.engine import theory
from rnn_dynamics.laws.theory import VARIANCES
from tests.every import every

SCALES = [0.3, 0.999, 1.0, 1.001, 1.5, 3.0, 10.0]
RNN = Experiment(cell="rnn", weight_scale=1.7, hidden_size=20, input_size=6, input_scale=0.4)


def gaussian_mean(of: Callable[[mpmath.mpf], mpmath.mpf], variance: float) -> float:
    """E[of(√variance z)] by mpmath."""
    width = mpmath.sqrt(variance)
    nodes = sorted({edge * unit for unit in (width, 1.0) for edge in (-12, -6, -3, -1, 0, 1, 3, 6, 12)})
    total = mpmath.quad(lambda x: of(x) * mpmath.exp(-x * x / (2 * variance)), nodes)
    return float(total / (mpmath.sqrt(2 * mpmath.pi) * width))


@every("input_variance", VARIANCES)
@every("weight_scale", SCALES)
def test_the_variance_reproduces_itself_by_mpmaths_quadrature(weight_scale: float, input_variance: float) -> None:
    q = theory.mean_field_variance(weight_scale, input_variance)
    if q == 0.0:
        assert input_variance == 0.0
        assert weight_scale <= 1.0
        return
    mapped = weight_scale**2 * gaussian_mean(lambda x: mpmath.tanh(x) ** 2, q) + input_variance
    assert mapped == pytest.approx(q, rel=1e-12)


@every("input_variance", [0.01, 1.0, 25.0])
@every("weight_scale", [0.3, 1.5, 10.0])
def test_chi_agrees_with_mpmath_at_any_variance(weight_scale: float, input_variance: float) -> None:
    q = theory.mean_field_variance(weight_scale, input_variance)
    expected = weight_scale**2 * gaussian_mean(lambda x: mpmath.sech(x) ** 4, q)
    assert theory.mean_field_chi(weight_scale, input_variance) == pytest.approx(expected, rel=1e-12)


def test_iterating_the_map_from_a_large_variance_arrives_at_the_fixed_point() -> None:
    q = 50.0
    for _ in range(20):
        q = 2.25 * gaussian_mean(lambda x: mpmath.tanh(x) ** 2, q) + 0.1
    assert theory.mean_field_variance(1.5, 0.1) == pytest.approx(q, rel=1e-5)


def test_without_input_the_variance_dies_up_to_scale_one_and_lives_above() -> None:
    assert theory.mean_field_variance(1.0, 0.0) == 0.0
    assert theory.mean_field_variance(1.01, 0.0) == pytest.approx(0.01, rel=0.05)


def test_chi_grows_with_the_weight_scale() -> None:
    chis = [theory.mean_field_chi(scale, 0.1) for scale in np.linspace(0.0, 12.0, 200)]
    assert (np.diff(chis) > 0.0).all()


@every(
    ("changes", "expected"),
    [
        ({}, (1.7, 0.16)),
        ({"initialisation": "orthogonal"}, (1.7, 0.16)),
        ({"initialisation": "torch"}, (1.7 / math.sqrt(3.0), (6 * 0.16 + 2.0) / 60.0)),
        ({"initialisation": "keras"}, (1.7, 12.0 / 26.0 * 0.16)),
        ({"text": "abcdabcd"}, (1.7, 0.04)),
        ({"text": "abcdabcd", "initialisation": "torch"}, (1.7 / math.sqrt(3.0), (0.16 + 2.0) / 60.0)),
    ],
)
def test_each_scheme_has_its_effective_scale_and_input_variance(
    changes: dict[str, str], expected: tuple[float, float]
) -> None:
    known = theory.mean_field_inputs(replace(RNN, **changes))  # type: ignore[arg-type]
    assert known == pytest.approx(expected, rel=1e-12)


@every("text", ["", "the quick brown fox jumps over the lazy dog"])
@every("initialisation", ["gaussian", "orthogonal", "torch", "keras"])
def test_the_effective_scale_and_input_variance_are_those_of_the_weights_drawn(initialisation: str, text: str) -> None:
    wide = replace(RNN, hidden_size=500, initialisation=initialisation, text=text, input_scale=1.5)
    trace = run(wide)
    of = trace.parameters
    from_input = trace.inputs @ of["weight_ih_l0"].T + of["bias_ih_l0"] + of["bias_hh_l0"]
    known = theory.mean_field_inputs(wide)
    assert known is not None
    assert np.sqrt(500) * of["weight_hh_l0"].std() == pytest.approx(known[0], rel=0.02)
    assert np.square(from_input).mean() == pytest.approx(known[1], rel=0.1)


@every("changes", [{"cell": "lstm"}, {"cell": "gru"}, {"initialisation": "identity"}, {"nonlinearity": "relu"}])
def test_mean_field_says_nothing_about_gates_relu_and_the_identity(changes: dict[str, str]) -> None:
    silent = replace(RNN, **changes)  # type: ignore[arg-type]
    assert theory.mean_field_inputs(silent) is None
    assert theory.mean_field_log10_factor(silent) is None


def test_a_network_without_recurrent_weights_has_no_factor() -> None:
    assert theory.mean_field_log10_factor(replace(RNN, weight_scale=0.0)) is None


def test_the_factor_of_the_norm_is_half_the_decades_of_chi() -> None:
    assert theory.mean_field_log10_factor(RNN) == pytest.approx(
        0.5 * math.log10(theory.mean_field_chi(1.7, 0.16)), rel=1e-12
    )


@every("weight_scale", [0.5, 1.7])
def test_a_network_at_rest_has_the_weight_scale_as_its_factor(weight_scale: float) -> None:
    at_rest = replace(RNN, initialisation="orthogonal", input_scale=0.0, weight_scale=weight_scale)
    hidden = run(at_rest).log10_norms["hidden"]
    assert theory.mean_field_log10_factor(at_rest) == pytest.approx(hidden[0] - hidden[1], rel=1e-10)


def test_the_spectral_radius_is_no_bound_for_a_matrix_that_is_not_normal() -> None:
    shear = np.array([[0.5, 3.0], [0.0, 0.25]])
    assert theory.spectral_radius(shear) == pytest.approx(0.5, rel=1e-12)
    assert theory.largest_singular_value(shear) == pytest.approx(np.linalg.norm(shear, 2), rel=1e-12)
    assert theory.spectral_radius(np.array([[0.0, -2.0], [2.0, 0.0]])) == pytest.approx(2.0, rel=1e-12)


@every("bad", [-0.1, math.nan, math.inf])
def test_a_negative_or_infinite_argument_is_refused_by_name(bad: float) -> None:
    with pytest.raises(ValueError, match="input_variance"):
        theory.critical_weight_scale(bad)
    with pytest.raises(ValueError, match="weight_scale"):
        theory.mean_field_variance(bad, 0.1)
    with pytest.raises(ValueError, match="input_variance"):
        theory.mean_field_chi(1.0, bad)


def test_each_floor_is_the_last_power_of_two_that_its_format_holds() -> None:
    assert [name for name, _ in theory.FLOORS] == ["float16", "bfloat16", "float32"]
    for name, log10_floor in theory.FLOORS:
        exponent = round(log10_floor / math.log10(2.0))
        kept, lost = torch.tensor([2.0**exponent, 2.0 ** (exponent - 2)], dtype=torch.float64).to(getattr(torch, name))
        assert log10_floor == pytest.approx(exponent * math.log10(2.0), rel=1e-12)
        assert kept.item() == 2.0**exponent
        assert lost.item() == 0.0


# The latch, Bengio, Simard & Frasconi 1994


@every("weight", [0.0, 0.3, 1.0])
def test_up_to_weight_one_there_is_nothing_to_hold(weight: float) -> None:
    assert theory.latch(weight) == theory.Latch((0.0,), weight)


@every("weight", [math.nextafter(1.0, 2.0), 1 + 1e-12, 1 + 1e-6, 1.01, 1.25, 2.0, 3.7, 7.0, 10.0])
def test_above_weight_one_attractors_and_slope_agree_with_mpmath(weight: float) -> None:
    with mpmath.workdps(60):
        w = mpmath.mpf(weight)
        argument = mpmath.findroot(
            lambda u: u * mpmath.coth(u) - w, (mpmath.mpf(10) ** -12, w), solver="anderson", tol=1e-45, maxsteps=400
        )
        state, slope = mpmath.tanh(argument), w * mpmath.sech(argument) ** 2
    found = theory.latch(weight)
    assert found.attractors == pytest.approx((-float(state), float(state)), rel=1e-12, abs=0.0)
    assert found.slope == pytest.approx(float(slope), rel=1e-12, abs=0.0)
    assert found.slope < 1.0


@every("bad", [-0.1, 10.01, math.nan, math.inf])
def test_a_latch_outside_the_limits_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"weight = .* is not a number from 0 to 10"):
        theory.latch(bad)


@every("f", [0.5, 0.9, 0.999])
def test_the_time_scale_of_a_constant_gate_is_minus_one_over_its_logarithm(f: float) -> None:
    np.testing.assert_allclose(theory.time_scale(np.full((7, 2), f)), -1 / np.log(f), rtol=1e-12)
