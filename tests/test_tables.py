"""The tables behind the pictures: verdicts, tidy frames, the live curves and the map's colours."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, run
from rnn_dynamics.engine.factor import log10_factor_per_step
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.frames import (
    MAP_POINTS,
    POINTS,
    arrow_bytes,
    label_places,
    point_steps,
    shades,
    vertical_ranges,
)
from rnn_dynamics.pictures.kit.numbers import power_of_ten, times
from rnn_dynamics.pictures.kit.theme import DIVERGING
from rnn_dynamics.pictures.kit.verdict import HOLDS_WITHIN, HORIZON_SHARE, horizon, judge, median_and_range
from rnn_dynamics.pictures.vanish_or_explode.chart import live_chart
from rnn_dynamics.pictures.vanish_or_explode.curves import curves_table
from rnn_dynamics.pictures.vanish_or_explode.table import (
    Picture,
    chosen_dataset,
    curve_rows,
    floor_rows,
    map_colours,
    picture_datasets,
    scale_rows,
    whole_row,
)

Array = NDArray[np.float64]
#: The cells of one picture: a network without gates, and those with.
SHOWN = ("rnn", "lstm", "gru")
SMALL = Experiment(sequence_length=23, hidden_size=7, input_size=3, batch_size=2, seed=3)
ALL_ROWS = tuple(range(len(WEIGHT_SCALES)))
NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def drawn(points: str) -> Array:
    """The heights that a curve's text stands for, in orders of magnitude; nan where nothing is drawn."""
    return np.array([np.nan if point == "x" else int(point) / 100 for point in points.split(",")])


def straight(start: float, end: float, length: int = 100) -> Array:
    """A straight line of log10 norms, step 1 first."""
    return np.linspace(start, end, length)


def picture_with(curves: Mapping[str, Array], **changes: Any) -> Picture:
    """A picture of curves (S, T) by cell; its rows are the first S positions of the slider."""
    count = len(next(iter(curves.values())))
    usual: dict[str, Any] = {
        "labels": NAMES,
        "cell": "rnn",
        "rows": tuple(range(count)),
        "positions": len(WEIGHT_SCALES),
        "against_lag": False,
        "slopes": (None,) * count,
        "palette": DIVERGING,
    }
    return Picture(curves=curves, **(usual | changes))


def axis_of(*curves: Array) -> tuple[float, float]:
    """The ends of the vertical axis of one row of curves (T,)."""
    lows, highs = vertical_ranges(np.stack(curves)[None])
    return float(lows[0]), float(highs[0])


# --- verdicts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [2, 3, 10, 100, 500])
@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(0.5, "vanishes"), (0.954, "vanishes"), (0.956, "holds"), (1.0, "holds"), (1.046, "holds"), (1.048, "explodes")],
)
def test_the_factor_per_step_decides_whatever_the_number_of_steps(factor: float, outcome: str, length: int) -> None:
    orders = (length - 1) * math.log10(factor)
    verdict = judge(straight(orders, 0, length))
    assert verdict.outcome == outcome
    assert verdict.orders == pytest.approx(orders)
    assert 10**verdict.log10_factor == pytest.approx(factor)


def test_a_hundred_steps_of_a_gradient_that_holds_leave_at_least_one_per_cent() -> None:
    assert pytest.approx(HORIZON_SHARE) == 10 ** (-100 * HOLDS_WITHIN)
    assert judge(straight(-1.99, 0, 101)).horizon is None
    assert judge(straight(-2.01, 0, 101)).horizon == 100


def test_only_ratios_of_norms_are_judged() -> None:
    apart, near = judge(straight(-110, -100)), judge(straight(-10, 0))
    assert (apart.outcome, apart.horizon) == (near.outcome, near.horizon)
    assert (apart.orders, apart.log10_factor) == pytest.approx((near.orders, near.log10_factor))


def test_the_factor_leaves_out_the_last_fifth_and_the_first_tenth_of_the_sequence() -> None:
    curve = np.zeros(100)
    curve[-20:] += 5.0  # lags 0 to 19
    curve[:9] -= 5.0  # lags 91 to 99
    assert log10_factor_per_step(curve) == 0.0
    curve[-21] += 5.0
    assert log10_factor_per_step(curve) == pytest.approx(-5.0 / 70.0)
    curve[9] -= 3.0
    assert log10_factor_per_step(np.stack([curve, -curve])) == pytest.approx([-8.0 / 70.0, 8.0 / 70.0])


