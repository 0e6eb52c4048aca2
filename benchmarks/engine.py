"""The engine against two autograd loops that give the same norms, and against the machine's own limit.

    python -m benchmarks.engine --write README.md

One thread, float64, processor time, the contestants in turn. The first peer keeps every gradient, as `run` does; the
second is the leanest that was found, against the engine without gradients of parameters. Ours stands twice, by NumPy's
operations and compiled by llvmlite, which this needs. A single network is drawn beforehand, for ours as for the peers,
in the time "draw"; families of ours draw theirs within their time. "Limit" is the time of the matrix products and the
tanh and sigmoid evaluations that these norms need, on arrays of the same shapes, with nothing between them. torch has
no Jordan network, so that cell has no peer and no row. RNN_DYNAMICS_RETURN_MEMORY=1 leaves the C library's memory
settings alone. All rows take two minutes.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count
from time import process_time
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, split_with_sizes
from torch.nn.functional import linear

from benchmarks.report import COMPILED, Benchmark, main
from benchmarks.timing import median_milliseconds
from rnn_dynamics import CELLS, Experiment, FamilyTrace, Trace, process, run, run_family
from rnn_dynamics.engine import run as road_of_answers
from rnn_dynamics.engine.cells.cell import multiply
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.experiment import WEIGHT_SCALES

Norms = dict[str, NDArray[np.float64]]
States = tuple[Tensor, ...]
Fed = Callable[[Tensor, Tensor], Tensor]  #: (a, h) -> a + W_hh h
Answer = Callable[[], object]
#: The engine without the gradients that the leanest peer leaves out.
norms_alone = partial(run, parameter_gradients=False)
#: The engine's roads -> their value of COMPILED.
ROADS = {"NumPy": "0", "compiled": "1"}

MODULES: dict[str, Callable[..., torch.nn.Module]] = {
    "rnn": torch.nn.RNNCell,
    "lstm": torch.nn.LSTMCell,
    "gru": torch.nn.GRUCell,
}
FAMILY_SCALES = tuple(float(scale) for scale in np.geomspace(0.1, 10.0, 41))
LECTURE = Experiment(batch_size=8, hidden_size=32, sequence_length=100)
HOME = replace(LECTURE, batch_size=2)
#: Where fewer digits of a member of a family are left, rounding has led two programs to different networks.
ENOUGH_DIGITS = 10


@dataclass(frozen=True)
class Size:
    """A size that is measured, and what is wanted there.

    target, lean_target: how many times as fast as the peer that keeps every gradient, and as the leanest. share: which
    part of the time for norms alone the limit shall take.
    """

    experiment: Experiment
    target: float
    lean_target: float
    share: float


SIZES = (
    Size(LECTURE, target=3, lean_target=4, share=0.4),
    Size(replace(LECTURE, batch_size=32, hidden_size=64, sequence_length=200), target=2, lean_target=2.5, share=0.6),
    Size(replace(LECTURE, batch_size=16, hidden_size=256, sequence_length=200), target=2, lean_target=2.5, share=0.6),
)
FAMILY_TARGETS, LEAN_FAMILY_TARGET = {"rnn": 12, "lstm": 6, "gru": 6}, 15


def autograd_loop(trace: Trace) -> Callable[[], Norms]:
    """The peer that keeps every gradient: a loop over torch's cell, every adjoint kept by `retain_grad`."""
    experiment = trace.experiment
    module = module_of(trace)
    inputs, readout, targets = (torch.tensor(array) for array in (trace.inputs, trace.readout, trace.targets))

    def loop() -> Norms:
        module.zero_grad()
        steps = [step.requires_grad_() for step in inputs.clone().unbind()]
        hidden = cell_state = torch.zeros(experiment.batch_size, experiment.hidden_size, dtype=torch.float64)
        kept: dict[str, list[Tensor]] = {"input": steps, "hidden": []}
        for step in steps:
            if experiment.cell == "lstm":
                hidden, cell_state = module(step, (hidden, cell_state))
                cell_state.retain_grad()
                kept.setdefault("cell", []).append(cell_state)
            else:
                hidden = module(step, hidden)
            hidden.retain_grad()
            kept["hidden"].append(hidden)
        loss = 0.5 * (hidden @ readout.T - targets).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return {
            name: norms_of(torch.stack([tensor.grad for tensor in tensors if tensor.grad is not None]), 1)
            for name, tensors in kept.items()
        }

    return loop


def module_of(trace: Trace) -> torch.nn.Module:
    """torch's cell with the weights of a trace."""
    experiment = trace.experiment
    module = MODULES[experiment.cell](experiment.input_size, experiment.hidden_size, dtype=torch.float64)
    module.load_state_dict(tensors_of(trace))
    return module


