"""The error cliff of a network with one unit, and gradient descent on it with and without clipping.

The network and its error are those of Pascanu, Mikolov & Bengio (2013, fig. 6), T = 50:

    x_t = w σ(x_{t−1}) + b,  x_0 = 0.5,  E = (σ(x_T) − 0.7)²

and on the way back δ_T = dE/dx_T, δ_{t−1} = δ_t w σ'(x_{t−1}), dE/dw = Σ δ_t σ(x_{t−1}), dE/db = Σ δ_t.

σ' is at most 1/4, so for 0 ≤ w ≤ 4 each b has one state to settle in. For w > 4 there may be two, and where x_0 changes
from the reach of one to that of the other stands the cliff.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.given import array_of_numbers
from rnn_dynamics.limits import KnownFields, Range, finite, one_of, short

Array = NDArray[np.float64]

STEPS_IN_TIME = 50
START = 0.5
TARGET = 0.7
CLIPPING = ("none", "norm", "value")
LARGEST_PARAMETER = 1e6
MOST_STEPS = 10_000
_PLACES = Range(minimum=-LARGEST_PARAMETER, maximum=LARGEST_PARAMETER)
#: What decides on a step of a descent.
_OF_A_STEP = ("learning_rate", "threshold", "clipping")
_COUNTS = Range(minimum=1, maximum=MOST_STEPS, whole=True)
#: Up to this weight there is no cliff.
NO_CLIFF_UP_TO = 4.0
#: What torch.nn.utils.clip_grad_norm_ adds to a norm before it divides by it.
_TORCH_EPSILON = 1e-6
#: Degrees that are more than rounding.
_TURN = 1e-9
_LARGEST = np.finfo(float).max
#: So many biases are tried at once where fewer are looked for.
_AT_ONCE = 128
#: Half-way down the cliff's wall, whose outputs σ(x_T) at w > 4 lie near 0.1 and near 0.6.
_HALF_WAY = TARGET / 2.0


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Error E and its gradient, all of one shape: that of w and b together."""

    error: Array
    gradient_w: Array
    gradient_b: Array


@dataclass(frozen=True, kw_only=True)
class Descent(KnownFields):
    """Where a descent starts and how it goes on.

    w, b: the start. learning_rate: of plain gradient descent. clipping: "none"; "norm", which scales a gradient longer
    than the threshold down to it; "value", which cuts each of its two entries to ±threshold. steps: how many.

    Raises:
        ValueError: a field is outside its limits; w and b are numbers from −10⁶ to 10⁶, learning_rate and threshold
            positive finite numbers, steps a whole number from 1 to 10,000.
        TypeError: there is no such field; the message names the nearest one.
    """

    w: float
    b: float
    learning_rate: float
    clipping: str = "none"
    threshold: float = 1.0
    steps: int = 50

    def __post_init__(self) -> None:
        for name in ("w", "b"):
            object.__setattr__(self, name, _PLACES.checked(name, getattr(self, name)))
        for name in ("learning_rate", "threshold"):
            object.__setattr__(self, name, finite(name, getattr(self, name), positive=True))
        one_of("clipping", self.clipping, CLIPPING)
        object.__setattr__(self, "steps", _COUNTS.checked("steps", self.steps))


