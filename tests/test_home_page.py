"""The picture "Vanish or explode?": its tables against the engine's numbers, and how its chart is built."""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, pictures, run
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.content.numbers import share
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.engine.trace import FamilyTrace
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.axes import axis_ends
from rnn_dynamics.pictures.kit.frames import MAP_POINTS, point_steps
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, DIVERGING, THEMES, Background
from rnn_dynamics.pictures.vanish_or_explode import PICTURE
from rnn_dynamics.pictures.vanish_or_explode.answer import FamiliesAnswer
from tests.every import every
from tests.pictured import Rows, column, drawn_by, rows_by_table, said_by
from tests.test_charts import layers

Array = NDArray[np.float64]
Spec = dict[str, Any]
GRADIENTS = {"input": "‖∂L/∂xₜ‖", "hidden": "‖∂L/∂hₜ‖", "cell": "‖∂L/∂cₜ‖"}
TIMES = {"step": "time step t", "lag": "lag T − t"}
ALL = tuple(range(len(WEIGHT_SCALES)))
OPENING = Experiment(cell="rnn", batch_size=2, forget_bias=3.0)
SMALL = Experiment(cell="rnn", sequence_length=23, hidden_size=7, input_size=3, batch_size=2, seed=3)
LARGE = replace(OPENING, hidden_size=64, batch_size=8, sequence_length=200)
NAMES = {"rnn": "RNN", "lstm": "LSTM, forget bias 0", "gru": "GRU"}
every_choice = every(("gradient", "axis", "background"), list(product(GRADIENTS, TIMES, THEMES)))


def heights(points: str) -> Array:
    """The heights that a curve's text stands for; nan where nothing is drawn."""
    return np.array([np.nan if point == "x" else int(point) / 100 for point in points.split(",")])


def straight(start: float, end: float, length: int = 21) -> Array:
    """A straight line of log10 norms, step 1 first."""
    return np.linspace(start, end, length)


def tables_of(
    curves: Mapping[str, Array],
    scales: Sequence[int] | None = None,
    slopes: Sequence[float | None] | None = None,
    cell: str = "rnn",
) -> dict[str, Rows]:
    """The rows of a picture of curves (S, T) by cell, the one without gates first."""
    rows = tuple(scales or range(len(next(iter(curves.values())))))
    zeros = np.zeros(len(rows))
    families = {
        name: FamilyTrace(
            experiment=Experiment(),
            weight_scales=(),
            seeds=(),
            loss=zeros,
            log10_norms={"input": norms, "hidden": norms},
            log10_rounding=zeros,
        )
        for name, norms in curves.items()
    }
    answer = FamiliesAnswer(
        experiment=Experiment(cell=cell, weight_scale=WEIGHT_SCALES[rows[0]]),
        scales=rows,
        families=families,
        radius=dict.fromkeys(curves, 1.0),
        singular_value=dict.fromkeys(curves, 1.0),
        slopes=tuple(slopes or [None] * len(rows)),
    )
    return rows_by_table(PICTURE.tables_of(sentences(PICTURE.name), answer, PICTURE.views))


# --- curves -------------------------------------------------------------------------------------------------------


@every("length", [10, 60, 200])
def test_every_curve_is_exact_to_half_a_hundredth_of_an_order(length: int) -> None:
    asked = replace(SMALL, sequence_length=length)
    rows = drawn_by(PICTURE, asked)["curves"]
    assert [(row["scale"], row["name"]) for row in rows] == list(product(ALL, NAMES))
    steps = point_steps(length)
    for row in rows:
        assert row["steps"] == ",".join(map(str, steps))
        if (scale := WEIGHT_SCALES[row["scale"]]) <= 1.4:
            exact = run(replace(asked, cell=row["name"], weight_scale=scale)).log10_norms["input"]
            np.testing.assert_allclose(heights(row["points"]), exact[steps - 1], rtol=0, atol=0.005 + 1e-6)
            assert row["text"] == f"{NAMES[row['name']]}: {share(exact[0] - exact[-1])}"


