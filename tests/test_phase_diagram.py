"""The page "Phase diagram": its tables against independent computations, its picture, a click, and a stop."""

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

from rnn_dynamics import Experiment, phase_grid, run, run_family, split_by_lag
from rnn_dynamics.dashboard.settings_words import in_link
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.trace import LagSplit, PhaseRow
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.kit.panels import GO, as_vega_lite
from rnn_dynamics.pictures.kit.theme import DIVERGING
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, NETWORKS, row_size
from rnn_dynamics.pictures.phase_diagram.chart import phase_chart
from rnn_dynamics.pictures.phase_diagram.crossing import crossing, row_crossing
from rnn_dynamics.pictures.phase_diagram.table import (
    PhaseMap,
    cell_rows,
    factor_colours,
    height_of,
    lag_edges,
    lag_of_whole,
    lag_table,
    line_rows,
    map_table,
    stretch_crossings,
    stretch_factors,
)
from tests.oracle import Array
from tests.test_pages import ROOT, open_page, shown
from tests.test_tables import drawn

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


def map_with(log10_factors: Array, **changes: Any) -> PhaseMap:
    usual: dict[str, Any] = {
        "positions": WEIGHT_SCALES,
        "weight_scales": WEIGHT_SCALES,
        "columns": (0, 1),
        "crossings": (),
        "palette": DIVERGING,
    }
    return PhaseMap(log10_factors=log10_factors, **(usual | changes))


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


@pytest.mark.parametrize("stride", [1, 3])
def test_every_place_of_the_map_is_covered_once_in_each_column(stride: int) -> None:
    scales = WEIGHT_SCALES[::-stride][::-1]
    rng = np.random.default_rng(0)
    factors = rng.normal(0, 0.2, (len(scales), 2))
    rows = cell_rows(map_with(factors, weight_scales=scales, columns=(3, 7))).to_pylist()
    for column in (3, 7):
        mine = [row for row in rows if row["column"] == column]
        covered = [place for row in mine for place in range(row["below"], row["above"])]
        assert covered == list(range(len(WEIGHT_SCALES)))
        assert [WEIGHT_SCALES[row["scale"]] for row in mine] == list(scales)
        assert all(row["below"] <= row["scale"] < row["above"] for row in mine)
    np.testing.assert_allclose([row["factor"] / 1000 for row in rows], factors.ravel(), rtol=0, atol=5e-4 + 1e-9)


@pytest.mark.parametrize(
    ("factor", "position"), [(1.0, 127), (2.0, 254), (0.5, 0), (9.0, 254), (0.0, 0), (2.0**0.25, 190), (2.0**-0.25, 64)]
)
def test_the_colour_follows_the_square_root_of_the_orders(factor: float, position: int) -> None:
    palette = [f"#0000{k:02x}" for k in (0, 254)]
    with np.errstate(divide="ignore"):
        (colour,) = factor_colours(np.log10([[factor]]), palette)
    assert abs(int(colour[-2:], 16) - position) <= 1


def test_a_weight_scale_stands_in_the_middle_of_its_row() -> None:
    assert [height_of(scale, WEIGHT_SCALES) for scale in WEIGHT_SCALES] == [k + 0.5 for k in range(len(WEIGHT_SCALES))]
    assert height_of(math.sqrt(8.0 * 10.0), WEIGHT_SCALES) == len(WEIGHT_SCALES) - 1
    assert height_of(None, WEIGHT_SCALES) is None
    assert height_of(11.0, WEIGHT_SCALES) is None


def test_no_line_is_drawn_where_the_factor_falls_through_one_again() -> None:
    row = small_row()
    falls = replace(row_crossing(row), measured=0.3, grows=((0.3, 2.0),), low=0.2, high=0.4)
    twice = replace(row_crossing(row), measured=3.0, grows=((0.3, 2.0), (3.0, None)))
    lines = line_rows(map_with(np.zeros((25, 2)), crossings=[falls, twice])).to_pylist()
    assert [[line[name] for name in ("measured", "low", "high")] for line in lines] == [[None] * 3] * 2
    assert lines[0]["predicted"] is not None


def test_lines_are_the_crossings_of_their_columns() -> None:
    found = [row_crossing(small_row()), row_crossing(small_row(cell="gru"))]
    lines = line_rows(map_with(np.zeros((25, 2)), columns=(2, 5), crossings=found)).to_pylist()
    assert [line["x"] for line in lines] == [2.5, 5.5]
    assert [line["measured"] for line in lines] == [height_of(point.measured, WEIGHT_SCALES) for point in found]
    assert lines[0]["predicted"] == height_of(theory.critical_weight_scale(0.25), WEIGHT_SCALES)
    assert lines[1]["predicted"] is None


@pytest.mark.parametrize("length", [2, 3, 10, 100, 200])
def test_stretches_of_lags_follow_each_other_from_the_last_step_to_the_first(length: int) -> None:
    edges = lag_edges(length)
    assert (edges[0], edges[-1]) == (0, length - 1)
    assert (np.diff(edges) >= 1).all()


