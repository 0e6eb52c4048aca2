"""What the tables of all pictures share: verdicts, points of curves, ends of axes, places of labels, colours."""

import math
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.engine.verdict import (
    HOLDS_WITHIN,
    HORIZON_SHARE,
    horizon,
    judge,
    log10_factor_per_step,
    median_and_range,
)
from rnn_dynamics.pictures.kit.axes import (
    PHONE_REACH,
    WIDE_REACH,
    label_places,
    level_place,
    level_places,
    vertical_ranges,
)
from rnn_dynamics.pictures.kit.frames import POINTS, as_bytes, beside, point_steps
from rnn_dynamics.pictures.kit.theme import DIVERGING, SEQUENTIAL
from rnn_dynamics.pictures.losses.chart import BINS
from tests.every import every

Array = NDArray[np.float64]


def drawn(points: str) -> Array:
    """The heights that a curve's text stands for, in orders of magnitude; nan where nothing is drawn."""
    return np.array([np.nan if point == "x" else int(point) / 100 for point in points.split(",")])


def straight(start: float, end: float, length: int = 100) -> Array:
    """A straight line of log10 norms, step 1 first."""
    return np.linspace(start, end, length)


def axis_of(*curves: Array) -> tuple[float, float]:
    """The ends of the vertical axis of one row of curves (T,)."""
    lows, highs = vertical_ranges(np.stack(curves)[None])
    return float(lows[0]), float(highs[0])


# --- verdicts -----------------------------------------------------------------------------------------------------