@every("value", [-np.inf, -1e4, -321.0, 321.0, 1e4])
def test_a_norm_outside_the_axis_is_left_out_and_the_others_stay(value: float) -> None:
    (row,) = tables_of({"rnn": np.array([[value, 0.5, 0.0]])})["curves"]
    np.testing.assert_array_equal(heights(row["points"]), [np.nan, 0.5, 0.0])


def test_a_label_belongs_to_its_curve() -> None:
    curves = {"rnn": straight(-25, 0)[None], "lstm": straight(-1, 0)[None], "gru": straight(9, 0)[None]}
    rows = tables_of(curves)["curves"]
    assert [row["name"] for row in rows] == ["rnn", "lstm", "gru"]
    for row in rows:
        assert abs(row["place"] - curves[row["name"]][0, 0]) < 45 / 14
        assert row["text"].startswith(NAMES[row["name"]] + ": ")


def test_a_row_says_axis_horizon_and_slope() -> None:
    curves = {
        "rnn": np.stack([straight(-20, 0), straight(2.5, 0.5)]),
        "lstm": np.stack([straight(-1, 0), straight(-300, 0)]),
    }
    first, second = tables_of(curves, (4, 7), (-0.25, None))["scales"]
    assert [(row["scale"], row["below"], row["above"]) for row in (first, second)] == [(4, 0, 6), (7, 6, 25)]
    for number, row in enumerate((first, second)):
        assert (row["low"], row["high"]) == axis_ends(curves["rnn"][number], curves["lstm"][number])
    assert (first["horizon"], second["horizon"]) == (3, None)  # one order a step: lag 2 has exactly 1 %, lag 3 less
    assert (first["last"], first["theory_lag"], first["theory"]) == (0, 20, -5)
    assert (second["last"], second["theory_lag"], second["theory"]) == (0.5, None, None)
    assert column(tables_of(curves, cell="lstm")["scales"], "horizon") == [None, 1]


@every(("slope", "lag", "height"), [(-2.0, 5.0, -10), (1.0, 3.0, 3), (0.0, 20.0, 0)])
def test_the_predicted_line_ends_where_the_axis_does(slope: float, lag: float, height: int) -> None:
    (row,) = tables_of({"rnn": straight(-1, 0)[None]}, slopes=(slope,))["scales"]
    assert (row["low"], row["high"]) == (-10, 3)
    assert (row["theory_lag"], row["theory"]) == (lag, height)


@every(("changes", "drawn"), [({}, True), ({"loss_at": "every"}, False), ({"hidden_path": "cut"}, False)])
def test_mean_field_is_drawn_where_it_speaks_of_one_error_that_goes_through_w_hh(
    changes: dict[str, str], drawn: bool
) -> None:
    experiment = replace(OPENING, **changes)  # type: ignore[arg-type]
    ends = column(drawn_by(PICTURE, experiment)["scales"], "theory")
    assert [end is not None for end in ends] == [drawn] * len(ends)
    assert ("Mean-field theory predicts" in said_by(PICTURE, experiment)) == drawn


@every("weight_scale", (0.3, 0.5, 0.8))
def test_the_name_of_a_floor_keeps_off_curves_that_fall_through_it(weight_scale: float) -> None:
    place, norms = WEIGHT_SCALES.index(weight_scale), run_family(OPENING, weight_scales=[weight_scale]).log10_norms
    tables, curve = drawn_by(PICTURE, OPENING), norms["input"][0]
    (ends,) = (row for row in tables["scales"] if row["scale"] == place)
    floors = [row for row in tables["floors"] if row["scale"] == place and ends["low"] < row["log10_norm"]]
    assert {row["name"] for row in floors} >= {"float16"}
    for row in floors:
        line = (ends["high"] - ends["low"]) / 10
        along = np.interp(row["end"] - np.linspace(0.25, 0), np.linspace(0, 1, len(curve)), curve)
        side = np.where(row["above"], 1, -1) * (along - row["log10_norm"]) / line
        assert ((side < 0.31) | (side > 0.89)).all()


# --- the map ------------------------------------------------------------------------------------------------------


