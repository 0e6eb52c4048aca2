"""A visitor in Chromium, and a server for them: what the browser tests share."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Pages of one address share a process and what it has compiled, and no code is compiled to run faster, which seldom
    # runs long enough to pay: eight pages opened, four by the bar and some keys take 9.1 s of processor time, not 13.8.
    *("--process-per-site", "--js-flags=--no-opt --no-maglev"),
    # Nothing from elsewhere. A route of Playwright's would refuse it too, but would put the browser's cache out of use.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PATIENCE = 60.0
expect.set_options(timeout=PATIENCE * 1000)
#: Characters of a title that a phone has room for in one line; a longer one squeezes the picture to nothing.
LONGEST_LINE = 44
#: The page's own picture; what stands below it may hold another.
PICTURE = '.st-key-place_of_the_picture [data-testid="stVegaLiteChart"] canvas'
#: The progress of what is still being computed.
COMPUTING = '[class*="st-key-computing"]'

#: Notes when anything was last done to the page, drawn, sent, heard or run, in milliseconds of its own clock, how many
#: messages have gone to the server, whether any has come since the last of them, and how often the page has said that
#: its script runs.
_NOTE = """
(() => {
  const stir = () => { window.busyAt = performance.now(); };
  stir();
  for (const kind of ["keydown", "keyup", "pointerdown", "pointermove", "pointerup", "touchmove", "touchend", "click",
                      "wheel", "input", "change", "resize", "popstate"])
    addEventListener(kind, stir, { capture: true, passive: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", stir);
  const canvas = CanvasRenderingContext2D.prototype, clearRect = canvas.clearRect;
  canvas.clearRect = function () {
    this.canvas.drawn = true;
    stir();
    return clearRect.apply(this, arguments);
  };
  const socket = WebSocket.prototype, send = socket.send, hear = () => { window.heard = true; stir(); };
  window.sent = 0;
  socket.send = function () {
    window.sent += 1;
    window.heard = false;
    stir();
    this.addEventListener("message", hear);  // added once, however often it is asked for
    return send.apply(this, arguments);
  };
  window.ran = 0;
  const runs = (changes) => changes.filter(({ target }) => target.dataset.testScriptState === "running").length;
  new MutationObserver((changes) => { window.ran += runs(changes); stir(); })
    .observe(document, { subtree: true, attributeFilter: ["data-test-script-state"] });
})();
"""
#: Whether the server has answered, what must be absent is, one picture is there and drawn, and for so many milliseconds
#: nothing has stirred. For so long, as the page hears the first message of an answer before it says that it runs.
_RESTS = """([picture, absent]) => {
  const app = document.querySelector('[data-testid="stApp"]'), pictures = document.querySelectorAll(picture);
  const calm = app?.dataset.testScriptState === "notRunning" && window.heard && !document.querySelector(absent)
    && pictures.length === 1 && pictures[0].drawn;
  if (!calm) window.busyAt = performance.now();
  return calm && performance.now() - window.busyAt > 300;
}"""
#: Runs when the browser has drawn what it knows of: an image that is asked for in the first may be the second.
_FRAMES = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
PIXELS = "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"


#: Streamlit without the threads that answer and train in advance, which would take the processor from the tests.
QUIET = """
from rnn_dynamics.dashboard import seat, warm
from streamlit.web import cli
warm.warm_up = seat.opening_job = lambda *_: None
cli.main()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_app(
    *options: str, quiet: bool = False, port: int = 0, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A server of its own on that port of this machine, or a free one; yields its address and always ends: killed."""
    port = port or free_port()
    options = ("--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true", *options)
    streamlit = ("-c", QUIET) if quiet else ("-m", "streamlit")
    command = [sys.executable, *streamlit, "run", "streamlit_app.py", *options]
    silent: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | dict(environment or {}), **silent) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{address}/_stcore/health"), "the server does not answer")
            yield address
        finally:
            process.kill()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], complaint: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, complaint
        time.sleep(0.05)


class Reader:
    """A visitor with a page of their own, who notes every error and warning."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        # Below a page's own address Streamlit looks for its server one folder too deep before it finds it. Vega would
        # cancel every event that it hears, that of a lifted finger too, and Chromium tells where that is too late. And
        # it tells how this reader could look at pixels faster.
        expected = re.search(r":\d+/\w+/_stcore/", message.location["url"]) or message.text.startswith(
            ("Ignored attempt to cancel a touchend event", "Canvas2D: Multiple readback operations")
        )
        if message.type in ("error", "warning") and not expected:
            self.errors.append(message.text)

    @property
    def sent(self) -> int:
        """How many messages have gone to the server since the page was loaded."""
        return int(self.page.evaluate("window.sent"))

    @property
    def ran(self) -> int:
        """How often the server has begun to run the page's script since the page was loaded."""
        return int(self.page.evaluate("window.ran"))

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.rest()

    def wait(self) -> None:
        """Wait until there is a picture and the server has answered."""
        self.page.locator(PICTURE).wait_for(timeout=PATIENCE * 1000)
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()

    def rest(self, absent: str = "#nothing") -> None:
        """Wait until the server has answered and the picture stands still."""
        self.draw()  # a page hears of its new size, or colours, with the next frame
        self.page.wait_for_function(_RESTS, arg=[PICTURE, absent], timeout=PATIENCE * 1000)

    def complete(self) -> None:
        """Wait until a picture that grows is there as a whole."""
        self.rest(absent=COMPUTING)

    def draw(self) -> None:
        """Wait until the browser has drawn what came of the pointer's last move."""
        self.page.evaluate(_FRAMES)

    def pixels(self) -> str:
        """A fingerprint of what the picture shows."""
        url = self.page.locator(PICTURE).evaluate("canvas => canvas.toDataURL()")
        return hashlib.sha256(str(url).encode()).hexdigest()

    def remember(self) -> None:
        """Keep what the picture shows now, for `changed` to compare with."""
        self.page.locator(PICTURE).evaluate(f"canvas => {{ window.remembered = {PIXELS} }}")

    def changed(self) -> bool:
        """Whether more differs from the remembered picture than the smoothed edge of a line drawn anew."""
        script = f"""canvas => {{
            const now = {PIXELS}, then = window.remembered;
            return now.length !== then.length || now.some((value, place) => Math.abs(value - then[place]) > 40);
        }}"""
        return bool(self.page.locator(PICTURE).evaluate(script))

    def colours(self) -> int:
        """How many different colours the picture has; a blank one has one."""
        return int(self.page.locator(PICTURE).evaluate(f"canvas => new Set(new Uint32Array({PIXELS}.buffer)).size"))

    def words(self) -> str:
        """The verdict on each cell, below the picture."""
        return self.page.locator("table.verdict").inner_text()

    def finding(self) -> str:
        """All that the page says in words about the picture."""
        return "\n".join(self.page.locator('[data-testid="stHtml"]').all_inner_texts())

    def slider(self, name: str) -> Locator:
        return self.page.get_by_role("slider", name=name)

    def value(self, name: str) -> str:
        return str(self.slider(name).get_attribute("aria-valuetext"))

    def hold(self, key: str, times: int) -> None:
        """Hold a key down as long as the system repeats it so many times."""
        for _ in range(times):
            self.page.keyboard.down(key)
            self.page.wait_for_timeout(33)
        self.page.keyboard.up(key)

    def here(self) -> str:
        """The address; `page.url` learns of it only with the next message from the browser."""
        return str(self.page.evaluate("location.href"))

    def settings(self) -> dict[str, str]:
        """The settings in the address bar."""
        return {key: values[-1] for key, values in parse_qs(urlparse(self.here()).query).items()}

    def wait_for_settings(self, **wanted: str) -> None:
        """Wait until the address bar says this, whatever else it says."""
        wait_until(lambda: self.settings().items() >= wanted.items(), f"the address does not say {wanted}")

    def wait_for_change(self, changed: bool = True) -> None:
        """Wait until the picture is another than the remembered one, or that one again, and stands still."""
        wait_until(lambda: self.changed() is changed, f"the picture is {'the same' if changed else 'another'}")
        self.rest()
        assert self.changed() is changed

    def point(self, across: float, down: float) -> tuple[float, float]:
        """A place on the picture, given as shares of its width and height, in coordinates of the window."""
        canvas = self.page.locator(PICTURE)
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def close_popover(self) -> None:
        """Close what is open, and wait until it is gone."""
        expect(self.page.get_by_role("dialog")).to_have_count(1)
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def assert_well(self) -> None:
        expect(self.page.get_by_role("dialog")).to_have_count(0)  # what was just closed takes its time
        assert self.page.locator('[data-testid="stException"]').count() == 0
        assert self.page.get_by_text("Connection error").count() == 0
        assert self.errors == [], self.errors  # last: Playwright hears of them with the answers to what was asked above


class Stay:
    """Who goes from page to page, and from test to test; after a test that has failed somebody else does.

    What has failed leaves errors, an open panel or another address, of which no later test is to hear.
    """

    def __init__(self, context: BrowserContext, prepare: Callable[[Reader], None]) -> None:
        self._context, self._prepare = context, prepare
        self._tab = ExitStack()
        self._failed = -1
        self._stands = ""

    def at(self, place: str, failed: int, arrive: Callable[[Reader], None]) -> Reader:
        """Who has arrived at the place, when so many tests have failed so far, and has stayed there since."""
        if failed != self._failed:
            self.close()
            self.reader = self._tab.enter_context(visit(self._context))
            self._prepare(self.reader)
            self._failed, self._stands = failed, ""
        if place != self._stands:
            arrive(self.reader)
            self._stands = place
        return self.reader

    def close(self) -> None:
        self._tab.close()


@contextmanager
def visit(context: BrowserContext) -> Iterator[Reader]:
    page = context.new_page()
    page.add_init_script(_NOTE)
    try:
        yield Reader(page)
    finally:
        page.close()
