"""A lecture on the pages: its address opens a stop, its answer is hidden until it is revealed, and its hall votes."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import content
from rnn_dynamics.content import sentences
from rnn_dynamics.course.lectures import names
from rnn_dynamics.course.votes import LETTERS
from rnn_dynamics.dashboard.lecture import answer_to, read
from rnn_dynamics.dashboard.voting import the_votes, unreachable
from tests.every import every
from tests.handed_out import frame_of
from tests.test_address import address
from tests.test_pages import PAGES, ROOT, link, not_taken
from tests.test_veiled import ON_AXES, precise, rows

WORDS = sentences("lecture")
#: Pages whose picture is of a training, which AppTest waits for.
SHORT = {"learning": {"iterations": "100"}, "blank": {"updates": "50"}}


@pytest.fixture(autouse=True)
def no_votes() -> None:
    the_votes.clear()


def opened(page: str, speaker: str = "", **params: Any) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    for key, value in params.items():
        app.query_params[key] = str(value)
    app.session_state["share"] = True
    if speaker:
        app.session_state["speaker"] = speaker
    app.run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    """What is in its pieces of HTML, but for scripts and styles."""
    pieces = "\n".join(unescape(element.proto.body) for element in app.get("html"))
    return re.sub(r"<(script|style)>.*?</\1>", "", pieces, flags=re.DOTALL)


def bar(app: AppTest) -> str:
    return next((unescape(one.proto.body) for one in app.get("html") if 'class="stop"' in one.proto.body), "")


def told(app: AppTest) -> set[Any]:
    """The precise numbers and the texts in the datasets of a page's charts, but for what stands on axes."""
    items = [item for chart in app.get("vega_lite_chart") for item in chart.proto.datasets]
    tables = {item.name: rows(item.data.data) for item in items}
    axes = {(table, column) for on in ON_AXES.values() for table, columns in on.items() for column in columns}
    texts = {
        value
        for table, of in tables.items()
        for row in of
        for column, value in row.items()
        if isinstance(value, str) and (table, column) not in axes
    }
    return precise(tables) | texts - {""}


@every(("name", "number"), [("short", number) for number in range(1, 7)] + [("long", 1), ("long", 6), ("long", 9)])
def test_an_address_opens_a_stop_with_its_settings(name: str, number: int) -> None:
    stop = read(name, "en").stops[number - 1]
    app = opened(stop.page, lecture=name, at=number)
    assert not_taken(app) == []
    said = stop.question.ask if stop.question else stop.claim
    assert said in bar(app)
    assert f"<b>{number} / {len(read(name, 'en').stops)}</b>" in bar(app)
    opening = frame_of(stop.page).at_opening
    for key, value in stop.settings.items():
        assert app.session_state[key] == value
    away = {key for key, value in stop.settings.items() if value != opening[key]}
    assert set(address(app)) == {"lecture", "at", *away}
    again = opened(stop.page, **address(app))
    assert (bar(again), address(again)) == (bar(app), address(app))
    if stop.question:
        app.button(key="reveal").click().run()
        for text in (stop.claim, stop.question.ask, *stop.question.choices):
            assert text in bar(app)
        assert answer_to(WORDS, stop.question) in bar(app)
        assert bar(app).count("✓") == bool(stop.question.choices)
        assert WORDS["of_question"] not in bar(app)


def test_an_answer_is_said_to_be_of_the_question_where_something_else_is_shown() -> None:
    app = opened("vanish_or_explode", lecture="short", at=1)
    app.select_slider(key="weight_scale").set_value(0.8).run()
    app.button(key="reveal").click().run()
    for value, is_said in ((0.8, True), (0.5, False), (0.4, True)):
        app.select_slider(key="weight_scale").set_value(value).run()
        assert (f"Answer: 10⁻⁴⁹ {WORDS['of_question']}" in bar(app)) == is_said
    app.select_slider(key="weight_scale").set_value(0.5).run()
    app.select_slider(key="sequence_length").set_value(50).run()  # of which the file says nothing
    assert WORDS["of_question"] in bar(app)