def test_a_gradient_that_is_zero_at_the_shorter_lag_alone_has_no_factor() -> None:
    curve = np.zeros(10)
    curve[7] = -np.inf
    assert (judge(curve).outcome, times(judge(curve).log10_factor)) == ("none", "–")
    curve[1] = -np.inf
    assert math.isnan(log10_factor_per_step(curve))
    curve[0] = -np.inf
    assert (judge(curve).outcome, times(judge(curve).log10_factor)) == ("vanishes", "×0")


def test_a_gradient_of_exactly_zero_at_the_first_step_vanishes() -> None:
    verdict = judge(np.array([-np.inf, -np.inf, 0.0]))
    assert (verdict.outcome, verdict.orders, verdict.log10_factor, verdict.horizon) == ("vanishes", -np.inf, -np.inf, 1)


@pytest.mark.parametrize("earlier", [-np.inf, -3.0])
def test_a_gradient_of_exactly_zero_at_the_last_step_is_nothing_to_compare_with(earlier: float) -> None:
    verdict = judge(np.array([earlier, -np.inf, -np.inf]))
    assert (verdict.outcome, verdict.horizon) == ("silent", None)
    assert math.isnan(verdict.orders)
    assert math.isnan(verdict.log10_factor)


def test_a_single_step_has_no_factor() -> None:
    verdict = judge(np.array([-0.4]))
    assert (verdict.outcome, verdict.orders, verdict.horizon) == ("none", 0.0, None)
    assert times(verdict.log10_factor) == "–"


def test_the_horizon_is_the_lag_from_which_on_less_than_one_per_cent_stays() -> None:
    assert horizon(np.array([-5.0, -2.1, -1.9, -1.0, 0.0])) == 3
    assert horizon(np.array([-5.0, -1.9, -2.1, -1.0, 0.0])) == 4  # it comes back once
    assert horizon(np.array([-1.9, -5.0, -2.1, -1.0, 0.0])) is None  # it comes back for good
    assert horizon(np.array([-np.inf, -np.inf, 0.0])) == 1
    assert horizon(np.array([-8.0, -5.0])) == 1


def test_median_and_range_are_those_of_all_networks() -> None:
    norms = np.random.default_rng(0).normal(size=(20, 5))
    norms[:3, 0] = [-np.inf, np.nan, -np.inf]
    low, median, high = median_and_range(norms)
    ordered = np.sort(np.nan_to_num(norms, nan=-np.inf, neginf=-np.inf), axis=0)
    np.testing.assert_array_equal(low, ordered[0])
    np.testing.assert_array_equal(high, ordered[19])
    np.testing.assert_allclose(median, (ordered[9] + ordered[10]) / 2)
    assert median_and_range(np.array([-np.inf, -np.inf, 1.0, 2.0])).tolist() == [-np.inf, -np.inf, 2.0]
    assert median_and_range(np.array([1.0, 2.0, 4.0])).tolist() == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("log10_factor", "shown"),
    [(0.0, "×1"), (math.log10(0.5821), "×0.582"), (math.log10(1.23), "×1.23"), (-7.2, "×10⁻⁷"), (12.0, "×10¹²")],
)
def test_a_factor_is_shown_with_three_digits_or_as_a_power_of_ten(log10_factor: float, shown: str) -> None:
    assert times(log10_factor) == shown


@pytest.mark.parametrize("curve", [straight(3, 0), straight(-1.9, 0), np.array([0.0])])
def test_a_gradient_that_stays_above_one_per_cent_has_no_horizon(curve: Array) -> None:
    assert horizon(curve) is None


@pytest.mark.parametrize(
    ("log10_value", "shown"),
    [
        (-math.inf, "0"),
        (math.nan, "–"),
        (-300.4, "10⁻³⁰⁰"),
        (-21.6, "10⁻²²"),
        (-4.01, "10⁻⁴"),
        (-4.0, "0.0001"),
        (-2.01, "0.0098"),
        (-2.0, "0.01"),
        (-0.62, "0.24"),
        (0.0, "1"),
        (math.log10(3.14), "3.1"),
        (1.5, "32"),
        (math.log10(99.7), "100"),
        (2.0, "100"),
        (math.log10(1234), "1,234"),
        (4.0, "10⁴"),
        (20.4, "10²⁰"),
        (187.0, "10¹⁸⁷"),
    ],
)
def test_a_share_reads_as_a_plain_number_or_a_power_of_ten(log10_value: float, shown: str) -> None:
    assert power_of_ten(log10_value) == shown


