"""A hall: many visitors at once, each of whom moves a random control, thinks, and moves the next.

    python -m benchmarks.hall [--write docs/hall.md]    300 visitors of each page, on a server of its own
    python -m benchmarks.hall --quick                   60 of all pages on one server; fails where one is lost
    python -m benchmarks.hall PAGE ... --sessions 300 --presses 5 --think 10
    python -m benchmarks.hall --soak 10000              so many presses over all pages on one server, and its memory
    python -m benchmarks.hall --servers 1 2             300 visitors for each server, behind nginx
    python -m benchmarks.hall --servers 3 --sessions 200 --kill        and one of the servers is killed meanwhile

A visitor speaks Streamlit's own protocol as a browser does: a websocket, one message for each moved control with the
state of all of them, and parts of an answer that the browser already has. The times are from a message to the end of
the run that answers it, so what the browser then draws is not in them. Nobody presses before all are there.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from time import process_time
from typing import IO, Any
from urllib.parse import parse_qsl, urlencode

import psutil
import streamlit  # noqa: F401 - which its messages need
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.pressing import started
from benchmarks.proxy import behind
from benchmarks.report import Benchmark, leave_forced_kernels, line, main
from rnn_dynamics.dashboard.navigation import menus

ROOT = Path(__file__).resolve().parent.parent
HOME, *OTHERS = (page for pages in menus("en").values() for page in pages)
PAGES = (HOME, *OTHERS)
#: Seconds after which an answer counts as lost, and by which visitors arrive after each other.
LOST, APART = 60.0, 0.03
#: Elements with several values, which a visitor moves; of others only the state is sent.
MOVED = ("slider", "button_group", "selectbox")


class HungUp(ConnectionError):  # noqa: N818  # what it has
    """The server has."""


#: What a visitor meets whose server ends.
LEFT_ALONE = (HungUp, ConnectionClosed)


@dataclass
class Control:
    """A control that is on the page: its message, which of MOVED it is, the fragment and the run that have shown it."""

    proto: Any
    kind: str
    fragment: str
    run: str

    @property
    def values(self) -> list[str]:
        """What it offers."""
        options = self.proto.options
        return [getattr(option, "content", option) for option in options]

    @property
    def opening(self) -> WidgetState:
        """The state that the server gives it."""
        if self.proto.set_value:
            return self.state(self.proto.raw_values if self.kind == "button_group" else self.proto.raw_value)
        if self.kind == "selectbox":
            return self.state(self.values[self.proto.default])
        return self.state([self.values[int(place)] for place in self.proto.default])

    def state(self, value: Any) -> WidgetState:
        """That of a value: of a list to choose from a text, of the others a list of texts."""
        state = WidgetState(id=self.proto.id)
        if self.kind == "selectbox":
            state.string_value = value
        else:
            state.string_array_value.data.extend(value)
        return state

    def at(self, value: str) -> WidgetState:
        """The state into which a visitor brings it."""
        return self.state(value if self.kind == "selectbox" else [value])


@dataclass
class Visitor:
    """A browser's tab without the browser.

    cached: what it keeps of answers, by their hash, and since which run. pictures: by their places.
    """

    origin: str
    page: str
    dice: random.Random
    controls: dict[tuple[int, ...], Control] = field(default_factory=dict)
    states: dict[str, WidgetState] = field(default_factory=dict)
    cached: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    pictures: dict[tuple[int, ...], bytes] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    faults: int = 0
    pressed: int = 0

    _socket: ClientConnection | None = None
    _hears: asyncio.Task[None] | None = None
    _script: str = ""
    _query: str = ""
    _run: str = ""
    _runs: int = 0
    _asked: tuple[float, str, asyncio.Future[None]] | None = None
    _obeyed: bool = False
    _again: dict[str, tuple[float, asyncio.Task[None]]] = field(default_factory=dict)

    @asynccontextmanager
    async def visiting(self) -> AsyncIterator[float]:
        """Connect, and open the page, or again with what stands in it; the seconds until it is complete."""
        address = self.origin.replace("http", "ws", 1) + "/_stcore/stream"
        names: dict[str, Any] = {"origin": Origin(self.origin), "subprotocols": [Subprotocol("streamlit")]}
        names["additional_headers"] = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        async with connect(address, **names, max_size=None, proxy=None, open_timeout=LOST) as socket:
            assert socket.response is not None
            for cookie in map(SimpleCookie, socket.response.headers.get_all("Set-Cookie")):
                self.cookies |= {name: morsel.value for name, morsel in cookie.items()}
            self._socket, self.pictures = socket, {}
            self._hears = asyncio.create_task(self._hear(socket))
            try:
                yield await self._answered("")
            finally:
                self._hears.cancel()
                self._stop(list(self._again))

    async def think(self, seconds: float) -> None:
        """Do nothing, while the server is there.

        Raises:
            HungUp: it is not.
        """
        assert self._hears is not None
        if (await asyncio.wait({self._hears}, timeout=seconds))[0]:
            raise HungUp

    @property
    def server(self) -> str:
        """The server that this visitor stays on, as the cookie names it."""
        return self.cookies.get("server", "")

    async def press(self) -> float:
        """Move a control to another value; seconds until the answer is complete."""
        movable = [one for one in self.controls.values() if not one.proto.disabled and len(one.values) > 1]
        control = self.dice.choice(movable)
        now = self.states[control.proto.id]
        chosen = self.dice.choice([value for value in control.values if control.at(value) != now])
        self.states[control.proto.id] = control.at(chosen)
        if control.proto.query_param_key:  # a browser writes that into the address by itself
            self._query = urlencode(dict(parse_qsl(self._query)) | {control.proto.query_param_key: chosen})
        seconds = await self._answered(control.fragment)
        self.pressed += 1
        return seconds

    @property
    def waits(self) -> bool:
        """Whether the last question was not answered."""
        return self._asked is not None and (not self._asked[2].done() or self._asked[2].exception() is not None)

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
        asks.widget_states.widgets.extend(self.states.values())
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
                self._asked[2].set_exception(HungUp())

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
        if kind == "vega_lite_chart":
            self.pictures[place] = element.vega_lite_chart.SerializeToString(deterministic=True)
        if kind in MOVED:
            control = Control(getattr(element, kind), kind, message.delta.fragment_id, self._run)
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


# --- a hall -----------------------------------------------------------------------------------------------------------


@dataclass
class Hall:
    """What came of a page's visitors.

    opened, seconds: to open the page, and to answer each press. answered: visitors who had all of their answers.
    faults: exceptions on the page. found, seen: of those whose server has ended, the seconds until another one had
    answered, and what they see then. places: visitors of each server, as they came. killed: that server; beside: the
    seconds of later presses on the others.
    """

    visitors: int = 0
    opened: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    answered: int = 0
    faults: int = 0
    found: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    killed: str = ""
    beside: list[float] = field(default_factory=list)


@dataclass
class Server:
    """A server's process; of it and those that it has started the most memory, in MB, and that with the last page.

    before: seconds of the processor that its own process had used when all visitors were there.
    """

    origin: str
    process: psutil.Process
    opened: float = 0.0
    peak: float = 0.0
    before: float = 0.0

    async def watched(self) -> None:
        """Look at its memory, again and again."""
        while True:
            with suppress(psutil.Error):
                self.peak = max(self.peak, self.memory)
            await asyncio.sleep(0.5)

    @property
    def memory(self) -> float:
        """What they take now, MB."""
        return float(sum(process.memory_info().rss for process in self._all) / 2**20)

    @property
    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    async def begins(self, all_there: asyncio.Barrier) -> float:
        """The processor's seconds at the time when all visitors are there."""
        with suppress(asyncio.BrokenBarrierError):
            await all_there.wait()
        self.before = self.own
        return self.seconds

    @property
    def seconds(self) -> float:
        """Of the processor, so far."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self._all))

    @property
    def own(self) -> float:
        """Of them those of the server's own process, which has one core."""
        return float(sum(self.process.cpu_times()[:2]))


