"""What all tests share: examples that are the same in every run, every processor core, and the visitors' browser."""

import os
import shutil
import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed.utils import get_mp_context
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, BrowserType, sync_playwright
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import local_script_runner
from xdist.scheduler import LoadScopeScheduling

from rnn_dynamics import content, process
from rnn_dynamics.dashboard import growing
from rnn_dynamics.dashboard.seat import the_desk
from rnn_dynamics.engine.compiled.machine_code import llvm
from rnn_dynamics.line import Line, Work
from rnn_dynamics.remembered import MEMORY, MOST_BYTES
from tests.reader import FLAGS, PATIENCE, PROGRAMS, Reader, running_app, visit

_MAIN = sys.modules["__main__"]
_START = "spawn" if sys.platform == "win32" else "forkserver"
os.environ["RNN_DYNAMICS_COMPILED"] = "0"  # the road that everybody has, but for the tests of `either_road`
process.use_one_thread()  # as the server does: workers with two threads each would wait for each other
settings.register_profile("same_everywhere", max_examples=25, deadline=None, derandomize=True, database=None)
settings.load_profile("same_everywhere")


#: Browser tests that start servers of their own, so that a second browser has nothing to compute that a first one has.
#: That of `deploy` is to be on time, for which the first one goes first on the processor.
_OWN_SERVERS = {f"test_browser_{name}.py" for name in ("stage", "server", "lecture")}
#: What is true of every page.
_BY_PAGE = {"test_pages.py", "test_strange_settings.py"}


class FirstBrowser(LoadScopeScheduling):  # type: ignore[misc]
    """One worker begins with the browser, of which two would be too many from the start; the others share the rest.

    They share it by modules, whose tests remember what they have built. That worker would be the last by far: whoever
    is free begins a browser too, for what asks servers of its own. What is true of every page goes last and page by
    page, so that no worker is left alone for long.
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        turn = _turn(nodeid)
        if turn == 0:
            return "browser"
        return f"{module} {test.partition('[')[2].partition('-')[0].rstrip(']')}" if turn == 3 else module


def _turn(nodeid: str) -> int:
    """0 for the first browser, 1 for what needs none, 2 for a second browser, 3 for what is true of every page."""
    module = Path(nodeid.partition("::")[0]).name
    if module in _BY_PAGE:
        return 3
    if module in _OWN_SERVERS:
        return 2
    return int(not module.startswith("test_browser"))


def pytest_configure(config: pytest.Config) -> None:
    """Let nobody answer in advance: a page's thread would outlive its test, and compute while others measure memory.

    Before the tests are collected, because some are made of what pages hand out.
    """
    import_module("tests.background")  # which has them as they are
    patch = pytest.MonkeyPatch()
    patch.setattr("rnn_dynamics.dashboard.warm.warm_up", lambda *_: None)
    patch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda *_: None)
    # A test's own process computes; what others compute has tests of its own.
    patch.setattr("rnn_dynamics.executor.told", lambda: None)
    # Each page's presets are asked by the tests of several modules, and computed by the first.
    patch.setattr(MEMORY, "_most", 4 * MOST_BYTES)
    # Each new AppTest looks through everything that is installed for components, for a fifth of a second.
    patch.setattr(manifest_scanner, "scan_component_manifests", lru_cache(manifest_scanner.scan_component_manifests))
    patch.setattr(local_script_runner, "require_widgets_deltas", until_its_thread_ends)
    config.add_cleanup(patch.undo)


_LOOK_AGAIN = local_script_runner.require_widgets_deltas


def until_its_thread_ends(runner: local_script_runner.LocalScriptRunner, timeout: float) -> None:
    """Wait for a page of an AppTest; Streamlit looks for its end a thousand times a second, among all that was sent."""
    assert runner._script_thread is not None
    runner._script_thread.join(timeout)
    if not runner.script_stopped():
        _LOOK_AGAIN(runner, timeout=0.0)  # which stops it, and says so


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, for who drives the browser often waits for it."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FirstBrowser:
    config.option.loadscopereorder = False  # by the number of their tests
    return FirstBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browser, which takes longest."""
    items.sort(key=lambda item: _turn(item.nodeid))


#: The test with which this process has begun.
_FIRST: list[str] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the worker go first that drives the browser: it takes longest, and what it holds keys of must keep up."""
    if not _FIRST:
        _FIRST.append(item.nodeid)
        beside = "PYTEST_XDIST_WORKER" in os.environ and item.get_closest_marker("browser") is None
        if beside and sys.platform != "win32":
            os.nice(5)


@pytest.fixture(autouse=True)
def every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that runs inside a test must not pin the tests, and the browsers that they start, to one core."""
    monkeypatch.setattr(process, "use_one_core", lambda: False)


