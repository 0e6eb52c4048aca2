"""python -m tests.peaks: the most memory that runs of each cell hold at a time, where nothing else goes on.

NumPy reports every array to tracemalloc, and so does every other thread: the tests' own process may have some.
"""

import json
import tracemalloc

from rnn_dynamics import CELLS, Experiment, run

LENGTHS = (500, 2000)
LONGEST = Experiment(cell="lstm", sequence_length=10_000, batch_size=8, hidden_size=64)


def peak_of(experiment: Experiment) -> int:
    """Bytes; interpreter and libraries, some 40 MB, are not among them."""
    tracemalloc.start()
    run(experiment)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def peaks_of(cell: str) -> list[int]:
    run(Experiment(cell=cell))  # what is made once, such as compiled steps, is there
    return [peak_of(Experiment(cell=cell, sequence_length=length, batch_size=4, hidden_size=32)) for length in LENGTHS]


if __name__ == "__main__":
    print(json.dumps({"longest": peak_of(LONGEST), "by cell": {cell: peaks_of(cell) for cell in CELLS}}))
