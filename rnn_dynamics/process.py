"""Settings of the whole process that an application on this library wants; importing the library changes none."""

from __future__ import annotations

import ctypes
import sys

from threadpoolctl import threadpool_limits

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep_freed_memory(limit_bytes: int = 1 << 28) -> bool:
    """Let glibc keep up to `limit_bytes` of freed memory for the next experiment, instead of returning each array.

    Without it a quarter of the time of an experiment goes into page faults (`python -m benchmarks.engine` with and
    without --return-memory). Returns whether the platform's C library has the setting.
    """
    if not sys.platform.startswith("linux"):
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    return bool(set_option(_M_MMAP_THRESHOLD, limit_bytes) and set_option(_M_TRIM_THRESHOLD, limit_bytes))


def use_one_thread() -> None:
    """Let matrix products run on one thread: at lecture size a second one only makes sessions wait for each other."""
    threadpool_limits(limits=1, user_api="blas")
