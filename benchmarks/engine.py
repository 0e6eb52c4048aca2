"""The engine against a per-step autograd loop that gives the same norms, and against the machine's own limit.

    python -m benchmarks.engine

One thread, float64, the contestants in turn. "limit" is the time of the same matrix products and the same tanh and
sigmoid evaluations alone, on arrays of the same shapes, with nothing between them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from benchmarks.timing import median_milliseconds
from rnn_dynamics import CELLS, Experiment, Trace, process, run, run_family

MODULES: dict[str, Callable[..., torch.nn.Module]] = {
    "rnn": torch.nn.RNNCell,
    "lstm": torch.nn.LSTMCell,
    "gru": torch.nn.GRUCell,
}
FAMILY_SCALES = tuple(float(scale) for scale in np.geomspace(0.1, 10.0, 41))


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


def compare_single(experiment: Experiment, rounds: int) -> None:
    """Print peer, ours, limit and their ratios for one experiment."""
    trace = run(experiment)
    peer = autograd_loop(trace)
    for name, norms in peer().items():
        np.testing.assert_allclose(trace.log10_norms[name], norms, rtol=0, atol=1e-9)
    times = median_milliseconds(
        {"peer": peer, "ours": lambda: run(experiment), "limit": limit_loop(experiment)}, rounds
    )
    size = f"N={experiment.batch_size} H={experiment.hidden_size} T={experiment.sequence_length}"
    print(
        f"{experiment.cell:<5}{size:<18} peer {times['peer']:8.2f} ms   ours {times['ours']:7.2f} ms   "
        f"ratio {times['peer'] / times['ours']:5.1f} x   share of the limit {times['limit'] / times['ours']:4.0%}"
    )


def compare_family(experiment: Experiment, rounds: int) -> None:
    """Print peer, ours and ratio for 41 weight scales."""
    family = run_family(experiment, weight_scales=FAMILY_SCALES)
    peers = [autograd_loop(run(replace(experiment, weight_scale=scale))) for scale in FAMILY_SCALES]
    np.testing.assert_allclose(family.log10_norms["input"][0], peers[0]()["input"], rtol=0, atol=1e-9)
    times = median_milliseconds(
        {
            "peer": lambda: [peer() for peer in peers],
            "ours": lambda: run_family(experiment, weight_scales=FAMILY_SCALES),
        },
        rounds,
    )
    print(
        f"{experiment.cell:<5}{'41 scales':<18} peer {times['peer']:8.1f} ms   ours {times['ours']:7.1f} ms   "
        f"ratio {times['peer'] / times['ours']:5.1f} x"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--return-memory", action="store_true", help="leave the C library's memory settings alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    process.use_one_thread()
    if not arguments.return_memory:
        process.keep_freed_memory()
    lecture = Experiment(batch_size=8, hidden_size=32, sequence_length=100)
    for size in (lecture, replace(lecture, batch_size=32, hidden_size=64, sequence_length=200)):
        for cell in CELLS:
            compare_single(replace(size, cell=cell), arguments.rounds)
    for cell in CELLS:
        compare_family(replace(lecture, cell=cell), max(3, arguments.rounds // 3))


if __name__ == "__main__":
    main()
