"""What one visitor waits for in a browser: a key press, a held key, and the pointer on the map.

    python -m benchmarks.latency

The peer is a page that writes the value of one slider and draws nothing: what any Streamlit page costs. Both are served
and pressed in turn, so that a drifting machine slows both. A time starts with the stamp of the browser's own event and
ends behind the frame that shows the last different picture; pixels are compared after the clock has been read.
"""

from __future__ import annotations

import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FLAGS = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
FLAGS += " disable-component-update disable-sync"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CANVAS = '[data-testid="stVegaLiteChart"] canvas'
PEER = 'import streamlit as st; st.fragment(lambda: st.write("value", st.slider("Value", 0, 100)))()'
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


def measured(page: Page, act: Callable[[], None], first: float = 4000, calm: float = 300) -> dict[str, float]:
    """Act, wait for calm: milliseconds from the first event (`waited`), from release (`late`); pictures `shown`."""
    page.evaluate("seen.arm()")
    act()
    return dict(page.evaluate("(limits) => seen.settle(limits)", [first, calm]))


class Knob:
    """A slider that arrow keys walk from end to end and back."""

    def __init__(self, page: Page, label: str) -> None:
        self.page, self.step = page, 1
        name = page.get_by_text(label, exact=True)
        self.handle = page.get_by_test_id("stSlider").filter(has=name).get_by_role("slider")

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

        return measured(self.page, act, calm=300 if count == 1 else 1500)


def scrub(page: Page, moves: int) -> list[float]:
    """Milliseconds from each pointer move over the map to its picture, sorted; a move within a row does not count."""
    times, box = [], page.locator(CANVAS).bounding_box() or sys.exit("the page shows no picture")
    for move in range(moves):
        share = 0.15 + 0.025 * abs(move % 48 - 24)
        act = partial(page.mouse.move, box["x"] + 0.85 * box["width"], box["y"] + share * box["height"])
        times.append(measured(page, act, first=250, calm=60)["waited"])
    return sorted(time for time in times if not math.isnan(time)) or sys.exit("the pointer changed no picture")


@contextmanager
def served(script: Path) -> Iterator[str]:
    """The address of a Streamlit server on a free port of this machine, started in the script's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = free.getsockname()
    command = [sys.executable, "-m", "streamlit", "run", script.name, f"--server.port={place[1]}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    with subprocess.Popen(command, cwd=script.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while server.poll() is None:
                with suppress(OSError), socket.create_connection(place, timeout=1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{place[1]}"
        finally:
            server.terminate()


def opened(browser: Browser, address: str) -> Page:
    """A visitor's page, once it has come to rest."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(PROBE)
    page.goto(address, wait_until="domcontentloaded")
    page.get_by_role("slider").first.wait_for(timeout=60_000)
    page.wait_for_timeout(2500)
    return page


def row(what: str, peer: str, ours: str, ratio: str, target: str) -> None:
    """Print one line of the table."""
    print(f"{what:<60}| {peer:>6} | {ours:>7} | {ratio:>5} | {target}", flush=True)


def compare(what: str, ours: Knob, peer: Knob, presses: int, target: float) -> None:
    """Press both in turn; print the medians and their ratio."""
    pairs = [(peer.press()["waited"], ours.press()["waited"]) for _ in range(presses)]
    painted = [pair for pair in pairs if not any(map(math.isnan, pair))] or sys.exit(f"{what}: no picture changed")
    value, own = (statistics.median(column) for column in zip(*painted, strict=True))
    name = f"{what}, press to painted, {len(painted)} of {presses}"
    row(name, f"{value:.0f} ms", f"{own:.0f} ms", f"{own / value:.2f}", f"<= {target}")


#: Page -> seconds until the server has answered in the background what a hall asks first, and its sliders, each to be
#: answered within 2.5 times the text-only page.
PAGES = {
    "shapes": (5, ("Step", "Weight scale", "Sequence length T")),
    "additive_path": (30, ("Forget bias (LSTM)", "Weight scale", "Sequence length T")),
    "initialisation": (240, ("Sequence length T", "Weight scale")),
    "losses": (90, ("Truncation length τ", "Weight scale", "Sequence length T")),
    "jacobians": (60, ("Weight scale", "Sequence length T")),
    "phase_diagram": (60, ("Weight scale", "Input scale")),
    "cliff": (30, ("Clipping threshold", "Learning rate", "Steps")),
    "blank": (10, ("Filler words",)),
    "by_hand": (30, ("Step t", "Sequence length T", "Batch size N", "Input size D", "Hidden size H")),
    "depth": (60, ("Layers", "Weight scale", "Sequence length T")),
}


