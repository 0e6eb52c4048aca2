"""The page "The cliff and clipping": tables against the library's paths, words against its numbers, the click."""

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_dynamics import Experiment
from rnn_dynamics.content.numbers import decimals, three_digits
from rnn_dynamics.engine.cliff import CLIPPING, Descent, descend, edge, error_surface
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.cliff import PICTURE
from rnn_dynamics.pictures.cliff.answer import (
    CELLS,
    GRID,
    NEIGHBOURS,
    OFFERED,
    REGIONS,
    ROWS,
    CliffAnswer,
    cliff_answer,
    grid_values,
    start_of,
)
from tests.claims import assert_readable, plain
from tests.every import every
from tests.handed_out import opened
from tests.pictured import Rows, column, drawn_by, said_by
from tests.test_pages import link, not_taken, open_page
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
    "two leave": ("4.90", "-2.65", "0.1", "10", "50"),
}
every_case = every("asked", CASES.values())
every_region = every("region", REGIONS)


def views_of(asked: Asked, region: str = "cliff") -> dict[str, str]:
    names = ("start_w", "start_b", "descent_rate", "clip_at", "descent_steps")
    return dict(zip(names, asked, strict=True)) | {"region": region}


def tables_of(asked: Asked, region: str = "cliff", seed: int = 0) -> dict[str, Rows]:
    return drawn_by(PICTURE, Experiment(seed=seed), **views_of(asked, region))


def answer_to(asked: Asked, seed: int = 0) -> CliffAnswer:
    return cliff_answer(Experiment(seed=seed), views_of(asked))


def finding_of(asked: Asked, seed: int = 0) -> str:
    return said_by(PICTURE, Experiment(seed=seed), **views_of(asked))