def test_a_link_that_opens_a_picture_of_a_lecture_opens_it_without_the_lecture() -> None:
    app = opened("additive_path", lecture="short", at=3)
    app.button(key="reveal").click().run()
    said = dict(parse_qsl(urlparse(link(app)).query))
    assert not {"lecture", "at"} & {*said}
    assert {"lecture", "at"} <= {*address(app)}
    assert bar(opened("additive_path", **said)) == ""


def test_a_stop_whose_page_there_is_not_says_so_in_the_place_of_its_claim(own_content: Path) -> None:
    stops = ['page = "depth"\nclaim = "First."', 'page = "clif"\nclaim = "Second."\nask = "?"\nchoices = ["a", "b"]']
    text = "".join(f"[[stop]]\n{stop}\n" for stop in [*stops, stops[0]])
    (own_content / "en" / "lectures" / "odd.toml").write_text(text, encoding="utf-8")
    content.read_edits()
    app = opened("depth", lecture="odd", at=2)
    assert "there is no page <code>clif</code>" in bar(app)
    assert "Second." not in html(app)
    assert not any("clif" in one.value for one in app.caption)
    assert 'class="way forward" href="depth?lecture=odd&at=3"' in html(app)
    assert "verdict" in html(app)
    assert any("clif" in one.value for one in opened("depth", lecture="odd", at=1).caption)


def test_a_slider_may_be_moved_during_a_stop_and_the_address_keeps_both() -> None:
    app = opened("vanish_or_explode", lecture="short", at=1)
    app.select_slider(key="weight_scale").set_value(0.8).run()
    assert bar(app)
    moved = address(app)
    assert (moved["weight_scale"], moved["at"]) == ("0.8", "1")
    again = opened("vanish_or_explode", **moved)
    assert again.select_slider(key="weight_scale").value == 0.8
    assert bar(again) == bar(app)


def test_the_picture_alone_opens_a_stop_with_its_settings_and_leads_to_others_alone() -> None:
    app = opened("vanish_or_explode", lecture="short", at=1, view="picture")
    assert app.session_state["weight_scale"] == 0.5
    assert 'class="way forward" href="./?lecture=short&at=2&view=picture"' in html(app)
    app.button(key="see_picture").click().run()
    assert 'class="way forward" href="./?lecture=short&at=2"' in html(app)


@pytest.fixture
def asking(own_content: Path) -> str:
    """A lecture that asks on every page."""
    stops = [f'[[stop]]\npage = "{page}"\nclaim = "…"\nask = "?"\nchoices = ["a", "b"]\nright = 1\n' for page in PAGES]
    (own_content / "en" / "lectures" / "all.toml").write_text("\n".join(stops), encoding="utf-8")
    content.read_edits()
    return "all"


@every("page", PAGES, parts=2)
def test_every_page_hides_what_it_finds_until_it_is_revealed(page: str, asking: str) -> None:
    number = PAGES.index(page) + 1
    app = opened(page, lecture=asking, at=number, **SHORT.get(page, {}))
    assert told(app) == set()
    for word in ('class="verdict"', 'class="equation"', 'class="words"', "is-"):
        assert word not in html(app), word
    assert WORDS["hidden"] in html(app)
    assert not app.get("download_button")
    assert app.get("vega_lite_chart")
    assert all(json.loads(chart.proto.spec)["layer"] for chart in app.get("vega_lite_chart"))
    app.button(key="reveal").click().run()
    assert not app.exception
    assert told(app)
    assert WORDS["hidden"] not in html(app)
    assert (WORDS["of_question"] in bar(app)) == (page in SHORT)


def test_without_a_lecture_nothing_of_it_is_on_a_page() -> None:
    app = opened("depth")
    assert bar(app) == ""
    assert not any("clicker" in one.proto.body for one in app.get("html"))
    assert address(app) == {}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"lecture": "nonsense"}, "`lecture = nonsense` is not one of long, short, ten"),
        ({"lecture": "../app"}, "`lecture = ../app` is not one of long, short, ten"),
        ({"lecture": "short", "at": "77"}, "`at = 77` is not a whole number from 1 to 6"),
        ({"lecture": "short", "at": "-1"}, "`at = -1` is not a whole number from 1 to 6"),
        ({"lecture": "short", "at": "²"}, "`at = ²` is not a whole number from 1 to 6"),
        ({"lecture": "short", "at": "9" * 5000}, "is not a whole number from 1 to 6"),
    ],
)
def test_what_of_an_address_makes_no_sense_is_told(asked: dict[str, str], said: str) -> None:
    app = opened("vanish_or_explode", **asked)
    assert said in not_taken(app)[0]
    assert bool(bar(app)) == (asked["lecture"] == "short")


