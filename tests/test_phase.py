"""The phase diagram: its rows against single runs, its crossings against mean field."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, PhaseRow, phase_grid, run, run_family
from rnn_dynamics.engine import phase, theory
from rnn_dynamics.engine.phase_crossing import Range, crossing, growing, row_crossing
from rnn_dynamics.engine.trace import FamilyTrace
from tests.every import every
from tests.oracle import Array

SMALL = Experiment(sequence_length=40, hidden_size=6, input_size=3, batch_size=2, seed=7)
SCALES = (0.0, 0.3, 1.0, 2.0)
WIDE = Experiment(cell="rnn", input_size=64, batch_size=8, sequence_length=40)
cells = every("cell", CELLS)


def factors(rows: Iterator[PhaseRow]) -> Array:
    return np.stack([row.log10_factors for row in rows])


@cells
def test_each_entry_is_the_mean_slope_of_one_run(cell: str) -> None:
    question = replace(SMALL, cell=cell)
    grid = factors(phase_grid(question, SCALES[1:], [0.1, 1.0]))
    for i, input_scale in enumerate([0.1, 1.0]):
        for j, weight_scale in enumerate(SCALES[1:]):
            hidden = run(replace(question, weight_scale=weight_scale, input_scale=input_scale)).log10_norms["hidden"]
            at_lag = hidden[::-1]
            assert grid[i, j] == pytest.approx((at_lag[36] - at_lag[8]) / 28, abs=1e-9)


@cells
def test_a_row_of_several_networks_is_the_mean_of_their_rows(cell: str) -> None:
    question = replace(SMALL, cell=cell)
    (together,) = phase_grid(question, SCALES, [0.5], seeds=[4, 2, 9])
    apart = [next(phase_grid(replace(question, seed=seed), SCALES, [0.5])) for seed in (4, 2, 9)]
    np.testing.assert_allclose(together.log10_factors_by_seed, [row.log10_factors for row in apart], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        together.log10_factors, np.mean([row.log10_factors for row in apart], axis=0), rtol=0, atol=1e-12
    )
    runs = [run(replace(question, weight_scale=1.0, input_scale=0.5, seed=seed)) for seed in (4, 2, 9)]
    norms = np.mean([trace.log10_norms["hidden"] for trace in runs], axis=0)
    np.testing.assert_allclose(together.log10_norms[SCALES.index(1.0)], norms, rtol=0, atol=1e-9)


@cells
def test_without_recurrent_weights_only_a_cell_that_keeps_h_itself_carries_a_hidden_gradient(cell: str) -> None:
    (row,) = phase_grid(replace(SMALL, cell=cell), SCALES, [1.0])
    assert np.isneginf(row.log10_factors[0]) == (cell in ("rnn", "jordan", "lstm", "slstm", "lru"))
    assert np.isfinite(row.log10_factors[1:]).all()


@every("length", [2, 3, 9, 10])
def test_a_network_at_rest_grows_by_the_weight_scale_at_any_length(length: int) -> None:
    at_rest = replace(SMALL, cell="rnn", initialisation="orthogonal", sequence_length=length)
    (row,) = phase_grid(at_rest, (0.5, 2.0), [0.0])
    np.testing.assert_allclose(row.log10_factors, np.log10([0.5, 2.0]), rtol=0, atol=1e-12)


def test_a_row_tells_its_largest_factor_and_those_at_one_weight_scale() -> None:
    (row,) = phase_grid(SMALL, (0.5, 2.0, 4.0), [0.5], seeds=range(3))
    singles = [next(phase_grid(SMALL, [2.0], [0.5], seeds=[seed])).log10_factors[0] for seed in range(3)]
    found = {"factor": np.mean(singles), "low": min(singles), "high": max(singles)}
    assert row.at(2.0) == pytest.approx(found)
    assert row.largest == max(row.log10_factors)
    assert not row.is_zero
    (silent,) = phase_grid(replace(SMALL, hidden_path="cut"), (0.5, 2.0), [0.5])
    assert (silent.is_zero, silent.largest) == (True, -np.inf)


def test_a_row_is_computed_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def noted(
        experiment: Experiment, weight_scales: tuple[float, ...], seeds: tuple[int, ...], beside: Sequence[str]
    ) -> FamilyTrace:
        if replace(experiment, input_scale=SMALL.input_scale) == SMALL:  # a page's thread may ask as well
            asked.append(experiment.input_scale)
        return run_family(experiment, weight_scales=weight_scales, seeds=seeds, beside=beside)

    monkeypatch.setattr(phase, "run_family", noted)
    rows = phase_grid(SMALL, SCALES, [0.2, 0.4, 0.6])
    assert asked == []
    row = next(rows)
    assert asked == [0.2]
    assert row.experiment == replace(SMALL, input_scale=0.2)
    assert (row.weight_scales, row.seeds) == (SCALES, (SMALL.seed,))
    assert row.log10_factors.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        row.log10_factors[...] = 0.0


def test_a_question_without_an_answer_is_refused_before_the_first_row() -> None:
    with pytest.raises(ValueError, match="sequence_length = 1 has no factor per step; the limit is 2"):
        phase_grid(replace(SMALL, sequence_length=1), SCALES, [1.0])
    with pytest.raises(ValueError, match="weight_scale = 11"):
        phase_grid(SMALL, [1.0, 11.0], [1.0])
    with pytest.raises(ValueError, match="input_scale = -1"):
        phase_grid(SMALL, SCALES, [1.0, -1.0])
    with pytest.raises(ValueError, match="seed = -1"):
        phase_grid(SMALL, SCALES, [1.0], seeds=[0, -1])
    with pytest.raises(ValueError, match="seeds is empty"):
        phase_grid(SMALL, SCALES, [1.0], seeds=[])


# Law 4, Chen, Pennington & Schoenholz 2018


@every("input_variance", [0.1, 0.5])
def test_the_squared_factor_is_chi(input_variance: float) -> None:
    wide, scales = replace(WIDE, hidden_size=512), (0.8, 1.2, 1.6, 2.0)
    draws = [factors(phase_grid(replace(wide, seed=k), scales, [math.sqrt(input_variance)])) for k in range(8)]
    chi = np.power(10.0, 2.0 * np.concatenate(draws)).mean(axis=0)
    np.testing.assert_allclose(chi, [theory.mean_field_chi(g, input_variance) for g in scales], rtol=0.01)


@every(
    ("initialisation", "input_size", "input_scale", "critical"),
    [
        ("gaussian", 64, math.sqrt(0.1), 1.409),
        ("gaussian", 64, math.sqrt(0.5), 1.686),
        # So many inputs that the biases, the same at each step and not fresh as mean field has them, are a small part.
        ("torch", 256, math.sqrt(0.3), math.sqrt(3.0) * 1.409),
    ],
)
def test_the_factor_crosses_one_at_the_critical_scale(
    initialisation: str, input_size: int, input_scale: float, critical: float
) -> None:
    """At H = 256 each draw within 4 % (eight draws had a standard deviation of 1.2 %), the mean of four within 2 %."""
    wide = replace(WIDE, initialisation=initialisation, hidden_size=256, input_size=input_size, sequence_length=60)
    scales = tuple(critical * np.geomspace(0.8, 1.25, 9))
    rows = [row for k in range(4) for row in phase_grid(replace(wide, seed=k), scales, [input_scale])]
    found = [row_crossing(row) for row in rows]
    measured = np.array([point.measured for point in found], dtype=np.float64)
    np.testing.assert_allclose(measured, critical, rtol=0.04)
    assert measured.mean() == pytest.approx(critical, rel=0.02)
    for point in found:
        assert point.predicted == pytest.approx(critical, rel=0.015 if initialisation == "torch" else 6e-4)


@every("changes", [{"cell": "lstm"}, {"cell": "gru"}, {"initialisation": "identity"}])
def test_without_a_mean_field_there_is_no_prediction(changes: dict[str, str]) -> None:
    (row,) = phase_grid(replace(WIDE, **changes), SCALES, [1.0])  # type: ignore[arg-type]
    assert row_crossing(row).predicted is None


def test_the_predicted_crossing_is_in_the_units_of_the_experiment() -> None:
    at_rest = replace(WIDE, input_scale=0.0, weight_scale=3.0)
    assert theory.mean_field_crossing(at_rest) == pytest.approx(1.0)
    biases = 2.0 / (3.0 * WIDE.hidden_size)
    assert theory.mean_field_crossing(replace(at_rest, initialisation="torch")) == pytest.approx(
        math.sqrt(3.0) * theory.critical_weight_scale(biases)
    )


# The crossing of a hand-made row


@every(
    ("log10_factors", "expected"),
    [
        ([-1.0, -0.5, 0.5, 1.0], 2.0 * math.sqrt(2.0)),  # halfway in the logarithm between 2 and 4
        ([-1.0, -0.1, 0.3, 1.0], 2.0 * 2.0**0.25),
        ([-1.0, 0.5, -0.5, 0.5], 4.0 * math.sqrt(2.0)),  # the last of two
        ([-1.0, 0.0, 0.5, 1.0], 2.0),  # 1 itself is not below 1
        ([-1.0, 0.5, 0.2, -0.5], math.exp(math.log(2.0) / 1.5)),  # what falls again does not count
        ([-1.0, -0.5, -0.2, -0.1], None),
        ([1.0, 0.5, 0.2, 0.1], None),
        ([0.5, -0.5, -0.6, -0.7], None),
        ([-math.inf, -math.inf, 0.5, 1.0], 4.0),
        ([-1.0, math.nan, 0.5, 1.0], 4.0 ** (2.0 / 3.0)),  # what is not known is left out
        ([math.nan, -0.5, 0.5, math.nan], 2.0 * math.sqrt(2.0)),
    ],
)
def test_the_crossing_lies_on_the_line_between_its_neighbours(
    log10_factors: list[float], expected: float | None
) -> None:
    assert crossing((1.0, 2.0, 4.0, 8.0), np.array(log10_factors)) == (
        None if expected is None else pytest.approx(expected, rel=1e-12)
    )


@every(
    ("log10_factors", "expected"),
    [
        ([-1.0, -0.5, 0.5, 1.0], ((2.0 * math.sqrt(2.0), None),)),
        ([1.0, 0.5, 0.2, 0.0], ((None, None),)),
        ([-1.0, -0.5, -0.2, -math.inf], ()),
        ([0.5, -0.5, -0.5, -0.5], ((None, math.sqrt(2.0)),)),
        ([-0.5, 0.5, -0.5, -0.5], ((math.sqrt(2.0), 2.0 * math.sqrt(2.0)),)),
        ([0.5, -0.5, 0.5, math.nan], ((None, math.sqrt(2.0)), (2.0 * math.sqrt(2.0), None))),
        ([math.nan] * 4, ()),
    ],
)
def test_gradients_grow_in_every_range_in_which_the_factor_is_one_or_more(
    log10_factors: list[float], expected: tuple[Range, ...]
) -> None:
    found = growing((1.0, 2.0, 4.0, 8.0), np.array(log10_factors))
    ends, expected_ends = (np.array(ranges, dtype=float).ravel() for ranges in (found, expected))  # None becomes nan
    np.testing.assert_allclose(ends, expected_ends, rtol=1e-12)


def test_a_power_law_crosses_where_it_is_one_whatever_the_grid() -> None:
    scales = np.geomspace(0.1, 10.0, 7)
    assert crossing(tuple(scales), 3.0 * np.log10(scales / 1.234)) == pytest.approx(1.234, rel=1e-12)


def test_weight_scale_zero_has_no_logarithm_and_gives_the_crossing_to_its_neighbour() -> None:
    assert crossing((0.0, 0.5), np.array([-0.3, 0.1])) == 0.5


def test_one_point_does_not_cross() -> None:
    assert crossing((1.0,), np.array([0.5])) is None


def test_scales_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 weight scales do not go with 1 factors"):
        crossing((1.0, 2.0), np.array([0.5]))
    with pytest.raises(ValueError, match="do not rise"):
        crossing((1.0, 1.0), np.array([0.5, 0.6]))
