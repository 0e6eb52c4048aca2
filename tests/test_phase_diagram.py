"""The page "Phase diagram": its tables against independent computations, and a click; see test_growing.py too."""

import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment, phase_grid, pictures, run, split_by_lag
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.phase_crossing import crossing, lag_crossings, lag_factors, row_crossing
from rnn_dynamics.engine.trace import LagSplit, PhaseRow
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.kit.layers import GO
from rnn_dynamics.pictures.phase_diagram import PICTURE
from rnn_dynamics.pictures.phase_diagram.answer import (
    INPUT_SCALES,
    NETWORKS,
    phase_answer,
    phase_row,
    row_question,
    row_size,
)
from rnn_dynamics.pictures.phase_diagram.table import cell_rows, lag_edges, line_rows, places_of
from tests.every import every
from tests.pictured import column, drawn_by
from tests.test_pages import open_page, shown

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
SMALL = Experiment(cell="rnn", sequence_length=40, hidden_size=24, input_size=3, batch_size=2, seed=7)
SCALES = (0.5, 1.0, 2.0, 4.0, 8.0)


def small_row(**changes: Any) -> PhaseRow:
    return next(phase_grid(replace(SMALL, **changes), SCALES, [0.5], seeds=range(5)))


def split_with(shares: list[float]) -> LagSplit:
    """A split whose shares, lag 0 first, are given."""
    share = np.array(shares)[::-1]
    norms = np.zeros(len(share))
    running = np.cumsum(share[::-1])[::-1]
    return LagSplit(
        experiment=SMALL,
        total=0.0,
        step=norms,
        truncated=norms,
        share=share,
        cumulative_share=running,
        log10_rounding=-11.0,
    )


# --- the tables ---------------------------------------------------------------------------------------------------


def test_bars_of_a_crossing_are_one_standard_error_of_the_networks() -> None:
    row = small_row()
    factors = row.log10_factors_by_seed
    error = np.sqrt(np.square(factors - factors.mean(axis=0)).sum(axis=0) / 4 / 5)
    found = row_crossing(row)
    assert found.low == crossing(SCALES, factors.mean(axis=0) + error)
    assert found.high == crossing(SCALES, factors.mean(axis=0) - error)
    assert found.low is not None
    assert found.measured is not None
    assert found.low < found.measured


def test_one_network_has_no_standard_error() -> None:
    (row,) = phase_grid(SMALL, SCALES, [0.5])
    assert (row_crossing(row).low, row_crossing(row).high) == (None, None)


@every("stride", [1, 3])
def test_every_place_of_the_map_is_covered_once_in_each_column(stride: int) -> None:
    scales = WEIGHT_SCALES[::-stride][::-1]
    rng = np.random.default_rng(0)
    factors = rng.normal(0, 0.2, (len(scales), 2))
    rows = cell_rows(scales, (3, 7), factors).to_pylist()
    for number in (3, 7):
        mine = [row for row in rows if row["column"] == number]
        covered = [place for row in mine for place in range(row["below"], row["above"])]
        assert covered == list(range(len(WEIGHT_SCALES)))
        assert [WEIGHT_SCALES[row["place"]] for row in mine] == list(scales)
        assert all(row["below"] <= row["place"] < row["above"] for row in mine)
    np.testing.assert_allclose([row["factor"] for row in rows], 10 ** factors.ravel(), rtol=1e-6)


