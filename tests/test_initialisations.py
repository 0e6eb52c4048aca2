"""What default initialisations really do; the factors that were measured elsewhere are among the laws."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from rnn_dynamics import Experiment, run_family
from rnn_dynamics.engine.schemes import scheme_experiment
from rnn_dynamics.engine.verdict import Verdicts, joined, judge_each
from rnn_dynamics.laws.initialisations import FACTORS, WIDE
from rnn_dynamics.pictures.initialisation.answer import InitialisationAnswer
from rnn_dynamics.pictures.initialisation.table import table_file
from tests.every import every

Array = NDArray[np.float64]


def line(log10_factor: float, length: int = 100) -> Array:
    """A gradient that changes by the same factor at each step back, step 1 first."""
    return -2.0 + log10_factor * np.arange(length - 1.0, -1.0, -1.0)


def row_of(norms: Array) -> Verdicts:
    return judge_each(norms, np.full(len(norms), 11))


def table_of(**rows: Verdicts) -> pd.DataFrame:
    """Of rows by scheme and cell, such as torch_rnn."""
    named = {(scheme, cell): row for name, row in rows.items() for scheme, _, cell in [name.partition("_")]}
    return table_file(InitialisationAnswer(experiment=Experiment(), rows=named, seeds=range(20)), {})


DEAD = np.concatenate([np.full(70, -np.inf), line(0.0, 30)])
GONE = np.concatenate([np.full(99, -np.inf), [-1.0]])


@every(("asked", "measured"), FACTORS.items())
def test_the_outcome_of_a_scheme_is_that_of_its_measured_factor(asked: tuple[str, str, float], measured: float) -> None:
    scheme, cell, weight_scale = asked
    wide = replace(WIDE, weight_scale=weight_scale)
    row = row_of(run_family(scheme_experiment(scheme, cell, wide), seeds=range(7)).log10_norms["input"])
    assert row.log10_factor.low < row.log10_factor.median < row.log10_factor.high
    outcome = "explodes" if measured > 1.0 else "holds" if measured > 0.96 else "vanishes"
    assert row.outcome == outcome


def test_a_row_of_several_parts_is_that_of_all_its_networks() -> None:
    norms = np.stack([line(slope) for slope in (-0.3, -0.1, 0.0, -0.2, -0.05)])
    digits = np.array([8, 5, 9, 9, 10])
    found, whole = joined([judge_each(norms[:2], digits[:2]), judge_each(norms[2:], digits[2:])]), row_of(norms)
    assert (found.networks, found.digits) == (5, 5)
    for name in ("log10_factor", "order", "horizon", "outcome"):
        assert getattr(found, name) == getattr(whole, name)


def test_straight_lines_give_their_slopes_shares_and_horizons() -> None:
    slopes = -np.arange(1, 101) / 100.0
    row = row_of(np.stack([line(slope) for slope in np.random.default_rng(1).permutation(slopes)]))
    for spread, scale in ((row.log10_factor, 1.0), (row.order, 99.0)):
        np.testing.assert_allclose((spread.low, spread.median, spread.high), np.multiply((-1.0, -0.505, -0.01), scale))
    assert row.outcome == "vanishes"
    assert row.horizon == 4.5  # 10^(−0.5 · 5) and 10^(−0.51 · 4) are the first below 10^−2


@every("length", [2, 3, 4, 5, 10, 100, 200])
def test_a_line_of_any_length_has_its_own_factor(length: int) -> None:
    row = row_of(line(-0.1, length)[None])
    assert row.log10_factor.low == pytest.approx(-0.1)
    assert row.order.high == pytest.approx(-0.1 * (length - 1))


def test_the_factor_is_measured_between_a_fifth_and_nine_tenths_of_the_sequence() -> None:
    curve = line(0.0)
    curve[-21:] += 5.0  # lags 0 to 20
    curve[:9] -= 5.0  # lags 91 to 99
    assert row_of(curve[None]).log10_factor.median == pytest.approx(-5.0 / 70.0)
    curve[-21] -= 5.0
    assert row_of(curve[None]).log10_factor.median == pytest.approx(0.0)


def test_the_horizon_is_missing_where_that_of_the_median_network_is() -> None:
    reached, never = line(-0.1), line(0.0)
    assert row_of(np.stack([reached, reached, never])).horizon == 21
    assert row_of(np.stack([reached, never, never])).horizon is None


def test_gradients_of_exactly_zero_are_counted_as_minus_infinity() -> None:
    row = row_of(np.stack([DEAD, GONE, GONE, DEAD, line(0.0)]))
    assert (row.log10_factor.median, row.log10_factor.high) == (-math.inf, 0.0)
    assert (row.order.median, row.order.high) == (-math.inf, 0.0)
    assert (row.outcome, row.horizon) == ("vanishes", 30)
    silent = row_of(np.full((3, 100), -np.inf))
    assert (silent.log10_factor.high, silent.order.high, silent.horizon) == (-math.inf, -math.inf, None)


def test_dead_units_of_a_small_irnn_are_in_the_table_without_a_warning() -> None:
    small = Experiment(hidden_size=3, input_size=2, batch_size=1, sequence_length=100)
    norms = run_family(scheme_experiment("irnn", "rnn", small), seeds=range(20)).log10_norms["input"]
    assert np.isneginf(norms[:, 0]).any()
    table = table_of(torch_rnn=row_of(norms))
    assert table["factor_per_step_low"][0] == 0.0
    assert table["log10_share_at_step_1_low"][0] == -math.inf


@every("shape", [(3, 1), (0, 100)])
def test_a_row_needs_a_network_and_two_steps(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"log10_norms of shape .* at least 1 network and 2 steps"):
        row_of(np.zeros(shape))


def test_the_table_has_a_row_for_each_scheme_and_cell() -> None:
    slow, fast = np.stack([line(0.0)] * 3), np.stack([line(-0.5)] * 3)
    table = table_of(torch_rnn=row_of(slow), keras_lstm=row_of(fast))
    assert list(table.columns) == [
        *("scheme", "cell", "factor_per_step", "factor_per_step_low", "factor_per_step_high", "horizon", "verdict"),
        *("log10_share_at_step_1", "log10_share_at_step_1_low", "log10_share_at_step_1_high", "digits"),
    ]
    assert table["scheme"].tolist() == ["PyTorch's default", "Keras's default"]
    assert table["verdict"].tolist() == ["holds", "vanishes"]
    np.testing.assert_allclose(table["factor_per_step"], [1.0, 10.0**-0.5])
    np.testing.assert_allclose(table["log10_share_at_step_1_high"], [0.0, -49.5])
    assert table["horizon"].isna().tolist() == [True, False]
    assert table.to_csv(index=False).splitlines()[2].startswith("Keras's default,LSTM,0.316")
    assert len(table_of()) == 0
