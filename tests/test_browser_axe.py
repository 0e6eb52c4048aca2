"""What axe finds where no picture's story comes by: plain pages, a lecture, a vote, a challenge, the words, one view.

Each is seen in English on a desk in light colours, and in Chinese on a phone in dark ones; `test_browser_visits` sees
each picture's page so too, and in between. That is enough: what axe finds follows from what is there and from how it is
laid out and coloured; a language has no colours, and colours have no width. A place that another one leads to is not
loaded anew. In English the Tab key walks through those where nothing has been pressed.
"""

from collections.abc import Callable
from urllib.parse import urlparse

import pytest
from playwright.sync_api import BrowserContext, ViewportSize

from rnn_dynamics.content import LANGUAGE
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
    """As somebody in the hall that the lecture which stands there lets vote."""
    invitation = reader.page.locator('a[href*="vote?code="]')
    reader.page.goto(f"{invitation.get_attribute('href')}&lang={reader.settings()['lang']}")
    reader.page.locator(".st-key-ballot").wait_for()


#: What is looked at -> its address, or none where it follows the one before, and what is then pressed.
PLACES: dict[str, tuple[str, Callable[[Reader], None] | None]] = {
    "challenges": ("challenges", None),
    "a challenge": ("depth?challenge=deeper", None),
    "a picture alone": ("jacobians?view=picture", None),
    "a stop that asks": (ASKS, None),
    "a stop that has asked": ("", press("reveal")),
    "a vote that goes on": (ASKS, press("let_vote")),
    "a vote": ("", vote),
    "no vote": ("vote", None),
    "the laws of a page": ("check_us?law=latch_slope&of=jacobians", None),
    "start": ("start", None),
    "its words": ("", open_words),
    "the menu": ("", open_menu),
}
#: Of these what the Tab key walks through; `test_browser_visits` does on the pages of pictures.
WALKED = ("start", "challenges", "the laws of a page", "a stop that asks", "no vote")


def open_place(reader: Reader, url: str) -> None:
    reader.page.context.clear_cookies()  # of a speaker, whose vote would go on
    reader.page.goto(url)
    reader.page.locator("h1").first.wait_for(state="attached")
    if urlparse(url).path.strip("/") in PAGES:
        reader.rest()


@pytest.mark.parametrize("language", SEEN)
def test_axe_finds_nothing_beside_the_pictures_and_the_tab_key_reaches_every_control_and_shows_where_it_is(
    desk: BrowserContext, address: str, language: str
) -> None:
    colours, window = SEEN[language]
    with visit(desk) as reader:
        reader.page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        reader.page.set_viewport_size(window)
        found: dict[str, list[str]] = {}
        walked: dict[str, dict[str, list[str]]] = {}
        for place, (there, pressed) in PLACES.items():
            if there:
                open_place(reader, f"{address}/{there}{'&' if '?' in there else '?'}lang={language}")
            if pressed:
                pressed(reader)
            reader.page.wait_for_function(_STANDS)
            found[place] = faults(reader.page)
            if language == LANGUAGE and place in WALKED:
                walked[place] = walk(reader.page)
        assert {place: what for place, what in found.items() if what} == {}
        assert {place: of for place, of in walked.items() if of["missed"] or of["unseen"] or not of["named"]} == {}
        close = reader.page.get_by_test_id("stSidebarCollapseButton")
        if close.count():  # the browser would remember that it is open
            close.click()
        reader.assert_well()


def test_axe_finds_nothing_in_an_exercise_sheet(desk: BrowserContext) -> None:
    with visit(desk) as reader:
        for language in SEEN:
            reader.page.set_content(questions(language))
            assert faults(reader.page) == []
