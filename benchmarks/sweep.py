"""A sweep: experiments a second here, on one worker and on two, and what an experiment costs as there are more of them.

    python -m benchmarks.sweep --write docs/sweeps.md

LSTMs with N=2, H=16, T=50 over weight scale, forget bias and seed, with both curves of each kept. The peer is a loop
over torch's cell and autograd, one experiment after another, some of the same ones, whose curves it must find; what it
draws is drawn beforehand. It and one process are compared by processor time, in turn; one worker and two by the time
that passes, in turn too, each with a scheduler of its own, so that nothing else may run meanwhile. Memory is that of
one process, in which client and scheduler are.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import dask
import numpy as np
import psutil
from distributed import Client, LocalCluster

from benchmarks.engine import autograd_loop
from benchmarks.report import Benchmark, main
from rnn_dynamics import Experiment, process, run
from rnn_dynamics.sweep import Sweep, open_sweep, run_sweep

SCALES = np.round(np.linspace(0.1, 2.0, 20), 12)
FORGET_BIASES = np.linspace(-1.0, 3.5, 10)
#: Seeds at each point, at least: blocks of all sizes then hold 20 weight scales and 50 seeds, or more.
SEEDS = 50
EXPERIMENTS, SAMPLE, ROUNDS = 20_000, 200, 3
SIZES = (1_000, 10_000, 100_000)
#: A sweep that is over in a fifth of a second says little by itself: small ones are run until so many are answered.
AS_MANY = 30_000
LOOP_TARGET, WORKER_TARGET, FLAT, FLAT_MEGABYTES = 10.0, 0.85, 0.1, 10.0
LOOP, HERE, ONE, TWO = "autograd, one after another", "one process", "one worker", "two workers"
MEMORY = f"memory of client and scheduler, {SIZES[-1]:,} after {SIZES[0]:,}"

Timed = Callable[[], float]


def sweep_of(experiments: int) -> Sweep:
    """So many experiments; where they are few, of fewer forget biases, and no fewer than of one."""
    asked = Experiment(cell="lstm", batch_size=2, hidden_size=16, sequence_length=50)
    seeds = max(SEEDS, experiments // (len(SCALES) * len(FORGET_BIASES)))
    biases = FORGET_BIASES[: max(1, experiments // (len(SCALES) * seeds))]
    axes: dict[str, Iterable[float]] = {"weight_scale": SCALES, "forget_bias": biases}
    return Sweep(asked, axes, range(seeds))


class Room:
    """A folder for stores."""

    def __init__(self, folder: str) -> None:
        self._paths = (Path(folder) / f"{number}.zarr" for number in count())
        self.last = Path(folder)

    def timed(self, sweep: Sweep, client: Client | None = None, clock: Timed = perf_counter) -> float:
        """How long an experiment of a sweep takes, in seconds."""
        self.last, start = next(self._paths), clock()
        progress = run_sweep(sweep, self.last, client)
        assert progress.done == progress.blocks, progress
        return (clock() - start) / sweep.size

    def only_made(self, sweep: Sweep) -> float:
        """How long an experiment's part in making the store takes, of a processor, in seconds."""
        start = process_time()
        progress = run_sweep(sweep, next(self._paths), stop=lambda: True)
        assert not progress.done, progress
        return (process_time() - start) / sweep.size


def loop_over(sweep: Sweep, sample: int, store: Path) -> Timed:
    """The peer over some experiments of a sweep: how long one of them takes, in seconds, which has found the same."""
    found = open_sweep(store)
    indices = [np.unravel_index(at, sweep.shape) for at in np.linspace(0, sweep.size - 1, sample).astype(int)]
    loops = [autograd_loop(run(sweep.experiment_at([int(i) for i in index]))) for index in indices]
    for index, loop in zip(indices, loops, strict=True):
        by_lag = found.log10_hidden[tuple(int(i) for i in index)].values
        np.testing.assert_allclose(by_lag, loop()["hidden"][0, ::-1], rtol=1e-5, atol=1e-5)

    def timed() -> float:
        start = process_time()
        for loop in loops:
            loop()
        return (process_time() - start) / sample

    return timed


