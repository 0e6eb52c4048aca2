"""Sweeps on a cluster: workers and a scheduler that are killed, a disk that is full, and a store that vanishes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray
from distributed import Client, LocalCluster

from rnn_dynamics import Experiment
from rnn_dynamics.sweep import Progress, Sweep, SweepStopped, open_sweep, run_sweep, store
from rnn_dynamics.sweep.file import read_sweep
from tests.reader import wait_until

ROOT = Path(__file__).resolve().parent.parent
#: 20 blocks of BLOCK experiments.
ASKED = Sweep(
    Experiment(cell="lstm", hidden_size=4, input_size=2, batch_size=2, sequence_length=30),
    {"weight_scale": [0.5, 1.0, 4.0], "forget_bias": [0.0, 1.0]},
    range(100),
)
BLOCK = 30
#: The same for six times as many seeds.
LONGER = """
seeds = { from = 0, to = 599, count = 600 }
experiment = { cell = "lstm", hidden_size = 4, input_size = 2, batch_size = 2, sequence_length = 30 }
axes = { weight_scale = [0.5, 1.0, 4.0], forget_bias = [0.0, 1.0] }
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> xarray.Dataset:
    """What one process finds."""
    path = tmp_path_factory.mktemp("here") / "a.zarr"
    run_sweep(ASKED, path, block_size=BLOCK)
    return open_sweep(path).load()