def test_the_colour_follows_the_square_root_of_the_orders_and_ends_at_a_factor_of_two() -> None:
    spec = json.loads(PICTURE.specification(PICTURE.views, "light", "en"))
    (colour,) = (layer["encoding"]["color"] for layer in spec["layer"] if "color" in layer.get("encoding", {}))
    scale = colour["scale"]
    assert (scale["type"], scale["clamp"]) == ("pow", True)
    assert "isValid(datum.factor) ? scale('color', log(datum.factor) / LN2) : '#00000000'" in json.dumps(spec)
    factors = [0.0, 0.5, 2.0**-0.25, 1.0, 2.0**0.25, 2.0, 9.0]
    low, high = (float(end["expr"]) for end in scale["domain"])
    with np.errstate(divide="ignore"):
        orders = np.clip(np.log2(factors), low, high)
    shades = np.sign(orders) * np.abs(orders) ** scale["exponent"]  # Vega's scale "pow"
    np.testing.assert_allclose(shades, [-1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(np.log2(factors[1:-1]), colour["legend"]["values"])


def test_a_weight_scale_stands_in_the_middle_of_its_row() -> None:
    assert places_of(WEIGHT_SCALES).tolist() == [k + 0.5 for k in range(len(WEIGHT_SCALES))]
    assert places_of([math.sqrt(8.0 * 10.0)]) == len(WEIGHT_SCALES) - 1
    assert np.isnan(places_of([None, 11.0])).all()


def test_no_line_is_drawn_where_the_factor_falls_through_one_again() -> None:
    row = small_row()
    falls = replace(row_crossing(row), grows=((0.3, 2.0),), low=0.2, high=0.4)
    twice = replace(row_crossing(row), grows=((0.3, 2.0), (3.0, None)))
    lines = line_rows((0, 1), [falls, twice]).to_pylist()
    assert [[line[name] for name in ("measured", "low", "high")] for line in lines] == [[None] * 3] * 2
    assert lines[0]["predicted"] is not None


def test_lines_are_the_crossings_of_their_columns() -> None:
    found = [row_crossing(small_row()), row_crossing(small_row(cell="gru"))]
    lines = line_rows((2, 5), found).to_pylist()
    assert [line["x"] for line in lines] == [2.5, 5.5]
    assert [line["measured"] for line in lines] == places_of([point.measured for point in found]).tolist()
    assert lines[0]["predicted"] == places_of([theory.critical_weight_scale(0.25)])[0]
    assert lines[1]["predicted"] is None


@every("length", [2, 3, 10, 100, 200])
def test_stretches_of_lags_follow_each_other_from_the_last_step_to_the_first(length: int) -> None:
    edges = lag_edges(length)
    assert (edges[0], edges[-1]) == (0, length - 1)
    assert (np.diff(edges) >= 1).all()


def test_the_factor_of_a_stretch_is_the_mean_slope_of_the_networks() -> None:
    edges = lag_edges(SMALL.sequence_length)
    factors = lag_factors(small_row(), edges)
    runs = [
        run(replace(SMALL, weight_scale=2.0, input_scale=0.5, seed=seed)).log10_norms["hidden"][::-1]
        for seed in range(5)
    ]
    for k, (near, far) in enumerate(pairwise(edges)):
        slope = np.mean([(at_lag[far] - at_lag[near]) / (far - near) for at_lag in runs])
        assert factors[SCALES.index(2.0), k] == pytest.approx(slope, abs=1e-9)


def test_at_rest_every_stretch_grows_by_the_weight_scale_and_turns_at_one() -> None:
    row = next(phase_grid(replace(SMALL, initialisation="orthogonal"), SCALES, [0.0]))
    edges = lag_edges(SMALL.sequence_length)
    factors = lag_factors(row, edges)
    np.testing.assert_allclose(factors, np.broadcast_to(np.log10(SCALES)[:, None], factors.shape), atol=1e-12)
    assert [point.measured for point in lag_crossings(row, edges)] == pytest.approx([1.0] * factors.shape[1])


def test_without_a_gradient_a_stretch_has_the_factor_zero() -> None:
    row = next(phase_grid(replace(SMALL, hidden_path="cut"), SCALES, [0.5]))
    assert np.isneginf(lag_factors(row, lag_edges(SMALL.sequence_length))).all()


@every(
    ("shares", "lag"),
    [
        ([1.0, 0.0, 0.0], 0),
        ([0.5, 0.495, 0.005], 1),
        ([0.5, 0.5, 0.5, -0.5], 3),  # the sum has been whole before, and did not stay so
        ([0.0, 0.0, 1.0], 2),
        ([0.6, 0.38, 0.02], 2),
    ],
)
def test_the_sum_is_whole_once_it_stays_within_one_per_cent(shares: list[float], lag: int) -> None:
    assert split_with(shares).lag_of_whole == lag


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=30))
def test_after_the_lag_of_the_whole_the_sum_stays_and_before_it_does_not(parts: list[float]) -> None:
    split = split_with([*parts, 1.0 - sum(parts)])
    lag = split.lag_of_whole
    assert lag is not None
    away = np.abs(np.cumsum([*parts, 1.0 - sum(parts)]) - 1.0)
    assert (away[lag:] <= 0.01 + 1e-12).all()
    assert lag == 0 or away[lag - 1] > 0.01 - 1e-12