@dataclass(frozen=True)
class Manner:
    """How a hall behaves: how many visitors, how often each presses, after how many seconds on average.

    kills: whether a server is killed after a third of that.
    """

    sessions: int = 300
    presses: int = 5
    think: float = 3.0
    kills: bool = False


#: Of a quick round: all of these visitors on one server.
QUICK = Manner(60, 3)


async def visit(visitor: Visitor, manner: Manner, hall: Hall, after: float, all_there: asyncio.Barrier) -> None:
    """One visitor, who begins to press when all are there."""
    await asyncio.sleep(after)
    hall.visitors, there = hall.visitors + 1, False
    with suppress(OSError, TimeoutError, WebSocketException):  # who then is not among those that were answered
        async with visitor.visiting() as opened:
            hall.opened.append(opened)
            hall.places[visitor.server] += 1
            there = True
            with suppress(asyncio.BrokenBarrierError):  # where somebody does not come, the others do not wait
                await all_there.wait()
            with suppress(*LEFT_ALONE if manner.kills else ()):
                await press_on(visitor, manner, hall)
        if visitor.pressed < manner.presses:
            await come_back(visitor, manner, hall)
        hall.answered += 1
    hall.faults += visitor.faults
    if not there:
        await all_there.abort()


async def press_on(visitor: Visitor, manner: Manner, hall: Hall) -> None:
    """Think and press in turn."""
    await visitor.think(manner.think * visitor.dice.random())
    while visitor.pressed < manner.presses:
        server, seconds = visitor.server, await visitor.press()
        hall.seconds.append(seconds)
        if hall.killed not in ("", server):
            hall.beside.append(seconds)
        await visitor.think(manner.think * visitor.dice.uniform(0.5, 1.5))


