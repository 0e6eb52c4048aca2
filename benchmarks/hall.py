"""A hall: many visitors at once, each of whom moves a random control, thinks, and moves the next.

    python -m benchmarks.hall [--write docs/hall.md]    300 visitors of each page, on a server of its own, twice
    python -m benchmarks.hall --quick                   two of each page on one server; fails where one is lost
    python -m benchmarks.hall PAGE ... --sessions 300 --presses 5 --think 10
    python -m benchmarks.hall --soak 10000              so many presses over all pages on one server, and its memory
    python -m benchmarks.hall --servers 1 2             300 visitors for each server, behind nginx
    python -m benchmarks.hall --servers 3 --sessions 200 --kill        and one of the servers is killed meanwhile

The visitors are those of `benchmarks.visitor`. Nobody presses before all are there. The server has what
requirements.txt installs; where llvmlite is there, the table of all pages has a second hall of each: compiled.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import IO

import psutil
from websockets.exceptions import WebSocketException

from benchmarks.pressing import started
from benchmarks.proxy import behind
from benchmarks.report import COMPILED, Benchmark, as_hosted, leave_forced_kernels, line, main
from benchmarks.visitor import LEFT_ALONE, Visitor
from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.navigation import menus

ROOT = Path(__file__).resolve().parent.parent
#: The pages that have a control beside their words, but for that of a vote, see `benchmarks.votes`.
HOME, *OTHERS = (page for pages in menus("en").values() for page in pages if {"presets", "laws"} & {*sentences(page)})
PAGES = (HOME, *OTHERS)
#: Seconds by which visitors arrive after each other.
APART = 0.03


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

    @property
    def waited(self) -> tuple[str, str, str]:
        """Of opening the page p95, and of presses p50 and p95."""
        return shown(self.opened, 0.95), shown(self.seconds, 0.5), shown(self.seconds, 0.95)


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
        await everybody(all_there)
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
QUICK = Manner(2 * len(PAGES), 3, 1.0)


async def everybody(all_there: asyncio.Barrier) -> None:
    """Wait for all; where somebody does not come, the others do not wait."""
    with suppress(asyncio.BrokenBarrierError):
        await all_there.wait()


async def visit(visitor: Visitor, manner: Manner, hall: Hall, after: float, all_there: asyncio.Barrier) -> None:
    """One visitor, who begins to press when all are there."""
    await asyncio.sleep(after)
    hall.visitors, there = hall.visitors + 1, False
    with suppress(OSError, TimeoutError, WebSocketException):  # who then is not among those that were answered
        async with visitor.visiting() as opened:
            hall.opened.append(opened)
            hall.places[visitor.server] += 1
            there = True
            await everybody(all_there)
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
    await everybody(all_there)
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
        yield page, f"{hall.answered} of {hall.visitors}", *hall.waited, f"{server.peak:,.0f} MB", each


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
    places = f"{min(hall.places.values())} to {max(hall.places.values())}"
    each = (milliseconds(one, [hall]) for one in taken)
    return str(count), f"{hall.answered} of {hall.visitors}", places, *hall.waited, f"{most:,.0f} MB", *each


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
        yield from map(both_ways, PAGES)
        return
    for row in rows(PAGES, QUICK):
        yield row
        answered, of = row[1].split(" of ")
        if answered != of:
            sys.exit(f"hall: {answered} of {of} visitors of {row[0]} had all of their answers")


def both_ways(page: str) -> tuple[str, ...]:
    """Its row: of NumPy's road, and behind a stroke of the compiled one."""
    found: list[tuple[str, ...]] = []
    for compiled in ("0", "1") if find_spec("llvmlite") else ("0",):
        os.environ[COMPILED] = compiled
        found += rows([page], Manner())
    os.environ[COMPILED] = "0"
    return tuple(" / ".join(dict.fromkeys(cells)) for cells in zip(*found, strict=True))


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
    as_hosted()
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
