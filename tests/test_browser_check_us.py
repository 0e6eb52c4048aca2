"""A visitor checks the laws, stops, and follows a law's address, within one session."""

import pytest
from playwright.sync_api import BrowserContext, expect

from rnn_dynamics.content import sentences
from rnn_dynamics.laws import LAWS
from tests.reader import COMPUTING, visit, wait_until

pytestmark = pytest.mark.browser
CHECK, STOP, ONE = (f".st-key-{key} button" for key in ("begin_check_all", "stopcheck_all", "begin_check_one"))


def test_laws_are_checked_until_somebody_stops_them_and_each_has_an_address(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        page = reader.page
        page.goto(f"{address}/check_us")
        page.locator(CHECK).click()
        page.locator(COMPUTING).wait_for()
        wait_until(lambda: "laws have been checked" in page.locator("#claim").inner_text(), "nothing is checked")
        page.locator(STOP).click()
        expect(page.locator(STOP)).to_have_text(sentences("app")["growing"]["go_on"])
        expect(page.locator(CHECK)).to_be_visible()
        so_far = page.locator("#claim").inner_text()
        page.wait_for_timeout(1500)
        assert page.locator("#claim").inner_text() == so_far
        page.evaluate("window.session = 1")
        page.locator('a[href="check_us?of=phase_diagram"]').click()
        reader.wait_for_settings(of="phase_diagram")
        page.locator('a[href="check_us?law=chi_2"]').click()
        reader.wait_for_settings(law="chi_2")
        expect(page.locator(ONE)).to_be_visible()
        expect(page.locator("table.verdict").first).to_contain_text("✓")
        assert page.evaluate("window.session") == 1  # the page was not loaded anew
        page.go_back()
        reader.wait_for_settings(of="phase_diagram")
        expect(page.locator("table.verdict tr")).to_have_count(
            1 + sum(law.page == "phase_diagram" for law in LAWS.values())
        )
        reader.assert_well()
