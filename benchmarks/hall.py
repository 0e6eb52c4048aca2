"""A hall: many visitors at once, each of whom moves a random control, thinks, and moves the next.

    python -m benchmarks.hall [--write docs/hall.md]    300 visitors of each page, on a server of its own
    python -m benchmarks.hall --quick                   60 of all pages on one server; fails where one is lost
    python -m benchmarks.hall PAGE ... --sessions 300 --presses 5 --think 10
    python -m benchmarks.hall --soak 10000              so many presses over all pages on one server, and its memory

A visitor speaks Streamlit's own protocol as a browser does: a websocket, one message for each moved control with the
state of all of them, and parts of an answer that the browser already has. The times are from a message to the end of
the run that answers it, so what the browser then draws is not in them. Nobody presses before all are there.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import streamlit  # noqa: F401 - which its messages need
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.pressing import started
from benchmarks.report import Benchmark, leave_forced_kernels, line, main
from rnn_dynamics.dashboard.navigation import menus

ROOT = Path(__file__).resolve().parent.parent
HOME, *OTHERS = (page for pages in menus("en").values() for page in pages)
PAGES = (HOME, *OTHERS)
#: Seconds after which an answer counts as lost, and by which visitors arrive after each other.
LOST, APART = 60.0, 0.03
#: Elements with several values, which a visitor moves; of others only the state is sent.
MOVED = ("slider", "button_group")


@dataclass
class Control:
    """A control that is on the page: its message, the fragment and the run that have shown it last."""

    proto: Any
    fragment: str
    run: str

    @property
    def values(self) -> list[str]:
        """What it offers."""
        options = self.proto.options
        return [getattr(option, "content", option) for option in options]

    @property
    def opening(self) -> list[str]:
        """The value that the server gives it."""
        if self.proto.set_value:
            return list(self.proto.raw_value if hasattr(self.proto, "raw_value") else self.proto.raw_values)
        return [self.values[int(place)] for place in self.proto.default]


@dataclass
class Visitor:
    """A browser's tab without the browser. `cached`: what it keeps of answers, by their hash, and since which run."""

    origin: str
    page: str
    dice: random.Random
    controls: dict[tuple[int, ...], Control] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    cached: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    faults: int = 0

    _socket: ClientConnection | None = None
    _script: str = ""
    _query: str = ""
    _run: str = ""
    _runs: int = 0
    _asked: tuple[float, str, asyncio.Future[None]] | None = None
    _obeyed: bool = False
    _again: dict[str, tuple[float, asyncio.Task[None]]] = field(default_factory=dict)

    @asynccontextmanager
    async def visiting(self) -> AsyncIterator[float]:
        """Connect, and open the page; the seconds until it is complete."""
        address = self.origin.replace("http", "ws", 1) + "/_stcore/stream"
        names: dict[str, Any] = {"origin": Origin(self.origin), "subprotocols": [Subprotocol("streamlit")]}
        async with connect(address, **names, max_size=None, proxy=None) as socket:
            self._socket = socket
            hears = asyncio.create_task(self._hear(socket))
            try:
                yield await self._answered("")
            finally:
                hears.cancel()
                self._stop(list(self._again))

    async def press(self) -> float:
        """Move a control to another value; seconds until the answer is complete."""
        movable = [one for one in self.controls.values() if not one.proto.disabled and len(one.values) > 1]
        control = self.dice.choice(movable)
        now = self.states[control.proto.id]
        self.states[control.proto.id] = [self.dice.choice([value for value in control.values if [value] != now])]
        return await self._answered(control.fragment)

    async def _answered(self, fragment: str) -> float:
        began, done = time.perf_counter(), asyncio.get_running_loop().create_future()
        self._asked, self._obeyed = (began, fragment, done), False
        await self._ask(fragment)
        await asyncio.wait_for(done, LOST)
        return time.perf_counter() - began

    async def _ask(self, fragment: str, by_itself: bool = False) -> None:
        message = BackMsg()
        asks = message.rerun_script
        asks.widget_states.SetInParent()
        for key, value in self.states.items():
            asks.widget_states.widgets.append(_state(key, value))
        asks.query_string, asks.fragment_id, asks.is_auto_rerun = self._query, fragment, by_itself
        asks.page_script_hash, asks.page_name = self._script, "" if self._script else self.page
        asks.cached_message_hashes.extend(self.cached)
        asks.context_info.url, asks.context_info.color_scheme = f"{self.origin}/{self.page}?{self._query}", "light"
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())

    async def _hear(self, socket: ClientConnection) -> None:
        try:
            async for raw in socket:
                assert isinstance(raw, bytes)
                self._take(raw)
        finally:
            if self._asked and not self._asked[2].done():
                self._asked[2].set_exception(ConnectionError("the server has hung up"))

    def _take(self, raw: bytes) -> None:
        message = ForwardMsg.FromString(raw)
        if message.WhichOneof("type") == "ref_hash":
            raw, _ = self.cached[message.ref_hash]
            kept = ForwardMsg.FromString(raw)
            kept.metadata.CopyFrom(message.metadata)
            message.CopyFrom(kept)
        if message.metadata.cacheable and message.hash:
            self.cached[message.hash] = raw, self._runs
        take = getattr(self, f"_take_{message.WhichOneof('type')}", None)
        if take:
            take(message)

    def _take_new_session(self, message: ForwardMsg) -> None:
        self._run, fragments = message.metadata.run.script_run_id, message.metadata.run.fragment_ids
        # Of a run that obeys, a busy server may not tell the end, once another has begun.
        self._obeyed |= self._asked is not None and (not fragments or self._asked[1] in fragments)
        if not fragments:
            self._script = message.new_session.page_script_hash
            self._stop(list(self._again))

    def _take_navigation(self, message: ForwardMsg) -> None:
        self._script = message.navigation.page_script_hash or self._script

    def _take_page_info_changed(self, message: ForwardMsg) -> None:
        self._query = message.page_info_changed.query_string

    def _take_auto_rerun(self, message: ForwardMsg) -> None:
        fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval

        async def ask() -> None:
            while True:
                await asyncio.sleep(interval)
                await self._ask(fragment, by_itself=True)

        if fragment not in self._again or self._again[fragment][0] != interval:
            self._stop([fragment])
            self._again[fragment] = interval, asyncio.create_task(ask())

    def _take_stop_auto_rerun(self, message: ForwardMsg) -> None:
        self._stop(message.stop_auto_rerun.fragment_ids)

    def _stop(self, fragments: Sequence[str]) -> None:
        for fragment in fragments:
            if fragment in self._again:
                self._again.pop(fragment)[1].cancel()

    def _take_delta(self, message: ForwardMsg) -> None:
        if message.delta.WhichOneof("type") != "new_element":
            return
        element, place = message.delta.new_element, tuple(message.metadata.delta_path)
        kind = element.WhichOneof("type")
        self.controls.pop(place, None)
        self.faults += kind == "exception" and not element.exception.is_warning
        if kind in MOVED:
            control = Control(getattr(element, kind), message.delta.fragment_id, self._run)
            self.controls[place] = control
            if control.proto.set_value or control.proto.id not in self.states:
                self.states[control.proto.id] = control.opening

    def _take_script_finished(self, message: ForwardMsg) -> None:
        run, fragments = message.metadata.run.script_run_id, [*message.metadata.run.fragment_ids]
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        self._runs += 1
        self.controls = {
            place: one
            for place, one in self.controls.items()
            if one.run == run or (fragments and one.fragment not in fragments)
        }
        self.states = {one.proto.id: self.states[one.proto.id] for one in self.controls.values()}
        self.cached = {key: kept for key, kept in self.cached.items() if self._runs - kept[1] <= 2}
        if self._asked and self._obeyed and not self._asked[2].done():
            self._asked[2].set_result(None)