@given(st.floats(-320, 320))
def test_no_share_is_written_like_a_programmer(log10_value: float) -> None:
    assert "e" not in power_of_ten(log10_value)


# --- the tidy frame -----------------------------------------------------------------------------------------------


def test_the_frame_has_one_row_for_each_cell_step_and_component() -> None:
    traces = [run(replace(SMALL, cell=cell)) for cell in CELLS]
    frame = curves_table({trace.experiment.cell: trace.log10_norms for trace in traces}, SMALL.weight_scale)
    assert list(frame.columns) == ["cell", "weight_scale", "step", "lag", "component", "log10_norm"]
    assert len(frame) == sum(len(values) for trace in traces for values in trace.log10_norms.values())
    assert ((frame["step"] + frame["lag"]) == SMALL.sequence_length).all()
    for trace in traces:
        for component, values in trace.log10_norms.items():
            mine = frame[(frame["cell"] == trace.experiment.cell) & (frame["component"] == component)]
            np.testing.assert_array_equal(mine.sort_values("step")["log10_norm"], values)


# --- the live picture's datasets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 9, 49, 50, 51, 99, 100, 200, 9999])
def test_the_points_of_a_curve_include_both_ends_and_never_repeat_a_step(length: int) -> None:
    steps = point_steps(length)
    assert (steps[0], steps[-1], len(steps)) == (1, length, min(length, POINTS))
    assert (np.diff(steps) >= 1).all()


@pytest.mark.parametrize("length", [10, 60, 200])
def test_every_curve_of_the_picture_is_exact_to_half_a_hundredth_of_an_order(length: int) -> None:
    scales = {0: 0.1, 9: 1.0, 15: 1.6}
    experiment = replace(SMALL, sequence_length=length)
    families = {cell: run_family(replace(experiment, cell=cell), weight_scales=[*scales.values()]) for cell in SHOWN}
    curves = {cell: family.log10_norms["input"] for cell, family in families.items()}
    table = curve_rows(picture_with(curves, rows=tuple(scales)))
    assert table.num_rows == len(scales) * len(SHOWN)
    for row in table.to_pylist():
        exact = run(replace(experiment, cell=row["cell"], weight_scale=scales[row["scale"]])).log10_norms["input"]
        shown = exact[point_steps(length) - 1]
        np.testing.assert_allclose(drawn(row["points"]), shown, rtol=0, atol=0.005 + 1e-6)
        assert row["text"] == f"{NAMES[row['cell']]}: {power_of_ten(exact[0] - exact[-1])}"


@pytest.mark.parametrize("value", [-np.inf, -1e4, -321.0, 321.0, 1e4])
def test_a_norm_outside_the_axis_is_left_out_and_the_others_stay(value: float) -> None:
    curves = {"rnn": np.array([[value, 0.5, 0.0]])}
    points = drawn(curve_rows(picture_with(curves))["points"][0].as_py())
    np.testing.assert_array_equal(points, [np.nan, 0.5, 0.0])


@pytest.mark.parametrize("against_lag", [False, True])
def test_the_places_of_the_points_are_their_steps_or_their_lags(against_lag: bool) -> None:
    curves = {"rnn": straight(-9, 0, 137)[None]}
    (whole,) = whole_row(picture_with(curves, against_lag=against_lag)).to_pylist()
    places = [int(place) for place in whole["steps"].split(",")]
    steps = point_steps(137)
    np.testing.assert_array_equal(places, 137 - steps if against_lag else steps)


@given(st.lists(st.tuples(st.floats(-300, 285), st.floats(-300, 285)), min_size=1, max_size=3))
def test_the_vertical_axis_contains_the_curves(curves: list[tuple[float, float]]) -> None:
    low, high = axis_of(*map(np.array, curves))
    assert all(low < value < high for curve in curves for value in curve)


def test_each_row_has_a_vertical_axis_of_its_own() -> None:
    norms = np.stack([straight(-20, 0), straight(-200, 0), straight(100, 0)])[:, None]
    lows, highs = vertical_ranges(norms)
    assert [axis_of(row[0]) for row in norms] == list(zip(lows.tolist(), highs.tolist(), strict=True))
    assert len(set(lows)) == 3