def medians(contestants: dict[str, Timed], rounds: int, *, warm: bool = False) -> dict[str, float]:
    """The median of each, in turn; where they are not warm, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for counted in [False] * (not warm) + [True] * rounds:
        for name, timed in contestants.items():
            seconds = timed()
            if counted:
                times[name].append(seconds)
    return {name: median(values) for name, values in times.items()}


def cluster(workers: int, folder: str) -> LocalCluster:
    """Workers that are forked from a process that has loaded Dask, for they are there sooner."""
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0", local_directory=folder)


def row(name: str, seconds: float, said: str = "") -> tuple[str, ...]:
    return name, f"{1 / seconds:,.0f}", f"{1e6 * seconds:,.0f} µs", said


def against(ratio: float, target: float, said: str) -> str:
    return f"{said}{' ✗' if ratio < target else ''}"


def in_process(room: Room, quick: bool) -> Iterator[tuple[str, ...]]:
    """The peer, and one process."""
    sweep, rounds, sample = sweep_of(0 if quick else EXPERIMENTS), 1 if quick else ROUNDS, 5 if quick else SAMPLE
    room.timed(sweep)
    loop = loop_over(sweep, sample, room.last)
    times = medians({LOOP: loop, HERE: lambda: room.timed(sweep, clock=process_time)}, rounds)
    ratio = times[LOOP] / times[HERE]
    yield row(LOOP, times[LOOP])
    yield row(HERE, times[HERE], against(ratio, LOOP_TARGET, f"{ratio:.1f}× the loop (≥ {LOOP_TARGET:g}×)"))


def on_workers(room: Room, folder: str, quick: bool) -> Iterator[tuple[str, ...]]:
    """One worker and two, and the memory of who leads them."""
    small, sweep, large = (sweep_of(0 if quick else size) for size in (SIZES[0], EXPERIMENTS, SIZES[-1]))

    def timed_on(workers: int) -> float:
        with cluster(workers, folder) as made, Client(made) as client:
            room.timed(sweep, client)  # for which each worker loads what it needs
            return room.timed(sweep, client)

    contestants: dict[str, Timed] = {ONE: partial(timed_on, 1), TWO: partial(timed_on, 2)}
    times = medians(contestants, 1 if quick else ROUNDS, warm=True)
    each = times[ONE] / times[TWO] / 2
    yield row(ONE, times[ONE])
    yield row(TWO, times[TWO], against(each, WORKER_TARGET, f"{each:.2f} of a worker each (≥ {WORKER_TARGET:g})"))
    with cluster(2, folder) as made, Client(made) as client:
        resident = psutil.Process().memory_info
        room.timed(small, client)
        before = resident().rss
        room.timed(large, client)
        more = (resident().rss - before) / 1e6
    said = f"{more:+.0f} MB (at most {FLAT_MEGABYTES:g})"
    yield MEMORY, "", "", against(-more, -FLAT_MEGABYTES, said)


def as_it_grows(room: Room, quick: bool) -> Iterator[tuple[str, ...]]:
    """What an experiment costs in sweeps of several sizes, in one process, and what of that makes the store."""
    sweeps = {size_row(size): sweep_of(0 if quick else size) for size in SIZES}
    many = 0 if quick else AS_MANY
    contestants: dict[str, Timed] = {name: partial(often, room, of, many) for name, of in sweeps.items()}
    rounds, usual = 1 if quick else ROUNDS, size_row(SIZES[1])
    times = medians(contestants, rounds, warm=True)
    made = medians({name: partial(room.only_made, of) for name, of in sweeps.items()}, rounds)
    for name, seconds in times.items():
        change = seconds / times[usual] - 1
        without = (seconds - made[name]) / (times[usual] - made[usual]) - 1
        said = f"{change:+.0%} (within {FLAT:.0%}); without making the store {without:+.0%}"
        yield row(name, seconds, against(-abs(change), -FLAT, said))


def often(room: Room, sweep: Sweep, experiments: int) -> float:
    """How long an experiment takes of a processor, in seconds, of so many in as many sweeps as it takes."""
    return fmean(room.timed(sweep, clock=process_time) for _ in range(max(1, experiments // sweep.size)))


def size_row(size: int) -> str:
    return f"{size:,} experiments, one process"


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows."""
    process.use_one_thread()
    with TemporaryDirectory() as folder:
        room = Room(folder)
        yield from in_process(room, quick)
        yield from as_it_grows(room, quick)
        yield from on_workers(room, folder, quick)


BENCHMARK = Benchmark(
    name="sweep",
    head=("what", "experiments a second", "each", "ratio (target)"),
    rows=(LOOP, HERE, *map(size_row, SIZES), ONE, TWO, MEMORY),
    measure=measure,
    used=("numpy", "torch", "distributed", "zarr"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
