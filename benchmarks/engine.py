"""The engine against a per-step autograd loop that gives the same norms, and against the machine's own limit.

    python -m benchmarks.engine --write README.md

One thread, float64, the contestants in turn. "limit" is the time of the same matrix products and the same tanh and
sigmoid evaluations alone, on arrays of the same shapes, with nothing between them. torch has no Jordan network, so that
cell has no peer and no row. RNN_DYNAMICS_RETURN_MEMORY=1 leaves the C library's memory settings alone.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch

from benchmarks.report import Benchmark, main
from benchmarks.timing import median_milliseconds
from rnn_dynamics import CELLS, Experiment, Trace, process, run, run_family

MODULES: dict[str, Callable[..., torch.nn.Module]] = {
    "rnn": torch.nn.RNNCell,
    "lstm": torch.nn.LSTMCell,
    "gru": torch.nn.GRUCell,
}
FAMILY_SCALES = tuple(float(scale) for scale in np.geomspace(0.1, 10.0, 41))
LECTURE = Experiment(batch_size=8, hidden_size=32, sequence_length=100)
SIZES = (LECTURE, replace(LECTURE, batch_size=32, hidden_size=64, sequence_length=200))
#: How many times as fast as the peer a run and a family shall be, and how much of their time the limit shall take.
TARGETS, FAMILY_TARGETS = (3, 2), {"rnn": 12, "lstm": 6, "gru": 6}
LIMIT_TARGET = 0.4


def autograd_loop(trace: Trace) -> Callable[[], dict[str, np.ndarray]]:
    """The peer: the same network as a loop over torch's cell, every adjoint kept by `retain_grad`."""
    experiment = trace.experiment
    module = MODULES[experiment.cell](experiment.input_size, experiment.hidden_size, dtype=torch.float64)
    module.load_state_dict({name.removesuffix("_l0"): torch.tensor(value) for name, value in trace.parameters.items()})
    inputs, readout, targets = (torch.tensor(array) for array in (trace.inputs, trace.readout, trace.targets))

    def loop() -> dict[str, np.ndarray]:
        module.zero_grad()
        steps = [step.requires_grad_() for step in inputs.clone().unbind()]
        hidden = cell_state = torch.zeros(experiment.batch_size, experiment.hidden_size, dtype=torch.float64)
        kept: dict[str, list[torch.Tensor]] = {"input": steps, "hidden": []}
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
            name: torch.stack([tensor.grad for tensor in tensors if tensor.grad is not None])
            .flatten(1).norm(dim=1).log10().numpy()
            for name, tensors in kept.items()
        }  # fmt: skip

    return loop


def limit_loop(experiment: Experiment) -> Callable[[], None]:
    """The machine's limit: the matrix products and activations of one forward and backward pass, nothing else."""
    blocks = CELLS[experiment.cell].blocks
    steps, columns, hidden = experiment.sequence_length, experiment.batch_size, experiment.hidden_size
    weight_hh = np.random.default_rng(0).standard_normal((blocks * hidden, hidden)) / np.sqrt(hidden)
    weight_ih = np.random.default_rng(1).standard_normal((blocks * hidden, experiment.input_size))
    inputs = np.random.default_rng(2).standard_normal((steps, experiment.input_size, columns))
    state, rows = np.zeros((hidden, columns)), np.zeros((blocks * hidden, columns))
    history, delta = np.zeros((steps, columns, hidden)), np.zeros((steps, blocks * hidden, columns))
    sigmoids = rows[: {"rnn": 0, "lstm": 3, "gru": 2}[experiment.cell] * hidden]
    tanhs = [np.zeros_like(state)] * {"rnn": 1, "lstm": 2, "gru": 1}[experiment.cell]

    def limit() -> None:
        np.matmul(weight_ih, inputs)
        for _ in range(steps):
            np.matmul(weight_hh, state, out=rows)
            for argument in tanhs:
                np.tanh(argument, out=state)
            if len(sigmoids):
                np.negative(sigmoids, out=sigmoids)
                np.exp(sigmoids, out=sigmoids)
                np.add(sigmoids, 1.0, out=sigmoids)
                np.reciprocal(sigmoids, out=sigmoids)
        for _ in range(steps):
            np.matmul(weight_hh.T, rows, out=state)
        np.matmul(weight_ih.T, delta)
        np.matmul(delta, history)
        np.matmul(delta, inputs.swapaxes(1, 2))

    return limit


def compare_single(experiment: Experiment, target: float, rounds: int) -> tuple[str, ...]:
    """Peer, ours, their ratio and the share of the limit for one experiment."""
    trace = run(experiment)
    peer = autograd_loop(trace)
    for name, norms in peer().items():
        np.testing.assert_allclose(trace.log10_norms[name], norms, rtol=0, atol=1e-9)
    times = median_milliseconds(
        {"peer": peer, "ours": lambda: run(experiment), "limit": limit_loop(experiment)}, rounds
    )
    share = times["limit"] / times["ours"]
    return single_row(experiment), *ratio(times, target), f"{100 * share:.0f} %{missed(share < LIMIT_TARGET)}"


def compare_family(experiment: Experiment, scales: tuple[float, ...], rounds: int) -> tuple[str, ...]:
    """Peer, ours and ratio for several weight scales."""
    family = run_family(experiment, weight_scales=scales)
    peers = [autograd_loop(run(replace(experiment, weight_scale=scale))) for scale in scales]
    np.testing.assert_allclose(family.log10_norms["input"][0], peers[0]()["input"], rtol=0, atol=1e-9)
    times = median_milliseconds(
        {"peer": lambda: [peer() for peer in peers], "ours": lambda: run_family(experiment, weight_scales=scales)},
        rounds,
    )
    return family_row(experiment.cell), *ratio(times, FAMILY_TARGETS[experiment.cell]), ""


def ratio(times: dict[str, float], target: float) -> tuple[str, ...]:
    """Peer, ours, ratio and target as a row of the table shows them."""
    found = times["peer"] / times["ours"]
    return f"{times['peer']:.1f} ms", f"{times['ours']:.1f} ms", f"{found:.1f}×{missed(found < target)}", f"{target}×"


def missed(it_is: bool) -> str:
    """The sign of a target that is missed."""
    return " ✗" if it_is else ""


def single_row(experiment: Experiment) -> str:
    """What a run is called in the table."""
    size = f"N={experiment.batch_size} H={experiment.hidden_size} T={experiment.sequence_length}"
    return f"{experiment.cell.upper()}, {size}"


def family_row(cell: str) -> str:
    """What a family is called in the table."""
    return f"{cell.upper()}, {len(FAMILY_SCALES)} weight scales"


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows."""
    torch.set_num_threads(1)
    process.use_one_thread()
    if not os.environ.get("RNN_DYNAMICS_RETURN_MEMORY"):
        process.keep_freed_memory()
    for size, target in zip(SIZES, TARGETS, strict=True):
        for cell in MODULES:
            yield compare_single(replace(size, cell=cell), target, rounds=1 if quick else 15)
    for cell in MODULES:
        scales = FAMILY_SCALES[::20] if quick else FAMILY_SCALES
        yield compare_family(replace(LECTURE, cell=cell), scales, rounds=1 if quick else 5)


BENCHMARK = Benchmark(
    name="engine",
    head=("network", "peer", "ours", "ratio", "target", f"share of the limit (target {100 * LIMIT_TARGET:.0f} %)"),
    rows=(
        *(single_row(replace(size, cell=cell)) for size in SIZES for cell in MODULES),
        *(family_row(cell) for cell in MODULES),
    ),
    measure=measure,
    used=("numpy", "torch"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
