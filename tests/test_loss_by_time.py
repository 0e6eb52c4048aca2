"""The error of each single loss at each step, against autograd of that one term of the loss."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_dynamics import CELLS, Experiment, Trace, run, run_losses, time_run
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.through_time import loss_by_time
from tests.every import every
from tests.oracle import (
    LOG10_2,
    Array,
    ask_module,
    ask_open_cell,
    ask_step_by_step,
    carried_gradients,
    name_of_summed,
    relative_error,
    truncated_recurrent_gradient,
)

SMALL = Experiment(sequence_length=13, hidden_size=7, input_size=3, batch_size=3, loss_at="every", seed=3)
cells = every("cell", CELLS)


def one_loss(trace: Trace, k: int) -> Trace:
    """The first k steps of a trace, and as their loss T·L_k: the k-th comparison with its target alone."""
    return replace(
        trace,
        experiment=replace(trace.experiment, sequence_length=k, loss_at="last"),
        inputs=trace.inputs[:k],
        targets=trace.targets[k - 1],
        hidden_states=trace.hidden_states[: k + 1],
        cell_states=None if trace.cell_states is None else trace.cell_states[: k + 1],
        log_normalisers=None if trace.log_normalisers is None else trace.log_normalisers[: k + 1],
        velocities=None if trace.velocities is None else trace.velocities[: k + 1],
    )


def errors_by_autograd(trace: Trace) -> Array:
    """∂L_k/∂h_t as vectors, (T, T, N·H), row k, column t."""
    length = trace.experiment.sequence_length
    errors = np.zeros((length, length, trace.hidden_states[0].size))
    for k in range(1, length + 1):
        errors[k - 1, :k] = carried_gradients(one_loss(trace, k), cut=False, component=0) / length
    return errors


def truncated_by_autograd(trace: Trace, steps: int) -> Array:
    """dL/dW_hh where, for each loss by itself, the state that lies `steps` steps before it is a constant."""
    length = trace.experiment.sequence_length
    terms = (truncated_recurrent_gradient(one_loss(trace, k), min(steps, k) - 1) for k in range(1, length + 1))
    return np.asarray(sum(terms) / length)


def degrees(first: Array, second: Array) -> float:
    cosine = (first * second).sum() / np.linalg.norm(first) / np.linalg.norm(second)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def assert_agrees(experiment: Experiment) -> None:
    trace, found = run(experiment), run_losses(experiment)
    errors = errors_by_autograd(trace)
    total = errors.sum(axis=0)
    with np.errstate(divide="ignore"):
        assert relative_error(found.log10_norms, np.log10(np.linalg.norm(errors, axis=2))) < 1e-10
        assert relative_error(found.every, np.log10(np.linalg.norm(total, axis=1))) < 1e-10
    shares = np.einsum("ktv,tv->kt", errors, total) / np.square(total).sum(axis=1)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-9, atol=1e-10)
    summed = name_of_summed(trace)
    last, whole = run(replace(experiment, loss_at="last")), trace.gradients[summed]
    for m, steps in enumerate(found.truncations.tolist()):
        of = {"every": (truncated_by_autograd(trace, steps), whole)}
        of["last"] = (truncated_recurrent_gradient(last, steps - 1), last.gradients[summed])
        for name, (seen, target) in of.items():
            error = np.linalg.norm(seen - target) / np.linalg.norm(target)
            assert 10.0 ** found.log10_errors[name][m] == pytest.approx(error, rel=1e-9, abs=1e-12)
            assert found.angles[name][m] == pytest.approx(degrees(seen, target), rel=1e-9, abs=3e-6)  # arccos at 1


# Every row, share and truncation


@cells
def test_each_row_is_autograd_of_that_single_loss(cell: str) -> None:
    trace, found = run(replace(SMALL, cell=cell)), run_losses(replace(SMALL, cell=cell))
    losses = []
    for k in range(1, 14):
        answer = ask_module(one_loss(trace, k))
        losses.append(answer.loss / 13)
        assert relative_error(found.log10_norms[k - 1, :k], answer.log10_norms["hidden"] - np.log10(13)) < 1e-10
        assert np.isneginf(found.log10_norms[k - 1, k:]).all()
    assert sum(losses) == pytest.approx(trace.loss, rel=1e-12)


@cells
def test_the_columns_add_up_to_the_gradient_of_the_loss_at_every_step(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    trace, found = run(experiment), run_losses(replace(experiment, loss_at="last"))
    assert found.experiment == experiment
    np.testing.assert_allclose(found.every, trace.log10_norms["hidden"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.shares.sum(axis=0), 1.0, rtol=0, atol=1e-10)
    assert relative_error(found.every, ask_module(trace).log10_norms["hidden"]) < 1e-10
    last = run(replace(experiment, loss_at="last"))
    np.testing.assert_allclose(found.last, last.log10_norms["hidden"], rtol=0, atol=1e-12)


@cells
def test_shares_and_truncated_gradients_are_those_of_autograd(cell: str) -> None:
    assert_agrees(replace(SMALL, cell=cell))


@given(st.sampled_from(list(CELLS)), st.floats(0.1, 2.0), st.integers(2, 12), st.integers(1, 5), st.integers(0, 99))
def test_the_matrix_holds_at_any_setting(cell: str, scale: float, length: int, batch: int, seed: int) -> None:
    settings: dict[str, Any] = {"weight_scale": scale, "sequence_length": length, "batch_size": batch, "seed": seed}
    assert_agrees(replace(SMALL, cell=cell, **settings))


@every("size", [1, 60, 10**9])
@cells
def test_how_many_losses_walk_side_by_side_does_not_matter(
    cell: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = run_losses(replace(SMALL, cell=cell))
    monkeypatch.setattr(loss_by_time, "GROUP_SIZE", size)
    other = run_losses(replace(SMALL, cell=cell))
    np.testing.assert_allclose(other.log10_norms, usual.log10_norms, rtol=0, atol=1e-12)
    np.testing.assert_allclose(other.shares, usual.shares, rtol=0, atol=1e-12)
    for name in ("every", "last"):
        np.testing.assert_allclose(other.log10_errors[name], usual.log10_errors[name], rtol=0, atol=1e-10)


@cells
def test_truncation_after_all_steps_leaves_nothing_out(cell: str) -> None:
    found = run_losses(replace(SMALL, cell=cell), range(1, 14))
    for name in ("every", "last"):
        assert np.isneginf(found.log10_errors[name][-1])
        assert found.angles[name][-1] == pytest.approx(0.0, abs=1e-10)
        assert np.isfinite(found.log10_errors[name][:-2]).all()
        assert np.isneginf(found.log10_errors[name][-2]) == has_w_hh(CELLS[cell])  # h_0 = 0 adds nothing


# Far outside float64's range


@every("scale", [0.9, 10.0])
def test_a_rotation_at_rest_multiplies_each_error_by_the_same_factor_a_step(scale: float) -> None:
    at_rest = replace(SMALL, cell="rnn", initialisation="orthogonal", input_scale=0.0, sequence_length=200)
    found = run_losses(replace(at_rest, weight_scale=scale))
    k, t = np.tril_indices(200)
    expected = found.log10_norms[k, k] + (k - t) * np.log10(scale)
    np.testing.assert_allclose(found.log10_norms[k, t], expected, rtol=0, atol=1e-10)
    assert all(np.isnan(errors).all() for errors in found.log10_errors.values())  # without states no dL/dW_hh


def of_any_size(cell: str, scale: float) -> float:
    """A weight scale at which no factor is 0, as |λ|^(1/scale) is in float64 from 10^−4 on down."""
    return max(scale, 0.0005) if CELLS[cell].rotates else scale


@every(("scale", "length"), [(0.05, 200), (1e-7, 300), (10.0, 200)])
@cells
def test_rows_of_any_size_equal_autograd_step_by_step(cell: str, scale: float, length: int) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=of_any_size(cell, scale), sequence_length=length)
    trace, found = run(experiment), run_losses(experiment)
    for k in (1, 2, length // 2, length - 1, length):
        answer = ask_step_by_step(one_loss(trace, k), path=False).log10_norms["hidden"] - np.log10(length)
        assert np.isfinite(found.log10_norms[k - 1, :k]).all()
        np.testing.assert_allclose(found.log10_norms[k - 1, :k], answer, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.shares.sum(axis=0), 1.0, rtol=0, atol=1e-6 if scale == 10.0 else 1e-10)
    if (cell, scale) == ("rnn", 1e-7):
        assert found.log10_norms[-1, 0] < -2000.0


@every("scale", [1e-12, 2.0])
@cells
def test_what_truncation_leaves_out_is_known_at_any_size(cell: str, scale: float) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=of_any_size(cell, scale), sequence_length=40)
    found = run_losses(experiment, [1, 5, 30])
    left_out, seen = {1: [], 5: [], 30: []}, {1: [], 5: [], 30: []}  # type: ignore[var-annotated]
    trace = run(experiment)
    for k in range(1, 41):
        answer = ask_step_by_step(one_loss(trace, k), path=False)
        for t, part in enumerate(zip(answer.recurrent, answer.exponents.tolist(), strict=True), start=1):
            for steps, parts in left_out.items():
                (parts if k - t >= steps else seen[steps]).append(part)
    for m, steps in enumerate((1, 5, 30)):
        far, near = summed(left_out[steps]), summed(seen[steps])
        whole = summed([far, near])
        ratio = np.log10(np.linalg.norm(far[0]) / np.linalg.norm(whole[0])) + (far[1] - whole[1]) * LOG10_2
        assert found.log10_errors["every"][m] == pytest.approx(ratio, rel=0, abs=1e-9)
        assert found.angles["every"][m] == pytest.approx(degrees(near[0], whole[0]), rel=1e-7, abs=3e-6)
    if (cell, scale) == ("rnn", 1e-12):
        assert found.log10_errors["every"][-1] < -310.0


def summed(parts: list[tuple[Array, int]]) -> tuple[Array, int]:
    """The sum of mantissas times powers of two, likewise."""
    highest = max(exponent for mantissas, exponent in parts if mantissas.any())
    total = np.sum([np.ldexp(mantissas, max(exponent - highest, -2000)) for mantissas, exponent in parts], axis=0)
    return total, highest


def test_relu_states_whose_squares_no_double_holds_have_exact_rows() -> None:
    relu = replace(SMALL, cell="rnn", nonlinearity="relu", initialisation="identity", sequence_length=200)
    experiment = replace(relu, weight_scale=10.0, input_scale=3.0)
    trace, found = run(experiment), run_losses(experiment)
    assert trace.hidden_states.max() > 1e155
    for k in (100, 200):
        answer = ask_open_cell(one_loss(trace, k), block=5, path=False).log10_norms["hidden"] - np.log10(200)
        np.testing.assert_allclose(found.log10_norms[k - 1, :k], answer, rtol=0, atol=1e-9)
    assert not np.isnan(found.log10_errors["every"]).any()


# The smallest, the largest, the wrong


@cells
def test_a_single_step_has_one_loss_and_nothing_that_truncation_leaves_out(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, sequence_length=1)
    found = run_losses(experiment)
    assert found.log10_norms.shape == (1, 1)
    assert found.log10_norms[0, 0] == pytest.approx(run(experiment).log10_norms["hidden"][0], rel=1e-12)
    assert found.shares == pytest.approx(np.ones((1, 1)))
    assert found.truncations.tolist() == [1]
    left = [*found.log10_errors["every"], *found.angles["last"]]
    np.testing.assert_allclose(left, [np.nan, np.nan] if has_w_hh(CELLS[cell]) else [-np.inf, 0.0], atol=1e-10)


def test_a_step_where_nothing_arrives_has_no_shares() -> None:
    off = run_losses(replace(SMALL, cell="rnn", nonlinearity="relu", input_scale=0.0))
    assert np.isneginf(off.log10_norms[1:, 0]).all()
    assert np.isfinite(np.diag(off.log10_norms)).all()
    np.testing.assert_allclose(off.shares, np.eye(13), rtol=0, atol=1e-12)


@cells
def test_shares_by_distance_are_summed_one_by_one_and_some_losses_have_their_part(cell: str) -> None:
    experiment, firsts = replace(SMALL, cell=cell), (0, 1, 3, 6, 20)
    whole = run_losses(experiment)
    by_hand = np.zeros((4, 13))  # no loss is 20 steps ahead
    for t in range(13):
        for k in range(t, 13):
            by_hand[sum(k - t >= first for first in firsts) - 1, t] += whole.shares[k, t]
    np.testing.assert_allclose(whole.shares_by_distance(firsts), by_hand, atol=1e-12)
    parts = [run_losses(experiment, steps=steps).shares_by_distance(firsts) for steps in ((2, 13), range(3, 13), (1,))]
    assert [len(part) for part in parts] == [4, 4, 1]
    np.testing.assert_allclose(parts[0] + parts[1] + np.pad(parts[2], ((0, 3), (0, 0))), by_hand, atol=1e-12)


@cells
def test_errors_that_are_added_up_cancel_as_autograd_s_do(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    errors = errors_by_autograd(run(experiment))[:, 0]
    ratio = np.linalg.norm(errors, axis=1).sum() / np.linalg.norm(errors.sum(axis=0))
    assert run_losses(experiment).log10_norm_ratio == pytest.approx(np.log10(ratio), abs=1e-9)


@every(
    ("changes", "message"),
    [
        (
            {"sequence_length": 1000, "hidden_size": 32, "batch_size": 2},
            r"^losses × sequence_length × batch_size × hidden_size = 64,000,000; the limit of loss × time is "
            r"50,000,000: steps=range\(1000, 0, -2\) asks for few enough losses$",
        ),
        ({"hidden_size": 512, "batch_size": 256, "sequence_length": 40}, "= 209,715,200; the limit"),
    ],
)
def test_what_is_too_large_is_refused_by_its_size_and_the_limit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_losses(replace(SMALL, **changes))


def test_the_losses_that_a_refusal_names_are_few_enough_and_one_more_would_not_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules["rnn_dynamics.engine.run"], "LARGEST_LOSSES", 4 * 13 * 3 * 7)
    with pytest.raises(ValueError, match=r"steps=range\(13, 0, -4\)"):
        run_losses(SMALL)
    assert run_losses(SMALL, steps=range(13, 0, -4)).steps.tolist() == [1, 5, 9, 13]
    with pytest.raises(ValueError, match=r"losses × sequence_length × batch_size × hidden_size = 1,365; "):
        run_losses(SMALL, steps=[1, 2, 3, 4, 5])


def test_five_hundred_steps_of_a_large_network_are_offered_for_every_twenty_first_loss() -> None:
    with pytest.raises(ValueError, match=r"steps=range\(500, 0, -21\) asks for few enough losses$"):
        run_losses(Experiment(sequence_length=500, hidden_size=256, batch_size=16))


@every(("size", "span"), [(3200, 500), (21, 500), (10**9, 1), (60, 4)])
@cells
def test_some_losses_are_those_rows_of_all(cell: str, size: int, span: int, monkeypatch: pytest.MonkeyPatch) -> None:
    every = run_losses(replace(SMALL, cell=cell))
    monkeypatch.setattr(loss_by_time, "GROUP_SIZE", size)
    monkeypatch.setattr(loss_by_time, "GROUP_SPAN", span)
    some = run_losses(replace(SMALL, cell=cell), steps=[12, 3, 4, 12, 8])
    assert some.steps.tolist() == [3, 4, 8, 12]
    rows = some.steps - 1
    np.testing.assert_allclose(some.log10_norms, every.log10_norms[rows], rtol=0, atol=1e-12)
    np.testing.assert_allclose(some.shares, every.shares[rows], rtol=0, atol=1e-12)
    np.testing.assert_allclose(some.every, every.every, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(some.last, every.last)
    np.testing.assert_array_equal(some.log10_errors["last"], every.log10_errors["last"])


@cells
def test_what_truncation_leaves_of_some_losses_is_autograds_of_their_sum(cell: str) -> None:
    trace, chosen = run(replace(SMALL, cell=cell)), [4, 9, 12]
    found = run_losses(replace(SMALL, cell=cell), range(1, 14), chosen)

    def gradient(steps: int) -> Array:
        parts = [truncated_recurrent_gradient(one_loss(trace, k), min(steps, k) - 1) for k in chosen]
        return np.asarray(sum(parts) / 13)

    whole = gradient(13)
    errors = [np.linalg.norm(gradient(steps) - whole) / np.linalg.norm(whole) for steps in range(1, 14)]
    np.testing.assert_allclose(10.0 ** found.log10_errors["every"], errors, rtol=1e-9, atol=1e-12)
    angles = [degrees(gradient(steps), whole) for steps in range(1, 14)]
    np.testing.assert_allclose(found.angles["every"], angles, rtol=1e-9, atol=3e-6)  # arccos at 1
    too_short = [steps for steps, error in enumerate(errors, start=1) if error > 0.01]
    assert found.sufficient["every"] == max(too_short, default=0) + 1


@every("room", [1, 5 * 8 * 28 * 7, 10**9])
@every("scale", [0.5, 1.0, 1.6])
def test_the_smallest_sufficient_truncation_is_found_in_little_room(
    scale: float, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = replace(SMALL, cell="lstm", weight_scale=scale, sequence_length=60)
    errors = run_losses(experiment, range(1, 61)).log10_errors
    monkeypatch.setattr(loss_by_time, "SEARCH_BYTES", room)
    found = run_losses(experiment, [60]).sufficient
    for name, by_truncation in errors.items():
        assert found[name] == np.flatnonzero(by_truncation > -2.0)[-1] + 2


@every("bad", [[], [0], [14], [1.5], 3])
def test_a_step_that_is_none_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"^steps? .*from 1 to 13"):
        run_losses(SMALL, steps=bad)


def test_more_than_one_layer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^num_layers = 2, .* one layer in one direction only$"):
        run_losses(replace(SMALL, num_layers=2))


@every(
    ("truncations", "message"),
    [
        ([], "^truncations is empty; name at least one from 1 to 13$"),
        ([0], "^truncation = 0 is not a whole number from 1 to 13$"),
        ([3, 14], "^truncation = 14 is not"),
        ([1.5], "^truncation = 1.5 is not"),
    ],
)
def test_a_truncation_that_is_none_is_refused(truncations: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_losses(SMALL, truncations)


def test_truncations_come_rising_and_once() -> None:
    assert run_losses(SMALL, [5, 2, 5]).truncations.tolist() == [2, 5]
    assert run_losses(SMALL).truncations.tolist() == [1, 2, 3, 5, 10, 13]


def test_every_array_is_locked_and_has_the_documented_shape() -> None:
    found = run_losses(SMALL, [1, 2])
    assert found.steps.tolist() == list(range(1, 14))
    arrays = [found.log10_norms, found.shares, found.every, found.last, found.truncations]
    arrays += [*found.log10_errors.values(), *found.angles.values()]
    assert [array.shape for array in arrays] == [(13, 13), (13, 13), (13,), (13,), (2,), (2,), (2,), (2,), (2,)]
    assert (found.shares[np.triu_indices(13, 1)[::-1]] != 0.0).all()
    assert (found.shares[np.triu_indices(13, 1)] == 0.0).all()
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@every("experiment", [*(replace(SMALL, cell=cell) for cell in CELLS), replace(SMALL, num_layers=2)])
def test_a_clock_says_how_long_both_ways_take_and_how_much_is_learned(experiment: Experiment) -> None:
    found = time_run(experiment)
    assert found.experiment == experiment
    assert found.forward > 0.0
    assert found.backward > 0.0
    assert found.parameters == sum(values.size for values in run(experiment).gradients.values())