@pytest.fixture(scope="module")
def cluster(own_main: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two processes on this machine."""
    folder = str(tmp_path_factory.mktemp("workers"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", local_directory=folder) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


def marks(path: Path) -> dict[str, int]:
    """When each mark of a store was written."""
    return {mark.name: mark.stat().st_mtime_ns for mark in (path / store._MARKS).glob("*.0.0")}


def test_two_workers_each_killed_once_lose_nothing_and_find_the_same_numbers(
    client: Client, here: xarray.Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "a.zarr"
    workers = list(client.run(os.getpid).values())
    due, done = {3: workers[0], 9: workers[1]}, list[dict[str, int]]()

    def kill(progress: Progress) -> None:
        if worker := due.pop(progress.done, None):
            done.append(marks(path))
            os.kill(worker, signal.SIGKILL)

    progress = run_sweep(ASKED, path, client, block_size=BLOCK, report=kill)
    assert (progress.blocks, progress.done, progress.failed, len(done)) == (20, 20, 0, 2)
    assert not set(workers) & set(client.run(os.getpid).values())
    xarray.testing.assert_identical(open_sweep(path).load(), here)
    after = marks(path)
    for before in done:  # of what was done no block is run again but those of which the client did not know yet
        assert sum(after[name] != when for name, when in before.items()) <= 4


def test_a_block_that_takes_its_worker_along_is_named_and_the_others_go_on(
    cluster: LocalCluster, client: Client, here: xarray.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    path, due = tmp_path / "a.zarr", list(client.run(os.getpid).values())[:1]

    def kill(progress: Progress) -> None:
        if progress.done == 3 and due:
            os.kill(due.pop(), signal.SIGKILL)

    progress = run_sweep(ASKED, path, client, block_size=BLOCK, report=kill)
    assert progress.failed > 0
    assert progress.done + progress.failed == 20
    assert all("which begins at weight_scale = 0.5, forget_bias = " in why for why in progress.reasons)
    assert all(": KilledWorker: " in why for why in progress.reasons)
    assert int(np.isnan(open_sweep(path).loss.values).sum()) == BLOCK * progress.failed
    assert run_sweep(ASKED, path, client).before == progress.done
    xarray.testing.assert_identical(open_sweep(path).load(), here)


def test_a_store_that_is_deleted_in_the_meantime_is_missed_in_a_sentence(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"

    def delete(progress: Progress) -> None:
        if progress.done == 3:
            shutil.move(path, tmp_path / "elsewhere")

    with pytest.raises(SweepStopped, match=rf"^{path} ") as stopped:
        run_sweep(ASKED, path, client, block_size=BLOCK, report=delete)
    assert "\n" not in str(stopped.value)
    assert len(marks(tmp_path / "elsewhere")) >= 3


def test_a_full_disk_ends_it_in_a_sentence_and_it_goes_on_when_there_is_room(
    here: xarray.Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "a.zarr"
    program = f"""
import resource, signal
from rnn_dynamics.sweep import SweepStopped, run_sweep
from tests.test_sweep_cluster import ASKED, BLOCK, marks
from pathlib import Path

def fill(progress):
    if progress.done == 3:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

try:
    run_sweep(ASKED, {str(path)!r}, block_size=BLOCK, report=fill)
except SweepStopped as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    why = "File too large; what is done is kept, and the sweep can be resumed"
    assert ended.stdout == f"{path} cannot be written: {why}\n"
    assert 3 <= len(marks(path)) < 20
    assert run_sweep(ASKED, path).done == 20
    xarray.testing.assert_identical(open_sweep(path).load(), here)


def dask_process(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "dask", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)


def listens(address: str) -> bool:
    """Whether somebody answers there."""
    host, _, port = address.removeprefix("tcp://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler with one worker, in processes of their own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    options = ["--no-dashboard", "--nthreads", "1", "--death-timeout", "180", "--local-directory", str(tmp_path)]
    with (
        dask_process("scheduler", "--host", address, "--no-dashboard") as process,
        dask_process("worker", address, *options) as worker,
    ):
        wait_until(lambda: listens(address), "the scheduler does not listen", seconds=180)
        yield address, process
        process.kill()
        worker.terminate()


def begun(file: Path, store: Path, address: str, *options: str) -> subprocess.Popen[str]:
    """The command, in a process of its own."""
    arguments = ["sweep", str(file), "--out", str(store), "--scheduler", address, *options]
    start = "import sys; from rnn_dynamics.command import main; main()"
    return subprocess.Popen([sys.executable, "-c", start, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.mark.usefixtures("own_main")
def test_a_sweep_says_that_no_worker_is_there_and_begins_with_the_first_that_comes(tmp_path: Path) -> None:
    file, path = tmp_path / "asked.toml", tmp_path / "a.zarr"
    file.write_text(LONGER.replace("599", "2").replace("600", "3"), encoding="utf-8")
    folder = str(tmp_path / "workers")
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0", local_directory=folder) as empty:
        address = empty.scheduler_address
        with begun(file, path, address) as sweep:
            assert sweep.stderr is not None
            said = sweep.stderr.readline()
            assert (
                said == f"The scheduler at {address} has no workers yet. The sweep begins with the first that comes.\n"
            )
            empty.scale(1)
            sweep.communicate(timeout=180)
    assert sweep.returncode == 0
    assert np.isfinite(open_sweep(path).loss.values).all()


def test_a_scheduler_that_is_gone_is_missed_in_a_sentence_and_another_cluster_goes_on(
    scheduler: tuple[str, subprocess.Popen[bytes]], here: xarray.Dataset, tmp_path: Path
) -> None:
    address, process = scheduler
    path = tmp_path / "a.zarr"
    file = tmp_path / "asked.toml"
    file.write_text(LONGER, encoding="utf-8")
    asked = read_sweep(file)
    run_sweep(asked, path, block_size=BLOCK, stop=lambda: True)
    with begun(file, path, address, "--resume") as sweep:
        try:
            wait_until(lambda: len(marks(path)) > 2, "no block is done", seconds=180)
            process.kill()
            _, said = sweep.communicate(timeout=180)
        finally:
            sweep.kill()
    assert sweep.returncode == 2
    why = "the scheduler does not answer any more; what is done is kept, and the sweep can be resumed"
    assert said.endswith(f"\nThe sweep has stopped: {why}.\n")
    assert "Traceback" not in said
    done = len(marks(path))
    progress = run_sweep(asked, path)
    assert 2 < done <= progress.before < progress.blocks == progress.done == 120  # the worker ends what it was at
    xarray.testing.assert_equal(open_sweep(path).isel(seed=slice(100)).load(), here)
