"""Gradients far outside float64's range, against autograd in blocks and against forty digits.

Both references follow the trace's own states, because a chaotic network would leave any other trajectory. A
pre-activation of size 30 is rounded by 4e-15, and that much relative error enters each factor 1 − tanh²: after 1000
steps the log10 of the norm may be off by 1e-12 by chance and by 2e-12 at worst; EXACT allows a hundred times as much.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpfr
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, Trace, run, run_family
from rnn_dynamics.engine.cells import cells_where
from rnn_dynamics.engine.cells.activations import sigmoid_complement, sigmoid_derivative, sigmoid_in_place
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.cells.cornn import DT, EPSILON, GAMMA
from rnn_dynamics.experiment import WEIGHT_SCALES
from tests.every import every
from tests.oracle import Array, ask_module, ask_step_by_step, has_module, relative_error

pytestmark = pytest.mark.usefixtures("either_road")

#: Decades, over the whole of T = 1000 steps.
EXACT = 2e-10
RELATIVE = np.expm1(EXACT * np.log(10.0))

LONG = Experiment(sequence_length=1000, hidden_size=16, input_size=4, batch_size=2, initialisation="gaussian", seed=5)
TINY = replace(LONG, hidden_size=3, input_size=2, batch_size=1)
FLOAT32_FLOOR = -45.0

scales = every("weight_scale", [0.05, 10.0])
cells = every("cell", CELLS)
#: As many times as long a way is as far for an oscillator, which a step moves by Δt.
SLOW = 10
recurrent = every("cell", cells_where(has_w_hh))  # without W_hh nothing can explode


def lengthened(experiment: Experiment) -> Experiment:
    """As long as its cell needs it to come as far as the others."""
    return replace(
        experiment, sequence_length=experiment.sequence_length * (SLOW if CELLS[experiment.cell].oscillates else 1)
    )


def norms_by_torch(trace: Trace, block: int) -> dict[str, Array]:
    """Of torch.nn's own network in blocks; of a cell that it lacks, of all steps at once, where Jacobians are small."""
    if has_module(trace.experiment) or trace.experiment.hidden_size > 16:
        return ask_module(trace, block).log10_norms
    return ask_step_by_step(trace).log10_norms


@scales
@cells
def test_a_thousand_steps_equal_autograd_step_by_step(cell: str, weight_scale: float) -> None:
    trace = run(replace(LONG, cell=cell, weight_scale=weight_scale))
    answer = ask_step_by_step(trace)
    assert set(answer.log10_norms) == set(trace.log10_norms)
    for name, norms in answer.log10_norms.items():
        assert np.isfinite(trace.log10_norms[name]).all()
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name


@cells
def test_a_thousand_vanishing_steps_equal_torchs_own_module_in_blocks(cell: str) -> None:
    trace = run(replace(LONG, cell=cell, weight_scale=0.05, input_scale=0.5))
    for name, norms in norms_by_torch(trace, block=25).items():
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name


@scales
@cells
def test_a_thousand_steps_of_a_small_network_equal_forty_digits(cell: str, weight_scale: float) -> None:
    assert_equals_forty_digits(run(replace(TINY, cell=cell, weight_scale=weight_scale)))


@every("input_scale", [0.0, 0.3, 5.0])
@cells
def test_a_latched_unit_keeps_its_digits(cell: str, input_scale: float) -> None:
    """tanh(10) rounds so near to 1 that 1 − h² has eight digits left, and tanh(20) has none."""
    latch = replace(TINY, cell=cell, hidden_size=1, initialisation="identity", weight_scale=10.0, forget_bias=20.0)
    assert_equals_forty_digits(run(replace(latch, sequence_length=200, input_scale=input_scale)))


def test_the_latch_of_the_vanilla_network_really_is_saturated() -> None:
    latch = replace(TINY, cell="rnn", hidden_size=1, initialisation="identity", weight_scale=10.0)
    trace = run(latch)
    assert np.median(1.0 - np.square(trace.hidden_states[1:])) < 1e-8
    assert trace.log10_norms["hidden"][0] < -5000.0


@cells
def test_the_floor_of_float32_is_far_above_what_is_reported(cell: str) -> None:
    trace = run(lengthened(replace(LONG, cell=cell, weight_scale=0.05, bias=False)))  # of some a bias opens the gates
    assert trace.log10_norms["hidden"][0] < 2.0 * FLOAT32_FLOOR


