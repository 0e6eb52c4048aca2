"""Where dear questions are computed: in the thread that asks, or by other processes, through one `Executor`.

A library computes here. An application says `use`, once, with what the environment tells (`told`): worker processes of
its own, or the workers of a Dask scheduler. What is asked is a function of the engine that others can import, with its
arguments; its answer is the same wherever it is computed.
"""

import logging
import os
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import local
from time import monotonic, sleep, thread_time
from typing import Any, ParamSpec, TypeVar

from rnn_dynamics import process
from rnn_dynamics.remembered import COMPUTING

#: Variables of the environment, see `told`.
WORKERS, SCHEDULER = "RNN_DYNAMICS_WORKERS", "RNN_DYNAMICS_SCHEDULER"
#: Seconds between two looks at whether anybody is left who would answer; and how many in a row must find nobody, for
#: who has died of a question is soon there again, and this process shall not be the next to die of it.
_LOOK, _LOOKS = 2.0, 4
#: At most so many questions are asked in one go, lest the first of them waits for many.
_AT_ONCE = 8
#: How many times as long as a piece of work had to wait for others it makes way for them, and at most how many seconds.
_YIELDS, _LONGEST = 2.0, 0.25
LOG = logging.getLogger(__name__)
Given = ParamSpec("Given")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class WorkerLost(RuntimeError):  # noqa: N818  # what it is
    """The workers that were to answer a question have died of it, one after the other."""


class Elsewhere(Executor):
    """An executor of other processes.

    trains: whether trainings are done there too, for which each loads torch. lost: the exceptions of an answer which
    say that its workers have died of it.
    """

    trains = False
    lost: tuple[type[Exception], ...] = ()

    @property
    @abstractmethod
    def places(self) -> int:
        """How many questions it computes at once; 0 as long as it can compute none."""


@dataclass
class _Chosen:
    """What `use` has said."""

    elsewhere: Elsewhere | None = None


@dataclass(eq=False)
class _Waits:
    """A question that waits here for its turn."""

    asked: Any
    answer: Future[Any] = field(default_factory=Future)


#: Those of each function and kind.
_WAITING: defaultdict[tuple[Any, Hashable], list[_Waits]] = defaultdict(list)


class _Spent(local):
    """What others have spent for a thread."""

    seconds = 0.0


_CHOSEN, _SPENT = _Chosen(), _Spent()


def use(elsewhere: Elsewhere | None) -> None:
    """Compute there from now on; None: in the thread that asks."""
    _CHOSEN.elsewhere = elsewhere


def trains() -> bool:
    """Whether trainings are done by others, of whom somebody is there."""
    return _CHOSEN.elsewhere is not None and _CHOSEN.elsewhere.trains and _CHOSEN.elsewhere.places > 0


def places() -> int:
    """How many questions are computed at once: as many as there are workers, and one where there is none."""
    return max(1, _elsewhere())


def _elsewhere() -> int:
    """How many workers there are."""
    return _CHOSEN.elsewhere.places if _CHOSEN.elsewhere else 0


