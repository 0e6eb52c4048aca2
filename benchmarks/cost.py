"""Cost against the sequence length: the fitted exponent of time, and the peak memory of the longest sequence.

    python -m benchmarks.cost

Time is the least of three runs at each T (the least is what the machine can do; the rest is what else it did), the
exponent the slope of a straight line through log time against log T.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time

import numpy as np

from rnn_dynamics import CELLS, Experiment, process, run
from rnn_dynamics.dashboard.cache import compute_families, rows_for
from rnn_dynamics.experiment import KNOBS_NUMBER

LENGTHS = (100, 300, 1000, 3000, 10_000)


def seconds(experiment: Experiment) -> float:
    """Least time of three runs."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run(experiment)
        times.append(time.perf_counter() - start)
    return min(times)


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
    rows = rows_for(largest, chosen=0)
    start = time.perf_counter()
    compute_families(largest, rows)
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    process.use_one_thread()
    run(Experiment(cell="lstm", sequence_length=10_000, batch_size=8, hidden_size=64))
    print(f"LSTM N=8 H=64 T=10,000: peak memory of the process {peak_megabytes():.0f} MB (target < 700)")
    process.keep_freed_memory()
    longest = [longest_answer() for _ in range(3)]
    print(f"longest answer of one interaction: {statistics.median(longest):.2f} s (target about 0.5)")
    for cell in CELLS:
        times = [seconds(Experiment(cell=cell, sequence_length=length, batch_size=8)) for length in LENGTHS]
        exponent = np.polyfit(np.log(LENGTHS), np.log(times), 1)[0]
        shown = "  ".join(f"T={length:,}: {1e3 * value:.1f} ms" for length, value in zip(LENGTHS, times, strict=True))
        print(f"{cell:<5}N=8 H=32  {shown}  exponent {exponent:.2f} (target <= 1.1)")


if __name__ == "__main__":
    main()