def test_the_vertical_axis_stands_still_while_a_curve_moves_a_little() -> None:
    assert len({axis_of(straight(-orders, 0)) for orders in np.linspace(12, 28, 30)}) == 1


def test_a_curve_of_zeros_has_an_axis() -> None:
    low, high = axis_of(np.full(4, -np.inf))
    assert low < 0 < high


@given(st.lists(st.tuples(st.floats(-300, 285) | st.just(-math.inf), st.floats(-300, 285)), min_size=1, max_size=3))
def test_labels_stay_a_line_apart_and_inside_the_axis(ends: list[tuple[float, float]]) -> None:
    curves = np.array(ends)
    low, high = axis_of(*curves)
    line = (high - low) / 14
    places = np.sort(label_places(curves, low, high))
    assert places[0] >= low + 0.49 * line
    assert places[-1] <= high - 0.49 * line
    assert (np.diff(places) >= 0.999 * line).all()


def test_a_label_stands_below_a_vanishing_curve_and_above_an_exploding_one() -> None:
    below, above = label_places(np.array([[-20.0, 0.0], [20.0, 0.0]]), -30, 30)
    assert -20 - 60 / 14 < below < -20
    assert 20 < above < 20 + 60 / 14


@given(st.lists(st.tuples(st.floats(-30, 15), st.floats(-30, 15)), min_size=2, max_size=5))
def test_labels_are_in_the_order_of_their_curves(ends: list[tuple[float, float]]) -> None:
    curves = np.array(ends)
    places = label_places(curves, -30, 15)
    assert (np.diff(curves[np.argsort(places), 0]) >= 0).all()


def test_a_label_keeps_off_every_curve_where_there_is_room() -> None:
    # A flat curve, one that runs closely above it, and one that climbs through both from far below.
    curves = np.stack([np.zeros(100), np.linspace(0.5, 1.5, 100), np.linspace(-9, 9, 100)])
    low, high = -13.0, 15.0
    line = (high - low) / 14
    for place in label_places(curves, low, high):
        assert np.abs(curves[:, :35] - place).min() >= 0.5 * line - 1e-9
    two = label_places(np.stack([curves, -curves]), np.array([low, -high]), np.array([high, -low]))
    assert two.tolist() == [label_places(curves, low, high).tolist(), label_places(-curves, -high, -low).tolist()]


def test_a_label_belongs_to_its_curve() -> None:
    curves = {"rnn": straight(-25, 0)[None], "lstm": straight(-1, 0)[None], "gru": straight(9, 0)[None]}
    rows = curve_rows(picture_with(curves)).to_pylist()
    assert [row["cell"] for row in rows] == ["rnn", "lstm", "gru"]
    for row in rows:
        assert abs(row["end"] / 100 - curves[row["cell"]][0, 0]) < 45 / 14
        assert row["text"].startswith(NAMES[row["cell"]] + ": ")


def test_a_row_of_the_map_says_axis_horizon_and_slope() -> None:
    curves = {
        "rnn": np.stack([straight(-20, 0, 21), straight(2.5, 0.5, 21)]),
        "lstm": np.stack([straight(-1, 0, 21), straight(-300, 0, 21)]),
    }
    first, second = scale_rows(picture_with(curves, rows=(4, 7), slopes=(-0.25, None))).to_pylist()
    assert [(row["scale"], row["below"], row["above"]) for row in (first, second)] == [(4, 0, 6), (7, 6, 25)]
    for row, number in ((first, 0), (second, 1)):
        ends = axis_of(curves["rnn"][number], curves["lstm"][number])
        assert (row["low"] / 100, row["high"] / 100) == ends
    assert first["horizon"] == 21 - 3  # one order a step: lag 2 has exactly 1 %, lag 3 less
    assert second["horizon"] is None
    assert (first["last_step"], first["last"], first["theory_step"], first["theory"]) == (21, 0, 1, -500)
    assert (second["last"], second["theory_step"], second["theory"]) == (50, None, None)
    other = scale_rows(picture_with(curves, cell="lstm")).to_pylist()
    assert (other[0]["horizon"], other[1]["horizon"]) == (None, 21 - 1)
    (lag, _) = scale_rows(picture_with(curves, slopes=(-0.25, None), against_lag=True)).to_pylist()
    assert (lag["horizon"], lag["last_step"], lag["theory_step"], lag["theory"]) == (3, 0, 20, -500)