def test_a_gradient_of_zero_has_no_whole() -> None:
    split = split_by_lag(replace(SMALL, input_scale=0.0))
    assert split.lag_of_whole is None
    assert math.isnan(split.largest_share)
    assert not split.cancels


@every(
    ("shares", "largest", "cancels"),
    [
        ([0.5, 0.5], 1.0, False),
        ([0.9, 0.3, -0.2], 1.2, True),
        ([1.005, -0.005], 1.005, False),
        ([-1.0, 2.0], 1.0, False),
    ],
)
def test_parts_cancel_where_the_running_sum_goes_beyond_the_whole(
    shares: list[float], largest: float, cancels: bool
) -> None:
    split = split_with(shares)
    assert split.largest_share == pytest.approx(largest)
    assert split.cancels == cancels


def test_the_files_hold_what_the_records_hold() -> None:
    frames, asked = pictures.frames("phase_diagram", SMALL), {"across": "input"}
    row = phase_row(row_question(SMALL, 0.5))
    assert len(frames["map"]) == len(INPUT_SCALES) * (1 + NETWORKS) * len(WEIGHT_SCALES)
    here = frames["map"].query("input_scale == 0.5")
    for seed, factors, digits in (
        ("mean", row.log10_factors, row.digits_by_seed.min(axis=0)),
        (3, row.log10_factors_by_seed[3], row.digits_by_seed[3]),
    ):
        assert here[here["seed"] == seed]["log10_factor"].tolist() == factors.tolist()
        assert here[here["seed"] == seed]["digits"].tolist() == digits.tolist()
    split, lags = split_by_lag(SMALL), frames["by_lag"]
    assert list(lags["lag"]) == list(range(SMALL.sequence_length))
    np.testing.assert_array_equal(lags["log10_norm"], split.step[::-1])
    np.testing.assert_allclose(np.cumsum(lags["share"]), lags["cumulative_share"], atol=1e-12)
    assert len(PICTURE.files["map"](phase_answer(replace(SMALL, text="a"), asked), asked)) == 0


def test_settings_that_are_on_no_slider_have_a_place_on_the_map() -> None:
    between = replace(SMALL, input_scale=0.8, weight_scale=1.04)
    drawn = drawn_by(PICTURE, between)
    (whole,), columns = drawn["whole"], column(drawn["columns"], "value")
    assert columns == sorted([*INPUT_SCALES, 0.8])
    assert (columns[whole["left"]], WEIGHT_SCALES[whole["row"]]) == (0.8, 1.0)
    assert "1: ×" in drawn["names"][0]["here"]


@every(
    ("experiment", "size"),
    [
        (OPENING, (NETWORKS, 1)),
        (replace(OPENING, hidden_size=64, sequence_length=200, batch_size=8), (1, 1)),
        (replace(OPENING, cell="lstm", hidden_size=64, sequence_length=200, batch_size=8), (1, 3)),
    ],
)
def test_a_large_row_has_fewer_networks_and_then_fewer_weight_scales(
    experiment: Experiment, size: tuple[int, int]
) -> None:
    assert row_size(experiment) == size


# --- the page -----------------------------------------------------------------------------------------------------


def click(app: AppTest, scale: int, column: int) -> AppTest:
    """What the browser sends when a cell of the map is clicked."""
    (chart,) = app.get("vega_lite_chart")
    selected = {"selection": {GO: [{"place": scale, "column": column, "here": "somewhere"}]}}
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=chart.proto.id, string_value=json.dumps(selected)))
    app._run(states)
    return app.run()  # which sees the page again, and not its picture alone


