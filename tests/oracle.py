"""The independent twin: PyTorch's networks and autograd, asked for everything that a Trace answers.

The module step is one step of torch.nn.RNN, LSTM or GRU itself. The open step is written out from the equations of
PyTorch's documentation, because the modules hide gates and the LSTM's inner dL/dc_t, and because their derivatives lose
all digits in saturation. Cut, it sees no h_{t−1} inside the gates: autograd then finds the additive path alone.

Autograd has float64's range only, and a chaotic network amplifies rounding. Long sequences are therefore walked in
blocks: each starts from the trace's own states, and hands its cotangents to the next with their exponent kept apart.
Where each step is a block of its own, autograd is asked for all steps at once, for they know each other by what they
hand on alone: a thousand steps take a tenth of the time that a thousand walks take.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_dynamics import CELLS, Experiment, Trace
from rnn_dynamics.engine.cells.cell import has_w_hh

Array = NDArray[np.float64]
#: h_t, and for the LSTM c_t, (N, H) each; for the sLSTM h_t, ln n_t and c_t / n_t, for the coRNN y_t and z_t.
State = tuple[Tensor, ...]
#: (x_t, state before) -> (state after, gates)
Step = Callable[[Tensor, State], tuple[State, dict[str, Tensor]]]

torch.set_num_threads(1)  # a thread costs more than a step of these sizes

LOG10_2 = float(np.log10(2.0))
MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


@dataclass
class Answer:
    """What autograd says: states (T, N, H) for t = 1 .. T, gates (T, N, H), loss, gradients, log10 norms (T,)."""

    states: tuple[Array, ...]
    gates: dict[str, Array]
    loss: float
    gradients: dict[str, Array]
    log10_norms: dict[str, Array] = field(default_factory=dict)


def ask_both(trace: Trace, block: int | None = None, path: bool = True) -> list[Answer]:
    """Ask the written-out cell, and torch.nn's own network, where it has one that is walked like that."""
    by_module = has_module(trace.experiment) and trace.experiment.hidden_path != "cut"
    return [ask_open_cell(trace, block, path), *([ask_module(trace, block)] if by_module else [])]


def ask_module(trace: Trace, block: int | None = None) -> Answer:
    """Ask torch.nn's own network, or the written-out cell that it lacks; of the norms "input" and "hidden"."""
    answer = _ask(trace, *_module_step(trace), block)
    answer.log10_norms.pop("cell", None)
    return answer


def ask_open_cell(trace: Trace, block: int | None = None, path: bool = True) -> Answer:
    """Ask the written-out cell, which also knows gates, "cell" and, if `path`, "cell_path".

    That by a second walk, where there is a way beside the path to be cut.
    """
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in trace.parameters.items()}
    cut = trace.experiment.hidden_path == "cut"
    answer = _ask(trace, _open_step(trace, parameters, cut=cut), parameters, block)
    if path and answer.gates:
        as_cut = cut or not has_w_hh(CELLS[trace.experiment.cell])
        along_path = answer if as_cut else _ask(trace, _open_step(trace, parameters, cut=True), parameters, block)
        name = "cell" if "cell" in answer.log10_norms else "hidden"
        answer.log10_norms["cell_path"] = along_path.log10_norms[name]
    return answer


def carried_gradients(trace: Trace, *, cut: bool, component: int = -1) -> Array:
    """dL/dc_t of an LSTM, dL/dh_t of the others, (T, N·H), in one block; cut, the additive path's part alone.

    Component 0 is dL/dh_t of every cell.
    """
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in trace.parameters.items()}
    states = states_of(trace)
    leaves = tuple(torch.tensor(state[0], requires_grad=True) for state in states)
    steps = range(trace.experiment.sequence_length)
    walk = _Block(trace, _open_step(trace, parameters, cut=cut), steps, leaves)
    walk.backpropagate(parameters, tuple(torch.zeros_like(leaf) for leaf in leaves), exponent=0)
    return np.stack([_gradient(state[component]).ravel() for state in walk.states])


