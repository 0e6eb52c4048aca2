"""The sLSTM of xLSTM (Beck et al. 2024): the paper's equations in torch, with its stabiliser and without."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from rnn_dynamics import Experiment, Trace, run, run_jacobians, run_network
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.run import split_additive_path
from tests.every import every
from tests.oracle import loss_of_step

pytestmark = pytest.mark.usefixtures("either_road")

SLSTM = Experiment(cell="slstm", sequence_length=40, hidden_size=5, input_size=4, batch_size=3, seed=2)
NOISY = replace(SLSTM, initialisation="torch", loss_at="every", weight_scale=3.0)
CHRONO = replace(SLSTM, gate_bias="chrono", input_scale=2.0)
asked = every("experiment", [SLSTM, NOISY, CHRONO])
#: What W_ih is multiplied by, so that input gates lie from below 10^−300 to above 10^308.
HUGE = 600.0

#: (ln f + m_{t−1}, ln i) -> m_t.
Stabiliser = Callable[[Tensor, Tensor], Tensor]
STABILISERS: dict[str, Stabiliser] = {
    "the paper's": torch.maximum,
    "as a constant": lambda kept, added: torch.maximum(kept, added).detach(),
    "twice as much": lambda kept, added: torch.maximum(kept, added) + 0.7,
    "none": lambda kept, _: torch.zeros_like(kept),
}


@dataclass
class Twin:
    """The states of each step, (N, H) each, with their gradients: h, c e^−m and n e^−m; what was read; the loss."""

    hidden: list[Tensor]
    cell: list[Tensor]
    normaliser: list[Tensor]
    inputs: Tensor
    parameters: dict[str, Tensor]
    loss: Tensor


def twin_of(trace: Trace, stabiliser: Stabiliser, factor: float = 1.0) -> Twin:
    """Equations 8 to 17 of the paper in their order, with the forget gate σ, and autograd through all of them."""
    made = huge(trace, factor)
    parameters = {name: torch.tensor(values, requires_grad=True) for name, values in made.items()}
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    h = c = n = torch.zeros(trace.hidden_states.shape[1:], dtype=torch.float64)
    m = torch.full_like(h, -1e300)
    twin = Twin([], [], [], inputs, parameters, torch.zeros((), dtype=torch.float64))
    for t, x in enumerate(inputs):
        from_input = x @ parameters["weight_ih_l0"].T + parameters["bias_ih_l0"]
        from_hidden = h @ parameters["weight_hh_l0"].T + parameters["bias_hh_l0"]
        log_i, a_f, a_z, a_o = (from_input + from_hidden).chunk(4, dim=-1)
        log_f, z, o = torch.nn.functional.logsigmoid(a_f), torch.tanh(a_z), torch.sigmoid(a_o)
        before, m = m, stabiliser(log_f + m, log_i)
        i = torch.exp(log_i - m)
        f = torch.exp(log_f + before - m) if t else torch.zeros_like(i)
        c = f * c + i * z
        n = f * n + i
        h = o * (c / n)
        for of, state in ((twin.hidden, h), (twin.cell, c), (twin.normaliser, n)):
            state.retain_grad()
            of.append(state)
        twin.loss = twin.loss + loss_of_step(trace, t, h)
    twin.loss.backward()  # type: ignore[no-untyped-call]
    return twin


def huge(trace: Trace, factor: float) -> dict[str, Array]:
    """The parameters with a W_ih so many times as large."""
    return {**trace.parameters, "weight_ih_l0": factor * trace.parameters["weight_ih_l0"]}


def log10_norms(parts: list[Tensor]) -> Array:
    return np.array([float(torch.log10(part.norm())) for part in parts])


def gradient(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None
    return tensor.grad


@every("stabiliser", STABILISERS)
@asked
def test_states_loss_and_gradients_do_not_depend_on_the_stabiliser(experiment: Experiment, stabiliser: str) -> None:
    trace = run(experiment)
    twin = twin_of(trace, STABILISERS[stabiliser])
    assert trace.cell_states is not None
    ratio = torch.stack(twin.cell) / torch.stack(twin.normaliser)
    np.testing.assert_allclose(trace.hidden_states[1:], torch.stack(twin.hidden).detach(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(trace.cell_states[1:], ratio.detach(), rtol=0, atol=1e-12)
    assert trace.loss == pytest.approx(twin.loss.item(), rel=1e-12)
    for name, parameter in twin.parameters.items():
        largest = float(gradient(parameter).abs().max())
        np.testing.assert_allclose(trace.gradients[name], gradient(parameter), rtol=0, atol=1e-10 * largest)
    by_ratio = [gradient(c) * n.detach() for c, n in zip(twin.cell, twin.normaliser, strict=True)]
    norms = {
        "input": log10_norms(list(gradient(twin.inputs))),
        "hidden": log10_norms([gradient(h) for h in twin.hidden]),
        "cell": log10_norms(by_ratio),
    }
    for name, values in norms.items():
        np.testing.assert_allclose(trace.log10_norms[name], values, rtol=0, atol=1e-10, err_msg=name)


def test_without_the_stabiliser_the_forward_pass_overflows_where_input_gates_pass_ten_to_the_308() -> None:
    trace = run(replace(SLSTM, loss_at="every"))
    network = Network(cell="slstm", parameters=huge(trace, HUGE))
    twin, plain = (twin_of(trace, STABILISERS[name], HUGE) for name in ("the paper's", "none"))
    log_i = (twin.inputs @ twin.parameters["weight_ih_l0"].T).chunk(4, dim=-1)[0]
    assert log_i.max() > np.log(1.7e308)
    assert log_i.min() < np.log(1e-300)
    assert not torch.isfinite(torch.stack(plain.hidden)).all()

    def read_out(states: States) -> Errors:
        np.testing.assert_allclose(states.output, torch.stack(twin.hidden).detach(), rtol=0, atol=1e-10)
        residuals = states.output @ trace.readout.T - trace.targets
        return Errors(output=residuals @ trace.readout / residuals.size)

    found = run_network(network, trace.inputs, read_out)
    for name, parameter in twin.parameters.items():
        largest = float(gradient(parameter).abs().max())
        assert 0.0 < largest < np.inf
        np.testing.assert_allclose(found.gradients[name], gradient(parameter), rtol=0, atol=1e-10 * largest)
    expected = gradient(twin.inputs).numpy()
    np.testing.assert_allclose(found.input_gradient, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@asked
def test_the_normaliser_is_the_sum_of_what_was_written_and_not_forgotten(experiment: Experiment) -> None:
    trace = run(experiment)
    assert trace.log_normalisers is not None
    assert np.isneginf(trace.log_normalisers[0]).all()
    np.testing.assert_allclose(trace.gates["i′"] + trace.gates["f′"], 1.0, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(trace.gates["f′"][0], 0.0)
    assert (np.abs(trace.hidden_states) <= 1.0).all()


@asked
def test_the_path_is_what_the_stabilised_forget_gates_leave_in_units_of_the_normaliser(experiment: Experiment) -> None:
    """∏ f by c, times n at both ends: what is the same whatever multiplies c and n alike."""
    trace, split = run(replace(experiment, loss_at="last")), split_additive_path(replace(experiment, loss_at="last"))
    entry = twin_of(trace, STABILISERS["the paper's"])
    arriving = (gradient(entry.cell[-1]) * entry.normaliser[-1]).detach().numpy()
    left = np.cumsum(np.log(trace.gates["f′"][:0:-1]), axis=0)[::-1]
    path = np.concatenate([np.exp(left), np.ones_like(left[:1])]) * arriving
    expected = np.log10(np.linalg.norm(path.reshape(len(path), -1), axis=1))
    np.testing.assert_allclose(split.path, expected, rtol=0, atol=1e-9)


def test_a_jacobian_has_the_same_factor_for_ratio_and_normaliser() -> None:
    """∂r_t/∂r_{t−1} = ∂ ln n_t / ∂ ln n_{t−1} = f′, and ln n does not read r."""
    answer, trace = run_jacobians(NOISY), run(NOISY)
    blocks = answer.jacobians.reshape(len(answer.jacobians), 3, NOISY.hidden_size, 3, NOISY.hidden_size)
    for part in (1, 2):
        diagonal = np.diagonal(blocks[:, part, :, part], axis1=-2, axis2=-1)
        np.testing.assert_allclose(diagonal, trace.gates["f′"][:, 0], rtol=1e-13, atol=0)
    assert not blocks[:, 1, :, 2].any()


@every("hidden_size", [1, 6])
def test_the_path_is_the_whole_gradient_of_the_ratio_where_the_hidden_path_is_cut(hidden_size: int) -> None:
    trace = run(replace(SLSTM, hidden_size=hidden_size, hidden_path="cut"))
    np.testing.assert_allclose(trace.log10_norms["cell"], trace.log10_norms["cell_path"], rtol=0, atol=1e-12)


def test_given_weights_answer_as_drawn_ones_and_a_cell_state_has_an_error_of_its_own() -> None:
    trace = run(NOISY)
    network = Network(cell="slstm", parameters=trace.parameters)
    handed_on: list[States] = []

    def read_the_last_ratio(states: States) -> Errors:
        handed_on.append(states)
        assert states.c_n is not None
        return Errors(c_n=np.ones_like(states.c_n))

    found = run_network(network, trace.inputs, read_the_last_ratio)
    (states,) = handed_on
    np.testing.assert_array_equal(states.output, trace.hidden_states[1:])
    assert states.c_n is not None
    assert trace.cell_states is not None
    np.testing.assert_array_equal(states.c_n[0], trace.cell_states[-1])
    assert found.layers[0].log10_norms["cell"][-1] == pytest.approx(0.5 * np.log10(states.c_n.size))
    assert np.isneginf(found.layers[0].log10_norms["hidden"][-1])


def test_a_forget_bias_opens_the_forget_gate_of_an_lstm_and_of_this_cell() -> None:
    closed, opened = (run(replace(SLSTM, forget_bias=bias)).log10_norms["cell_path"] for bias in (0.0, 3.0))
    assert opened[0] > closed[0] + 3.0
    assert CELLS["slstm"].keeps == "f′"