@pytest.mark.parametrize(("slope", "lag", "height"), [(-2.0, 5.0, -1000), (1.0, 3.0, 300), (0.0, 20.0, 0)])
def test_the_predicted_line_ends_where_the_axis_does(slope: float, lag: float, height: int) -> None:
    (row,) = scale_rows(picture_with({"rnn": straight(-1, 0, 21)[None]}, slopes=(slope,))).to_pylist()
    assert (row["low"], row["high"]) == (-1000, 300)
    assert (row["theory_step"], row["theory"]) == (21 - lag, height)


def test_a_floor_says_where_it_is_and_leaves_the_room_below_to_a_close_one() -> None:
    assert floor_rows([("half", -7.5), ("single", -44.9), ("brain", -40.4)]).to_pylist() == [
        {"format": "half", "y": -750, "side": "top"},
        {"format": "single", "y": -4490, "side": "top"},
        {"format": "brain", "y": -4040, "side": "bottom"},
    ]


def test_a_table_survives_the_way_to_the_browser() -> None:
    table = curve_rows(picture_with({"rnn": np.array([[-3.0, 0.0]]), "gru": np.array([[1.0, 0.0]])}))
    assert pa.ipc.open_stream(arrow_bytes(table)).read_all().equals(table)


# --- the map ------------------------------------------------------------------------------------------------------

PALETTE = DIVERGING
MIDDLE = np.mean([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in PALETTE[4:6]], axis=0)


def rgb(colour: str) -> list[int]:
    return [int(pair, 16) for pair in re.findall("..", colour[1:])]


def colours_of(norms: Array, **changes: Any) -> NDArray[np.int64]:
    """The colours (S, points, 3) of the map of norms (S, T)."""
    rows = map_colours(picture_with({"rnn": norms}, **changes))
    return np.array([[rgb(colour) for colour in row.split(",")] for row in rows])


def test_the_colours_of_known_values_are_those_of_the_palette() -> None:
    first, *_, last = (rgb(colour) for colour in PALETTE)
    colours = colours_of(np.array([[-5.0, -999.0, -np.inf, 5.0, 999.0, 0.0]]))[0]
    assert colours[:5].tolist() == [first, first, first, last, last]
    assert np.abs(colours[5] - MIDDLE).max() <= 0.5
    # A ninth of the way from end to end leads from one of ten colours to the next.
    between = colours_of(np.array([[-5.0 + 10.0 * k / 9 for k in range(10)] + [0.0]]))[0, :10]
    assert np.abs(between - [rgb(colour) for colour in PALETTE]).max() <= 3


def test_the_colours_end_at_a_fifth_of_an_order_a_step_or_at_five() -> None:
    for length, limit in ((6, 5.0), (25, 5.0), (26, 5.2), (200, 40.0)):
        picture = picture_with({"rnn": straight(-limit, 0, length)[None]})
        assert picture.limit == pytest.approx(limit)
        assert map_colours(picture)[0].startswith(PALETTE[0])
        nearly = map_colours(picture_with({"rnn": straight(-0.95 * limit, 0, length)[None]}))
        assert not nearly[0].startswith(PALETTE[0])


def test_a_row_of_zeros_is_drawn_as_gone() -> None:
    assert colours_of(np.full((1, 3), -np.inf))[0].tolist() == [rgb(PALETTE[0])] * 3


def test_each_weight_scale_has_the_colours_of_its_own_curve() -> None:
    colours = colours_of(np.array([[-5.0, 0.0], [0.0, 0.0], [5.0, 0.0]]))
    assert [row[0].tolist() for row in colours[[0, 2]]] == [rgb(PALETTE[0]), rgb(PALETTE[-1])]
    np.testing.assert_array_equal(colours[:, 1], np.broadcast_to(colours[1, 0], (3, 3)))


@pytest.mark.parametrize("against_lag", [False, True])
@pytest.mark.parametrize("length", [1, 2, 12, 20, 21, 137, 200])
def test_a_colour_stands_where_the_axis_has_its_time_step(length: int, against_lag: bool) -> None:
    picture = picture_with({"rnn": straight(-40, 0, length)[None]}, against_lag=against_lag)
    (whole,) = whole_row(picture).to_pylist()
    offsets = np.array([float(offset) for offset in whole["offsets"].split(",")])
    assert len(offsets) == len(map_colours(picture)[0].split(",")) == min(length, MAP_POINTS)
    from_left = point_steps(length, MAP_POINTS) - 1
    places = from_left / max(1, length - 1)
    np.testing.assert_allclose(offsets, 1 - places if against_lag and length > 1 else places, rtol=0, atol=5.1e-5)