def tensors_of(trace: Trace) -> dict[str, Tensor]:
    """The parameters under the names that torch's cells give them."""
    return {name.removesuffix("_l0"): torch.tensor(value) for name, value in trace.parameters.items()}


def norms_of(gradients: Tensor, members: int) -> NDArray[np.float64]:
    """log10 of the norms (members, T) of gradients (T, members · N, ·)."""
    by_member = gradients.reshape(len(gradients), members, -1)
    return np.asarray(by_member.norm(dim=2).log10().T.numpy())


@dataclass(frozen=True)
class Step:
    """How a lean loop comes from step to step.

    prepared: the inputs (T, N, D) -> what each step reads, for all steps. advanced: that of a step, and the states
    before it -> the states after it.
    """

    prepared: Callable[[Tensor], Tensor]
    advanced: Callable[[Tensor, States], States]


def lean_loop(trace: Trace, step: Step, members: int = 1) -> Callable[[], Norms]:
    """The leanest peer: no gradient of a parameter, and those of inputs and states by one call."""
    experiment, names = trace.experiment, ("input", *CELLS[trace.experiment.cell].components)
    inputs = torch.tensor(trace.inputs).repeat(1, members, 1)
    readout, targets = torch.tensor(trace.readout), torch.tensor(trace.targets).repeat(members, 1)
    start = torch.zeros(members * experiment.batch_size, experiment.hidden_size, dtype=torch.float64)

    def loop() -> Norms:
        read = inputs.clone().requires_grad_()
        states: States = (start,) * (len(names) - 1)
        kept: list[States] = []
        for prepared in step.prepared(read).unbind():
            states = step.advanced(prepared, states)
            kept.append(states)
        loss = 0.5 * (states[0] @ readout.T - targets).square().mean() * members
        by_input, *rest = torch.autograd.grad(loss, [read, *chain.from_iterable(zip(*kept, strict=True))])
        by_state = [torch.stack(rest[first : first + len(kept)]) for first in range(0, len(rest), len(kept))]
        return {name: norms_of(of, members) for name, of in zip(names, [by_input, *by_state], strict=True)}

    return loop


def step_of_cell(trace: Trace) -> Step:
    """By torch's own cell."""
    module = module_of(trace).requires_grad_(False)
    if trace.experiment.cell == "lstm":
        return Step(lambda inputs: inputs, module)
    return Step(lambda inputs: inputs, lambda step, states: (module(step, states[0]),))


def step_by_hand(trace: Trace, scales: Sequence[float] = ()) -> Step:
    """By torch's operations, all inputs multiplied at once; of several weight scales side by side, if there are any."""
    cell, of = trace.experiment.cell, tensors_of(trace)
    if cell == "lstm":  # to i, f, o, g: one call for the sigmoids
        of = {name: torch.cat([value.chunk(4)[block] for block in (0, 1, 3, 2)]) for name, value in of.items()}
    weight_hh = of["weight_hh"].T
    factors = torch.tensor(scales, dtype=torch.float64).repeat_interleave(trace.experiment.batch_size)[:, None]
    inside = torch.zeros_like(of["bias_hh"])  # what the GRU's reset gate multiplies beside W_hn h
    if cell == "gru":
        inside[2 * trace.experiment.hidden_size :] = of["bias_hh"].chunk(3)[2]
    bias = of["bias_ih"] + (of["bias_hh"] - inside)

    def fed(onto: Tensor, hidden: Tensor) -> Tensor:
        if scales:
            return torch.addcmul(onto, hidden @ weight_hh, factors)
        return torch.addmm(onto, hidden, weight_hh)

    return Step(lambda inputs: linear(inputs, of["weight_ih"], bias), partial(BY_HAND[cell], fed, inside))


def rnn_by_hand(fed: Fed, _: Tensor, projected: Tensor, states: States) -> States:
    """The Elman network's next state, of W_ih x + bias and the state before it."""
    return (fed(projected, states[0]).tanh(),)


def lstm_by_hand(fed: Fed, _: Tensor, projected: Tensor, states: States) -> States:
    """The LSTM's, blocks i, f, o, g."""
    hidden, cell_state = states
    size = hidden.shape[1]
    sigmoids, g = split_with_sizes(fed(projected, hidden), (3 * size, size), 1)
    i, f, o = sigmoids.sigmoid().chunk(3, 1)
    cell_state = torch.addcmul(f * cell_state, i, g.tanh())
    return o * cell_state.tanh(), cell_state


def gru_by_hand(fed: Fed, inside: Tensor, projected: Tensor, states: States) -> States:
    """The GRU's, blocks r, z, n."""
    (hidden,) = states
    sizes = (2 * hidden.shape[1], hidden.shape[1])
    of_input, n_of_input = split_with_sizes(projected, sizes, 1)
    of_hidden, q = split_with_sizes(fed(inside, hidden), sizes, 1)
    r, z = (of_input + of_hidden).sigmoid().chunk(2, 1)
    return (torch.lerp(torch.addcmul(n_of_input, r, q).tanh(), hidden, z),)


