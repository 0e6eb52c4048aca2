"""Every page on a projector, in large type: its picture fits the window, alone and beside its slider, and keys lead on.

The tests of a page are told in their order to one visitor, who goes by the bar: to load a page takes longer.
"""

import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, expect

from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.dashboard.navigation import taught
from rnn_dynamics.pictures.kit.theme import BASE_SIZE
from tests.drawn import note_texts, texts_on_each_other, texts_on_lines
from tests.every import every
from tests.reader import PICTURE, Reader, Stay, visit, wait_until
from tests.test_browser_access import wait_until_nothing_scrolls_sideways
from tests.test_browser_address import press
from tests.test_browser_pages import go_by_the_bar, title
from tests.test_browser_visits import NAMED_CURVES
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
WIDE, HIGH = 1280, 720
#: Whose slider comes with a training: what stands above its picture before that leaves six panels too little room.
NOT_BEGUN = ("learning",)
#: Pages whose picture fits below their controls on a small projector.
WHOLE = ("vanish_or_explode",)


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stay(desk: BrowserContext, hall: str) -> Iterator[Stay]:
    """Who shows the pages one after the other."""

    def open_home(reader: Reader) -> None:
        note_texts(reader.page)
        reader.page.set_viewport_size({"width": WIDE, "height": HIGH})
        reader.open(hall)

    with closing(Stay(desk, open_home)) as stays:
        yield stays


@pytest.fixture
def walker(stay: Stay, request: pytest.FixtureRequest) -> Reader:
    """The same, wherever they are."""
    return stay.at("anywhere", request.session.testsfailed, lambda _: None)


@pytest.fixture(scope="module")
def openings() -> dict[str, str]:
    """Page -> what it has said there first."""
    return {}


@pytest.fixture
def projector(stay: Stay, openings: dict[str, str], page: str, request: pytest.FixtureRequest) -> Reader:
    """Who has come to the page with nothing set."""
    return stay.at(page, request.session.testsfailed, lambda reader: assert_opens_by_the_bar(reader, page, openings))


def assert_opens_by_the_bar(reader: Reader, page: str, openings: dict[str, str]) -> None:
    """A walk moves no setting: each page says what it has said at first, and its address nothing."""
    go_by_the_bar(reader, page)
    reader.complete()
    assert reader.settings() == {}
    opening = openings.setdefault(page, reader.finding())
    wait_until(lambda: reader.finding() == opening, f"{page} says something else")


def box_of_picture(reader: Reader) -> tuple[float, float]:
    """Where it begins and ends, in pixels from the top of the window."""
    box = reader.page.locator(PICTURE).bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


def picture_ends(reader: Reader) -> float:
    top, bottom = box_of_picture(reader)
    assert top >= 0
    return bottom


def focused(reader: Reader) -> str:
    """The key of the control that has the focus."""
    script = "document.activeElement.closest('[class*=st-key-]')?.className.match(/st-key-(\\w+)/)[1] ?? ''"
    return str(reader.page.evaluate(script))


def test_a_projector_of_720_lines_shows_every_button_in_large_type(projector: Reader, page: str) -> None:
    assert texts_on_each_other(projector.page) == []
    assert page not in NAMED_CURVES or texts_on_lines(projector.page) == []
    wait_until_nothing_scrolls_sideways(projector)
    for button in projector.page.locator(".st-key-presets button").all():
        box = button.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= WIDE
        assert box["y"] + box["height"] <= HIGH
    picture = projector.page.locator(PICTURE).bounding_box()
    assert picture is not None
    if page in WHOLE:
        assert picture["y"] + picture["height"] <= HIGH
    assert picture["height"] <= HIGH  # so that the time axis and the curves are seen together
    projector.assert_well()


def test_a_picture_fits_a_projector_beside_its_slider_and_alone(projector: Reader, page: str) -> None:
    projector.page.keyboard.press("Alt+l")
    if page not in NOT_BEGUN:
        wait_until(lambda: picture_ends(projector) <= HIGH, f"{page} ends below the window: {picture_ends(projector)}")
    control = focused(projector)
    slider = projector.page.locator(f".st-key-{control}").get_by_role("slider")
    expect(slider).to_be_focused()
    expect(projector.page.locator(f".st-key-{control}")).to_be_in_viewport()

    projector.page.keyboard.press("Alt+p")
    projector.wait_for_settings(view="picture")
    expect(projector.page.get_by_test_id("stHeader")).to_be_hidden()
    expect(projector.page.locator("h1")).to_be_hidden()
    wait_until(lambda: 0.9 * HIGH < picture_ends(projector) <= HIGH, f"{page} alone ends at {picture_ends(projector)}")
    projector.page.keyboard.press("Alt+l")
    assert focused(projector) == control
    before = slider.get_attribute("aria-valuetext")
    projector.page.keyboard.press("ArrowRight")
    if slider.get_attribute("aria-valuetext") == before:  # it stands at its end
        projector.page.keyboard.press("ArrowLeft")
    wait_until(lambda: slider.get_attribute("aria-valuetext") != before, "the arrow keys do not move it")
    projector.rest()
    projector.assert_well()
    projector.page.keyboard.press("Alt+p")
    wait_until(lambda: "view" not in projector.settings(), "no key leads back")
    if projector.settings():
        press(projector, "reset")


