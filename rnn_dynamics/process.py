"""Settings of the whole process that an application on this library wants; importing the library changes none."""

import ctypes
import os
import sys
from contextlib import suppress

from threadpoolctl import threadpool_limits

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def keep_freed_memory(limit_bytes: int = 1 << 26) -> bool:
    """Let glibc keep up to `limit_bytes` of freed memory for the next experiment, instead of returning each array.

    Without it a third of the time of an experiment goes into page faults (`python -m benchmarks.engine` with and
    without RNN_DYNAMICS_RETURN_MEMORY=1). Returns whether the platform's C library has the setting.
    """
    return _set(_M_MMAP_THRESHOLD, limit_bytes) and _set(_M_TRIM_THRESHOLD, limit_bytes)


def share_one_heap() -> bool:
    """Let all threads take memory from one heap of glibc's, where what one has freed serves the next.

    Otherwise each of several threads has a heap of its own, with its own freed memory in it; Python runs one thread at
    a time, so that they do not wait for each other at one. Returns whether the platform's C library has the setting.
    """
    return _set(_M_ARENA_MAX, 1)


def return_freed_memory() -> bool:
    """Give back what glibc keeps of freed memory, after work that will not soon be done again.

    Returns whether the platform's C library can.
    """
    trim = getattr(_c_library(), "malloc_trim", None)
    return trim is not None and bool(trim(0))


def _set(option: int, value: int) -> bool:
    set_option = getattr(_c_library(), "mallopt", None)
    return set_option is not None and bool(set_option(option, value))


def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def use_one_thread() -> None:
    """Let matrix products run on one thread: at lecture size a second one only makes sessions wait for each other."""
    threadpool_limits(limits=1, user_api="blas")


def use_one_core() -> bool:
    """Keep every thread of this process, and those that they will start, on one processor core.

    Python runs one thread at a time anyway. A server that answers many visitors passes its interpreter lock from thread
    to thread thousands of times a second, and between two cores each time costs a wake-up. Returns whether the platform
    lets a process choose.
    """
    if not sys.platform.startswith("linux"):
        return False
    core = ctypes.CDLL(None).sched_getcpu()  # where the system put it: two servers shall not choose the same
    for thread in os.listdir("/proc/self/task"):
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(thread), {core})
    return True


def use_every_core() -> bool:
    """Let the calling thread, and those that it will start, run on every core, whatever `use_one_core` said of others.

    For work that is done outside Python, as torch's is. Returns whether the platform lets a thread choose.
    """
    if not sys.platform.startswith("linux"):
        return False
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return True