def test_the_map_shows_the_curves_at_their_points_against_the_last_step() -> None:
    norms = run_family(OPENING, weight_scales=WEIGHT_SCALES).log10_norms["input"]
    tables, steps = drawn_by(PICTURE, OPENING), point_steps(100, MAP_POINTS)
    (whole,) = tables["whole"]
    assert (whole["length"], whole["limit"]) == (100, 20.0)
    for place in ALL:
        assert column(tables["map"], "step", scale=place) == steps.tolist()
        shown = np.clip(norms[place, steps - 1] - norms[place, -1], -20.0, 20.0)
        np.testing.assert_allclose(column(tables["map"], "log10_norm", scale=place), shown, rtol=1e-6, atol=1e-6)


def test_the_colours_end_at_a_fifth_of_an_order_a_step_or_at_five() -> None:
    for length, limit in ((6, 5.0), (25, 5.0), (26, 5.2), (200, 40.0)):
        (whole,) = tables_of({"rnn": straight(-1, 0, length)[None]})["whole"]
        assert whole["limit"] == pytest.approx(limit)


def test_a_row_of_zeros_is_drawn_as_gone_and_the_size_of_the_last_gradient_does_not_tell() -> None:
    gone = tables_of({"rnn": np.full((1, 3), -np.inf)})["map"]
    assert column(gone, "log10_norm") == [-5.0] * 3
    low, high = (column(tables_of({"rnn": straight(up - 9, up)[None]})["map"], "log10_norm") for up in (0.0, 5.0))
    assert low == high


@every("scales", [ALL, (0, 4, 8, 9, 12, 16, 20, 24), (0, 17), (5,), (3, 22)])
def test_every_position_of_the_slider_shows_the_nearest_row_that_was_computed(scales: tuple[int, ...]) -> None:
    tables = tables_of({"rnn": np.stack([straight(-1, 0)] * len(scales))}, scales)
    strips = tables["scales"]
    assert column(strips, "scale") == list(scales)
    for position in ALL:
        (strip,) = (strip for strip in strips if strip["below"] <= position < strip["above"])
        assert abs(strip["scale"] - position) == min(abs(scale - position) for scale in scales)
        (sides,) = {(row["below"], row["above"]) for row in tables["map"] if row["scale"] == strip["scale"]}
        assert sides == (strip["below"], strip["above"])


# --- what moves ---------------------------------------------------------------------------------------------------


@every("asked", [OPENING, LARGE])
def test_a_step_of_the_weight_scale_changes_one_row_and_no_other_table(asked: Experiment) -> None:
    first, *others = (replace(asked, weight_scale=scale) for scale in (0.1, 0.5, 10.0))
    still, _ = PICTURE.drawn(first, PICTURE.views, LANGUAGE)
    for other in others:
        moved, _ = PICTURE.drawn(other, PICTURE.views, LANGUAGE)
        assert {name for name, table in moved.items() if table is not still[name]} == {"chosen"}
        chosen = pa.ipc.open_stream(moved["chosen"]).read_all().to_pylist()
        assert chosen == [{"scale": WEIGHT_SCALES.index(other.weight_scale)}]


def test_a_weight_scale_that_the_map_has_no_row_for_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weight_scale = 1\.05 is not one of 0\.1, "):
        pictures.draw(PICTURE.name, replace(OPENING, weight_scale=1.05))


def test_the_frame_has_one_row_for_each_cell_step_and_component() -> None:
    frame = pictures.frames(PICTURE.name, SMALL)["curves"]
    assert list(frame.columns) == ["cell", "weight_scale", "step", "lag", "component", "log10_norm"]
    assert ((frame["step"] + frame["lag"]) == SMALL.sequence_length).all()
    assert set(frame["weight_scale"]) == {SMALL.weight_scale}
    traces = [run(replace(SMALL, cell=cell)) for cell in NAMES]
    assert len(frame) == sum(len(values) for trace in traces for values in trace.log10_norms.values())
    for trace in traces:
        for component, values in trace.log10_norms.items():
            mine = frame[(frame["cell"] == trace.experiment.cell) & (frame["component"] == component)]
            np.testing.assert_allclose(mine.sort_values("step")["log10_norm"], values, rtol=0, atol=1e-9)


# --- the chart ----------------------------------------------------------------------------------------------------


