"""Truncation in chunks of τ steps, against torch's autograd with the state detached after each of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rnn_dynamics import CELLS, Experiment, Trace, run, run_chunks, run_losses
from rnn_dynamics.engine.through_time import loss_by_time
from tests.every import every
from tests.oracle import Array, loss_of_step, name_of_summed, one_step_of, states_of
from tests.test_loss_by_time import SMALL, degrees

pytestmark = pytest.mark.usefixtures("either_road")

VARIANTS: dict[str, dict[str, Any]] = {cell: {"cell": cell} for cell in CELLS} | {
    "reset before": {"cell": "gru", "reset_gate": "before"}
}


def by_detaching(trace: Trace, size: int) -> Array:
    """dL/dW_hh of a loop that detaches the state before the steps 1, τ + 1, 2τ + 1 and so on."""
    parameters = {name: torch.tensor(values, requires_grad=True) for name, values in trace.parameters.items()}
    step, losses = one_step_of(trace, parameters), []
    state = tuple(torch.tensor(part[0]) for part in states_of(trace))
    for t, x in enumerate(trace.inputs):
        state = tuple(part.detach() for part in state) if t % size == 0 else state
        state, _ = step(torch.tensor(x), state)
        losses.append(loss_of_step(trace, t, state[0]))
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
    summed = parameters[name_of_summed(trace)]
    return np.zeros(summed.shape) if summed.grad is None else summed.grad.numpy()


def assert_agrees(experiment: Experiment) -> None:
    length = experiment.sequence_length
    found = run_chunks(experiment, range(1, length + 1))
    for at in ("every", "last"):
        trace = run(replace(experiment, loss_at=at))
        whole = trace.gradients[name_of_summed(trace)]
        for m, size in enumerate(found.truncations.tolist()):
            seen = by_detaching(trace, size)
            error = np.linalg.norm(seen - whole) / np.linalg.norm(whole)
            assert 10.0 ** found.log10_errors[at][m] == pytest.approx(error, rel=1e-9, abs=1e-11), (at, size)
            if seen.any():
                assert found.angles[at][m] == pytest.approx(degrees(seen, whole), rel=1e-8, abs=3e-6), (at, size)
            else:
                assert np.isnan(found.angles[at][m])


@every("variant", VARIANTS)
def test_chunks_are_what_a_loop_that_detaches_leaves(variant: str) -> None:
    assert_agrees(replace(SMALL, **VARIANTS[variant]))


@every("changes", [{"weight_scale": 3.0}, {"weight_scale": 0.05}, {"forget_bias": 5.0, "cell": "lstm"}])
def test_chunks_agree_where_gradients_grow_or_vanish(changes: dict[str, Any]) -> None:
    assert_agrees(replace(SMALL, **{"cell": "rnn", **changes}))


def test_groups_of_chunks_and_losses_at_some_steps_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(SMALL, cell="gru", sequence_length=37)
    whole = run_chunks(asked, range(1, 38))
    monkeypatch.setattr(loss_by_time, "GROUP_SIZE", 50)
    parts = run_chunks(asked, range(1, 38))
    for at in ("every", "last"):
        np.testing.assert_allclose(10.0 ** parts.log10_errors[at], 10.0 ** whole.log10_errors[at], atol=1e-12)
    last_alone, windows = (run(asked, range(1, 38), steps=[37]) for run in (run_chunks, run_losses))
    window = [10.0 ** windows.log10_errors["every"][36 % size] for size in range(1, 38)]
    np.testing.assert_allclose(10.0 ** last_alone.log10_errors["every"], window, rtol=1e-9, atol=1e-12)


def test_a_chunk_of_the_whole_length_leaves_nothing_out_and_one_of_a_single_step_is_a_window_of_one() -> None:
    asked = replace(SMALL, cell="lstm", sequence_length=12), [1, 12]
    found, windows = run_chunks(*asked), run_losses(*asked)
    for at in ("every", "last"):
        assert np.isneginf(found.log10_errors[at][1])
        assert found.angles[at][1] == pytest.approx(0.0, abs=1e-9)
        assert found.log10_errors[at][0] == pytest.approx(windows.log10_errors[at][0], abs=1e-10)


def test_without_a_gradient_there_is_nothing_to_cut() -> None:
    off = run_chunks(replace(SMALL, cell="rnn", nonlinearity="relu", input_scale=0.0))
    for at in ("every", "last"):
        assert np.isnan(off.log10_errors[at]).all()
        assert np.isnan(off.angles[at]).all()


def test_a_window_that_is_long_enough_is_no_chunk_that_is() -> None:
    """One torch network of a GRU had 0.006 % at τ = 20 with windows, and 11 % in chunks of 20."""
    asked = Experiment(cell="gru", initialisation="torch", batch_size=2), [20]
    assert 1e-5 < 10.0 ** run_losses(*asked).log10_errors["every"][0] < 1e-3
    assert 0.05 < 10.0 ** run_chunks(*asked).log10_errors["every"][0] < 0.25
