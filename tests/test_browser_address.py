"""The address bar and the browser's history in Chromium: F5, Back, and a link to a friend."""

import random
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import BrowserContext

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.settings_words import in_link
from rnn_dynamics.experiment import settings
from tests.drawn import note_texts, texts_on_each_other
from tests.handed_out import frame_of
from tests.reader import Reader, running_app, visit, wait_until
from tests.test_browser_pages import go_by_the_bar
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
#: Pages whose picture grows on a server that has not computed it yet.
GROWS = ("phase_diagram", "initialisation")


@pytest.fixture(scope="module")
def fresh() -> Iterator[str]:
    """A server on which none of these visitors has been."""
    with running_app(quiet=True) as url:
        yield url


def entries(reader: Reader) -> int:
    return int(reader.page.evaluate("history.length"))


def here(reader: Reader) -> str:
    """The address; `page.url` learns of it only with the next message from the browser."""
    return str(reader.page.evaluate("location.href"))


def complete(reader: Reader) -> None:
    """Wait until a picture that grows is there as a whole."""
    wait_until(lambda: reader.page.locator(".st-key-computing").count() == 0, "the picture does not become complete")
    reader.rest()


def press(reader: Reader, key: str) -> None:
    before = here(reader)
    reader.page.locator(f".st-key-{key} button").click()
    wait_until(lambda: here(reader) != before, f"{key} does not change the address")
    complete(reader)


def is_on(reader: Reader, button: str) -> bool:
    """Whether the page shows what a button would set."""
    return f"is-{button}" in str(reader.page.locator("p.state").get_attribute("class")).split()


@pytest.mark.parametrize("page", PAGES)
def test_what_is_pressed_first_is_one_entry_and_opens_elsewhere(
    desk: BrowserContext, address: str, fresh: str, page: str
) -> None:
    *_, preset = sentences(page)["presets"]
    with visit(desk) as reader, visit(desk) as friend:
        for key in (f"preset_{preset}", "new_seed"):
            reader.open(f"{address}/{page}")
            before = entries(reader)
            press(reader, key)
            assert entries(reader) == before + 1
            said = reader.finding()
            reader.page.reload()
            complete(reader)
            friend.open(here(reader).replace(address, fresh))
            complete(friend)
            if page in GROWS:  # there it was drawn in parts, and here at once
                friend.page.reload()
                complete(friend)
            assert friend.finding() == reader.finding() == said
            assert friend.pixels() == reader.pixels()  # both drawn anew: what is drawn over has other smooth edges
            assert here(friend) == here(reader).replace(address, fresh)
        reader.assert_well()
        friend.assert_well()


def set_by(page: str) -> dict[str, dict[str, str]]:
    """Button of each preset -> what the address should say once it is pressed first."""
    frame = frame_of(page)
    offered, opening = {*frame.main, *frame.more, *frame.views}, frame.at_opening
    return {
        f"preset_{key}": {
            name: in_link(name, value)
            for name, value in (settings(preset) | dict(frame.preset_views.get(key, {}))).items()
            if name in offered and value != opening[name]
        }
        for key, preset in frame.presets.items()
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_preset_that_is_pressed_first_is_in_the_address_and_writes_no_texts_on_each_other(
    desk: BrowserContext, address: str, page: str
) -> None:
    presets = set_by(page)
    with ExitStack() as tabs:  # side by side: one after the other they would take twice as long
        readers = {key: tabs.enter_context(visit(desk)) for key in presets}
        for reader in readers.values():
            note_texts(reader.page)
            reader.page.goto(f"{address}/{page}", wait_until="commit")
        for key, reader in readers.items():
            reader.wait()
            assert is_on(reader, key) == (not presets[key])
            if presets[key]:
                press(reader, key)
            assert reader.settings() == presets[key]
            assert is_on(reader, key)
            assert texts_on_each_other(reader.page) == []
            reader.assert_well()


@pytest.fixture(scope="module")
def openings(desk: BrowserContext, fresh: str) -> dict[str, str]:
    """What each page says to a visitor who comes from nowhere."""
    said = {}
    with visit(desk) as reader:
        for page in PAGES:
            reader.open(f"{fresh}/{page}")
            complete(reader)
            said[page] = reader.finding()
    return said


@pytest.mark.parametrize("seed", range(4))
def test_a_walk_by_the_bar_moves_no_setting(
    desk: BrowserContext, address: str, openings: dict[str, str], seed: int
) -> None:
    with visit(desk) as reader:
        reader.open(address)
        for page in random.Random(seed).sample(PAGES, 6):
            go_by_the_bar(reader, page)
            complete(reader)
            assert reader.finding() == openings[page]
        reader.assert_well()


def test_steps_of_a_slider_are_no_entries_and_a_moved_link_says_what_is_shown(
    desk: BrowserContext, address: str
) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/?cell=LSTM&hidden_size=256&sequence_length=500")
        assert reader.settings() == {"cell": "LSTM", "hidden_size": "64", "sequence_length": "200"}
        said, before = reader.finding(), entries(reader)
        reader.page.reload()
        reader.rest()
        assert reader.finding() == said
        for _ in range(3):
            reader.slider("Sequence length T").press("ArrowLeft")
        wait_until(lambda: reader.settings()["sequence_length"] == "170", "the address does not follow")
        assert entries(reader) == before
        reader.assert_well()


def test_back_leads_through_the_pages_as_they_were_left(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(address)
        seen = [reader.finding()]
        for key in ("preset_explodes", "new_seed"):
            press(reader, key)
            seen.append(reader.finding())
        for page in ("losses", "vanish_or_explode"):
            go_by_the_bar(reader, page)
            seen.append(reader.finding())
        while len(seen) > 1:
            left = seen.pop()
            reader.page.go_back()
            reader.rest()
            if reader.finding() == left and left != seen[-1]:  # an entry that Streamlit makes on the way to a page
                reader.page.go_back()
                reader.rest()
            wait_until(lambda: reader.finding() == seen[-1], "Back shows a picture that was never seen")
        reader.assert_well()


def test_a_preset_that_is_on_is_marked_and_not_offered(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(address)
        style = "e => [getComputedStyle(e).pointerEvents, getComputedStyle(e, '::before').content]"
        button = reader.page.locator(".st-key-preset_explodes button")
        assert button.evaluate(style) == ["auto", "none"]
        press(reader, "preset_explodes")
        assert button.evaluate(style) == ["none", '"✓"']
        reader.slider("Weight scale").press("ArrowLeft")
        wait_until(lambda: button.evaluate(style) == ["auto", "none"], "the mark stays when the settings have gone")
        reader.assert_well()


def test_a_share_link_keeps_what_embeds_the_page(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/?embed_options=dark_theme&seed=3")
        reader.page.get_by_role("button", name="Share and check").click()
        link = reader.page.get_by_test_id("stCode").inner_text()
        assert "embed_options=dark_theme" in link
        assert "seed=3" in link
        assert "weight_scale=1.0" in link
        reader.page.keyboard.press("Escape")