def compare_pages(browser: Browser, app: str, text: str) -> None:
    """Print the other pages' sliders at their opening settings, once their answers have been prepared."""
    value = Knob(opened(browser, text), "Value")
    for name, (seconds, sliders) in PAGES.items():
        opened(browser, f"{app}/{name}").wait_for_timeout(1000 * seconds)
        for slider in sliders:  # each on a page of its own: the others stand at the opening
            compare(f"{name}: {slider}", Knob(opened(browser, f"{app}/{name}"), slider), value, 20, 2.5)


def compare_all(browser: Browser, app: str, text: str) -> None:
    """Print the table for the app and the text-only page at these addresses."""
    row("what", "peer", "ours", "ratio", "target")
    value, home = Knob(opened(browser, text), "Value"), opened(browser, app)
    scale = Knob(home, "Weight scale")
    compare("weight scale", scale, value, 30, 2.0)
    length = Knob(opened(browser, f"{app}/?sequence_length=10"), "Sequence length T")
    compare("length, computed", length, value, 19, 2.8)  # up to 200, all but the opening 100 new to the server
    compare("length, cached", length, value, 19, 2.8)  # and back
    fresh = Knob(opened(browser, f"{app}/?seed=1&sequence_length=10"), "Sequence length T")
    for what, knob in {"weight scale": scale, "length, cached": length, "length, computed": fresh}.items():
        result = knob.press(count=60)
        row(f"{what}, key held 2 s, different pictures", "", f"{result['shown']:.0f}", "", ">= 8")
        row(f"{what}, key held 2 s, last picture after release", "", f"{result['late']:.0f} ms", "", "<= 400 ms")
    times = scrub(home, 60)
    for name, share in (("median", 0.5), ("p90", 0.9)):
        ours = times[int(share * (len(times) - 1))]
        row(f"pointer on the map, move to painted, {name} of {len(times)}", "", f"{ours:.0f} ms", "", "<= 40 ms")


def compare_while_training(browser: Browser, app: str, text: str) -> None:
    """Print what a slider of the first page takes while another visitor's training runs, against what it takes idle.

    And what it takes that visitor to scrub through the training once it has been stopped.
    """
    scale = Knob(opened(browser, app), "Weight scale")
    idle = [scale.press()["waited"] for _ in range(30)]
    trains = opened(browser, f"{app}/learning?iterations=3000&batch_size=64")
    trains.get_by_role("button", name="Train", exact=True).click()
    trains.get_by_text("of 3000 updates").wait_for(timeout=60_000)
    trains.wait_for_timeout(6000)  # torch is loaded
    busy = [scale.press()["waited"] for _ in range(30)]
    trains.get_by_role("button", name="Stop", exact=True).click()
    trains.get_by_role("button", name="Go on", exact=True).wait_for()
    calm, own = (statistics.median(time for time in times if not math.isnan(time)) for times in (idle, busy))
    name = "weight scale, press to painted, while a training runs"
    row(name, f"{calm:.0f} ms", f"{own:.0f} ms", f"{own / calm:.2f}", "<= 3 times idle")
    look = Knob(trains, "Look at (arrow keys)")
    compare("learning: Look at", look, Knob(opened(browser, text), "Value"), 20, 2.5)


def main() -> None:
    """Start browser and servers, and print the table."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"this needs Chromium, and none of {', '.join(BROWSERS)} is installed")
    print(f"load average before the start: {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(ROOT / ".streamlit", Path(folder) / ".streamlit")
        (peer := Path(folder) / "peer.py").write_text(PEER, encoding="utf-8")
        with served(ROOT / "streamlit_app.py") as app, served(peer) as text:
            browser = playwright.chromium.launch(executable_path=program, args=[f"--{flag}" for flag in FLAGS.split()])
            compare_all(browser, app, text)
            compare_while_training(browser, app, text)
            compare_pages(browser, app, text)
            browser.close()


if __name__ == "__main__":
    main()