@pytest.fixture(autouse=True)
def no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that runs inside a test waits for all of a work, for nothing would let it look again."""
    monkeypatch.setattr(growing, "the_line", Patient)


@pytest.fixture
def own_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the words, to be edited; afterwards nobody remembers it."""
    copy = shutil.copytree(content._CONTENT, tmp_path / "content")
    with monkeypatch.context() as patch:
        patch.setattr(content, "_CONTENT", copy)
        content.read_edits()
        yield copy
    content.read_edits()


class Patient(Line):
    """A line in which who waits does the work."""

    def look_at(self, who: Hashable, work: Work, patience: float = 0.0) -> None:
        """Do all of it."""
        while not work.complete:
            work.advance()


@pytest.fixture(scope="module", params=["numpy", "compiled"])
def either_road(request: pytest.FixtureRequest) -> Iterator[None]:
    """All tests of a module on NumPy's road, and then on the compiled one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNN_DYNAMICS_COMPILED", str(int(request.param == "compiled")))
        assert (llvm() is not None) == (request.param == "compiled"), "llvmlite is not installed"
        yield


@pytest.fixture(scope="module")
def own_main() -> Iterator[None]:
    """The main module with which the tests have begun: spawned processes load it, and an AppTest leaves its own.

    Where the system can, Dask's workers are forked from a process that has loaded what they need, in place of two
    seconds for each of them, and for each that comes after one who was killed.
    """
    with pytest.MonkeyPatch.context() as patch, dask.config.set({"distributed.worker.multiprocessing-method": _START}):
        patch.setitem(sys.modules, "__main__", _MAIN)
        if _START == "forkserver":
            get_mp_context().set_forkserver_preload(["distributed", "rnn_dynamics.learning.trainer"])
        yield


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that remembers nothing; the other tests find again what they remember."""
    monkeypatch.setattr(MEMORY, "_kept", OrderedDict())
    monkeypatch.setattr(MEMORY, "_bytes", 0)


@pytest.fixture(autouse=True)
def new_desk() -> None:
    """What one test has trained another one has not."""
    the_desk.clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def program() -> str:
    """Where Chromium is."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = f"no Chromium found; looked for {', '.join(PROGRAMS)}"
        if os.environ.get("RNN_DYNAMICS_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A server that all tests share which do not need a first visitor."""
    with running_app(quiet=True) as url:
        yield url


@pytest.fixture(scope="session")
def fresh() -> Iterator[str]:
    """A server on which none of those has been who have seen a picture at the other."""
    with running_app(quiet=True) as url:
        yield url


@pytest.fixture(scope="module")
def hall() -> Iterator[str]:
    """A server whose type is for the back row, as README starts it, and on which nobody has been before these tests."""
    with running_app("--theme.baseFontSize=22", quiet=True) as url:
        yield url


def keep_warm(context: BrowserContext, address: str) -> None:
    """Leave a page of the site open: without any, its process ends, and what that has compiled."""
    context.new_page().goto(f"{address}/_stcore/health")


@pytest.fixture(scope="session")
def desk(
    chromium: BrowserType, program: str, address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A browser with a mouse; like a reader's it keeps Streamlit's own files, loaded and compiled, on its disk."""
    # Who wants no motion is spared the pictures between two, which a browser without a graphics card paints dearly.
    options: Any = {"executable_path": program, "args": FLAGS, "color_scheme": "light", "reduced_motion": "reduce"}
    profile = tmp_path_factory.mktemp("profile")
    context = chromium.launch_persistent_context(profile, viewport={"width": 1280, "height": 900}, **options)
    context.set_default_timeout(PATIENCE * 1000)
    keep_warm(context, address)
    yield context
    context.close()


@pytest.fixture(scope="session")
def browser(chromium: BrowserType, program: str) -> Iterator[Browser]:
    """Whose visitors know nothing of each other."""
    browser = chromium.launch(executable_path=program, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def phone(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(PATIENCE * 1000)
    keep_warm(context, address)
    yield context
    context.close()


@pytest.fixture
def reader(desk: BrowserContext, address: str) -> Iterator[Reader]:
    """A new visitor who has opened the page."""
    with visit(desk) as visitor:
        visitor.open(address)
        yield visitor
