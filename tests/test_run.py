"""One experiment's answer against an independent twin: torch.nn's own networks under autograd."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_dynamics import CELLS, Experiment, Trace, run
from rnn_dynamics.engine.run import hidden_states, path_and_gates, run_norms
from rnn_dynamics.experiment import KNOBS, Choice
from tests.every import every
from tests.oracle import Answer, Array, ask_both, ask_open_cell, ask_step_by_step, relative_error, states_of

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.usefixtures("either_road")

#: The same sums in another order, and tanh of another library: some tens of roundings of 1e-16 a step.
ROUNDING = 1e-10


def options(name: str) -> tuple[str, ...]:
    knob = KNOBS[name]
    assert isinstance(knob, Choice)
    return tuple(knob.options)


def close(ours: Array, theirs: Array) -> bool:
    """Whether two arrays agree to ROUNDING of their largest entry."""
    assert ours.shape == theirs.shape
    return bool(np.abs(ours - theirs).max() <= ROUNDING * max(float(np.abs(theirs).max()), 1e-300))


def assert_equal(trace: Trace, *answers: Answer) -> None:
    """Every number that an oracle knows equals the trace's, and what is asked without the others is the same."""
    states = hidden_states(trace.experiment)[..., : trace.experiment.hidden_size]
    alone = run_norms(trace.experiment)
    for name, norms in trace.norms.log10_norms.items():
        np.testing.assert_array_equal(alone.log10_norms[name], norms)
    assert alone.log10_rounding == trace.log10_rounding
    fewer = run_norms(trace.experiment, beside=["input"])
    assert {*fewer.log10_norms} == {*alone.log10_norms} - {"cell_path"}
    for name, norms in fewer.log10_norms.items():
        np.testing.assert_array_equal(norms, alone.log10_norms[name])
    assert fewer.log10_rounding == alone.log10_rounding
    for answer in answers:
        for ours, theirs in zip(states_of(trace), answer.states, strict=True):
            assert close(ours[1:], theirs)
        assert close(states, answer.states[0])
        for name, gate in answer.gates.items():
            assert close(trace.gates[name], gate), name
        if answer.gates and trace.experiment.cell in ("lstm", "gru") and trace.experiment.levels == 1:
            _, gates = path_and_gates(trace.experiment)
            assert all(close(gates[name], gate) for name, gate in answer.gates.items())
        assert trace.loss == pytest.approx(answer.loss, rel=ROUNDING)
        for name, gradient in answer.gradients.items():
            assert close(trace.gradients[name], gradient), name
        for name, norms in answer.log10_norms.items():
            assert relative_error(trace.log10_norms[name], norms) <= ROUNDING, name


SMALL = Experiment(sequence_length=23, hidden_size=7, input_size=3, batch_size=2, forget_bias=0.5, seed=3)


@every("loss_at", options("loss_at"))
@every("initialisation", options("initialisation"))
@every("cell", CELLS)
def test_every_number_equals_that_of_torch_and_autograd(cell: str, initialisation: str, loss_at: str) -> None:
    trace = run(replace(SMALL, cell=cell, initialisation=initialisation, loss_at=loss_at))
    assert_equal(trace, *ask_both(trace))


@every("loss_at", options("loss_at"))
@every("initialisation", options("initialisation"))
def test_every_number_of_a_relu_network_equals_that_of_torch_and_autograd(initialisation: str, loss_at: str) -> None:
    trace = run(replace(SMALL, cell="rnn", nonlinearity="relu", initialisation=initialisation, loss_at=loss_at))
    assert not trace.hidden_states[1:].all()  # some units are off, and some are not
    assert trace.hidden_states[-1].any()
    assert_equal(trace, *ask_both(trace))


@every("initialisation", options("initialisation"))
@every("cell", ["lstm", "gru"])
def test_every_number_under_chrono_biases_equals_that_of_torch_and_autograd(cell: str, initialisation: str) -> None:
    trace = run(replace(SMALL, cell=cell, gate_bias="chrono", initialisation=initialisation))
    assert_equal(trace, *ask_both(trace))


@every("cell", CELLS)
def test_a_text_is_answered_as_torch_and_autograd_answer_it(cell: str) -> None:
    trace = run(replace(SMALL, cell=cell, text="gradients fade, gates hold.", input_scale=2.0))
    assert_equal(trace, *ask_both(trace))


