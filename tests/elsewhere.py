"""What tests let other processes do until something has happened: a time on the clock is too short on a busy day.

Those processes load this, and are to have nothing of the tests' own beside it.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

#: Seconds after which who waits in vain goes on, so that a test fails and does not hang.
_MOST = 50.0


def held_once(begun: Path) -> int:
    """This process; but the first who is asked leaves that file, and is held until it is killed."""
    try:
        begun.touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    time.sleep(_MOST)
    return os.getpid()


def held_until(go: Path) -> None:
    """Wait for that file."""
    _wait_until(go.exists)


def met(folder: Path) -> int:
    """This process, once two have left a file in the folder."""
    (folder / str(os.getpid())).touch()
    _wait_until(lambda: len(list(folder.iterdir())) == 2)
    return os.getpid()


def working(seconds: float) -> None:
    """Take so many seconds of the processor, however slow it is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _MOST
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
