"""The laws of `engine.curse` beside networks that are run: how large their states are, and how sensitive to their λ.

All read the same inputs, one number a step of variance 1 and autocorrelation ρ^k. A unit whose state is multiplied by
f_t has, by an accumulation along with the forward pass,

    s_t = ∂h_t/∂δ = f_t s_{t−1} + h_{t−1}       where δ is added to each f_t

which is ∂h_t/∂λ where f_t = λ. Of an LSTM f_t is the forget gate and h_t its cell state; its λ is the mean gate, and
what also comes back through the gates is left out, as on its additive path.

Three GRU units differ in what their gate z sees: h_t = z h_{t−1} + (1 − z) n with n = tanh(x_t), and z a sigmoid of its
bias b alone, of x_t too, or of x_t and h_{t−1}. Then ∂h_t/∂h_{t−1} = z + z(1 − z) a (h_{t−1} − n), a being 0 unless the
gate sees h_{t−1}, and ∂h_t/∂b accumulates by it, with z(1 − z)(h_{t−1} − n) added at each step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.cell import Cell
from rnn_dynamics.engine.curse import factor_of, memory_of
from rnn_dynamics.engine.through_time.unroll import project_inputs, unroll
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.limits import Range

Array = NDArray[np.float64]

#: Memories of the units that are measured, in steps; one that remembers longer would not be stationary yet.
MEMORIES = (2.0, 4.0, 8.0, 15.0, 25.0, 40.0)
#: Steps, of which the first ones are not counted, and sequences.
STEPS, SETTLED, SEQUENCES = 320, 240, 16
#: What a gate sees.
GATES = ("constant", "input", "state")
#: How strongly it does: x_t has variance 1, and h_{t−1} at most that.
_STRENGTH = 1.0
_CORRELATIONS = Range(minimum=0.0, maximum=0.999999)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The units of one network, (K,) each: memory in steps, and mean squares of the state and of its sensitivity.

    Both are for inputs of variance 1: what a unit of an LRU or an LSTM is given has been divided out.
    """

    memory: Array
    state: Array
    sensitivity: Array


@dataclass(frozen=True, kw_only=True)
class Gated:
    """GRU units whose gates see the same, (K,) each, one for each of MEMORIES where the gate is constant.

    log10_factor: of ∂h_t/∂h_{t−1} per step, the mean. state: standard deviation. sensitivity: root mean square of
    ∂h_t/∂b, b the bias of the gate.
    """

    log10_factor: Array
    state: Array
    sensitivity: Array


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Network -> its units, and what gates see -> theirs."""

    units: Mapping[str, Measured]
    gates: Mapping[str, Gated]


def correlated(rho: float, steps: int, sequences: int, generator: Generator) -> Array:
    """Inputs (T, N) of variance 1 and correlation ρ^k, stationary from the first step on."""
    noise = generator.standard_normal((steps, sequences))
    noise[1:] *= np.sqrt(1.0 - rho**2)
    inputs: Array = accumulated(np.full((steps, 1), rho), noise)
    return inputs


def accumulated(factors: NDArray[Any], added: NDArray[Any]) -> Any:
    """y_t = f_t y_{t−1} + a_t from y_0 = 0, along the first axis; the other axes are broadcast."""
    out = np.empty(np.broadcast_shapes(factors.shape, added.shape), np.result_type(factors, added))
    out[0] = added[0]
    for factor, new, before, here in zip(factors[1:], added[1:], out, out[1:], strict=False):
        np.multiply(factor, before, out=here)
        np.add(here, new, out=here)
    return out


def measure(rho: float, seed: int) -> Networks:
    """Run all of them on inputs of one seed.

    Raises:
        ValueError: rho is not from 0 to 0.999999, or the seed is none of an `Experiment`.
    """
    rho = _CORRELATIONS.checked("rho", rho)
    generator = np.random.default_rng(int(KNOBS_NUMBER["seed"].checked("seed", seed)))
    inputs = correlated(rho, STEPS, SEQUENCES, generator)
    units = {"linear": _linear(inputs), "lru": _lru(inputs, generator), "lstm": _lstm(inputs, generator)}
    return Networks(units=units, gates=gated(inputs))


def _linear(inputs: Array) -> Measured:
    """A diagonal linear RNN."""
    factors = np.broadcast_to(factor_of(MEMORIES)[:, None], (len(inputs), len(MEMORIES), 1))
    states = accumulated(factors, inputs[:, None])
    return _measured(factors, states, np.ones(len(MEMORIES)), np.array(MEMORIES))


def _lru(inputs: Array, generator: Generator) -> Measured:
    """The engine's, drawn on its ring; units that would not be stationary are left out."""
    size = 2 * len(MEMORIES)
    own = CELLS["lru"].draw_further(size, generator)
    parameters = {"weight_ih": generator.standard_normal((size, 1)), "bias_ih": np.zeros(size), **own}
    record = _run("lru", parameters, inputs)
    turns = np.exp(1j * np.exp(own["theta_log"]))
    factors = np.exp(-np.exp(own["nu_log"])) * turns
    read = _complex(parameters["weight_ih"][:, 0]) * np.exp(own["gamma_log"])
    states = _complex(record.hidden[1:].swapaxes(0, 1)).swapaxes(0, 1)
    memory = memory_of(factors)
    kept = memory <= MEMORIES[-1]
    steady = np.broadcast_to(factors[kept, None], (len(inputs), kept.sum(), 1))
    return _measured(steady, states[:, kept], np.abs(read[kept]) ** 2, memory[kept])


