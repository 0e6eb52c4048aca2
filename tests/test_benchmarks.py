"""The benchmarks: each names its rows beforehand, a run without one of them fails, and documents hold just these."""

import asyncio
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnected
from websockets.exceptions import ConnectionClosedError

from benchmarks import __main__ as several
from benchmarks import cost, engine, hall, latency, outcomes, own_network, probe, report, sweep, votes, ways
from benchmarks.report import Benchmark
from benchmarks.visitor import MOVED, HungUp, Visitor
from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.dashboard.navigation import menus
from tests.every import every
from tests.reader import running_app

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = {
    "outcomes": "docs/learning_outcomes.md",
    "hall": "docs/hall.md",
    "votes": "docs/hall.md",
    "own_network": "docs/own_network.md",
    "ways": "docs/architecture.md",
    "sweep": "docs/sweeps.md",
}
BENCHMARKS = [
    module.BENCHMARK for module in (engine, ways, probe, own_network, latency, cost, outcomes, hall, votes, sweep)
]
every_benchmark = every("benchmark", BENCHMARKS)
ROWS = (("one", "1"), ("two", "2"))
SMALL = Benchmark(name="small", head=("what", "much"), rows=("one", "two"), measure=lambda _: ROWS)


def document(benchmark: Benchmark) -> str:
    return (ROOT / DOCUMENTS.get(benchmark.name, "README.md")).read_text(encoding="utf-8")


@every_benchmark
def test_the_table_between_the_marks_has_the_rows_that_the_benchmark_makes(benchmark: Benchmark) -> None:
    lines = [line for line in report.between(document(benchmark), benchmark.name).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert cells[0] == list(benchmark.head)
    assert [row[0] for row in cells[2:]] == list(benchmark.rows)
    assert {len(row) for row in cells} == {len(benchmark.head)}


def test_every_benchmark_is_a_command_of_the_check_that_every_change_must_pass() -> None:
    modules = {
        path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py") if "__main__" in path.read_text(encoding="utf-8")
    }
    assert modules == {benchmark.name for benchmark in BENCHMARKS}
    check = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    asked = re.findall(r"^(?:nice )?python -m benchmarks (.+?) &", check, flags=re.MULTILINE)
    assert sorted(" ".join(asked).split()) == sorted(modules)


def test_one_process_runs_the_commands_of_many_benchmarks_quickly_and_ends_with_the_first_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str, list[str]]] = []

    def run_module(name: str, **_: object) -> None:
        ran.append((name, sys.argv[1:]))
        if name.endswith("cost"):
            sys.exit("cost: missing")

    monkeypatch.setattr(several, "run_module", run_module)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "engine", "cost", "probe"])
    with pytest.raises(SystemExit, match="cost: missing"):
        several.main()
    assert ran == [("benchmarks.engine", ["--quick"]), ("benchmarks.cost", ["--quick"])]


@every("rows", [[("one", "1")], [("one", "1"), ("two", "2"), ("three", "3")], []])
def test_a_row_that_is_missing_or_unknown_ends_the_command_with_an_error(rows: Iterable[tuple[str, ...]]) -> None:
    with pytest.raises(SystemExit, match="small: missing") as end:
        report.measured(replace(SMALL, measure=lambda _: rows), quick=True)
    assert end.value.code not in (0, None)


def test_a_table_is_written_between_its_marks_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- small begin -->\nold\n<!-- small end -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["small", "--write", str(file)])
    monkeypatch.setattr(report, "leave_forced_kernels", lambda: None)
    report.main(SMALL, "")
    first, *table, machine, end, last = file.read_text(encoding="utf-8").splitlines()[1:]
    assert (first, end, last) == ("<!-- small begin -->", "<!-- small end -->", "after")
    assert table == ["| what | much |", "| --- | --- |", "| one | 1 |", "| two | 2 |", ""]
    assert "Python 3." in machine
    assert "OpenBLAS kernel" in machine