def test_a_walk_by_the_bar_moves_no_setting(walker: Reader, openings: dict[str, str]) -> None:
    for page in random.Random(0).sample(PAGES, 6):
        assert_opens_by_the_bar(walker, page, openings)
    walker.assert_well()


def test_the_pictures_of_a_hall_are_drawn_in_its_type(walker: Reader, reader: Reader, address: str) -> None:
    note_texts(reader.page)
    reader.open(f"{address}/phase_diagram")
    go_by_the_bar(walker, "phase_diagram")
    script = "e => e.written.filter(([text]) => text.startsWith('input scale')).map(([, left, right]) => right - left)"
    usual, large = (one.page.locator(PICTURE).evaluate(script)[0] for one in (reader, walker))
    assert large / usual == pytest.approx(22 / BASE_SIZE, rel=0.05)  # letters stand on whole pixels


def test_the_picture_alone_keeps_its_shortcuts_its_address_and_its_pages(desk: BrowserContext, hall: str) -> None:
    first, second, *_ = taught(LANGUAGE)
    with visit(desk) as reader:
        reader.page.set_viewport_size({"width": WIDE, "height": HIGH})
        reader.open(f"{hall}/{first}?view=picture&embed=true")
        expect(reader.page.get_by_test_id("stHeader")).to_be_hidden()
        reader.page.keyboard.press("Alt+2")
        reader.wait_for_settings(view="picture", embed="true", weight_scale="0.5")
        reader.page.keyboard.press("Alt+n")
        reader.wait_for_settings(seed="1")
        reader.page.keyboard.press("Alt+PageDown")
        wait_until(lambda: f"/{second}?" in reader.here(), "no key leads to the next page")
        reader.rest()
        reader.wait_for_settings(view="picture", embed="true", seed="1")
        reader.page.keyboard.press("Alt+PageUp")
        wait_until(lambda: f"/{second}?" not in reader.here(), "no key leads to the previous page")
        reader.rest()
        reader.page.keyboard.press("Alt+i")
        reader.wait_for_settings(view="finding")
        expect(reader.page.locator("table.verdict")).to_be_visible()
        reader.page.keyboard.press("Alt+i")
        wait_until(lambda: "view" not in reader.settings(), "no key leads back")
        expect(reader.page.locator("h1")).to_be_visible()
        reader.page.get_by_role("button", name="Share and check").click()
        assert "view" not in reader.page.get_by_test_id("stCode").inner_text()
        reader.close_popover()
        reader.page.get_by_role("button", name="Picture alone").click()
        reader.wait_for_settings(view="picture")
        reader.assert_well()


@every("asked", ["shapes?shape=encoder-decoder", "vanish_or_explode?weight_scale=0.1"])
def test_a_crowded_picture_writes_no_texts_on_each_other_in_large_type(
    desk: BrowserContext, hall: str, asked: str
) -> None:
    with visit(desk) as reader:
        see_in_large_type(reader, f"{hall}/{asked}")
        assert texts_on_each_other(reader.page) == []
        reader.assert_well()


@every("asked", ["cliff?start_w=5.10", "curse_of_memory?panels=all&memory=2", "jacobians?panels=all"])
def test_the_names_of_lines_are_off_them_in_large_type(desk: BrowserContext, hall: str, asked: str) -> None:
    with visit(desk) as reader:
        see_in_large_type(reader, f"{hall}/{asked}")
        assert texts_on_lines(reader.page) == []
        reader.assert_well()


def see_in_large_type(reader: Reader, address: str) -> None:
    note_texts(reader.page)
    reader.page.set_viewport_size({"width": WIDE, "height": HIGH})
    reader.open(address)


def test_an_address_that_asks_for_a_view_there_is_not_is_told_so(desk: BrowserContext, hall: str) -> None:
    with visit(desk) as reader:
        reader.page.set_viewport_size({"width": WIDE, "height": HIGH})
        reader.open(f"{hall}/?view=curtain")
        expect(reader.page.get_by_text("is not one of picture, finding")).to_be_visible()
        assert title(reader)
        reader.assert_well()
