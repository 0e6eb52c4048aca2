"""Mentions of pages in the words: each is a link that stays in the app, in the session and in the language."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import content
from rnn_dynamics.content import HOME, LANGUAGE, languages, sentences
from rnn_dynamics.content.mentions import as_html, linked
from rnn_dynamics.dashboard import links
from rnn_dynamics.dashboard.navigation import menus
from tests.every import every
from tests.test_address import address
from tests.test_content import leaves
from tests.test_pages import ALL, PAGES, PLAIN, ROOT, not_taken, open_page

#: A link to a page in Markdown: what it says, the page, and its settings.
LINK = re.compile(r"\[([^]]+)\]\((\./|\w+)(?:\?([^)\s]*))?\)")
#: Where a mention cannot be a link: labels of buttons, and texts of charts.
NO_LINK = {("atlas", "open"), ("atlas", "point"), ("atlas", "tap")}
every_language = every("language", languages())


def targets(text: str) -> list[tuple[str, dict[str, str]]]:
    """The pages to which a text leads, and with which settings."""
    return [
        (HOME if page == "./" else page, {key: value for key, value in parse_qsl(asked) if key != "lang"})
        for _, page, asked in LINK.findall(text)
    ]


def said(language: str) -> Iterator[tuple[str, str, str]]:
    """File, key and text of every sentence."""
    for file in sorted((content._CONTENT / language).glob("*.toml")):
        for sentence in leaves(sentences(file.stem, language)):
            yield file.stem, sentence.place.split()[-1], str(sentence)  # type: ignore[attr-defined]


def test_a_mention_becomes_a_link_with_the_page_s_title_or_what_it_says() -> None:
    titles = {"depth": "Tiefe", "home": "Start"}
    for text, link in {
        "See [[depth]].": "See [Tiefe](depth).",
        "[[home]]": "[Start](./)",
        "[[depth?cell=LSTM&text=a b|deep]]": "[deep](depth?cell=LSTM&text=a+b)",
        "[[home?seed=3]]": "[Start](./?seed=3)",
        "x[[1, 2]]": "x[[1, 2]]",
    }.items():
        assert linked(text, titles.__getitem__, "home") == link
    assert linked("[[depth]]", titles.__getitem__, "home", "zh") == "[Tiefe](depth?lang=zh)"
    assert linked("[[depth?seed=3]]", titles.__getitem__, "home", "zh") == "[Tiefe](depth?seed=3&lang=zh)"
    html = as_html("a [Tiefe](depth?cell=LSTM&seed=3), <b>b</b> [c](https://d)")
    assert html == 'a <a href="depth?cell=LSTM&amp;seed=3" target="_self">Tiefe</a>, <b>b</b> [c](https://d)'


def test_a_mention_of_a_page_that_there_is_not_is_told_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"content/en/depth\.toml: prose mentions \[\[dpeth\]\]"):
        content._placed({"prose": "See [[dpeth]]."}, "content/en/depth.toml:", LANGUAGE)


@every_language
def test_a_page_is_mentioned_by_a_link_wherever_one_can_be(language: str) -> None:
    titles = [sentences(page, language)["title"] for page in ALL]
    quoted = re.compile(rf"[“\"*「《]({'|'.join(map(re.escape, titles))})[”\"*」》]")
    found = {(file, key, text) for file, key, text in said(language) for _ in quoted.findall(" ".join(text.split()))}
    assert {place for place in found if place[:2] not in NO_LINK} == set()


@every_language
def test_every_link_names_a_page_that_there_is_with_settings_that_it_takes(language: str) -> None:
    led = {(page, tuple(settings.items())) for *_, text in said(language) for page, settings in targets(text)}
    assert len(led) > len(PAGES)
    for page, settings in led:
        assert page in ALL
        if settings and language == LANGUAGE:
            app = open_page(page, dict(settings))
            assert not app.exception
            assert not_taken(app) == []


@every_language
@every("page", PAGES)
def test_a_page_ends_with_a_question_and_one_link_to_another_page(page: str, language: str) -> None:
    following = sentences(page, language)["next"]
    assert following["question"].endswith(("?", "？"))
    ((other, _),) = targets(following["answer"])
    assert other in ALL
    assert other != page


def test_from_home_the_links_at_the_ends_of_pages_lead_through_every_picture_and_on_to_the_challenges() -> None:
    here, seen = HOME, []
    while here in PAGES:
        seen.append(here)
        assert len(seen) <= len(PAGES), "a circle"
        ((here, _),) = targets(sentences(here)["next"]["answer"])
    assert sorted(seen) == sorted(PAGES)
    assert here == "challenges"


def test_the_home_page_leads_to_the_start_and_that_to_every_page() -> None:
    assert targets(sentences(HOME)["lead"]) == [("start", {})]
    app = open_page("start")
    led = {page for text in app.markdown for page, _ in targets(text.value)}
    assert led >= set(PAGES)
    order = [page for page, settings in targets(app.markdown[2].value) if "lecture" not in settings]
    assert order == sorted(order, key=lambda page: sentences(page)["place"])
    assert set(menus(LANGUAGE)[""]) - set(PAGES) <= set(PLAIN)


def test_a_link_in_the_words_opens_what_its_address_says_and_a_bare_one_keeps_the_reader_s_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["weight_scale"] = "1.4"
    app.run()
    monkeypatch.setattr(links, "goes_through_history", lambda: True)  # as a browser tells of a followed link
    app.query_params.clear()
    app.query_params[links.ALONG] = ""
    app.switch_page("pages/jacobians.py").run()
    assert app.select_slider(key="weight_scale").value == 1.4
    assert address(app) == {"weight_scale": "1.4"}
    app.query_params.clear()
    app.query_params["seed"] = "3"
    app.switch_page("pages/jacobians.py").run()
    assert app.select_slider(key="weight_scale").value == 1.0
    assert address(app) == {"seed": "3"}