def computed(function: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
    """What a function returns, computed elsewhere where somebody is there to do so, else here, one at a time.

    Raises:
        WorkerLost: those who were to compute it have died of it, one after the other.
        Exception: what the function raises.
    """
    if _CHOSEN.elsewhere and _CHOSEN.elsewhere.places:
        asked = partial(_timed, function, *args, **kwargs)
        try:
            answer, seconds = _answer_of(_CHOSEN.elsewhere, asked)
        except CancelledError:
            LOG.warning("Nobody is left who would compute elsewhere: %s is computed here.", function.__name__)
        except WorkerLost:
            LOG.warning("Every worker that was asked has died of %s%.500s.", function.__name__, args)
            raise
        else:
            _SPENT.seconds += seconds
            return answer
    with COMPUTING:
        return function(*args, **kwargs)


def computed_beside(
    function: Callable[[Sequence[Asked]], Sequence[Answer]], asked: Asked, kind: Hashable = None
) -> Answer:
    """What a function answers to one of its questions: those that wait for their turn here are asked in one go.

    So the more ask at once, the less each of them costs, where many questions of a kind take hardly longer than one.

    Raises:
        WorkerLost: as `computed`.
        Exception: what the function raises when it is asked this question, with others or alone.
    """
    if _elsewhere():
        return computed(function, [asked])[0]
    waiting, mine = _WAITING[function, kind], _Waits(asked)
    waiting.append(mine)
    with COMPUTING:
        try:
            while not mine.answer.done():  # else somebody before has asked it too
                go = waiting[:_AT_ONCE]
                for one, found in zip(go, function([one.asked for one in go]), strict=True):
                    one.answer.set_result(found)
                del waiting[: len(go)]
        finally:
            if mine in waiting:  # the others ask again
                waiting.remove(mine)
            if not waiting:  # who has just found this list takes it along
                _WAITING.pop((function, kind), None)
    answer: Answer = mine.answer.result()
    return answer


def _answer_of(elsewhere: Elsewhere, asked: Callable[[], Answer]) -> Answer:
    """The answer; CancelledError where nobody is left who would give it, WorkerLost where all have died of it."""
    waits, nobody = elsewhere.submit(asked), 0
    while not wait([waits], _LOOK).done:
        nobody = 0 if elsewhere.places else nobody + 1
        if nobody == _LOOKS:
            waits.cancel()
    try:
        return waits.result()
    except elsewhere.lost as error:
        raise WorkerLost(f"Workers, one after the other, have ended before they had an answer ({error})") from error


def worked() -> float:
    """Seconds of a processor that the calling thread has used, and others have for it."""
    return thread_time() + _SPENT.seconds


def make_way(piece: Callable[[], None], breath: float) -> None:
    """Do a piece of work, and then nothing for so many seconds, or longer where it had to wait for others meanwhile."""
    began, before = monotonic(), worked()
    piece()
    waited = (monotonic() - began) - (worked() - before)  # where others had the processor, or the lock
    sleep(breath + min(_LONGEST, _YIELDS * max(0.0, waited)))


def together(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """What each of some calls returns, all at the same time, each in a thread: they only wait for others."""
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(len(calls)) as threads:
        done = list(threads.map(_with_its_work, calls))
    _SPENT.seconds += sum(seconds for _, seconds in done)
    return [answer for answer, _ in done]


def _timed(function: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> tuple[Answer, float]:
    began = thread_time()
    return function(*args, **kwargs), thread_time() - began


def _with_its_work(call: Callable[[], Answer]) -> tuple[Answer, float]:
    began = worked()
    return call(), worked() - began


def told() -> Elsewhere | None:
    """What the environment tells: WORKERS, how many processes of this machine compute; or SCHEDULER, Dask's address.

    Without either the thread that asks computes. Where both are told, or what cannot be, the process ends with one
    sentence.
    """
    if SCHEDULER not in os.environ:
        return _workers()
    if WORKERS in os.environ:
        process.end_with(f"{WORKERS} and {SCHEDULER} are both set: leave one of them out")
    return _cluster(os.environ[SCHEDULER])


def _workers() -> Elsewhere | None:
    from rnn_dynamics.executor.workers import Workers

    count = process.number_told(WORKERS, 0, least=0)
    return Workers(count) if count else None


def _cluster(address: str) -> Elsewhere:
    try:
        from rnn_dynamics.executor.cluster import Cluster
    except ModuleNotFoundError as error:
        process.end_with(f'{SCHEDULER} needs {error.name}: pip install "rnn-dynamics[sweep]"')
    try:
        return Cluster(address)
    except (OSError, ValueError) as error:
        process.end_with(f"{SCHEDULER} = {address!r:.200}: {error}")
