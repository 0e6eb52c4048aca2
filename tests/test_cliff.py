"""The one-unit network of Pascanu et al.: gradient, cliff and clipping against torch, and bad input."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_dynamics.engine.cliff import (
    CLIPPING,
    Descent,
    Path,
    Question,
    cliff,
    descend,
    descend_side_by_side,
    edge,
    error_surface,
)
from rnn_dynamics.engine.region import Region
from tests.every import every
from tests.same import assert_same

#: A start from which a step of plain descent meets the wall.
AT_THE_WALL = Descent(w=4.95, b=-3.1, learning_rate=0.1, threshold=1.0, steps=50)
BOX = Region(low=(1.0, -7.0), high=(9.0, 1.0))
each_clipping = every("clipping", CLIPPING)


def torch_error(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    x = torch.full_like(w, 0.5)
    for _ in range(50):
        x = w * torch.sigmoid(x) + b
    return (torch.sigmoid(x) - 0.7) ** 2


def steps_by_torch(descent: Descent, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where one step from each of the points leads, by autograd, torch's clipping and torch.optim.SGD."""
    reached = []
    for point in points:
        parameter = torch.nn.Parameter(torch.tensor(point))
        optimiser = torch.optim.SGD([parameter], lr=descent.learning_rate)
        parameter.grad = torch.autograd.grad(torch_error(parameter[0], parameter[1]), parameter)[0]
        if descent.clipping == "norm":
            torch.nn.utils.clip_grad_norm_([parameter], descent.threshold)
        if descent.clipping == "value":
            torch.nn.utils.clip_grad_value_([parameter], descent.threshold)
        optimiser.step()
        reached.append(parameter.detach().numpy())
    return np.array(reached)


def path(descent: Descent, clipping: str = "none") -> Path:
    return descend([replace(descent, clipping=clipping)])[0]


# Error and gradient


def test_error_and_gradient_over_a_grid_are_autograds() -> None:
    w, b = np.meshgrid(np.linspace(-6.0, 9.0, 31), np.linspace(-7.0, 5.0, 25))
    w_torch, b_torch = (torch.tensor(grid, requires_grad=True) for grid in (w, b))
    error = torch_error(w_torch, b_torch)
    expected = torch.autograd.grad(error.sum(), (w_torch, b_torch))
    surface = error_surface(w, b)
    np.testing.assert_allclose(surface.error, error.detach().numpy(), rtol=1e-12, atol=1e-15)
    for ours, autograds in zip((surface.gradient_w, surface.gradient_b), expected, strict=True):
        np.testing.assert_allclose(ours, autograds.numpy(), rtol=1e-9, atol=1e-13)


# The cliff


def test_up_to_weight_four_there_is_no_cliff_and_beyond_it_grows_steeper() -> None:
    assert cliff(4.0) is cliff(0.0) is None
    walls = [cliff(w) for w in (4.1, 4.5, 5.0, 6.0)]
    slopes = [wall.steepest for wall in walls if wall is not None]
    assert len(slopes) == 4
    assert np.diff(np.log(slopes)).min() > 1.0


# Descent


@each_clipping
@every(
    "start",
    [
        AT_THE_WALL,
        replace(AT_THE_WALL, threshold=0.1),
        Descent(w=4.2, b=-2.9, learning_rate=0.3, threshold=0.3, steps=60),
        Descent(w=2.0, b=1.0, learning_rate=1.0, threshold=0.01, steps=30),
    ],
    ids=str,
)
def test_every_step_is_that_of_torchs_optimiser_and_clipping(start: Descent, clipping: str) -> None:
    # Step by step, because where the surface is curved most rounding grows a millionfold from step to step.
    ours = path(start, clipping)
    expected = steps_by_torch(ours.descent, ours.points[:-1])
    np.testing.assert_allclose(ours.points[1:], expected, rtol=1e-9, atol=1e-12)
    error = torch_error(*torch.tensor(ours.points.T))
    np.testing.assert_allclose(ours.errors, error.numpy(), rtol=1e-9, atol=1e-14)


def test_without_clipping_a_step_leaves_the_picture_and_with_it_none_does() -> None:
    free = path(AT_THE_WALL)
    left = BOX.exit(free.points)
    assert left is not None
    assert free.norms[left - 1] > 100.0
    assert np.linalg.norm(free.points[left] - free.points[left - 1]) == pytest.approx(0.1 * free.norms[left - 1])
    for clipping in ("norm", "value"):
        assert BOX.exit(path(AT_THE_WALL, clipping).points) is None


@every("clipping", CLIPPING)
def test_a_path_counts_its_steps_and_knows_their_extremes(clipping: str) -> None:
    ours = path(AT_THE_WALL, clipping)
    sizes = [float(np.hypot(*gradient)) for gradient in ours.gradients[:-1]]
    assert ours.largest_norm == sizes[ours.steepest - 1] == max(sizes)
    assert ours.last_error == ours.errors.tolist()[-1]
    assert ours.lowest_error == min(ours.errors.tolist())
    limited = {"none": [], "norm": sizes, "value": np.abs(ours.gradients[:-1]).max(axis=1).tolist()}[clipping]
    assert ours.clipped_steps == sum(size > ours.descent.threshold for size in limited)
    assert (ours.turned_steps > 0) == (clipping == "value")


