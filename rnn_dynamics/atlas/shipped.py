"""The small atlas that ships beside this file.

    python -m rnn_dynamics.atlas.shipped [FILE]

runs its sweep, which needs `pip install "rnn-dynamics[sweep]"`, and writes what has come of it. Reading it needs NumPy
alone.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.atlas.opened import SCALARS, Atlas
from rnn_dynamics.experiment import KNOBS_NUMBER, WEIGHT_SCALES, Experiment

#: The shipped file.
FILE = Path(__file__).with_name("shipped.npz")
#: Its question: the networks of the home page. 18,000 of them.
COMMON = Experiment(sequence_length=100, batch_size=2)
AXES: Mapping[str, tuple[Any, ...]] = {
    "cell": ("rnn", "lstm", "gru"),
    "input_scale": (0.1, 0.316, 1.0, 3.0),
    "forget_bias": KNOBS_NUMBER["forget_bias"].offered,
    "weight_scale": WEIGHT_SCALES,
}
SEEDS = range(5)


def packed(store: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """What the store of a sweep says of each experiment, in single precision, and its question as JSON."""
    from rnn_dynamics.sweep import open_sweep, sweep_of

    dataset = open_sweep(store)
    question = {"sweep": np.array(sweep_of(dataset).as_text())}
    return question | {name: dataset[name].values.astype(np.float32) for name in SCALARS}


def read(file: Path) -> Atlas:
    """The atlas of a file that `main` has written."""
    with np.load(file, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    asked = json.loads(str(arrays.pop("sweep")))
    axes = {name: tuple(values) for name, values in asked["axes"]}
    return Atlas(Experiment(**asked["experiment"]), axes, tuple(asked["seeds"]), arrays)


@cache
def shipped() -> Atlas:
    """The atlas of the shipped file."""
    return read(FILE)


def main(arguments: Sequence[str]) -> None:
    """The command."""
    from rnn_dynamics.sweep import Sweep, run_sweep

    with TemporaryDirectory() as folder:
        store = Path(folder) / "atlas.zarr"
        run_sweep(Sweep(COMMON, AXES, SEEDS, norms=()), store)
        found: dict[str, Any] = dict(packed(store))
        np.savez_compressed(Path(*arguments) if arguments else FILE, **found)


if __name__ == "__main__":
    main(sys.argv[1:])
