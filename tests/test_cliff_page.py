"""The page "The cliff and clipping": datasets against the library's paths, words against its numbers, the click."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rnn_dynamics.engine.cliff import CLIPPING, Descent, Path, descend, edge, error_surface
from rnn_dynamics.pictures.cliff import table as tables
from rnn_dynamics.pictures.cliff.answer import (
    GRID,
    NEIGHBOURS,
    REGIONS,
    CliffAnswer,
    clicked_start,
    grid_values,
    start_of,
)
from rnn_dynamics.pictures.cliff.chart import CELLS, LEVELS, cliff_chart
from rnn_dynamics.pictures.cliff.words import answer_to, cliff_finding, cliff_picture, shown
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from tests.test_pages import link, open_page
from tests.test_pages import shown as everything_shown

Asked = tuple[str, str, str, str, str]
OPENING: Asked = ("4.90", "-2.65", "0.1", "0.3", "50")
CALM: Asked = ("3.00", "-4.00", "0.3", "0.3", "50")
#: Settings of every kind: what their titles say is tested one by one below.
CASES: dict[str, Asked] = {
    "flies": OPENING,
    "norm": ("4.95", "-3.10", "0.1", "1", "50"),
    "value": ("5.00", "-3.00", "0.3", "0.03", "50"),
    "far": CALM,
    "small": ("4.80", "-2.50", "0.01", "1", "100"),
    "corner": ("8.50", "0.70", "1", "10", "10"),
    "other corner": ("1.40", "-6.40", "1", "0.01", "100"),
    "large steps": ("4.90", "-2.65", "1", "10", "100"),
}
every_case = pytest.mark.parametrize("asked", CASES.values(), ids=CASES)
every_region = pytest.mark.parametrize("region", REGIONS)


def datasets(asked: Asked, region: str = "cliff", seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    streams = cliff_picture(*asked, seed=seed, region=region)
    return {name: pa.ipc.open_stream(stream).read_all().to_pylist() for name, stream in streams.items()}


def answer(asked: Asked, seed: int = 0) -> CliffAnswer:
    return answer_to(*asked, seed=seed)


def numbers(text: str) -> list[float]:
    return [np.nan if part == "x" else float(part) for part in text.split(",")]


# The answer


@every_case
def test_the_neighbours_are_the_starts_of_the_first_seeds(asked: Asked) -> None:
    w, b, rate, threshold, steps = asked
    low, high = REGIONS["wide"].low, REGIONS["wide"].high
    for kind in CLIPPING:
        starts = [
            Descent(
                w=place[0],
                b=place[1],
                clipping=kind,
                learning_rate=float(rate),
                threshold=float(threshold),
                steps=int(steps),
            )
            for place in (start_of(w, b, seed) for seed in NEIGHBOURS)
        ]
        assert answer(asked).counts[kind] == sum(path.left(low, high) is not None for path in descend(starts))


def test_a_seed_moves_a_start_by_less_than_half_of_the_grid() -> None:
    assert start_of("4.90", "-2.65", 0) == (4.90, -2.65)
    places = np.array([start_of("4.90", "-2.65", seed) for seed in range(1, 100)])
    away = np.abs(places - [4.90, -2.65])
    assert 0.9 * GRID / 2 < away.max() < GRID / 2
    assert len(np.unique(places, axis=0)) == 99


@every_region
def test_a_click_starts_in_the_middle_of_its_cell(region: str) -> None:
    shown_region = REGIONS[region]
    for row, column in ((0, 0), (3, 17), (CELLS - 1, CELLS - 1)):
        start = clicked_start(region, (row + 0.5) / CELLS, (column + 0.5) / CELLS)
        for axis, (name, cell) in enumerate({"start_w": row, "start_b": column}.items()):
            width = (shown_region.high[axis] - shown_region.low[axis]) / CELLS
            assert start[name] in grid_values(axis)
            assert float(start[name]) == pytest.approx(shown_region.low[axis] + (cell + 0.5) * width, abs=1e-9)


# The datasets


@every_region
def test_the_map_holds_the_error_and_the_cliff(region: str) -> None:
    low, high = REGIONS[region].low[1], REGIONS[region].high[1]
    rows = datasets(OPENING, region)["surface"]
    assert rows[0]["below"] == pytest.approx(1000 * REGIONS[region].low[0], abs=0.5)
    assert rows[-1]["above"] == pytest.approx(1000 * REGIONS[region].high[0], abs=0.5)
    for row in rows[::7]:
        w = (row["below"] + row["above"]) / 2000
        b = low + np.array(numbers(row["offsets"])) / 1000 * (high - low)
        levels = np.array(numbers(row["levels"])) / (LEVELS - 1) * 0.49
        # Between two heights, of w or b rounded; beside the cliff b is too coarse to tell the sides.
        aside = np.abs(b - edge(w)) > 0.004 * (high - low)
        np.testing.assert_allclose(levels[aside], error_surface(w, b[aside]).error, atol=0.02)
        if w < 4.0 or not low < edge(w) < high:
            assert row["edge"] is None
        else:
            assert row["edge"] == pytest.approx(1000 * edge(w), abs=1.0)


def test_the_levels_of_table_and_chart_are_the_same() -> None:
    assert tables.LEVELS == LEVELS


@every_region
@every_case
def test_a_path_on_the_map_is_its_points_inside(asked: Asked, region: str) -> None:
    part = REGIONS[region]
    for row, kind in zip(datasets(asked, region)["paths"], CLIPPING, strict=True):
        points = answer(asked).paths[kind].points
        inside = np.all((points >= part.low) & (points <= part.high), axis=1)
        drawn = np.column_stack([numbers(row["w"]), numbers(row["b"])]) / 1000
        corners = drawn[~np.isnan(drawn).any(axis=1)]
        for point in points[inside]:
            assert np.abs(corners - point).max(axis=1).min() < 6e-4
        if len(corners):
            assert (corners >= np.array(part.low) - 6e-4).all()
            assert (corners <= np.array(part.high) + 6e-4).all()
        assert (row["end_w"] is not None) == inside[-1]
        assert (row["exit_w"] is not None) == bool((inside[:-1] & ~inside[1:]).any())


def test_the_arrow_stands_where_the_jump_crosses_the_border() -> None:
    row, path = datasets(OPENING)["paths"][0], answer(OPENING).free
    step = tables.first_exit(path, REGIONS["cliff"])
    assert step is not None
    before, after = path.points[step - 1], path.points[step]
    there = np.array([row["exit_w"], row["exit_b"]]) / 1000
    assert there[1] == pytest.approx(REGIONS["cliff"].high[1])
    share = (there - before) / (after - before)
    assert share[0] == pytest.approx(share[1], rel=1e-9)
    assert row["way_w"] / row["way_b"] == pytest.approx((after - before)[0] / (after - before)[1])
    assert row["leaves"] == f"step {step}:|to b = {after[1]:.3g}, w = {after[0]:.3g}"


def test_a_step_across_the_map_is_drawn_from_border_to_border() -> None:
    part = tables.Region(low=(0.0, 0.0), high=(1.0, 1.0))
    cut = tables._cut(np.array([-1.0, 0.5]), np.array([3.0, 0.5]), part)
    np.testing.assert_allclose(cut, [[0.0, 0.5], [1.0, 0.5]])
    assert np.isnan(tables._cut(np.array([-1.0, 0.5]), np.array([0.5, 3.0]), part)).all()
    assert np.isnan(tables._cut(np.array([2.0, 0.5]), np.array([2.0, 0.7]), part)).all()


@every_case
def test_errors_and_norms_are_those_of_the_paths(asked: Asked) -> None:
    found = datasets(asked)
    whole = found["whole"][0]
    for row, kind in zip(found["paths"], CLIPPING, strict=True):
        path = answer(asked).paths[kind]
        np.testing.assert_allclose(np.array(numbers(row["errors"])) / 1e4, path.errors, atol=5.1e-5)
        with np.errstate(divide="ignore"):
            heights = np.log10(path.norms[:-1])
        drawn = np.array(numbers(row["norms"])) / 100
        np.testing.assert_array_equal(np.isnan(drawn), heights < -4.0)
        np.testing.assert_allclose(drawn[~np.isnan(drawn)], heights[heights >= -4.0], atol=5.1e-3)
        assert np.nanmax(drawn, initial=-4.0) * 100 <= whole["high"]
    assert whole["threshold"] == pytest.approx(100 * np.log10(float(asked[3])), abs=0.5)
    assert numbers(whole["ticks"]) == list(range(int(asked[4]) + 1))


def test_the_table_for_download_holds_every_point() -> None:
    paths: list[Path] = list(answer(OPENING).paths.values())
    frame = tables.path_table(paths)
    assert len(frame) == 3 * 51
    for path in paths:
        part = frame[frame["clipping"] == path.descent.clipping]
        np.testing.assert_array_equal(part[["w", "b"]], path.points)
        np.testing.assert_array_equal(part["gradient_norm"], path.norms)
        assert part["clipped"].dropna().sum() == path.clipped.sum()


# The words


def title(asked: Asked, seed: int = 0) -> str:
    return str(datasets(asked, seed=seed)["whole"][0]["map_title"])


def test_the_opening_says_where_the_jump_goes_and_what_the_gradient_was() -> None:
    found = answer(OPENING)
    step = found.leaving["none"]
    assert step is not None
    norm, (w, b) = found.free.norms[step - 1], found.free.points[step]
    assert norm > 1000
    words = cliff_finding(*OPENING, seed=0)
    assert f"step {step} begins at" in words
    assert f"the gradient's norm is {norm:,.0f}" in words
    assert f"it lands at w = {w:.3g}, b = {b:.3g}, where E = 0.090" in words
    assert "Nothing brings it back from there." in words
    assert title(OPENING) == f"Without clipping step {step} jumps to¦b = {b:.3g}, w = {w:.3g};|both clipped paths stay"


@pytest.mark.parametrize(
    ("case", "said", "noted"),
    [
        ("flies", "both clipped paths stay", "Value clipping cuts each entry by itself"),
        ("norm", "step 39 jumps to", "Clipping does not cure vanishing: norm clipping left 49 of 50 steps"),
        ("value", "Value clipping turns 50 steps,¦by up to 31°", "With norm clipping every step was clipped"),
        ("far", "clipping does nothing,¦all three paths are one", "Value clipping turned no step here"),
        ("far", "clipping does nothing", "At w = 3.000 there is no cliff"),
        ("small", "step 8 jumps to", "“A small learning rate avoids it” is false here: at 0.01"),
    ],
)
def test_each_preset_says_what_it_is_for(case: str, said: str, noted: str) -> None:
    assert said in title(CASES[case])
    assert noted in cliff_finding(*CASES[case], seed=0)


def test_the_turn_of_value_clipping_is_an_angle_between_two_vectors() -> None:
    path = answer(CASES["value"]).paths["value"]
    step = np.clip(path.gradients[:-1], -0.03, 0.03)
    cosines = (step * path.gradients[:-1]).sum(axis=1) / np.linalg.norm(step, axis=1) / path.norms[:-1]
    assert f"by up to {np.degrees(np.arccos(cosines)).max():.0f}°" in title(CASES["value"])


@every_region
@every_case
def test_no_text_holds_nan_or_an_open_brace(asked: Asked, region: str) -> None:
    for seed in (0, 7):
        text = json.dumps(datasets(asked, region, seed), ensure_ascii=False) + cliff_finding(*asked, seed=seed)
        for never in ("NaN", "nan", "Infinity", "inf ", "{w", "{steps}", "{untouched}"):
            assert never not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.0464, "0.0464"), (-2.5, "−2.5"), (1270.4, "1,270"), (2.1e10, "10¹⁰"), (1e-9, "10⁻⁹")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert shown(value) == text


# Chart and page


@pytest.mark.parametrize("background", THEMES)
def test_the_chart_is_valid_and_draws_every_dataset(background: Background) -> None:
    text = json.dumps(cliff_chart(background).to_dict())
    assert all(f'"data": {{"name": "{name}"}}' in text for name in datasets(OPENING))


@every_region
@every_case
def test_a_message_is_small(asked: Asked, region: str) -> None:
    streams = cliff_picture(*asked, seed=0, region=region)
    assert len(json.dumps(as_vega_lite(cliff_chart, "light"))) + sum(map(len, streams.values())) < 40_000


def test_start_and_settings_are_in_the_link() -> None:
    params = {"start_w": "5.20", "start_b": "-2.95", "descent_rate": "0.3", "clip_at": "1", "region": "wide"}
    app = open_page("cliff", params)
    assert not [caption for caption in app.caption if caption.value.startswith("Of this link")]
    assert app.select_slider(key="start_w").value == "5.20"
    for key, value in params.items():
        assert f"{key}={value}" in link(app)
    app.button(key="reset").click().run()
    assert link(app) == link(open_page("cliff"))


def test_the_next_seed_moves_the_start_within_its_place() -> None:
    app = open_page("cliff")
    before = everything_shown(app)["0-whole"][0]
    app.button(key="new_seed").click().run()
    after = everything_shown(app)["0-whole"][0]
    for name in ("start_w", "start_b"):
        assert 0.0 < abs(after[name] - before[name]) < 1000 * GRID / 2
    assert app.select_slider(key="start_w").value == "4.90"