def test_a_gradient_beyond_ten_to_the_four_hundred_is_a_finite_power_of_ten() -> None:
    at_rest = replace(LONG, cell="rnn", weight_scale=10.0, initialisation="orthogonal", input_scale=0.0)
    hidden = run(at_rest).log10_norms["hidden"]
    lags = np.arange(999, -1, -1)
    np.testing.assert_allclose(hidden - hidden[-1], lags, rtol=0.0, atol=EXACT)


@recurrent
def test_every_norm_that_explodes_is_finite(cell: str) -> None:
    units = 8 if CELLS[cell].oscillates else 32  # which goes ten times as far
    trace = run(lengthened(replace(LONG, cell=cell, weight_scale=10.0, input_scale=0.0, hidden_size=units)))  # no chaos
    for norms in trace.log10_norms.values():
        assert np.isfinite(norms).all()
    assert trace.log10_norms["hidden"][0] > (200.0 if CELLS[cell].oscillates else 400.0)
    for name, norms in norms_by_torch(trace, block=50).items():
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name
    assert not any(np.isnan(gradient).any() for gradient in trace.gradients.values())


RELU = replace(LONG, cell="rnn", nonlinearity="relu", initialisation="identity", sequence_length=200, input_scale=3.0)


@every("loss_at", ["last", "every"])
@every("initialisation", ["identity", "gaussian", "orthogonal"])
def test_relu_states_whose_squares_no_double_holds_have_exact_gradients(initialisation: str, loss_at: str) -> None:
    trace = run(replace(RELU, weight_scale=10.0, initialisation=initialisation, loss_at=loss_at))
    assert trace.hidden_states.max() > 1e155
    assert trace.loss == np.inf
    for name, norms in ask_module(trace, block=5).log10_norms.items():
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name
    assert not any(np.isnan(gradient).any() for gradient in trace.gradients.values())


def test_parameter_gradients_of_large_relu_states_equal_autograds() -> None:
    trace = run(replace(RELU, weight_scale=10.0, sequence_length=120))
    assert trace.hidden_states.max() > 1e115
    for name, gradient in ask_module(trace).gradients.items():
        assert 1e230 < np.abs(gradient).max() < np.inf
        np.testing.assert_allclose(trace.gradients[name], gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())


def test_relu_states_beyond_the_limit_are_refused_by_weight_scale_length_and_limit() -> None:
    message = r"^weight_scale = 10 with sequence_length = 1000: .* 1e\+300"
    with pytest.raises(ValueError, match=message):
        run(replace(RELU, weight_scale=10.0, sequence_length=1000))
    with pytest.raises(ValueError, match=message):
        run_family(replace(RELU, sequence_length=1000), weight_scales=[0.5, 10.0, 1.0], seeds=[1, 2])


@every("hidden_size", [2, 4])
def test_no_relu_network_of_the_sliders_is_refused(hidden_size: int) -> None:
    largest = replace(RELU, hidden_size=hidden_size, initialisation="gaussian", batch_size=1)
    family = run_family(largest, weight_scales=[max(WEIGHT_SCALES)], seeds=range(100))
    assert not np.isnan(family.log10_norms["input"]).any()


def test_a_unit_at_rest_has_the_slope_zero_as_in_torch() -> None:
    trace = run(replace(RELU, input_scale=0.0))
    assert np.isneginf(trace.log10_norms["input"]).all()
    assert np.isneginf(ask_module(trace).log10_norms["input"]).all()


#: Without W_hh an error reaches an earlier step along the additive path or not at all.
CUT_OFF = {name: {"input", "hidden"} for name in ("rnn", "jordan", "lru")} | {"lstm": {"hidden"}, "slstm": {"hidden"}}


@cells
def test_without_recurrent_weights_a_norm_is_minus_infinity_exactly_where_nothing_arrives(cell: str) -> None:
    trace = run(replace(LONG, cell=cell, weight_scale=0.0))
    for name, norms in trace.log10_norms.items():
        assert np.isfinite(norms[-1])
        assert (np.isneginf(norms[:-1]) if name in CUT_OFF.get(cell, ()) else np.isfinite(norms[:-1])).all(), name


@cells
def test_a_loss_at_every_step_refills_what_vanishes(cell: str) -> None:
    trace = run(replace(LONG, cell=cell, weight_scale=0.05, loss_at="every", sequence_length=300))
    answer = ask_step_by_step(trace)
    for name, norms in answer.log10_norms.items():
        assert norms.min() > -10.0
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name


