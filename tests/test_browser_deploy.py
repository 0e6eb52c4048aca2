"""Two servers behind nginx, of which one ends, as a browser meets them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import BrowserContext

from benchmarks.proxy import behind
from tests.backends import need
from tests.reader import Reader, running_app, visit, wait_until
from tests.test_browser_server import work_on

pytestmark = pytest.mark.browser
EXAMPLES = Path(__file__).resolve().parent.parent / "rnn_dynamics" / "own" / "examples.safetensors"
#: Seconds within which a page is back.
SOON = 5.0


@pytest.fixture
def two() -> Iterator[tuple[str, dict[str, ExitStack]]]:
    """The address of nginx before two servers, and these, each to be closed."""
    need("nginx")
    with ExitStack() as both:
        servers = {}
        for _ in range(2):
            one = both.enter_context(ExitStack())
            servers[one.enter_context(running_app(quiet=True)).removeprefix("http://")] = one
        yield both.enter_context(behind("nginx", [*servers]))[0], servers


def server_of(reader: Reader, origin: str) -> str:
    """The server that a browser's cookie names."""
    named = {cookie["name"]: cookie["value"] for cookie in reader.page.context.cookies(origin)}
    return named["server"]


def bring(reader: Reader) -> None:
    """Upload a file of weights, and see what is in it."""
    reader.page.locator(".st-key-bring button").first.click()
    reader.page.locator("input[type=file]").first.set_input_files(EXAMPLES)
    reader.page.get_by_text(f"{EXAMPLES.name}: ").wait_for()
    reader.close_popover()


def test_a_page_whose_server_ends_shows_the_same_on_another_and_works_on(
    desk: BrowserContext, two: tuple[str, dict[str, ExitStack]]
) -> None:
    origin, servers = two
    with visit(desk) as reader:
        for server in servers:  # so that neither is asked for the first time later
            reader.open(f"http://{server}/shapes?seed=2&cell=gru")
        reader.open(f"{origin}/shapes?seed=2&cell=gru")
        first, shown = server_of(reader, origin), (reader.here(), reader.pixels())
        sent = reader.sent
        servers[first].close()
        ended = monotonic()
        wait_until(lambda: reader.sent > sent, "the page asks for nothing")
        reader.wait()
        assert (reader.here(), reader.pixels()) == shown
        assert monotonic() - ended < SOON
        assert server_of(reader, origin) in set(servers) - {first}
        reader.rest()  # a key that was pressed before the new server had run the page was lost once
        reader.errors.clear()  # of the moment without a server
        work_on(reader, "shapes", shown)
        reader.page.goto(f"{origin}/own_network")
        reader.rest()
        bring(reader)
        reader.assert_well()