def _complex(rows: Array) -> NDArray[np.complex128]:
    real, imaginary = np.split(rows, 2)
    return np.asarray(real + 1j * imaginary)


def _lstm(inputs: Array, generator: Generator) -> Measured:
    """The engine's, with forget biases for MEMORIES."""
    size = len(MEMORIES)
    biases = np.zeros(4 * size)
    biases[size : 2 * size] = _logit(factor_of(MEMORIES))
    width = size**-0.5  # as PyTorch draws them
    parameters = {
        "weight_ih": generator.uniform(-width, width, (4 * size, 1)),
        "weight_hh": generator.uniform(-width, width, (4 * size, size)),
        "bias_ih": biases,
        "bias_hh": np.zeros(4 * size),
    }
    record = _run("lstm", parameters, inputs)
    gates = CELLS["lstm"].gate_values(record)
    written = (gates["i"] * gates["g"])[SETTLED:]
    mean = gates["f"][SETTLED:].mean(axis=(0, 2))
    return _measured(gates["f"], record.cell_state[1:], written.var(axis=(0, 2)), memory_of(mean))


def _measured(factors: NDArray[Any], states: NDArray[Any], power: Array, memory: Array) -> Measured:
    """What is said of units (T, K, N) whose inputs have these mean squares (K,)."""
    before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
    found = (np.mean(np.abs(of[SETTLED:]) ** 2, axis=(0, 2)) / power for of in (states, accumulated(factors, before)))
    state, sensitive = found
    return Measured(memory=memory, state=state, sensitivity=sensitive)


def gate_parameters() -> dict[str, Array]:
    """Of a GRU whose units are, for each of GATES, one for each of MEMORIES; no unit is read by another one."""
    each = len(MEMORIES)
    size = each * len(GATES)
    sees_input, sees_state = (np.repeat(of, each) * _STRENGTH for of in ([0.0, 1.0, 1.0], [0.0, 0.0, 1.0]))
    weight_ih, weight_hh, bias_ih = np.zeros((3 * size, 1)), np.zeros((3 * size, size)), np.zeros(3 * size)
    z, n = slice(size, 2 * size), slice(2 * size, 3 * size)
    weight_ih[z, 0], weight_ih[n, 0], weight_hh[z] = sees_input, 1.0, np.diag(sees_state)
    bias_ih[z] = np.tile(_logit(factor_of(MEMORIES)), len(GATES))
    return {"weight_ih": weight_ih, "weight_hh": weight_hh, "bias_ih": bias_ih, "bias_hh": np.zeros(3 * size)}


def gate_walk(inputs: Array) -> tuple[Array, Array, Array]:
    """States, ∂h_t/∂h_{t−1} and ∂h_t/∂b of that GRU, (T, K, N) each."""
    parameters = gate_parameters()
    record = _run("gru", parameters, inputs)
    gates, size = CELLS["gru"].gate_values(record), len(parameters["weight_hh"]) // 3
    open_to_state = np.diagonal(parameters["weight_hh"][size : 2 * size])[:, None]
    pulled = gates["z"] * (1.0 - gates["z"]) * (record.hidden[:-1] - gates["n"])
    jacobians = gates["z"] + open_to_state * pulled
    return record.hidden[1:], jacobians, accumulated(jacobians, pulled)


def gated(inputs: Array) -> dict[str, Gated]:
    """What is said of each of GATES."""
    states, jacobians, sensitivities = (of[SETTLED:] for of in gate_walk(inputs))
    with np.errstate(divide="ignore"):
        log10_factors = np.log10(np.abs(jacobians)).mean(axis=(0, 2))
    found = (log10_factors, states.std(axis=(0, 2)), np.sqrt(np.mean(sensitivities**2, axis=(0, 2))))
    rows = zip(*(np.split(of, len(GATES)) for of in found), strict=True)
    named = zip(GATES, rows, strict=True)
    return {name: Gated(log10_factor=of[0], state=of[1], sensitivity=of[2]) for name, of in named}


def _run(name: str, parameters: Mapping[str, Array], inputs: Array) -> Any:
    """The record of one of the engine's cells on inputs (T, N)."""
    cell: Cell = CELLS[name]
    weights = cell.make_weights({f"{of}_l0": values for of, values in parameters.items()})
    return unroll(cell, weights, project_inputs(weights, inputs[..., None], 1))


def _logit(share: Array) -> Array:
    return np.asarray(np.log(share / (1.0 - share)))
