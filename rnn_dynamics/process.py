"""Settings of the whole process that an application on this library wants; importing the library changes none."""

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, Event, Thread
from time import process_time
from typing import NoReturn, ParamSpec, TypeVar

#: Variable of the environment, see `reads_pickles`.
PICKLES = "RNN_DYNAMICS_PICKLES"
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
#: Bytes of freed memory that stay at the end of a heap for what comes next.
_KEPT = 1 << 26
#: More than there are heaps on a server that has said `share_one_heap` at its first visit; and so many bytes that glibc
#: looks at the end of a heap when they are freed.
_HEAPS, _LARGE = 12, 200_000
#: Seconds between two looks at how long the processor has worked, and after how many of its seconds what was freed is
#: given back: 100 MB under presses on all pages, for 0.1 s with what it takes to have it again.
_LOOK, _WORKED = 2.0, 6.0
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def keep_freed_memory(limit_bytes: int = _KEPT, at_ends: int | None = None) -> bool:
    """Let glibc keep up to `limit_bytes` of freed memory for the next experiment, instead of returning each array.

    at_ends: how much of it at the end of each heap, where there are several; None stands for all.

    Without it a third of the time of an experiment goes into page faults (`python -m benchmarks.engine` with and
    without RNN_DYNAMICS_RETURN_MEMORY=1). Returns whether the platform's C library has the setting.
    """
    at_ends = limit_bytes if at_ends is None else at_ends
    return _set(_M_MMAP_THRESHOLD, limit_bytes) and _set(_M_TRIM_THRESHOLD, at_ends)


def with_kept_memory(function: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
    """Call a function in a process that keeps freed memory from now on: for workers that somebody else has started.

    Dask tells its own to keep none: an experiment of a sweep takes 0.31 ms there, and 0.19 ms so.
    """
    keep_freed_memory()
    return function(*args, **kwargs)


def share_one_heap() -> bool:
    """Let all threads take memory from one heap of glibc's, where what one has freed serves the next.

    Otherwise each of several threads has a heap of its own, with its own freed memory in it; Python runs one thread at
    a time, so that they do not wait for each other at one. Heaps that there are stay in use, so it is best said before
    any thread is started. Returns whether the platform's C library has the setting.
    """
    return _set(_M_ARENA_MAX, 1)


def return_freed_memory() -> bool:
    """Give back what glibc keeps of freed memory, after work that will not soon be done again.

    Returns whether the platform's C library can.
    """
    trim = getattr(_c_library(), "malloc_trim", None)
    return trim is not None and bool(trim(0))


def shorten_heaps(limit_bytes: int = _KEPT) -> bool:
    """Give back what is free at the ends of heaps that threads have begun, which `return_freed_memory` leaves there.

    glibc looks at such an end when a thread frees something large in that heap, and keeps what `keep_freed_memory` was
    told, `limit_bytes`. So for a moment it keeps little, while each heap has such a thread. Returns whether the
    platform's C library has the setting.
    """
    if not _set(_M_TRIM_THRESHOLD, 1 << 20):
        return False
    together = Barrier(_HEAPS)
    threads = [Thread(target=_take_and_free, args=(together,)) for _ in range(_HEAPS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _set(_M_TRIM_THRESHOLD, limit_bytes)


def _take_and_free(together: Barrier) -> None:
    taken = bytearray(_LARGE)
    together.wait()  # else the next thread would have the heap of this one
    del taken


def tidy_by_itself(at_ends: int = _KEPT) -> None:
    """Give back what was freed, now and then from now on; while the process does nothing, nothing is done.

    at_ends: bytes that stay at the end of each heap.
    """
    Thread(target=_tidy, args=(Event(), at_ends), daemon=True, name="tidy").start()


def _tidy(ends: Event, at_ends: int = _KEPT) -> None:
    tidied = process_time()
    while not ends.wait(_LOOK):
        if process_time() - tidied > _WORKED:
            return_freed_memory()
            shorten_heaps(at_ends)
            tidied = process_time()


def allow_many_connections() -> None:
    """Raise the limit of open files as far as may be: a session of Streamlit holds four, and a usual limit is 1024."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def number_told(variable: str, usual: int, least: int = 1) -> int:
    """What a variable of the environment says, a whole number from `least` upwards, or where it is not set the usual.

    Where it says anything else the process ends with one sentence.
    """
    told = os.environ.get(variable, str(usual))
    if not told.isdecimal() or int(told) < least:
        end_with(f"{variable} = {told!r:.60} is not a whole number from {least} upwards")
    return int(told)


def end_with(sentence: str) -> NoReturn:
    """End the process with one sentence, from any thread: an exception would end one visitor's alone."""
    sys.stderr.write(f"{sentence}\n")
    os._exit(2)


def reads_pickles() -> bool:
    """Whether the environment says 1 to files of torch's, which are pickles (`own/apart.py`); 0 counts as not set.

    Where it says anything else the process ends with one sentence, as above.
    """
    told = os.environ.get(PICKLES, "0")
    if told not in ("0", "1"):
        end_with(f"{PICKLES} = {told!r:.60} is neither 0 nor 1")
    return told == "1"


def _set(option: int, value: int) -> bool:
    set_option = getattr(_c_library(), "mallopt", None)
    return set_option is not None and bool(set_option(option, value))


def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def use_one_thread() -> None:
    """Let matrix products run on one thread: at lecture size a second one only makes sessions wait for each other."""
    from threadpoolctl import threadpool_limits  # nothing else here needs more than Python

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
