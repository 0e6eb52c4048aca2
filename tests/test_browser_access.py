"""The pages for every reader: on a phone, and with the panel of further settings open."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from rnn_dynamics.content import sentences
from tests.every import every
from tests.reader import PICTURE, Reader, visit, wait_until
from tests.test_command import write_report
from tests.test_pages import PLAIN

pytestmark = pytest.mark.browser


def scrolled(reader: Reader) -> float:
    return float(reader.page.get_by_test_id("stMain").evaluate("main => main.scrollTop"))


def scroll(reader: Reader, down: int) -> None:
    main = reader.page.get_by_test_id("stMain")  # which may not be that high yet
    there = f"main => {{ main.scrollTo(0, {down}); return main.scrollTop === {down} }}"
    wait_until(lambda: bool(main.evaluate(there)), "the page does not scroll")


def wait_until_nothing_scrolls_sideways(reader: Reader) -> None:
    fits = "main => main.scrollWidth <= main.clientWidth && main.clientWidth <= innerWidth"
    wait_until(lambda: bool(reader.page.get_by_test_id("stMain").evaluate(fits)), "the page scrolls sideways")


def test_the_menu_of_a_phone_has_a_name_and_leads_to_the_top_of_a_page_that_it_does_not_cover(
    phone: BrowserContext, address: str
) -> None:
    with visit(phone) as reader:
        reader.open(address)
        menu = reader.page.get_by_test_id("stExpandSidebarButton")
        close = reader.page.get_by_test_id("stSidebarCollapseButton")
        for page in ("phase_diagram", "depth"):
            scroll(reader, 700)
            name = "button => getComputedStyle(button, '::after').content"
            wait_until(lambda name=name: menu.evaluate(name) == '"Menu"', "the menu has no name")  # type: ignore[misc]
            reader.page.get_by_role("button", name="Menu", exact=True).click()
            close.hover()
            reader.page.get_by_role("link", name=sentences(page)["title"]).click()
            reader.page.get_by_role("heading", name=sentences(page)["title"], level=1).wait_for()
            menu.wait_for()
            wait_until(lambda: scrolled(reader) == 0, f"{page} does not open at its top")
            reader.rest()
        reader.page.get_by_role("button", name="Menu", exact=True).click()
        close.hover()
        reader.page.get_by_role("link", name=sentences("depth")["title"]).click()  # the page one is on
        menu.wait_for()
        reader.rest()
        scroll(reader, 700)
        menu.click()
        close.click()
        reader.page.get_by_role("button", name="Menu", exact=True).wait_for()  # also after it was closed by hand
        reader.slider("Weight scale").press("ArrowRight")
        reader.rest()
        assert scrolled(reader) > 0  # a control's answer is no new page
        reader.assert_well()


def test_a_page_opens_at_its_top_on_a_desk_too(reader: Reader) -> None:
    scroll(reader, 700)
    reader.page.get_by_test_id("stHeader").get_by_text("Networks", exact=True).click()
    reader.page.get_by_role("menuitem", name=sentences("depth")["title"]).click()
    reader.page.get_by_role("heading", name=sentences("depth")["title"], level=1).wait_for()
    wait_until(lambda: scrolled(reader) == 0, "the page opens where the one before was")
    reader.assert_well()


def test_the_presets_of_a_phone_fade_where_they_go_on_and_the_last_can_be_read(
    phone: BrowserContext, address: str
) -> None:
    with visit(phone) as reader:
        reader.open(address)
        presets = reader.page.locator(".st-key-presets")
        assert "linear-gradient" in presets.evaluate("row => getComputedStyle(row).maskImage")
        fade = 3 * float(reader.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)"))
        assert presets.evaluate("row => row.scrollWidth > row.clientWidth")
        presets.evaluate("row => row.scrollTo(row.scrollWidth, 0)")
        row, last = presets.bounding_box(), presets.get_by_role("button").last.bounding_box()
        assert row is not None
        assert last is not None
        assert last["x"] + last["width"] <= row["x"] + row["width"] - fade + 1


def test_a_table_wider_than_a_phone_scrolls_by_itself(phone: BrowserContext, address: str) -> None:
    with visit(phone) as reader:
        reader.open(f"{address}/phase_diagram")
        table = reader.page.locator("table.verdict").first
        table.evaluate("table => { table.style.width = '600px' }")
        block = table.locator("..")
        inner, own, right = block.evaluate("e => [e.scrollWidth, e.clientWidth, e.getBoundingClientRect().right]")
        assert inner > own
        assert right <= 390
        block.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
        assert block.locator("th, td").last.evaluate("e => e.getBoundingClientRect().right") <= 390


#: Of the open panel, how much is hidden below and beside what is seen; and how much of the shadow at its end.
_PANEL = """panel => {
  const shadow = Number(getComputedStyle(panel, "::after").opacity);
  return [panel.scrollHeight - panel.clientHeight, panel.scrollWidth - panel.clientWidth, shadow];
}"""


@every(("size", "type_size"), [((1440, 900), 17), ((1280, 720), 22), ((390, 844), 17)])
def test_the_panel_of_further_settings_leaves_the_picture_in_sight_and_tells_where_it_goes_on(
    reader: Reader, size: tuple[int, int], type_size: int
) -> None:
    reader.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))  # type: ignore[arg-type]
    reader.page.add_style_tag(content=f"html {{ font-size: {type_size}px !important }}")
    reader.page.get_by_role("button", name="More", exact=True).click()
    panel = reader.page.get_by_test_id("stPopoverBody")
    panel.get_by_text("Initial state").wait_for()
    below, beside, shadow = panel.evaluate(_PANEL)
    assert below > 0
    assert (beside, shadow) == (0, 1)
    reader.page.locator(PICTURE).evaluate("canvas => canvas.scrollIntoView({ block: 'nearest' })")
    reader.rest()
    box, picture = panel.bounding_box(), reader.page.locator(PICTURE).bounding_box()
    assert box is not None
    assert picture is not None
    # The page scrolls by whole pixels, and of two edges on the screen both are rounded.
    if size[0] > 900:
        assert picture["x"] + picture["width"] <= box["x"]
        assert 0 <= picture["y"] <= picture["y"] + picture["height"] <= size[1] + 0.5
    else:
        assert picture["y"] + picture["height"] <= box["y"] + 0.5
        assert box["height"] < size[1] / 2
    reader.remember()
    reader.slider("Input scale").press("ArrowLeft")
    reader.wait_for_change()
    assert panel.is_visible()
    panel.evaluate("panel => panel.scrollTo(0, panel.scrollHeight)")
    wait_until(lambda: panel.evaluate(_PANEL)[2] == 0, "the shadow stays where nothing follows")
    reader.close_popover()
    reader.assert_well()


def test_a_phone_shows_the_pages_without_a_picture_at_their_whole_width(phone: BrowserContext, address: str) -> None:
    with visit(phone) as reader:
        for page in PLAIN:
            reader.page.goto(f"{address}/{page}")
            reader.page.get_by_role("heading", name=sentences(page)["title"], level=1).wait_for()
            reader.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
            wait_until_nothing_scrolls_sideways(reader)
            reader.assert_well()


def test_a_report_on_a_network_opens_where_there_is_no_network(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(offline=True)
    page, report = context.new_page(), write_report(tmp_path)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(report.as_uri())
    for place in range(2):
        page.wait_for_selector(f"#chart{place} svg .mark-line path")
    assert page.locator("h2").count() == 2
    assert asked == [report.as_uri()]
    assert wrong == []
    context.close()
