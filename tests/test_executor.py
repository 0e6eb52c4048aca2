"""Answers that other processes compute: the same as here, whatever becomes of those processes."""

import logging
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from rnn_dynamics import Experiment, executor, pictures
from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.engine.cliff import Descent, descend_side_by_side
from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.executor import WorkerLost, computed, computed_beside, together, worked
from rnn_dynamics.executor.workers import Workers, cores
from rnn_dynamics.line import Line
from rnn_dynamics.pictures.initialisation.answer import scheme_rows
from rnn_dynamics.remembered import COMPUTING, MEMORY
from tests.background import told
from tests.elsewhere import held_once, met, working
from tests.every import every
from tests.reader import wait_until
from tests.same import assert_same
from tests.test_once import asked

ROOT = Path(__file__).resolve().parent.parent
SMALL = Experiment(cell="lstm", sequence_length=20, hidden_size=6)
#: No neighbours.
NOBODY = np.empty((0, 2))
#: Pictures whose answers are times of this process.
TIMED = {"cost"}
#: Pictures whose networks others compute; the other pictures train, or ask torch, or compute what is soon done.
DEAR = {
    "additive_path",
    "cliff",
    "curse_of_memory",
    "depth",
    "family_tree",
    "initialisation",
    "jacobians",
    "losses",
    "phase_diagram",
    "shapes",
}
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others do not tell where a process runs")


class Counted(Workers):
    """Workers that note what they are asked."""

    asked = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture(scope="module")
def pool() -> Iterator[Counted]:
    made = Counted(2)
    yield made
    made.shutdown()


@pytest.fixture
def workers(pool: Counted) -> Iterator[Counted]:
    """Two of them, who compute what is asked."""
    pool.asked = 0
    executor.use(pool)
    yield pool
    executor.use(None)


def pid() -> int:
    """Of the worker that is asked next."""
    return computed(os.getpid)


@pytest.mark.usefixtures("forgotten")
@every("name", [name for name in pictures.NAMES if name not in TIMED])
def test_each_pictures_answer_is_the_same_to_the_bit_wherever_it_is_computed(name: str, pool: Counted) -> None:
    one, (experiment, views), before = pictures.picture(name), asked(name), pool.asked
    here, drawn = one.answer(experiment, views), one.drawn(experiment, views, LANGUAGE)
    MEMORY.clear()
    executor.use(pool)
    try:
        there = one.answer(experiment, views)
        assert one.drawn(experiment, views, LANGUAGE) == drawn
    finally:
        executor.use(None)
    assert_same(here, there)
    assert (pool.asked > before) == (name in DEAR)


def test_what_a_function_refuses_it_refuses_in_the_same_words(workers: Counted) -> None:
    grows = Experiment(cell="rnn", nonlinearity="relu", weight_scale=5.0, sequence_length=1000, hidden_size=64)
    with pytest.raises(ValueError, match="grow beyond") as there:
        computed(run_norms, grows)
    executor.use(None)
    with pytest.raises(ValueError, match="grow beyond") as here:
        computed(run_norms, grows)
    assert str(here.value) == str(there.value)


def roots(asked: Sequence[int]) -> list[float]:
    """Of each number its square root."""
    ASKED.append(sorted(asked))
    return [math.sqrt(one) for one in asked]


#: What `roots` was asked, each time.
ASKED: list[list[int]] = []


def test_questions_that_wait_for_their_turn_are_asked_in_one_go_and_each_has_its_own_answer() -> None:
    ASKED.clear()
    with ThreadPoolExecutor(11) as visitors:
        with COMPUTING:  # somebody else's turn
            waits = {number: visitors.submit(computed_beside, roots, number) for number in range(11)}
            wait_until(lambda: len(executor._WAITING[roots, None]) == len(waits), "they do not wait")
        assert {number: one.result(60) for number, one in waits.items()} == {n: math.sqrt(n) for n in waits}
    assert [len(of) for of in ASKED] == [8, 3]
    assert sorted(chain(*ASKED)) == [*waits]
    assert not executor._WAITING


def test_only_questions_of_a_kind_are_asked_in_one_go() -> None:
    ASKED.clear()
    with ThreadPoolExecutor(6) as visitors:
        with COMPUTING:
            waits = [visitors.submit(computed_beside, roots, number, number % 2) for number in range(6)]
            wait_until(lambda: sum(map(len, executor._WAITING.values())) == len(waits), "they do not wait")
        assert [one.result(60) for one in waits] == [math.sqrt(number) for number in range(6)]
    assert sorted(ASKED) == [[0, 2, 4], [1, 3, 5]]
    assert not executor._WAITING


def test_what_a_go_refuses_is_heard_and_the_next_one_is_answered() -> None:
    with ThreadPoolExecutor(2) as visitors:
        with COMPUTING:
            waits = [visitors.submit(computed_beside, roots, -number) for number in (1, 4)]
            wait_until(lambda: len(executor._WAITING[roots, None]) == len(waits), "they do not wait")
        for one in waits:
            with pytest.raises(ValueError, match="math domain error"):
                one.result(60)
    assert computed_beside(roots, 9) == 3.0


def test_a_worker_is_asked_one_question_at_a_time(workers: Counted) -> None:
    here = [(one := Descent(w=4.9, b=-2.65, learning_rate=0.1, steps=5)), replace(one, b=-2.6)]
    assert_same(
        [computed_beside(descend_side_by_side, ([one], NOBODY)) for one in here],
        descend_side_by_side([([one], NOBODY) for one in here]),
    )
    assert workers.asked == 2


