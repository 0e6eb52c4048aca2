"""The address of every page opens its picture again, whatever was pressed first."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics.content import languages, sentences
from rnn_dynamics.dashboard.settings_words import in_link
from tests.every import every
from tests.handed_out import frame_of
from tests.test_pages import PAGES, ROOT, link, not_taken, open_page, shown

#: Values that no control offers, or that are far beyond what it does.
MOVED = {"sequence_length": "505", "hidden_size": "5", "weight_scale": "1.43", "batch_size": "3", "seed": "7"}


def visit(page: str, params: dict[str, str] | None = None) -> AppTest:
    """A page as a new visitor opens it, with its panels closed."""
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    for key, value in (params or {}).items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    """What the address bar says."""
    return {key: values[-1] if isinstance(values, list) else values for key, values in app.query_params.items()}


def buttons() -> Iterator[Any]:
    for page in PAGES:
        for button in (*(f"preset_{key}" for key in sentences(page)["presets"]), "new_seed"):
            yield pytest.param(page, button, id=f"{page}-{button}")


@every(("page", "button"), list(buttons()))
def test_what_is_pressed_first_is_in_the_address_and_comes_back_by_it(page: str, button: str) -> None:
    app = visit(page)
    app.button(key=button).click().run()
    assert not app.exception
    again = visit(page, address(app))
    assert shown(again) == shown(app)
    assert address(again) == address(app)
    assert button != "new_seed" or address(app) == {"seed": "1"}


@every("page", PAGES)
def test_a_link_whose_values_are_moved_leaves_the_moved_ones_in_the_address(page: str) -> None:
    app = visit(page, MOVED)
    moved = address(app)
    assert moved["seed"] == "7"
    assert all(moved.get(key) != value for key, value in MOVED.items() if key != "seed")
    again = visit(page, moved)
    assert shown(again) == shown(app)
    assert not not_taken(again)


@every("page", PAGES)
def test_a_share_link_is_an_address_that_the_page_leaves_as_it_is(page: str) -> None:
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    app.session_state["share"] = True
    app.run()
    said = dict(parse_qsl(urlparse(link(app)).query, keep_blank_values=True))
    assert {"seed"} < set(said)
    again = visit(page, said)
    assert address(again) == said  # no entry of the browser's history is made
    assert shown(again) == shown(app)


@every("page", PAGES)
def test_a_link_says_the_same_in_every_language_and_opens_the_same_picture(page: str) -> None:
    frame, spoken = frame_of(page), [language for language in languages() if language != "en"]
    differ = {name for language in spoken for name, of in frame.from_shown(language).items() if of}
    assert differ
    asked = {name: in_link(name, frame.settings[name].values[-1]) for name in differ}
    english = open_page(page, asked | {"lang": "en"})
    said = dict(parse_qsl(urlparse(link(english)).query))
    for language in spoken:
        other = open_page(page, asked | {"lang": language})
        assert not other.exception
        assert dict(parse_qsl(urlparse(link(other)).query)) == said | {"lang": language}
        # What its controls show, which a browser of an earlier day has put into the address.
        spelt = {
            name: next((t for t, key in of.items() if key == asked[name]), asked[name])
            for name, of in frame.from_shown(language).items()
            if name in differ
        }
        assert spelt != asked
        again = open_page(page, spelt | {"lang": "en"})
        assert not_taken(again) == not_taken(english)
        assert shown(again) == shown(english)
