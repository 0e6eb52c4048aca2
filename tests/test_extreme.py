"""Gradients far outside float64's range, against autograd in blocks and against forty digits.

Both references follow the trace's own states, because a chaotic network would leave any other trajectory. A
pre-activation of size 30 is rounded by 4e-15, and that much relative error enters each factor 1 − tanh²: after 1000
steps the log10 of the norm may be off by 1e-12 by chance and by 2e-12 at worst; EXACT allows a hundred times as much.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import mpmath
import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, Trace, run, run_family
from rnn_dynamics.engine.cells import cells_where
from rnn_dynamics.engine.cells.activations import sigmoid_complement, sigmoid_derivative, sigmoid_in_place
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.cells.cornn import DT, EPSILON, GAMMA
from rnn_dynamics.experiment import WEIGHT_SCALES
from tests.every import every
from tests.oracle import Array, ask_module, ask_open_cell, ask_step_by_step, relative_error

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
    for name, norms in ask_module(trace, block=25).log10_norms.items():
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
    at_rest = replace(LONG, cell=cell, weight_scale=10.0, input_scale=0.0, hidden_size=32)  # no chaos
    trace = run(lengthened(at_rest))
    for norms in trace.log10_norms.values():
        assert np.isfinite(norms).all()
    assert trace.log10_norms["hidden"][0] > (200.0 if CELLS[cell].oscillates else 400.0)
    for name, norms in ask_module(trace, block=50).log10_norms.items():
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
    answer = ask_open_cell(trace, block=10)
    for name, norms in answer.log10_norms.items():
        assert norms.min() > -10.0
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name


@recurrent
def test_a_loss_at_every_step_may_explode_too(cell: str) -> None:
    at_rest = replace(LONG, cell=cell, weight_scale=10.0, loss_at="every", input_scale=0.0, sequence_length=300)
    trace = run(lengthened(at_rest))
    answer = ask_open_cell(trace, block=10)
    assert max(norms.max() for norms in answer.log10_norms.values()) > 50.0
    for name, norms in answer.log10_norms.items():
        assert relative_error(trace.log10_norms[name], norms) <= RELATIVE, name


# The reference in forty digits: PyTorch's equations for one sequence, and their adjoint written out by hand.

Vector = list[mpmath.mpf]
#: (W_ih x + b_ih, W_hh h + b_hh, h before, c before, dL/dh, dL/dc, path) -> delta_input, delta_hidden, kept dL/dh,
#: dL/dc before, dL/dc total, path before
DIGITS = 40


def assert_equals_forty_digits(trace: Trace) -> None:
    assert trace.experiment.batch_size == 1
    with mpmath.workdps(DIGITS):
        expected = ADJOINTS[trace.experiment.cell](trace)
    assert set(expected) == set(trace.log10_norms)
    for name, norms in expected.items():
        np.testing.assert_allclose(trace.log10_norms[name], norms, rtol=0.0, atol=EXACT, err_msg=name)


def rnn_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden"))
    for _, x_part, h_part in steps_back(trace):
        delta = [v * mpmath.sech(x + h) ** 2 for v, x, h in zip(adjoint, x_part, h_part, strict=True)]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint)
        adjoint = transposed(trace, "weight_hh_l0", delta)
        if trace.experiment.cell == "jordan":
            adjoint = product(trace.readout.T, adjoint)
    return norms.first_step_first()


def lstm_adjoint(trace: Trace) -> dict[str, Array]:
    assert trace.cell_states is not None
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell", "cell_path"))
    size = range(len(adjoint))
    cell, path = [mpmath.mpf(0)] * len(adjoint), [mpmath.mpf(0)] * len(adjoint)
    for t, x_part, h_part in steps_back(trace):
        i, f, g, o = quarters([x + h for x, h in zip(x_part, h_part, strict=True)], 4)
        before, now = exactly(trace.cell_states[t - 1, 0]), exactly(trace.cell_states[t, 0])
        entry = [sigmoid(o[k]) * mpmath.sech(now[k]) ** 2 * adjoint[k] for k in size]
        cell = [cell[k] + entry[k] for k in size]
        path = entry if t == trace.experiment.sequence_length else path
        delta = [mpmath.tanh(g[k]) * slope(i[k]) * cell[k] for k in size]
        delta += [before[k] * slope(f[k]) * cell[k] for k in size]
        delta += [sigmoid(i[k]) * mpmath.sech(g[k]) ** 2 * cell[k] for k in size]
        delta += [mpmath.tanh(now[k]) * slope(o[k]) * adjoint[k] for k in size]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint, cell=cell, cell_path=path)
        cell, path = [[sigmoid(f[k]) * of[k] for k in size] for of in (cell, path)]
        adjoint = transposed(trace, "weight_hh_l0", delta)
    return norms.first_step_first()


def slstm_adjoint(trace: Trace) -> dict[str, Array]:
    """By n as it is, however large, and by the trace's own c/n."""
    assert trace.cell_states is not None
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell", "cell_path"))
    size, back = range(len(adjoint)), steps_back(trace)
    gates = [quarters([x + h for x, h in zip(x_part, h_part, strict=True)], 4) for _, x_part, h_part in back]
    n = [[mpmath.mpf(0)] * len(adjoint)]
    for i, f, _, _ in gates[::-1]:
        n.append([sigmoid(f[k]) * n[-1][k] + mpmath.exp(i[k]) for k in size])
    cell, by_n, path = ([mpmath.mpf(0)] * len(adjoint) for _ in range(3))
    for (t, _, _), (i, f, g, o) in zip(back, gates, strict=True):
        before, now = exactly(trace.cell_states[t - 1, 0]), exactly(trace.cell_states[t, 0])
        keep = [sigmoid(f[k]) * n[t - 1][k] / n[t][k] for k in size]
        write = [mpmath.exp(i[k]) / n[t][k] for k in size]
        entry = [sigmoid(o[k]) * adjoint[k] for k in size]
        cell = [cell[k] + entry[k] for k in size]
        path = entry if t == trace.experiment.sequence_length else path
        apart = [keep[k] * write[k] * (before[k] - mpmath.tanh(g[k])) * cell[k] for k in size]
        delta = [write[k] * by_n[k] - apart[k] for k in size]
        by_n = [keep[k] * by_n[k] + apart[k] for k in size]
        delta += [sigmoid(-f[k]) * by_n[k] for k in size]
        delta += [write[k] * mpmath.sech(g[k]) ** 2 * cell[k] for k in size]
        delta += [now[k] * slope(o[k]) * adjoint[k] for k in size]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint, cell=cell, cell_path=path)
        cell, path = [[keep[k] * of[k] for k in size] for of in (cell, path)]
        adjoint = transposed(trace, "weight_hh_l0", delta)
    return norms.first_step_first()


