"""Cells whose gates see x_t alone: their states can be scanned, and one way back is the whole gradient.

Feng et al. 2024 have minGRU and minLSTM, Gu & Dao 2023 the selective state space.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_dynamics import Experiment, run, run_jacobians, run_losses, split_additive_path, split_by_lag
from rnn_dynamics.engine.cells import CELLS, cells_where
from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.laws.paths import scanned
from tests.every import every
from tests.oracle import ask_module, jacobian, relative_error

pytestmark = pytest.mark.usefixtures("either_road")

cells = every("cell", cells_where(lambda cell: not cell.state_matrix))
NETWORK = Experiment(sequence_length=60, hidden_size=6, input_size=5, batch_size=2, initial_state="noise", seed=2)
#: Gates that are shut and gates that are open, to the last digit of float64.
FAR = replace(NETWORK, input_scale=5.0, input_weight_scale=10.0, sequence_length=150)


@cells
def test_a_jacobian_is_the_diagonal_matrix_of_what_is_kept(cell: str) -> None:
    experiment = replace(NETWORK, cell=cell)
    trace, found = run(experiment), run_jacobians(experiment)
    for t in range(experiment.sequence_length):
        kept = np.diag(trace.gates[CELLS[cell].keeps][t, 0])
        np.testing.assert_allclose(found.jacobians[t], kept, rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(jacobian(trace, range(t, t + 1)), kept, rtol=0.0, atol=1e-12)


@every("loss_at", ["last", "every"])
@cells
def test_the_additive_path_is_the_whole_gradient(cell: str, loss_at: str) -> None:
    for experiment in (replace(of, cell=cell, loss_at=loss_at) for of in (NETWORK, FAR)):
        split, norms = split_additive_path(experiment), run(experiment).log10_norms
        np.testing.assert_allclose(split.path, split.total, rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(norms["cell_path"], norms["hidden"], rtol=0.0, atol=1e-12)
        assert np.isneginf(split.rest).all()


@every("network", [NETWORK, FAR], ids=["usual", "far"])
@cells
def test_a_parallel_scan_gives_the_states_that_steps_give(cell: str, network: Experiment) -> None:
    trace = run(replace(network, cell=cell))
    np.testing.assert_allclose(trace.hidden_states[1:], scanned(trace), rtol=1e-12, atol=1e-12)


@cells
def test_far_gates_have_autograds_norms_and_gradients(cell: str) -> None:
    trace = run(replace(FAR, cell=cell))
    assert trace.log10_norms["hidden"][0] < -300.0
    answer = ask_module(trace, block=1)
    for name, norms in answer.log10_norms.items():
        assert relative_error(trace.log10_norms[name], norms) <= 1e-10, name
    for name, gradient in answer.gradients.items():
        scale = np.abs(gradient).max(initial=0.0)
        np.testing.assert_allclose(trace.gradients[name], gradient, rtol=1e-10, atol=1e-10 * scale, err_msg=name)


@cells
def test_no_weight_scale_and_no_cut_changes_anything(cell: str) -> None:
    experiment = replace(NETWORK, cell=cell)
    family = run_family(experiment, weight_scales=[0.0, 1.0, 10.0])
    for norms in family.log10_norms.values():
        np.testing.assert_array_equal(norms, norms[:1].repeat(3, axis=0))
    cut = run(replace(experiment, hidden_path="cut"))
    for name, norms in run(experiment).log10_norms.items():
        np.testing.assert_array_equal(cut.log10_norms[name], norms, err_msg=name)


@cells
def test_the_gradient_that_is_split_by_time_is_that_of_w_ih(cell: str) -> None:
    experiment = replace(NETWORK, cell=cell)
    whole = np.log10(np.linalg.norm(run(experiment).gradients["weight_ih_l0"]))
    assert split_by_lag(experiment).total == pytest.approx(whole, abs=1e-12)
    assert run_losses(experiment, [1, 10]).log10_errors["last"][0] == pytest.approx(_left_out(experiment), abs=1e-9)


def _left_out(experiment: Experiment) -> float:
    """log10 of the part of dL/dW_ih that is not of the last step, by autograd on a copy of W_ih for that step."""
    trace = run(experiment)
    whole = trace.gradients["weight_ih_l0"]
    readout, targets = torch.tensor(trace.readout), torch.tensor(trace.targets)
    state = torch.tensor(trace.hidden_states[-2])
    weight = torch.tensor(trace.parameters["weight_ih_l0"], requires_grad=True)
    read = torch.tensor(trace.inputs[-1]) @ weight.T + torch.tensor(trace.parameters["bias_ih_l0"])
    further = {name: torch.tensor(trace.parameters[f"{name}_l0"]) for name in CELLS[experiment.cell].further(6)}
    hidden = ONE_STEP[experiment.cell](read, state, **further)
    (0.5 * (hidden @ readout.T - targets).square().mean()).backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    last: Array = weight.grad.numpy()
    return float(np.log10(np.linalg.norm(whole - last) / np.linalg.norm(whole)))


def _mingru(read: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    z, candidate = read.chunk(2, dim=-1)
    return (1 - torch.sigmoid(z)) * state + torch.sigmoid(z) * candidate


def _minlstm(read: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    f, i, candidate = read.chunk(3, dim=-1)
    f, i = torch.sigmoid(f), torch.sigmoid(i)
    return f / (f + i) * state + i / (f + i) * candidate


def _ssm(read: torch.Tensor, state: torch.Tensor, A_log: torch.Tensor) -> torch.Tensor:
    delta, taken = read.chunk(2, dim=-1)
    delta = torch.nn.functional.softplus(delta, threshold=80.0)
    return torch.exp(-A_log.exp() * delta) * state + delta * taken


#: Name -> h_t of W x_t + b, h_{t−1} and, by its name, what the cell has beside W and b, in the papers' order.
ONE_STEP: dict[str, Callable[..., torch.Tensor]] = {"mingru": _mingru, "minlstm": _minlstm, "ssm": _ssm}
