"""From page to page: what a visitor has set comes along, and nothing else moves."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import KNOBS
from tests.every import every
from tests.test_pages import PAGES, ROOT

HOME = "vanish_or_explode"
#: The frame of the page that ran last.
LATEST: list[Page] = []


def only_controls(self: Page, *_: Any, **__: Any) -> None:
    """A page without its picture: all its controls and presets, as `run` makes them."""
    LATEST[:] = [self]
    self.read_state()
    self.show_buttons()
    for name in self.settings:
        self.control(name)


def no_row(*_: Any) -> None:
    raise AssertionError("a page without its picture computes")


@pytest.fixture(autouse=True)
def pages_without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Page, "run", only_controls)
    monkeypatch.setattr("rnn_dynamics.pictures.kit.growing.Growing.advance", no_row)


@dataclass
class Model:
    """What a visitor should find: a twin of the record that the app keeps, in plain values."""

    shared: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)

    def place(self, page: Page, name: str) -> dict[str, Any]:
        return self.own.setdefault(page.name, {}) if name in page.apart else self.shared

    def expected(self, page: Page) -> dict[str, Any]:
        found = dict(page.at_opening)
        for name in page.settings:
            if name in (chosen := self.place(page, name)):
                found[name] = shown_for(page, name, chosen[name])
        return {name: found[name] for name in page.settings}


def shown_for(page: Page, name: str, value: Any) -> Any:
    """A choice as a page can show it: itself, the nearest number, or else the opening value."""
    values = page.settings[name].values
    if not values or value in values:
        return value
    if isinstance(value, int | float):
        return min(values, key=lambda one: abs(one - value))
    return page.at_opening[name]


def go(app: AppTest, page: str) -> Page:
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return LATEST[0]


def start(page: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def widgets(app: AppTest) -> dict[str, Any]:
    kinds = (app.select_slider, app.segmented_control, app.selectbox, app.toggle, app.text_input, app.text_area)
    return {str(one.key): one for kind in kinds for one in kind}


def found(app: AppTest, page: Page) -> dict[str, Any]:
    shown = widgets(app)
    return {name: shown[name].value for name in page.settings}


def moves(page: Page, name: str, generator: random.Random) -> Iterator[Any]:
    values: Sequence[Any] = page.settings[name].values
    if name in page.existing:  # of a field those that exist whatever else is set, of a view none
        least = page.at_opening | {"nonlinearity": "relu", "cell": "rnn"}
        values = page.existing[name](least) if name in KNOBS else ()
    if values:
        yield generator.choice(values)


def all_pairs() -> list[str]:
    """A walk that goes from each page to each other one."""
    walk: list[str] = []
    for first, page in enumerate(PAGES):
        for other in PAGES[first + 1 :]:
            walk += [page, other]
        walk.append(page)
    return walk


def test_every_page_opens_as_its_opening_whatever_page_came_before() -> None:
    app = start(HOME)
    pairs = list(itertools.pairwise(all_pairs()))
    assert set(pairs) >= set(itertools.permutations(PAGES, 2))
    for before, page in pairs:
        here = go(app, page)
        assert found(app, here) == {name: here.at_opening[name] for name in here.settings}, (before, page)


@every("seed", range(60))
def test_a_walk_finds_each_page_as_its_opening_and_the_visitors_own_choices(seed: int) -> None:
    generator, model = random.Random(seed), Model()
    app = start(generator.choice(PAGES))
    for _ in range(generator.randint(2, 6)):
        page = go(app, generator.choice(PAGES))
        assert found(app, page) == model.expected(page), page.name
        names = [name for name in page.settings if widgets(app)[name].proto.disabled is False]
        for name in generator.sample(names, 2):
            for value in moves(page, name, generator):
                if value != found(app, page)[name]:
                    model.place(page, name)[name] = value
                    widgets(app)[name].set_value(value)
        app.run()
        assert found(app, page) == model.expected(page), page.name