def gru_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell_path"))
    size = range(len(adjoint))
    path, w_hn = adjoint, np.ascontiguousarray(np.split(trace.parameters["weight_hh_l0"], 3)[2])
    for t, x_part, h_part in steps_back(trace):
        (x_r, x_z, x_n), (h_r, h_z, q) = quarters(x_part, 3), quarters(h_part, 3)
        r, z = [x_r[k] + h_r[k] for k in size], [x_z[k] + h_z[k] for k in size]
        before = exactly(trace.hidden_states[t - 1, 0])
        if early := trace.experiment.reset_gate == "before":
            q = affine(w_hn, [sigmoid(r[k]) * before[k] for k in size], trace.parameters["bias_hh_l0"][2 * len(size) :])
        n = [x_n[k] + (q[k] if early else sigmoid(r[k]) * q[k]) for k in size]
        delta_n = [sigmoid(-z[k]) * mpmath.sech(n[k]) ** 2 * adjoint[k] for k in size]
        delta_z = [(before[k] - mpmath.tanh(n[k])) * slope(z[k]) * adjoint[k] for k in size]
        back = product(w_hn.T, delta_n)
        delta_r = [slope(r[k]) * (before[k] * back[k] if early else q[k] * delta_n[k]) for k in size]
        by_input = transposed(trace, "weight_ih_l0", delta_r + delta_z + delta_n)
        norms.add(input=by_input, hidden=adjoint, cell_path=path)
        kept, path = [[sigmoid(z[k]) * of[k] for k in size] for of in (adjoint, path)]
        delta_q = [mpmath.mpf(0) if early else sigmoid(r[k]) * delta_n[k] for k in size]
        carried = transposed(trace, "weight_hh_l0", delta_r + delta_z + delta_q)
        carried = [carried[k] + sigmoid(r[k]) * back[k] for k in size] if early else carried
        adjoint = [kept[k] + carried[k] for k in size]
    return norms.first_step_first()