async def come_back(visitor: Visitor, manner: Manner, hall: Hall) -> None:
    """Open the page again, as a browser does by itself, and press on."""
    began, saw, waits = time.perf_counter(), visitor.pictures, visitor.waits
    async with visitor.visiting():
        hall.found.append(time.perf_counter() - began)
        hall.seen["in a press" if waits else "same" if visitor.pictures == saw else "other"] += 1
        await press_on(visitor, manner, hall)


async def filled(
    origin: str, servers: Sequence[Server], pages: Sequence[str], manner: Manner
) -> tuple[dict[str, Hall], float]:
    """Visitors of these pages, in turn, on servers that have seen each page once; and the processor's seconds."""
    for server in servers:
        for page in pages:
            async with Visitor(server.origin, path(page), random.Random(0)).visiting():
                server.opened = server.memory
    halls = {page: Hall() for page in pages}
    visits, all_there = [], asyncio.Barrier(manner.sessions + len(servers) + manner.kills)
    watches = [asyncio.create_task(server.watched()) for server in servers]
    before = [asyncio.create_task(server.begins(all_there)) for server in servers]
    if manner.kills:
        watches.append(asyncio.create_task(killed(servers[0], manner, halls.values(), all_there)))
    for number in range(manner.sessions):
        page = pages[number % len(pages)]
        visitor = Visitor(origin, path(page), random.Random(number))
        visits.append(visit(visitor, manner, halls[page], APART * number, all_there))
    await asyncio.gather(*visits)
    for watch in watches:
        watch.cancel()
    return halls, sum(server.seconds for server in servers) - sum(await asyncio.gather(*before))


async def killed(server: Server, manner: Manner, halls: Iterable[Hall], all_there: asyncio.Barrier) -> None:
    """The end of a server while its visitors press."""
    with suppress(asyncio.BrokenBarrierError):
        await all_there.wait()
    await asyncio.sleep(manner.think * manner.presses / 3)
    for hall in halls:
        hall.killed = server.origin.removeprefix("http://")
    server.process.kill()


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
            server = Server(origin, psutil.Process(process))
            halls, seconds = asyncio.run(filled(origin, [server], pages, manner))
            own = milliseconds(server.own - server.before, halls.values())
            print(f"{', '.join(pages)}: {own} a press in the server's own process", file=sys.stderr)
            if len(pages) > 1:
                memory = f"{server.opened:,.0f} MB when each page was opened, {server.memory:,.0f} MB at the end"
                print(memory, file=sys.stderr)
        assert_well(log, halls)
    each = milliseconds(seconds, halls.values())
    for page, hall in halls.items():
        waited = (shown(hall.opened, 0.95), shown(hall.seconds, 0.5), shown(hall.seconds, 0.95))
        yield page, f"{hall.answered} of {hall.visitors}", *waited, f"{server.peak:,.0f} MB", each


