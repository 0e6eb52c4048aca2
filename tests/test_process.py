"""The settings of a whole process, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest

from rnn_dynamics import process
from tests.every import every
from tests.reader import wait_until

ROOT = Path(__file__).resolve().parent.parent

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has this setting")


def printed_by(script: str) -> Any:
    """What a script prints as JSON, run beside the library in a new interpreter."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.stderr == ""
    return json.loads(done.stdout)


@linux_only
def test_one_core_holds_for_the_threads_that_run_and_for_those_to_come() -> None:
    cores = printed_by(
        "import json, os, threading\n"
        "from rnn_dynamics.process import use_one_core\n"
        "seen, told = [], threading.Event()\n"
        "def look(): told.wait(); seen.append(sorted(os.sched_getaffinity(0)))\n"
        "before = threading.Thread(target=look); before.start()\n"
        "done = use_one_core(); told.set()\n"
        "after = threading.Thread(target=look); after.start()\n"
        "before.join(); after.join()\n"
        "print(json.dumps([done, sorted(os.sched_getaffinity(0)), *seen]))"
    )
    done, *of_threads = cores
    assert done is True
    assert of_threads[0] in [[core] for core in os.sched_getaffinity(0)]  # one, of those that it may use
    assert of_threads == [of_threads[0]] * 3


def test_matrix_products_run_on_one_thread() -> None:
    threads = printed_by(
        "import json\n"
        "import numpy\n"
        "from threadpoolctl import threadpool_info\n"
        "from rnn_dynamics.process import use_one_thread\n"
        "use_one_thread()\n"
        "print(json.dumps([pool['num_threads'] for pool in threadpool_info() if pool['user_api'] == 'blas']))"
    )
    assert threads
    assert set(threads) == {1}


@linux_only
def test_freed_memory_is_used_again_instead_of_returned() -> None:
    kept, before, after = printed_by(
        "import json, resource\n"
        "import numpy\n"
        "from rnn_dynamics.process import keep_freed_memory\n"
        "def faults():\n"
        "    start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "    for _ in range(50): numpy.ones(1 << 20)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start\n"
        "before = faults()\n"
        "kept = keep_freed_memory(); faults()\n"  # the first array after it is the one that is kept
        "print(json.dumps([kept, before, faults()]))"
    )
    if not kept:
        pytest.skip("this C library has no such setting")
    assert after < before / 10


@linux_only
def test_what_some_threads_have_freed_serves_the_next_and_goes_back_at_a_word() -> None:
    script = (
        "import json, psutil, threading\n"
        "from rnn_dynamics import process\n"
        "def held(): return psutil.Process().memory_info().rss / 2**20\n"
        "def work(pieces, others):\n"
        "    kept = [b'x' * 30_000 for _ in range(pieces)]\n"
        "    others.wait()\n"
        "def at_once(count, pieces):\n"
        "    others = threading.Barrier(count)\n"
        "    threads = [threading.Thread(target=work, args=(pieces, others)) for _ in range(count)]\n"
        "    for one in threads: one.start()\n"
        "    for one in threads: one.join()\n"
        "    return held()\n"
        "kept = process.keep_freed_memory(1 << 30) and SHARED\n"
        "several = at_once(6, 700)\n"  # 20 MB each
        "one = at_once(1, 4_000)\n"  # as much
        "process.return_freed_memory()\n"
        "print(json.dumps([kept, one - several, one - held()]))"
    )
    kept, grown, returned = printed_by(script.replace("SHARED", "process.share_one_heap()"))
    if not kept:
        pytest.skip("this C library has no such setting")
    _, grown_apart, _ = printed_by(script.replace("SHARED", "True"))
    assert grown < 0.3 * grown_apart
    assert returned > 80.0


@linux_only
def test_what_is_free_at_the_end_of_a_heap_of_a_thread_goes_back_too() -> None:
    script = (
        "import json, psutil, threading\n"
        "from rnn_dynamics import process\n"
        "def held(): return psutil.Process().memory_info().rss / 2**20\n"
        "kept, others = process.keep_freed_memory(1 << 26), threading.Barrier(4)\n"
        "def work():\n"
        "    taken = bytearray(30_000_000)\n"  # each in a heap of its own, at its end
        "    del taken\n"
        "    others.wait()\n"
        "    others.wait()\n"
        "threads = [threading.Thread(target=work) for _ in range(3)]\n"
        "before = held()\n"
        "for one in threads: one.start()\n"
        "others.wait()\n"
        "process.share_one_heap()\n"
        "process.return_freed_memory()\n"
        "freed = held()\n"
        "process.shorten_heaps()\n"
        "shortened = held()\n"
        "others.wait()\n"
        "print(json.dumps([kept, freed - before, shortened - before]))"
    )
    kept, freed, shortened = printed_by(script)
    if not kept:
        pytest.skip("this C library has no such setting")
    assert freed > 60.0
    assert shortened < 20.0


@linux_only
def test_less_may_stay_free_at_the_end_of_a_heap_than_a_large_array_takes() -> None:
    script = (
        "import json, psutil\n"
        "from rnn_dynamics import process\n"
        "def held(): return psutil.Process().memory_info().rss / 2**20\n"
        "def left(**said):\n"
        "    kept, before = process.keep_freed_memory(1 << 26, **said), held()\n"
        "    pieces = [b'x' * 30_000 for _ in range(1_000)]\n"
        "    del pieces\n"
        "    return kept, held() - before\n"
        "print(json.dumps([*left(at_ends=1 << 20), left()[1]]))"
    )
    kept, few, all_of_it = printed_by(script)
    if not kept:
        pytest.skip("this C library has no such setting")
    assert few < 5.0
    assert all_of_it > 20.0


def test_freed_memory_is_given_back_once_for_each_few_seconds_of_work_and_never_to_who_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked, given, ends = [0.0], list[float](), Event()
    monkeypatch.setattr(process, "_LOOK", 0.001)
    monkeypatch.setattr(process, "process_time", lambda: worked[0])
    monkeypatch.setattr(process, "return_freed_memory", lambda: given.append(worked[0]))
    monkeypatch.setattr(process, "shorten_heaps", lambda _: given.append(-worked[0]))
    tidies = Thread(target=process._tidy, args=(ends,))
    tidies.start()
    for now in (0.0, 10.0, 20.0):
        worked[0] = now
        wait_until(lambda now=now: -now in (0.0, *given), "what was freed is kept")  # type: ignore[misc]
        sleep(0.05)
    ends.set()
    tidies.join(60.0)
    assert given == [10.0, -10.0, 20.0, -20.0]


@every("told", ["many", "", "0", "-3", "2.5", "1e3", "1" + 80 * "x"])
def test_a_variable_that_tells_no_number_from_1_ends_the_process_with_one_sentence(
    told: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def end(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setenv("SO_MANY", told)
    monkeypatch.setattr("os._exit", end)
    with pytest.raises(SystemExit, match="2"):
        process.number_told("SO_MANY", 5)
    (said,) = capfd.readouterr().err.splitlines()
    assert said == f"SO_MANY = {told!r:.60} is not a whole number from 1 upwards"


def test_a_variable_tells_a_number_and_where_it_is_not_set_the_usual_one_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert process.number_told("SO_MANY", 5) == 5
    monkeypatch.setenv("SO_MANY", "7")
    assert process.number_told("SO_MANY", 5) == 7