def mingru_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell_path"))
    size = range(len(adjoint))
    for t in range(trace.experiment.sequence_length, 0, -1):
        of = trace.parameters
        z, n = quarters(affine(of["weight_ih_l0"], trace.inputs[t - 1, 0], of["bias_ih_l0"]), 2)
        before = exactly(trace.hidden_states[t - 1, 0])
        delta = [(n[k] - before[k]) * slope(z[k]) * adjoint[k] for k in size]
        delta += [sigmoid(z[k]) * adjoint[k] for k in size]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint, cell_path=adjoint)
        adjoint = [sigmoid(-z[k]) * adjoint[k] for k in size]
    return norms.first_step_first()


def minlstm_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms = loss_adjoint(trace), Norms(("input", "hidden", "cell_path"))
    size = range(len(adjoint))
    for t in range(trace.experiment.sequence_length, 0, -1):
        of = trace.parameters
        f, i, g = quarters(affine(of["weight_ih_l0"], trace.inputs[t - 1, 0], of["bias_ih_l0"]), 3)
        both = [sigmoid(f[k]) + sigmoid(i[k]) for k in size]
        before = exactly(trace.hidden_states[t - 1, 0])
        apart = [(before[k] - g[k]) / both[k] ** 2 * adjoint[k] for k in size]
        delta = [apart[k] * slope(f[k]) * sigmoid(i[k]) for k in size]
        delta += [-apart[k] * slope(i[k]) * sigmoid(f[k]) for k in size]
        delta += [sigmoid(i[k]) / both[k] * adjoint[k] for k in size]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint, cell_path=adjoint)
        adjoint = [sigmoid(f[k]) / both[k] * adjoint[k] for k in size]
    return norms.first_step_first()


def ssm_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms, of = loss_adjoint(trace), Norms(("input", "hidden", "cell_path")), trace.parameters
    size, decays = range(len(adjoint)), [-mpmath.exp(log) for log in exactly(of["A_log_l0"])]
    for t in range(trace.experiment.sequence_length, 0, -1):
        a, read = quarters(affine(of["weight_ih_l0"], trace.inputs[t - 1, 0], of["bias_ih_l0"]), 2)
        steps = [mpmath.log1p(mpmath.exp(a[k])) for k in size]
        kept = [mpmath.exp(decays[k] * steps[k]) for k in size]
        before = exactly(trace.hidden_states[t - 1, 0])
        delta = [sigmoid(a[k]) * (decays[k] * kept[k] * before[k] + read[k]) * adjoint[k] for k in size]
        delta += [steps[k] * adjoint[k] for k in size]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint, cell_path=adjoint)
        adjoint = [kept[k] * adjoint[k] for k in size]
    return norms.first_step_first()


def lru_adjoint(trace: Trace) -> dict[str, Array]:
    adjoint, norms, of = loss_adjoint(trace), Norms(("input", "hidden")), trace.parameters
    pairs, decays = len(adjoint) // 2, [mpmath.exp(nu) for nu in exactly(of["nu_log_l0"])]
    turns = [mpmath.exp(theta) for theta in exactly(of.get("theta_log_l0", np.zeros(0)))] + [mpmath.mpf(0)] * (
        len(adjoint) % 2
    )
    factors = [mpmath.exp(mpmath.mpc(-decay, turn)) for decay, turn in zip(decays, turns, strict=True)]
    gains = [mpmath.exp(gamma) for gamma in exactly(of["gamma_log_l0"])]
    gains = [*gains[:pairs], *gains[:pairs], *gains[pairs:]]
    for _ in range(trace.experiment.sequence_length):
        delta = [gain * error for gain, error in zip(gains, adjoint, strict=True)]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint)
        errors = [mpmath.mpc(adjoint[k], adjoint[pairs + k]) for k in range(pairs)] + adjoint[2 * pairs :]
        errors = [mpmath.conj(factor) * error for factor, error in zip(factors, errors, strict=True)]
        adjoint = [error.real for error in errors[:pairs]] + [error.imag for error in errors[:pairs]]
        adjoint += [error.real for error in errors[pairs:]]
    return norms.first_step_first()


