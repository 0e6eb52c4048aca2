"""The latch's picture: cobwebs against iterating the map, attractors and words against a root finder."""

import math
from typing import Any

import mpmath
import numpy as np
import pyarrow as pa
import pytest

from rnn_dynamics.pictures.kit.theme import THEMES, Background
from rnn_dynamics.pictures.latch.answer import OPENING_WEIGHT, WEIGHTS, latch_picture
from rnn_dynamics.pictures.latch.chart import latch_chart
from rnn_dynamics.pictures.latch.table import START, STEPS, cobweb, latch_datasets


def rows(stream: bytes) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = pa.ipc.open_stream(stream).read_all().to_pylist()
    return table


@pytest.mark.parametrize("weight", [0.05, 1.0, 1.25, 3.0])
@pytest.mark.parametrize("start", [START, -0.7])
def test_a_cobweb_goes_to_the_curve_and_to_the_diagonal_by_turns(weight: float, start: float) -> None:
    corners, state = cobweb(weight, start, 7), start
    assert corners.shape == (15, 2)
    assert corners[0].tolist() == [start, 0.0]
    for step in range(7):
        following = math.tanh(weight * state)
        assert corners[2 * step + 1].tolist() == pytest.approx([state, following], abs=1e-15)
        assert corners[2 * step + 2].tolist() == pytest.approx([following, following], abs=1e-15)
        state = following


def test_paths_from_both_sides_of_zero_end_at_the_attractors_of_the_picture() -> None:
    # Bengio, Simard & Frasconi 1994: at w = 1.25 the attractors are ±0.71041.
    (low, high) = (row["x"] for row in rows(latch_datasets(1.25, ("",))["attractors"]))
    assert high == pytest.approx(0.71041, abs=5e-6)
    assert low == -high
    assert cobweb(1.25, START, 200)[-1].tolist() == pytest.approx([high, high], abs=1e-12)
    assert cobweb(1.25, -START, 200)[-1].tolist() == pytest.approx([low, low], abs=1e-12)


def test_the_lines_of_the_picture_are_curve_and_cobwebs() -> None:
    lines = {row["name"]: row for row in rows(latch_datasets(2.0, ("a", "b"))["lines"])}
    x, y = ([float(part) for part in str(lines["curve"][axis]).split(",")] for axis in ("x", "y"))
    np.testing.assert_allclose(y, np.tanh(2.0 * np.array(x)), rtol=0, atol=2e-3)  # three decimals
    for name, start in (("up", START), ("down", -START)):
        points = np.array([[float(part) for part in str(lines[name][axis]).split(",")] for axis in ("x", "y")]).T
        np.testing.assert_allclose(points, cobweb(2.0, start, STEPS), rtol=0, atol=5.1e-4)


@pytest.mark.parametrize("weight", ["1.25", "2.00", "3.00"])
def test_the_words_name_attractor_slope_and_what_is_left(weight: str) -> None:
    attractor = mpmath.findroot(lambda x: mpmath.tanh(float(weight) * x) - x, 0.95)
    slope = float(weight) * (1 - attractor**2)
    _, words = latch_picture("jacobians", weight)
    assert f"±{float(attractor):.2f}, slope there {float(slope):.2f}" in words
    assert (
        str(round(float(STEPS * mpmath.log10(slope)))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")) in words
    )


def test_up_to_one_there_is_one_attractor_and_no_memory() -> None:
    assert "One attractor, 0, slope there 0.95" in latch_picture("jacobians", "0.95")[1]
    assert "the edge" in latch_picture("jacobians", "1.00")[1]
    assert "Two attractors" in latch_picture("jacobians", "1.05")[1]


def test_every_position_of_the_slider_has_a_picture() -> None:
    assert OPENING_WEIGHT in WEIGHTS
    assert (WEIGHTS[0], WEIGHTS[-1], len(WEIGHTS)) == ("0.05", "3.00", 60)
    sizes = [sum(map(len, latch_picture("jacobians", weight)[0].values())) for weight in WEIGHTS]
    assert max(sizes) < 5_000


@pytest.mark.parametrize("background", THEMES)
def test_the_chart_is_valid_and_draws_every_dataset(background: Background) -> None:
    text = str(latch_chart(background).to_dict())
    assert all(f"'data': {{'name': '{name}'}}" in text for name in latch_datasets(1.0, ("",)))
