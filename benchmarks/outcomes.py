"""What is learned over five seeds: the presets of the pages that train, for each cell.

    python -m benchmarks.outcomes --write docs/learning_outcomes.md

As many trainings go on at once as there are processor cores, each on one thread.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from statistics import median
from time import perf_counter

import torch

from benchmarks.report import Benchmark, main
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import TRAINABLE, Training

SEEDS = range(5)
NETWORK = Experiment(sequence_length=50, hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono")
#: What is trained, by its name in the table.
TRAININGS = {
    "temporal order, T = 50": Training(experiment=NETWORK, learning_rate=0.01),
    "adding, T = 50": Training(experiment=NETWORK, task="adding", learning_rate=0.01, iterations=700),
    "digits, T = 64": Training(experiment=replace(NETWORK, hidden_size=48), task="digits", learning_rate=0.01),
    "copy memory, gap 10": Training(
        experiment=replace(NETWORK, sequence_length=10, hidden_size=48),
        task="copy_memory",
        learning_rate=0.01,
        iterations=700,
    ),
    "fill in the blank, 20 words": Training(
        experiment=replace(NETWORK, sequence_length=20), task="blank", learning_rate=0.01, iterations=150
    ),
    "fill in the blank, 3 words": Training(
        experiment=replace(NETWORK, sequence_length=3), task="blank", learning_rate=0.01, iterations=150
    ),
    "temporal order, T = 50, PyTorch's default biases, learning rate 0.003": Training(
        experiment=replace(NETWORK, gate_bias="constant"), learning_rate=0.003
    ),
}
#: Updates of a quick run, which learns nothing.
FEW = 2


def asked(name: str, cell: str, quick: bool, seed: int = 0) -> Training:
    """One training."""
    training = TRAININGS[name]
    experiment = replace(training.experiment, cell=cell, seed=seed)
    return replace(training, experiment=experiment, iterations=FEW if quick else training.iterations)


def outcome(name: str, cell: str, quick: bool, seed: int) -> tuple[float, float, float]:
    """Share of right answers, loss, and seconds of one training."""
    torch.set_num_threads(1)
    begun = perf_counter()
    trainer = Trainer(asked(name, cell, quick, seed))
    while not trainer.done:
        trainer.advance()
    last = trainer.history.moments[-1]
    return last.accuracy, last.loss, perf_counter() - begun


def row_name(name: str, cell: str) -> str:
    """What a training is called in the table."""
    return f"{name}: {CELLS[cell].short}"


def row(name: str, training: Training, outcomes: Iterable[tuple[float, float, float]]) -> tuple[str, ...]:
    """What several seeds of one training have come to."""
    rights, losses, seconds = zip(*outcomes, strict=True)
    task = training.its_task
    return (
        row_name(name, training.experiment.cell),
        str(training.iterations),
        f"{100 * task.chance_accuracy:.0f} %",
        ", ".join(f"{100 * right:.0f} %" for right in rights),
        f"{median(losses):.3g} ({task.chance_loss(training.experiment.sequence_length):.3g})",
        f"{median(seconds):.1f}",
    )


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """Train everything; a quick run a few updates of one seed."""
    kinds = list(product(TRAININGS, TRAINABLE))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        seeds = SEEDS[:1] if quick else SEEDS
        waiting = {kind: [pool.submit(outcome, *kind, quick, seed) for seed in seeds] for kind in kinds}
        for (name, cell), outcomes in waiting.items():
            yield row(name, asked(name, cell, quick), (one.result() for one in outcomes))


BENCHMARK = Benchmark(
    name="outcomes",
    head=("task", "updates", "chance", "right, by seed", "loss (chance), median", "seconds, median"),
    rows=tuple(row_name(name, cell) for name in TRAININGS for cell in TRAINABLE),
    measure=measure,
    used=("torch",),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