BY_HAND: dict[str, Callable[[Fed, Tensor, Tensor, States], States]] = {
    "rnn": rnn_by_hand,
    "lstm": lstm_by_hand,
    "gru": gru_by_hand,
}


def limit_loop(experiment: Experiment) -> Callable[[], None]:
    """The machine's limit: the matrix products and activations that the norms need, nothing else.

    A sigmoid is 1 / (1 + e^a): its sign can be that of the weights.
    """
    cell, random = CELLS[experiment.cell], np.random.default_rng(0)
    steps, columns, hidden = experiment.sequence_length, experiment.batch_size, experiment.hidden_size
    rows = cell.blocks * hidden
    weight_hh = random.standard_normal((rows, hidden)) / np.sqrt(hidden)
    weight_ih = random.standard_normal((rows, experiment.input_size))
    back_hh, back_ih = (np.ascontiguousarray(weight.T) for weight in (weight_hh, weight_ih))
    inputs = random.standard_normal((steps, experiment.input_size, columns))
    state, product = np.zeros((hidden, columns)), np.zeros((rows, columns))
    projection, by_input = np.zeros((steps, rows, columns)), np.zeros_like(inputs)
    sigmoids, signed = product[: rows - hidden], product[rows - hidden :]

    def limit() -> None:
        multiply(weight_ih, inputs, projection)
        for _ in range(steps):
            multiply(weight_hh, state, product)
            if len(sigmoids):
                np.exp(sigmoids, out=sigmoids)
                np.add(sigmoids, 1.0, out=sigmoids)
                np.reciprocal(sigmoids, out=sigmoids)
            np.tanh(signed, out=state)
            if len(cell.components) > 1:  # of c_t
                np.tanh(state, out=state)
        for _ in range(steps):
            multiply(back_hh, product, state)
        multiply(back_ih, projection, by_input)

    return limit


def compare_single(size: Size, cell: str, quick: bool) -> tuple[str, ...]:
    """Both peers, ours beside each, the share of the limit, and the draw, for one network."""
    experiment = shortened(replace(size.experiment, cell=cell), quick)
    trace, draw = run(experiment), partial(make_draw, experiment, CELLS[cell])
    drawn = draw()
    peers = {
        "every": autograd_loop(trace),
        "cell": lean_loop(trace, step_of_cell(trace)),
        "by hand": lean_loop(trace, step_by_hand(trace)),
    }
    for peer in peers.values():
        for name, norms in peer().items():
            np.testing.assert_allclose(trace.log10_norms[name], norms[0], rtol=0, atol=1e-9)
    with patch.object(road_of_answers, "make_draw", lambda *_: drawn):
        times = median_milliseconds(
            peers
            | on_each_road("run", lambda: run(experiment))
            | on_each_road("norms", lambda: norms_alone(experiment))
            | {"limit": limit_loop(experiment), "draw": draw},
            rounds=1 if quick else 15,
            clock=process_time,
        )
    shares = [times["limit"] / norms for norms in of_each_road(times, "norms")]
    return (
        *ratio(times["every"], of_each_road(times, "run"), size.target),
        *ratio(min(times["cell"], times["by hand"]), of_each_road(times, "norms"), size.lean_target),
        pair([f"{100 * share:.0f}{missed(share < size.share)}" for share in shares], " %", f"{100 * size.share:.0f} %"),
        f"{times['draw']:.1f} ms",
    )


def on_each_road(what: str, answer: Answer) -> dict[str, Answer]:
    """An answer of the engine by NumPy's own operations, and by machine code made of them."""

    def on(road: str) -> object:
        os.environ[COMPILED] = ROADS[road]
        return answer()

    return {f"{what} {road}": partial(on, road) for road in ROADS}


def of_each_road(times: Mapping[str, float], what: str) -> list[float]:
    """The times of such an answer."""
    return [times[f"{what} {road}"] for road in ROADS]


