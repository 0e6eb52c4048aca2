"""A vote: a hall of phones that follow a lecture, all of which vote within ten seconds.

    python -m benchmarks.votes [--write docs/hall.md]    300 phones
    python -m benchmarks.votes --quick                   10; fails where a vote is lost

The phones are visitors of `benchmarks.visitor`, and look by themselves for the next question as browsers do. A time is
from a vote to the end of the run that says it is in. The speaker is one more visitor, whose page looks for votes.
"""

import asyncio
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.hall import shown
from benchmarks.pressing import started
from benchmarks.report import Benchmark, main
from benchmarks.visitor import LOST, HungUp, Visitor

ROOT = Path(__file__).resolve().parent.parent
#: Seconds in which all vote, and by which phones arrive after each other.
WITHIN, APART = 10.0, 0.03
#: A stop of a lecture that comes with the product, where it has choices.
PAGE, STOP = "vanish_or_explode", "lecture=short&at=2"


@dataclass
class Person(Visitor):
    """A speaker or a voter: presses a button by its label, or chooses an answer, and reads what is said."""

    said: str = ""

    def __post_init__(self) -> None:
        self._found: dict[str, tuple[Any, str]] = {}
        self._chosen: dict[str, WidgetState] = {}
        self._is_in = asyncio.Event()

    def _take_delta(self, message: ForwardMsg) -> None:
        super()._take_delta(message)
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind in ("button", "radio"):
            proto = getattr(element, kind)
            self._found[proto.label if kind == "button" else kind] = proto, message.delta.fragment_id
        if kind == "html":
            self.said += element.html.body
            if "Your vote is in:" in element.html.body:
                self._is_in.set()

    def _take_script_finished(self, message: ForwardMsg) -> None:
        super()._take_script_finished(message)
        self.states |= self._chosen  # as long as it is on the page a browser sends it with each message

    async def use(self, name: str, **state: Any) -> float:
        """Press or choose; seconds until the answer is complete."""
        proto, fragment = self._found[name]
        self.said, self.states[proto.id] = "", WidgetState(id=proto.id, **state)
        return await self._answered(fragment)

    async def vote(self) -> float:
        """Choose an answer by chance; seconds until the page says that it is in."""
        proto, fragment = self._found["radio"]
        self._chosen = {proto.id: WidgetState(id=proto.id, string_value=self.dice.choice(list(proto.options)))}
        self.states |= self._chosen
        began = time.perf_counter()
        await self._ask(fragment)
        await self._until(self._is_in)
        return time.perf_counter() - began

    async def _until(self, said: asyncio.Event) -> None:
        """Wait for what the page says; where its connection has ended meanwhile, say so rather than wait."""
        assert self._hears is not None
        hears, waits = self._hears, asyncio.create_task(said.wait())
        await asyncio.wait({hears, waits}, timeout=LOST, return_when=asyncio.FIRST_COMPLETED)
        if not waits.done():
            waits.cancel()
            if hears.done():
                await hears  # which raises what has ended it
                raise HungUp
            raise TimeoutError(f"a vote is not in after {LOST:g} s; the page says {self.said[-200:]!r}")


@dataclass
class Outcome:
    """Seconds of opening and of voting, how many votes the speaker saw, and the processor's seconds while they came."""

    opened: list[float]
    voted: list[float]
    seen: int
    worked: float


async def hall(origin: str, phones: int, process: psutil.Process) -> Outcome:
    """A speaker who lets the hall vote, and phones that do."""
    speaker = Person(origin, PAGE, random.Random(0), _query=STOP)
    async with AsyncExitStack() as there:
        await there.enter_async_context(speaker.visiting())
        await speaker.use("Let the hall vote", trigger_value=True)
        (code,) = set(re.findall(r"code=(\w{4})", speaker.said))
        voters = [Person(origin, "vote", random.Random(number), _query=f"code={code}") for number in range(phones)]
        opened = await asyncio.gather(*(arrive(there, voter, APART * k) for k, voter in enumerate(voters)))
        before = sum(process.cpu_times()[:2])
        voted = await asyncio.gather(*map(vote, voters))
        worked = sum(process.cpu_times()[:2]) - before
        await asyncio.sleep(3.0)
        (*_, seen) = re.findall(r"(\d+) votes? so far", speaker.said)
    assert not sum(one.faults for one in (speaker, *voters)), "a page has failed"
    return Outcome(opened, voted, int(seen), worked)


async def arrive(there: AsyncExitStack, voter: Person, later: float) -> float:
    """Seconds until the page is complete."""
    await asyncio.sleep(later)
    return await there.enter_async_context(voter.visiting())


async def vote(voter: Person) -> float:
    """Some time within WITHIN; seconds until the vote is in."""
    await asyncio.sleep(voter.dice.uniform(0.0, WITHIN))
    return await voter.vote()


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """The one row; a quick round ends the command where a vote was lost."""
    phones = 10 if quick else 300
    with started(ROOT / "streamlit_app.py", "-m", "streamlit") as (origin, process):
        found = asyncio.run(hall(origin, phones, psutil.Process(process)))
    if quick and found.seen != phones:
        sys.exit(f"votes: the speaker saw {found.seen} of {phones}")
    times = (shown(found.opened, 0.95), shown(found.voted, 0.5), shown(found.voted, 0.95), shown(found.voted, 1.0))
    yield ROWS[0], f"{found.seen} of {phones}", *times, f"{found.worked:.1f} s"


ROWS = ("votes within 10 s",)
BENCHMARK = Benchmark(
    name="votes",
    head=("what", "seen by the speaker", "open, p95", "vote, p50", "vote, p95", "slowest", "processor meanwhile"),
    rows=ROWS,
    measure=measure,
    used=("numpy", "streamlit"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