def states_of(trace: Trace) -> tuple[Array, ...]:
    """Of each component of the state, (T+1, N, H), row 0 the initial one."""
    found = (trace.hidden_states, trace.velocities, trace.log_normalisers, trace.cell_states)
    return tuple(states for states in found if states is not None)


def recurrent_gradients(trace: Trace) -> Array:
    """G_t, the gradient of a copy of W_hh (of what is summed) that step t has for itself: (T, G·H, H)."""
    parameters, summed = {name: torch.tensor(value) for name, value in trace.parameters.items()}, name_of_summed(trace)
    copies = [parameters[summed].clone().requires_grad_() for _ in trace.inputs]
    states = states_of(trace)
    state: State = tuple(torch.tensor(part[0]) for part in states)
    losses = []
    for t, (x, weight) in enumerate(zip(trace.inputs, copies, strict=True)):
        step = _open_step(trace, parameters | {summed: weight}, cut=False)
        state, _ = step(torch.tensor(x), state)
        losses.append(loss_of_step(trace, t, state[0]))
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
    return np.stack([_gradient(copy) for copy in copies])


def truncated_recurrent_gradient(trace: Trace, lag: int) -> Array:
    """dL/dW_hh (G·H, H), or of what is summed, where the state that enters step T − lag is a constant to autograd."""
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in trace.parameters.items()}
    length = trace.experiment.sequence_length
    states = states_of(trace)
    leaves = tuple(torch.tensor(state[length - 1 - lag], requires_grad=True) for state in states)
    walk = _Block(trace, _open_step(trace, parameters, cut=False), range(length - 1 - lag, length), leaves)
    nothing = tuple(torch.zeros_like(leaf) for leaf in leaves)
    return walk.backpropagate(parameters, nothing, exponent=0).gradients[name_of_summed(trace)]


def name_of_summed(trace: Trace) -> str:
    """The parameter whose gradient is split by time: W_hh, or of a cell without one W_ih."""
    return f"{CELLS[trace.experiment.cell].summed.replace('W', 'weight')}_l0"


@dataclass
class StepByStep:
    """What autograd says where each step is a block of its own, begun from the state that the trace holds.

    states: (T, N, H) for t = 1 .. T. recurrent: G_t, the gradient of a copy of W_hh that step t has for itself,
    (T, G·H, H), each times 2^exponents (T,).
    """

    states: tuple[Array, ...]
    log10_norms: dict[str, Array]
    recurrent: Array
    exponents: NDArray[np.int64]


def ask_step_by_step(trace: Trace, path: bool = True) -> StepByStep:
    """Ask the written-out cell for all steps side by side; in a second walk if `path`, for "cell_path" too."""
    cut, cell = trace.experiment.hidden_path == "cut", CELLS[trace.experiment.cell]
    answer = _side_by_side(trace, cut=cut)
    if path and cell.keeps:
        along_path = answer if cut or not has_w_hh(cell) else _side_by_side(trace, cut=True)
        answer.log10_norms["cell_path"] = along_path.log10_norms[cell.components[-1]]
    return answer


def _side_by_side(trace: Trace, cut: bool) -> StepByStep:
    parameters = {name: torch.tensor(value) for name, value in trace.parameters.items()}
    summed = name_of_summed(trace)
    copies = parameters[summed].repeat(len(trace.inputs), 1, 1).requires_grad_()
    states = states_of(trace)
    leaves = tuple(torch.tensor(state[:-1], requires_grad=True) for state in states)
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    after, _ = _open_step(trace, parameters | {summed: copies}, cut=cut)(inputs, leaves)
    adjoints, exponents = _handed_on(_jacobians(after, leaves), _loss_gradients(trace, after[0]))
    arriving = torch.tensor(adjoints).chunk(len(after), dim=-1)
    asked = (copies, inputs, *after)
    recurrent, *vectors = torch.autograd.grad(after, asked, arriving, materialize_grads=True)
    of = dict(zip(("input", *CELLS[trace.experiment.cell].components), vectors, strict=True))
    of = {name: vectors for name, vectors in of.items() if name not in CELLS[trace.experiment.cell].untold}
    norms = {name: np.array([_log10_size(step) for step in vector.numpy()]) for name, vector in of.items()}
    return StepByStep(
        states=tuple(part.detach().numpy() for part in after),
        log10_norms={name: values + exponents * LOG10_2 for name, values in norms.items()},
        recurrent=recurrent.numpy(),
        exponents=exponents,
    )