def milliseconds(seconds: float, halls: Iterable[Hall]) -> str:
    """What each press has taken of the processor."""
    return f"{1e3 * seconds / max(1, sum(len(hall.seconds) for hall in halls)):.1f} ms"


def assert_well(log: IO[bytes], halls: Mapping[str, Hall]) -> None:
    """End the program where a page has met an exception."""
    log.seek(0)
    said = log.read().decode(errors="replace")
    if tracebacks(said) or any(hall.faults for hall in halls.values()):
        sys.exit(f"hall: an exception on {', '.join(halls)}\n{said[-4000:]}")


SIDE_BY_SIDE = (
    *("servers", "answered", "on one of them", "open, p95", "press, p50", "press, p95", "peak memory of one"),
    *("CPU a press: servers", "nginx", "visitors"),
)


def side_by_side(count: int, page: str, manner: Manner) -> tuple[str, ...]:
    """One page's hall on several servers behind nginx, and its row.

    Raises:
        SystemExit: a server has written a traceback.
    """
    with tempfile.TemporaryFile() as log:
        with several(count, log) as (origin, nginx, servers):
            begun, there = process_time(), nginx.seconds
            halls, seconds = asyncio.run(filled(origin, servers, [page], manner))
            taken = (seconds, nginx.seconds - there, process_time() - begun)
        assert_well(log, halls)
    hall, most = halls[page], max(server.peak for server in servers)
    if manner.kills:
        print(became_of(hall), file=sys.stderr)
    waited = (shown(hall.opened, 0.95), shown(hall.seconds, 0.5), shown(hall.seconds, 0.95))
    places = f"{min(hall.places.values())} to {max(hall.places.values())}"
    each = (milliseconds(one, [hall]) for one in taken)
    return str(count), f"{hall.answered} of {hall.visitors}", places, *waited, f"{most:,.0f} MB", *each


@contextmanager
def several(count: int, log: IO[bytes], *program: str) -> Iterator[tuple[str, Server, list[Server]]]:
    """Address and process of nginx, and the servers behind it, each on a core of its own as far as there are enough."""
    servers = []
    with ExitStack() as running:
        for number in range(count):
            with on_core(number):
                server = started(ROOT / "streamlit_app.py", *(program or ("-m", "streamlit")), log=log)
                origin, process = running.enter_context(server)
            servers.append(Server(origin, psutil.Process(process)))
        addresses = [server.origin.removeprefix("http://") for server in servers]
        origin, process = running.enter_context(behind("nginx", addresses))
        yield origin, Server(origin, psutil.Process(process)), servers


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started here stays on one core."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def became_of(hall: Hall) -> str:
    """What the visitors of the server that was killed have met, and those of the others."""
    within = f"back within {shown(hall.found, 0.5)}, p95 {shown(hall.found, 0.95)}, at most {shown(hall.found, 1.0)}"
    seen = ", ".join(f"{count} {what}" for what, count in hall.seen.most_common())
    others = f"of the others {len(hall.beside)} presses, p50 {shown(hall.beside, 0.5)}, p95 {shown(hall.beside, 0.95)}"
    return f"{len(hall.found)} of {hall.places[hall.killed]} on {hall.killed} {within}; picture: {seen}; {others}"


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
    parser.add_argument("--servers", type=int, nargs="+", metavar="COUNT")
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    if unknown := [page for page in given.pages if page not in PAGES]:
        parser.error(f"there is no page {', '.join(unknown)}; there are {', '.join(PAGES)}")
    leave_forced_kernels()
    if given.servers:
        print(line(SIDE_BY_SIDE))
        for count in given.servers:
            manner = Manner(count * given.sessions, given.presses, given.think, given.kill)
            print(line(side_by_side(count, (given.pages or PAGES)[0], manner)), flush=True)
        return
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