@recurrent
def test_a_loss_at_every_step_may_explode_too(cell: str) -> None:
    at_rest = replace(LONG, cell=cell, weight_scale=10.0, loss_at="every", input_scale=0.0, sequence_length=300)
    trace = run(lengthened(at_rest))
    answer = ask_step_by_step(trace)
    assert max(norms.max() for norms in answer.log10_norms.values()) > 50.0
    for name, norms in answer.log10_norms.items():
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name


# The reference in forty digits: PyTorch's equations for one sequence, and their adjoint written out by hand. What does
# not depend on the adjoint is found for all steps at once.

#: Entries are numbers of MPFR: (H,) of one step, (T, H) of all.
Vector = NDArray[np.object_]
DIGITS = 40
PRECISION = int(np.ceil(DIGITS * np.log2(10.0)))

exactly, exp, log1p, tanh, sech, sin, cos = (
    np.frompyfunc(of, 1, 1) for of in (mpfr, gmpy2.exp, gmpy2.log1p, gmpy2.tanh, gmpy2.sech, gmpy2.sin, gmpy2.cos)
)


def assert_equals_forty_digits(trace: Trace) -> None:
    assert trace.experiment.batch_size == 1
    with gmpy2.context(precision=PRECISION):
        expected = ADJOINTS[trace.experiment.cell](trace)
    assert set(expected) == set(trace.log10_norms)
    for name, norms in expected.items():
        np.testing.assert_allclose(trace.log10_norms[name], norms, rtol=0.0, atol=EXACT, err_msg=name)


def rnn_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden"))
    w_ih, w_hh = weight(trace, "ih"), weight(trace, "hh")
    for slope_of_tanh in (sech(from_input(trace) + from_state(trace)) ** 2)[::-1]:
        delta = slope_of_tanh * adjoint
        norms.add(input=delta @ w_ih, hidden=adjoint)
        adjoint = delta @ w_hh
    return norms.first_step_first()


def lstm_adjoint(trace: Trace) -> dict[str, Array]:
    assert trace.cell_states is not None
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell", "cell_path"))
    w_ih, w_hh = weight(trace, "ih"), weight(trace, "hh")
    i, f, g, o = np.split(from_input(trace) + from_state(trace), 4, axis=1)
    (before, now), keep = before_and_after(trace.cell_states), sigmoid(f)
    enters = sigmoid(o) * sech(now) ** 2
    by_cell = np.stack([tanh(g) * slope(i), before * slope(f), sigmoid(i) * sech(g) ** 2], axis=1)
    by_hidden = tanh(now) * slope(o)
    cell, path = np.zeros_like(adjoint), enters[-1] * adjoint
    for t in steps_back(trace):
        cell = cell + enters[t] * adjoint
        delta = np.concatenate([*(by_cell[t] * cell), by_hidden[t] * adjoint])
        norms.add(input=delta @ w_ih, hidden=adjoint, cell=cell, cell_path=path)
        cell, path = keep[t] * cell, keep[t] * path
        adjoint = delta @ w_hh
    return norms.first_step_first()


def slstm_adjoint(trace: Trace) -> dict[str, Array]:
    """By n as it is, however large, and by the trace's own c/n."""
    assert trace.cell_states is not None
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell", "cell_path"))
    w_ih, w_hh = weight(trace, "ih"), weight(trace, "hh")
    i, f, g, o = np.split(from_input(trace) + from_state(trace), 4, axis=1)
    before, now = before_and_after(trace.cell_states)
    n = [np.zeros_like(adjoint)]
    for kept, written in zip(sigmoid(f), exp(i), strict=True):
        n.append(kept * n[-1] + written)
    keep, write, enters = sigmoid(f) * n[:-1] / n[1:], exp(i) / n[1:], sigmoid(o)
    parts, forgets = keep * write * (before - tanh(g)), sigmoid(-f)
    by_cell, by_hidden = write * sech(g) ** 2, now * slope(o)
    cell, by_n, path = np.zeros_like(adjoint), np.zeros_like(adjoint), enters[-1] * adjoint
    for t in steps_back(trace):
        cell = cell + enters[t] * adjoint
        apart = parts[t] * cell
        to_i, by_n = write[t] * by_n - apart, keep[t] * by_n + apart
        delta = np.concatenate([to_i, forgets[t] * by_n, by_cell[t] * cell, by_hidden[t] * adjoint])
        norms.add(input=delta @ w_ih, hidden=adjoint, cell=cell, cell_path=path)
        cell, path = keep[t] * cell, keep[t] * path
        adjoint = delta @ w_hh
    return norms.first_step_first()


