"""Every page on a projector: its picture fits the window, alone and beside its controls, and keys lead to others."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, BrowserType, expect

from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.dashboard.navigation import taught
from tests.reader import FLAGS, PATIENCE, PICTURE, Reader, running_app, visit, wait_until
from tests.test_browser_pages import title
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
WIDE, HIGH = 1280, 720
#: Pages whose panels stand below each other: in large type their picture has the window for itself.
MANY_PANELS = ("depth", "learning")


@pytest.fixture(scope="module")
def projector(chromium: BrowserType, program: str) -> Iterator[BrowserContext]:
    browser = chromium.launch(executable_path=program, args=FLAGS)
    context = browser.new_context(viewport={"width": WIDE, "height": HIGH})
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    browser.close()


@pytest.fixture(scope="module")
def hall() -> Iterator[str]:
    """A server whose type is for the back row."""
    with running_app("--theme.baseFontSize=22", quiet=True) as url:
        yield url


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


@pytest.mark.parametrize("page", PAGES)
def test_a_picture_fits_a_projector_beside_its_slider_and_alone(
    projector: BrowserContext, hall: str, page: str
) -> None:
    with visit(projector) as reader:
        reader.open(f"{hall}/{page}")
        reader.page.keyboard.press("Alt+l")
        if page not in MANY_PANELS:
            wait_until(lambda: picture_ends(reader) <= HIGH, f"{page} ends below the window: {picture_ends(reader)}")
        control = focused(reader)
        slider = reader.page.locator(f".st-key-{control}").get_by_role("slider")
        expect(slider).to_be_focused()
        expect(reader.page.locator(f".st-key-{control}")).to_be_in_viewport()

        reader.page.keyboard.press("Alt+p")
        reader.wait_for_settings(view="picture")
        expect(reader.page.get_by_test_id("stHeader")).to_be_hidden()
        expect(reader.page.locator("h1")).to_be_hidden()
        wait_until(lambda: 0.9 * HIGH < picture_ends(reader) <= HIGH, f"{page} alone ends at {picture_ends(reader)}")
        reader.page.keyboard.press("Alt+l")
        assert focused(reader) == control
        before = slider.get_attribute("aria-valuetext")
        reader.page.keyboard.press("ArrowRight")
        if slider.get_attribute("aria-valuetext") == before:  # it stands at its end
            reader.page.keyboard.press("ArrowLeft")
        wait_until(lambda: slider.get_attribute("aria-valuetext") != before, "the arrow keys do not move it")
        reader.assert_well()


def test_the_picture_alone_keeps_its_shortcuts_its_address_and_its_pages(projector: BrowserContext, hall: str) -> None:
    first, second, *_ = taught(LANGUAGE)
    with visit(projector) as reader:
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


def test_an_address_that_asks_for_a_view_there_is_not_is_told_so(projector: BrowserContext, hall: str) -> None:
    with visit(projector) as reader:
        reader.open(f"{hall}/?view=curtain")
        expect(reader.page.get_by_text("is not one of picture, finding")).to_be_visible()
        assert title(reader)
        reader.assert_well()
