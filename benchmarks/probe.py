"""What `probe` costs, against one forward and backward pass of the model itself.

    python -m benchmarks.probe --write README.md

The models are two layers of torch's module and a linear one, in float32, with a loss at the last step; the model's own
pass finds the gradients of all its parameters, `probe` those of every step, in float64. Processor time, one thread, the
contestants in turn. What of a gradient is smaller than float32's 10^−38 torch counts as 0 here: some processors take
twenty times as long for it, in both passes. "limit" is the time of the replay's matrix products alone, on arrays of the
same shapes, and of the model's own pass, of which `probe` makes one too.
"""

from collections.abc import Callable, Iterator
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.report import Benchmark, main
from benchmarks.timing import median_milliseconds
from rnn_dynamics import CELLS, probe, process
from rnn_dynamics.engine.cells.cell import multiply
from rnn_dynamics.engine.through_time.unroll import product_at_each_step

KINDS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
SEQUENCES, INPUTS, HIDDEN, STEPS, LAYERS = 16, 64, 256, 200, 2
QUICK_STEPS = 10
#: How many times as long as the model's own pass.
TARGET = 3.0


class Model(nn.Module):
    """What a practitioner's model may be: layers, and a read-out of the last step."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.rnn = KINDS[kind](INPUTS, HIDDEN, LAYERS)
        self.readout = nn.Linear(HIDDEN, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs, _ = self.rnn(inputs)
        found: Tensor = self.readout(outputs[-1])
        return found


def squares(output: Tensor) -> Tensor:
    return output.square().mean()


def replays_products(kind: str, steps: int) -> Callable[[], None]:
    """The matrix products of a replay, nothing else."""
    rows = CELLS[kind].blocks * HIDDEN
    draw = np.random.default_rng(0).standard_normal
    weights = [(draw((rows, read)), draw((rows, HIDDEN))) for read in (INPUTS, HIDDEN)]
    read = [draw((steps, weight_ih.shape[1], SEQUENCES)) for weight_ih, _ in weights]
    state, delta, deltas = draw((HIDDEN, SEQUENCES)), draw((rows, SEQUENCES)), draw((steps, rows, SEQUENCES))
    forward, back = np.empty_like(delta), np.empty_like(state)
    back_hh = [np.ascontiguousarray(weight_hh.T) for _, weight_hh in weights]

    def products() -> None:
        for (weight_ih, weight_hh), backwards, inputs in zip(weights, back_hh, read, strict=True):
            product_at_each_step(weight_ih, inputs)
            for _ in range(steps):
                multiply(weight_hh, state, forward)
            for _ in range(steps):
                multiply(backwards, delta, back)
            product_at_each_step(np.ascontiguousarray(weight_ih.T), deltas)

    return products


def compare(kind: str, quick: bool) -> tuple[str, ...]:
    """The model's own pass, ours, their ratio and the least that it could be."""
    torch.manual_seed(0)
    steps = QUICK_STEPS if quick else STEPS
    model, inputs = Model(kind), torch.randn(steps, SEQUENCES, INPUTS)

    def own() -> None:
        model.zero_grad()
        squares(model(inputs)).backward()  # type: ignore[no-untyped-call]

    times = median_milliseconds(
        {
            "own": own,
            "probe": lambda: probe(model, inputs, loss=squares),
            "products": replays_products(kind, steps),
        },
        rounds=1 if quick else 9,
        clock=process_time,
    )
    ratio, limit = times["probe"] / times["own"], 1.0 + times["products"] / times["own"]
    missed = " ✗" if ratio > TARGET else ""
    return row(kind), f"{times['own']:.0f} ms", f"{times['probe']:.0f} ms", f"{ratio:.1f}×{missed}", f"{limit:.1f}×"


def row(kind: str) -> str:
    """What a model is called in the table."""
    return f"{kind.upper()}, {LAYERS} layers, N={SEQUENCES} H={HIDDEN} T={STEPS}"


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    process.use_one_thread()
    process.keep_freed_memory()
    for kind in KINDS:
        yield compare(kind, quick)


BENCHMARK = Benchmark(
    name="probe",
    head=("model", "its own pass", "probe", f"ratio (at most {TARGET:g}×)", "limit"),
    rows=tuple(row(kind) for kind in KINDS),
    measure=measure,
    used=("numpy", "torch"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