@cache
def opening_curves(length: int = 100, rows: tuple[int, ...] = ALL_ROWS) -> dict[str, Array]:
    """The curves of the opening picture, or of a part of it."""
    opening = Experiment(cell="rnn", sequence_length=length, forget_bias=3.0)
    scales = [WEIGHT_SCALES[row] for row in rows]
    return {cell: run_family(replace(opening, cell=cell), weight_scales=scales).log10_norms["input"] for cell in SHOWN}


def shown(length: int = 100, rows: tuple[int, ...] = ALL_ROWS, **changes: Any) -> dict[str, bytes]:
    """The datasets of the opening picture, or of one like it."""
    labels = NAMES | {"lstm": "LSTM, forget bias 3"}
    usual: dict[str, Any] = {"labels": labels, "rows": rows, "slopes": [-0.2] * len(rows)}
    picture = picture_with(opening_curves(length, rows), **(usual | changes))
    return picture_datasets(picture) | {"chosen": chosen_dataset(9)}


def read(stream: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.ipc.open_stream(stream).read_all().to_pylist()
    return rows


def test_the_message_of_the_opening_picture_is_small() -> None:
    spec = live_chart("input", "step", "light", tuple(f"{scale:g}" for scale in WEIGHT_SCALES)).to_dict()
    assert sum(len(stream) for stream in shown().values()) + len(json.dumps(spec)) < 40_000


def test_what_holds_at_every_weight_scale_is_one_row() -> None:
    assert read(shown()["chosen"]) == [{"scale": 9}]
    for length, limit in ((100, 20.0), (20, 5.0)):
        (whole,) = read(shown(length=length)["whole"])
        assert (whole["length"], whole["limit"], whole["cell"]) == (length, limit, "RNN")
        assert len(whole["steps"].split(",")) == min(length, POINTS)


def test_against_the_lag_the_map_is_mirrored_and_its_colours_are_not() -> None:
    step, lag = shown(), shown(against_lag=True)
    assert [row["colours"] for row in read(step["scales"])] == [row["colours"] for row in read(lag["scales"])]
    assert read(step["whole"])[0]["offsets"].split(",") == read(lag["whole"])[0]["offsets"].split(",")[::-1]
    assert lag["curves"] == step["curves"]


def test_the_map_shows_the_curves_at_their_points() -> None:
    norms = opening_curves()["rnn"]
    rows = read(shown()["scales"])
    relative = (norms - norms[:, -1:])[:, point_steps(100, MAP_POINTS) - 1]
    places = np.rint((np.clip(relative / 20.0, -1, 1) + 1) * 127).astype(int)
    assert [row["colours"].split(",") for row in rows] == [[shades(PALETTE)[k] for k in row] for row in places]


def test_the_colours_of_the_map_do_not_tell_how_large_the_last_gradient_is() -> None:
    low, high = (colours_of(straight(-9 + up, up, 40)[None]) for up in (0.0, 5.0))
    np.testing.assert_array_equal(low, high)


@pytest.mark.parametrize("rows", [ALL_ROWS, (0, 4, 8, 9, 12, 16, 20, 24), (0, 17), (5,), (3, 22)])
def test_every_position_of_the_slider_shows_the_nearest_row_that_was_computed(rows: tuple[int, ...]) -> None:
    strips = read(shown(rows=rows)["scales"])
    assert [strip["scale"] for strip in strips] == list(rows)
    for position in ALL_ROWS:
        (strip,) = (strip for strip in strips if strip["below"] <= position < strip["above"])
        assert abs(strip["scale"] - position) == min(abs(row - position) for row in rows)


def test_the_palette_has_a_middle_of_its_own_so_that_no_change_has_one_colour() -> None:
    colours = shades(PALETTE)
    assert len(colours) == 255
    assert (colours[0], colours[-1]) == (PALETTE[0], PALETTE[-1])
    assert np.abs(np.array(rgb(colours[127])) - MIDDLE).max() <= 0.5