@every("loss_at", options("loss_at"))
@every("cell", CELLS)
def test_the_cut_network_is_autograds_with_the_hidden_state_held_constant(cell: str, loss_at: str) -> None:
    trace = run(replace(SMALL, cell=cell, loss_at=loss_at, hidden_path="cut"))
    assert_equal(trace, ask_open_cell(trace))
    np.testing.assert_array_equal(trace.hidden_states, run(replace(trace.experiment, hidden_path="open")).hidden_states)


def test_a_cut_vanilla_network_has_no_way_left() -> None:
    norms = run(replace(SMALL, cell="rnn", hidden_path="cut")).log10_norms["hidden"]
    assert np.isfinite(norms[-1])
    assert np.isneginf(norms[:-1]).all()


@every("cell", CELLS)
def test_the_trace_names_every_gate_parameter_and_norm_of_its_cell(cell: str) -> None:
    trace = run(replace(SMALL, cell=cell))
    answer = ask_open_cell(trace)
    assert tuple(trace.gates) == tuple(answer.gates)
    assert tuple(trace.parameters) == tuple(trace.gradients) == tuple(answer.gradients)
    assert set(trace.log10_norms) == set(answer.log10_norms)
    assert (trace.cell_states is None and trace.velocities is None) == (len(answer.states) == 1)


def up_to(largest: float) -> st.SearchStrategy[float]:
    """Zero, or large enough that one step leaves digits to float64, and to ReLU the sign of a sum."""
    return st.just(0.0) | st.floats(1e-100, largest)


experiments = st.builds(
    Experiment,
    cell=st.sampled_from(tuple(CELLS)),
    weight_scale=up_to(2.0),
    sequence_length=st.integers(1, 12),
    hidden_size=st.integers(1, 9),
    input_size=st.integers(1, 6),
    batch_size=st.integers(1, 5),
    initialisation=st.sampled_from(options("initialisation")),
    nonlinearity=st.sampled_from(options("nonlinearity")),
    gate_bias=st.sampled_from(options("gate_bias")),
    forget_bias=st.floats(-4.0, 4.0),
    input_scale=up_to(3.0),
    loss_at=st.sampled_from(options("loss_at")),
    text=st.just("") | st.text(min_size=1, max_size=12),
    seed=st.integers(0, 2**32 - 1),
)


@given(experiments)
def test_any_moderate_experiment_equals_torch_and_autograd(experiment: Experiment) -> None:
    trace = run(experiment)
    # Over twelve steps at once what is left may be less than autograd's float64 holds; over two it is not.
    assert_equal(trace, *ask_both(trace, block=2))


wide_experiments = st.builds(
    Experiment,
    cell=st.sampled_from(tuple(CELLS)),
    weight_scale=up_to(10.0),
    sequence_length=st.integers(1, 70),
    hidden_size=st.integers(2, 20),
    input_size=st.integers(1, 4),
    batch_size=st.integers(1, 3),
    initialisation=st.sampled_from(options("initialisation")),
    nonlinearity=st.sampled_from(options("nonlinearity")),
    gate_bias=st.sampled_from(options("gate_bias")),
    forget_bias=st.floats(-20.0, 20.0),
    input_scale=up_to(1.0),
    loss_at=st.sampled_from(options("loss_at")),
    seed=st.integers(0, 2**32 - 1),
)


@given(wide_experiments)
def test_any_scale_equals_autograd_restarted_from_each_state(experiment: Experiment) -> None:
    # From step to step, for a chaotic network turns one rounding into another trajectory within tens of steps.
    trace = run(experiment)
    answer = ask_step_by_step(trace)
    for name, norms in answer.log10_norms.items():
        assert relative_error(trace.log10_norms[name], norms) <= ROUNDING, name
    assert close(trace.hidden_states[1:], answer.states[0])


def test_two_runs_of_one_experiment_are_identical() -> None:
    first, second = run(SMALL), run(SMALL)
    assert first.loss == second.loss
    for ours, theirs in zip(first.log10_norms.values(), second.log10_norms.values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(first.gradients.values(), second.gradients.values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@every("loss_at", options("loss_at"))
@every("length", [1, 2, 31, 32, 33, 64, 65, 130])
def test_no_sequence_length_falls_between_two_runs_of_the_walk_back(length: int, loss_at: str) -> None:
    trace = run(replace(SMALL, cell="gru", sequence_length=length, loss_at=loss_at))
    assert_equal(trace, ask_open_cell(trace))


def test_memory_grows_no_faster_than_the_number_of_steps_and_the_longest_lstm_at_lecture_size_needs_650_mb() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.peaks"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["longest"] < 650e6
    assert {*found["by cell"]} == {*CELLS}
    for cell, (shorter, longer) in found["by cell"].items():
        assert longer < 4.2 * shorter, cell
