"""The shape of an answer: names, axes, types, and that nobody can change it."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, FamilyTrace, Trace, run, run_family
from rnn_dynamics.engine.cells.cell import has_w_hh
from tests.every import every
from tests.oracle import Array, ask_open_cell

QUESTION = Experiment(sequence_length=6, hidden_size=5, input_size=3, batch_size=2, seed=4)
cells = every("cell", CELLS)


def arrays_of(trace: Trace | FamilyTrace) -> list[Array]:
    """Every array that an answer holds."""
    held: list[Array] = []
    for value in vars(trace).values():
        candidates = value.values() if isinstance(value, dict) else [value]
        held.extend(candidate for candidate in candidates if isinstance(candidate, np.ndarray))
    return held


@cells
def test_every_array_has_the_documented_shape(cell: str) -> None:
    trace = run(replace(QUESTION, cell=cell))
    oracle = ask_open_cell(trace)
    rows = max(1, len(CELLS[cell].gates)) * 5
    shapes = {
        "weight_ih_l0": (rows, 3),
        "weight_hh_l0": (rows, {"jordan": 4, "cornn": 10}.get(cell, 5)),
        "bias_ih_l0": (rows,),
        "bias_hh_l0": (rows,),
    }
    shapes = {name: shape for name, shape in shapes.items() if "_hh" not in name or has_w_hh(CELLS[cell])}
    shapes |= {"nu_log_l0": (3,), "theta_log_l0": (2,), "gamma_log_l0": (3,)} if cell == "lru" else {}
    shapes |= {"A_log_l0": (5,)} if cell == "ssm" else {}
    assert {name: value.shape for name, value in trace.parameters.items()} == shapes
    assert {name: value.shape for name, value in trace.gradients.items()} == shapes
    assert trace.inputs.shape == (6, 2, 3)
    assert trace.hidden_states.shape == (7, 2, 5)
    assert all(gate.shape == (6, 2, 5) for gate in trace.gates.values())
    assert {name: norms.shape for name, norms in trace.log10_norms.items()} == dict.fromkeys(oracle.log10_norms, (6,))
    assert trace.readout.shape[1] == 5
    assert trace.targets.shape == (2, trace.readout.shape[0])


def test_only_lstm_and_slstm_have_cell_states() -> None:
    states = {cell: run(replace(QUESTION, cell=cell)).cell_states for cell in CELLS}
    assert states["rnn"] is None
    assert states["gru"] is None
    assert states["lstm"] is not None
    assert states["lstm"].shape == (7, 2, 5)
    assert not states["lstm"][0].any()
    assert {cell for cell, of in states.items() if of is not None} == {"lstm", "slstm"}


def test_targets_of_a_loss_at_every_step_have_time_first() -> None:
    trace = run(replace(QUESTION, loss_at="every"))
    assert trace.targets.shape == (6, 2, trace.readout.shape[0])


@cells
def test_the_loss_is_half_the_mean_of_squared_residuals(cell: str) -> None:
    last = run(replace(QUESTION, cell=cell))
    every = run(replace(QUESTION, cell=cell, loss_at="every"))
    at_last = last.hidden_states[-1] @ last.readout.T - last.targets
    at_every = every.hidden_states[1:] @ every.readout.T - every.targets
    assert last.loss == pytest.approx(0.5 * np.square(at_last).mean(), rel=1e-12)
    assert every.loss == pytest.approx(0.5 * np.square(at_every).mean(), rel=1e-12)


@cells
def test_the_first_row_of_the_states_is_zero(cell: str) -> None:
    assert not run(replace(QUESTION, cell=cell)).hidden_states[0].any()


@cells
def test_every_array_is_float64_and_locked(cell: str) -> None:
    question = replace(QUESTION, cell=cell)
    held = arrays_of(run(question)) + arrays_of(run_family(question, weight_scales=[0.5, 1.0], seeds=[1, 2]))
    assert len(held) > 12
    for array in held:
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_an_answer_is_frozen_and_holds_its_question() -> None:
    trace = run(QUESTION)
    assert trace.experiment == QUESTION
    with pytest.raises(FrozenInstanceError):
        trace.loss = 0.0  # type: ignore[misc]


@cells
def test_asking_again_does_not_change_an_earlier_answer(cell: str) -> None:
    trace = run(replace(QUESTION, cell=cell))
    before = [array.copy() for array in arrays_of(trace)]
    run(replace(QUESTION, cell=cell, seed=5))
    for array, copy in zip(arrays_of(trace), before, strict=True):
        np.testing.assert_array_equal(array, copy)
