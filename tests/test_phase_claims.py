"""What "Phase diagram" claims, at a hundred strange settings, held against single runs of the same networks."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rnn_dynamics import Experiment, phase_grid, run, split_by_lag
from rnn_dynamics.content import sentences
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.phase_crossing import row_crossing
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.phase_diagram import PICTURE
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, NETWORKS, phase_answer
from tests.claims import assert_fits_a_phone, assert_readable, factor_per_step, plain, strange_settings
from tests.every import every
from tests.pictured import rows_by_table

OPENING = Experiment(cell="rnn", sequence_length=20, hidden_size=8, batch_size=2, forget_bias=3.0)
PRESET = Experiment(cell="rnn", sequence_length=100, batch_size=2, forget_bias=3.0)
SETTINGS = list(strange_settings(OPENING, 120, sequence_length=(1, 2, 3, 10), hidden_size=(2, 8), text=("", "ab")))


def said_at(experiment: Experiment, across: str = "input") -> str:
    """Titles, labels, table and notes, with the row of the chosen input alone."""
    views, words = {"across": across}, sentences("phase_diagram")
    there = frozenset({experiment.input_scale} if experiment.sequence_length > 1 else ())
    answer = phase_answer(experiment, views, there)
    tables = rows_by_table(PICTURE.tables_of(words, answer, views))
    (names,), (whole,) = tables["names"], tables["whole"]
    assert_fits_a_phone(whole["map"], whole["split"])
    texts = [whole["map"], *(names[name] for name in ("here", "total", "share")), whole["split"]]
    return "\n".join([*texts, plain(PICTURE.finding(words, answer, views)), plain(PICTURE.claim(words, answer, views))])


def measured_row(experiment: Experiment) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """log10 of the factors at every weight scale of the slider."""
    (row,) = phase_grid(experiment, WEIGHT_SCALES, [experiment.input_scale], range(NETWORKS))
    return np.asarray(row.log10_factors)


def is_in(ranges: str, scale: float) -> bool:
    """Whether a weight scale is in one of the ranges of the table."""
    if ranges in ("all", "none"):
        return ranges == "all"
    for one in ranges.split(", "):
        ends = [float(end) for end in re.findall(r"\d+\.\d+", one)]
        low, high = (ends[0], np.inf) if "above" in one else (0.0, ends[0]) if "below" in one else ends
        if low - 0.005 <= scale <= high + 0.005:
            return True
    return False


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    said = said_at(experiment)
    assert_readable(said)
    assert phase_answer(experiment, {"across": "lag"}).digits == split_by_lag(experiment).digits
    if experiment.sequence_length == 1:
        assert "grow" not in said
        return
    factors, title = measured_row(experiment), said.partition("\n")[0]
    known = ~np.isnan(factors)
    scales, up = np.array(WEIGHT_SCALES)[known], factors[known] >= 0.0
    ranges = re.search(rf"^{experiment.input_scale:g} \| ([^|\n]+)", said, re.M)
    assert ranges
    border = np.abs(factors[known]) < 1e-3  # two digits of a weight scale cannot say on which side it is
    assert (border | (up == [is_in(ranges[1].strip(), scale) for scale in scales])).all()
    turns = int((up[:-1] != up[1:]).sum())
    if "at every weight scale" in title:
        assert set(up) == {"grow" in title}
    elif match := re.search(r"crosses ×1 (\d+) times", title):
        assert turns == int(match[1]) > 1
    else:
        assert turns == (2 if " from weight scale " in title.replace("|", " ") else 1)
        assert up[-1] == ("above" in title)
        assert up[0] == ("below" in title)
    if "gates do not prevent an explosion" in said:
        assert experiment.cell == "lstm"
        assert f"at most ×{10 ** factors[known].max():.3g}"[:14] in said
    if "hidden path cut" in said:
        assert experiment.hidden_path == "cut"
    if "larger than 1 only without input" in said:
        assert theory.mean_field_crossing(replace(experiment, input_scale=0.0)) == pytest.approx(1.0)


@every("experiment", [PRESET, *SETTINGS[:6]])
def test_the_factor_here_is_the_geometric_mean_of_single_networks(experiment: Experiment) -> None:
    single = [factor_per_step(run(replace(experiment, seed=seed)).log10_norms["hidden"]) for seed in range(NETWORKS)]
    mean = float(np.exp(np.mean(np.log(single))))
    found = re.search(
        r"changes by ×(\S+) per step .* networks \(single networks: ×(\S+) to ×([\d.]+)", said_at(experiment)
    )
    assert found
    assert [float(part) for part in found.groups()] == pytest.approx([mean, min(single), max(single)], rel=6e-3)


@every("weight_scale", [0.5, 1.0, 3.0])
def test_the_last_steps_that_are_named_make_the_sum_and_one_less_does_not(weight_scale: float) -> None:
    experiment = replace(PRESET, weight_scale=weight_scale)
    found = re.search(r"99 % after (\d+) step", said_at(experiment))
    assert found
    running, steps = split_by_lag(experiment).cumulative_share[::-1], int(found[1])
    assert np.abs(running[steps - 1 :] - 1.0).max() <= 0.01 < abs(running[steps - 2] - 1.0)


@every(
    ("changes", "title"),
    [
        (
            {"cell": "lstm", "initialisation": "identity", "forget_bias": 5.0, "sequence_length": 20},
            "gradients grow|below weight scale",
        ),
        (
            {
                **{"cell": "lstm", "hidden_size": 2, "forget_bias": 5.0, "sequence_length": 20},
                **{"input_scale": 0.316, "weight_scale": 3.0},
            },
            "gradients grow|from weight scale 0.14 to 1.52 (measured)",
        ),
        ({"hidden_path": "cut"}, "gradients shrink|at every weight scale"),
    ],
)
def test_a_title_looks_at_the_whole_slider(changes: dict[str, object], title: str) -> None:
    assert title in said_at(replace(PRESET, **changes))  # type: ignore[arg-type]


@every("across", ["input", "lag"])
def test_mean_fields_border_is_told_over_all_inputs_however_many_rows_there_are(across: str) -> None:
    ends = [theory.critical_weight_scale(scale**2) for scale in (0.0, 3.0)]
    assert f"from {ends[0]:.2f} to {ends[1]:.2f}" in said_at(PRESET, across)


def test_pytorchs_default_has_no_border_at_one_without_input_either() -> None:
    torch_default = replace(PRESET, initialisation="torch")
    at_rest = theory.mean_field_crossing(replace(torch_default, input_scale=0.0))
    assert at_rest is not None
    assert at_rest > 2.0
    assert f"is {at_rest:.2f} without input" in said_at(torch_default)
    assert "only without input" not in said_at(torch_default)
    (row,) = phase_grid(torch_default, WEIGHT_SCALES, [0.0], range(NETWORKS))
    measured = row_crossing(row).measured
    assert measured is not None
    assert measured > 2.0


# The prose


@cache
def border_against_mean_field(hidden_size: int, input_scale: float) -> float:
    (row,) = phase_grid(replace(PRESET, hidden_size=hidden_size), WEIGHT_SCALES, [input_scale], range(NETWORKS))
    found = row_crossing(row)
    assert found.measured is not None
    assert found.predicted is not None
    return found.measured / found.predicted - 1.0


def test_the_measured_border_differs_from_mean_field_by_what_the_page_says() -> None:
    gaps = {scale: border_against_mean_field(32, scale) for scale in INPUT_SCALES if 0.1 <= scale <= 2.0}
    assert all(0.105 < gap < 0.155 for scale, gap in gaps.items() if scale >= 0.5)
    assert gaps[0.316] == pytest.approx(0.20, abs=0.006)
    assert 0.45 < gaps[0.1] < 0.5
    assert all(abs(border_against_mean_field(128, scale)) < 0.04 for scale in (0.1, 0.5, 2.0))


def test_the_lstm_has_the_factors_that_the_prose_names() -> None:
    asked = (0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0)

    def factors(**changes: object) -> dict[float, float]:
        preset = replace(PRESET, input_scale=0.316, **changes)  # type: ignore[arg-type]
        (row,) = phase_grid(preset, asked, [0.316], range(NETWORKS))
        return dict(zip(asked, (10**row.log10_factors).tolist(), strict=True))

    opened = factors(cell="lstm")
    assert (opened[0.1], opened[10.0]) == pytest.approx((0.96, 1.22), abs=0.005)
    assert all(1.01 < opened[scale] < 1.05 for scale in asked[1:-1])
    rnn = factors()
    assert rnn[0.5] == pytest.approx(0.48, abs=0.005)
    assert rnn[5.0] == pytest.approx(1.33, abs=0.05)  # its states are chaotic: another order of sums makes it 1.34
    shut = factors(cell="lstm", forget_bias=0.0)
    assert [shut[scale] for scale in (0.5, 1.0, 2.0)] == pytest.approx([0.61, 0.72, 0.91], abs=0.006)


def test_beyond_the_border_the_first_steps_make_the_sum() -> None:
    assert "99 % after 5 steps" in said_at(PRESET)
    running = split_by_lag(replace(PRESET, weight_scale=3.0)).cumulative_share[::-1]
    assert abs(running[79]) < 0.1
