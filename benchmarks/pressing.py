"""A visitor in Chromium who presses keys and looks at the clock.

A time starts with the stamp of the browser's own event and ends behind the frame that shows the last different picture;
pixels are compared after the clock has been read.
"""

import math
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, TimeoutError, ViewportSize

FLAGS = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
FLAGS += " disable-component-update disable-sync"
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
BROWSERS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome", "google-chrome-stable")
CANVAS = '[data-testid="stVegaLiteChart"] canvas'
#: Drawing on the chart's canvas, or a change of the text, asks for a frame; a message posted from that frame arrives
#: when it is painted.
PROBE = """
(() => {
  const CHART = '[data-testid="stVegaLiteChart"] canvas', TEXT = '[data-testid="stMarkdown"]';
  const seen = window.seen = {start: null, released: null, picture: null, times: [], waiting: false};
  const look = () => {
    const canvas = document.querySelector(CHART);
    if (!canvas) return document.querySelector(TEXT)?.textContent;
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return new Uint32Array(pixels.buffer).reduce((sum, pixel) => Math.imul(sum ^ pixel, 16777619), 0);
  };
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const now = performance.now(), before = seen.picture;
    if ((seen.picture = look()) !== before) seen.times.push(now);
  };
  const changed = () => {
    if (!seen.waiting) requestAnimationFrame(() => { seen.waiting = false; channel.port2.postMessage(0); });
    seen.waiting = true;
  };
  const context = CanvasRenderingContext2D.prototype;
  for (const name of ['clearRect', 'fillRect', 'fill', 'stroke', 'fillText', 'drawImage']) {
    const draw = context[name];
    context[name] = function (...all) { if (this.canvas.matches?.(CHART)) changed(); return draw.apply(this, all); };
  }
  const texts = new MutationObserver(() => { if (!document.querySelector(CHART)) changed(); });
  texts.observe(document, {subtree: true, childList: true, characterData: true});
  for (const [name, key] of [['keydown', 'start'], ['pointermove', 'start'], ['keyup', 'released']])
    addEventListener(name, (event) => { seen[key] ??= event.timeStamp; }, true);
  seen.arm = () => Object.assign(seen, {start: null, released: null, picture: look(), times: []});
  seen.settle = async ([first, calm]) => {
    const began = performance.now(), last = () => seen.times.at(-1) ?? NaN;
    while (performance.now() - Math.max(last() || 0, began) < (last() ? calm : first))
      await new Promise((done) => setTimeout(done, 10));
    return {waited: last() - seen.start, late: last() - seen.released, shown: seen.times.length};
  };
})();
"""


def launched(playwright: Playwright, quick: bool) -> Browser | BrowserContext:
    """Chromium, or the end of the program where there is none; for a quick round one visitor, who has loaded it all."""
    names = ("chromium-headless-shell", *BROWSERS) if quick else BROWSERS
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        sys.exit(f"this needs Chromium, and none of {', '.join(BROWSERS)} is installed")
    flags = [f"--{flag}" for flag in FLAGS.split()]
    flags += ["--js-flags=--no-opt --no-maglev"] * quick  # code that runs once is compiled once
    browser = playwright.chromium.launch(executable_path=program, args=flags)
    return browser.new_context(viewport=VIEWPORT) if quick else browser


def measured(page: Page, act: Callable[[], None], first: float = 4000, calm: float = 300) -> dict[str, float]:
    """Act, wait for calm: milliseconds from the first event (`waited`), from release (`late`); pictures `shown`."""
    page.evaluate("seen.arm()")
    act()
    return dict(page.evaluate("(limits) => seen.settle(limits)", [first, calm]))