def _state(key: str, value: list[str]) -> WidgetState:
    state = WidgetState(id=key)
    state.string_array_value.data.extend(value)
    return state


# --- a hall -----------------------------------------------------------------------------------------------------------


@dataclass
class Hall:
    """What came of a page's visitors.

    opened, seconds: to open the page, and to answer each press. answered: visitors who had all of their answers.
    faults: exceptions on the page.
    """

    visitors: int = 0
    opened: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    answered: int = 0
    faults: int = 0


@dataclass
class Server:
    """A server's process, of which the most memory is kept, in MB, and that when the last page was opened."""

    process: psutil.Process
    opened: float = 0.0
    peak: float = 0.0

    async def watched(self) -> None:
        """Look at its memory, again and again."""
        while True:
            with suppress(psutil.Error):
                self.peak = max(self.peak, self.memory)
            await asyncio.sleep(0.5)

    @property
    def memory(self) -> float:
        """What it takes now."""
        return float(self.process.memory_info().rss / 2**20)

    async def begins(self, all_there: asyncio.Barrier) -> float:
        """The processor's seconds at the time when all visitors are there."""
        with suppress(asyncio.BrokenBarrierError):
            await all_there.wait()
        return self.seconds

    @property
    def seconds(self) -> float:
        """Of the processor, so far."""
        return float(sum(self.process.cpu_times()[:2]))


@dataclass(frozen=True)
class Manner:
    """How a hall behaves: how many visitors, how often each presses, after how many seconds on average."""

    sessions: int = 300
    presses: int = 5
    think: float = 3.0


#: Of a quick round: all of these visitors on one server.
QUICK = Manner(60, 3)


