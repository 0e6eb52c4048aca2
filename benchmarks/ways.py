"""Ways of the engine that were weighed: what it does, and what it might do instead.

    python -m benchmarks.ways --write docs/architecture.md

Each row is one decision, both sides of it in turn within one run; float64, NumPy's road, one thread unless the row says
otherwise, and then by the clock on the wall. All rows take a minute.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter, process_time
from unittest.mock import patch

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.engine import FAMILY_SCALES, HOME, LECTURE, SIZES, lean_loop, norms_alone, step_of_cell
from benchmarks.report import Benchmark, main
from benchmarks.timing import median_milliseconds
from rnn_dynamics import Experiment, process, run, run_family
from rnn_dynamics.engine.cells.cell import multiply
from rnn_dynamics.engine.through_time import backpropagate
from rnn_dynamics.experiment import WEIGHT_SCALES

Way = Callable[[], object]
MIDDLE, WIDE = (size.experiment for size in SIZES[1:])
#: H, C and D of the operations of one step.
UNITS, COLUMNS, INPUTS = LECTURE.hidden_size, LECTURE.batch_size, LECTURE.input_size
#: Calls within one measurement of an operation that takes microseconds.
CALLS = 200

ALL_AT_HOME = partial(run_family, HOME, WEIGHT_SCALES)
MANY_SCALES = partial(run_family, LECTURE, FAMILY_SCALES)


def numbers(*shape: int) -> np.ndarray:
    """Arrays of any numbers, always the same."""
    return np.random.default_rng(0).standard_normal(shape)


def products() -> tuple[Way, Way]:
    """W_hh h of an LSTM."""
    matrix, state, product = numbers(4 * UNITS, UNITS), numbers(UNITS, COLUMNS), numbers(4 * UNITS, COLUMNS)
    return lambda: np.dot(matrix, state, product), lambda: np.matmul(matrix, state, out=product)


def large_products() -> tuple[Way, Way]:
    """The same of a large LSTM, in parts that BLAS reads where they lie, or as one."""
    size = WIDE.hidden_size
    matrix, state = numbers(4 * size, size), numbers(size, WIDE.batch_size)
    product = numbers(4 * size, WIDE.batch_size)
    return lambda: multiply(matrix, state, product), lambda: np.dot(matrix, state, product)


def projections() -> tuple[Way, Way]:
    """W_hh h + (W_ih x + bias) at home, the second part for all steps beforehand, or everything as one product."""
    members, steps = len(WEIGHT_SCALES), HOME.sequence_length
    columns, width = HOME.batch_size * members, UNITS + INPUTS + 1
    matrix, state, product = numbers(4 * UNITS, UNITS), numbers(UNITS, columns), numbers(4 * UNITS, columns)
    wider, operand = numbers(4 * UNITS, width), numbers(width, columns)
    by_input, inputs = numbers(4 * UNITS, INPUTS + 1), numbers(steps, INPUTS + 1, HOME.batch_size)

    def apart() -> None:
        for projection in np.repeat(by_input @ inputs, members, axis=-1):
            np.dot(matrix, state, product)
            np.add(projection, product, out=projection)

    def as_one() -> None:
        for _ in range(steps):
            np.dot(wider, operand, product)

    return apart, as_one


def deltas() -> tuple[Way, Way]:
    """What three gates make of the adjoint of the cell state."""
    gates, adjoint = numbers(3, UNITS, COLUMNS), numbers(UNITS, COLUMNS)
    found = np.empty_like(gates)

    def one_by_one() -> None:
        for gate, into in zip(gates, found, strict=True):
            np.multiply(gate, adjoint, out=into)

    return lambda: np.multiply(gates, adjoint, out=found), one_by_one


def norms() -> tuple[Way, Way]:
    """Of 20 steps of a family at home."""
    of_members = numbers(20, 2 * UNITS, len(WEIGHT_SCALES))
    each = of_members.swapaxes(-1, -2)
    return lambda: np.vecdot(each, each), lambda: np.square(of_members).sum(axis=-2)


def shorter_runs() -> tuple[Way, Way]:
    """The way back in runs that fit the second cache."""

    def short() -> None:
        with patch.object(backpropagate, "RUN_BYTES", 1 << 18):
            MANY_SCALES()

    return MANY_SCALES, short


def smaller_groups() -> tuple[Way, Way]:
    """Scales by seven."""
    groups = [FAMILY_SCALES[first : first + 7] for first in range(0, len(FAMILY_SCALES), 7)]
    return MANY_SCALES, lambda: [run_family(LECTURE, some) for some in groups]


def halves(experiment: Experiment, scales: Sequence[float]) -> tuple[Way, Way]:
    """A family, whole or in two threads."""

    def side_by_side() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(partial(run_family, experiment), (scales[::2], scales[1::2])))

    return partial(run_family, experiment, scales), side_by_side


def blas_threads() -> tuple[Way, Way]:
    """Norms of a large network, BLAS with one thread, or with two as a program has it that says nothing of them."""

    def two() -> None:
        with threadpool_limits(2, "blas"):
            norms_alone(WIDE)

    return lambda: norms_alone(WIDE), two


def torch_threads() -> tuple[Way, Way]:
    """The same of the leanest autograd."""
    trace = run(WIDE)
    loop = lean_loop(trace, step_of_cell(trace))

    def with_threads(count: int) -> None:
        torch.set_num_threads(count)
        loop()

    return partial(with_threads, 1), partial(with_threads, 2)


#: What is done / what might be -> both, and how often they are called in one measurement.
ROWS: dict[str, tuple[Callable[[], tuple[Way, Way]], int]] = {
    "W_hh h of an LSTM at N=8, H=32: np.dot / np.matmul": (products, CALLS),
    "W_hh h of an LSTM at N=16, H=256: in parts / at once": (large_products, CALLS),
    "LSTM, home page, products: W_ih x of all steps, then W_hh h + W_ih x / W (h; x; 1)": (projections, 5),
    "deltas of three gates: one broadcast product / three products": (deltas, CALLS),
    f"norms of 20 steps of {len(WEIGHT_SCALES)} members: vecdot / sum of squares": (norms, CALLS),
    "LSTM, N=32 H=64 T=200: without gradients of parameters / with them": (
        lambda: (lambda: norms_alone(MIDDLE), lambda: run(MIDDLE)),
        1,
    ),
    "LSTM, home page: norms of the state alone / all norms": (
        lambda: (partial(ALL_AT_HOME, beside=[]), ALL_AT_HOME),
        1,
    ),
    "LSTM, 41 scales: runs of 1 MB / of 256 kB": (shorter_runs, 1),
    "LSTM, 41 scales: as few groups as memory allows / groups of 7": (smaller_groups, 1),
}
#: The same by the clock on the wall.
THREADS: dict[str, Callable[[], tuple[Way, Way]]] = {
    "LSTM, home page: one thread / two": partial(halves, HOME, WEIGHT_SCALES),
    "LSTM, 41 scales: one thread / two": partial(halves, LECTURE, FAMILY_SCALES),
    "LSTM, N=16 H=256 T=200: BLAS with one thread / with two": blas_threads,
    "LSTM, N=16 H=256 T=200, leanest autograd: torch with one thread / with two": torch_threads,
}


def measured(ways: tuple[Way, Way], clock: Callable[[], float], quick: bool, calls: int = 1) -> tuple[str, str, str]:
    """Both times, of one call, and how many times as long the second takes."""

    def repeated(way: Way) -> None:
        for _ in range(calls):
            way()

    contestants = {str(k): partial(repeated, way) for k, way in enumerate(ways)}
    taken, left = median_milliseconds(contestants, 1 if quick else 9, clock).values()
    return shown(taken / calls), shown(left / calls), f"{left / taken:.2f}×"


def shown(milliseconds: float) -> str:
    """With two digits or more."""
    return f"{milliseconds:.1f} ms" if milliseconds >= 1.0 else f"{1e3 * milliseconds:.1f} µs"


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows."""
    with threadpool_limits(1, "blas"):
        process.keep_freed_memory()
        torch.set_num_threads(1)
        for name, (make, calls) in ROWS.items():
            yield name, *measured(make(), process_time, quick, calls)
        for name, ways in THREADS.items():
            yield name, *measured(ways(), perf_counter, quick)


BENCHMARK = Benchmark(
    name="ways",
    head=("what is done / what might be", "is", "might be", "times as long"),
    rows=(*ROWS, *THREADS),
    measure=measure,
    used=("numpy", "torch"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
