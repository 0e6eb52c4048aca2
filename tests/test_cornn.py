"""coRNN (Rusch & Mishra 2021): its network in torch as its authors write it, and what its equations say of any weights.

The bounds are proved in the docstring of the cell from its equations.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rnn_dynamics import Experiment, Trace, run, run_jacobians
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cornn import DT, EPSILON, GAMMA
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.experiment import settings
from rnn_dynamics.idle import why_idle
from rnn_dynamics.own.advice import advise
from rnn_dynamics.own.files import read_weights
from rnn_dynamics.own.findings import findings
from rnn_dynamics.own.formats import Lags
from rnn_dynamics.own.recognise import recognise
from rnn_dynamics.own.report import advice_rows, verdict_rows
from rnn_dynamics.own.unreadable import UnreadableFile
from tests.every import every
from tests.oracle import loss_of_step

pytestmark = pytest.mark.usefixtures("either_road")

CORNN = Experiment(
    cell="cornn", sequence_length=60, hidden_size=6, input_size=5, batch_size=2, initial_state="noise", seed=2
)
NOISY = replace(CORNN, initialisation="torch", loss_at="every", input_scale=3.0)
#: A force that is at its largest, and slopes that are nearly 0.
FAR = replace(CORNN, weight_scale=10.0, input_scale=5.0, input_weight_scale=10.0)
asked = every("experiment", [CORNN, NOISY, FAR, replace(CORNN, weight_scale=0.0), replace(CORNN, bias=False)])
#: What one step makes of (y, z) without force.
FREE = np.array([[1.0 - DT**2 * GAMMA, DT * (1.0 - DT * EPSILON)], [-DT * GAMMA, 1.0 - DT * EPSILON]])


class CoRNNCell(torch.nn.Module):
    """A linear layer of input, velocities and positions side by side, in the order of the authors' code."""

    def __init__(self, parameters: dict[str, Array]) -> None:
        super().__init__()
        size, features = parameters["weight_ih_l0"].shape
        position, velocity = np.split(parameters["weight_hh_l0"], 2, axis=1)
        zeros = np.zeros(size)
        self.i2h = torch.nn.Linear(features + 2 * size, size, dtype=torch.float64)
        weight = np.concatenate([parameters["weight_ih_l0"], velocity, position], axis=1)
        bias = parameters.get("bias_ih_l0", zeros) + parameters.get("bias_hh_l0", zeros)
        self.i2h.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})

    def forward(self, x: torch.Tensor, hy: torch.Tensor, hz: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        force = (
            2.0 / (1.0 + torch.exp(-2.0 * self.i2h(torch.cat((x, hz, hy), 1)))) - 1.0
        )  # tanh, all digits of its slope
        hz = hz + 0.042 * (force - 2.7 * hy - 4.7 * hz)
        return hy + 0.042 * hz, hz

    def gradients(self) -> dict[str, Array]:
        """Under the names of the library."""
        assert self.i2h.weight.grad is not None
        assert self.i2h.bias.grad is not None
        size = len(self.i2h.bias)
        of_input, velocity, position = np.split(self.i2h.weight.grad.numpy(), [-2 * size, -size], axis=1)
        bias = self.i2h.bias.grad.numpy()
        of_states = np.concatenate([position, velocity], axis=1)
        return {"weight_ih_l0": of_input, "weight_hh_l0": of_states, "bias_ih_l0": bias, "bias_hh_l0": bias}


def states_of(trace: Trace) -> tuple[Array, Array]:
    """Positions and velocities."""
    assert trace.velocities is not None
    return trace.hidden_states, trace.velocities


@asked
def test_forward_loss_and_every_gradient_are_those_of_the_authors_order(experiment: Experiment) -> None:
    trace = run(experiment, keep_gradients=True)
    cell, inputs = CoRNNCell(dict(trace.parameters)), torch.tensor(trace.inputs, requires_grad=True)
    state = tuple(torch.tensor(of[0]) for of in states_of(trace))
    walked = []
    for x in inputs:
        state = cell(x, *state)
        walked.append(state)
        for part in state:
            part.retain_grad()
    loss = torch.stack([loss_of_step(trace, t, y) for t, (y, _) in enumerate(walked)]).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    for found, expected in zip(states_of(trace), zip(*walked, strict=True), strict=True):
        np.testing.assert_allclose(found[1:], torch.stack(expected).detach(), rtol=1e-12, atol=1e-13)
    assert trace.loss == pytest.approx(loss.item(), rel=1e-12)
    gradients = cell.gradients()
    assert set(trace.gradients) == {name for name in gradients if experiment.bias or "bias" not in name}
    for name, found in trace.gradients.items():
        size = np.abs(gradients[name]).max()
        np.testing.assert_allclose(found, gradients[name], rtol=1e-10, atol=1e-10 * size, err_msg=name)
    assert inputs.grad is not None
    by_name = {"input": list(inputs.grad), **dict(zip(("hidden", "velocity"), _grads(walked), strict=True))}
    for name, each in by_name.items():
        of_units, size = trace.unit_gradients[name].values, max(float(of.abs().max()) for of in each)
        np.testing.assert_allclose(of_units, torch.stack(each), rtol=1e-10, atol=1e-10 * size, err_msg=name)
    for name, norms in trace.log10_norms.items():
        expected_norms = np.log10([np.linalg.norm(of.numpy()) for of in by_name[name]])
        np.testing.assert_allclose(norms, expected_norms, rtol=0.0, atol=1e-10, err_msg=name)


def _grads(walked: list[tuple[torch.Tensor, ...]]) -> list[list[torch.Tensor]]:
    """Of positions and of velocities, one a step."""
    found = [[part.grad for part in of] for of in zip(*walked, strict=True)]
    return [[grad for grad in of if grad is not None] for of in found]


def test_the_constants_are_those_with_which_the_authors_code_reads_digits_by_pixel() -> None:
    assert (DT, GAMMA, EPSILON) == (0.042, 2.7, 4.7)  # the defaults of sMNIST/sMNIST_task.py


@asked
def test_jacobians_are_those_of_autograd_and_within_the_bound(experiment: Experiment) -> None:
    experiment = replace(experiment, loss_at="last", batch_size=1)
    jacobians, trace = run_jacobians(experiment).jacobians, run(experiment)
    cell, (positions, velocities) = CoRNNCell(dict(trace.parameters)), states_of(trace)
    eta = np.abs(trace.parameters["weight_hh_l0"]).sum(axis=1).max()
    bound = 1.0 + max(DT * (eta + GAMMA - EPSILON), DT + DT**2 * (eta - GAMMA - EPSILON))
    for t, jacobian in enumerate(jacobians):
        before = (torch.tensor(positions[t]), torch.tensor(velocities[t]))
        step = torch.autograd.functional.jacobian(lambda *of, x=trace.inputs[t]: cell(torch.tensor(x), *of), before)  # type: ignore[no-untyped-call]
        expected = np.block([[part.squeeze().numpy() for part in row] for row in step])
        np.testing.assert_allclose(jacobian, expected, rtol=1e-10, atol=1e-13)
        assert np.abs(expected).sum(axis=1).max() <= bound * (1.0 + 1e-12)


def test_without_input_at_rest_a_step_takes_all_of_the_bound_that_its_largest_row_can() -> None:
    """One unit with W = −w and 𝒲 = w at slope 1: the row of ∂z reaches Δt (γ + w) + 1 − Δt ε + Δt w."""
    weights = {"weight_ih_l0": np.zeros((1, 1)), "weight_hh_l0": np.array([[-3.0, 3.0]])}
    trace = run_network(Network(cell="cornn", parameters=weights), np.zeros((2, 1, 1)), Errors(np.ones((1, 1, 1))))
    cell = CoRNNCell(weights)
    nothing = (torch.zeros(1, 1, dtype=torch.float64),) * 2
    step = torch.autograd.functional.jacobian(lambda *of: cell(torch.zeros(1, 1, dtype=torch.float64), *of), nothing)  # type: ignore[no-untyped-call]
    jacobian = np.array([[part.item() for part in row] for row in step])
    assert np.abs(jacobian[1]).sum() == pytest.approx(1.0 + DT * (6.0 + GAMMA - EPSILON), rel=1e-14)
    assert trace.layers[0].velocities is not None
    assert not trace.layers[0].velocities.any()


@asked
def test_no_state_leaves_what_a_force_of_one_can_reach(experiment: Experiment) -> None:
    positions, velocities = states_of(run(replace(experiment, initial_state="zero")))
    powers = [np.linalg.matrix_power(FREE, lag) for lag in range(3000)]
    reached = np.abs([power @ [DT**2, DT] for power in powers]).sum(axis=0)
    assert np.abs(powers[-1]).max() < 1e-30  # so no later lag adds to it
    assert np.abs(positions).max() <= reached[0]
    assert np.abs(velocities).max() <= reached[1]


@every("scale", [0.0, 1.0, 10.0])
def test_without_force_an_error_is_multiplied_by_the_powers_of_one_small_matrix(scale: float) -> None:
    trace = run(replace(CORNN, hidden_path="cut", weight_scale=scale), keep_gradients=True)
    units = {name: trace.unit_gradients[name].values for name in ("hidden", "velocity")}
    last = np.stack([units["hidden"][-1], DT * units["hidden"][-1]])  # z_T reaches the loss as a part of y_T alone
    np.testing.assert_allclose(units["velocity"][-1], last[1], rtol=1e-13)
    # The adjoint of y_t as it enters the step after it, and that of z_t by y_t: a step back is the transpose of FREE.
    for lag in range(1, 60):
        by_y, by_z = np.tensordot(np.linalg.matrix_power(FREE, lag).T, np.stack([last[0], 0.0 * last[0]]), axes=1)
        np.testing.assert_allclose(units["hidden"][-1 - lag], by_y, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(units["velocity"][-1 - lag], by_z + DT * by_y, rtol=1e-11, atol=1e-14)


def test_free_oscillators_lose_what_the_docstring_says() -> None:
    assert np.linalg.det(FREE) == pytest.approx(1.0 - DT * EPSILON, rel=1e-14)
    assert 0.0 < DT * EPSILON < 1.0
    assert 0.0 < DT**2 * GAMMA < 4.0 - 2.0 * DT * EPSILON
    assert np.abs(np.linalg.eigvals(FREE)).max() < 1.0


def test_a_family_and_a_given_network_are_the_same_as_single_runs() -> None:
    family = run_family(NOISY, weight_scales=[0.5, 1.0, 3.0], seeds=range(3))
    for m, member in enumerate(family.experiments):
        for name, norms in run(member).log10_norms.items():
            np.testing.assert_allclose(family.log10_norms[name][m], norms, rtol=0.0, atol=1e-10)
    trace = run(CORNN)
    start = [of[0][None] for of in states_of(trace)]
    network = Network(cell="cornn", parameters=trace.parameters)
    errors = Errors(
        output=(trace.hidden_states[-1:] @ trace.readout.T - trace.targets) @ trace.readout / trace.targets.size
    )
    given = run_network(network, trace.inputs, errors, initial=start)
    for name, norms in trace.log10_norms.items():
        np.testing.assert_allclose(given.layers[0].log10_norms[name], norms, rtol=0.0, atol=1e-10)
    assert network.hidden_size == 6


def test_what_no_oscillator_has_is_said_to_have_no_effect() -> None:
    assert not CELLS["cornn"].gates
    for name in ("nonlinearity", "gate_bias", "forget_bias", "reset_gate"):
        assert why_idle(name, settings(CORNN), ["cornn"]) == name
    for name in ("weight_scale", "hidden_path"):
        assert why_idle(name, settings(CORNN), ["cornn"]) == ""


def test_positions_and_velocities_together_are_judged_and_stored() -> None:
    """Without W_hh the powers of one matrix say what is left."""
    weights = {"weight_ih_l0": np.ones((3, 2)), "weight_hh_l0": np.zeros((3, 6))}
    generator = np.random.default_rng(6)
    inputs, error = generator.standard_normal((200, 2, 2)), 1e-36 * generator.standard_normal((1, 2, 3))
    trace = run_network(Network(cell="cornn", parameters=weights), inputs, Errors(error))
    (finding,) = findings(trace, Errors(error))
    by_y, by_z = np.array([np.linalg.matrix_power(FREE, lag).T[:, 0] for lag in range(200)]).T
    left = np.hypot(by_y, by_z + DT * by_y)  # the adjoint of z_t holds what comes by y_t
    assert (finding.verdict.outcome, finding.sound) == ("holds", False), "a constant above 0.95, but not for ever"
    assert finding.verdict.horizon == np.flatnonzero(left < 0.01 * left[0])[0]
    assert finding.verdict.orders == pytest.approx(np.log10(left[-1] / left[0]), abs=1e-12)
    assert finding.verdict.log10_factor == pytest.approx(np.log10(left[180] / left[40]) / 140, abs=1e-12)
    said = dict(verdict_rows(sentences("own"), finding))
    assert "Factor per step of ‖dL/d(hₜ, zₜ)‖" in said
    assert "every entry of dL/d(hₜ, zₜ) is 0 at lags 0 to 199" in said["In float16"]
    below = np.flatnonzero(np.log2(left * np.linalg.norm(error) / np.sqrt(2 * 2 * 3)) < -126)
    assert {of.format: of.subnormal for of in finding.formats}["float32"] == Lags(below[0], 199, len(below))


def test_orthonormal_rows_are_tried_and_called_so() -> None:
    trace = run(replace(CORNN, weight_scale=10.0, input_scale=0.01, bias=False))
    errors = Errors(np.ones((1, 2, 6)))
    tried = advise(Network(cell="cornn", parameters=trace.parameters), trace.inputs, errors)
    rows = dict(zip((one.kind for one in tried), advice_rows(sentences("own"), tried), strict=True))
    assert rows["orthogonal"].what == "the nearest matrix with orthonormal rows for W_hh"
    (network,) = (one.network for one in tried if one.kind == "orthogonal")
    assert network is not None
    own, given = network.parameters["weight_hh_l0"], trace.parameters["weight_hh_l0"]
    np.testing.assert_allclose(own @ own.T, np.eye(6), atol=1e-14)
    squares, vectors = np.linalg.eigh(given @ given.T)  # (W Wᵀ)^(−1/2) W, of which U Vᵀ is another writing
    np.testing.assert_allclose(own, vectors / np.sqrt(squares) @ vectors.T @ given, atol=1e-10)


def test_a_file_of_layers_and_directions_is_read_by_the_shape_of_w_hh_alone() -> None:
    trace = run(replace(CORNN, num_layers=2, bidirectional=True, initial_state="zero"))
    (found,) = recognise({f"net.rnn.{name}": of for name, of in trace.parameters.items()}).networks
    assert (found.name, found.network.cell, found.network.hidden_size) == ("net.rnn", "cornn", 6)
    assert (found.network.num_layers, found.network.directions) == (2, 2)
    again = run_network(found.network, trace.inputs, Errors(np.ones((1, 2, 12))))
    for level, expected in zip(again.layers, trace.layers, strict=True):
        np.testing.assert_allclose(level.hidden_states, expected.hidden_states, rtol=1e-12, atol=1e-14)


class CoRNN(torch.nn.Module):
    """As its authors write it: the state dict has cell.i2h.weight, cell.i2h.bias, readout.weight and readout.bias."""

    def __init__(self, parameters: dict[str, Array]) -> None:
        super().__init__()
        self.cell = CoRNNCell(parameters)
        self.readout = torch.nn.Linear(len(self.cell.i2h.bias), 3, dtype=torch.float64)
        self.cell.i2h.reset_parameters()


def test_the_lines_for_the_authors_file_write_a_network_with_the_states_of_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = run(replace(CORNN, initial_state="zero"))
    model = CoRNN(dict(trace.parameters))
    monkeypatch.chdir(tmp_path)
    save_file(model.state_dict(), "model.safetensors")
    with pytest.raises(UnreadableFile, match=r"cell\.i2h\.weight has the shape \(6, 17\)") as caught:
        recognise(read_weights(Path("model.safetensors").read_bytes(), "model.safetensors"))
    exec(compile(caught.value.lines, "converter", "exec"), {})
    (found,) = recognise(read_weights(Path("weights.safetensors").read_bytes(), "weights.safetensors")).networks
    assert (found.name, found.network.cell, found.network.hidden_size) == ("cell", "cornn", 6)
    read = run_network(found.network, trace.inputs, Errors(np.ones((1, 2, 6)))).layers[0]
    state = (torch.zeros(2, 6, dtype=torch.float64),) * 2
    assert read.velocities is not None
    for x, y, z in zip(torch.tensor(trace.inputs), read.hidden_states[1:], read.velocities[1:], strict=True):
        state = model.cell(x, *state)
        np.testing.assert_allclose(np.stack([y, z]), torch.stack(state).detach(), rtol=1e-12, atol=1e-14)


@every("shapes", [{"weight": (6, 12), "bias": (6,)}, {"weight": (6, 17)}, {"weight": (102,), "bias": (6,)}])
def test_an_i2h_that_is_none_of_the_authors_is_no_recurrent_weight(shapes: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(UnreadableFile, match="No array of the file") as caught:
        recognise({f"cell.i2h.{name}": np.ones(shape) for name, shape in shapes.items()})
    assert caught.value.lines == ""


@every(
    ("shapes", "why"),
    [
        ({"weight_hh_l0": (6, 11)}, r"weight_hh_l0 has the shape \(6, 11\)"),
        ({"weight_hh_l0": (12, 6)}, r"weight_hh_l0 has the shape \(12, 6\)"),
        ({"weight_ih_l0": (12, 5)}, r"weight_ih_l0 has the shape \(12, 5\)"),
        ({"bias_ih_l0": (12,)}, r"bias_ih_l0 has the shape \(12,\)"),
        ({"weight_ih_l1": (6, 6), "weight_hh_l1": (6, 6)}, "bias_ih_l1 is missing"),
    ],
)
def test_a_file_of_other_shapes_is_refused_by_name(shapes: dict[str, tuple[int, ...]], why: str) -> None:
    own = {name: of.shape for name, of in run(CORNN).parameters.items()}
    with pytest.raises(UnreadableFile, match=why):
        recognise({name: np.ones(shape) for name, shape in (own | shapes).items()})
