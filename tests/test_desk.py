"""The desk: a bounded number of trainings at a time, a queue, and places that come free."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from threading import Thread
from typing import Any

import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.dashboard.seat import Seat
from rnn_dynamics.learning.jobs import Desk, Job, worked_through
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import Training
from rnn_dynamics.remembered import size_of
from tests.reader import wait_until

SMALL = Training(
    experiment=Experiment(cell="lstm", sequence_length=12, hidden_size=4, batch_size=2, initialisation="torch"),
    iterations=5,
)
LONG = replace(SMALL, iterations=50_000)
RNN = replace(SMALL, experiment=replace(SMALL.experiment, cell="rnn"))


def until(holds: Callable[[], bool]) -> None:
    wait_until(holds, "the desk does not come so far", 30)


def counting(calls: list[Training], made: Callable[..., None]) -> Callable[..., None]:
    def count(trainer: Trainer, training: Training) -> None:
        calls.append(training)
        made(trainer, training)

    return count


@cache
def alone(training: Training) -> dict[str, Any]:
    """What is learned without a desk."""
    trainer = Trainer(training)
    while not trainer.done:
        trainer.advance()
    return trainer.history.packed()


def test_a_job_trains_side_by_side_what_each_would_learn_alone() -> None:
    desk, job = Desk(), Job([RNN, SMALL])
    assert (job.over, job.share, job.seconds_left, job.histories) == (False, 0.0, None, ())
    desk.submit(job)
    until(lambda: job.over)
    assert job.complete
    assert job.share == 1.0
    assert job.seconds > 0.0
    assert job.seconds_left == 0.0
    for history, training in zip(job.histories, (RNN, SMALL), strict=True):
        assert history.packed() == alone(training)


def test_one_works_and_the_others_have_a_place_in_the_queue() -> None:
    desk, jobs = Desk(lambda: 1), [Job([LONG]) for _ in range(3)]
    for job in jobs:
        desk.submit(job)
    until(lambda: len(jobs[0].histories) == 1)
    assert [desk.place_of(job) for job in jobs] == [0, 1, 2]
    assert jobs[1].histories == ()
    desk.leave(jobs[1])
    assert jobs[1].over
    assert [desk.place_of(job) for job in jobs] == [0, 0, 1]
    desk.leave(jobs[0])
    until(lambda: len(jobs[2].histories) == 1)
    assert jobs[0].over
    assert desk.place_of(jobs[2]) == 0
    desk.leave(jobs[2])
    until(lambda: jobs[2].over)


def test_two_places_are_two_at_a_time() -> None:
    desk, jobs = Desk(lambda: 2), [Job([LONG]) for _ in range(3)]
    for job in jobs:
        desk.submit(job)
    until(lambda: len(jobs[0].histories) == len(jobs[1].histories) == 1)
    assert [desk.place_of(job) for job in jobs] == [0, 0, 2]
    for job in jobs:
        desk.leave(job)
    until(lambda: all(job.over for job in jobs))


def test_a_stopped_job_keeps_what_it_has_and_goes_on_to_the_same_numbers() -> None:
    training = replace(SMALL, iterations=300)
    seat = Seat(Desk())
    seat.begin("page", [training])
    job = seat.jobs.get("page")
    assert job is not None
    until(lambda: bool(job.histories) and job.histories[0].iterations >= 3)
    seat.stop()
    until(lambda: job.over)
    done = job.histories[0].iterations
    assert 3 <= done < 300
    assert 0.0 < job.share < 1.0
    assert job.seconds_left is not None
    time.sleep(0.1)
    assert job.histories[0].iterations == done
    seat.go_on("page")
    until(lambda: job.over)
    assert job.complete
    assert job.histories[0].packed() == alone(training)
    seat.go_on("page")  # nothing is left to do
    assert job.over


def test_a_session_has_one_training_at_a_time_and_keeps_a_result_for_each_page() -> None:
    seat = Seat(Desk(lambda: 5))
    seat.begin("one", [LONG])
    first = seat.jobs.get("one")
    seat.begin("two", [SMALL])
    second = seat.jobs.get("two")
    assert first is not None
    assert second is not None
    until(lambda: first.over and second.over)
    assert not first.complete
    assert second.complete
    assert seat.jobs.get("one") is first
    assert seat.jobs.get("three") is None
    assert seat._desk.place_of(first) == 0


@pytest.mark.parametrize(
    "error", [KeyError("ours"), RuntimeError("not enough memory"), IndexError(), SystemExit(1), KeyboardInterrupt()]
)
def test_an_exception_of_any_kind_frees_the_place_and_reaches_page_and_log(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    advance = Trainer.advance

    def fail_at_third(trainer: Trainer) -> None:
        if trainer.training is broken and trainer.history.iterations == 2:
            raise error
        advance(trainer)

    broken = replace(SMALL, learning_rate=0.5)
    monkeypatch.setattr(Trainer, "advance", fail_at_third)
    desk = Desk(lambda: 1)
    seat = Seat(desk)
    seat.begin("page", [broken])
    next_one = Job([SMALL])
    desk.submit(next_one)
    until(lambda: next_one.complete)
    job = seat.jobs.get("page")
    assert job is not None
    assert job.over
    assert not job.complete
    assert type(error).__name__ in job.failure
    assert str(error) in job.failure
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert job.histories[0].iterations == len(job.histories[0].losses) == 2
    seat.go_on("page")  # where the state of a training is unknown, nothing may follow
    assert job.over
    assert not job.can_go_on


def test_a_thread_that_cannot_start_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    desk, job = Desk(lambda: 1), Job([SMALL])
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            desk.submit(Job([SMALL]))
    desk.submit(job)
    until(lambda: job.complete)


def test_states_that_leave_the_range_of_numbers_end_a_job_with_what_and_the_limit() -> None:
    wild = replace(
        SMALL,
        task="adding",
        experiment=replace(
            RNN.experiment, nonlinearity="relu", initialisation="identity", weight_scale=10.0, sequence_length=400
        ),
    )
    desk, job = Desk(), Job([wild])
    desk.submit(job)
    until(lambda: job.over)
    assert "beyond 1e+300, the limit" in job.failure


# The same, asked for by several


def test_whoever_asks_for_the_same_looks_at_the_same_job_and_it_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Training] = []
    monkeypatch.setattr(Trainer, "__init__", counting(begun, Trainer.__init__))
    desk, training = Desk(), replace(SMALL, iterations=200)
    seats = [Seat(desk) for _ in range(5)]
    for seat in seats:
        seat.begin("page", [training])
    jobs = {seat.jobs["page"] for seat in seats}
    (job,) = jobs
    assert [desk.place_of(seat.jobs["page"]) for seat in seats] == [0] * 5
    until(lambda: job.over)
    assert job.complete
    assert begun.count(training) == 1  # a thread of an earlier test may have begun others
    late = Seat(desk)
    late.begin("page", [training])
    assert late.jobs["page"] is job  # which is done: nobody waits
    assert job.over
    assert late.shared == "page"
    assert seats[0].shared == ""
    other = Seat(desk)
    other.begin("page", [replace(training, learning_rate=0.5)])
    assert other.jobs["page"] is not job
    other.stop()
    until(lambda: other.jobs["page"].over)


def test_a_job_goes_on_while_somebody_looks_and_who_leaves_keeps_what_there_was() -> None:
    desk, training = Desk(), replace(SMALL, iterations=300)
    first, second = Seat(desk), Seat(desk)
    for seat in (first, second):
        seat.begin("page", [training])
    job = second.jobs["page"]
    until(lambda: bool(job.histories) and job.histories[0].iterations >= 3)
    first.stop()
    left = first.jobs["page"]
    assert left is not job
    assert (left.over, left.complete, left.can_go_on) == (True, False, True)
    done = left.histories[0].iterations
    until(lambda: job.histories[0].iterations > done + 3)
    assert left.histories[0].iterations == done
    assert 0.0 < left.share < 1.0
    (kept,) = left.trainers  # can be asked as any other, see "Fill in the blank"
    assert kept.training == training
    assert {name: matrix.shape for name, matrix in kept.parameters().items()} == {
        name: matrix.shape for name, matrix in job.trainers[0].parameters().items()
    }
    first.go_on("page")
    assert first.jobs["page"] is job
    second.stop()
    until(lambda: job.over)
    assert job.complete
    assert job.histories[0].packed() == alone(training)


def test_the_last_who_leaves_ends_it_and_the_next_who_asks_goes_on() -> None:
    desk, training = Desk(), replace(SMALL, iterations=300)
    seats = [Seat(desk) for _ in range(3)]
    for seat in seats:
        seat.begin("page", [training])
    job = seats[0].jobs["page"]
    until(lambda: bool(job.histories) and job.histories[0].iterations >= 3)
    for seat in seats:
        seat.stop()
    until(lambda: job.over)
    assert not job.complete
    late = Seat(desk)
    late.begin("page", [training])  # begun before the work on the last update may have ended
    assert late.jobs["page"] is job
    until(lambda: job.complete and job.over)
    assert job.histories[0].packed() == alone(training)


def test_stopped_and_begun_again_at_once_a_job_is_worked_on_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = [0], [0]
    advance = Trainer.advance

    def counted(trainer: Trainer) -> None:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        advance(trainer)
        at_once[0] -= 1

    monkeypatch.setattr(Trainer, "advance", counted)
    desk, training = Desk(lambda: 3), replace(SMALL, iterations=150)
    seat = Seat(desk)
    for _ in range(20):
        seat.begin("page", [training])
        time.sleep(0.01)
        seat.stop()
    seat.begin("page", [training])
    until(lambda: seat.jobs["page"].over)
    assert seat.jobs["page"].complete
    assert most == [1]
    assert seat.jobs["page"].histories[0].packed() == alone(training)


def test_the_queue_tells_the_time_at_the_pace_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, done = Desk(), Job([SMALL])
    desk.submit(done)
    until(lambda: done.over)
    pace = done.seconds / SMALL.work
    monkeypatch.setattr(Job, "seconds_left", property(lambda job: 40.0 if job.histories else None))
    seats = [Seat(desk) for _ in range(3)]
    for number, seat in enumerate(seats):
        seat.begin("page", [replace(LONG, learning_rate=0.001 * (number + 1))])
    until(lambda: bool(seats[0].jobs["page"].histories))
    assert [desk.seconds_until(seat.jobs["page"]) for seat in seats] == pytest.approx(
        [0.0, 40.0, 40.0 + pace * LONG.work]
    )
    for seat in reversed(seats):
        seat.stop()
    until(lambda: all(seat.jobs["page"].over for seat in seats))


def test_the_jobs_that_are_kept_take_no_more_room_than_they_may_and_one_that_goes_on_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = worked_through([SMALL])
    room = 10 * done.bytes
    assert size_of(done.histories) < done.bytes < 100_000
    monkeypatch.setattr("rnn_dynamics.learning.jobs._KEPT", room)
    desk = Desk()
    long, seat = Seat(desk), Seat(desk)
    long.begin("page", [LONG])
    until(lambda: bool(long.jobs["page"].histories))
    for number in range(120):
        seat.begin("page", [replace(SMALL, iterations=number + 1)])  # each leaves the one before
    kept = [job.bytes for job in desk._asked.values() if job.over]
    assert all(kept)
    assert 0.5 * room < sum(kept) <= room
    again = Seat(desk)
    again.begin("page", [LONG])
    assert again.jobs["page"] is long.jobs["page"]
    for one in (long, seat, again):
        one.stop()
    until(lambda: long.jobs["page"].over)


def test_whoever_asks_for_the_training_with_which_a_page_opens_looks_at_that() -> None:
    desk, training = Desk(), replace(SMALL, iterations=300)
    opening = desk.opening("page", [training])
    until(lambda: bool(opening.histories) and opening.histories[0].iterations >= 3)
    seat, other = Seat(desk), Seat(desk)
    seat.begin("page", [training])
    assert seat.jobs["page"] is opening
    other.begin("page", [replace(LONG, learning_rate=0.5)])
    assert desk.place_of(other.jobs["page"]) == 1  # it is a visitor's now, and does not step aside
    seat.stop()
    assert seat.jobs["page"].over
    until(lambda: bool(other.jobs["page"].histories))  # for which it steps aside
    assert not opening.over  # but is done for the page, when nobody else trains
    other.stop()
    until(lambda: opening.over)
    assert opening.complete
    assert opening.histories[0].packed() == alone(training)


# The trainings with which pages open


def test_the_training_with_which_a_page_opens_is_done_once_for_everybody() -> None:
    desk = Desk()
    job = desk.opening("page", [RNN, SMALL])
    assert desk.opening("page", [LONG]) is job
    assert desk.openings == {"page": job}
    until(lambda: job.over)
    for history, training in zip(job.histories, (RNN, SMALL), strict=True):
        assert history.packed() == alone(training)
    assert desk.opening("page", [RNN, SMALL]) is job


def test_it_steps_aside_while_visitors_train_and_comes_to_the_same_numbers() -> None:
    desk, training = Desk(), replace(SMALL, iterations=300)
    opening = desk.opening("page", [training])
    until(lambda: bool(opening.histories) and opening.histories[0].iterations >= 3)
    visitors = [Job([LONG]), Job([LONG])]
    for visitor in visitors:
        desk.submit(visitor)
    assert [desk.place_of(visitor) for visitor in visitors] == [0, 1]  # nobody waits for an opening
    until(lambda: bool(visitors[0].histories))
    done = opening.histories[0].iterations
    assert done < 300
    assert not opening.over
    desk.leave(visitors[0])
    until(lambda: bool(visitors[1].histories))
    assert opening.histories[0].iterations == done
    desk.leave(visitors[1])
    until(lambda: opening.over)
    assert opening.complete
    assert opening.histories[0].packed() == alone(training)


def test_openings_are_done_one_after_the_other_and_one_that_fails_frees_its_place() -> None:
    wild = replace(
        RNN,
        experiment=replace(
            RNN.experiment, nonlinearity="relu", initialisation="identity", weight_scale=10.0, sequence_length=400
        ),
        task="adding",
    )
    desk = Desk()
    first, second = desk.opening("first", [wild]), desk.opening("second", [SMALL])
    until(lambda: first.over and second.over)
    assert first.failure
    assert second.complete