def test_another_page_keeps_the_lecture_and_leads_back_and_its_end_ends_it() -> None:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["lecture"], app.query_params["at"] = "short", "2"
    app.run()
    app.switch_page("pages/depth.py").run()
    assert WORDS["elsewhere"] in bar(app)
    assert 'class="way return" href="./?lecture=short&at=2"' in html(app)
    assert 'class="way forward"' not in html(app)  # which would leave out what has not been revealed
    assert "verdict" in html(app)  # what is no stop hides nothing
    app.button(key="end_lecture").click().run()
    assert bar(app) == ""
    assert address(app) == {}


@every(("name", "language"), [(name, language) for name in names() for language in ("en", "zh")])
def test_the_last_stop_leads_on_to_pages_on_which_no_lecture_is_on(name: str, language: str) -> None:
    words, stops = sentences("lecture", language), read(name, language).stops
    app = opened(stops[-1].page, lecture=name, at=len(stops), lang=language)
    if stops[-1].question:
        assert "way onward" not in html(app)
        app.button(key="reveal").click().run()
    ways = dict(re.findall(r'class="way onward" href="(\w+)\?lecture="[^>]*>([^<]+)<', html(app)))
    assert ways == words["onward"]
    assert words["over"] in app.main.markdown[-1].value  # at the page's end too
    app.button(key="end_lecture").click().run()
    assert words["over"] in [one.value for one in app.caption]
    for page in ways:
        there = opened(page, lecture="")
        assert (bar(there), address(there), not_taken(there)) == ("", {}, [])


def test_the_page_of_a_stop_ends_with_the_way_to_the_next() -> None:
    app = opened("jacobians", lecture="ten", at=2)
    assert app.main.markdown[-1].value.endswith("(additive_path?lecture=ten&at=3)")


# --- votes ------------------------------------------------------------------------------------------------------------


def vote_page(code: str) -> AppTest:
    return opened("vote", code=code)


def test_a_hall_votes_follows_its_speaker_and_sees_what_was_right() -> None:
    speaker = opened("vanish_or_explode", lecture="short", at=2)
    speaker.button(key="let_vote").click().run()
    (code,) = (ballot.code for _, ballot in the_votes()._ballots.values())
    assert code in html(speaker)
    assert "0 votes so far" in html(speaker)
    one, two = vote_page(code.lower()), vote_page(code)
    one.radio[0].set_value(0).run()
    two.radio[0].set_value(1).run()
    two.radio[0].set_value(2).run()
    assert WORDS["taken"].format(vote="C") in html(two)
    speaker.run()
    assert "2 votes so far" in html(speaker)
    assert "tally" not in html(speaker)
    speaker.toggle(key="spread").set_value(True).run()
    assert html(speaker).count("--share: 1.000") == 2
    speaker.button(key="reveal").click().run()
    assert "1 of 2 votes were right." in html(speaker)
    for hall, vote in ((one, "A · It vanishes"), (two, "C · It explodes")):
        hall.run()
        assert not hall.radio
        assert f"Your vote: {vote}" in html(hall)
        assert "The answer: A · It vanishes" in html(hall)
    speaker = opened("additive_path", lecture="short", at=3)  # another session of nobody's browser: no vote of its own
    assert code not in html(speaker)


