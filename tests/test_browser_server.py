"""A server that is full, or ends and comes back, as browsers meet it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from rnn_dynamics.dashboard.door import PLACES
from tests.reader import Reader, free_port, running_app, visit, wait_until
from tests.test_browser_pages import go_by_the_bar, leading, open_by_a_link

pytestmark = pytest.mark.browser
SMALL = "hidden_size=8&batch_size=8&sequence_length=20&iterations=3000"
#: Pages that are open when their server ends: the picture of the first grows, the second has a walk.
SOME = ("losses", "shapes")
LOST = "was lost when the server ended"


@pytest.fixture(scope="module")
def inside(desk: BrowserContext) -> Iterator[tuple[str, Reader]]:
    """The address of a server with one place, and who has that."""
    with running_app(quiet=True, environment={PLACES: "1"}) as address, visit(desk) as reader:
        reader.open(f"{address}/losses?seed=2")
        yield address, reader


@pytest.fixture(scope="module")
def outside(desk: BrowserContext) -> Iterator[Reader]:
    """Who has no place there."""
    with visit(desk) as reader:
        yield reader


@pytest.mark.parametrize("page", ["losses", "challenges"])  # the others' are in test_door
def test_a_full_server_refuses_the_next_one_with_an_address(
    inside: tuple[str, Reader], outside: Reader, page: str
) -> None:
    link = f"{inside[0]}/{page}?seed=3&batch_size=4"
    outside.page.goto(link)
    outside.page.get_by_role("heading", name="This server is full").wait_for()
    outside.page.get_by_role("button", name="Try again").click()
    outside.page.get_by_text(link).wait_for()
    assert outside.here() == link
    assert outside.page.locator("canvas").count() == 0
    outside.assert_well()


def test_while_others_are_refused_whoever_is_inside_goes_on(inside: tuple[str, Reader], outside: Reader) -> None:
    address, first = inside
    outside.page.goto(address)
    outside.page.get_by_role("heading", name="This server is full").wait_for()
    first.page.get_by_role("button", name="New seed").click()
    first.page.get_by_text("Seed 3 ·").wait_for()
    first.rest()
    first.assert_well()


def is_let_in(reader: Reader) -> bool:
    """Try again, where that is still offered, and tell whether it no longer is."""
    again = reader.page.get_by_role("button", name="Try again")
    again.evaluate_all("buttons => buttons.forEach(button => button.click())")
    return again.count() == 0


def test_who_waits_is_let_in_on_the_page_of_the_link_and_a_reload_inside_stays_inside(desk: BrowserContext) -> None:
    with running_app(quiet=True, environment={PLACES: "1"}) as address, visit(desk) as second:
        with visit(desk) as first:
            first.open(address)
            second.page.goto(f"{address}/losses?seed=3")
            second.page.get_by_role("heading", name="This server is full").wait_for()
            first.page.reload()
            first.rest()
            first.assert_well()
        wait_until(lambda: is_let_in(second), "nobody is let in")  # once the server has noticed that a tab was closed
        second.rest()
        assert second.here() == f"{address}/losses?seed=3"
        second.assert_well()


@contextmanager
def restarted(port: int, *readers: Reader) -> Iterator[None]:
    """A server in the place of one that has ended, to which the readers' pages have found by themselves."""
    for reader in readers:
        reader.page.get_by_role("dialog").wait_for()
    ran = [reader.ran for reader in readers]
    with running_app(quiet=True, port=port):
        for reader, before in zip(readers, ran, strict=True):
            reader.page.get_by_role("dialog").wait_for(state="hidden")
            # A new server hears of a page long before it runs its script.
            wait_until(lambda: reader.ran > before, "the page asks for nothing")  # noqa: B023
            reader.rest()
            reader.errors.clear()  # of the time without a server
        yield


def open_whole(reader: Reader, address: str, page: str) -> tuple[str, str]:
    """Open a page by a link, wait until nothing grows any more, and tell its address and its picture."""
    open_by_a_link(reader, address, page)
    reader.complete()
    return reader.here(), reader.pixels()


def work_on(reader: Reader, page: str, shown: tuple[str, str]) -> None:
    """See the same on a page that is back, and move its slider."""
    wait_until(lambda: (reader.here(), reader.pixels()) == shown, f"{page} shows another picture")
    words = reader.finding()
    reader.slider(leading(page)[0]).press("ArrowLeft")
    wait_until(lambda: reader.finding() != words, f"{page} does not react")
    reader.rest()
    reader.assert_well()


def test_open_pages_find_a_server_that_comes_back_and_work_on(desk: BrowserContext) -> None:
    port = free_port()
    with ExitStack() as tabs:
        readers = {page: tabs.enter_context(visit(desk)) for page in SOME}
        with running_app(quiet=True, port=port) as address:
            shown = {page: open_whole(reader, address, page) for page, reader in readers.items()}
        with restarted(port, *readers.values()):
            for page, reader in readers.items():
                work_on(reader, page, shown[page])


def test_a_training_that_ended_with_its_server_says_so_wherever_one_is_and_begins_again_with_one_press(
    desk: BrowserContext,
) -> None:
    port = free_port()
    with visit(desk) as stays, visit(desk) as elsewhere:
        both = (stays, elsewhere)
        with running_app(quiet=True, port=port) as address:
            for reader in both:  # which ask for the same, so that it is one training
                reader.open(f"{address}/learning?{SMALL}")
                button(reader, "train").click()
                button(reader, "stop").wait_for()
                reader.page.get_by_test_id("stProgress").wait_for()  # whose script no dead server would hand out
            go_by_the_bar(elsewhere, "losses")
        with restarted(port, *both):
            pass  # and away once more, before anything is begun again
        with restarted(port, *both):
            go_by_the_bar(elsewhere, "learning")
            for reader in both:
                reader.page.get_by_text(LOST).wait_for()
                button(reader, "train").click()
                button(reader, "stop").wait_for()
                expect(reader.page.get_by_text(LOST)).to_have_count(0)
                reader.assert_well()
            stays.wait_for_settings(hidden_size="8")  # which this page keeps to itself


def button(reader: Reader, key: str) -> Locator:
    return reader.page.locator(f".st-key-{key} button")
