"""The address bar in Chromium: F5, Back, a link to a friend, one in the words, and the switch of the language."""

import pytest
from playwright.sync_api import BrowserContext

from rnn_dynamics.content import HOME, sentences
from tests.reader import Reader, visit, wait_until
from tests.test_browser_pages import TITLES, go_by_the_bar
from tests.test_mentions import LINK

pytestmark = pytest.mark.browser


def entries(reader: Reader) -> int:
    return int(reader.page.evaluate("history.length"))


def press(reader: Reader, key: str) -> None:
    before = reader.here()
    reader.page.locator(f".st-key-{key} button").click()
    wait_until(lambda: reader.here() != before, f"{key} does not change the address")
    reader.complete()


def is_on(reader: Reader, button: str) -> bool:
    """Whether the page shows what a button would set."""
    return f"is-{button}" in str(reader.page.locator("p.state").get_attribute("class")).split()


def test_steps_of_a_slider_are_no_entries_and_a_moved_link_says_what_is_shown(
    desk: BrowserContext, address: str
) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/?cell=LSTM&hidden_size=256&sequence_length=500")
        corrected = {"cell": "LSTM", "hidden_size": "64", "sequence_length": "200"}
        wait_until(lambda: reader.settings() == corrected, "the address does not say what is shown")
        said, before = reader.finding(), entries(reader)
        reader.page.reload()
        reader.rest()
        wait_until(lambda: reader.finding() == said, "F5 shows another picture")
        for _ in range(3):
            reader.slider("Sequence length T").press("ArrowLeft")
        reader.wait_for_settings(sequence_length="170")
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
        for page in ("jacobians", "phase_diagram"):
            reader.page.keyboard.press("Alt+PageDown")
            reader.page.get_by_role("heading", name=TITLES[page], level=1).wait_for()
            reader.rest()
            seen.append(reader.finding())
        while len(seen) > 1:
            seen.pop()
            reader.page.go_back()
            reader.rest()
            wait_until(lambda: reader.finding() == seen[-1], "Back shows a picture that was never seen")
        reader.assert_well()


def test_a_control_writes_the_same_into_the_address_in_every_language(desk: BrowserContext, address: str) -> None:
    """By no entry of the browser's history, and F5, Back and a preset take it from there."""
    with visit(desk) as reader:
        reader.open(f"{address}/cliff?lang=zh")
        opening, before = reader.finding(), entries(reader)
        reader.page.locator(".st-key-region").get_by_role("radio").last.click()
        reader.wait_for_settings(region="wide")
        reader.rest()
        assert entries(reader) == before
        moved = reader.finding()
        assert moved != opening
        reader.page.reload()
        reader.rest()
        assert (reader.finding(), reader.settings()) == (moved, {"region": "wide", "lang": "zh"})
        press(reader, "reset")
        assert (reader.finding(), reader.settings()) == (opening, {"lang": "zh"})
        assert entries(reader) == before + 1
        reader.page.go_back()
        wait_until(lambda: reader.finding() == moved, "Back shows something else")
        assert reader.settings() == {"region": "wide", "lang": "zh"}
        reader.assert_well()


def test_a_preset_that_is_on_is_marked_and_not_offered(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(address)
        style = "e => [getComputedStyle(e).pointerEvents, getComputedStyle(e, '::before').content]"
        button = reader.page.locator(".st-key-preset_explodes button")
        assert button.evaluate(style) == ["auto", "none"]
        press(reader, "preset_explodes")
        wait_until(lambda: button.evaluate(style) == ["none", '"✓"'], "what is on is not marked")
        reader.slider("Weight scale").press("ArrowLeft")
        wait_until(lambda: button.evaluate(style) == ["auto", "none"], "the mark stays when the settings have gone")
        reader.assert_well()


def test_a_share_link_keeps_what_embeds_the_page(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/?embed_options=dark_theme&seed=3")
        reader.page.get_by_role("button", name="Share and check").click()
        link = reader.page.get_by_test_id("stCode").inner_text()
        assert link.startswith(f"{address}/?")
        assert "embed_options=dark_theme" in link
        assert "seed=3" in link
        assert "weight_scale=1.0" in link
        reader.close_popover()


def test_the_switch_is_reached_by_the_keyboard_and_back_leads_behind_it(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        lang = "document.documentElement.lang"
        reader.open(f"{address}/?weight_scale=1.4")
        assert reader.page.evaluate(lang) == "en"
        reader.page.get_by_role("button", name="Share and check").focus()
        reader.page.keyboard.press("Tab")
        reader.page.keyboard.press("Enter")
        reader.page.get_by_role("heading", name="消失还是爆炸？", level=1).wait_for()
        reader.wait_for_settings(lang="zh", weight_scale="1.4")
        wait_until(lambda: reader.page.evaluate(lang) == "zh", "the document does not say its language")
        reader.rest()
        reader.page.go_back()
        reader.page.get_by_role("heading", name="Vanish or explode?", level=1).wait_for()
        wait_until(lambda: reader.settings() == {"weight_scale": "1.4"}, "Back leads nowhere")
        wait_until(lambda: reader.page.evaluate(lang) == "en", "the document does not say its language")
        reader.page.go_forward()
        reader.page.get_by_role("heading", name="消失还是爆炸？", level=1).wait_for()
        reader.rest()
        reader.assert_well()


def test_a_link_is_followed_within_the_session_and_by_the_button_back(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(address)
        tabs = len(desk.pages)
        reader.page.evaluate("window.stays = true")
        reader.slider("Weight scale").press("ArrowRight")
        reader.wait_for_settings(weight_scale="1.1")
        reader.page.get_by_test_id("stMarkdown").get_by_role("link", name=sentences("additive_path")["title"]).click()
        reader.page.get_by_role("heading", name=sentences("additive_path")["title"], level=1).wait_for()
        reader.rest()
        assert reader.value("Weight scale") == "1.1"
        assert reader.here() == f"{address}/additive_path?weight_scale=1.1"
        reader.page.go_back()
        reader.page.get_by_role("heading", name=sentences(HOME)["title"], level=1).wait_for()
        reader.rest()
        assert reader.value("Weight scale") == "1.1"
        reader.page.locator(".lead a").press("Enter")
        reader.page.get_by_role("heading", name=sentences("start")["title"], level=1).wait_for()
        third = LINK.findall(sentences("start")["ways"]["minutes"])[2][0]
        reader.page.get_by_role("link", name=third).click()
        reader.page.get_by_role("heading", name=sentences("additive_path")["title"], level=1).wait_for()
        reader.rest()
        there = f"{address}/additive_path?forget_bias=0.0&lecture=ten&at=3"
        wait_until(lambda: reader.here() == there, "not the link's settings")
        assert reader.page.evaluate("window.stays")
        assert len(desk.pages) == tabs
        reader.assert_well()