def test_the_slider_of_a_question_is_a_slider_and_near_is_one_power_of_ten() -> None:
    speaker = opened("vanish_or_explode", lecture="short", at=1)
    speaker.button(key="let_vote").click().run()
    (code,) = (ballot.code for _, ballot in the_votes()._ballots.values())
    for value, power in ((-48, "10⁻⁴⁸"), (-50, "10⁻⁵⁰"), (-7, "10⁻⁷")):
        hall = vote_page(code)
        (wait,) = (button for button in hall.button if button.label == WORDS["move"])
        assert wait.disabled
        hall.select_slider[0].set_value(value).run()
        next(button for button in hall.button if button.label == WORDS["cast"]).click().run()
        assert WORDS["taken"].format(vote=power) in html(hall)
    speaker.button(key="reveal").click().run()
    assert "2 of 3 votes were within one power of ten." in html(speaker)


def test_where_nobody_has_voted_the_bar_says_so() -> None:
    speaker = opened("vanish_or_explode", lecture="short", at=1)
    speaker.button(key="let_vote").click().run()
    speaker.button(key="reveal").click().run()
    assert f'<p class="hall">{WORDS["nobody"]}</p>' in html(speaker)


def test_a_voter_is_led_nowhere_and_told_no_terms() -> None:
    app = vote_page("")
    assert [button.key for button in app.button] == ["language_zh"]
    assert [one.label for one in app.expander] == []
    assert "next_page" in [button.key for button in opened("start").button]
    assert opened("start").expander


@pytest.mark.parametrize(
    ("address", "can_be_reached"),
    [
        ("http://localhost:8501/vote", False),
        ("http://127.0.0.1:8501/vote", False),
        ("http://[::1]:8501/vote", False),
        ("http://192.168.1.7:8501/vote", True),
        ("https://localhost.example.org/rnn/vote", True),
    ],
)
def test_an_address_that_no_phone_can_open_is_told(address: str, can_be_reached: bool) -> None:
    said = unreachable(WORDS, address)
    assert (said == "") == can_be_reached
    assert can_be_reached or "network address" in said


def test_a_code_that_there_is_not_and_a_vote_that_has_ended_are_told() -> None:
    unknown = LETTERS[0] * 4
    app = vote_page(unknown)
    assert [one.value for one in app.warning] == [WORDS["no_vote"].format(code=unknown)]
    assert [one.value for one in vote_page("AB").warning] == [WORDS["no_code"]]
    assert [one.value for one in opened("vote").warning] == []
    speaker = opened("vanish_or_explode", lecture="short", at=2)
    speaker.button(key="let_vote").click().run()
    (code,) = (ballot.code for _, ballot in the_votes()._ballots.values())
    hall = vote_page(code)
    assert hall.radio
    speaker.button(key="end_lecture").click().run()
    hall.run()
    assert not hall.exception
    assert [one.value for one in hall.warning] == [WORDS["no_vote"].format(code=code)]


def test_phones_ask_what_the_bar_asks_and_nothing_at_a_stop_whose_page_there_is_not(own_content: Path) -> None:
    asks = ['choices = ["a", "b"]\nright = 1', "slider = [-4, 0]\nright = -1"]
    pages = ['page = "depth"', 'page = "clif"', ""]
    stops = [f'[[stop]]\n{page}\nclaim = "…"\nask = "Asked?"\n{how}' for page in pages for how in asks]
    (own_content / "en" / "lectures" / "odd.toml").write_text("\n".join(stops), encoding="utf-8")
    content.read_edits()
    hall = vote_page(the_votes().open("somebody", "odd", "en").code)
    for number, stop in enumerate(read("odd", "en").stops, start=1):
        speaker, asked = opened("depth", "somebody", lecture="odd", at=number), bool(stop.page)
        for is_revealed in (False, True)[: 1 + asked]:
            if is_revealed:
                speaker.button(key="reveal").click().run()
            hall.run()
            assert bool(hall.radio or hall.select_slider) == (asked and not is_revealed)
            assert (WORDS["between"] in html(hall)) == (not asked)
            assert WORDS["wait"] not in html(hall)
            assert ("The answer:" in html(hall)) == is_revealed
            assert ("Asked?" in bar(speaker)) == asked


def test_where_a_stop_asks_nothing_the_hall_waits() -> None:
    ballot = the_votes().open("somebody", "short", "en")
    for stop in (0, 6, 99):
        ballot.stop = stop
        app = vote_page(ballot.code)
        assert not app.radio
        assert WORDS["wait" if stop else "between"] in html(app)
