"""The workers of a Dask scheduler, on this machine or on others; each needs this library, and torch for trainings."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

from distributed import Client, KilledWorker

from rnn_dynamics import process
from rnn_dynamics.executor import Elsewhere

#: Seconds until a scheduler counts as not there; and between two looks at how many workers it has.
_PATIENCE, _LOOK = 10, 2.0


class Cluster(Elsewhere):
    """Those of the scheduler at an address such as tcp://host:8786.

    Raises:
        OSError: nobody answers there.
        ValueError: it is no address.
    """

    trains, lost = True, (KilledWorker,)

    def __init__(self, address: str) -> None:
        client: Any = Client  # which ships few types
        self._client = client(address, timeout=_PATIENCE, name="rnn-dynamics", set_as_default=False)
        self._executor = self._client.get_executor(pure=False)
        self._looked, self._places, self._lock = -_LOOK, 0, Lock()

    @property
    def places(self) -> int:
        """See `Elsewhere`: as many as there are workers."""
        if self._client.status != "running":
            return 0
        with self._lock:
            if monotonic() - self._looked > _LOOK:
                self._places, self._looked = 0, monotonic()
                with suppress(OSError):  # it has just gone
                    self._places = len(self._client.nthreads())
        return self._places

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor`: what is asked of a worker that is lost, another one is asked."""
        asked: Future[Any] = self._executor.submit(partial(process.with_kept_memory, fn, *args, **kwargs))
        return asked

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the scheduler."""
        self._client.close()