@every("text", ["", "<!-- small begin -->", "<!-- small begin --><!-- small end -->" * 2])
def test_a_document_without_the_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="marks <!-- small begin -->"):
        report.written(text, "small", "table")


def test_figures_of_a_quick_run_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["small", "--quick", "--write", "README.md"])
    with pytest.raises(SystemExit):
        report.main(SMALL, "")


def test_a_kernel_that_the_environment_forces_is_left_before_anything_is_measured() -> None:
    program = """
from benchmarks import report
import os
rows = [("forced", str(sorted(set(report.FORCED_KERNELS) & set(os.environ))))]
report.main(report.Benchmark(name="x", head=("a", "b"), rows=("forced",), measure=lambda _: rows), "")
"""
    forced = os.environ | {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512"}
    done = subprocess.run(
        [sys.executable, "-c", program, "--quick"], env=forced, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "| forced | [] |" in done.stdout


def test_every_page_has_a_row_of_the_latency() -> None:
    pages = [page for menu, names in menus(LANGUAGE).items() if menu for page in names]
    assert sorted([*latency.SLIDERS, latency.TRAINED[0]]) == sorted(pages)


async def _moved(address: str, page: str) -> tuple[set[str], int]:
    """The kinds of controls that a visitor has moved, and the exceptions on the page."""
    visitor, kinds = Visitor(address, page, Random(0)), set[str]()
    async with visitor.visiting():
        for _ in range(12):
            before = dict(visitor.states)
            await visitor.press()
            answered = (one for one in visitor.controls.values() if one.proto.id in before)
            kinds |= {one.kind for one in answered if visitor.states[one.proto.id] != before[one.proto.id]}
    return kinds, visitor.faults


def test_a_visitor_of_a_hall_moves_every_kind_of_control() -> None:
    with running_app(quiet=True) as address, ThreadPoolExecutor(1) as beside:  # a browser's loop may run in this thread
        found = [beside.submit(asyncio.run, _moved(address, page)).result() for page in ("own_network", "depth")]
    kinds, faults = zip(*found, strict=True)
    assert set().union(*kinds) == set(MOVED)
    assert faults == (0, 0)


def test_who_hangs_up_is_no_fault_of_a_page_and_whatever_else_a_server_writes_is() -> None:
    said = "Error sending websocket payload\n"
    for kind in (WebSocketDisconnected, ValueError):
        try:
            raise kind("whatever")
        except (RuntimeError, ValueError):
            said += traceback.format_exc()
        assert len(hall.tracebacks(said)) == (kind is ValueError)


async def _closed() -> None:
    """What hears a connection that ends in peace."""


async def _cut_off() -> None:
    raise ConnectionClosedError(None, None)


@pytest.mark.parametrize(("ends", "error"), [(_closed, HungUp), (_cut_off, ConnectionClosedError)])
def test_a_phone_whose_connection_has_ended_waits_no_longer_for_its_vote(ends: Any, error: type[Exception]) -> None:
    async def wait() -> None:
        phone = votes.Person("http://127.0.0.1", "vote", Random(0))
        phone._hears = asyncio.create_task(ends())
        await asyncio.wait_for(phone._until(asyncio.Event()), 5)

    with ThreadPoolExecutor(1) as beside, pytest.raises(error):
        beside.submit(asyncio.run, wait()).result()


@pytest.mark.parametrize("cell", engine.MODULES)
def test_no_peer_that_answers_another_question_is_measured(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = engine.tensors_of
    monkeypatch.setattr(engine, "median_milliseconds", lambda *_, **__: pytest.fail("measured"))
    monkeypatch.setattr(engine, "tensors_of", lambda trace: {k: v * (1 + 1e-6) for k, v in right(trace).items()})
    rows = [compare for name, compare in reversed(engine.ROWS.items()) if name.startswith(cell.upper())]
    for compare in {row.func: row for row in rows}.values():  # of each kind the first and smallest
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            compare(True)
