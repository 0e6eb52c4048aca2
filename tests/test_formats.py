"""What float16, bfloat16 and float32 make of a gradient, against torch's own limits and casts."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_dynamics.own.formats import FORMATS, Format, Lags, Stored, stored
from tests.every import every

KINDS = {kind.name: getattr(torch, kind.name) for kind in FORMATS}


def cast(values: NDArray[np.float64], kind: str) -> torch.Tensor:
    return torch.tensor(values).to(KINDS[kind]).to(torch.float64)


def found(arrays: NDArray[np.float64]) -> dict[str, Stored]:
    """Of the entries (L, K) at each lag."""
    with np.errstate(divide="ignore"):
        norms = np.log10(np.linalg.norm(arrays, axis=1))
    return {one.format: one for one in stored(norms, arrays.shape[1])}


@every("kind", FORMATS)
def test_the_limits_of_a_format_are_torchs(kind: Format) -> None:
    info = torch.finfo(KINDS[kind.name])
    smallest = float(torch.tensor(info.tiny, dtype=torch.float64) * info.eps)
    assert (2.0**kind.lowest, 2.0**kind.log2_smallest) == (info.tiny, smallest)
    assert np.isclose(2.0**kind.log2_largest, info.max, rtol=1e-14)
    assert cast(np.array([smallest]), kind.name) == smallest
    assert cast(np.array([smallest / 2.0]), kind.name) == 0.0 < cast(np.array([smallest * 0.5001]), kind.name)
    edge = 2.0**kind.log2_infinite
    assert cast(np.array([edge * (1.0 + 1e-7)]), kind.name).isinf()
    assert cast(np.array([edge * (1.0 - 1e-7)]), kind.name).isfinite()


@every("factor", [0.9, 0.5, 0.3, 1.5, 4.0])
def test_a_single_number_is_zero_or_infinite_at_the_very_lags_that_are_said(factor: float) -> None:
    values = 0.7 * factor ** np.arange(160.0)
    for kind, one in found(values[:, None]).items():
        there = cast(values, kind)
        assert one.zero == lags(there == 0.0)
        assert one.infinite == one.norm == lags(there.isinf())
        assert one.subnormal == lags(torch.tensor(values < torch.finfo(KINDS[kind]).tiny))


def lags(holds: torch.Tensor) -> Lags | None:
    at = holds.nonzero().ravel().tolist()
    return Lags(at[0], at[-1], len(at)) if at else None


@given(st.floats(-3.0, 3.0), st.integers(1, 60), st.floats(-30.0, 30.0), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_what_is_said_of_many_entries_is_certain(
    log10_factor: float, steps: int, start: float, entries: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    arrays = generator.standard_normal((steps, entries)) * 10.0 ** (start + log10_factor * np.arange(steps)[:, None])
    arrays[generator.random(steps) < 0.1] = 0.0
    known = arrays.any(axis=1)
    for kind, one in found(arrays).items():
        there, limits = cast(arrays, kind), torch.finfo(KINDS[kind])
        zero, infinite = (there == 0.0).all(dim=1), there.isinf().any(dim=1)
        if one.zero is not None:
            assert zero[one.zero.first : one.zero.last + 1].sum() >= one.zero.many
            assert zero[one.zero.first]
            assert zero[one.zero.last]
        if one.infinite is not None:
            assert infinite[one.infinite.first]
            assert infinite[one.infinite.last]
        if one.norm is None:
            assert not infinite.any()
        assert_nearest(one, arrays[known], kind, (limits.tiny, limits.max))


def assert_nearest(one: Stored, arrays: NDArray[np.float64], kind: str, limits: tuple[float, float]) -> None:
    """The scale keeps all within the limits, and no power of two that is nearer to 1 does."""
    if not len(arrays):
        return
    tiny, largest = np.log2(limits)
    typical = np.log2(np.sqrt(np.square(arrays).mean(axis=1)).min())
    norm = np.log2(np.linalg.norm(arrays, axis=1).max())
    fits = [power for power in range(-1200, 1200) if typical + power >= tiny and norm + power <= largest]
    assert one.log2_scale == (min(fits, key=abs) if fits else None)
    if one.log2_scale is not None:
        assert cast(np.ldexp(arrays, one.log2_scale), kind).isfinite().all()


def test_a_gradient_that_is_zero_in_any_format_loses_nothing_in_one() -> None:
    fine = [(None, None, None, None, 0)] * 3
    for norms in (np.full(5, -np.inf), np.array([0.0, -1.0, -np.inf])):
        assert [(of.zero, of.subnormal, of.infinite, of.norm, of.log2_scale) for of in stored(norms, 3)] == fine


def test_what_is_further_apart_than_a_format_reaches_is_saved_by_no_scale() -> None:
    for one in stored(np.array([0.0, -400.0, 0.0]), 1):
        assert (one.zero, one.log2_scale) == (Lags(1, 1, 1), None)


def test_a_scale_that_saves_float16_is_the_nearest_power_of_two() -> None:
    # 2^-20 is subnormal in float16, whose smallest normal number is 2^-14 and whose largest is below 2^16
    small = found(2.0 ** -np.array([[3.0], [20.0]]))["float16"]
    assert (small.zero, small.subnormal, small.log2_scale) == (None, Lags(1, 1, 1), 6)
    large = found(2.0 ** np.array([[3.0], [20.0]]))["float16"]
    assert (large.infinite, large.log2_scale) == (Lags(1, 1, 1), -5)
