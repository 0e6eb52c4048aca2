"""What a term means is shown to a pointer, to a tap and to the keyboard, and does not hinder a held key."""

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from rnn_dynamics.course.glossary import TERM, glossary
from tests.reader import Reader, visit

pytestmark = pytest.mark.browser
TIP = "#term-tip"


def mention(reader: Reader, key: str) -> Locator:
    """The first mention of a term on the page."""
    return reader.page.locator(f'a[href="{TERM}{key}"]').first


def expect_shown(reader: Reader, key: str) -> None:
    tip, term = reader.page.locator(TIP), glossary("en")[key]
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(term.says)
    expect(tip).to_contain_text(term.term)
    expect(mention(reader, key)).to_have_attribute("aria-describedby", "term-tip")
    box, size = tip.bounding_box(), reader.page.viewport_size
    assert box is not None
    assert size is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= size["width"]
    assert 0 <= box["y"] <= box["y"] + box["height"] <= size["height"]


def test_a_pointer_and_the_keyboard_show_what_a_term_means(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(address)
        tip = reader.page.locator(TIP)
        for key in ("rho", "sigma_max", "backpropagation"):  # above the picture, in the table, and in the prose
            mention(reader, key).hover()
            expect_shown(reader, key)
            tip.hover()  # whoever reads it may point at it
            reader.page.wait_for_timeout(500)
            expect_shown(reader, key)
            reader.page.mouse.move(2, 300)
            expect(tip).to_be_hidden()
        mention(reader, "sigma_max").focus()
        expect_shown(reader, "sigma_max")
        reader.page.keyboard.press("Tab")
        expect_shown(reader, "singular_value")
        reader.page.keyboard.press("Escape")
        expect(tip).to_be_hidden()
        mention(reader, "rho").focus()
        reader.page.keyboard.press("Alt+0")  # another run, which says the same
        reader.rest()
        expect(mention(reader, "rho")).to_be_focused()
        expect_shown(reader, "rho")
        reader.slider("Weight scale").press("ArrowRight")  # the finding is written anew
        reader.rest()
        mention(reader, "rho").hover()
        expect_shown(reader, "rho")
        assert "#" not in reader.here()
        reader.assert_well()


def test_a_tap_shows_what_a_term_means_and_the_next_one_hides_it(phone: BrowserContext, address: str) -> None:
    with visit(phone) as reader:
        reader.open(address)
        for key in ("outcome", "backpropagation"):  # above the picture, and in the prose
            mention(reader, key).tap()
            expect_shown(reader, key)
        reader.page.get_by_role("heading", level=1).tap()
        expect(reader.page.locator(TIP)).to_be_hidden()
        assert "#" not in reader.here()
        reader.assert_well()


def test_the_list_at_the_foot_leads_to_the_page_of_a_term_in_the_same_language(
    desk: BrowserContext, address: str
) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/depth?lang=zh")
        reader.page.locator("summary").last.click()
        reader.rest()  # a picture that is still drawn would move the list below the pointer
        reader.page.locator('a:has(+ dl [data-term="rho"])').click()
        reader.page.wait_for_url("**/jacobians?lang=zh")
        reader.rest()
        expect(reader.page.locator("html")).to_have_attribute("lang", "zh")