async def visit(visitor: Visitor, manner: Manner, hall: Hall, after: float, all_there: asyncio.Barrier) -> None:
    """One visitor, who begins to press when all are there."""
    await asyncio.sleep(after)
    hall.visitors, there = hall.visitors + 1, False
    with suppress(OSError, TimeoutError, WebSocketException):  # who then is not among those that were answered
        async with visitor.visiting() as opened:
            hall.opened.append(opened)
            there = True
            with suppress(asyncio.BrokenBarrierError):  # where somebody does not come, the others do not wait
                await all_there.wait()
            await asyncio.sleep(manner.think * visitor.dice.random())
            for _ in range(manner.presses):
                hall.seconds.append(await visitor.press())
                await asyncio.sleep(manner.think * visitor.dice.uniform(0.5, 1.5))
            hall.answered += 1
    hall.faults += visitor.faults
    if not there:
        await all_there.abort()


async def filled(origin: str, server: Server, pages: Sequence[str], manner: Manner) -> tuple[dict[str, Hall], float]:
    """Visitors of these pages, in turn, on a server that has seen each page once; and the processor's seconds."""
    for page in pages:
        async with Visitor(origin, path(page), random.Random(0)).visiting():
            server.opened = server.memory
    halls = {page: Hall() for page in pages}
    visits, all_there = [], asyncio.Barrier(manner.sessions + 1)
    watch, before = asyncio.create_task(server.watched()), asyncio.create_task(server.begins(all_there))
    for number in range(manner.sessions):
        page = pages[number % len(pages)]
        visitor = Visitor(origin, path(page), random.Random(number))
        visits.append(visit(visitor, manner, halls[page], APART * number, all_there))
    await asyncio.gather(*visits)
    watch.cancel()
    return halls, server.seconds - await before


def path(page: str) -> str:
    """The end of a page's address."""
    return "" if page == HOME else page


def rows(pages: Sequence[str], manner: Manner) -> Iterator[tuple[str, ...]]:
    """Halls of these pages on one server, and a row for each.

    Raises:
        SystemExit: the server has written a traceback.
    """
    with tempfile.TemporaryFile() as log:
        with started(ROOT / "streamlit_app.py", "-m", "streamlit", log=log) as (origin, process):
            server = Server(psutil.Process(process))
            halls, seconds = asyncio.run(filled(origin, server, pages, manner))
            if len(pages) > 1:
                memory = f"{server.opened:,.0f} MB when each page was opened, {server.memory:,.0f} MB at the end"
                print(memory, file=sys.stderr)
        log.seek(0)
        said = log.read().decode(errors="replace")
    each = 1e3 * seconds / max(1, sum(len(hall.seconds) for hall in halls.values()))
    for page, hall in halls.items():
        waited = (shown(hall.opened, 0.95), shown(hall.seconds, 0.5), shown(hall.seconds, 0.95))
        yield page, f"{hall.answered} of {hall.visitors}", *waited, f"{server.peak:,.0f} MB", f"{each:.1f} ms"
    if tracebacks(said) or any(hall.faults for hall in halls.values()):
        sys.exit(f"hall: an exception on {', '.join(pages)}\n{said[-4000:]}")


def tracebacks(said: str) -> list[str]:
    """Those in a server's log, but for what Streamlit writes where a visitor hangs up while it sends them something."""
    found = said.split("Traceback (most recent call last)")[1:]
    return [one for one in found if "starlette.websockets.WebSocketDisconnected" not in one]


def shown(seconds: Sequence[float], share: float) -> str:
    """What a share of all were not longer than, in milliseconds."""
    found = sorted(seconds)
    return f"{1e3 * found[min(int(share * len(found)), len(found) - 1)]:,.0f} ms" if found else "–"


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """A row for each page; a quick round ends the command where a visitor was lost."""
    if not quick:
        for page in PAGES:
            yield from rows([page], Manner())
        return
    for row in rows(PAGES, QUICK):
        yield row
        answered, of = row[1].split(" of ")
        if answered != of:
            sys.exit(f"hall: {answered} of {of} visitors of {row[0]} had all of their answers")


BENCHMARK = Benchmark(
    name="hall",
    head=("page", "answered", "open, p95", "press, p50", "press, p95", "peak memory", "CPU a press"),
    rows=PAGES,
    measure=measure,
    used=("numpy", "streamlit"),
)


def asked() -> None:
    """Fill the halls that the command names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", metavar="PAGE")
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--presses", type=int, default=5)
    parser.add_argument("--think", type=float, default=3.0)
    parser.add_argument("--soak", type=int, metavar="PRESSES")
    given = parser.parse_args()
    if unknown := [page for page in given.pages if page not in PAGES]:
        parser.error(f"there is no page {', '.join(unknown)}; there are {', '.join(PAGES)}")
    leave_forced_kernels()
    print(line(BENCHMARK.head))
    if given.soak:
        halls, manner = [PAGES], Manner(60, -(-given.soak // 60), 0.2)
    else:
        halls, manner = [(page,) for page in given.pages or PAGES], Manner(given.sessions, given.presses, given.think)
    for pages in halls:
        for row in rows(pages, manner):
            print(line(row), flush=True)


if __name__ == "__main__":
    if {"--quick", "--write"} & {*sys.argv} or len(sys.argv) == 1:
        main(BENCHMARK, __doc__)
    else:
        asked()
