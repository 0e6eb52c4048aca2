"""A Dask scheduler's workers compute and train for a server, and may die of it."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from rnn_dynamics import Experiment, executor
from rnn_dynamics.dashboard.seat import Seat
from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.executor import WorkerLost, computed
from rnn_dynamics.executor.cluster import Cluster
from rnn_dynamics.learning.jobs import Desk, Job
from rnn_dynamics.line import Line
from rnn_dynamics.pictures.initialisation.answer import scheme_rows
from rnn_dynamics.pictures.phase_diagram.answer import phase_rows
from rnn_dynamics.remembered import MEMORY
from tests.elsewhere import held_once, held_until
from tests.reader import wait_until
from tests.same import assert_same
from tests.test_desk import LONG, SMALL, alone

ASKED = Experiment(cell="lstm", sequence_length=20, hidden_size=6)


@pytest.fixture(scope="module")
def dask(own_main: None) -> Iterator[Any]:
    make: Any = LocalCluster
    with make(n_workers=2, threads_per_worker=1, dashboard_address=":0") as made:
        yield made


@pytest.fixture
def cluster(dask: Any) -> Iterator[Cluster]:
    """Two processes, who compute what is asked."""
    dask.scale(2)  # one that was killed and took 15 s to begin again has been given up
    wait_until(lambda: len(dask.scheduler.workers) == 2, "there are no two workers")
    made = Cluster(dask.scheduler_address)
    executor.use(made)
    yield made
    executor.use(None)
    made.shutdown()


def test_an_answer_of_the_cluster_is_that_of_this_process(cluster: Cluster) -> None:
    assert (cluster.places, executor.places()) == (2, 2)
    assert computed(os.getpid) != os.getpid()
    assert_same(computed(run_norms, ASKED), run_norms(ASKED))


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("rows", [scheme_rows, lambda asked: phase_rows(asked, {"across": "input"})])
def test_rows_of_the_cluster_are_those_of_this_process(rows: Any, cluster: Cluster) -> None:
    work = rows(ASKED)
    work.advance()
    assert sum(map(len, work.rows.values())) * work.share == pytest.approx(2.0)
    work.finish()
    there = {name: [work.piece(*piece) for piece in pieces] for name, pieces in work.rows.items()}
    MEMORY.clear()
    executor.use(None)
    assert_same({name: [work.piece(*piece) for piece in pieces] for name, pieces in work.rows.items()}, there)


@pytest.mark.usefixtures("forgotten")
def test_who_looks_at_rows_while_both_workers_have_something_to_do_is_answered_before_they_have_done_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    go, line, work = tmp_path / "go", Line(), scheme_rows(ASKED)
    with ThreadPoolExecutor(2) as others:
        try:
            busy = [others.submit(computed, held_until, go) for _ in range(2)]
            until(lambda: len(_until_busy(cluster)) == 2)
            for visitor in ("one", "another"):
                line.look_at(visitor, work, patience=0.05)
            assert not work.complete
            assert not any(one.done() for one in busy)
            go.touch()
            line.look_at("one", work, patience=60.0)
            assert work.complete
        finally:
            go.touch()
            line.close()


def test_a_question_whose_worker_is_killed_is_answered_by_another(cluster: Cluster, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as visitor:
        waits, busy = _held(visitor, cluster, tmp_path)
        os.kill(busy, signal.SIGKILL)
        assert waits.result(60) not in {busy, os.getpid()}


def test_a_question_that_kills_every_worker_it_may_is_refused_and_the_next_one_answered(
    cluster: Cluster, dask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask.scheduler, "allowed_failures", 0)
    deadly = f"__import__('os')._exit(3) if __import__('os').getpid() != {os.getpid()} else 'computed here'"
    with pytest.raises(WorkerLost, match="ended before they had an answer"):
        computed(eval, deadly)
    assert_same(computed(run_norms, ASKED), run_norms(ASKED))


def test_a_training_survives_the_death_of_each_worker_and_learns_the_same(cluster: Cluster) -> None:
    training = replace(SMALL, iterations=800)
    desk, job = Desk(), Job([training])
    desk.submit(job)
    for part in (0.1, 0.5):
        until(lambda part=part: job.share > part)  # type: ignore[misc]
        assert not job.over
        for busy in _until_busy(cluster):
            os.kill(busy, signal.SIGKILL)
    until(lambda: job.over)
    assert (job.complete, job.failure) == (True, "")
    assert job.histories[0].packed() == alone(training)


def test_as_many_trainings_go_on_at_once_as_there_are_workers(cluster: Cluster) -> None:
    desk, jobs = Desk(), [Job([replace(LONG, learning_rate=rate)]) for rate in (0.001, 0.002, 0.003)]
    for job in jobs:
        desk.submit(job)
    until(lambda: min(jobs[0].done, jobs[1].done) > 10)
    assert [desk.place_of(job) for job in jobs] == [0, 0, 2]
    for job in jobs:
        desk.leave(job)
    until(lambda: all(job.over for job in jobs))


def test_a_training_elsewhere_tells_how_far_it_is_stops_and_goes_on(cluster: Cluster) -> None:
    training = replace(SMALL, iterations=800)
    seat = Seat(Desk())
    seat.begin("page", [training])
    job = seat.jobs["page"]
    until(lambda: 0.0 < job.share < 1.0)
    assert job.seconds_left is not None
    seat.stop()
    until(lambda: job.over)
    assert 0.0 < job.share < 1.0
    seat.go_on("page")
    until(lambda: job.over)
    assert job.histories[0].packed() == alone(training)


def test_where_the_scheduler_has_gone_this_process_computes_and_says_so(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    make: Any = LocalCluster
    with make(n_workers=1, threads_per_worker=1, dashboard_address=":0") as gone, ThreadPoolExecutor(1) as visitor:
        made = Cluster(gone.scheduler_address)
        executor.use(made)
        try:
            waits, _ = _held(visitor, made, tmp_path)
            with caplog.at_level(logging.WARNING, "rnn_dynamics.executor"):
                gone.close()
                assert waits.result(60) == os.getpid()
            assert computed(os.getpid) == os.getpid()
            assert made.places == 0
            assert "Nobody is left who would compute elsewhere: held_once is computed here." in caplog.messages
        finally:
            executor.use(None)
            made.shutdown()


def test_a_question_that_no_worker_is_left_for_is_computed_here(tmp_path: Path) -> None:
    make: Any = LocalCluster
    with make(n_workers=1, threads_per_worker=1, dashboard_address=":0") as left, ThreadPoolExecutor(1) as visitor:
        made = Cluster(left.scheduler_address)
        executor.use(made)
        try:
            waits, _ = _held(visitor, made, tmp_path)
            left.scale(0)
            assert waits.result(60) == os.getpid()
            assert (made.places, executor.places()) == (0, 1)
        finally:
            executor.use(None)
            made.shutdown()


def until(holds: Callable[[], bool]) -> None:
    wait_until(holds, "the desk does not come so far", 120)


def _held(visitor: ThreadPoolExecutor, cluster: Cluster, folder: Path) -> tuple[Future[int], int]:
    """A question that is not answered before the process that is given too has ended."""
    begun = folder / "begun"
    waits = visitor.submit(computed, held_once, begun)
    wait_until(begun.exists, "nobody begins")
    (busy,) = _until_busy(cluster)
    return waits, busy


def _until_busy(cluster: Cluster) -> list[int]:
    """The processes of workers that have something to do, as soon as there are such."""
    client: Any = cluster._client
    busy: list[int] = []

    def found() -> bool:
        addresses = [address for address, tasks in client.processing().items() if tasks]
        busy[:] = client.run(os.getpid, workers=addresses).values() if addresses else []
        return bool(busy)

    wait_until(found, "nobody has anything to do")
    return busy