def test_a_worker_that_rested_when_it_was_killed_is_replaced(workers: Counted) -> None:
    os.kill(first := pid(), signal.SIGKILL)
    assert_same(computed(run_norms, SMALL), run_norms(SMALL))
    assert pid() != first


def test_a_question_whose_worker_is_killed_meanwhile_is_asked_again(
    workers: Counted, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with ThreadPoolExecutor(1) as visitor, caplog.at_level(logging.WARNING):
        lost = pid()
        waits = visitor.submit(computed, held_once, begun)
        wait_until(begun.exists, "it does not begin")
        os.kill(lost, signal.SIGKILL)
        assert waits.result(60) not in {lost, os.getpid()}
    assert caplog.messages == ["A worker process was lost; another one is asked the same."]


def test_a_question_of_which_two_workers_die_is_refused_and_the_next_one_answered(workers: Counted) -> None:
    with pytest.raises(WorkerLost, match="Two processes"):
        computed(os._exit, 3)
    assert_same(computed(run_norms, SMALL), run_norms(SMALL))


def test_there_is_a_second_worker_only_where_the_first_has_something_to_do(tmp_path: Path) -> None:
    with Workers(2) as made:
        executor.use(made)
        try:
            assert len({pid() for _ in range(5)}) == 1
            both = together([lambda: computed(met, tmp_path)] * 2)
            assert len({*both}) == 2
        finally:
            executor.use(None)
    assert not any(psutil.pid_exists(one) for one in both)


def test_a_worker_has_loaded_numpy_and_nothing_of_the_pages(workers: Counted) -> None:
    computed(run_norms, SMALL)
    loaded = computed(eval, "{name.split('.')[0] for name in __import__('sys').modules}")
    assert "numpy" in loaded
    assert not loaded & {"streamlit", "torch", "altair", "pandas", "pyarrow", "pytest"}


def test_what_a_function_prints_is_not_taken_for_an_answer(workers: Counted) -> None:
    assert computed(eval, "print('{}') or 7") == 7
    assert pid() == pid()


def test_an_interrupt_of_the_terminal_leaves_the_end_to_who_asks(workers: Counted) -> None:
    os.kill(first := pid(), signal.SIGINT)
    assert pid() == first


def test_what_others_work_counts_for_who_has_asked(workers: Counted) -> None:
    before = worked()
    computed(working, 0.05)
    assert worked() - before >= 0.05
    together([lambda: computed(working, 0.05)] * 2)
    assert worked() - before >= 0.15


@linux_only
def test_workers_run_where_the_server_does_not() -> None:
    allowed, one = cores(), {min(cores())}
    if len(allowed) < 2:
        pytest.skip("this machine has one core")
    with Workers(1) as made:
        os.sched_setaffinity(0, one)  # as `use_one_core` does
        executor.use(made)
        try:
            assert computed(os.sched_getaffinity, 0) == allowed - one
        finally:
            executor.use(None)
            os.sched_setaffinity(0, allowed)


#: Asks a worker, prints which one, and waits.
ASKS = """
import os, sys, time
from rnn_dynamics import executor
from rnn_dynamics.executor.workers import Workers
executor.use(Workers(1))
print(executor.computed(os.getpid), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_server_however_it_ends(how: signal.Signals) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", ASKS], cwd=ROOT, stdout=pipe, stderr=pipe) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        worker = int(server.stdout.readline())
        assert psutil.pid_exists(worker)
        server.send_signal(how)
        assert not server.stderr.read()
    wait_until(lambda: not psutil.pid_exists(worker), "the worker goes on")


@pytest.mark.usefixtures("forgotten")
def test_rows_come_as_many_at_once_as_there_are_workers(workers: Counted) -> None:
    work = scheme_rows(SMALL)
    work.advance()
    assert sum(map(len, work.rows.values())) * work.share == pytest.approx(2.0)
    work.advance()
    assert workers.asked == 4


@pytest.mark.usefixtures("forgotten")
def test_nothing_more_is_computed_for_who_has_moved_on(workers: Counted) -> None:
    line, left, wanted = Line(), scheme_rows(SMALL), scheme_rows(replace(SMALL, sequence_length=21))
    try:
        line.look_at("me", left)
        line.look_at("me", wanted, patience=60.0)
        assert wanted.complete
        wait_until(lambda: not line.busy, "it does not rest")
        assert left.share < 0.5
    finally:
        line.close()


def test_where_nothing_is_told_the_thread_that_asks_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (executor.WORKERS, executor.SCHEDULER):
        monkeypatch.delenv(variable, raising=False)
    assert told() is None
    monkeypatch.setenv(executor.WORKERS, "0")
    assert told() is None
    monkeypatch.setenv(executor.WORKERS, "3")
    assert (made := told()) is not None
    assert (made.places, made.trains) == (3, False)


@pytest.mark.parametrize(("waited", "rests"), [(0.0, 0.01), (0.05, 0.11), (9.0, 0.26)])
def test_what_had_to_wait_for_others_makes_way_for_twice_as_long_and_a_quarter_of_a_second_at_most(
    waited: float, rests: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, done = iter([10.0, 10.3 + waited]), iter([1.0, 1.3])
    slept: list[float] = []
    monkeypatch.setattr(executor, "monotonic", lambda: next(clock))
    monkeypatch.setattr(executor, "worked", lambda: next(done))
    monkeypatch.setattr(executor, "sleep", slept.append)
    executor.make_way(lambda: None, 0.01)
    assert slept == [pytest.approx(rests)]
