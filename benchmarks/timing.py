"""Fair timing: the contestants take turns within one run, so that a drifting machine slows all of them alike."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping


def median_milliseconds(
    contestants: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Call each contestant once per round, in turn; median time of each, in ms.

    Of several rounds a further one, the first, does not count. By the time that has passed, or by another clock, such
    as the processor's.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    gc.disable()
    try:
        for counted in [False] * (rounds > 1) + [True] * rounds:
            for name, contestant in contestants.items():
                start = clock()
                contestant()
                if counted:
                    times[name].append(1e3 * (clock() - start))
            gc.collect()
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in times.items()}
