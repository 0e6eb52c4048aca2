"""What axe finds where no picture's story comes by: plain pages, a lecture, a vote, a challenge, the words, one view.

Each is seen in English on a desk in light colours, and in Chinese on a phone in dark ones; `test_browser_visits` sees
each picture's page so too, and in between. That is enough: what axe finds follows from what is there and from how it is
laid out and coloured; a language has no colours, and colours have no width.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, ViewportSize

from rnn_dynamics.dashboard.exercises import questions
from tests.faults import faults
from tests.keyboard import walk
from tests.reader import Reader, visit
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
#: Language, colours and window.
SEEN = {
    "en": ("light", ViewportSize(width=1440, height=900)),
    "zh": ("dark", ViewportSize(width=390, height=844)),
}
ASKS = "vanish_or_explode?lecture=short&at=2"
_STANDS = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning' && window.heard"


def press(key: str) -> Callable[[Reader], None]:
    return lambda reader: reader.page.locator(f".st-key-{key} button").first.click()


def open_words(reader: Reader) -> None:
    reader.page.locator("summary").last.click()


def open_menu(reader: Reader) -> None:
    """That of a phone; what opens below the bar of a desk is Streamlit's, and lies beside all landmarks."""
    for phone in reader.page.get_by_test_id("stExpandSidebarButton").all():
        phone.click()


def vote(reader: Reader) -> None:
    """As somebody in the hall of the lecture that stands there."""
    press("let_vote")(reader)
    invitation = reader.page.locator('a[href*="vote?code="]')
    reader.page.goto(f"{invitation.get_attribute('href')}&lang={reader.settings()['lang']}")
    reader.page.locator(".st-key-ballot").wait_for()


#: What is looked at -> its address, and what is then pressed.
PLACES: dict[str, tuple[str, Callable[[Reader], None] | None]] = {
    "start": ("start", None),
    "its words": ("start", open_words),
    "challenges": ("challenges", None),
    "a challenge": ("depth?challenge=deeper", None),
    "a picture alone": ("jacobians?view=picture", None),
    "a stop that asks": (ASKS, None),
    "a stop that has asked": (ASKS, press("reveal")),
    "a vote that goes on": (ASKS, press("let_vote")),
    "a vote": (ASKS, vote),
    "no vote": ("vote", None),
    "the menu": ("start", open_menu),
}


@pytest.mark.parametrize("language", SEEN)
def test_axe_finds_nothing_in_what_stands_beside_the_pictures(
    desk: BrowserContext, address: str, language: str
) -> None:
    colours, window = SEEN[language]
    with visit(desk) as reader:
        reader.page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        reader.page.set_viewport_size(window)
        found = {}
        for place, (there, pressed) in PLACES.items():
            desk.clear_cookies()  # of a speaker, whose vote would go on
            reader.page.goto(f"{address}/{there}{'&' if '?' in there else '?'}lang={language}")
            reader.page.locator("h1").first.wait_for(state="attached")
            if there.partition("?")[0] in PAGES:
                reader.rest()
            if pressed:
                pressed(reader)
            reader.page.wait_for_function(_STANDS)
            found[place] = faults(reader.page)
        assert {place: what for place, what in found.items() if what} == {}
        close = reader.page.get_by_test_id("stSidebarCollapseButton")
        if close.count():  # the browser would remember that it is open
            close.click()
        reader.assert_well()


def test_axe_finds_nothing_in_an_exercise_sheet(desk: BrowserContext) -> None:
    with visit(desk) as reader:
        for language in SEEN:
            reader.page.set_content(questions(language))
            assert faults(reader.page) == []


@pytest.mark.parametrize("page", ["start", "challenges", "vote", ASKS])
def test_the_tab_key_reaches_every_control_of_a_plain_page_and_a_lecture_and_shows_where_it_is(
    desk: BrowserContext, address: str, page: str
) -> None:
    with visit(desk) as reader:
        reader.page.goto(f"{address}/{page}")
        reader.page.locator("h1").first.wait_for()
        reader.page.wait_for_function(_STANDS)
        walked = walk(reader.page)
        assert walked["named"]
        assert (walked["missed"], walked["unseen"]) == ([], [])