def spec_of(gradient: str, axis: str, background: Background) -> Spec:
    spec: Spec = json.loads(PICTURE.specification({"gradient": gradient, "axis": axis}, background, LANGUAGE))
    return spec


def channels(spec: Spec, name: str) -> list[Spec]:
    """What all layers encode in one channel, those that encode a field; layers of a group share theirs."""
    found: list[Spec] = []
    for layer in layers(spec):
        channel = layer["encoding"].get(name, {})
        if "field" in channel and channel not in found:
            found.append(channel)
    return found


@every_choice
def test_axes_and_colours_say_what_they_show(gradient: str, axis: str, background: Background) -> None:
    spec = spec_of(gradient, axis, background)
    across, up = ([one for one in channels(spec, name) if one.get("axis")] for name in ("x", "y"))
    assert len(across) == len(up) == 2  # the curves and the map
    assert all(channel["title"].startswith(TIMES[axis]) for channel in across)
    scale, shown = sorted(up, key=lambda channel: str(channel["title"]) != "weight scale")
    assert scale["title"] == "weight scale"
    assert shown["title"].startswith(GRADIENTS[gradient])
    assert shown["axis"]["labelExpr"].startswith("'10'+")  # the unit: powers of ten
    (legend,) = (channel for channel in channels(spec, "color") if channel.get("legend"))
    assert legend["title"].startswith("log₁₀")
    assert legend["scale"]["range"] == list(DIVERGING)


@every_choice
def test_a_cell_has_one_colour_and_one_dash(gradient: str, axis: str, background: Background) -> None:
    spec, colours = spec_of(gradient, axis, background), THEMES[background].cells
    curves = [layer for layer in layers(spec) if layer["mark"]["type"] == "line"]
    assert [layer["mark"]["color"] for layer in curves] == list(colours.values())
    assert [layer["mark"]["strokeDash"] for layer in curves] == [CELL_DASHES[cell] for cell in CELLS]
    for cell, curve in zip(CELLS, curves, strict=True):
        assert f"datum.name=='{cell}'" in json.dumps(curve["transform"])
    assert "colours[datum.name]" in json.dumps(spec)  # of the labels
    (named,) = (ast.literal_eval(one["expr"]) for one in spec["params"] if one["name"] == "colours")
    assert {cell: named[cell] for cell in CELLS} == colours


@every_choice
def test_the_pointer_on_the_map_decides_which_weight_scale_is_shown(
    gradient: str, axis: str, background: Background
) -> None:
    spec = spec_of(gradient, axis, background)
    parameters = {parameter["name"]: parameter for parameter in spec["params"]}
    (hover,) = (one for layer in layers(spec) for one in layer.get("params", ()) if one["name"] == "hover")
    assert hover["select"]["on"] == "pointermove"
    assert "hover.scale" in parameters["pointed"]["expr"]
    assert "datum.scale==pointed" in json.dumps(spec["layer"])
    assert "href" not in json.dumps(spec)


def test_every_choice_has_a_specification_of_its_own_and_only_one() -> None:
    # A specification that changes from run to run would make the browser build the picture anew and lose the pointer.
    texts = [json.dumps(spec_of(*choice)) for choice in product(GRADIENTS, TIMES, THEMES)]
    assert len(set(texts)) == len(texts)
    views = {"gradient": "input", "axis": "step"}
    again = PICTURE.charted(sentences(PICTURE.name), views, "light").to_dict(validate=False)
    fills = {"autosize": {"type": "fit", "contains": "padding"}}  # its place on a page
    assert json.dumps(again | fills) == texts[0]


def test_the_axis_of_the_map_names_positions_of_the_slider() -> None:
    spec, labels = spec_of("input", "step", "light"), [f"{scale:g}" for scale in WEIGHT_SCALES]
    (axis,) = (one["axis"] for one in channels(spec, "y") if one.get("axis") and one["title"] == "weight scale")
    assert {"0.1", "1", "10"} <= {labels[int(place)] for place in axis["values"]}
    (names,) = (parameter["expr"] for parameter in spec["params"] if parameter["name"] == "scales")
    assert [f"{scale:g}" for scale in ast.literal_eval(names)] == labels
    assert axis["labelExpr"].startswith("scales[")