def numbers(rows: Rows, *names: str, **of: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Columns of the rows that have these values, nan where there is no number."""
    return np.array([column(rows, name, **of) for name in names], dtype=float).T


def outside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    low, high = REGIONS["wide"].low, REGIONS["wide"].high
    return np.asarray(~((points >= low) & (points <= high)).all(axis=1))


# The answer


@every_case
def test_the_neighbours_are_the_starts_of_the_first_seeds(asked: Asked) -> None:
    w, b, rate, threshold, steps = asked
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
        assert answer_to(asked).counts[kind] == sum(outside(path.points).any() for path in descend(starts))


def test_a_seed_moves_a_start_by_less_than_half_of_the_grid() -> None:
    assert start_of("4.90", "-2.65", 0) == (4.90, -2.65)
    places = np.array([start_of("4.90", "-2.65", seed) for seed in range(1, 100)])
    away = np.abs(places - [4.90, -2.65])
    assert 0.9 * GRID / 2 < away.max() < GRID / 2
    assert len(np.unique(places, axis=0)) == 99


@every_region
def test_a_click_starts_in_the_middle_of_its_cell(region: str) -> None:
    part, rows = REGIONS[region], tables_of(OPENING, region)["cells"]
    for number, cell in enumerate(rows):
        start = opened("cliff")["start_there"](cell, {})
        for axis, (name, place) in enumerate(zip(("start_w", "start_b"), divmod(number, CELLS), strict=True)):
            width = (part.high[axis] - part.low[axis]) / CELLS
            assert start[name] in grid_values(axis)
            assert float(start[name]) == pytest.approx(part.low[axis] + (place + 0.5) * width, abs=1e-9)
    assert len(rows) == CELLS**2


# The tables


@every_region
def test_the_map_holds_the_error_and_the_cliff(region: str) -> None:
    part, found = REGIONS[region], tables_of(OPENING, region)
    low, high = part.low[1], part.high[1]
    w, b, error = numbers(found["surface"], "w", "b", "error").T
    assert len(np.unique(w)) == ROWS
    aside = np.abs(b - edge(w)) > 0.001 * (high - low)  # on the wall the digits that are drawn do not tell the sides
    np.testing.assert_allclose(error[aside], error_surface(w[aside], b[aside]).error, atol=1e-5)
    for height, place in numbers(found["edge"], "w", "b"):
        if height < 4.0 or not low < edge(height) < high:
            assert np.isnan(place)
        else:
            assert place == pytest.approx(edge(height), abs=1e-6)


@every_region
@every_case
def test_a_path_on_the_map_is_its_points_inside(asked: Asked, region: str) -> None:
    part, found = REGIONS[region], tables_of(asked, region)
    for row, kind in zip(found["kinds"], CLIPPING, strict=True):
        points = answer_to(asked).paths[kind].points
        inside = np.all((points >= part.low) & (points <= part.high), axis=1)
        drawn = numbers(found["paths"], "w", "b", clipping=kind)
        corners = drawn[~np.isnan(drawn).any(axis=1)]
        for point in points[inside]:
            assert np.abs(corners - point).max(axis=1).min() < 1e-6
        if len(corners):
            assert (corners >= np.array(part.low) - 1e-6).all()
            assert (corners <= np.array(part.high) + 1e-6).all()
        assert (row["end_w"] is not None) == inside[-1]
        assert (row["exit_w"] is not None) == bool((inside[:-1] & ~inside[1:]).any())


def test_the_arrow_stands_where_the_jump_crosses_the_border() -> None:
    row, points = tables_of(OPENING)["kinds"][0], answer_to(OPENING).free.points
    step = REGIONS["cliff"].exit(points)
    assert step is not None
    before, after = points[step - 1], points[step]
    there = np.array([row["exit_w"], row["exit_b"]])
    assert there[1] == pytest.approx(REGIONS["cliff"].high[1])
    share = (there - before) / (after - before)
    assert share[0] == pytest.approx(share[1], rel=1e-9)
    assert row["way_w"] / row["way_b"] == pytest.approx((after - before)[0] / (after - before)[1])
    assert row["leaves"] == f"step {step}:|to b = {after[1]:.3g},|w = {after[0]:.3g}"


#: The opening, and every value of each slider there.
SLIDERS: list[Any] = [
    (*OPENING[:place], value, *OPENING[place + 1 :])
    for place, values in enumerate(OFFERED.values())
    for value in values
]


def as_shares(places: Any, region: str) -> NDArray[np.float64]:
    """Of the map's height and width."""
    return np.asarray(
        (np.asarray(places) - REGIONS[region].low) / np.ptp([REGIONS[region].low, REGIONS[region].high], 0)
    )


@cache
def on_the_map(asked: Asked, region: str = "cliff") -> tuple[dict[str, Any], Rows, NDArray[np.float64]]:
    """What is said of the whole, the marks, and the paths' places w and b: what several laws ask of each slider."""
    found = tables_of(asked, region)
    return found["whole"][0], found["marks"], numbers(found["paths"], "w", "b")


def walked(paths: NDArray[np.float64], region: str) -> NDArray[np.float64]:
    """Places all along the paths, as shares, closer to each other than a name is high."""
    shares = as_shares(paths, region)
    along = np.linspace(0.0, 1.0, 60)[:, None, None]
    places = (shares[:-1] + along * np.diff(shares, axis=0)).reshape(-1, 2)
    return places[~np.isnan(places).any(axis=1)]


@every_region
def test_no_name_of_the_surface_lies_on_a_path_at_any_value_of_a_slider(region: str) -> None:
    """As large as it is on the lowest map and on a phone's: the cliff's begins 10 pixels beside it and 16 above."""
    beside = {"plateau": (0.0, 0.0), "plain": (0.0, 0.0), "cliff": (0.08, 0.09)}
    for asked in SLIDERS:
        _, marks, paths = on_the_map(asked, region)
        places = walked(paths, region)
        assert [mark["name"] for mark in marks] == list(beside)
        assert all(mark["text"] for mark in marks), asked
        for mark in marks:
            away = np.abs(places - as_shares([mark["w"], mark["b"]], region) - beside[mark["name"]])
            assert not (away < (0.035, 0.1)).all(axis=1).any(), (asked, mark)


def test_what_is_said_of_a_zigzag_lies_on_no_error_at_any_value_of_a_slider() -> None:
    """Where there is room at neither end it is not written. It reaches 38 pixels down, in a panel of 137, along 0.6."""
    ends = set()
    for asked in SLIDERS:
        whole, *_ = on_the_map(asked)
        if not (whole["zigzag"] and whole["zigzag_at"]):
            continue
        ends.add(whole["zigzag_at"])
        share, errors = numbers(tables_of(asked)["steps"], "step", "error").T / [[float(asked[4])], [1.0]]
        beside = share if whole["zigzag_at"] == "left" else 1.0 - share
        assert errors[beside < 0.6].max() < 0.5 * (1.0 - 38.0 / 137.0), asked
    assert ends == {"left", "right"}


def test_where_a_path_comes_back_to_where_it_left_it_has_no_name() -> None:
    (free, *_) = tables_of(("5.10", *OPENING[1:]))["kinds"]
    assert free["exit_w"] is not None
    assert free["end_w"] == pytest.approx(free["exit_w"], abs=0.1)
    assert free["leaves"] == ""


@every_region
def test_the_name_of_the_start_is_on_the_side_without_paths(region: str) -> None:
    """In pixels of a phone's map, of which the word takes 10 to 40 beside the start and 6 above and below."""
    sides = set()
    for asked in SLIDERS:
        whole, _, paths = on_the_map(asked, region)
        places = walked(paths, region)
        up, across = ((places - as_shares([whole["start_w"], whole["start_b"]], region)) * (320.0, 263.0)).T
        free = {
            side: not ((np.abs(up) < 6.0) & (way > 10.0) & (way < 40.0)).any()
            for side, way in (("left", -across), ("right", across))
        }
        sides.add(whole["start_at"])
        assert free[whole["start_at"]] or not all(free.values()), asked
    assert sides == {"left", "right"}


@every_region
def test_the_names_of_the_lines_are_in_the_corner_without_paths(region: str) -> None:
    """On the lowest map of a projector, 545 by 232 pixels, they take 190 by 91; above on the right only if need be."""
    sides = {}
    for asked in SLIDERS:
        whole, _, paths = on_the_map(asked, region)
        up, across = (walked(paths, region) * (232.0, 545.0)).T
        on = {
            "left": ((up < 91.0) & (across < 190.0)).any(),
            "right": ((up > 232.0 - 91.0) & (across > 545.0 - 190.0)).any(),
        }
        side = sides[asked] = whole["legend_at"]
        assert side == "left" or (on["left"] and not on["right"]), asked
    assert set(sides.values()) == {"left", "right"}
    assert region == "wide" or sides[("5.10", *OPENING[1:])] == "right"


@every_case
def test_a_path_that_leaves_close_to_another_has_no_name_there(asked: Asked) -> None:
    """Beside the map's width and height, from the tables: of each two names that are written."""
    for region, part in REGIONS.items():
        kinds = [row for row in tables_of(asked, region)["kinds"] if row["exit_w"] is not None]
        sides = np.subtract(part.high, part.low)
        places = {row["clipping"]: np.array([row["exit_w"], row["exit_b"]]) / sides for row in kinds if row["leaves"]}
        assert len(places) > 0 or not kinds
        for one, other in itertools.combinations(places.values(), 2):
            assert abs(one - other)[0] > 0.25 or abs(one - other)[1] > 0.35


def test_a_step_across_the_map_is_drawn_from_border_to_border() -> None:
    part = Region(low=(0.0, 0.0), high=(1.0, 1.0))
    cut = part.cut(np.array([-1.0, 0.5]), np.array([3.0, 0.5]))
    np.testing.assert_allclose(cut, [[0.0, 0.5], [1.0, 0.5]])
    assert np.isnan(part.cut(np.array([-1.0, 0.5]), np.array([0.5, 3.0]))).all()
    assert np.isnan(part.cut(np.array([2.0, 0.5]), np.array([2.0, 0.7]))).all()


@every_case
def test_errors_and_norms_are_those_of_the_paths(asked: Asked) -> None:
    found = tables_of(asked)
    (whole,) = found["whole"]
    for kind in CLIPPING:
        path = answer_to(asked).paths[kind]
        steps, errors, drawn = numbers(found["steps"], "step", "error", "log10_norm", clipping=kind).T
        assert steps.tolist() == list(range(int(asked[4]) + 1))
        np.testing.assert_allclose(errors, path.errors, rtol=1e-6)
        with np.errstate(divide="ignore"):
            heights = np.log10(path.norms[:-1])
        assert np.isnan(drawn[0])
        np.testing.assert_array_equal(np.isnan(drawn[1:]), heights < -4.0)
        np.testing.assert_allclose(drawn[1:][heights >= -4.0], heights[heights >= -4.0], atol=1e-6)
        assert np.max(heights) <= whole["high"]
    assert whole["limit"] == pytest.approx(np.log10(float(asked[3])))
    assert whole["steps"] == int(asked[4])


def test_the_table_for_download_holds_every_point() -> None:
    frame = PICTURE.files["paths"](answer_to(OPENING), {})
    assert len(frame) == 3 * 51
    for kind, path in answer_to(OPENING).paths.items():
        part = frame[frame["clipping"] == kind]
        np.testing.assert_array_equal(part[["w", "b"]], path.points)
        np.testing.assert_array_equal(part["gradient_norm"], path.norms)
        assert part["clipped"].dropna().sum() == path.clipped.sum()


# The words


def title(asked: Asked, seed: int = 0) -> str:
    return str(tables_of(asked, seed=seed)["whole"][0]["map"])


def test_the_opening_says_where_the_jump_goes_and_what_the_gradient_was() -> None:
    found = answer_to(OPENING)
    step = found.leaving["none"]
    assert step is not None
    norm, (w, b) = found.free.norms[step - 1], found.free.points[step]
    assert norm > 1000
    words = finding_of(OPENING)
    assert f"step {step} begins at" in words
    assert f"the gradient's norm is {norm:,.0f}" in words
    assert f"it lands at w = {w:.3g}, b = {b:.3g}, where E = 0.090" in words
    assert "Nothing brings it back from there." in words
    assert (
        title(OPENING)
        == f"Without clipping step {step} jumps to¦b = {b:.3g}, w = {w:.3g};|both clipped paths stay on the wide map"
    )


@every(
    ("case", "claim", "noted"),
    [
        ("flies", "both clipped paths stay", "Value clipping cuts each entry by itself"),
        ("norm", "step 39 jumps to", "it lengthens nothing: by norm it left 49 of 50 steps as they were"),
        ("value", "Value clipping turns 50 steps,¦by up to 31°", "With norm clipping every step was clipped"),
        ("far", "clipping does nothing,¦all three paths are one", "Value clipping turned no step here"),
        ("far", "clipping does nothing", "At w = 3.000 there is no cliff"),
        ("small", "step 8 jumps to", "Even at a learning rate of 0.01 step 8 is"),
    ],
)
def test_each_preset_says_what_it_is_for(case: str, claim: str, noted: str) -> None:
    assert claim in title(CASES[case])
    assert noted in finding_of(CASES[case])


def test_the_turn_of_value_clipping_is_an_angle_between_two_vectors() -> None:
    path = answer_to(CASES["value"]).paths["value"]
    step = np.clip(path.gradients[:-1], -0.03, 0.03)
    cosines = (step * path.gradients[:-1]).sum(axis=1) / np.linalg.norm(step, axis=1) / path.norms[:-1]
    assert f"by up to {np.degrees(np.arccos(cosines)).max():.0f}°" in title(CASES["value"])


@every_case
def test_every_text_is_readable(asked: Asked) -> None:
    for region, seed in (("cliff", 0), ("wide", 7)):
        rows = [row for table in tables_of(asked, region, seed).values() for row in table]
        texts = [value for row in rows for value in row.values() if isinstance(value, str)]
        assert_readable("\n".join([*texts, plain(finding_of(asked, seed))]))


@every(
    ("value", "text"),
    [(0.0, "0"), (0.0464, "0.0464"), (-2.5, "−2.5"), (1270.4, "1,270"), (2.1e10, "10¹⁰"), (1e-9, "10⁻⁹")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert three_digits(value) == text


@every(("value", "text"), [(0.0, "0"), (0.3525, "0.352"), (0.09, "0.090"), (0.0026, "0.0026"), (1e99, "10⁹⁹")])
def test_errors_have_three_decimals_or_two_digits(value: float, text: str) -> None:
    assert decimals(value) == text


# The page


def test_start_and_settings_are_in_the_link() -> None:
    params = {"start_w": "5.20", "start_b": "-2.95", "descent_rate": "0.3", "clip_at": "1", "region": "wide"}
    app = open_page("cliff", params)
    assert not not_taken(app)
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
        assert 0.0 < abs(after[name] - before[name]) < GRID / 2
    assert app.select_slider(key="start_w").value == "4.90"