def gru_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell_path"))
    w_ih, w_hh, (before, _) = weight(trace, "ih"), weight(trace, "hh"), before_and_after(trace.hidden_states)
    (x_r, x_z, x_n), (h_r, h_z, q) = (np.split(of, 3, axis=1) for of in (from_input(trace), from_state(trace)))
    w_hn, r, z = np.split(w_hh, 3)[2], sigmoid(x_r + h_r), x_z + h_z
    if early := trace.experiment.reset_gate == "before":
        q = (r * before) @ w_hn.T + exactly(np.split(trace.parameters["bias_hh_l0"], 3)[2])
    n, keep = x_n + (q if early else r * q), sigmoid(z)
    to_n, to_z, to_r = sigmoid(-z) * sech(n) ** 2, (before - tanh(n)) * slope(z), slope(x_r + h_r)
    path = adjoint
    for t in steps_back(trace):
        delta_n, delta_z = to_n[t] * adjoint, to_z[t] * adjoint
        back = delta_n @ w_hn
        delta_r = to_r[t] * (before[t] * back if early else q[t] * delta_n)
        norms.add(input=np.concatenate([delta_r, delta_z, delta_n]) @ w_ih, hidden=adjoint, cell_path=path)
        delta_q = np.zeros_like(delta_n) if early else r[t] * delta_n
        carried = np.concatenate([delta_r, delta_z, delta_q]) @ w_hh + (r[t] * back if early else 0)
        adjoint, path = keep[t] * adjoint + carried, keep[t] * path
    return norms.first_step_first()


def mingru_adjoint(trace: Trace) -> dict[str, Array]:
    (z, n), (before, _) = np.split(from_input(trace), 2, axis=1), before_and_after(trace.hidden_states)
    return adjoint_of_gates(trace, [(n - before) * slope(z), sigmoid(z)], sigmoid(-z))


def minlstm_adjoint(trace: Trace) -> dict[str, Array]:
    (f, i, g), (before, _) = np.split(from_input(trace), 3, axis=1), before_and_after(trace.hidden_states)
    both = sigmoid(f) + sigmoid(i)
    apart = (before - g) / both**2
    to_gates = [apart * slope(f) * sigmoid(i), -apart * slope(i) * sigmoid(f), sigmoid(i) / both]
    return adjoint_of_gates(trace, to_gates, sigmoid(f) / both)


def ssm_adjoint(trace: Trace) -> dict[str, Array]:
    (a, read), (before, _) = np.split(from_input(trace), 2, axis=1), before_and_after(trace.hidden_states)
    decays, steps = -exp(exactly(trace.parameters["A_log_l0"])), log1p(exp(a))
    kept = exp(decays * steps)
    return adjoint_of_gates(trace, [sigmoid(a) * (decays * kept * before + read), steps], kept)


def adjoint_of_gates(trace: Trace, to_gates: Sequence[Vector], keep: Vector) -> dict[str, Array]:
    """Of a cell whose gates see the input alone: what each block has of dL/dh_t, and what h_t keeps of h_{t−1}."""
    adjoint, norms, w_ih = loss_adjoint(trace), Norms(("input", "hidden", "cell_path")), weight(trace, "ih")
    by_block = np.stack(to_gates, axis=1)
    for t in steps_back(trace):
        norms.add(input=(by_block[t] * adjoint).ravel() @ w_ih, hidden=adjoint, cell_path=adjoint)
        adjoint = keep[t] * adjoint
    return norms.first_step_first()


def lru_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms, of = loss_adjoint(trace), Norms(("input", "hidden")), trace.parameters
    w_ih, pairs = weight(trace, "ih"), len(adjoint) // 2
    sizes, gains = exp(-exp(exactly(of["nu_log_l0"]))), exp(exactly(of["gamma_log_l0"]))
    turns = exp(exactly(of.get("theta_log_l0", np.zeros(0))))
    along, across = sizes[:pairs] * cos(turns), sizes[:pairs] * sin(turns)
    gains = np.concatenate([gains[:pairs], gains])
    for _ in steps_back(trace):
        norms.add(input=(gains * adjoint) @ w_ih, hidden=adjoint)
        real, imaginary, last = np.split(adjoint, [pairs, 2 * pairs])  # with an odd H the last unit is real
        turned = [along * real + across * imaginary, along * imaginary - across * real]
        adjoint = np.concatenate([*turned, sizes[pairs:] * last])
    return norms.first_step_first()


