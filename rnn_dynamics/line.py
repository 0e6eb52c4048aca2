"""One line of work for all visitors of a server: in one thread, a piece at a time, first what most of them wait for."""

from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition
from time import monotonic
from typing import Protocol

from rnn_dynamics.executor import make_way

#: Seconds between two looks at a work where few wait, and what each who waits adds: a hall looks more seldom, for each
#: look takes from the processor that all who wait for something need. Of who is there, one of so many may soon wait.
_LOOK, _EACH, _MAY = 0.4, 0.08, 6
#: Seconds between two pieces, so that a visitor whose answer needs no line gets the processor.
_BREATH = 0.002


class Work(Protocol):
    """Some work in pieces."""

    @property
    def question(self) -> Hashable:
        """What it answers: works of the same question are one."""

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""

    def advance(self) -> None:
        """Do the next piece."""


@dataclass(frozen=True)
class _Look:
    """What somebody waits for, and until when it counts as long as they do not look again."""

    work: Work
    until: float


class Line:
    """The works that somebody waits for. `inside`: how many are there who may."""

    def __init__(self, inside: Callable[[], int] = lambda: 0) -> None:
        self._inside = inside
        self._worker = ThreadPoolExecutor(1, "line")
        self._news = Condition()
        self._looks: dict[Hashable, _Look] = {}
        self._failed: dict[Hashable, Future[None]] = {}
        self.busy = False

    @property
    def pace(self) -> float:
        """After how many seconds one who waits should look again, and may go on doing so while the others come."""
        return _LOOK + _EACH * max(len(self._looks), self._inside() / _MAY)

    def look_at(self, who: Hashable, work: Work, patience: float = 0.0) -> None:
        """Wait for a work, in place of what `who` has waited for; return when it is done, or after `patience` seconds.

        Whoever does not look again within about two paces waits no longer, and what nobody waits for rests.

        Raises:
            Exception: what a piece of the work has raised, to the first who looks after that.
        """
        end = monotonic() + patience
        with self._news:
            self._looks[who] = _Look(work, end + 2.0 * self.pace + 1.0)
            if not self.busy:
                self.busy = True
                self._begin(self._wanted())
            while not (work.complete or work.question in self._failed) and (left := end - monotonic()) > 0:
                self._news.wait(left)
            failed = self._failed.pop(work.question, None)
        if failed:
            failed.result()

    def leave(self, who: Hashable) -> None:
        """Wait for nothing any more."""
        with self._news:
            self._looks.pop(who, None)

    def close(self) -> None:
        """Do nothing more, for nobody."""
        with self._news:
            self._looks.clear()
        self._worker.shutdown()

    def _wanted(self) -> Work | None:
        """What most wait for; among equals what was asked for first."""
        now = monotonic()
        self._looks = {who: look for who, look in self._looks.items() if look.until > now}
        waiting = Counter(look.work.question for look in self._looks.values())
        works = {look.work.question: look.work for look in self._looks.values()}
        return next((works[question] for question, _ in waiting.most_common() if not works[question].complete), None)

    def _begin(self, work: Work | None) -> None:
        self.busy = work is not None
        if work is not None:
            with suppress(RuntimeError):  # the server is about to end
                self._worker.submit(make_way, work.advance, _BREATH).add_done_callback(
                    lambda done: self._end(work, done)
                )

    def _end(self, work: Work, done: Future[None]) -> None:
        with self._news:
            if done.exception():
                self._failed[work.question] = done
                same = [who for who, look in self._looks.items() if look.work.question == work.question]
                for who in same:
                    del self._looks[who]
            self._begin(self._wanted())
            self._news.notify_all()
