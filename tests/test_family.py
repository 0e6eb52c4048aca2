"""A family of experiments in one pass equals its members one by one; what a change of the question leaves alone."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, Trace, run, run_family
from rnn_dynamics.engine.cells import cell_of, cells_where
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.run import drawn_state_matrix, run_norms, run_side_by_side
from rnn_dynamics.experiment import WEIGHT_SCALES
from tests.every import every
from tests.oracle import Array, relative_error

pytestmark = pytest.mark.usefixtures("either_road")

# The matrix products of a family add in another order than those of one member.
ROUNDING = 1e-9

QUESTION = Experiment(sequence_length=40, hidden_size=6, input_size=3, batch_size=3, forget_bias=0.5, seed=7)
SCALES = (0.0, 0.05, 0.8, 1.3)
SEEDS = (7, 0, 12345)
cells = every("cell", CELLS)
losses = every("loss_at", ["last", "every"])


def assert_equals_its_members(
    experiment: Experiment, scales: Sequence[float] | None, seeds: Sequence[int] | None
) -> None:
    family = run_family(experiment, weight_scales=scales, seeds=seeds)
    assert len(family.loss) == len(family.experiments)
    for m, member in enumerate(family.experiments):
        alone = run(member)
        assert family.loss[m] == pytest.approx(alone.loss, rel=ROUNDING)
        assert set(family.log10_norms) == set(alone.log10_norms)
        for name, norms in alone.log10_norms.items():
            assert relative_error(family.log10_norms[name][m], norms) <= ROUNDING, (name, member)


@losses
@cells
def test_a_family_of_scales_and_seeds_equals_its_members(cell: str, loss_at: str) -> None:
    assert_equals_its_members(replace(QUESTION, cell=cell, loss_at=loss_at), SCALES, SEEDS)


@losses
@cells
def test_a_family_of_scales_alone_equals_its_members(cell: str, loss_at: str) -> None:
    assert_equals_its_members(replace(QUESTION, cell=cell, loss_at=loss_at), SCALES, None)


@losses
@cells
def test_a_family_of_seeds_alone_equals_its_members(cell: str, loss_at: str) -> None:
    assert_equals_its_members(replace(QUESTION, cell=cell, loss_at=loss_at), None, SEEDS)


@cells
def test_a_family_that_reads_a_text_equals_its_members(cell: str) -> None:
    assert_equals_its_members(replace(QUESTION, cell=cell, text="gradients flow backwards"), SCALES, SEEDS)


@losses
@cells
def test_a_family_that_is_cut_equals_its_members(cell: str, loss_at: str) -> None:
    assert_equals_its_members(replace(QUESTION, cell=cell, loss_at=loss_at, hidden_path="cut"), SCALES, SEEDS)


@losses
@every("initialisation", ["identity", "keras"])
def test_a_family_of_relu_networks_equals_its_members(initialisation: str, loss_at: str) -> None:
    relu = replace(QUESTION, cell="rnn", nonlinearity="relu", initialisation=initialisation, loss_at=loss_at)
    assert_equals_its_members(replace(relu, sequence_length=200), (0.0, 0.05, 1.0, 10.0), SEEDS)


@every("cell", ["lstm", "gru"])
def test_a_family_under_chrono_biases_equals_its_members(cell: str) -> None:
    assert_equals_its_members(replace(QUESTION, cell=cell, gate_bias="chrono"), SCALES, SEEDS)


@cells
def test_a_member_of_wide_scale_does_not_disturb_its_neighbours(cell: str) -> None:
    at_rest = replace(QUESTION, cell=cell, sequence_length=400, input_scale=0.0)
    assert_equals_its_members(at_rest, (0.0, 0.05, 1.0, 10.0), (3, 4))


@cells
def test_a_family_of_one_is_its_own_experiment(cell: str) -> None:
    question = replace(QUESTION, cell=cell)
    assert run_family(question).experiments == (question,)
    assert_equals_its_members(question, None, None)


@every("seeds", [None, SEEDS])
@losses
@cells
def test_no_result_depends_on_where_a_group_ends(
    cell: str, loss_at: str, seeds: tuple[int, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = replace(QUESTION, cell=cell, loss_at=loss_at)
    scales = (0.1, 0.5, 0.9, 1.0, 1.1, 1.5, 2.0)
    whole = run_family(question, weight_scales=scales, seeds=seeds)
    road = importlib.import_module("rnn_dynamics.engine.run")
    one_member = 8 * question.sequence_length * question.batch_size * question.hidden_size
    for group_bytes in (1, 60 * one_member):  # each scale on its own, and a few together with an odd rest
        monkeypatch.setattr(road, "GROUP_BYTES", group_bytes)
        grouped = run_family(question, weight_scales=scales, seeds=seeds)
        assert grouped.experiments == whole.experiments
        np.testing.assert_allclose(grouped.loss, whole.loss, rtol=ROUNDING)
        for name, norms in whole.log10_norms.items():
            assert relative_error(grouped.log10_norms[name], norms) <= ROUNDING, name


def test_experiments_stand_scales_outermost_each_with_every_seed() -> None:
    family = run_family(QUESTION, weight_scales=(1.5, 0.5), seeds=(9, 2, 4))
    asked = [(member.weight_scale, member.seed) for member in family.experiments]
    assert asked == [(1.5, 9), (1.5, 2), (1.5, 4), (0.5, 9), (0.5, 2), (0.5, 4)]
    assert {replace(member, weight_scale=1.0, seed=7) for member in family.experiments} == {QUESTION}
    assert family.loss.shape == (6,)
    assert all(norms.shape == (6, 40) for norms in family.log10_norms.values())


@cells
def test_two_passes_over_one_family_are_identical(cell: str) -> None:
    question = replace(QUESTION, cell=cell)
    first, second = (run_family(question, weight_scales=SCALES, seeds=SEEDS) for _ in range(2))
    np.testing.assert_array_equal(first.loss, second.loss)
    for name, norms in first.log10_norms.items():
        np.testing.assert_array_equal(norms, second.log10_norms[name])


@every(("scales", "seeds", "field"), [((0.5, 11.0), None, "weight_scale"), (None, (0, -1), "seed")])
def test_a_family_refuses_a_member_outside_the_limits(
    scales: tuple[float, ...] | None, seeds: tuple[int, ...] | None, field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field} = "):
        run_family(QUESTION, weight_scales=scales, seeds=seeds)


def test_every_offered_weight_scale_fits_into_one_family() -> None:
    family = run_family(replace(QUESTION, cell="lstm"), weight_scales=WEIGHT_SCALES)
    assert [member.weight_scale for member in family.experiments] == list(WEIGHT_SCALES)
    assert all(np.isfinite(norms).all() for norms in family.log10_norms.values())


# One change of the question changes one thing


def same_parameters(trace: Trace, other: Trace) -> set[str]:
    return {name for name, value in trace.parameters.items() if np.array_equal(value, other.parameters[name])}


@cells
def test_the_weight_scale_multiplies_the_recurrent_matrix_and_nothing_else(cell: str) -> None:
    one, three = run(replace(QUESTION, cell=cell)), run(replace(QUESTION, cell=cell, weight_scale=3.0))
    moved = {"nu_log_l0", "gamma_log_l0"} if CELLS[cell].rotates else {"weight_hh_l0"}
    assert same_parameters(one, three) == {*one.parameters} - moved >= {"weight_ih_l0", "bias_ih_l0"}
    if "weight_hh_l0" in one.parameters:
        np.testing.assert_allclose(three.parameters["weight_hh_l0"], 3.0 * one.parameters["weight_hh_l0"], rtol=1e-15)
    np.testing.assert_array_equal(one.inputs, three.inputs)
    np.testing.assert_array_equal(one.readout, three.readout)
    np.testing.assert_array_equal(one.targets, three.targets)


@every("initialisation", ["gaussian", "torch"])
def test_the_forget_bias_is_added_to_one_block_of_one_bias(initialisation: str) -> None:
    question = replace(QUESTION, cell="lstm", initialisation=initialisation, forget_bias=0.0)
    without, with_bias = run(question), run(replace(question, forget_bias=2.0))
    assert same_parameters(without, with_bias) == {"weight_ih_l0", "weight_hh_l0", "bias_hh_l0"}
    added = with_bias.parameters["bias_ih_l0"] - without.parameters["bias_ih_l0"]
    np.testing.assert_allclose(added.reshape(4, 6), np.outer([0, 1, 0, 0], np.full(6, 2.0)), atol=1e-15)


def chrono_biases(cell: str, length: int, initialisation: str = "gaussian", hidden_size: int = 6) -> Array:
    """bias_ih_l0 under chrono, a row a gate."""
    question = replace(QUESTION, cell=cell, gate_bias="chrono", initialisation=initialisation, hidden_size=hidden_size)
    draw = make_draw(replace(question, sequence_length=length), CELLS[cell])
    return draw.parameters["bias_ih_l0"].reshape(-1, hidden_size)


@every(("cell", "gate"), [("lstm", 1), ("gru", 1)])
@every("initialisation", ["gaussian", "torch", "keras"])
def test_the_exponential_of_a_chrono_bias_is_uniform_from_one_to_the_longest_lag(
    initialisation: str, cell: str, gate: int
) -> None:
    times = np.sort(np.exp(chrono_biases(cell, 100, initialisation, hidden_size=512)[gate]))
    uniform = 1.0 + 98.0 * (np.arange(512) + 0.5) / 512
    # Kolmogorov & Smirnov: 512 draws leave the straight line by more than 1.95 / √512 once in a thousand
    assert np.abs(times - uniform).max() < 98.0 * 1.95 / np.sqrt(512)
    assert 1.0 <= times[0] <= times[-1] <= 99.0


@every("cell", ["lstm", "gru"])
def test_the_longest_lag_stretches_the_same_chrono_draw(cell: str) -> None:
    short, long = (chrono_biases(cell, length)[1] for length in (10, 100))
    np.testing.assert_allclose(np.expm1(long) / 98.0, np.expm1(short) / 8.0, rtol=1e-12)
    for length in (1, 2):
        assert not chrono_biases(cell, length)[1].any()


@every("initialisation", ["gaussian", "torch", "keras"])
@every(("cell", "untouched"), [("lstm", [2, 3]), ("gru", [0, 2])])
def test_chrono_sets_the_gates_that_keep_and_write_and_nothing_else(
    cell: str, untouched: list[int], initialisation: str
) -> None:
    question = replace(QUESTION, cell=cell, initialisation=initialisation)
    constant, chrono = run(replace(question, forget_bias=0.0)), run(replace(question, gate_bias="chrono"))
    assert same_parameters(constant, chrono) == {"weight_ih_l0", "weight_hh_l0", "bias_hh_l0"}
    before, after = (trace.parameters["bias_ih_l0"].reshape(-1, 6) for trace in (constant, chrono))
    np.testing.assert_array_equal(after[untouched], before[untouched])
    assert chrono.loss == run(replace(question, gate_bias="chrono", forget_bias=3.0)).loss
    if cell == "lstm":
        np.testing.assert_array_equal(after[0], -after[1])


@every("initialisation", ["gaussian", "torch"])
def test_the_rnn_has_no_gate_to_bias(initialisation: str) -> None:
    question = replace(QUESTION, cell="rnn", initialisation=initialisation)
    assert run(question).loss == run(replace(question, gate_bias="chrono")).loss


@every("cell", ["lstm", "gru"])
def test_a_cell_with_gates_has_no_nonlinearity_to_choose(cell: str) -> None:
    question = replace(QUESTION, cell=cell)
    assert run(question).loss == run(replace(question, nonlinearity="relu")).loss


@every(("cell", "blocks"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_keras_draws_orthonormal_columns_and_glorots_input_weights(cell: str, blocks: int) -> None:
    of = run(replace(QUESTION, cell=cell, initialisation="keras", hidden_size=32, forget_bias=0.0)).parameters
    recurrent, from_input = of["weight_hh_l0"], of["weight_ih_l0"]
    np.testing.assert_allclose(recurrent.T @ recurrent, np.eye(32), rtol=0.0, atol=1e-12)
    limit = np.sqrt(6.0 / (3 + blocks * 32))
    assert 0.9 * limit < np.abs(from_input).max() <= limit
    assert from_input.std() == pytest.approx(limit / np.sqrt(3.0), rel=0.15)
    assert not of["bias_ih_l0"].any()
    assert not of["bias_hh_l0"].any()
    if blocks > 1:
        assert not np.allclose(recurrent[:32].T @ recurrent[:32], np.eye(32), atol=0.1)


@every("cell", ["rnn", "gru"])
def test_a_cell_without_forget_gate_ignores_the_forget_bias(cell: str) -> None:
    question = replace(QUESTION, cell=cell)
    assert run(question).loss == run(replace(question, forget_bias=3.0)).loss


def test_all_cells_read_the_same_inputs_and_are_judged_by_the_same_read_out() -> None:
    rnn, *others = (run(replace(QUESTION, cell=cell)) for cell in CELLS)
    for other in others:
        np.testing.assert_array_equal(rnn.inputs, other.inputs)
        np.testing.assert_array_equal(rnn.readout, other.readout)
        np.testing.assert_array_equal(rnn.targets, other.targets)


@cells
def test_a_longer_sequence_begins_with_the_shorter_one(cell: str) -> None:
    short, long = (run(replace(QUESTION, cell=cell, sequence_length=length)) for length in (15, 40))
    np.testing.assert_array_equal(short.inputs, long.inputs[:15])
    np.testing.assert_allclose(short.hidden_states, long.hidden_states[:16], rtol=0.0, atol=1e-12)
    assert same_parameters(short, long) == set(short.parameters)


def test_the_input_scale_multiplies_the_same_noise() -> None:
    one, half = run(QUESTION), run(replace(QUESTION, input_scale=0.5))
    np.testing.assert_allclose(half.inputs, 0.5 * one.inputs, rtol=1e-15)


def test_another_seed_changes_weights_inputs_and_targets() -> None:
    one, other = run(QUESTION), run(replace(QUESTION, seed=8))
    assert same_parameters(one, other) <= {"bias_ih_l0", "bias_hh_l0"}
    assert not np.array_equal(one.inputs, other.inputs)
    assert not np.array_equal(one.targets, other.targets)


def test_a_text_is_read_one_hot_in_alphabetical_order() -> None:
    trace = run(replace(QUESTION, text="abca", input_scale=2.0, batch_size=2))
    letters = 2.0 * np.eye(3)[[0, 1, 2, 0]]
    np.testing.assert_array_equal(trace.inputs, np.stack([letters, letters], axis=1))


@every("cell", ["rnn", "lstm"])
@every("shape", [{}, {"num_layers": 2}, {"num_layers": 2, "bidirectional": True}])
def test_what_is_not_asked_for_is_not_there_and_changes_nothing_else(cell: str, shape: dict[str, Any]) -> None:
    question = replace(QUESTION, cell=cell, **shape)
    whole = run_family(question, weight_scales=SCALES)
    for beside in (["input"], ["cell_path"], []):
        family = run_family(question, weight_scales=SCALES, beside=beside)
        assert set(family.log10_norms) == {*beside, "hidden", "cell"} & set(whole.log10_norms)
        for name, norms in family.log10_norms.items():
            np.testing.assert_array_equal(norms, whole.log10_norms[name])
        np.testing.assert_array_equal(family.loss, whole.loss)


@every("cell", cells_where(lambda cell: cell.state_matrix))
def test_the_matrix_of_the_state_is_that_of_the_whole_answer(cell: str) -> None:
    question = replace(QUESTION, cell=cell, weight_scale=1.3, text="gradients flow", bidirectional=cell == "gru")
    trace = run(question)
    expected = cell_of(question).matrix({**trace.parameters, "weight_ho": trace.readout})
    np.testing.assert_allclose(drawn_state_matrix(question), expected, rtol=0, atol=1e-14)


#: Networks of the same sizes that have little else in common.
UNLIKE: Sequence[dict[str, Any]] = (
    {"weight_scale": 0.6, "forget_bias": 2.0},
    {"weight_scale": 2.5, "gate_bias": "chrono", "seed": 3},
    {"weight_scale": 0.0, "initialisation": "orthogonal", "input_weights": "torch", "input_weight_scale": 0.5},
    {"initialisation": "keras", "input_scale": 3.0, "seed": 12345},
)


def assert_each_is_alone(asked: Sequence[Experiment]) -> None:
    """To the last bit, for who else asks must not show."""
    for experiment, found in zip(asked, run_side_by_side(asked), strict=True):
        alone = run_norms(experiment)
        assert found.experiments == (experiment,)
        assert found.log10_rounding == [alone.log10_rounding]
        assert found.loss == pytest.approx([run(experiment).loss], rel=ROUNDING)
        assert {*found.log10_norms} == {*alone.log10_norms}
        for name, (norms,) in found.log10_norms.items():
            np.testing.assert_array_equal(norms, alone.log10_norms[name], err_msg=name)


@every("way", [{}, {"loss_at": "every"}, {"hidden_path": "cut"}, {"initial_state": "carried"}, {"batch_size": 1}])
@cells
def test_networks_side_by_side_are_what_each_is_alone(cell: str, way: dict[str, Any]) -> None:
    assert_each_is_alone([replace(QUESTION, cell=cell, **way, **of) for of in UNLIKE])


@every("stack", [{"num_layers": 2}, {"bidirectional": True}, {"loss_at": "final", "bidirectional": True}])
def test_stacks_side_by_side_are_what_each_is_alone(stack: dict[str, Any]) -> None:
    assert_each_is_alone([replace(QUESTION, **stack, **of) for of in UNLIKE])


def test_of_networks_side_by_side_those_of_the_same_sizes_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    module, passes = importlib.import_module("rnn_dynamics.engine.run"), list[int]()
    together = module._run_group

    def noted(each: Sequence[Experiment], *rest: Any) -> Any:
        passes.append(len(each))
        return together(each, *rest)

    monkeypatch.setattr(module, "_run_group", noted)
    long, plain = replace(QUESTION, sequence_length=50), replace(QUESTION, cell="rnn")
    asked = [replace(one, **of) for of in UNLIKE for one in (QUESTION, long, plain)]
    assert_each_is_alone(asked)
    assert passes == [4, 4, 4]
    passes.clear()
    monkeypatch.setattr(module, "GROUP_BYTES", 3 * module.GROUP_BYTES // module.group_size(QUESTION, 1))
    assert_each_is_alone(asked[::3])
    assert passes == [3, 1]


def test_a_network_that_grows_beyond_all_bounds_goes_alone() -> None:
    relu = replace(QUESTION, cell="rnn", nonlinearity="relu", sequence_length=2000, hidden_size=32)
    assert_each_is_alone([replace(relu, sequence_length=40, **of) for of in UNLIKE])
    with pytest.raises(ValueError, match="weight_scale = 5 with sequence_length = 2000"):
        run_side_by_side([replace(relu, weight_scale=0.5), replace(relu, weight_scale=5.0)])
