"""Every page in Chromium, as one visitor goes through it: width, contrast, presets, F5, a link to a friend, and keys.

The tests of a page are a story, told in their order to one visitor: to load a page takes longer than all else.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, ViewportSize, expect

from rnn_dynamics.content import HOME
from rnn_dynamics.dashboard.settings_words import in_link
from tests.drawn import note_texts, texts_on_each_other, texts_on_lines
from tests.faults import faults
from tests.handed_out import frame_of
from tests.keyboard import walk
from tests.reader import PICTURE, Reader, Stay, wait_until
from tests.test_browser_access import wait_until_nothing_scrolls_sideways
from tests.test_browser_address import entries, is_on, press
from tests.test_browser_pages import TITLES, go_by_the_bar, leading, title
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
#: Whose curves have names beside them, which must not lie on any.
NAMED_CURVES = ("vanish_or_explode", "additive_path", "jacobians", "losses", "depth", "own_network")
#: What must be set where no network is seen at the opening that a new seed would draw anew.
SEED_SEEN_AT = {"curse_of_memory": "panels=all"}
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def walker(desk: BrowserContext, address: str) -> Iterator[Stay]:
    """Who goes by the bar from page to page, for to load one anew takes longer than all that is done there."""

    def open_home(reader: Reader) -> None:
        note_texts(reader.page)
        reader.open(address)

    with closing(Stay(desk, open_home)) as stay:
        yield stay


@pytest.fixture
def visitor(walker: Stay, page: str, request: pytest.FixtureRequest) -> Reader:
    """Who has come to the page with nothing set, and with a history that is far from the longest that browsers keep."""

    def arrive(reader: Reader) -> None:
        see(reader, DESK)
        go_by_the_bar(reader, page)
        if reader.settings():
            if is_on(reader, "reset"):  # the address may name what the opening picture has, which Reset would leave
                press(reader, "new_seed")
            press(reader, "reset")
        reader.complete()
        reader.page.context.new_cdp_session(reader.page).send("Page.resetNavigationHistory")

    return walker.at(page, request.session.testsfailed, arrive)


@pytest.fixture(scope="module")
def guest(desk: BrowserContext) -> Iterator[Stay]:
    with closing(Stay(desk, lambda _: None)) as stay:
        yield stay


@pytest.fixture
def friend(guest: Stay, visitor: Reader, address: str, fresh: str, page: str, request: pytest.FixtureRequest) -> Reader:
    """Who has opened the visitor's link on another server; the page makes them the first who ask for it there."""

    def follow(reader: Reader) -> None:
        see(reader, PHONE)
        reader.open(visitor.here().replace(address, fresh))
        reader.complete()

    return guest.at(page, request.session.testsfailed, follow)


def see(reader: Reader, size: ViewportSize, colours: Literal["light", "dark"] = "light") -> None:
    """What a test begins with, whichever came before it; who goes on by looking at the picture waits for its rest."""
    reader.page.set_viewport_size(size)
    reader.page.emulate_media(color_scheme=colours)


def set_by(page: str) -> dict[str, dict[str, str]]:
    """Button of each preset -> what the address should say once it is pressed, the last one first."""
    frame = frame_of(page)
    said = {
        f"preset_{key}": {name: in_link(name, value) for name, value in away.items() if value != frame.at_opening[name]}
        for key, away in frame.presets.items()
    }
    return dict(reversed(said.items()))


def shows_the_same(friend: Reader, visitor: Reader) -> bool:
    """To the last pixel; else both draw it anew, for what was drawn in parts, or over, has other smooth edges."""
    if friend.pixels() == visitor.pixels():
        return True
    for one in (friend, visitor):
        one.page.reload()
        one.complete()
    return friend.pixels() == visitor.pixels()


def name_of_picture(reader: Reader) -> str:
    """What is read aloud in place of the picture."""
    chart = reader.page.locator(PICTURE).locator("..")
    named = "chart => document.getElementById(chart.getAttribute('aria-labelledby'))?.innerText"
    wait_until(lambda: bool(chart.evaluate(named)), "the picture has no name")
    return str(chart.evaluate(named))


def test_a_page_has_no_faults_on_a_desk_fits_a_phone_and_writes_no_texts_on_each_other(
    visitor: Reader, page: str
) -> None:
    for size in (DESK, PHONE):
        see(visitor, size)
        visitor.rest()
        wait_until_nothing_scrolls_sideways(visitor)
        assert texts_on_each_other(visitor.page) == []
        assert page not in NAMED_CURVES or texts_on_lines(visitor.page) == []
        assert size is PHONE or faults(visitor.page) == []  # which a phone has in Chinese, if it has any
    visitor.assert_well()