@dataclass(frozen=True, kw_only=True)
class Path:
    """The way of one descent; entry k is after k steps, entry 0 the start.

    Attributes:
        points: (steps + 1, 2), w and b.
        errors: (steps + 1,), E there.
        gradients: (steps + 1, 2), dE/dw and dE/db there, before clipping.
        clipped: (steps,), whether step k + 1 was shortened.
        turned: (steps,), by how many degrees clipping turned it away from the negative gradient.
        ended: the first k at which a point, its error or its gradient is not finite, where the descent ends, or None;
            all points that would follow are nan.
    """

    descent: Descent
    points: Array
    errors: Array
    gradients: Array
    clipped: NDArray[np.bool_]
    turned: Array
    ended: int | None

    @property
    def norms(self) -> Array:
        """(steps + 1,), ‖(dE/dw, dE/db)‖ before clipping."""
        return np.asarray(np.hypot(self.gradients[:, 0], self.gradients[:, 1]))

    @property
    def followed(self) -> Array:
        """(steps,), the norms of those gradients that a step followed."""
        return self.norms[:-1]

    @property
    def largest_norm(self) -> float:
        """Of the gradients that a step followed."""
        return float(self.followed.max())

    @property
    def steepest(self) -> int:
        """The step, from 1, that followed the largest one."""
        return int(self.followed.argmax()) + 1

    @property
    def last_error(self) -> float:
        """E where it ends."""
        return float(self.errors[-1])

    @property
    def lowest_error(self) -> float:
        """The lowest E on the way."""
        return float(self.errors.min())

    @property
    def clipped_steps(self) -> int:
        """How many steps were shortened."""
        return int(self.clipped.sum())

    @property
    def turned_steps(self) -> int:
        """How many steps clipping turned by more than rounding does."""
        return int((self.turned > _TURN).sum())


@dataclass(frozen=True, kw_only=True)
class Cliff:
    """The wall at one weight: b at which it is crossed half-way, and the largest |dE/db| on it."""

    b: float
    steepest: float


def error_surface(w: ArrayLike, b: ArrayLike) -> Surface:
    """E and its gradient at weights w and biases b, arrays that are broadcast together.

    Raises:
        ValueError: one of them holds no real numbers, or they do not fit each other.
    """
    w, b = np.broadcast_arrays(array_of_numbers("w", w), array_of_numbers("b", b))
    if w.size == 1:  # alone it would be summed in another order, and differ in the last digit
        both = error_surface(np.repeat(w, 2), np.repeat(b, 2))
        return Surface(**{name: values[:1].reshape(w.shape) for name, values in vars(both).items()})
    with np.errstate(over="ignore", invalid="ignore"):  # a descent may lead beyond all numbers
        decays, outputs = np.empty((2, STEPS_IN_TIME + 1, *w.shape))
        _unroll(w, b, zip(decays, outputs, strict=True))
        # Both σ and σ' from e^−x keep their digits where σ is near 0 and where it rounds to 1.
        slopes = np.minimum(decays, _LARGEST, out=decays)
        slopes *= outputs
        slopes *= outputs
        output = outputs[-1]
        # The way back: dE/dx_T, then times w σ' of each step before, T numbers in all. NumPy's cumprod takes five times
        # as long where many stand side by side.
        adjoints = np.concatenate([2.0 * (output - TARGET) * slopes[-1:], w * slopes[-2:0:-1]])
        for later, here in pairwise(adjoints):
            np.multiply(later, here, here)
        gradient_w = (adjoints * outputs[-2::-1]).sum(axis=0)
        return Surface(error=np.square(output - TARGET), gradient_w=gradient_w, gradient_b=adjoints.sum(axis=0))


def _unroll(w: Array, b: Array, steps: Iterable[tuple[Array, Array]]) -> Array:
    """Write e^−x_t and σ(x_t) of each step to two arrays, from x_0 on; −x of the step after them.

    −x_{t+1} = −w σ(x_t) − b, rounded as torch rounds it. With tanh(x/2) there would be three calls a step in place of
    five, but differ in the last digit, which a descent on the wall makes visible. Of so small arrays a call is what
    costs: without names for what it writes to, and with an array of ones, it takes a third less.
    """
    exp, add, reciprocal, multiply, subtract = np.exp, np.add, np.reciprocal, np.multiply, np.subtract
    weight, one, state = -w, np.ones(w.shape), np.full(w.shape, -START)
    for decay, output in steps:
        exp(state, decay)
        add(decay, one, output)
        reciprocal(output, output)
        multiply(weight, output, state)
        subtract(state, b, state)
    return state


