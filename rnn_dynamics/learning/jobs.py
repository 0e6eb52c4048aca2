"""Where trainings are done: a bounded number at a time, the others in a queue.

A training runs in a thread of its own, piece by piece elsewhere where others train, and whoever shows it only looks at
its histories. Who waits has a place in the
queue. What is learned depends on the settings alone, so whoever asks for the same looks at the same job, and it ends
early only when the last of them leaves. The trainings with which pages open are done while no visitor's is.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING

from rnn_dynamics import executor, process
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import History, Training
from rnn_dynamics.remembered import remembered, size_of

if TYPE_CHECKING:  # torch takes a second to load: only a server on which somebody trains should
    from rnn_dynamics.learning.trainer import Trainer

#: Seconds between two updates, so that those who move a slider get the interpreter.
_BREATH = 0.0005
#: And where nobody has asked for the training.
_LONG_BREATH = 0.01
#: Bytes of the jobs that are kept for whoever asks for the same: of usual ones a hundred.
_KEPT = 16_000_000
#: Seconds of a piece of a training that others do: so long until its page sees the next of it, or it ends when told to.
_PIECE = 0.5
#: Seconds of a training for each of its `work`, as long as none has been seen: see `limits.LARGEST`.
_PACE = 1.2e-7
LOG = logging.getLogger(__name__)


class Job:
    """Some trainings that go on side by side, an update of each in turn.

    trainings: the questions. watchers: how many visitors have asked for them and not left. breath: seconds between two
    updates, in which pages get the interpreter, and more where they wait for it; 0 where there are none. failure: which
    exception ended it, as a clause for its page, or ""; foreseen: whether that is a refusal of ours, which speaks for
    itself. bytes: about what it takes once it is over: what it has seen, and each number that is learned with those
    that its optimiser keeps. A training that ended early for a reason of its own says so in its history.
    """

    def __init__(self, trainings: Sequence[Training], breath: float = _BREATH) -> None:
        self.trainings, self.breath, self.watchers = tuple(trainings), breath, 0
        self.failure, self.foreseen = "", True
        self.seconds, self.bytes = 0.0, 0
        self._trainers: list[Trainer] = []
        self._stop, self._over, self._update = Event(), Event(), Lock()

    @property
    def histories(self) -> tuple[History, ...]:
        """What each training has seen so far; none before the work begins."""
        return tuple(trainer.history for trainer in self._trainers)

    @property
    def networks(self) -> tuple[Trained, ...]:
        """Each network as it is now, which no longer changes; before the work begins as it is asked for."""
        begun = tuple(Trained(training, history.as_it_is()) for training, history in self._pairs())
        return begun or tuple(map(Trained, self.trainings))

    @property
    def stage(self) -> Hashable:
        """How far it is, by its looks at the networks, and to the update once it is over.

        Jobs that are over at the same stage have learned the same, for a training is a function of its settings.
        """
        done = ((self.over and one.iterations, len(one.moments), one.failure) for one in self.histories)
        return self.trainings, tuple(done), self.over

    def __sizeof__(self) -> int:
        """Where it is remembered, it counts with what torch holds of it."""
        return object.__sizeof__(self) + self.bytes

    @property
    def trainers(self) -> tuple["Trainer", ...]:
        """To ask more of, once the job is over."""
        return tuple(self._trainers)

    @property
    def over(self) -> bool:
        """Whether nobody works on it, nor will: it is finished, or stopped."""
        return self._over.is_set()

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return bool(self._trainers) and all(trainer.done for trainer in self._trainers)

    @property
    def can_go_on(self) -> bool:
        """Whether it was stopped, by somebody and not by an exception, and something is left to do."""
        return self.over and not self.complete and not self.failure

    @property
    def whole(self) -> int:
        """What all of its trainings cost, as `Training.work` counts."""
        return sum(training.work for training in self.trainings)

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        done = sum(training.iterations if one.failure else one.iterations for training, one in self._pairs())
        return done / sum(training.iterations for training in self.trainings)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one."""
        return self.seconds * (1.0 - self.share) / self.share if self.share else None

    @property
    def done(self) -> int:
        """Updates of the training that is furthest behind, of those that have not ended early."""
        going = [history.iterations for history in self.histories if not history.failure]
        return min(going or [history.iterations for history in self.histories], default=0)

    @property
    def updates(self) -> int:
        """Updates that the longest training asks for."""
        return max(training.iterations for training in self.trainings)

    def as_it_is(self) -> "Job":
        """For one who leaves it to others: what there is by now, which no longer changes and can be gone on with."""
        left = Job(self.trainings)
        with self._update:  # between two of them
            left._trainers = [type(one).resume(one.training, one.checkpoint()) for one in self._trainers]
            left.seconds = self.seconds
        left.end()
        return left

    def stop(self) -> None:
        """Let the work end after the update that it is at. What is there stays."""
        self._stop.set()

    @property
    def stops(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def end(self) -> None:
        """Say that nobody works on it any more."""
        learned = [trainer.parameters() for trainer in self._trainers]
        self.bytes = size_of((self.trainings, self.histories)) + 2 * size_of(learned)
        self._over.set()

    def again(self) -> None:
        """Make a stopped job ready to be gone on with."""
        self._stop.clear()
        self._over.clear()

    def work(self) -> None:
        """Train until all is done or `stop` is called.

        Raises:
            ValueError: the states of a ReLU network have left the range of numbers before any update.
        """
        from rnn_dynamics.learning.trainer import Trainer

        if not self._trainers:
            self._trainers = [Trainer(training) for training in self.trainings]
        while not self.complete and not self.stops:
            began = monotonic()
            if executor.trains():
                self._take(self._further())
                sleep(self.breath)
            elif self.breath:
                executor.make_way(self._update_each, self.breath)
            else:
                self._update_each()
            self.seconds += monotonic() - began
        if self.complete:
            for trainer in self._trainers:
                trainer.tests()  # which all who look at it would ask for as soon as it is over, and wait for

    def _update_each(self) -> None:
        with self._update:
            for trainer in self._trainers:
                trainer.advance()

    def _further(self) -> list[bytes]:
        """What comes of the next piece elsewhere: where it is lost, what goes on is what there is here."""
        from rnn_dynamics.learning.trainer import further

        checkpoints = [trainer.checkpoint() for trainer in self._trainers]
        return executor.computed(further, self.trainings, checkpoints, _PIECE)

    def _take(self, checkpoints: Sequence[bytes]) -> None:
        with self._update:
            self._trainers = [
                type(one).resume(one.training, checkpoint)
                for one, checkpoint in zip(self._trainers, checkpoints, strict=True)
            ]

    def _pairs(self) -> Iterator[tuple[Training, History]]:
        return zip(self.trainings, self.histories, strict=False)


def worked_through(trainings: Sequence[Training]) -> Job:
    """A job that is done here and now, in the caller's thread."""
    job = Job(trainings, breath=0.0)
    job.work()
    job.end()
    return job


@remembered
def trained_here(trainings: tuple[Training, ...]) -> tuple[Trained, ...]:
    """Networks trained here and now, for seconds, or minutes, so no page calls this."""
    return worked_through(trainings).networks


def has(job: Job, asked: Callable[[], Sequence[Training]]) -> bool:
    """Whether a job is of the trainings that the controls ask for."""
    try:
        return tuple(asked()) == job.trainings
    except ValueError:  # what they ask for cannot be trained
        return False


def places() -> int:
    """Trainings that go on at the same time: one in this process, elsewhere as many as there are workers."""
    return executor.places() if executor.trains() else 1


class Desk:
    """The queue of one server."""

    def __init__(self, places: Callable[[], int] = places) -> None:
        self._places, self._lock = places, Lock()
        self._waiting: deque[Job] = deque()
        self._working: set[Job] = set()
        self._openings: dict[str, Job] = {}
        self._asked: OrderedDict[tuple[Training, ...], Job] = OrderedDict()
        self._pace = _PACE

    def begin(self, trainings: Sequence[Training]) -> tuple[Job, bool]:
        """The job of these trainings for one more visitor, and whether it was there: else it is new, and queued."""
        with self._lock:
            there = self._there(tuple(trainings))
            job = there or Job(trainings)
            self._asked[job.trainings] = job
            self._asked.move_to_end(job.trainings)
            self._forget()
        if not job.complete:
            self.submit(job)
        return job, there is not None

    def _forget(self) -> None:
        """Let those go that were asked for longest ago, where what is over takes too much."""
        taken = 0
        for job in [one for one in reversed(self._asked.values()) if one.over]:
            taken += job.bytes
            if taken > _KEPT:
                del self._asked[job.trainings]

    def submit(self, job: Job) -> None:
        """Put a visitor's job at the end of the queue; it begins at once if a place is free, or held by an opening."""
        with self._lock:
            job.watchers, job.breath = job.watchers + 1, _BREATH
            if job.watchers == 1 and not self._goes_on(job):
                job.again()
                self._waiting.append(job)
            self._make_way()
            self._begin_next()

    def opening(self, page: str, trainings: Sequence[Training]) -> Job:
        """The job with which a page opens: made at the first call, and worked on while there is no visitor's."""
        with self._lock:
            if page not in self._openings:
                self._openings[page] = Job(trainings, _LONG_BREATH)
                self._begin_next()
            return self._openings[page]

    @property
    def openings(self) -> dict[str, Job]:
        """Page -> the job with which it opens, for those that have been asked for."""
        return dict(self._openings)

    def leave(self, job: Job) -> Job:
        """Take one visitor from a job, which ends with the last of them; what that visitor then has of it."""
        with self._lock:
            job.watchers -= 1
            opens = job in self._openings.values()
            if job.watchers or opens:
                job.breath = _BREATH if job.watchers else _LONG_BREATH
                if opens and not job.watchers and job in self._waiting:
                    self._waiting.remove(job)
                self._make_way()
                return job.as_it_is()
            job.stop()
            if job in self._waiting:
                self._waiting.remove(job)
                job.end()
            return job

    def place_of(self, job: Job) -> int:
        """How many jobs go before it: 0 once it is worked on, or over."""
        return len(self._before(job))

    def seconds_until(self, job: Job) -> float:
        """About how long it waits until it is worked on."""
        return sum(self._left(one) for one in self._before(job)) / self._places()

    def _before(self, job: Job) -> list[Job]:
        with self._lock:
            if job not in self._waiting:
                return []
            visitors = [one for one in self._working if one.watchers]
            return [*visitors, *list(self._waiting)[: self._waiting.index(job)]]

    def _left(self, job: Job) -> float:
        """Seconds that a job still takes: at its own pace, or where it has none at that of the last one."""
        return self._pace * job.whole if job.seconds_left is None else job.seconds_left

    def _there(self, trainings: tuple[Training, ...]) -> Job | None:
        known: Iterable[Job] = (*self._asked.values(), *self._openings.values())
        return next((job for job in known if job.trainings == trainings and not job.failure), None)

    def _make_way(self) -> None:
        """Stop what only a page opens with, until no visitor's is left."""
        if self._waiting or any(job.watchers for job in self._working):
            for opening in self._working.intersection(self._openings.values()):
                if not opening.watchers:
                    opening.stop()

    def _goes_on(self, job: Job) -> bool:
        """Whether somebody works on it who has not been told to stop."""
        return job in self._working and not job.stops

    def _begin_next(self) -> None:
        while len(self._working) < self._places() and (job := self._next()):
            Thread(target=self._work, args=(job,), daemon=True, name="training").start()
            self._working.add(job)

    def _next(self) -> Job | None:
        for job in self._waiting:
            if job not in self._working:  # else its work is just being ended, to begin again
                self._waiting.remove(job)
                return job
        left = (job for job in self._openings.values() if not job.over and job not in self._working)
        return None if self._working or self._waiting else next(left, None)

    def _work(self, job: Job) -> None:
        try:
            process.use_every_core()
            job.work()
        except BaseException as error:  # nobody stands above this thread to whom another one could go
            LOG.exception("A training ended early: %s", job.trainings)
            job.foreseen = isinstance(error, ValueError | executor.WorkerLost)
            job.failure = str(error) if job.foreseen else f"{type(error).__name__} ({error})"
        finally:
            process.return_freed_memory()
            with self._lock:
                if job.share and job.breath < _LONG_BREATH:  # as a visitor's goes
                    self._pace = job.seconds / (job.share * job.whole)
                if job in self._waiting or self._has_stepped_aside(job):
                    job.again()
                else:
                    job.end()
                self._working.discard(job)
                self._begin_next()

    def _has_stepped_aside(self, job: Job) -> bool:
        return job in self._openings.values() and not job.complete and not job.failure
