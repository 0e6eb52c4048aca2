"""Processes of this machine that compute what this one asks, one question each at a time.

`python -m rnn_dynamics.executor.workers CORES` is such a process: it reads questions from its input and writes their
answers, until the process that asks has ended. It loads what the questions name and nothing else: of the engine NumPy
alone. The pool of the standard library would load the main module of the server: Streamlit, and the page that runs.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import LifoQueue
from typing import Any

from rnn_dynamics import process
from rnn_dynamics.executor import Elsewhere, WorkerLost

#: What tells that a process has ended, before or within its answer.
_LOST = (EOFError, BrokenPipeError, pickle.UnpicklingError)
LOG = logging.getLogger(__name__)


class Workers(Elsewhere):
    """At most `count` processes, each started when all others have something to do.

    Whoever asks also waits, in the same thread: each hand-over between threads costs a wait for the interpreter.
    """

    def __init__(self, count: int) -> None:
        self._count, self._free = count, LifoQueue[_Worker]()
        for _ in range(count):
            self._free.put(_Worker(cores(), count))

    @property
    def places(self) -> int:
        """See `Elsewhere`."""
        return self._count

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The answer, which is there when this returns."""
        answered: Future[Any] = Future()
        worker = self._free.get()
        try:
            error, answer = worker.answer(pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL))
        finally:
            self._free.put(worker)
        if error is None:
            answered.set_result(answer)
        else:
            answered.set_exception(error)
        return answered

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, each after its answer."""
        for worker in [self._free.get() for _ in range(self._count)]:
            worker.end()
            self._free.put(worker)


class _Worker:
    """A process, started at its first question, and again when it has died."""

    def __init__(self, allowed: set[int], count: int) -> None:
        self._allowed, self._count = allowed, count
        self.process: subprocess.Popen[bytes] | None = None

    def answer(self, question: bytes) -> tuple[BaseException | None, Any]:
        """An exception or an answer; asked once more where the process was lost.

        Raises:
            WorkerLost: the second one was lost too.
        """
        try:
            return self._ask(question)
        except _LOST:
            LOG.warning("A worker process was lost; another one is asked the same.")
        try:
            return self._ask(question)
        except _LOST as error:
            raise WorkerLost("Two processes, one after the other, have ended before they had an answer") from error

    def end(self) -> None:
        """Let it end, and wait for that."""
        lost, self.process = self.process, None
        if lost:
            lost.communicate()

    def _ask(self, question: bytes) -> tuple[BaseException | None, Any]:
        self.process = asked = self.process or self._started()
        assert asked.stdin is not None
        assert asked.stdout is not None
        try:
            asked.stdin.write(question)
            asked.stdin.flush()
            answer: tuple[BaseException | None, Any] = pickle.load(asked.stdout)
        except BaseException:  # what is left of the answer would be taken for the next one
            self.process = None
            with suppress(BrokenPipeError), asked:
                asked.kill()
            raise
        return answer

    def _started(self) -> "subprocess.Popen[bytes]":
        theirs = self._allowed - cores() if self._count < len(self._allowed) else self._allowed
        command = [sys.executable, "-P", "-m", "rnn_dynamics.executor.workers", ",".join(map(str, theirs))]
        told = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path), "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | told)


def cores() -> set[int]:
    """Where the calling thread may run; none where the platform does not tell."""
    return os.sched_getaffinity(0) if sys.platform.startswith("linux") else set()


def main() -> None:
    """Answer questions until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole group; who asks says when it ends
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed
    if ours := {int(core) for core in sys.argv[1].split(",") if core}:
        os.sched_setaffinity(0, ours)
    process.keep_freed_memory()
    process.tidy_by_itself()
    with ThreadPoolExecutor(1) as thread, suppress(EOFError, BrokenPipeError):
        while True:
            function, args, kwargs = pickle.load(questions)
            done = thread.submit(function, *args, **kwargs)
            error = done.exception()
            pickle.dump((error, None if error else done.result()), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


if __name__ == "__main__":
    main()
