"""The latch's picture: cobwebs against iterating the map, attractors and words against a root finder."""

import math

import mpmath
import numpy as np
import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.laws.theory import ATTRACTOR
from rnn_dynamics.pictures.latch import PICTURE
from rnn_dynamics.pictures.latch.answer import START, STEPS, cobweb
from tests.every import every
from tests.pictured import column, drawn_by, said_by


def words(weight: str) -> str:
    return said_by(PICTURE, Experiment(), latch_weight=weight)


@every("weight", [0.05, 1.0, 1.25, 3.0])
@every("start", [START, -0.7])
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
    low, high = column(drawn_by(PICTURE, Experiment(), latch_weight="1.25")["attractors"], "state")
    assert high == pytest.approx(ATTRACTOR, abs=5e-6)
    assert low == -high
    assert cobweb(1.25, START, 200)[-1].tolist() == pytest.approx([high, high], abs=1e-12)
    assert cobweb(1.25, -START, 200)[-1].tolist() == pytest.approx([low, low], abs=1e-12)


def test_the_lines_of_the_picture_are_curve_and_cobwebs() -> None:
    lines = drawn_by(PICTURE, Experiment(), latch_weight="2.00")["lines"]
    x, y = (np.array(column(lines, axis, name="curve")) for axis in ("state", "next"))
    np.testing.assert_allclose(y, np.tanh(2.0 * x), rtol=0, atol=1e-6)
    for name, start in (("up", START), ("down", -START)):
        points = np.transpose([column(lines, axis, name=name) for axis in ("state", "next")])
        np.testing.assert_allclose(points, cobweb(2.0, start, STEPS), rtol=0, atol=1e-6)


@every("weight", ["1.25", "2.00", "3.00"])
def test_the_words_name_attractor_slope_and_what_is_left(weight: str) -> None:
    attractor = mpmath.findroot(lambda x: mpmath.tanh(float(weight) * x) - x, 0.95)
    slope = float(weight) * (1 - attractor**2)
    assert f"±{float(attractor):.2f}, where the slope is {float(slope):.2f}" in words(weight)
    left = str(round(float(STEPS * mpmath.log10(slope))))
    assert left.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")) in words(weight)


def test_up_to_one_there_is_one_attractor_and_no_memory() -> None:
    assert "One attractor at 0, where the slope is 0.95" in words("0.95")
    assert "the edge" in words("1.00")
    assert "Two attractors" in words("1.05")


def test_every_position_of_the_slider_has_a_picture() -> None:
    weights = PICTURE.settings["latch_weight"].values
    assert PICTURE.views["latch_weight"] in weights
    assert (weights[0], weights[-1], len(weights)) == ("0.05", "3.00", 60)
    assert all(words(weight) for weight in weights)
