"""The published laws of gradient flow, each as a test that is named after it and goes through `run`."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnn_dynamics import Experiment, run, run_family
from rnn_dynamics.engine import theory
from rnn_dynamics.experiment import KNOBS, Choice
from rnn_dynamics.learning.training import OF_TORCH
from tests.every import every
from tests.oracle import Array

RNN = Experiment(cell="rnn", sequence_length=60, hidden_size=24, input_size=5, seed=11)


def initialisations() -> tuple[str, ...]:
    knob = KNOBS["initialisation"]
    assert isinstance(knob, Choice)
    return tuple(knob.options)


def log10_growth(norms: Array) -> Array:
    """log10 of the norm relative to that at the last step, (..., T)."""
    return np.asarray(norms - norms[..., -1:])


# Law 1, Pascanu, Mikolov & Bengio 2013


@every("weight_scale", [0.3, 0.9, 1.3, 4.0])
@every("initialisation", initialisations())
def test_gradient_never_exceeds_the_largest_singular_value_to_the_lag(initialisation: str, weight_scale: float) -> None:
    trace = run(replace(RNN, initialisation=initialisation, weight_scale=weight_scale))
    sigma = theory.largest_singular_value(trace.parameters["weight_hh_l0"])
    bound = np.log10(sigma) * np.arange(59, -1, -1)
    assert (log10_growth(trace.log10_norms["hidden"]) <= bound + 1e-10).all()


def test_the_bound_of_a_gaussian_network_may_explode_while_its_gradient_vanishes() -> None:
    trace = run(replace(RNN, hidden_size=64, weight_scale=0.9, input_scale=0.3))
    bound = 40 * np.log10(theory.largest_singular_value(trace.parameters["weight_hh_l0"]))
    assert 9.0 < bound < 10.5  # the published example says about 5e9
    assert log10_growth(trace.log10_norms["hidden"])[-41] < -2.0


# Law 2, the linear case


@every(("scale", "after_fifty_steps"), [(0.9, 0.0051537752073201133), (1.1, 117.39085287969579)])
def test_gradient_of_an_orthogonal_network_at_rest_is_the_scale_to_the_lag(
    scale: float, after_fifty_steps: float
) -> None:
    trace = run(replace(RNN, initialisation="orthogonal", weight_scale=scale, input_scale=0.0))
    growth = log10_growth(trace.log10_norms["hidden"])
    np.testing.assert_allclose(growth, np.arange(59, -1, -1) * math.log10(scale), rtol=0.0, atol=1e-12)
    assert 10.0 ** growth[-51] == pytest.approx(after_fifty_steps, rel=1e-12)


# Law 3, random matrices


@every("weight_scale", [0.5, 1.0, 3.0])
def test_a_gaussian_matrix_has_spectral_radius_g_and_largest_singular_value_two_g(weight_scale: float) -> None:
    trace = run(replace(RNN, hidden_size=512, sequence_length=1, weight_scale=weight_scale))
    matrix = trace.parameters["weight_hh_l0"]
    assert theory.spectral_radius(matrix) == pytest.approx(weight_scale, rel=0.08)  # its edge is blurred by H^(−1/2)
    assert theory.largest_singular_value(matrix) == pytest.approx(2.0 * weight_scale, rel=0.02)


def test_an_orthogonal_matrix_has_all_its_singular_values_at_the_scale() -> None:
    trace = run(replace(RNN, initialisation="orthogonal", weight_scale=0.7))
    singular_values = np.linalg.svd(trace.parameters["weight_hh_l0"], compute_uv=False)
    np.testing.assert_allclose(singular_values, 0.7, rtol=1e-12)


# Law 4, Chen, Pennington & Schoenholz 2018


@every(("weight_scale", "published"), [(0.8, 0.487), (1.2, 0.859), (1.6, 1.110), (2.0, 1.323)])
def test_the_mean_squared_gradient_changes_by_chi_a_step(weight_scale: float, published: float) -> None:
    # Over 15 steps: mean field forgets that each step meets the same matrix, an error that grows with lag / H. And with
    # many features, so that every input is about as long as the next.
    wide = replace(RNN, hidden_size=512, input_size=64, batch_size=8, sequence_length=40, input_scale=math.sqrt(0.1))
    norms = run_family(wide, weight_scales=[weight_scale], seeds=range(16)).log10_norms["hidden"]
    chi_of_each_draw = 10.0 ** (2.0 * (norms[:, -16] - norms[:, -1]) / 15)
    assert chi_of_each_draw.mean() == pytest.approx(published, rel=0.01)
    assert theory.mean_field_log10_factor(replace(wide, weight_scale=weight_scale)) == pytest.approx(
        0.5 * math.log10(published), abs=3e-4
    )


def test_the_same_weights_vanish_with_input_and_explode_without() -> None:
    wide = replace(RNN, initialisation="orthogonal", hidden_size=128, weight_scale=1.3)
    assert log10_growth(run(replace(wide, input_scale=0.0)).log10_norms["hidden"])[0] > 5.0
    assert log10_growth(run(replace(wide, input_scale=1.0)).log10_norms["hidden"])[0] < -3.0


# Law 6, Hochreiter & Schmidhuber 1997


@every("loss_at", ["last", "every"])
def test_without_recurrent_weights_the_additive_path_carries_the_whole_gradient(loss_at: str) -> None:
    lstm = run(replace(RNN, cell="lstm", weight_scale=0.0, loss_at=loss_at, forget_bias=1.0))
    np.testing.assert_allclose(lstm.log10_norms["cell_path"], lstm.log10_norms["cell"], rtol=0.0, atol=1e-12)


@every("cell", ["lstm", "gru"])
def test_the_additive_path_multiplies_by_its_gate_and_by_nothing_else(cell: str) -> None:
    trace = run(replace(RNN, cell=cell, hidden_size=1, batch_size=1, weight_scale=2.0))
    gate = trace.gates["f" if cell == "lstm" else "z"][:, 0, 0]
    path = trace.log10_norms["cell_path"]
    np.testing.assert_allclose(np.diff(path), -np.log10(gate[1:]), rtol=0.0, atol=1e-12)


def test_with_recurrent_weights_the_additive_path_is_only_a_part() -> None:
    trace = run(replace(RNN, cell="lstm", hidden_size=64, forget_bias=1.0))
    assert (trace.log10_norms["cell_path"] < trace.log10_norms["cell"])[:-1].all()


# What default initialisations really do; the measured factors are in test_initialisations.py

DEFAULT = Experiment(
    sequence_length=110, hidden_size=128, input_size=16, batch_size=8, initialisation="torch", input_scale=1.0
)


@every("cell", [*OF_TORCH, "jordan"])
def test_no_cell_keeps_its_gradient_at_the_frameworks_defaults(cell: str) -> None:
    trace = run(replace(DEFAULT, cell=cell))
    assert log10_growth(trace.log10_norms["input"])[0] < -15.0
