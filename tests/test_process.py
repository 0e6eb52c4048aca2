"""The settings of a whole process, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
        "print(json.dumps([keep_freed_memory(), before, faults()]))"
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