def test_the_page_shows_the_librarys_numbers() -> None:
    app = open_page("phase_diagram")
    rows = list(phase_grid(OPENING, WEIGHT_SCALES, INPUT_SCALES, seeds=range(NETWORKS)))
    drawn = shown(app)
    cells = {(cell["place"], cell["column"]): cell["factor"] for cell in drawn["0-cells"]}
    assert len(cells) == len(WEIGHT_SCALES) * len(INPUT_SCALES)
    for number, row in enumerate(rows):
        for place, factor in enumerate(10**row.log10_factors):
            assert cells[place, number] == pytest.approx(factor, rel=1e-6)
    found = [row_crossing(row) for row in rows]
    assert [line["measured"] for line in drawn["0-lines"]] == pytest.approx(
        places_of([point.measured for point in found]).tolist(), abs=2e-3
    )
    here = found[INPUT_SCALES.index(1.0)]
    assert f"{here.measured:.2f} (measured)" in drawn["0-whole"][0]["map"]
    assert "1.86 (theory)" in drawn["0-whole"][0]["map"]  # law 4 at s² = 1
    words = "".join(drawn["words"])
    for point in found:
        assert f"{point.measured:.2f}</" in words
    for critical in ("1.00", "1.41", "1.86"):  # law 4 at s² = 0, 0.1, 1
        assert f">{critical}</" in words


def test_the_page_shows_the_split_of_the_chosen_network() -> None:
    asked = replace(OPENING, seed=5, weight_scale=2.0)
    drawn, split = drawn_by(PICTURE, asked), split_by_lag(asked)
    (whole,), steps = drawn["whole"], point_steps(100)
    assert column(drawn["lags"], "step") == steps.tolist()
    assert column(drawn["lags"], "log10_norm")[1:] == pytest.approx(split.step[steps - 1][1:], rel=1e-6)
    assert column(drawn["lags"], "share") == pytest.approx(split.cumulative_share[steps - 1], abs=1e-6)
    assert (drawn["names"][0]["norm"], whole["reached"]) == (split.total, split.lag_of_whole)


def test_a_click_sets_the_controls_and_the_link() -> None:
    app = click(open_page("phase_diagram"), WEIGHT_SCALES.index(2.0), INPUT_SCALES.index(0.316))
    assert not app.exception
    assert (app.select_slider(key="weight_scale").value, app.select_slider(key="input_scale").value) == (2.0, 0.316)
    (whole,) = shown(app)["0-whole"]
    assert (whole["row"], whole["left"]) == (
        WEIGHT_SCALES.index(2.0),
        INPUT_SCALES.index(0.316),
    )
    assert {"weight_scale=2.0", "input_scale=0.316"} < set(app.code[0].value.split("&"))


def test_a_click_on_the_map_of_lags_keeps_the_input() -> None:
    app = click(open_page("phase_diagram", {"across": "lag"}), WEIGHT_SCALES.index(2.0), 3)
    assert (app.select_slider(key="weight_scale").value, app.select_slider(key="input_scale").value) == (2.0, 1.0)
    cells, row = shown(app)["0-cells"], next(phase_grid(OPENING, WEIGHT_SCALES, [1.0], range(NETWORKS)))
    assert len(cells) == len(WEIGHT_SCALES) * (len(lag_edges(100)) - 1)
    factors = 10 ** lag_factors(row, lag_edges(100)).ravel()
    assert column(cells, "factor") == pytest.approx(factors, rel=1e-6)


@every("changes", [{"loss_at": "every"}, {"hidden_path": "cut"}, {"cell": "GRU"}])
def test_mean_field_is_shown_only_beside_what_it_speaks_of(changes: dict[str, str]) -> None:
    app = open_page("phase_diagram", changes | {"sequence_length": "20"})
    assert {line["predicted"] for line in shown(app)["0-lines"]} == {None}
    assert "mean field" not in shown(app)["0-whole"][0]["map"]
    assert "<b>Mean field</b>" not in "".join(shown(app)["words"])


@every("text", ["a", "ab", "to be or not to be"])
def test_any_text_has_a_picture(text: str) -> None:
    app = open_page("phase_diagram", {"text": text})
    assert not app.exception
    assert ("single step" in shown(app)["0-whole"][0]["map"]) == (len(text) == 1)