def test_no_step_of_clipped_descent_is_longer_than_its_limit() -> None:
    for clipping, longest in {"norm": 0.1, "value": 0.1 * np.sqrt(2.0)}.items():
        clipped = path(AT_THE_WALL, clipping)
        lengths = np.linalg.norm(np.diff(clipped.points, axis=0), axis=1)
        assert clipped.clipped.any()
        assert lengths[clipped.clipped].max() == pytest.approx(longest, rel=1e-5)
        assert lengths.max() <= longest * (1 + 1e-9)


def test_only_value_clipping_turns_a_step() -> None:
    assert path(AT_THE_WALL, "none").turned.max() == 0.0
    assert path(AT_THE_WALL, "norm").turned.max() == pytest.approx(0.0, abs=1e-5)
    by_value = path(AT_THE_WALL, "value")
    k = int(by_value.turned.argmax())
    before, after = by_value.gradients[k], np.clip(by_value.gradients[k], -1.0, 1.0)
    cosine = before @ after / (np.linalg.norm(before) * np.linalg.norm(after))
    assert by_value.turned[k] == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-6)
    assert by_value.turned[k] > 5.0


def test_below_the_threshold_all_three_descents_are_the_same() -> None:
    calm = Descent(w=3.0, b=-3.0, learning_rate=0.1, threshold=1.0, steps=20)
    free, by_norm, by_value = descend([replace(calm, clipping=clipping) for clipping in CLIPPING])
    assert free.norms.max() < 1.0
    np.testing.assert_array_equal(free.points, by_norm.points)
    np.testing.assert_array_equal(free.points, by_value.points)
    assert not by_norm.clipped.any()


def test_descents_side_by_side_are_those_alone() -> None:
    starts = [replace(AT_THE_WALL, w=w, clipping=clipping) for w in (4.9, 4.95) for clipping in CLIPPING]
    for together, start in zip(descend(starts), starts, strict=True):
        np.testing.assert_array_equal(together.points, descend([start])[0].points)


def test_questions_side_by_side_have_the_answers_that_they_have_alone_whatever_their_steps() -> None:
    near = Descent(w=4.9, b=-2.65, learning_rate=0.1, threshold=0.3, steps=50)
    asked: list[Question] = [
        ([replace(near, clipping=kind) for kind in CLIPPING], [(4.91, -2.66), (4.88, -2.63)]),
        ([replace(near, steps=10, threshold=0.01, clipping="norm")], np.empty((0, 2))),
        ([replace(near, w=5.0, b=-2.6123, learning_rate=1e306, steps=20)], [(8.0, -4.01)]),
    ]
    together, alone = descend_side_by_side(asked), [descend_side_by_side([one])[0] for one in asked]
    assert_same(together, alone)
    assert [path.ended for paths, _ in together for path in paths] == [None, None, None, None, 1]
    for (descents, neighbours), (paths, points) in zip(asked, together, strict=True):
        assert_same(paths, descend(descents))
        for start, ways in zip(np.asarray(neighbours).tolist(), points, strict=True):
            of_start = descend([replace(one, w=start[0], b=start[1]) for one in descents])
            assert_same([way.copy() for way in ways], [path.points for path in of_start])


def test_a_descent_that_leaves_all_numbers_ends_and_says_where() -> None:
    lost = path(replace(AT_THE_WALL, w=5.0, b=-2.6123, learning_rate=1e306))
    assert lost.ended == BOX.exit(lost.points) == 1
    assert np.isfinite(lost.points[0]).all()
    assert np.isinf(lost.points[1]).any()
    assert np.isnan(lost.points[2:]).all()
    assert path(AT_THE_WALL).ended is None


@every(
    ("changes", "said"),
    [
        ({"w": np.nan}, "w = nan is not a number from -1000000 to 1000000"),
        ({"b": 1e7}, "b = 10000000.0 is not a number from -1000000 to 1000000"),
        ({"b": "2"}, "b = '2' is not a number"),
        ({"w": True}, "w = True is not a number"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0 is not a finite number above 0"),
        ({"learning_rate": np.inf}, "learning_rate = inf is not a finite number above 0"),
        ({"threshold": -1.0}, "threshold = -1.0 is not a finite number above 0"),
        ({"clipping": "both"}, "clipping = 'both' is not one of none, norm, value"),
        ({"steps": 0}, "steps = 0 is not a whole number from 1 to 10000"),
        ({"steps": 2.5}, "steps = 2.5 is not a whole number from 1 to 10000"),
        ({"steps": True}, "steps = True is not a whole number from 1 to 10000"),
    ],
    ids=str,
)
def test_bad_input_is_named_with_its_limit(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(AT_THE_WALL, **changes)


def test_descents_of_different_lengths_have_no_pass() -> None:
    with pytest.raises(ValueError, match=r"descents of \[20, 50\] steps"):
        descend([AT_THE_WALL, replace(AT_THE_WALL, steps=20)])
    with pytest.raises(ValueError, match="at least one"):
        descend([])


def test_an_edge_is_asked_within_its_limits() -> None:
    with pytest.raises(ValueError, match="is not a number from 0 to 1,000,000"):
        edge(-1.0)
    with pytest.raises(ValueError, match="is not a number from 0"):
        cliff(-1.0)
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        edge(5.0, 1.0)