def cornn_adjoint(trace: Trace) -> dict[str, Array]:
    """By the trace's own positions and velocities."""
    assert trace.velocities is not None
    adjoint, norms, of = loss_adjoint(trace), Norms(("input", "hidden")), trace.parameters
    dt, gamma, epsilon = map(mpmath.mpf, (DT, GAMMA, EPSILON))
    size, by_z = range(len(adjoint)), [mpmath.mpf(0)] * len(adjoint)
    for t in range(trace.experiment.sequence_length, 0, -1):
        before = np.concatenate([trace.hidden_states[t - 1, 0], trace.velocities[t - 1, 0]])
        x_part = affine(of["weight_ih_l0"], trace.inputs[t - 1, 0], of["bias_ih_l0"])
        h_part = affine(of["weight_hh_l0"], before, of["bias_hh_l0"])
        by_z = [by_z[k] + dt * adjoint[k] for k in size]
        delta = [dt * mpmath.sech(x_part[k] + h_part[k]) ** 2 * by_z[k] for k in size]
        norms.add(input=transposed(trace, "weight_ih_l0", delta), hidden=adjoint)
        back = transposed(trace, "weight_hh_l0", delta)
        adjoint = [adjoint[k] - dt * gamma * by_z[k] + back[k] for k in size]
        by_z = [(1 - dt * epsilon) * by_z[k] + back[len(adjoint) + k] for k in size]
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
            self.columns[name].append(float(mpmath.log10(mpmath.norm(vector))))

    def first_step_first(self) -> dict[str, Array]:
        return {name: np.array(column[::-1]) for name, column in self.columns.items()}


def steps_back(trace: Trace) -> list[tuple[int, Vector, Vector]]:
    """(t, W_ih x_t + b_ih, W_hh h_{t−1} + b_hh) for t = T .. 1."""
    of = trace.parameters
    return [
        (
            t,
            affine(of["weight_ih_l0"], trace.inputs[t - 1, 0], of["bias_ih_l0"]),
            affine(of["weight_hh_l0"], fed_back(trace, t - 1), of["bias_hh_l0"]),
        )
        for t in range(trace.experiment.sequence_length, 0, -1)
    ]


def fed_back(trace: Trace, t: int) -> Vector:
    """What W_hh multiplies: h_t, or a Jordan network's output."""
    hidden = exactly(trace.hidden_states[t, 0])
    return product(trace.readout, hidden) if trace.experiment.cell == "jordan" else hidden


def loss_adjoint(trace: Trace) -> Vector:
    """dL/dh_T of the loss at the last step."""
    residuals = affine(trace.readout, trace.hidden_states[-1, 0], -trace.targets[0])
    return product(trace.readout.T, [value / len(residuals) for value in residuals])


def transposed(trace: Trace, name: str, delta: Vector) -> Vector:
    return product(trace.parameters[name].T, delta)


def affine(matrix: Array, vector: Array | Vector, bias: Array) -> Vector:
    return [value + mpmath.mpf(float(b)) for value, b in zip(product(matrix, exactly(vector)), bias, strict=True)]


def product(matrix: Array, vector: Vector) -> Vector:
    return [mpmath.fdot(row, vector) for row in rows(matrix.tobytes(), matrix.shape)]


@cache
def rows(matrix: bytes, shape: tuple[int, int]) -> list[Vector]:
    """Of a matrix, which is the same at each step."""
    return [exactly(row) for row in np.frombuffer(matrix).reshape(shape)]


def exactly(vector: Array | Vector) -> Vector:
    return [mpmath.mpf(value) for value in vector]


def quarters(vector: Vector, count: int) -> list[Vector]:
    """`vector` in `count` equal parts."""
    size = len(vector) // count
    return [vector[k * size : (k + 1) * size] for k in range(count)]


def sigmoid(a: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-a))


def slope(a: mpmath.mpf) -> mpmath.mpf:
    """σ'(a)."""
    return sigmoid(a) * sigmoid(-a)


def test_one_minus_a_gate_keeps_its_digits_and_its_limit() -> None:
    arguments = np.array([-800.0, -709.5, -40.0, -1.0, 0.0, 3.0, 40.0, 700.0])
    exponential, value = arguments.copy(), np.empty_like(arguments)
    with np.errstate(over="ignore"):
        sigmoid_in_place(exponential, value)
    exact = [float(1 / (1 + mpmath.exp(mpmath.mpf(argument)))) for argument in arguments]
    np.testing.assert_allclose(sigmoid_complement(value, exponential), exact, rtol=1e-15)
    slopes = [one * float(1 / (1 + mpmath.exp(-mpmath.mpf(of)))) for one, of in zip(exact, arguments, strict=True)]
    np.testing.assert_allclose(sigmoid_derivative(value, exponential), slopes, rtol=2e-15, atol=1e-307)
