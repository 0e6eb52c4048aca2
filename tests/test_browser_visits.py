"""Every page in Chromium, as one visitor goes through it: width, contrast, presets, F5, a link to a friend, and keys.

The tests of a page are a story, told in their order to one visitor: to load a page takes longer than all else.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, ViewportSize, expect

from rnn_dynamics.content import HOME
from rnn_dynamics.dashboard.settings_words import in_link
from tests.drawn import note_texts, texts_on_each_other, texts_on_lines
from tests.faults import faults
from tests.handed_out import frame_of
from tests.keyboard import walk
from tests.reader import PICTURE, Reader, visit, wait_until
from tests.test_browser_access import wait_until_nothing_scrolls_sideways
from tests.test_browser_address import GROWS, entries, is_on, press
from tests.test_browser_pages import TITLES, go_by_the_bar, leading, title
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
#: Whose curves have names beside them, which must not lie on any.
NAMED_CURVES = ("vanish_or_explode", "additive_path", "jacobians", "losses", "depth", "own_network")
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def walker(desk: BrowserContext, address: str) -> Iterator[Reader]:
    """Who goes by the bar from page to page, for to load one anew takes longer than all that is done there."""
    with visit(desk) as reader:
        note_texts(reader.page)
        reader.open(address)
        yield reader


@pytest.fixture(scope="module")
def visitor(walker: Reader, page: str) -> Reader:
    """Who has come to the page with nothing set, and with a history that is far from the longest that browsers keep."""
    walker.page.set_viewport_size(DESK)
    go_by_the_bar(walker, page)
    if walker.settings() and not is_on(walker, "reset"):  # the address may name what the opening picture has
        press(walker, "reset")
    walker.complete()
    walker.page.context.new_cdp_session(walker.page).send("Page.resetNavigationHistory")
    return walker


@pytest.fixture(scope="module")
def friend(desk: BrowserContext, fresh: str, page: str) -> Iterator[Reader]:
    """Somebody at another server, on which nobody has been; the page makes them one of its own."""
    with visit(desk) as reader:
        yield reader


def set_by(page: str) -> dict[str, dict[str, str]]:
    """Button of each preset -> what the address should say once it is pressed, the last one first."""
    frame = frame_of(page)
    said = {
        f"preset_{key}": {name: in_link(name, value) for name, value in away.items() if value != frame.at_opening[name]}
        for key, away in frame.presets.items()
    }
    return dict(reversed(said.items()))


def name_of_picture(reader: Reader) -> str:
    """What is read aloud in place of the picture."""
    chart = reader.page.locator(PICTURE).locator("..")
    named = "chart => document.getElementById(chart.getAttribute('aria-labelledby'))?.innerText"
    wait_until(lambda: bool(chart.evaluate(named)), "the picture has no name")
    return str(chart.evaluate(named))


def test_a_page_fits_a_phone_and_a_desk_and_writes_no_texts_on_each_other(visitor: Reader, page: str) -> None:
    for size in (PHONE, DESK):
        visitor.page.set_viewport_size(size)
        visitor.rest()
        wait_until_nothing_scrolls_sideways(visitor)
        assert texts_on_each_other(visitor.page) == []
        assert page not in NAMED_CURVES or texts_on_lines(visitor.page) == []
        assert faults(visitor.page) == []
    visitor.assert_well()


def test_the_tab_key_reaches_every_control_and_shows_where_it_is(visitor: Reader, page: str) -> None:
    """In dark colours on every second page: each kind of control is on many pages, and shows the focus alike on all."""
    visitor.page.emulate_media(color_scheme="dark" if PAGES.index(page) % 2 else "light")
    visitor.rest()
    walked = walk(visitor.page)
    visitor.page.emulate_media(color_scheme="light")
    visitor.rest()
    assert len(walked["named"]) > 10
    assert (walked["missed"], walked["unseen"]) == ([], [])


def test_a_chinese_phone_in_dark_colours_has_no_faults_no_texts_on_each_other_and_a_claim_as_name_of_its_picture(
    visitor: Reader,
) -> None:
    claim = visitor.page.locator("h2.claim").inner_text()
    assert name_of_picture(visitor) == claim
    press(visitor, "language_zh")
    visitor.page.set_viewport_size(PHONE)
    visitor.page.emulate_media(color_scheme="dark")
    visitor.rest()
    assert faults(visitor.page) == []
    assert texts_on_each_other(visitor.page) == []
    assert name_of_picture(visitor) == visitor.page.locator("h2.claim").inner_text() != claim
    visitor.page.set_viewport_size(DESK)
    visitor.page.emulate_media(color_scheme="light")
    press(visitor, "language_en")
    visitor.assert_well()


def test_the_preset_that_is_on_at_the_opening_is_the_one_that_sets_nothing(visitor: Reader, page: str) -> None:
    assert {key for key in set_by(page) if is_on(visitor, key)} == {
        key for key, sets in set_by(page).items() if not sets
    }


def test_every_preset_is_one_entry_is_in_the_address_and_writes_no_texts_on_each_other(
    visitor: Reader, page: str
) -> None:
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
    key, *_ = set_by(page)
    press(visitor, key)
    visitor.page.get_by_role("button", name="More", exact=True).click()
    visitor.page.emulate_media(color_scheme="dark")
    visitor.rest()
    assert faults(visitor.page) == []
    visitor.close_popover()
    visitor.page.emulate_media(color_scheme="light")
    visitor.assert_well()


def test_f5_and_a_friend_show_the_same_to_the_last_pixel(
    visitor: Reader, friend: Reader, address: str, fresh: str, page: str
) -> None:
    visitor.complete()  # what a test before has asked for may still grow
    said = visitor.finding()
    for reader in (visitor, friend):
        reader.page.set_viewport_size(PHONE)
    visitor.page.reload()
    visitor.complete()
    friend.open(visitor.here().replace(address, fresh))
    friend.complete()
    if page in GROWS:  # there it was drawn in parts, and here at once
        friend.page.reload()
        friend.complete()
    wait_until(lambda: friend.finding() == visitor.finding() == said, f"{page} says something else")
    # Both are drawn anew: what is drawn over has other smooth edges.
    wait_until(lambda: friend.pixels() == visitor.pixels(), f"{page} is another picture")
    assert friend.here() == visitor.here().replace(address, fresh)
    friend.assert_well()
    wait_until_nothing_scrolls_sideways(visitor)
    friend.page.set_viewport_size(DESK)
    visitor.page.set_viewport_size(DESK)


def test_a_new_seed_that_is_pressed_first_is_one_entry(visitor: Reader) -> None:
    before, said = entries(visitor), visitor.settings()
    press(visitor, "new_seed")
    assert entries(visitor) == before + 1
    assert visitor.settings() == said | {"seed": "1"}
    visitor.assert_well()


def test_a_held_key_leaves_a_page_alive_that_a_link_has_opened_on_a_new_server(friend: Reader, page: str) -> None:
    assert title(friend) == TITLES[page]
    expect(friend.page.locator("header").get_by_role("link", name=TITLES[HOME])).to_have_count(1)
    assert friend.page.get_by_text("This link was adjusted").count() == 0
    name, key, _ = leading(page)
    slider = friend.slider(name)
    slider.focus()
    for way in ("ArrowRight", "ArrowLeft"):  # and back over values already seen
        friend.hold(way, 12)
        friend.page.wait_for_timeout(120)
    friend.rest()
    before = friend.finding()
    slider.press("ArrowRight")  # a short slider has come to its left end
    wait_until(lambda: friend.finding() != before, f"{page} is dead")
    wait_until(lambda: friend.settings().get(key, friend.value(name)) == friend.value(name), "the address stands still")
    friend.assert_well()
