"""What is learned over five seeds: the presets of the pages that train, for each cell, as a Markdown table.

python -m benchmarks.outcomes
"""

from __future__ import annotations

import platform
from dataclasses import replace
from statistics import median
from time import perf_counter

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.trainer import Trainer
from rnn_dynamics.training import Training

SEEDS = range(5)
NETWORK = Experiment(sequence_length=50, hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono")
#: What is trained, by its name in the table.
ROWS = {
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


def main() -> None:
    """Train everything and print the table."""
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print("| task | cell | updates | chance | right, by seed | loss (chance), median | seconds, median |")
    print("|---|---|---|---|---|---|---|")
    for name, training in ROWS.items():
        for cell in ("rnn", "lstm", "gru"):
            print(row(name, cell, training), flush=True)


def row(name: str, cell: str, training: Training) -> str:
    """Train one cell with every seed."""
    right, losses, seconds = [], [], []
    for seed in SEEDS:
        begun = perf_counter()
        trainer = Trainer(replace(training, experiment=replace(training.experiment, cell=cell, seed=seed)))
        while not trainer.done:
            trainer.advance()
        seconds.append(perf_counter() - begun)
        last = trainer.history.moments[-1]
        right.append(f"{100 * last.accuracy:.0f} %")
        losses.append(last.loss)
    task = training.its_task
    chance = task.chance_loss(training.experiment.sequence_length)
    return (
        f"| {name} | {cell.upper()} | {training.iterations} | {100 * task.chance_accuracy:.0f} % | {', '.join(right)} "
        f"| {median(losses):.3g} ({chance:.3g}) | {median(seconds):.1f} |"
    )


if __name__ == "__main__":
    main()