def test_a_chinese_phone_in_dark_colours_has_no_faults_no_texts_on_each_other_and_a_claim_as_name_of_its_picture(
    visitor: Reader,
) -> None:
    claim = visitor.page.locator("h2.claim").inner_text()
    assert name_of_picture(visitor) == claim
    see(visitor, PHONE, "dark")
    press(visitor, "language_zh")
    assert faults(visitor.page) == []
    assert texts_on_each_other(visitor.page) == []
    assert name_of_picture(visitor) == visitor.page.locator("h2.claim").inner_text() != claim
    press(visitor, "language_en")
    visitor.assert_well()


def test_the_tab_key_reaches_every_control_and_shows_where_it_is(visitor: Reader, page: str) -> None:
    """In dark colours on every second page: each kind of control is on many pages, and shows the focus alike on all."""
    see(visitor, DESK, "dark" if PAGES.index(page) % 2 else "light")
    visitor.rest()
    walked = walk(visitor.page)
    assert len(walked["named"]) > 10
    assert (walked["missed"], walked["unseen"]) == ([], [])


def test_every_preset_is_one_entry_is_in_the_address_and_writes_no_texts_on_each_other(
    visitor: Reader, page: str
) -> None:
    """And the one that is on at the opening is the one that sets nothing."""
    see(visitor, DESK)
    visitor.rest()
    assert {key for key in set_by(page) if is_on(visitor, key)} == {
        key for key, sets in set_by(page).items() if not sets
    }
    for key, said in set_by(page).items():
        before = entries(visitor)
        press(visitor, key)
        assert entries(visitor) == before + 1
        assert visitor.settings() == said
        assert is_on(visitor, key)
        assert texts_on_each_other(visitor.page) == []
        assert page not in NAMED_CURVES or texts_on_lines(visitor.page) == []
        visitor.assert_well()


def test_axe_finds_nothing_in_dark_colours_with_all_controls_open(visitor: Reader, page: str) -> None:
    see(visitor, DESK, "dark")
    key, *_ = set_by(page)
    press(visitor, key)
    visitor.page.get_by_role("button", name="More", exact=True).click()
    visitor.rest()
    assert faults(visitor.page) == []
    visitor.close_popover()
    visitor.assert_well()


def test_f5_and_a_friend_show_the_same_to_the_last_pixel(
    visitor: Reader, friend: Reader, address: str, fresh: str, page: str
) -> None:
    visitor.complete()  # what a test before has asked for may still grow
    said = visitor.finding()
    see(visitor, PHONE)
    visitor.page.reload()
    visitor.complete()
    wait_until(lambda: friend.finding() == visitor.finding() == said, f"{page} says something else")
    wait_until(lambda: shows_the_same(friend, visitor), f"{page} is another picture")
    assert friend.here() == visitor.here().replace(address, fresh)
    friend.assert_well()
    wait_until_nothing_scrolls_sideways(visitor)


def test_on_a_page_that_a_link_has_opened_a_new_seed_that_is_pressed_first_is_one_entry_and_a_held_key_leaves_it_alive(
    friend: Reader, page: str
) -> None:
    see(friend, DESK)
    assert title(friend) == TITLES[page]
    expect(friend.page.locator("header").get_by_role("link", name=TITLES[HOME])).to_have_count(1)
    assert friend.page.get_by_text("This link was adjusted").count() == 0
    if page in SEED_SEEN_AT:
        friend.open(friend.here() + ("&" if "?" in friend.here() else "?") + SEED_SEEN_AT[page])
    before, said = entries(friend), friend.settings()
    press(friend, "new_seed")
    assert entries(friend) == before + 1
    assert friend.settings() == said | {"seed": "1"}
    name, key, _ = leading(page)
    slider = friend.slider(name)
    slider.focus()
    for way in ("ArrowRight", "ArrowLeft"):  # and back over values already seen
        friend.hold(way, 12)
        friend.page.wait_for_timeout(120)
    friend.rest()
    words = friend.finding()
    slider.press("ArrowRight")  # a short slider has come to its left end
    wait_until(lambda: friend.finding() != words, f"{page} is dead")
    wait_until(lambda: friend.settings().get(key, friend.value(name)) == friend.value(name), "the address stands still")
    friend.assert_well()