def _jacobians(after: State, before: State) -> Array:
    """∂(state after)/∂(state before) of each step and sequence: (T, N, S, S)."""
    rows = []
    for part in after:
        for unit in range(part.shape[-1]):
            row = torch.autograd.grad(part[..., unit].sum(), before, retain_graph=True, materialize_grads=True)
            rows.append(torch.cat(row, dim=-1).numpy())
    return np.stack(rows, axis=2)


def _loss_gradients(trace: Trace, hidden: Tensor) -> Array:
    """What each h_t has of the loss directly: (T, N, H)."""
    leaf = hidden.detach().requires_grad_()
    torch.stack([loss_of_step(trace, t, one) for t, one in enumerate(leaf)]).sum().backward()  # type: ignore[no-untyped-call]
    return _gradient(leaf)


def _handed_on(jacobians: Array, losses: Array) -> tuple[Array, NDArray[np.int64]]:
    """The adjoint of the state after each step, (T, N, S), times 2^exponents (T,)."""
    adjoints, exponents = np.zeros(jacobians.shape[:-1]), np.zeros(len(jacobians), dtype=np.int64)
    arriving, exponent, units = np.zeros_like(adjoints[0]), 0, losses.shape[-1]
    for t in range(len(jacobians) - 1, -1, -1):
        adjoints[t], exponents[t] = arriving, exponent
        adjoints[t, :, :units] += np.ldexp(losses[t], -exponent)
        arriving = np.einsum("nij,ni->nj", jacobians[t], adjoints[t])
        shift = int(np.frexp(np.abs(arriving).max())[1])
        if losses[:t].any():  # a loss that enters later must not drown in its scaling
            shift = max(shift, -exponent)
        arriving, exponent = np.ldexp(arriving, -shift), exponent + shift
    return adjoints, exponents


def jacobian(trace: Trace, steps: range) -> Array:
    """Of the state after `steps`, counted from 0, by the state before them: (S, S), of the first sequence."""
    parameters = {name: torch.tensor(value) for name, value in trace.parameters.items()}
    states = states_of(trace)
    step = _open_step(trace, parameters, cut=False)

    def unrolled(before: Tensor) -> Tensor:
        state = before.chunk(len(states))
        for t in steps:
            state, _ = step(torch.tensor(trace.inputs[t, 0]), state)
        return torch.cat(state)

    before = torch.tensor(np.concatenate([state[steps.start, 0] for state in states]))
    return np.asarray(torch.func.jacrev(unrolled)(before).numpy())


def relative_error(log10_values: Array, log10_expected: Array) -> float:
    """Largest relative error of norms given as log10; nan, which no limit allows, where only one of them is zero."""
    assert log10_values.shape == log10_expected.shape
    both_zero = np.isneginf(log10_values) & np.isneginf(log10_expected)
    with np.errstate(invalid="ignore"):
        difference = np.where(both_zero, 0.0, log10_values - log10_expected)
    return float(np.abs(np.power(10.0, difference) - 1.0).max())


