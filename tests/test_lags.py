"""The recurrent weights' gradient by time step, against autograd with a copy of W_hh for each step."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_dynamics import CELLS, Experiment, run, split_by_lag
from tests.every import every
from tests.oracle import (
    LOG10_2,
    Array,
    ask_step_by_step,
    name_of_summed,
    recurrent_gradients,
    relative_error,
    truncated_recurrent_gradient,
)

SMALL = Experiment(sequence_length=23, hidden_size=7, input_size=3, batch_size=3, seed=3)
cells = every("cell", CELLS)
every_case = every(
    "experiment",
    [replace(SMALL, cell=cell, loss_at=loss_at) for cell in CELLS for loss_at in ("last", "every")],
    ids=lambda case: f"{case.cell}-{case.loss_at}",
)


def log10_norms(matrices: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(np.linalg.norm(matrices, axis=(-2, -1))))


def assert_agrees(experiment: Experiment) -> None:
    split, gradients = split_by_lag(experiment), recurrent_gradients(run(experiment))
    total = gradients.sum(axis=0)
    assert relative_error(split.step, log10_norms(gradients)) < 1e-10
    assert relative_error(split.truncated, log10_norms(gradients[::-1].cumsum(axis=0)[::-1])) < 1e-10
    assert relative_error(np.array([split.total]), log10_norms(total[None])) < 1e-10
    shares = np.einsum("tij,ij->t", gradients, total) / np.square(total).sum()
    np.testing.assert_allclose(split.share, shares, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(split.cumulative_share, shares[::-1].cumsum()[::-1], rtol=0, atol=1e-10)


@every_case
def test_each_step_is_what_autograd_gives_its_own_copy_of_the_weights(experiment: Experiment) -> None:
    assert_agrees(experiment)


@given(st.sampled_from(list(CELLS)), st.floats(0.1, 2.0), st.integers(2, 30), st.integers(1, 5), st.integers(0, 99))
def test_the_split_holds_at_any_setting(cell: str, scale: float, length: int, batch: int, seed: int) -> None:
    settings: dict[str, Any] = {"weight_scale": scale, "sequence_length": length, "batch_size": batch, "seed": seed}
    assert_agrees(replace(SMALL, cell=cell, **settings))


@every("length", [1, 2, 10, 11])
def test_the_part_in_the_middle_is_that_of_half_the_lags(length: int) -> None:
    experiment = replace(SMALL, sequence_length=length)
    split, parts = split_by_lag(experiment), recurrent_gradients(run(experiment))
    assert split.middle == length // 2
    total = np.linalg.norm(parts.sum(axis=0))
    if total:
        expected = np.linalg.norm(parts[length - 1 - length // 2]) / total
        assert 10**split.log10_of_middle == pytest.approx(expected, rel=1e-10)
    else:
        assert np.isnan(split.log10_of_middle)


@every_case
def test_partial_sums_are_what_truncated_autograd_sees(experiment: Experiment) -> None:
    trace, split = run(experiment), split_by_lag(experiment)
    seen = np.stack([truncated_recurrent_gradient(trace, lag) for lag in range(22, -1, -1)])
    assert relative_error(split.truncated, log10_norms(seen)) < 1e-10


@every_case
def test_the_total_is_the_gradient_of_the_trace_and_the_shares_sum_to_one(experiment: Experiment) -> None:
    split = split_by_lag(experiment)
    expected = np.linalg.norm((trace := run(experiment)).gradients[name_of_summed(trace)])
    assert 10.0**split.total == pytest.approx(expected, rel=1e-12)
    assert split.truncated[0] == split.total
    assert split.share.sum() == pytest.approx(1.0, rel=1e-12)
    assert split.cumulative_share[0] == pytest.approx(1.0, rel=1e-12)


def test_the_first_step_multiplies_the_initial_state_and_has_no_gradient() -> None:
    split = split_by_lag(SMALL)
    assert np.isneginf(split.step[0])
    assert split.share[0] == 0.0
    assert np.isfinite(split.step[1:]).all()


@every(("cell", "scale", "lag"), [("rnn", 0.5, 20), ("lstm", 1.0, 40), ("gru", 1.0, 40)])
def test_a_healthy_gradient_may_hold_nothing_of_the_long_lags(cell: str, scale: float, lag: int) -> None:
    default = Experiment(cell=cell, initialisation="torch", weight_scale=scale, hidden_size=64, sequence_length=100)
    split = split_by_lag(default)
    assert split.total > -3.0
    longer = split.step[: -1 - lag]
    assert len(longer) == 99 - lag
    assert np.power(10.0, longer - split.total).sum() < 1e-6  # by the triangle's inequality no sum of them holds more
    assert abs(split.cumulative_share[-1 - lag] - 1.0) < 1e-6


# Far outside float64's range


@every(
    ("cell", "scale", "hidden_size", "length", "orders"),
    [
        ("rnn", 10.0, 7, 2500, -2000.0),
        ("lstm", 0.05, 7, 1000, -260.0),
        ("gru", 0.05, 7, 1000, -260.0),
        ("rnn", 10.0, 32, 2000, 310.0),
        ("lstm", 10.0, 32, 2000, 100.0),
        ("gru", 10.0, 32, 2000, 100.0),
    ],
)
def test_sums_of_any_size_equal_autograds_step_by_step(
    cell: str, scale: float, hidden_size: int, length: int, orders: float
) -> None:
    changes: dict[str, Any] = {"weight_scale": scale, "hidden_size": hidden_size, "sequence_length": length}
    experiment = replace(SMALL, cell=cell, input_scale=0.1, **changes)
    split, answer = split_by_lag(experiment), ask_step_by_step(run(experiment), path=False)
    mantissas, exponents = answer.recurrent, answer.exponents
    assert (split.step[1] - split.step[-1]) / orders > 1.0
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(split.step, log10_norms(mantissas) + exponents * LOG10_2, rtol=0, atol=1e-9)
    for t in (0, 1, length // 2, length - 2):
        highest = exponents[t:].max()
        partial = np.ldexp(mantissas[t:], (exponents[t:] - highest)[:, None, None]).sum(axis=0)
        expected = float(log10_norms(partial)) + highest * LOG10_2
        assert split.truncated[t] == pytest.approx(expected, rel=0, abs=1e-9)
    assert split.total == split.truncated[0]
    highest = exponents.max()
    gradients = np.ldexp(mantissas, (exponents - highest)[:, None, None])
    total = gradients.sum(axis=0)
    shares = np.einsum("tij,ij->t", gradients, total) / np.square(total).sum()
    np.testing.assert_allclose(split.share, shares, rtol=0, atol=1e-9)


def test_a_share_of_what_is_beyond_float64s_range_is_zero() -> None:
    split = split_by_lag(replace(SMALL, cell="rnn", weight_scale=0.05, sequence_length=1000))
    assert split.step[1] - split.total < -1000.0
    assert split.share[1] == 0.0
    assert split.share.sum() == pytest.approx(1.0, rel=1e-12)


@cells
def test_states_whose_squares_underflow_have_a_gradient_in_proportion(cell: str) -> None:
    small, smaller = (split_by_lag(replace(SMALL, cell=cell, input_scale=scale)) for scale in (1e-100, 1e-200))
    np.testing.assert_allclose(small.step[1:] - smaller.step[1:], 100.0, rtol=0, atol=1e-9)
    np.testing.assert_allclose(small.truncated - smaller.truncated, 100.0, rtol=0, atol=1e-9)
    np.testing.assert_allclose(small.share, smaller.share, rtol=1e-9, atol=1e-12)


@cells
def test_without_states_there_is_no_gradient_and_no_share_of_it(cell: str) -> None:
    split = split_by_lag(replace(SMALL, cell=cell, input_scale=0.0))
    assert np.isneginf(split.total)
    assert np.isneginf(split.step).all()
    assert np.isneginf(split.truncated).all()
    assert np.isnan(split.share).all()


def test_a_single_step_has_no_gradient() -> None:
    assert np.isneginf(split_by_lag(replace(SMALL, sequence_length=1)).total)


def test_every_array_is_float64_locked_and_one_value_a_step() -> None:
    split = split_by_lag(SMALL)
    arrays = [value for value in vars(split).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 4
    for array in arrays:
        assert array.dtype == np.float64
        assert array.shape == (23,)
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
