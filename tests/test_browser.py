"""The app in Chromium: what only a browser shows, from the first paint to keys held down and a finger on the map."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    WebSocket,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE = 20.0
PICTURE = '[data-testid="stVegaLiteChart"] canvas'

PIXELS = "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = f"no Chromium found; looked for {', '.join(PROGRAMS)}"
        if os.environ.get("RNN_DYNAMICS_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield chromium
        chromium.close()


@contextmanager
def running_app() -> Iterator[str]:
    """A server of its own on a free port of this machine; yields its address and always ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true")
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
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


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that all tests share which do not need a first visitor."""
    with running_app() as url:
        yield url


class Reader:
    """A visitor with a page of their own, who notes every error and every message to the server."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.sent = 0
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._listen)
        page.route(lambda url: urlparse(url).hostname != "127.0.0.1", self._refuse)

    def _hear(self, message: ConsoleMessage) -> None:
        # Below /vanish_or_explode Streamlit looks for its server one folder too deep before it finds it.
        if message.type == "error" and "/vanish_or_explode/_stcore/" not in message.location["url"]:
            self.errors.append(message.text)

    def _listen(self, connection: WebSocket) -> None:
        connection.on("framesent", lambda _: self._count())

    def _count(self) -> None:
        self.sent += 1

    @staticmethod
    def _refuse(route: Route) -> None:
        route.abort() if not route.request.url.startswith(("data:", "blob:")) else route.continue_()

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.locator(PICTURE).wait_for(timeout=PATIENCE * 1000)
        self.rest()

    def rest(self) -> None:
        """Wait until the server has answered and the picture stands still."""
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
        last, since = self.pixels(), time.monotonic()
        end = since + PATIENCE
        while time.monotonic() - since < 0.4:
            assert time.monotonic() < end, "the picture does not come to rest"
            self.page.wait_for_timeout(80)
            if (now := self.pixels()) != last:
                last, since = now, time.monotonic()

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

    def slider(self, name: str) -> Locator:
        return self.page.get_by_role("slider", name=name)

    def value(self, name: str) -> str:
        return str(self.slider(name).get_attribute("aria-valuetext"))

    def settings(self) -> dict[str, str]:
        """The settings in the address bar."""
        return {key: values[-1] for key, values in parse_qs(urlparse(self.page.url).query).items()}

    def point(self, across: float, down: float) -> tuple[float, float]:
        """A place on the picture, given as shares of its width and height, in coordinates of the window."""
        canvas = self.page.locator(PICTURE)
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def assert_well(self) -> None:
        assert self.errors == []
        assert self.page.get_by_role("dialog").count() == 0
        assert self.page.locator('[data-testid="stException"]').count() == 0
        assert self.page.get_by_text("Connection error").count() == 0


@contextmanager
def visit(context: BrowserContext) -> Iterator[Reader]:
    page = context.new_page()
    try:
        yield Reader(page)
    finally:
        page.close()


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with a mouse that has loaded Streamlit's own files before."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


@pytest.fixture
def reader(desk: BrowserContext, address: str) -> Iterator[Reader]:
    """A new visitor who has opened the page."""
    with visit(desk) as visitor:
        visitor.open(address)
        yield visitor


def test_the_page_opens_with_the_picture_drawn_and_without_an_error(reader: Reader) -> None:
    assert reader.colours() > 50
    assert "against step 100" in reader.words()
    reader.assert_well()


def test_dragging_the_weight_scale_moves_the_curves_and_the_verdict(reader: Reader) -> None:
    before = (reader.pixels(), reader.words())
    box = reader.slider("Weight scale").bounding_box()
    assert box is not None
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    reader.page.mouse.move(across, down)
    reader.page.mouse.down()
    reader.page.mouse.move(across + 60, down, steps=6)
    reader.page.mouse.up()
    wait_until(lambda: reader.words() != before[1], "the verdict stands still")
    reader.rest()
    assert reader.pixels() != before[0]
    assert float(reader.settings()["weight_scale"]) > 1
    reader.assert_well()


def test_pointing_at_the_map_moves_the_curves_without_the_server(reader: Reader) -> None:
    reader.remember()
    seen, sent = {reader.pixels()}, reader.sent
    assert sent > 0  # the counter works
    for down in (0.15, 0.3, 0.6):
        reader.page.mouse.move(*reader.point(0.85, down), steps=3)
        reader.rest()
        assert reader.changed()
        seen.add(reader.pixels())
    assert len(seen) == 4
    reader.page.mouse.move(5, 5, steps=3)
    reader.rest()
    assert not reader.changed()  # the slider's curves come back
    assert reader.sent == sent
    reader.assert_well()