def cornn_adjoint(trace: Trace) -> dict[str, Array]:
    """By the trace's own positions and velocities."""
    assert trace.velocities is not None
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "velocity"))
    w_ih, w_hh = weight(trace, "ih"), weight(trace, "hh")
    dt, gamma, epsilon = map(mpfr, (DT, GAMMA, EPSILON))
    before = np.concatenate([trace.hidden_states, trace.velocities], axis=-1)
    by_z = np.zeros_like(adjoint)
    for slope_of_tanh in (sech(from_input(trace) + from_state(trace, before)) ** 2)[::-1]:
        by_z = by_z + dt * adjoint
        delta = dt * slope_of_tanh * by_z
        norms.add(input=delta @ w_ih, hidden=adjoint, velocity=by_z)
        to_y, to_z = np.split(delta @ w_hh, 2)
        adjoint, by_z = adjoint - dt * gamma * by_z + to_y, (1 - dt * epsilon) * by_z + to_z
    return norms.first_step_first()


ADJOINTS: dict[str, Callable[[Trace], dict[str, Array]]] = {
    "rnn": rnn_adjoint,
    "jordan": rnn_adjoint,
    "lstm": lstm_adjoint,
    "gru": gru_adjoint,
    "mingru": mingru_adjoint,
    "minlstm": minlstm_adjoint,
    "lru": lru_adjoint,
    "ssm": ssm_adjoint,
    "slstm": slstm_adjoint,
    "cornn": cornn_adjoint,
}


class Norms:
    """Collects log10 norms from the last step to the first."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns: dict[str, list[float]] = {name: [] for name in names}

    def add(self, **vectors: Vector) -> None:
        for name, vector in vectors.items():
            self.columns[name].append(float(gmpy2.log10(vector @ vector) / 2))

    def first_step_first(self) -> dict[str, Array]:
        return {name: np.array(column[::-1]) for name, column in self.columns.items()}


def steps_back(trace: Trace) -> range:
    """Rows of what is there of all steps, the last one first."""
    return range(trace.experiment.sequence_length - 1, -1, -1)


def weight(trace: Trace, of: str) -> Vector:
    """W_ih, or what multiplies h: W_hh, in a Jordan network together with the readout."""
    matrix: Vector = exactly(trace.parameters[f"weight_{of}_l0"])
    return matrix @ exactly(trace.readout) if (of, trace.experiment.cell) == ("hh", "jordan") else matrix


def from_input(trace: Trace) -> Vector:
    """W_ih x_t + b_ih of all steps."""
    found: Vector = exactly(trace.inputs[:, 0]) @ weight(trace, "ih").T + exactly(trace.parameters["bias_ih_l0"])
    return found


def from_state(trace: Trace, states: Array | None = None) -> Vector:
    """W_hh h_{t−1} + b_hh of all steps, or of other states (T+1, N, ·) than h."""
    before, _ = before_and_after(trace.hidden_states if states is None else states)
    found: Vector = before @ weight(trace, "hh").T + exactly(trace.parameters["bias_hh_l0"])
    return found


def before_and_after(states: Array) -> tuple[Vector, Vector]:
    """Each step's state before and after it."""
    exact = exactly(states[:, 0])
    return exact[:-1], exact[1:]


def loss_adjoint(trace: Trace) -> Vector:
    """dL/dh_T of the loss at the last step."""
    readout = exactly(trace.readout)
    residuals = readout @ exactly(trace.hidden_states[-1, 0]) - exactly(trace.targets[0])
    adjoint: Vector = residuals @ readout / len(residuals)
    return adjoint


def sigmoid(a: Vector) -> Vector:
    found: Vector = 1 / (1 + exp(-a))
    return found


def slope(a: Vector) -> Vector:
    """σ'(a)."""
    found: Vector = sigmoid(a) * sigmoid(-a)
    return found


def test_one_minus_a_gate_keeps_its_digits_and_its_limit() -> None:
    arguments = np.array([-800.0, -709.5, -40.0, -1.0, 0.0, 3.0, 40.0, 700.0])
    exponential, value = arguments.copy(), np.empty_like(arguments)
    with np.errstate(over="ignore"):
        sigmoid_in_place(exponential, value)
    with gmpy2.context(precision=PRECISION):
        exact, slopes = (of(exactly(arguments)).astype(float) for of in (lambda a: sigmoid(-a), slope))
    np.testing.assert_allclose(sigmoid_complement(value, exponential), exact, rtol=1e-15)
    np.testing.assert_allclose(sigmoid_derivative(value, exponential), slopes, rtol=2e-15, atol=1e-307)