class Knob:
    """A slider that arrow keys walk from end to end and back; calm: ms without a picture that end a press, a key."""

    def __init__(self, page: Page, key: str, calm: float = 250) -> None:
        self.page, self.step, self.calm = page, 1, calm
        self.handle = page.locator(f".st-key-{key}").get_by_role("slider")

    def press(self, count: int = 1, rate: float = 30.0) -> dict[str, float]:
        """Press a key, or repeat it as one that is held, turning at the ends; see `measured`."""
        self.handle.focus()
        at, low, high = self.handle.evaluate("handle => [handle.value, handle.min, handle.max].map(Number)")
        keys = []
        for _ in range(count):
            self.step = -1 if at >= high else 1 if at <= low else self.step
            at += self.step
            keys.append("ArrowRight" if self.step > 0 else "ArrowLeft")

        def act() -> None:
            began = time.perf_counter()
            for number, key in enumerate(keys):
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
                self.page.keyboard.down(key)
            self.page.keyboard.up(keys[-1])

        return measured(self.page, act, calm=min(self.calm * count, 1500))

    def there_and_back(self, steps: int) -> list[dict[str, float]]:
        """Press some keys to the side that has more room, and as many back."""
        at, low, high = self.handle.evaluate("handle => [handle.value, handle.min, handle.max].map(Number)")
        way, room = (1, high - at) if high - at >= at - low else (-1, at - low)
        results = []
        for self.step in (way, -way):
            for _ in range(min(steps, int(room))):
                results.append(self.press())
                rest(self.page)
        return results


def scrub(page: Page, moves: int) -> list[float]:
    """Milliseconds from each pointer move over the map to its picture, sorted; a move within a row does not count."""
    times, box = [], page.locator(CANVAS).bounding_box() or sys.exit("the page shows no picture")
    for move in range(moves):
        share = 0.15 + 0.025 * abs(move % 48 - 24)
        act = partial(page.mouse.move, box["x"] + 0.85 * box["width"], box["y"] + share * box["height"])
        times.append(measured(page, act, first=250, calm=60)["waited"])
    return sorted(time for time in times if not math.isnan(time)) or sys.exit("the pointer changed no picture")


def free_place() -> tuple[str, int]:
    """Host and port of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    return host, port


def answers(server: subprocess.Popen[bytes], place: tuple[str, int]) -> bool:
    """Wait for a process to listen at its place; whether it does, and has not ended."""
    while server.poll() is None:
        with suppress(OSError), socket.create_connection(place, timeout=1):
            return True
        time.sleep(0.05)
    return False


@contextmanager
def started(script: Path, *program: str, log: IO[bytes] | int = subprocess.DEVNULL) -> Iterator[tuple[str, int]]:
    """Address and process of a Streamlit server on a free port of this machine, started in the script's folder."""
    place = free_place()
    command = [sys.executable, *program, "run", script.name, f"--server.port={place[1]}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    with subprocess.Popen(command, cwd=script.parent, stdout=log, stderr=log) as server:
        try:
            answers(server, place)
            yield f"http://127.0.0.1:{place[1]}", server.pid
        finally:
            server.terminate()


@contextmanager
def served(script: Path, *program: str) -> Iterator[str]:
    """The address of such a server."""
    with started(script, *program) as (address, _):
        yield address


def opened(browser: Browser | BrowserContext, address: str) -> Page:
    """A page, of a visitor of its own where a browser is given, once it has come to rest."""
    page = (browser.new_context(viewport=VIEWPORT) if isinstance(browser, Browser) else browser).new_page()
    page.add_init_script(PROBE)
    page.goto(address, wait_until="domcontentloaded")
    slider = page.get_by_role("slider").first
    try:
        slider.wait_for(timeout=60_000)
    except TimeoutError:  # seen once in many rounds, and never again: what is there may tell why
        print(f"{address} has no slider after a minute, but: {page.inner_text('body')}", file=sys.stderr)
        page.reload(wait_until="domcontentloaded")
        slider.wait_for(timeout=60_000)
    rest(page)
    return page


def rest(page: Page) -> None:
    """Wait until the server has nothing left to answer, for a picture that grows over several runs too."""
    calm = 0
    while calm < 3:
        page.wait_for_timeout(50)
        calm = 0 if page.locator('[data-testid="stApp"][data-test-script-state="running"]').count() else calm + 1
