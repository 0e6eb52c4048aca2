"""What the specifications of all pictures share: a colour and a dash of each cell, and type that grows."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import CELLS, pictures
from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.pictures.kit.layers import GO, in_size
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES, THEMES, Background
from tests.every import every
from tests.test_pictures import settings_of

Spec = dict[str, Any]


def layers(spec: Spec) -> Iterator[Spec]:
    """All layers that draw, each with what it inherits from its groups."""
    for layer in spec["layer"]:
        inherited = {key: spec[key] for key in ("data", "transform") if key in spec} | layer
        inherited["transform"] = spec.get("transform", []) + layer.get("transform", [])
        inherited["encoding"] = spec.get("encoding", {}) | layer.get("encoding", {})
        yield from layers(inherited) if "layer" in layer else [inherited]


@every("background", THEMES)
def test_the_cells_differ_in_colour(background: Background) -> None:
    assert len(set(THEMES[background].cells.values())) == len(CELLS) == len(CELL_NAMES) == len(CELL_DASHES)
    assert tuple(CELL_NAMES) == tuple(CELL_DASHES) == tuple(CELLS)


def keys_of(part: object, name: str) -> Iterator[Any]:
    """Every value that a key has anywhere in a specification."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == name)
        for inner in part.values():
            yield from keys_of(inner, name)
    elif isinstance(part, list):
        for inner in part:
            yield from keys_of(inner, name)


def sizes(part: object) -> list[float]:
    """Every size of type in a specification that is a plain number."""
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key.endswith("ontSize") and isinstance(value, int | float)]
        return own + [size for value in part.values() for size in sizes(value)]
    return [size for value in part for size in sizes(value)] if isinstance(part, list) else []


@every("name", pictures.NAMES)
def test_no_line_is_drawn_in_dashes_without_gaps_between_them(name: str) -> None:
    one = pictures.picture(name)
    for _, views in settings_of(name):
        assert re.findall(r"\[\d+, ?0\]", one.specification(views, "light", LANGUAGE)) == []


def test_all_type_of_a_picture_grows_with_the_type_of_the_pages() -> None:
    one = pictures.picture("vanish_or_explode")
    spec = json.loads(one.specification(one.views, "light", LANGUAGE))
    larger = in_size(spec, 22 / 17)
    assert sizes(larger) == pytest.approx([22 / 17 * size for size in sizes(spec)])
    assert len(sizes(spec)) > 4
    before, after = (
        [found for found in keys_of(whole, "fontSize") if isinstance(found, dict)] for whole in (spec, larger)
    )
    assert [found["expr"] for found in after] == [f"({found['expr']}) * 1.29412" for found in before]
    assert before
    (zoom,) = (parameter["expr"] for parameter in larger["params"] if parameter["name"] == "zoom")
    assert float(zoom) == pytest.approx(22 / 17, abs=1e-4)
    assert in_size(spec, 1.0) == spec


def shown(name: str, own: bool, clicked: bool) -> None:
    """A page of a picture, with the project's own command or with Streamlit's."""
    import json

    import streamlit as st

    from rnn_dynamics import pictures
    from rnn_dynamics.dashboard.chart import show_chart

    one, datasets, key = pictures.picture(name), {"whole": b"a table", "more": b"another"}, "its key"
    if own:
        show_chart(one, datasets, one.views, "en", clicked=(key, lambda: None) if clicked else None)
        return
    spec = {**json.loads(one.specification(one.views, "light", "en")), "datasets": datasets}
    del spec["autosize"]
    picks: dict[str, Any] = {"on_select": lambda: None, "selection_mode": "go"} if clicked else {}
    st.vega_lite_chart(spec, key=key, **picks)


@every("name", pictures.NAMES)
def test_a_chart_is_sent_as_streamlits_own_command_sends_it(name: str) -> None:
    one = pictures.picture(name)
    clicked = GO in keys_of(json.loads(one.specification(one.views, "light", LANGUAGE)), "name")
    pages = [AppTest.from_function(shown, args=(name, own, clicked), default_timeout=60).run() for own in (True, False)]
    (ours,), (theirs,) = (page.get("vega_lite_chart") for page in pages)
    assert bool(ours.proto.id) == bool(theirs.proto.id) == clicked
    theirs.proto.id = ours.proto.id
    # Ours has no spare spaces, and its letters as they are.
    theirs.proto.spec = json.dumps(json.loads(theirs.proto.spec), ensure_ascii=False, separators=(",", ":"))
    assert ours.proto == theirs.proto