def edge(w: ArrayLike, output: ArrayLike = _HALF_WAY) -> Array:
    """The bias b at which σ(x_T) reaches `output`; for w > 4 and an output on the wall this is where the cliff stands.

    Args:
        w: weights, at least 0, so that σ(x_T) rises with b.
        output: between 0 and 1; broadcast with w.

    Raises:
        ValueError: a weight is negative or above 10⁶, or an output is not between 0 and 1.
    """
    weights, outputs = array_of_numbers("w", w), array_of_numbers("output", output)
    if not ((weights >= 0.0) & (weights <= LARGEST_PARAMETER)).all():
        raise ValueError(f"w = {short(w)} is not a number from 0 to {LARGEST_PARAMETER:,.0f}")
    if not ((outputs > 0.0) & (outputs < 1.0)).all():
        raise ValueError(f"output = {short(output)} is not between 0 and 1")
    w, output = np.broadcast_arrays(weights, outputs)
    state = np.log(output / (1.0 - output))
    return _reaching(w.ravel(), state.ravel()).reshape(w.shape)


def _reaching(w: Array, state: Array) -> Array:
    """The bias (M,) at which x_T reaches a state (M,).

    Few are looked for at many places between two at once: of so small arrays a call is what costs, not its numbers.
    """
    low, high = state - w, state.copy()  # 0 < σ < 1, so x_T lies between b and w + b
    parts = 1 + -(-_AT_ONCE // max(1, len(w)))
    shares, columns = np.arange(1, parts)[:, None] / parts, np.arange(len(w))
    while True:
        between = low + shares * (high - low)
        if ((between <= low) | (between >= high)).all():  # no number lies between them
            return high
        places = np.concatenate([low[None], between, high[None]])
        below = (_last_state(w, between) < state).sum(axis=0)
        low, high = places[below, columns], places[below + 1, columns]


def _last_state(w: Array, b: Array) -> Array:
    """x_T at weights (M,) and biases (..., M)."""
    w = np.broadcast_to(w, b.shape)
    step = np.empty(b.shape), np.empty(b.shape)
    with np.errstate(over="ignore"):
        return -_unroll(w, b, repeat(step, STEPS_IN_TIME))


def cliff(w: float) -> Cliff | None:
    """The wall at one weight, or None where there is none: up to w = 4.

    The steepest place is looked for at 400 places of the wall, evenly from an output of 0.2 to one of 0.6.

    Raises:
        ValueError: the weight is negative or above 10⁶.
    """
    w = Range(minimum=0.0, maximum=LARGEST_PARAMETER).checked("w", w)
    if w <= NO_CLIFF_UP_TO:
        return None
    half_way, low, high = edge(w, [_HALF_WAY, 0.2, 0.6])
    slopes = error_surface(w, np.linspace(low, high, 401)).gradient_b
    return Cliff(b=float(half_way), steepest=float(np.abs(slopes).max()))


def descend(descents: Sequence[Descent]) -> list[Path]:
    """The ways of some descents, side by side in one pass.

    Norm clipping multiplies a gradient g by min(1, threshold / (‖g‖ + 10⁻⁶)), as torch.nn.utils.clip_grad_norm_ does.

    Raises:
        ValueError: there is no descent, something else stands for one, or they differ in their number of steps.
    """
    for one in descents:
        if not isinstance(one, Descent):
            raise ValueError(f"descents holds {short(one)}, which is not a Descent")
    if len({descent.steps for descent in descents}) != 1:
        counts = sorted({descent.steps for descent in descents})
        raise ValueError(f"descents of {counts} steps: one pass needs descents of one number of steps, at least one")
    return descend_side_by_side([(descents, np.empty((0, 2)))])[0][0]


#: K descents of one number of steps, and further starts (M, 2), w and b.
Question = tuple[Sequence[Descent], ArrayLike]


def descend_side_by_side(questions: Sequence[Question]) -> list[tuple[list[Path], Array]]:
    """The ways of some descents, and those from other starts, as points alone: of several questions in one pass.

    What a pass of a few hundred descents takes are its calls, which do not grow with them. Each answer is the same, to
    the last digit, whatever is asked beside it: a descent of fewer steps is the beginning of one of more.

    Args:
        questions: of each its descents, as of `descend`, and its neighbours, from each of which one descent goes on as
            each of those does.

    Returns:
        of each question its paths, and the points of its neighbours, (M, K, steps + 1, 2).
    """
    counts = [1 + len(np.asarray(neighbours)) for _, neighbours in questions]
    starts = np.concatenate([_starts(*question) for question in questions])
    ruled = {
        name: np.concatenate(
            [np.tile([getattr(d, name) for d in of], n) for (of, _), n in zip(questions, counts, strict=True)]
        )
        for name in _OF_A_STEP
    }
    followed = _follow(max(of[0].steps for of, _ in questions), starts, **ruled)
    ends = np.cumsum([len(of) * n for (of, _), n in zip(questions, counts, strict=True)])[:-1]
    parts = zip(*(np.split(of, ends, axis=1) for of in followed.values()), strict=True)
    return [_answer(of, dict(zip(followed, part, strict=True))) for (of, _), part in zip(questions, parts, strict=True)]


def _starts(descents: Sequence[Descent], neighbours: ArrayLike) -> Array:
    return np.concatenate([[(d.w, d.b) for d in descents], np.repeat(neighbours, len(descents), axis=0)])


def _answer(descents: Sequence[Descent], followed: Mapping[str, Array]) -> tuple[list[Path], Array]:
    """Of one question, from its columns of what was followed for at least as many steps."""
    steps, many = descents[0].steps, len(descents)
    moves = {"moves": followed["moves"][:steps]}
    followed = {name: of[: steps + 1] for name, of in followed.items()} | moves
    points = followed["points"].swapaxes(0, 1).reshape(-1, many, steps + 1, 2)
    return _paths(descents, {name: of[:, :many] for name, of in followed.items()}), points[1:]


def _paths(descents: Sequence[Descent], followed: Mapping[str, Array]) -> list[Path]:
    points, errors, gradients, moves = (followed[name] for name in ("points", "errors", "gradients", "moves"))
    finite: NDArray[np.bool_] = (
        np.isfinite(points).all(axis=2) & np.isfinite(gradients).all(axis=2) & np.isfinite(errors)
    )
    clipped = (moves != -gradients[:-1]).any(axis=2) & finite[:-1]
    turns = np.arctan2(moves[..., 1], moves[..., 0]) - np.arctan2(-gradients[:-1, :, 1], -gradients[:-1, :, 0])
    turned = np.abs(np.rad2deg(np.mod(turns + np.pi, 2.0 * np.pi) - np.pi))
    every = {"points": points, "errors": errors, "gradients": gradients, "clipped": clipped, "turned": turned}
    return [
        Path(
            descent=descent,
            ended=None if finite[:, m].all() else int(finite[:, m].argmin()),
            **{name: of[:, m].copy() for name, of in every.items()},  # a view would keep those of all descents
        )
        for m, descent in enumerate(descents)
    ]


def _follow(
    steps: int, starts: Array, *, learning_rate: Array, threshold: Array, clipping: NDArray[np.str_]
) -> dict[str, Array]:
    """Points, errors and gradients (steps + 1, M, ...) and moves (steps, M, 2), before the rate, from starts (M, 2)."""
    points = np.full((steps + 1, *starts.shape), np.nan)
    gradients, moves, errors = points.copy(), points[:-1].copy(), points[..., 0].copy()
    points[0] = starts
    by_norm, limits = clipping == "norm", np.where(clipping == "value", threshold, np.inf)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(steps + 1):
            surface = error_surface(points[k, :, 0], points[k, :, 1])
            errors[k], gradients[k, :, 0], gradients[k, :, 1] = surface.error, surface.gradient_w, surface.gradient_b
            if k < steps:
                norms = np.hypot(surface.gradient_w, surface.gradient_b)
                scales = np.where(by_norm, np.minimum(1.0, threshold / (norms + _TORCH_EPSILON)), 1.0)
                moves[k] = -np.clip(gradients[k] * scales[:, None], -limits, limits)
                following = points[k] + learning_rate[:, None] * moves[k]
                points[k + 1] = np.where(np.isfinite(norms)[:, None], following, np.nan)
    return {"points": points, "errors": errors, "gradients": gradients, "moves": moves}