@every("length", [2, 3, 10, 100, 500])
@every(
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


@every("earlier", [-np.inf, -3.0])
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


@every(
    ("log10_factor", "shown"),
    [(0.0, "×1"), (math.log10(0.5821), "×0.582"), (math.log10(1.23), "×1.23"), (-7.2, "×10⁻⁷"), (12.0, "×10¹²")],
)
def test_a_factor_is_shown_with_three_digits_or_as_a_power_of_ten(log10_factor: float, shown: str) -> None:
    assert times(log10_factor) == shown


@every("curve", [straight(3, 0), straight(-1.9, 0), np.array([0.0])])
def test_a_gradient_that_stays_above_one_per_cent_has_no_horizon(curve: Array) -> None:
    assert horizon(curve) is None


@every(
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


# --- points, axes and labels -----------------------------------------------------------------------------------------


@every("length", [1, 2, 9, 49, 50, 51, 99, 100, 200, 9999])
def test_the_points_of_a_curve_include_both_ends_and_never_repeat_a_step(length: int) -> None:
    steps = point_steps(length)
    assert (steps[0], steps[-1], len(steps)) == (1, length, min(length, POINTS))
    assert (np.diff(steps) >= 1).all()


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


@pytest.mark.parametrize("lines", [12, 14])
def test_where_an_axis_has_less_room_names_stand_further_from_each_other_and_from_their_curves(lines: int) -> None:
    curves, low, high = np.stack([np.full(100, -1.0), np.linspace(-3, -2, 100)]), -30.0, 3.0
    found = beside(curves, (low, high), lines)
    nearest = {name: np.abs(curves[:, :35] - found[name][:, None, None]).min() for name in ("place", "low")}
    assert np.ptp(found["low"]) >= 0.999 * (high - low) / 7
    assert nearest["low"] >= 0.5 * (high - low) / 7 > nearest["place"]


def test_an_axis_that_is_low_everywhere_has_one_place_for_a_name() -> None:
    found = beside(np.array([[-20.0, 0.0], [20.0, 0.0]]), (-30.0, 30.0), 8)
    assert found["crowded"].tolist() == found["place"].tolist()


def test_where_a_picture_is_wide_names_stand_nearer_to_their_curves_and_off_them_on_a_phone() -> None:
    curves, low, high = np.stack([np.linspace(start, 0, 100) for start in (-19.2, -19.0, -18.8, -18.6)]), -30.0, 3.0
    found = beside(curves, (low, high), 9, WIDE_REACH)
    off = {name: np.abs(found[name] - curves[:, 0]).sum() for name in ("place", "crowded")}
    assert off["place"] < 0.9 * off["crowded"]
    for name, reach in {"place": WIDE_REACH, "crowded": PHONE_REACH}.items():
        nearest = np.abs(curves[:, : round(100 * reach)] - found[name][:, None, None]).min()
        assert nearest >= 0.5 * (high - low) / 9 - 1e-9


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


def lies_on(curves: Array, place: float, looks: Array, end: float) -> int:
    """What it costs that a name lies there, in lines: all pieces of curves are tried that begin before its end.

    The last curve is a thin line, which costs a third.
    """
    costs = []
    for weight, curve in zip((3, 3, 1), curves, strict=True):
        pieces = pairwise(np.interp(looks, np.linspace(0, 1, len(curve)), curve))
        away = [max(min(of) - place, place - max(of)) for look, of in zip(looks, pieces, strict=False) if look < end]
        costs += [weight * (min(away) < near) for near in (0.55, 0.3)]
    return sum(costs)


def test_names_of_curves_stand_where_a_search_of_all_places_finds_the_least_cost() -> None:
    chance, lines, reaches = np.random.default_rng(0), 5, (0.4, 0.25)
    walks = np.cumsum(chance.normal(0, 0.2, (40, 3, 50)), axis=-1) + chance.uniform(0, lines, (40, 3, 1))
    found = label_places(walks[:, :2], 0.0, float(lines), lines, np.array(reaches), walks[:, 2:])
    tries, looks = np.linspace(0.5, 4.5, 17), np.linspace(0.01, 0.4, 9)

    def cost(curves: Array, begins: Array, places: tuple[float, float]) -> float:
        crossed = (lies_on(curves, place, looks, end) for place, end in zip(places, reaches, strict=True))
        return float(np.abs(begins - places).sum() + sum(crossed))

    for curves, begins, places in zip(walks, walks[:, :2, 0].clip(0.5, lines - 0.5), found, strict=True):
        way = 1.0 if begins[0] <= begins[1] else -1.0
        costs = {pair: cost(curves, begins, pair) for pair in product(tries, tries) if way * (pair[1] - pair[0]) >= 1.0}
        assert costs[tuple(places)] == pytest.approx(min(costs.values()))


def test_the_name_of_a_level_stands_where_a_search_of_all_places_finds_the_least_cost() -> None:
    chance, lines, reach, own = np.random.default_rng(1), 5, 0.3, 2.0
    walks = np.cumsum(chance.normal(0, 0.2, (40, 3, 50)), axis=-1) + chance.uniform(0, lines, (40, 3, 1))
    found = level_places(np.full((40, 1), own), walks[:, :2], (0.0, float(lines)), reach, lines, walks[:, 2:])

    def cost(curves: Array, end: float, above: bool) -> float:
        place, looks = own + (0.6 if above else -0.6), np.linspace(end - reach, end, 9)
        return float(1.0 - (end - reach) + lies_on(curves, place, looks, end))

    for curves, end, above in zip(walks, found["end"][:, 0], found["above"][:, 0], strict=True):
        offered = product(np.linspace(reach, 1.0, 6), (True, False))
        assert cost(curves, end, above) == pytest.approx(min(cost(curves, *one) for one in offered))


def test_the_name_of_a_level_stands_at_its_end_and_on_the_side_and_where_it_is_off_curves_and_names() -> None:
    falling, level = np.linspace(-60, 0, 100)[None], np.array([-7.0])

    def place(*curves: Array, **names: Any) -> tuple[float, bool]:
        found = level_places(level, np.concatenate(curves), (-60.0, 3.0), 0.25, **names)
        return float(found["end"][0]), bool(found["above"][0])

    assert place(falling - 100.0) == (1.0, True)
    assert place(np.full((1, 100), -3.0)) == (1.0, False)
    end, above = place(falling)
    assert above
    assert end < 0.9  # above the level the curve is at the end
    assert place(falling - 100.0, names=(np.array([-3.0]), np.array([0.9]))) == (1.0, False)
    assert place(np.empty((0, 100))) == (1.0, True)


@every("away", [0.1, 0.4, 0.9])
def test_the_names_of_two_levels_less_than_a_line_apart_stand_on_either_side_of_them(away: float) -> None:
    for curve in (np.full((1, 100), 3.0), np.linspace(0.0, 9.0, 100)[None], np.full((1, 100), 6.0)):
        found = level_places(np.array([4.5, 4.5 + away]), curve, (0.0, 10.0), 0.25)
        assert found["above"].tolist() == [False, True]


def test_a_curve_of_a_few_points_is_in_the_way_where_it_is_drawn() -> None:
    def place(*curves: tuple[list[float], list[float]]) -> tuple[float, bool]:
        found = level_place(0.5, curves, 100.0, (0.0, 1.0), 0.2)
        return float(found["end"]), bool(found["above"])

    assert place() == place(([], [])) == place(([0.0, 70.0], [0.55, 0.55])) == (1.0, True)
    assert place(([0.0, 100.0], [0.55, 0.55])) == (1.0, False)
    assert place(([80.0, 100.0], [0.55, 0.55]), ([80.0, 100.0], [0.45, 0.45]))[0] < 0.9


def read(stream: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.ipc.open_stream(stream).read_all().to_pylist()
    return rows


def test_a_table_survives_the_way_to_the_browser() -> None:
    table = pa.table({"step": [1, 2], "log10_norm": [None, -3.0]})
    assert pa.ipc.open_stream(as_bytes({"curves": table})["curves"]).read_all().equals(table)


def along(palette: Sequence[str], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colours (places, 3) on straight lines between those of a palette, which reaches from 0 to 1."""
    colours = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in palette])
    return np.transpose([np.interp(places, np.linspace(0, 1, len(palette)), channel) for channel in colours.T])


def test_the_palette_has_a_middle_of_its_own_so_that_no_change_has_one_colour() -> None:
    whole, middle = along(DIVERGING, np.linspace(0, 1, 255)), along(DIVERGING[4:6], np.array([0.5]))
    np.testing.assert_allclose(whole[[127]], middle)
    np.testing.assert_array_equal(whole[[0, -1]], along([DIVERGING[0], DIVERGING[-1]], np.array([0.0, 1.0])))


def test_the_bins_of_lags_have_the_colours_of_the_maps() -> None:
    evenly = along(SEQUENTIAL, np.linspace(254, 38, len(BINS)) / 254)
    np.testing.assert_array_equal(along(BINS, np.linspace(0, 1, len(BINS))), evenly.round())
