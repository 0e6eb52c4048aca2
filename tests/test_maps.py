"""A click on a map goes there: on every page, to settings that its controls offer, wherever the click falls."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.pictures.kit.layers import GO
from rnn_dynamics.pictures.learning import moment_of
from tests.every import every
from tests.handed_out import frame_of
from tests.test_charts import keys_of, layers
from tests.test_claims_above import answer_of
from tests.test_learning_page import answer, trained
from tests.test_pages import PAGES

Spec = dict[str, Any]


@cache
def spec_of(page: str) -> Spec:
    picture = frame_of(page).picture
    found: Spec = json.loads(picture.specification(picture.views, "light", LANGUAGE))
    return found


@cache
def tables_of(page: str) -> dict[str, list[dict[str, Any]]]:
    picture = frame_of(page).picture
    of, views = answer_of(page, {})
    return {name: table.to_pylist() for name, table in picture.tables_of(sentences(page), of, views).items()}


def rectangles(page: str) -> Iterator[Spec]:
    """What a map is made of: its strips and cells."""
    for layer in layers(spec_of(page)):
        mark = layer["mark"]
        if (mark if isinstance(mark, str) else mark["type"]) == "rect":
            yield layer


def columns(page: str, layer: Spec) -> set[str]:
    """What is known of each of a layer's rows."""
    found = {name for row in tables_of(page).get(layer.get("data", {}).get("name"), [])[:1] for name in row}
    for step in layer["transform"]:
        if "aggregate" in step:
            found = set(step.get("groupby", ()))
        elif isinstance(step.get("as"), str):
            found.add(step["as"])
    return found


def controlled(page: str) -> set[str]:
    """The sliders of a page that its maps name: as a column of what can be clicked, or as the title of an axis."""
    names = Names(page, LANGUAGE)
    sliders = (name for name, setting in frame_of(page).settings.items() if setting.is_slider)
    found = set().union(*(columns(page, layer) for layer in rectangles(page)))
    titles = {title for title in keys_of(spec_of(page), "title") if isinstance(title, str)} if found else set()
    return {name for name in sliders if name in found or str(names.of(name)["label"]).lower() in titles}


@every("page", PAGES)
def test_a_map_of_what_a_slider_can_take_hears_a_click(page: str) -> None:
    hears = GO in keys_of(spec_of(page), "name")
    assert hears is (frame_of(page).go is not None)
    assert hears or not controlled(page), f"{page} shows {controlled(page)} and no click goes there"


def test_the_law_above_finds_such_maps() -> None:
    found = {page: controlled(page) for page in PAGES}
    assert {page for page, names in found.items() if names} >= {"vanish_or_explode", "phase_diagram", "by_hand"}


def clicked(page: str) -> tuple[list[str], list[dict[str, Any]]]:
    """What a click tells of what it falls on, and all rows that it may fall on."""
    (layer,) = (layer for layer in rectangles(page) if GO in keys_of(layer.get("params", []), "name"))
    (fields,) = (one["select"]["fields"] for one in layer["params"] if one["name"] == GO)
    return fields, tables_of(page)[layer["data"]["name"]]


@pytest.mark.parametrize("page", [page for page in PAGES if frame_of(page).go and page != "learning"])
def test_a_click_goes_to_settings_that_there_are(page: str) -> None:
    frame, (fields, rows) = frame_of(page), clicked(page)
    assert frame.go is not None
    cells = [{name: row[name] for name in fields if name in row} for row in rows]
    assert frame.opens or set(cells[0]) < set(fields), "nothing in it changes with the settings, for a second click"
    there: Page = frame_of(frame.opens or page)
    gone = set()
    for cell in {tuple(cell.items()): cell for cell in cells}.values():
        goes = frame.go(cell, frame.picture.views)
        gone.add(tuple(goes.values()))
        for name, value in goes.items():
            assert value is None or value in there.settings[name].values, (cell, name, value)
    assert len(gone) > 2


def test_a_click_on_a_look_moves_the_slider_to_that_look() -> None:
    learned = answer(trained())
    last = learned.marked("100 %")
    assert last > 2
    assert [learned.marked(moment_of(look, last)) for look in range(last + 1)] == [*range(last + 1)]
    assert moment_of(0, 0) == "0 %"