def test_the_factor_of_a_stretch_is_the_mean_slope_of_the_networks() -> None:
    factors, edges = stretch_factors(small_row()), lag_edges(SMALL.sequence_length)
    runs = [
        run(replace(SMALL, weight_scale=2.0, input_scale=0.5, seed=seed)).log10_norms["hidden"][::-1]
        for seed in range(5)
    ]
    for k, (near, far) in enumerate(pairwise(edges)):
        slope = np.mean([(at_lag[far] - at_lag[near]) / (far - near) for at_lag in runs])
        assert factors[SCALES.index(2.0), k] == pytest.approx(slope, abs=1e-9)


def test_at_rest_every_stretch_grows_by_the_weight_scale_and_turns_at_one() -> None:
    row = next(phase_grid(replace(SMALL, initialisation="orthogonal"), SCALES, [0.0]))
    factors = stretch_factors(row)
    np.testing.assert_allclose(factors, np.broadcast_to(np.log10(SCALES)[:, None], factors.shape), atol=1e-12)
    assert [point.measured for point in stretch_crossings(row, 1.0)] == pytest.approx([1.0] * factors.shape[1])


def test_without_a_gradient_a_stretch_has_the_factor_zero() -> None:
    row = next(phase_grid(replace(SMALL, hidden_path="cut"), SCALES, [0.5]))
    assert np.isneginf(stretch_factors(row)).all()


@pytest.mark.parametrize(
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
    assert lag_of_whole(split_with(shares)) == lag


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=30))
def test_after_the_lag_of_the_whole_the_sum_stays_and_before_it_does_not(parts: list[float]) -> None:
    split = split_with([*parts, 1.0 - sum(parts)])
    lag = lag_of_whole(split)
    assert lag is not None
    away = np.abs(np.cumsum([*parts, 1.0 - sum(parts)]) - 1.0)
    assert (away[lag:] <= 0.01 + 1e-12).all()
    assert lag == 0 or away[lag - 1] > 0.01 - 1e-12


def test_a_gradient_of_zero_has_no_whole() -> None:
    assert lag_of_whole(split_by_lag(replace(SMALL, input_scale=0.0))) is None


def test_the_frames_hold_what_the_records_hold() -> None:
    row = small_row()
    frame = map_table([row, small_row(input_scale=1.0)])
    assert len(frame) == 2 * (1 + 5) * len(SCALES)
    assert list(frame[frame["seed"] == "mean"]["log10_factor"][: len(SCALES)]) == list(row.log10_factors)
    assert list(frame[frame["seed"] == 3]["log10_factor"][: len(SCALES)]) == list(row.log10_factors_by_seed[3])
    digits = run_family(row.experiment, weight_scales=SCALES, seeds=range(5)).digits.reshape(len(SCALES), 5)
    assert list(frame[frame["seed"] == 3]["digits"][: len(SCALES)]) == list(digits[:, 3])
    assert list(frame[frame["seed"] == "mean"]["digits"][: len(SCALES)]) == list(digits.min(axis=1))
    split = split_by_lag(SMALL)
    lags = lag_table(split)
    assert list(lags["lag"]) == list(range(SMALL.sequence_length))
    np.testing.assert_array_equal(lags["log10_norm"], split.step[::-1])
    np.testing.assert_allclose(np.cumsum(lags["share"]), lags["cumulative_share"], atol=1e-12)


@pytest.mark.parametrize(
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


# --- the chart ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("across", ["input", "lag"])
@pytest.mark.parametrize("background", ["light", "dark"])
def test_the_chart_is_valid_and_its_click_can_be_heard(across: str, background: Any) -> None:
    specification = phase_chart(across, background, tuple(map(str, WEIGHT_SCALES))).to_dict()
    assert GO in {parameter["name"] for parameter in specification["params"] if "select" in parameter}
    assert specification == as_vega_lite(phase_chart, across, background, tuple(map(str, WEIGHT_SCALES)))


# --- the page -----------------------------------------------------------------------------------------------------


def click(app: AppTest, scale: int, column: int) -> AppTest:
    """What the browser sends when a cell of the map is clicked."""
    (chart,) = app.get("vega_lite_chart")
    selected = {"selection": {GO: [{"scale": scale, "column": column, "place": "somewhere"}]}}
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=chart.proto.id, string_value=json.dumps(selected)))
    return app._run(states)


def test_the_page_shows_the_librarys_numbers() -> None:
    app = open_page("phase_diagram")
    rows = list(phase_grid(OPENING, WEIGHT_SCALES, INPUT_SCALES, seeds=range(NETWORKS)))
    pictures = shown(app)
    cells = {(cell["scale"], cell["column"]): cell["factor"] for cell in pictures["0-cells"]}
    assert len(cells) == len(WEIGHT_SCALES) * len(INPUT_SCALES)
    for column, row in enumerate(rows):
        for scale, factor in enumerate(row.log10_factors):
            assert abs(cells[scale, column] / 1000 - factor) < 6e-4
    found = [row_crossing(row) for row in rows]
    assert [line["measured"] for line in pictures["0-lines"]] == pytest.approx(
        [height_of(point.measured, WEIGHT_SCALES) for point in found], abs=2e-3
    )
    here = found[INPUT_SCALES.index(1.0)]
    assert f"{here.measured:.2f} (measured)" in pictures["0-here"][0]["map"]
    assert "1.86 (mean field)" in pictures["0-here"][0]["map"]  # law 4 at s² = 1
    words = "".join(pictures["words"])
    for point in found:
        assert f"{point.measured:.2f}</" in words
    for critical in ("1.00", "1.41", "1.86"):  # law 4 at s² = 0, 0.1, 1
        assert f">{critical}</" in words


