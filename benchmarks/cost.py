"""Cost against the sequence length: the fitted exponent of time, and the peak memory of the longest sequence.

    python -m benchmarks.cost --write README.md

Time is the least of three runs at each T (the least is what the machine can do; the rest is what else it did), the
exponent the slope of a straight line through log time against log T.
"""

import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.report import Benchmark, main
from rnn_dynamics import CELLS, Experiment, process, remembered, run
from rnn_dynamics.engine.growth import fitted_exponent
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures.vanish_or_explode.answer import families_answer

LENGTHS = (100, 300, 1000, 3000, 10_000)
MEMORY = "peak memory of the process: an LSTM with N=8 H=64 T=10,000"
LONGEST = "longest answer that the home page's controls can ask for"


def seconds(experiment: Experiment, runs: int) -> float:
    """Least time of some runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run(experiment)
        times.append(time.perf_counter() - start)
    return min(times)


def exponent(cell: str, lengths: Sequence[int], runs: int) -> float:
    """To which power of T the time of a run grows."""
    return fitted_exponent(
        {length: seconds(Experiment(cell=cell, sequence_length=length, batch_size=8), runs) for length in lengths}
    )


def peak_megabytes() -> float:
    """The most memory that this process ever held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def longest_answer() -> float:
    """Seconds that the largest question which the dashboard's controls can ask takes to compute."""
    length, hidden, batch = (
        int(max(KNOBS_NUMBER[name].offered)) for name in ("sequence_length", "hidden_size", "batch_size")
    )
    largest = Experiment(sequence_length=length, hidden_size=hidden, batch_size=batch)
    remembered.MEMORY.clear()
    start = time.perf_counter()
    families_answer(largest, {})
    return time.perf_counter() - start


def exponent_row(cell: str) -> str:
    """What the exponent of a cell is called in the table."""
    return f"{cell.upper()}, N=8 H=32: time grows with T to the power of"


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows; the memory first, before anything else has taken some."""
    process.use_one_thread()
    run(Experiment(cell="lstm", sequence_length=10_000, batch_size=8, hidden_size=64))
    yield MEMORY, f"{peak_megabytes():.0f} MB", "700 MB"
    process.keep_freed_memory()
    runs, lengths = (1, LENGTHS[:2]) if quick else (3, LENGTHS)
    yield LONGEST, f"{statistics.median(longest_answer() for _ in range(runs)):.2f} s", "0.5 s"
    for cell in CELLS:
        yield exponent_row(cell), f"{exponent(cell, lengths, runs):.2f}", "1.1"


BENCHMARK = Benchmark(
    name="cost",
    head=("what", "measured", "at most"),
    rows=(MEMORY, LONGEST, *map(exponent_row, CELLS)),
    measure=measure,
    used=("numpy",),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