def compare_family(cell: str, quick: bool) -> tuple[str, ...]:
    """Both peers, one network after another, and ours, which has no gradients of parameters, for weight scales."""
    experiment = shortened(replace(LECTURE, cell=cell), quick)
    scales = FAMILY_SCALES[:: 20 if quick else 1]
    family = run_family(experiment, weight_scales=scales)
    traces = [run(member) for member in family.experiments]
    every = [autograd_loop(trace) for trace in traces]
    lean = [lean_loop(trace, step_by_hand(trace)) for trace in traces]
    for peers in (every, lean):
        each = [peer() for peer in peers]
        agree(family, {name: np.concatenate([of[name] for of in each]) for name in each[0]})
    times = median_milliseconds(
        {
            "every": lambda: [peer() for peer in every],
            "lean": lambda: [peer() for peer in lean],
        }
        | on_each_road("ours", lambda: run_family(experiment, weight_scales=scales)),
        rounds=1 if quick else 5,
        clock=process_time,
    )
    return (
        *ratio(times["every"], of_each_road(times, "ours"), FAMILY_TARGETS[cell]),
        *ratio(times["lean"], of_each_road(times, "ours"), LEAN_FAMILY_TARGET),
        *("", ""),
    )


def compare_side_by_side(experiment: Experiment, scales: Sequence[float], quick: bool) -> tuple[str, ...]:
    """The leanest peer with all weight scales in one loop, and ours, each time at a seed that is new."""
    experiment, scales = shortened(experiment, quick), scales[:: 20 if quick else 1]
    trace = run(replace(experiment, weight_scale=1.0))
    peer = lean_loop(trace, step_by_hand(trace, scales), len(scales))
    agree(run_family(experiment, weight_scales=scales), peer())
    seeds = count()
    times = median_milliseconds(
        {"peer": peer}
        | on_each_road("ours", lambda: run_family(replace(experiment, seed=next(seeds)), weight_scales=scales)),
        rounds=1 if quick else 15,
        clock=process_time,
    )
    return "", "", "", *ratio(times["peer"], of_each_road(times, "ours")), "", ""


def shortened(experiment: Experiment, quick: bool) -> Experiment:
    """A tenth of the steps, where it is enough that a figure comes."""
    return replace(experiment, sequence_length=experiment.sequence_length // 10) if quick else experiment


def agree(family: FamilyTrace, found: Norms) -> None:
    """Hold the norms of a peer, (M, T), to those of the members that have digits enough, most of them."""
    known = family.log10_rounding < -ENOUGH_DIGITS
    assert known.mean() > 0.5
    for name, norms in found.items():
        np.testing.assert_allclose(family.log10_norms[name][known], norms[known], rtol=0, atol=1e-9)


def ratio(peer: float, ours: Sequence[float], target: float = 0.0) -> tuple[str, ...]:
    """Peer, ours on each road, and the ratios with their target, as a row of the table shows them."""
    ratios = [f"{peer / own:.1f}{missed(peer / own < target)}" for own in ours]
    return f"{peer:.1f} ms", pair([f"{own:.1f}" for own in ours], " ms"), pair(ratios, "×", f"{target}×" * bool(target))


def pair(values: Sequence[str], unit: str, target: str = "") -> str:
    """Values of each road side by side, what they are of, and what they shall reach."""
    return f"{' / '.join(values)}{unit}" + f" (≥ {target})" * bool(target)


def missed(it_is: bool) -> str:
    """The sign of a target that is missed."""
    return " ✗" if it_is else ""


def single_row(experiment: Experiment, cell: str) -> str:
    """What a run is called in the table."""
    size = f"N={experiment.batch_size} H={experiment.hidden_size} T={experiment.sequence_length}"
    return f"{cell.upper()}, {size}"


ROWS: dict[str, partial[tuple[str, ...]]] = {
    **{single_row(size.experiment, cell): partial(compare_single, size, cell) for size in SIZES for cell in MODULES},
    **{f"{cell.upper()}, {len(FAMILY_SCALES)} weight scales": partial(compare_family, cell) for cell in MODULES},
    **{
        f"{cell.upper()}, {len(FAMILY_SCALES)} weight scales in one loop": partial(
            compare_side_by_side, replace(LECTURE, cell=cell), FAMILY_SCALES
        )
        for cell in MODULES
    },
    **{
        f"{cell.upper()}, home page, new seed: {len(WEIGHT_SCALES)} scales, N=2": partial(
            compare_side_by_side, replace(HOME, cell=cell), WEIGHT_SCALES
        )
        for cell in MODULES
    },
}


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows."""
    torch.set_num_threads(1)
    process.use_one_thread()
    if not os.environ.get("RNN_DYNAMICS_RETURN_MEMORY"):
        process.keep_freed_memory()
    for name, compare in ROWS.items():
        yield name, *compare(quick)
    os.environ[COMPILED] = ROADS["NumPy"]


BENCHMARK = Benchmark(
    name="engine",
    head=(
        *("network", "autograd, every gradient kept", "ours: NumPy / compiled", "ratio (target)"),
        *("leanest autograd", "ours, norms alone: NumPy / compiled", "ratio (target)", "share of the limit (target)"),
        "draw",
    ),
    rows=tuple(ROWS),
    measure=measure,
    used=("numpy", "torch", "llvmlite"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
