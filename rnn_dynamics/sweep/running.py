"""Run a sweep, here or on a cluster: a bounded window of blocks, of which nothing but their numbers comes back."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from rnn_dynamics.limits import Range
from rnn_dynamics.process import with_kept_memory
from rnn_dynamics.sweep.blocks import answer
from rnn_dynamics.sweep.question import Sweep
from rnn_dynamics.sweep.store import Store, SweepStopped, begin

if TYPE_CHECKING:
    from distributed import Client

#: A block that runs: of how many experiments there was no answer, and why.
_Block = Future[tuple[int, str]]
#: What answers a block of the store at a path.
_Answering = Callable[[str, int], tuple[int, str]]

#: After so many seconds what has been found is put where a map finds it.
_GATHER_EVERY = 30.0
#: How many reasons are remembered of all failures.
_REASONS = 10

_GONE = "the scheduler does not answer any more; what is done is kept, and the sweep can be resumed"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a sweep is.

    Attributes:
        blocks: how many there are.
        done: how many of them are in the store.
        before: how many of these were there when the sweep was taken up.
        failed: how many blocks have ended without an answer; they are run again when the sweep is resumed.
        unanswered: how many experiments of the blocks that were run have no answer, such as those whose states outgrow
            float64; they are nan in the store.
        reasons: the first of both, each naming block or experiment, and why.
    """

    blocks: int
    done: int = 0
    before: int = 0
    failed: int = 0
    unanswered: int = 0
    reasons: tuple[str, ...] = ()


def run_sweep(
    sweep: Sweep,
    store: str | os.PathLike[str],
    client: "Client | None" = None,
    *,
    resume: bool = True,
    block_size: int | None = None,
    report: Callable[[Progress], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Answer all experiments of a sweep, and keep the answers in a store.

    Nothing is done twice: called again, after whatever has ended it, it goes on with the blocks that are left.

    Args:
        sweep: the question.
        store: a folder, seen under this path by all workers; see `open_sweep`.
        client: of a Dask cluster; None runs the sweep in this process.
        resume: whether it may go on with a store that is there.
        block_size: how many experiments a block of a new store has at most; as many as take half a second for None.
        report: called with the progress at the beginning and whenever a block has ended.
        stop: asked before each block; where it says True, the sweep ends after the blocks that run.

    Returns:
        how far it is, and what has failed.

    Raises:
        SweepStopped: the store is another sweep's or another version's, cannot be written or is gone, or the scheduler
            is; the message says which.
        ValueError: `block_size` is no whole number from 1 upwards.
    """
    if block_size is not None:
        block_size = int(Range(minimum=1, maximum=1_000_000, whole=True).checked("block_size", block_size))
    answering = answer_block if client is None else _on_worker
    run = _Run(begin(Path(store).absolute(), sweep, resume=resume, block_size=block_size), report, answering)
    try:
        with _executor(client) as executor:
            run.all(executor, lambda: 2 * _threads(client), stop)
    finally:
        run.gather()
    return run.progress


def answer_block(path: str, number: int) -> tuple[int, str]:
    """Answer one block of a store, on whichever machine; done twice, it writes the same again.

    Returns:
        of how many experiments there is no answer, and why of the first.
    """
    store = Store(Path(path))
    answers = answer(store.sweep, store.cut.box(number))
    store.write(number, answers)
    return len(answers.unanswered), "".join(answers.unanswered[:1])


def _on_worker(path: str, number: int) -> tuple[int, str]:
    return with_kept_memory(answer_block, path, number)


class _Run:
    """The blocks of a store that are left, and what has come of the others."""

    def __init__(self, store: Store, report: Callable[[Progress], object], answer: _Answering) -> None:
        self.answer = answer
        self.store, self.report, self.ungathered = store, report, store.done()
        self.left = iter(sorted(set(range(store.cut.blocks)) - self.ungathered))
        before = len(self.ungathered)
        self.progress = Progress(blocks=store.cut.blocks, done=before, before=before)

    def all(self, executor: Executor, window: Callable[[], int], stop: Callable[[], bool]) -> None:
        """Run what is left, a window of blocks at a time."""
        running: dict[_Block, int] = {}
        gathered_at = monotonic()
        self.report(self.progress)
        while self._begin(executor, running, 0 if stop() else window()):
            for block in wait(running, return_when=FIRST_COMPLETED).done:
                self._end(running.pop(block), block)
                self.report(self.progress)
            if monotonic() - gathered_at > _GATHER_EVERY:
                self.gather()
                gathered_at = monotonic()

    def gather(self) -> None:
        """Put what has been found where a map finds it."""
        self.store.gather(self.ungathered)
        self.ungathered = set()

    def _begin(self, executor: Executor, running: dict[_Block, int], window: int) -> bool:
        """Begin as many blocks as the window has room for; whether any is running."""
        for number in islice(self.left, max(0, window - len(running))):
            running[executor.submit(self.answer, str(self.store.path), number)] = number
        return bool(running)

    def _end(self, number: int, block: _Block) -> None:
        """Count what has come of a block.

        Raises:
            SweepStopped: no other block would fare better.
        """
        if block.cancelled():
            raise SweepStopped(_GONE)
        error = block.exception()
        if isinstance(error, SweepStopped):
            raise error
        if error and not self.store.holds(number):
            first = self.store.sweep.named([at.start for at in self.store.cut.box(number)])
            self._count(f"block {number}, which begins at {first}: {type(error).__name__}: {error}", failed=1)
            return
        unanswered, why = (0, "") if error else block.result()  # its worker may die when it has written the block
        self.ungathered.add(number)
        self._count(why, done=1, unanswered=unanswered)

    def _count(self, why: str, *, done: int = 0, failed: int = 0, unanswered: int = 0) -> None:
        was = self.progress
        self.progress = replace(
            was,
            done=was.done + done,
            failed=was.failed + failed,
            unanswered=was.unanswered + unanswered,
            reasons=(*was.reasons, *([why] if why else []))[:_REASONS],
        )


@contextmanager
def _executor(client: "Client | None") -> Iterator[Executor]:
    """What runs blocks; those that have not begun do not begin any more once it is left."""
    here = ThreadPoolExecutor(1)  # whose thread begins with its first block
    executor: Executor = here if client is None else client.get_executor(pure=False)
    try:
        yield executor
    finally:
        here.shutdown(cancel_futures=True)
        executor.shutdown(wait=False)


def _threads(client: "Client | None") -> int:
    """How many blocks run at the same time; one where no worker has come yet."""
    if client is None:
        return 1
    try:
        threads: dict[str, int] = client.nthreads()
    except OSError as error:
        raise SweepStopped(_GONE) from error
    return max(1, sum(threads.values()))
