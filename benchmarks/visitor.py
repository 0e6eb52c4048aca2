"""A visitor without a browser, who speaks Streamlit's own protocol as one does.

A websocket, one message for each moved control with the state of all of them, and parts of an answer that the browser
already has. A time is from a message to the end of the run that answers it: what a browser then draws is not in it.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit  # noqa: F401 - which its messages need
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

#: Seconds after which an answer counts as lost.
LOST = 60.0
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
        names |= {"max_size": None, "proxy": None, "open_timeout": LOST}
        # A browser sends no ping, and so does not hang up on a server that is too busy to answer one.
        async with connect(address, **names, ping_interval=None) as socket:
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
