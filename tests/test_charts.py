"""The pictures' specifications: valid, free of values, the same whatever is asked; one colour and dash per cell."""

import ast
import json
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest

from rnn_dynamics import CELLS
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.panels import in_size
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES, DIVERGING, THEMES, Background
from rnn_dynamics.pictures.vanish_or_explode.chart import GRADIENTS, live_chart

LABELS = tuple(f"{scale:g}" for scale in WEIGHT_SCALES)
DATASETS = {"curves", "scales", "chosen", "whole", "floors"}
SYMBOLS = {"input": "‖∂L/∂xₜ‖", "hidden": "‖∂L/∂hₜ‖", "cell": "‖∂L/∂cₜ‖"}
AXES = {"step": "time step t", "lag": "lag T − t"}
Spec = dict[str, Any]

every_picture = pytest.mark.parametrize(("component", "against", "background"), list(product(GRADIENTS, AXES, THEMES)))


@cache
def spec_of(component: str, against: str, background: Background) -> Spec:
    """The specification as it is sent; building it checks it against Vega-Lite's schema."""
    spec: Spec = live_chart(component, against, background, LABELS).to_dict()
    return spec


def layers(spec: Spec) -> Iterator[Spec]:
    """All layers that draw, each with what it inherits from its groups."""
    for layer in spec["layer"]:
        inherited = {key: spec[key] for key in ("data", "transform") if key in spec} | layer
        inherited["transform"] = spec.get("transform", []) + layer.get("transform", [])
        inherited["encoding"] = spec.get("encoding", {}) | layer.get("encoding", {})
        yield from layers(inherited) if "layer" in layer else [inherited]


def channels(spec: Spec, name: str) -> Iterator[Spec]:
    """What all layers encode in one channel, those that encode a field; layers of a group share theirs."""
    found: list[Spec] = []
    for layer in layers(spec):
        channel = layer["encoding"].get(name, {})
        if "field" in channel and channel not in found:
            found.append(channel)
    yield from found


def keys(part: object) -> Iterator[str]:
    """Every key of a nested specification."""
    if isinstance(part, dict):
        yield from part
        for inner in part.values():
            yield from keys(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from keys(inner)


@every_picture
def test_a_specification_is_plain_json_without_nan(component: str, against: str, background: Background) -> None:
    spec = spec_of(component, against, background)
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")


@every_picture
def test_a_specification_holds_names_of_tables_and_no_value(
    component: str, against: str, background: Background
) -> None:
    spec = spec_of(component, against, background)
    assert "datasets" not in spec
    assert {"url", "format"}.isdisjoint(spec.get("data", {}))
    sources = [layer["data"] for layer in layers(spec)]
    assert {tuple(source) for source in sources} == {("name",)}
    assert {source["name"] for source in sources} == DATASETS


@every_picture
def test_every_axis_says_what_it_shows(component: str, against: str, background: Background) -> None:
    spec = spec_of(component, against, background)
    across = [channel for channel in channels(spec, "x") if channel.get("axis")]
    up = [channel for channel in channels(spec, "y") if channel.get("axis")]
    assert len(across) == len(up) == 2  # the curves and the map
    assert all(channel["title"].startswith(AXES[against]) for channel in across)
    assert {channel["title"] for channel in up} == {GRADIENTS[component], "weight scale"}
    assert GRADIENTS[component].startswith(SYMBOLS[component])
    powers = next(channel["axis"] for channel in up if channel["title"] == GRADIENTS[component])
    assert powers["labelExpr"].startswith("'10' + ")  # the unit: powers of ten


@every_picture
def test_the_colours_of_the_map_have_a_legend_with_a_unit(component: str, against: str, background: Background) -> None:
    legends = [channel for channel in channels(spec_of(component, against, background), "color") if "title" in channel]
    (legend,) = (channel for channel in legends if channel.get("legend"))
    assert legend["title"].startswith("log₁₀")
    assert legend["scale"]["range"] == list(DIVERGING)


@every_picture
def test_a_cell_has_one_colour_in_curve_and_label(component: str, against: str, background: Background) -> None:
    spec, colours = spec_of(component, against, background), THEMES[background].cells
    curves = [layer["mark"] for layer in layers(spec) if layer["mark"]["type"] == "line"]
    assert [curve["color"] for curve in curves] == list(colours.values())
    (labels,) = (channel for channel in channels(spec, "color") if channel["field"] == "cell")
    assert labels["scale"] == {"domain": list(CELLS), "range": list(colours.values())}


@every_picture
def test_every_cell_has_a_curve_and_a_dash_of_its_own(component: str, against: str, background: Background) -> None:
    curves = [layer for layer in layers(spec_of(component, against, background)) if layer["mark"]["type"] == "line"]
    for cell, curve in zip(CELLS, curves, strict=True):
        assert f"datum.cell === '{cell}'" in json.dumps(curve["transform"])
    assert len({tuple(curve["mark"]["strokeDash"]) for curve in curves}) == len(CELLS)


@pytest.mark.parametrize("background", THEMES)
def test_the_cells_differ_in_colour(background: Background) -> None:
    assert len(set(THEMES[background].cells.values())) == len(CELLS) == len(CELL_NAMES) == len(CELL_DASHES)
    assert tuple(CELL_NAMES) == tuple(CELL_DASHES) == tuple(CELLS)


@every_picture
def test_one_choice_has_one_specification(component: str, against: str, background: Background) -> None:
    # A specification that changes from run to run would make the browser build the picture anew and lose the pointer.
    again = live_chart(component, against, background, LABELS).to_dict()
    assert json.dumps(again) == json.dumps(spec_of(component, against, background))


def test_every_choice_has_a_specification_of_its_own() -> None:
    texts = [json.dumps(spec_of(*choice)) for choice in product(GRADIENTS, AXES, THEMES)]
    assert len(set(texts)) == len(texts)


def test_the_axis_of_the_map_names_positions_of_the_slider() -> None:
    spec = spec_of("input", "step", "light")
    (axis,) = (
        channel["axis"] for channel in channels(spec, "y") if channel.get("axis") and channel["title"] == "weight scale"
    )
    assert {"0.1", "1", "10"} <= {LABELS[int(place)] for place in axis["values"]}
    (names,) = (parameter["expr"] for parameter in spec["params"] if parameter["name"] == "names")
    assert ast.literal_eval(names) == list(LABELS)
    assert axis["labelExpr"].startswith("names[")


@every_picture
def test_the_pointer_on_the_map_decides_which_weight_scale_is_shown(
    component: str, against: str, background: Background
) -> None:
    spec = spec_of(component, against, background)
    parameters = {parameter["name"]: parameter for parameter in spec["params"]}
    assert parameters["hover"]["select"]["on"] == "pointermove"
    assert "hover.scale" in parameters["shown"]["expr"]
    assert "shown" in json.dumps(spec["layer"])
    assert "href" not in set(keys(spec))


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


def test_all_type_of_a_picture_grows_with_the_type_of_the_pages() -> None:
    spec = spec_of("input", "step", "light")
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