def _module_step(trace: Trace) -> tuple[Step, dict[str, Tensor]]:
    cell, experiment = trace.experiment.cell, trace.experiment
    of_rnn: dict[str, Any] = {"nonlinearity": experiment.nonlinearity} if cell == "rnn" else {}
    if cell == "jordan":
        return _jordan_step(trace)
    if not has_module(experiment):
        parameters = {name: torch.tensor(value, requires_grad=True) for name, value in trace.parameters.items()}
        return _open_step(trace, parameters, cut=False), parameters
    of_rnn |= {} if experiment.bias else {"bias": False}
    module = MODULES[cell](experiment.input_size, experiment.hidden_size, dtype=torch.float64, **of_rnn)
    module.load_state_dict({name: torch.tensor(value) for name, value in trace.parameters.items()})

    def step(x: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
        rows = tuple(part[None] for part in state)
        _, after = module(x[None], rows if cell == "lstm" else rows[0])
        return tuple(part[0] for part in (after if cell == "lstm" else (after,))), {}

    return step, dict(module.named_parameters())


def has_module(experiment: Experiment) -> bool:
    """Whether `ask_module` has another network to ask than the written-out cell."""
    return experiment.cell in (*MODULES, "jordan") and kind_of(experiment) != "reset_before"


class _Jordan(torch.nn.Module):
    """h = tanh(from_input(x) + from_output(y)), y = readout(h), or with ReLU; torch.nn has no such network."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        outputs, units = trace.readout.shape
        self.from_input = torch.nn.Linear(trace.experiment.input_size, units, dtype=torch.float64)
        self.from_output = torch.nn.Linear(outputs, units, dtype=torch.float64)
        self.readout = torch.nn.Linear(units, outputs, bias=False, dtype=torch.float64).requires_grad_(False)
        self.activation = torch.relu if trace.experiment.nonlinearity == "relu" else torch.tanh
        self.load_state_dict(
            {
                "from_input.weight": torch.tensor(trace.parameters["weight_ih_l0"]),
                "from_input.bias": torch.tensor(trace.parameters["bias_ih_l0"]),
                "from_output.weight": torch.tensor(trace.parameters["weight_hh_l0"]),
                "from_output.bias": torch.tensor(trace.parameters["bias_hh_l0"]),
                "readout.weight": torch.tensor(trace.readout),
            }
        )

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        return self.activation(self.from_input(x) + self.from_output(self.readout(hidden)))


def _jordan_step(trace: Trace) -> tuple[Step, dict[str, Tensor]]:
    module = _Jordan(trace)
    parameters: dict[str, Tensor] = {
        "weight_ih_l0": module.from_input.weight,
        "weight_hh_l0": module.from_output.weight,
        "bias_ih_l0": module.from_input.bias,
        "bias_hh_l0": module.from_output.bias,
    }
    return lambda x, state: ((module(x, state[0]),), {}), parameters


def one_step_of(trace: Trace, parameters: dict[str, Tensor]) -> Step:
    """The written-out step of a trace's cell, with these parameters."""
    return _open_step(trace, parameters, cut=False)


def _open_step(trace: Trace, parameters: dict[str, Tensor], *, cut: bool) -> Step:
    experiment = trace.experiment

    def step(x: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
        seen = seen_by(experiment.cell, state)
        seen = seen.detach() if cut else seen
        if experiment.cell == "jordan":
            seen = seen @ torch.tensor(trace.readout).T
        return next_state(kind_of(experiment), x, state, parameters, seen)

    return step


def seen_by(cell: str, state: State) -> Tensor:
    """What W_hh multiplies, but for the Jordan network."""
    return torch.cat(state, dim=-1) if cell == "cornn" else state[0]


def next_state(
    kind: str, x: Tensor, state: State, parameters: dict[str, Tensor], seen: Tensor
) -> tuple[State, dict[str, Tensor]]:
    """The state after one step of a written-out cell, and its gates; W_hh multiplies `seen`."""
    bias_ih, bias_hh = (parameters.get(f"bias_{of}_l0", torch.zeros(1, dtype=torch.float64)) for of in ("ih", "hh"))
    from_input = x @ parameters["weight_ih_l0"].mT + bias_ih
    if kind in WITH_FURTHER:
        return WITH_FURTHER[kind](from_input, state, parameters)
    if kind == "reset_before":
        return reset_before(from_input, seen, state, parameters["weight_hh_l0"], bias_hh)
    recurrent = parameters.get("weight_hh_l0")
    from_hidden = seen if recurrent is None else seen @ recurrent.mT + bias_hh
    return OPEN_CELLS[kind](from_input, from_hidden, state)


def kind_of(experiment: Experiment) -> str:
    """Which of the written-out cells an experiment asks for."""
    if experiment.cell in ("rnn", "jordan") and experiment.nonlinearity == "relu":
        return "relu"
    return "reset_before" if experiment.cell == "gru" and experiment.reset_gate == "before" else experiment.cell


def _rnn(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    return (_tanh(from_input + from_hidden),), {}


def _relu(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    a = from_input + from_hidden
    return (torch.where(a > 0.0, a, 0.0),), {}


def _lstm(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    i, f, g, o = (from_input + from_hidden).chunk(4, dim=-1)
    i, f, g, o = _sigmoid(i), _sigmoid(f), _tanh(g), _sigmoid(o)
    c = f * state[1] + i * g
    return (o * _tanh(c), c), {"i": i, "f": f, "g": g, "o": o}


def _slstm(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    """With f n and i each beside their sum as σ of ± ln(f n / i), of which autograd loses no digits.

    tests/test_slstm.py has it in the paper's order, with the stabiliser and without.
    """
    i, f, g, o = (from_input + from_hidden).chunk(4, dim=-1)
    kept = torch.nn.functional.logsigmoid(f) + state[1]
    keep, write = (torch.exp(torch.nn.functional.logsigmoid(of)) for of in (kept - i, i - kept))
    g, o = _tanh(g), _sigmoid(o)
    ratio = keep * state[2] + write * g
    return (o * ratio, torch.logaddexp(kept, i), ratio), {"i′": write, "f′": keep, "g": g, "o": o}


def _cornn(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    """Velocity, then position, in the order of the authors' code, of sMNIST with its own Δt, γ and ε."""
    hy, hz = state
    hz = hz + 0.042 * (_tanh(from_input + from_hidden) - 2.7 * hy - 4.7 * hz)
    return (hy + 0.042 * hz, hz), {}


def _gru(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    (r, z, n), (hidden_r, hidden_z, hidden_n) = from_input.chunk(3, dim=-1), from_hidden.chunk(3, dim=-1)
    r, one_minus_z, z = _sigmoid(r + hidden_r), _sigmoid(-z - hidden_z), _sigmoid(z + hidden_z)
    n = _tanh(n + r * hidden_n)
    return (one_minus_z * n + z * state[0],), {"r": r, "z": z, "n": n}


def _mingru(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    """h̃ and z of x_t alone, and their mixture, as the paper has it; there is no W_hh."""
    z, candidate = from_input.chunk(2, dim=-1)
    z, one_minus_z = _sigmoid(z), _sigmoid(-z)
    return (one_minus_z * state[0] + z * candidate,), {"(1−z)": one_minus_z, "z": z, "n": candidate}


def _minlstm(from_input: Tensor, from_hidden: Tensor, state: State) -> tuple[State, dict[str, Tensor]]:
    """f and i of x_t alone, each beside the sum of both as 1 / (1 + their ratio), of which autograd loses no digits."""
    f, i, candidate = from_input.chunk(3, dim=-1)
    f, i = _sigmoid(f), _sigmoid(i)
    keep, write = 1.0 / (1.0 + i / f), 1.0 / (1.0 + f / i)
    return (keep * state[0] + write * candidate,), {"f′": keep, "i′": write, "g": candidate}


def _lru(from_input: Tensor, state: State, parameters: dict[str, Tensor]) -> tuple[State, dict[str, Tensor]]:
    """One step in complex numbers, as the paper's algorithm has it; with an odd H the last unit is real."""
    pairs, real = from_input.shape[-1] // 2, from_input.shape[-1] % 2
    theta = torch.exp(parameters.get("theta_log_l0", torch.zeros(0, dtype=torch.float64)))
    factor = torch.exp(torch.complex(-torch.exp(parameters["nu_log_l0"]), torch.nn.functional.pad(theta, (0, real))))

    def units(rows: Tensor) -> Tensor:
        re, im, last = rows[..., :pairs], rows[..., pairs : 2 * pairs], rows[..., 2 * pairs :]
        return torch.complex(torch.cat([re, last], dim=-1), torch.nn.functional.pad(im, (0, real)))

    x = factor * units(state[0]) + torch.exp(parameters["gamma_log_l0"]) * units(from_input)
    return (torch.cat([x.real[..., :pairs], x.imag[..., :pairs], x.real[..., pairs:]], dim=-1),), {}


def _ssm(from_input: Tensor, state: State, parameters: dict[str, Tensor]) -> tuple[State, dict[str, Tensor]]:
    """Δ, exp(Δ A) and Δ B u, then their recurrence, in the order of the reference scan of Mamba's authors."""
    delta, read = from_input.chunk(2, dim=-1)
    delta = torch.logaddexp(torch.zeros_like(delta), delta)  # softplus: torch's is linear from 20 on
    decay = -torch.exp(parameters["A_log_l0"])
    keep, added = torch.exp(delta * decay), delta * read
    return (keep * state[0] + added,), {"exp(AΔ)": keep, "Δ": delta, "Bx": read}


#: Cells that have other parameters than weights and biases -> their step.
WITH_FURTHER = {"lru": _lru, "ssm": _ssm}


def reset_before(
    from_input: Tensor, seen: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[State, dict[str, Tensor]]:
    """The GRU of Cho et al. 2014 in its later versions: r multiplies h before W_hn does; torch.nn has none."""
    (x_r, x_z, x_n), (w_r, w_z, w_n) = from_input.chunk(3, dim=-1), weight_hh.chunk(3, dim=-2)
    b_r, b_z, b_n = bias_hh.chunk(3) if len(bias_hh) > 1 else (bias_hh,) * 3
    a_r, a_z = (x + seen @ w.mT + b for x, w, b in ((x_r, w_r, b_r), (x_z, w_z, b_z)))
    r, z = _sigmoid(a_r), _sigmoid(a_z)
    n = _tanh(x_n + (r * seen) @ w_n.mT + b_n)
    return (_sigmoid(-a_z) * n + z * state[0],), {"r": r, "z": z, "n": n}


def _sigmoid(a: Tensor) -> Tensor:
    """σ(a), whose derivative autograd takes from e^(−a): torch.sigmoid's s(1 − s) has no digits left at s = 1."""
    return 1.0 / (1.0 + torch.exp(-a))


def _tanh(a: Tensor) -> Tensor:
    """tanh(a), whose derivative autograd takes from e^(−2|a|): torch.tanh's 1 − h² has no digits left at h = ±1."""
    sign = torch.where(a >= 0.0, 1.0, -1.0).to(a)
    e = torch.exp(-2.0 * sign * a)
    value = sign * (1.0 - e) / (1.0 + e)
    return value + (torch.tanh(a) - value).detach()  # at small a, 1 − e has no digits left


OPEN_CELLS = {
    **{"rnn": _rnn, "jordan": _rnn, "relu": _relu, "lstm": _lstm, "gru": _gru},
    **{"mingru": _mingru, "minlstm": _minlstm, "slstm": _slstm, "cornn": _cornn},
}


def _ask(trace: Trace, step: Step, parameters: dict[str, Tensor], block: int | None) -> Answer:
    """Walk back in blocks of `block` steps (None: one block), each from the states that `trace` holds."""
    blocks = list(_walk(trace, step, parameters, block))
    blocks.reverse()
    return _joined(blocks)


def _walk(trace: Trace, step: Step, parameters: dict[str, Tensor], block: int | None) -> Iterator[Answer]:
    """The answer of each block, last block first."""
    length = trace.experiment.sequence_length
    states = states_of(trace)
    cotangents, exponent = tuple(torch.zeros(state.shape[1:], dtype=torch.float64) for state in states), 0
    for stop in range(length, 0, -(block or length)):
        start = max(0, stop - (block or length))
        leaves = tuple(torch.tensor(state[start], requires_grad=True) for state in states)
        walk = _Block(trace, step, range(start, stop), leaves)
        yield walk.backpropagate(parameters, cotangents, exponent)
        cotangents = tuple(leaf.grad if leaf.grad is not None else torch.zeros_like(leaf) for leaf in leaves)
        shift = int(np.frexp(max(float(part.abs().max()) for part in cotangents))[1])
        if trace.experiment.loss_at == "every":  # a loss that enters later must not drown in its scaling
            shift = max(shift, -exponent)
        cotangents, exponent = tuple(torch.ldexp(part, torch.tensor(-shift)) for part in cotangents), exponent + shift


class _Block:
    """Some steps forward, with every intermediate result kept, and back again."""

    def __init__(self, trace: Trace, step: Step, steps: range, state: State) -> None:
        self.inputs = [torch.tensor(trace.inputs[t], requires_grad=True) for t in steps]
        self.cell = CELLS[trace.experiment.cell]
        self.states: list[State] = []
        self.gates: list[dict[str, Tensor]] = []
        for x in self.inputs:
            state, gates = step(x, state)
            self.states.append(state)
            self.gates.append(gates)
        self.losses = [loss_of_step(trace, t, state[0]) for t, state in zip(steps, self.states, strict=True)]

    def backpropagate(self, parameters: dict[str, Tensor], cotangents: State, exponent: int) -> Answer:
        """Answer for these steps, given what arrives from later ones times 2^−exponent."""
        for parameter in parameters.values():
            parameter.grad = None
        for part in (part for state in self.states for part in state):
            part.retain_grad()
        loss = torch.stack(self.losses).sum()
        arriving = [(part * cotangent).sum() for part, cotangent in zip(self.states[-1], cotangents, strict=True)]
        # For a loss at the last step alone, `loss` is zero in every block whose exponent is negative.
        weight = 2.0 ** max(min(-exponent, 0), -1074)
        (loss * weight + torch.stack(arriving).sum()).backward()  # type: ignore[no-untyped-call]
        parts = dict(zip(self.cell.components, zip(*self.states, strict=True), strict=True))
        told = {name: [*of] for name, of in parts.items() if name not in self.cell.untold}
        tensors = {"input": self.inputs} | told
        norms = {name: np.array([_log10_norm(tensor) for tensor in of]) for name, of in tensors.items()}
        with np.errstate(over="ignore"):
            gradients = {name: np.ldexp(_gradient(tensor), exponent) for name, tensor in parameters.items()}
        return Answer(
            states=tuple(_stack(parts) for parts in zip(*self.states, strict=True)),
            gates={name: _stack([gates[name] for gates in self.gates]) for name in self.gates[0]},
            loss=loss.item(),
            gradients=gradients,
            log10_norms={name: values + exponent * LOG10_2 for name, values in norms.items()},
        )


def loss_of_step(trace: Trace, t: int, hidden: Tensor) -> Tensor:
    """The share of the loss that h_{t+1} decides; (½ mean of squares, see `Trace.loss`)."""
    last = trace.experiment.sequence_length - 1
    if trace.experiment.loss_at != "every":
        if t < last:
            return torch.zeros((), dtype=torch.float64)
        target = trace.targets
    else:
        target = trace.targets[t]
    residual = hidden @ torch.tensor(trace.readout).T - torch.tensor(target)
    return 0.5 * residual.square().sum() / trace.targets.size


def _joined(blocks: list[Answer]) -> Answer:
    first = blocks[0]
    with np.errstate(invalid="ignore", over="ignore"):  # gradients beyond 10^308 are not for comparison
        gradients = {name: np.sum([block.gradients[name] for block in blocks], axis=0) for name in first.gradients}
    return Answer(
        states=tuple(np.concatenate(parts) for parts in zip(*(block.states for block in blocks), strict=True)),
        gates={name: np.concatenate([block.gates[name] for block in blocks]) for name in first.gates},
        loss=sum(block.loss for block in blocks),
        gradients=gradients,
        log10_norms={name: np.concatenate([block.log10_norms[name] for block in blocks]) for name in first.log10_norms},
    )


def _stack(parts: list[Tensor] | tuple[Tensor, ...]) -> Array:
    return torch.stack(list(parts)).detach().numpy()


def _gradient(tensor: Tensor) -> Array:
    return np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy().copy()


def _log10_norm(tensor: Tensor) -> float:
    """log10 of the norm of a tensor's gradient."""
    return _log10_size(_gradient(tensor))


def _log10_size(gradient: Array) -> float:
    """log10 of the norm, without squaring what is too small or too large for it."""
    peak = float(np.abs(gradient).max())
    return float(np.log10(peak) + 0.5 * np.log10(np.square(gradient / peak).sum())) if peak else -np.inf