def test_back_and_forward_lead_between_the_two_addresses_of_the_page(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        for path, value in (("/vanish_or_explode?weight_scale=0.5", "0.5"), ("/", "1.0")):
            reader.open(address + path)
            assert reader.value("Weight scale") == value
        for turn, value in ((reader.page.go_back, "0.5"), (reader.page.go_forward, "1.0")):
            turn()
            wait_until(lambda value=value: reader.value("Weight scale") == value, "no turn")  # type: ignore[misc]
            reader.rest()
            assert reader.value("Weight scale") == value
            reader.assert_well()


def test_a_link_to_the_file_of_the_page_is_no_unknown_address_to_a_server_in_use(reader: Reader, address: str) -> None:
    reader.open(f"{address}/vanish_or_explode?weight_scale=0.5")
    assert reader.value("Weight scale") == "0.5"
    reader.assert_well()


@pytest.mark.parametrize("path", ["/", "/vanish_or_explode"])
def test_a_link_may_be_the_first_visit_to_a_new_server(desk: BrowserContext, path: str) -> None:
    query = "cell=LSTM&weight_scale=1.4&sequence_length=60&forget_bias=1.0&seed=3&axis=lag"
    with running_app() as address, visit(desk) as reader:
        reader.open(f"{address}{path}?{query}")
        assert (reader.value("Weight scale"), reader.value("Sequence length T")) == ("1.4", "60")
        assert "against step 60" in reader.words()
        reader.page.get_by_role("button", name="More").click()
        reader.page.get_by_text("Against", exact=True).wait_for()
        chosen = reader.page.locator('[aria-checked="true"], [aria-pressed="true"], [kind="segmented_controlActive"]')
        assert {"LSTM", "input", "lag"} <= set(chosen.all_inner_texts())
        assert reader.page.get_by_text("forget bias of 1,").count() == 1
        assert reader.page.get_by_text("Of this link").count() == 0
        reader.page.keyboard.press("Escape")
        assert re.search("not found", reader.page.locator("body").inner_text()) is None
        reader.assert_well()
        before = reader.words()
        reader.slider("Weight scale").press("ArrowRight")
        wait_until(lambda: reader.words() != before, "the page does not react")
        assert reader.settings()["weight_scale"] == "1.5"
        reader.assert_well()


def test_keys_held_down_over_values_already_seen_leave_the_page_alive(reader: Reader) -> None:
    for name in ("Weight scale", "Sequence length T"):
        slider = reader.slider(name)
        slider.focus()
        for burst in range(8):
            key = ("ArrowRight", "ArrowLeft")[burst % 2]
            for _ in range(18):
                reader.page.keyboard.down(key)
                reader.page.wait_for_timeout(33)
            reader.page.keyboard.up(key)
            reader.page.wait_for_timeout(120)
        reader.rest()
        before = reader.words()
        slider.press("ArrowLeft" if reader.value(name) != reader.slider(name).get_attribute("min") else "ArrowRight")
        wait_until(lambda before=before: reader.words() != before, f"the page is dead after {name}")  # type: ignore[misc]
    assert not [error for error in reader.errors if "ForwardMsg" in error]
    reader.assert_well()


def test_shortcuts_work_while_a_slider_has_the_focus(reader: Reader) -> None:
    opening = reader.words()
    reader.slider("Weight scale").focus()
    said = [opening]
    for key in ("2", "3", "4", "5", "1"):
        reader.page.keyboard.press(f"Alt+{key}")
        wait_until(lambda: reader.words() != said[-1], f"Alt+{key} does nothing")
        reader.rest()
        said.append(reader.words())
    assert said[-1] == opening
    assert len(set(said)) == 5
    reader.page.keyboard.press("Alt+n")
    wait_until(lambda: reader.words() != opening, "Alt+N does nothing")
    reader.rest()
    assert reader.settings()["seed"] == "1"
    reader.page.keyboard.press("Alt+0")
    wait_until(lambda: reader.words() == opening, "Alt+0 does nothing")
    reader.rest()
    assert reader.settings() == {}
    reader.assert_well()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_scrolls_sideways(desk: BrowserContext, address: str, dark: bool) -> None:
    with visit(desk) as reader:
        reader.page.emulate_media(color_scheme="dark" if dark else "light")
        for width in (390, 1280, 1440):
            reader.page.set_viewport_size({"width": width, "height": 900})
            if width == 390:
                reader.open(address)
            reader.rest()
            widest, window = reader.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            inner, own = reader.page.locator('[data-testid="stMain"]').evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert widest <= window == width
            assert inner <= own
            canvas = reader.page.locator(PICTURE).bounding_box()
            assert canvas is not None
            assert canvas["x"] >= 0
            assert 0.8 * width < canvas["width"] <= width - canvas["x"]
        background = reader.page.locator('[data-testid="stApp"]').evaluate("e => getComputedStyle(e).backgroundColor")
        red, green, blue = map(int, re.findall(r"\d+", background)[:3])
        assert (red + green + blue < 200) is dark
        reader.assert_well()


def test_a_finger_drawn_along_the_map_moves_the_curves(phone: BrowserContext, address: str) -> None:
    with visit(phone) as reader:
        reader.open(address)
        reader.remember()
        seen, sent = {reader.pixels()}, reader.sent
        touch = phone.new_cdp_session(reader.page)
        for down in (0.58, 0.64):
            for step, along in enumerate((0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)):
                x, y = reader.point(along, down)
                kind = "touchMove" if step else "touchStart"
                touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
                reader.page.wait_for_timeout(30)
            reader.rest()
            seen.add(reader.pixels())
            assert reader.changed()
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert len(seen) == 3
        assert reader.sent == sent
        reader.assert_well()