def test_the_page_shows_the_split_of_the_chosen_network() -> None:
    app = open_page("phase_diagram", {"seed": "5", "weight_scale": "2.0"})
    split, (shown_row,) = split_by_lag(replace(OPENING, seed=5, weight_scale=2.0)), shown(app)["0-lags"]
    steps = point_steps(100) - 1
    np.testing.assert_allclose(drawn(shown_row["points"])[1:], split.step[steps][1:], rtol=0, atol=0.005 + 1e-9)
    np.testing.assert_allclose(drawn(shown_row["shares"]), split.cumulative_share[steps], rtol=0, atol=0.005 + 1e-9)
    assert shown_row["total"] == round(100 * split.total)
    assert shown_row["reached"] == lag_of_whole(split)


def test_a_click_sets_the_controls_and_the_link() -> None:
    app = click(open_page("phase_diagram"), WEIGHT_SCALES.index(2.0), INPUT_SCALES.index(0.316))
    assert not app.exception
    assert (app.select_slider(key="weight_scale").value, app.select_slider(key="input_scale").value) == (2.0, 0.316)
    assert (shown(app)["0-here"][0]["y"], shown(app)["0-here"][0]["x"]) == (
        WEIGHT_SCALES.index(2.0),
        INPUT_SCALES.index(0.316),
    )
    assert {"weight_scale=2.0", "input_scale=0.316"} < set(app.code[0].value.split("&"))


def test_a_click_on_the_map_of_lags_keeps_the_input() -> None:
    app = click(open_page("phase_diagram", {"across": "lag"}), WEIGHT_SCALES.index(2.0), 3)
    assert (app.select_slider(key="weight_scale").value, app.select_slider(key="input_scale").value) == (2.0, 1.0)
    cells, row = shown(app)["0-cells"], next(phase_grid(OPENING, WEIGHT_SCALES, [1.0], range(NETWORKS)))
    assert len(cells) == len(WEIGHT_SCALES) * (len(lag_edges(100)) - 1)
    np.testing.assert_allclose(
        [cell["factor"] / 1000 for cell in cells], stretch_factors(row).ravel(), rtol=0, atol=6e-4
    )


def test_a_map_that_was_stopped_keeps_the_chosen_row_and_goes_on_when_asked() -> None:
    asked = Experiment(cell="gru", sequence_length=90, batch_size=1, hidden_size=4, input_size=2, forget_bias=-2.0)
    app = AppTest.from_file(str(ROOT / "pages" / "phase_diagram.py"), default_timeout=60)
    for key in ("cell", "sequence_length", "batch_size", "hidden_size", "input_size", "forget_bias"):
        app.query_params[key] = in_link(key, getattr(asked, key))
    app.session_state["stopped_map"] = asked
    app.run()
    assert {cell["column"] for cell in shown(app)["0-cells"]} == {INPUT_SCALES.index(1.0)}
    assert app.button(key="stop").label == "Go on"
    app.button(key="stop").click().run()
    assert {cell["column"] for cell in shown(app)["0-cells"]} == set(range(len(INPUT_SCALES)))
    assert "stop" not in {button.key for button in app.button}


@pytest.mark.parametrize("changes", [{"loss_at": "every"}, {"hidden_path": "cut"}, {"cell": "GRU"}])
def test_mean_field_is_shown_only_beside_what_it_speaks_of(changes: dict[str, str]) -> None:
    app = open_page("phase_diagram", changes | {"sequence_length": "20"})
    assert {line["predicted"] for line in shown(app)["0-lines"]} == {None}
    assert "mean field" not in shown(app)["0-here"][0]["map"]
    assert "<b>Mean field</b>" not in "".join(shown(app)["words"])


@pytest.mark.parametrize("params", [{}, {"across": "lag"}, {"cell": "LSTM"}, {"weight_scale": "10.0"}])
def test_the_picture_stays_small(params: dict[str, str]) -> None:
    (chart,) = open_page("phase_diagram", params).get("vega_lite_chart")
    assert len(chart.proto.spec.encode()) + sum(len(item.data.data) for item in chart.proto.datasets) < 40_000


@pytest.mark.parametrize("text", ["a", "ab", "to be or not to be"])
def test_any_text_has_a_picture(text: str) -> None:
    app = open_page("phase_diagram", {"text": text})
    assert not app.exception
    assert ("single step" in shown(app)["0-here"][0]["map"]) == (len(text) == 1)
