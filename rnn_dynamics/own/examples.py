"""Networks to begin with: those of the page "Learning long lags", as it opens, before and after their training.

    python -m rnn_dynamics.own.examples [FILE]

trains an LSTM and an RNN on torch and writes them, with the read-out that they learned, as safetensors: the file that
is shipped beside this one, or another. Updates in 32 bits end in other last digits on another machine.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.given import Network
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.training import Training

#: The shipped file.
FILE = Path(__file__).with_name("examples.safetensors")
#: Its networks, as the beginnings of the names of their arrays: a cell, and whether it is trained.
NAMES = ("lstm_after", "lstm_before", "rnn_after", "rnn_before")
#: Of the weights within a network, and of its read-out, as a module would call them that has both.
WEIGHTS, READOUT = "rnn.", "readout."
Arrays = Mapping[str, NDArray[Any]]


def trainings(iterations: int = 500) -> tuple[Training, ...]:
    """Those with which "Learning long lags" opens: 50 symbols, of which two decide by their order."""
    network: dict[str, Any] = {
        "sequence_length": 50,
        "batch_size": 32,
        "initialisation": "torch",
        "gate_bias": "chrono",
    }
    return tuple(
        Training(experiment=Experiment(cell=cell, **network), learning_rate=0.01, iterations=iterations)
        for cell in ("lstm", "rnn")
    )


def trained(asked: Sequence[Training]) -> dict[str, NDArray[Any]]:
    """The arrays of each network before and after its training, in 32 bits as it was trained, by name."""
    from rnn_dynamics.learning.trainer import Trainer

    found: dict[str, NDArray[Any]] = {}
    for training in asked:
        trainer = Trainer(training)
        for when in ("before", "after"):
            while when == "after" and not trainer.done:
                trainer.advance()
            beginning = f"{training.experiment.cell}_{when}."
            found |= {beginning + _name(name): values for name, values in trainer.parameters().items()}
    return {name: np.array(values, np.float32) for name, values in found.items()}


def _name(name: str) -> str:
    return READOUT + name.removeprefix("readout_") if name.startswith("readout_") else WEIGHTS + name


@cache
def shipped() -> Arrays:
    """All arrays of the shipped file, by name."""
    from safetensors.numpy import load_file

    return load_file(FILE)


@lru_cache(maxsize=len(NAMES))
def example(name: str) -> Network:
    """One of NAMES."""
    beginning = f"{name}.{WEIGHTS}"
    own = {key.removeprefix(beginning): array for key, array in shipped().items() if key.startswith(beginning)}
    return Network(cell=name.partition("_")[0], parameters=own)


def main(arguments: Sequence[str]) -> None:
    """The command."""
    from safetensors.numpy import save_file

    save_file(trained(trainings()), Path(*arguments) if arguments else FILE)


if __name__ == "__main__":
    main(sys.argv[1:])
