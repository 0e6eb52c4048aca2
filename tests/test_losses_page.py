"""The page "Which loss, how far back": its tables against the library, its words against its numbers."""

import json
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, run, run_losses
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.losses import PICTURE
from rnn_dynamics.pictures.losses.answer import BINS, TRUNCATIONS, LossAnswer, loss_answer, truncations_for
from rnn_dynamics.pictures.losses.table import bar_ends
from tests.every import every
from tests.pictured import column, drawn_by, said_by
from tests.test_pages import link, not_taken, open_page, shown

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
SMALL = replace(OPENING, sequence_length=30, hidden_size=6, input_size=3)
cells = every("cell", CELLS)


def words(experiment: Experiment, truncation: str = "10") -> str:
    return said_by(PICTURE, experiment, truncation=truncation)


# The tables


@cells
def test_curves_and_map_are_the_library_s(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    found, answer = drawn_by(PICTURE, experiment), run_losses(experiment, truncations_for(30))
    (whole,) = found["whole"]
    steps = point_steps(30).tolist()
    assert [(row["loss"], row["step"]) for row in found["losses"]] == [(k, t) for k in steps for t in steps if t <= k]
    assert column(found["pointed"], "loss") == steps
    for row in found["losses"]:
        assert row["log10_norm"] == pytest.approx(answer.log10_norms[row["loss"] - 1, row["step"] - 1], rel=1e-6)
        assert row["above"] < row["loss"] < row["below"]
        assert whole["dark"] <= row["log10_norm"] <= whole["bright"]
    for name, norms in {"every": answer.every, "last": answer.last}.items():
        assert column(found["sums"], "log10_norm", name=name) == pytest.approx(norms[point_steps(30) - 1], rel=1e-6)


def test_the_strips_of_the_map_fill_it_without_a_gap() -> None:
    rows = drawn_by(PICTURE, OPENING)["losses"]
    sides = dict.fromkeys((row["above"], row["below"]) for row in rows)
    edges = [0.5, *(below for _, below in sides)]
    assert list(sides) == list(pairwise(edges))
    assert edges[-1] == 100.5


def test_where_no_gradient_arrives_the_map_is_empty() -> None:
    rows = drawn_by(PICTURE, replace(SMALL, weight_scale=0.0))["losses"]
    assert all((row["log10_norm"] is None) == (row["step"] < row["loss"]) for row in rows)


@cells
def test_the_bars_are_sums_over_distances_and_make_a_hundred(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, sequence_length=25)
    shares, found = loss_answer(experiment).trace.shares, drawn_by(PICTURE, experiment, below="shares")
    assert found["whole"][0]["bins"].split("|") == ["same step", "1–2", "3–5", "6–10", "11–20", "21–50", "> 50"]
    for t in range(25):
        bars = [row for row in found["bars"] if row["edge"] == t + 0.5]
        by_hand = dict.fromkeys(range(6), 0.0)
        for k in range(t, 25):
            by_hand[max(place for place, first in enumerate(BINS) if first <= k - t)] += 100.0 * shares[k, t]
        heights = {row["bin"]: row["share"] for row in bars}
        assert heights == pytest.approx(by_hand, abs=1e-4)
        assert sum(heights.values()) == pytest.approx(100.0, abs=1e-4)


def test_bars_are_the_shares_of_the_steps_and_their_axis_reaches_below_zero_where_some_are_negative() -> None:
    binned, found = loss_answer(OPENING).binned, drawn_by(PICTURE, OPENING, below="shares")
    shares = binned[:, point_steps(100) - 1]
    assert (shares < -0.1).any()
    (whole,) = found["whole"]
    assert (whole["least"], whole["most"]) == bar_ends(binned)
    assert whole["least"] <= np.minimum(shares, 0).sum(axis=0).min()
    assert whole["most"] >= np.maximum(shares, 0).sum(axis=0).max()
    for place, share in enumerate(shares):
        np.testing.assert_allclose(column(found["bars"], "share", bin=place), [*share, share[-1]], atol=1e-4)


def test_what_truncation_leaves_is_drawn_at_every_position_of_the_slider() -> None:
    experiment = replace(OPENING, cell="lstm")
    found, trace = drawn_by(PICTURE, experiment, truncation="50", below="truncation"), loss_answer(experiment).trace
    (whole,) = found["whole"]
    assert trace.truncations.tolist() == [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 70, 100]
    assert found["cut"][0]["tau"] == 50
    for name in ("every", "last"):
        errors = trace.log10_errors[name]
        shown = [error for error in column(found["cuts"], "log10_error", name=name) if error is not None]
        expected = errors[(errors >= -4.0) & (errors <= whole["error"])]
        assert column(found["cuts"], "truncation", name=name) == trace.truncations.tolist()
        assert shown == pytest.approx(expected, rel=1e-6)
        assert column(found["cuts"], "angle", name=name) == pytest.approx(trace.angles[name], rel=1e-6)


def test_what_stands_below_leaves_the_curves_as_they_are() -> None:
    losses, *others = (drawn_by(PICTURE, OPENING, below=below) for below in PICTURE.settings["below"].values)
    assert set(losses) == {"sums", "labels", "whole", "losses", "pointed", "cut"}
    for other, tables in zip(others, ({"bars"}, {"cuts", "cut"}), strict=True):
        assert set(other) == {"sums", "labels", "whole"} | tables
        assert (other["sums"], other["labels"]) == (losses["sums"], losses["labels"])
        assert {name: other["whole"][0][name] for name in ("curves", "low", "high")}.items() <= (
            losses["whole"][0].items()
        )


def test_the_tables_for_download_hold_every_number() -> None:
    answer = loss_answer(SMALL)
    frame = PICTURE.files["loss_by_time"](answer, {})
    assert len(frame) == 30 * 31 / 2
    row = frame.query("loss == 20 and step == 7").iloc[0]
    exact = (13, answer.trace.log10_norms[19, 6], answer.trace.shares[19, 6])
    assert (row["distance"], row["log10_norm"], row["share"]) == exact
    assert frame.groupby("step")["share"].sum().to_numpy() == pytest.approx(np.ones(30), abs=1e-12)
    cuts = PICTURE.files["truncation"](answer, {})
    np.testing.assert_array_equal(cuts["angle_last"], answer.trace.angles["last"])
    np.testing.assert_array_equal(cuts["log10_error_every"], answer.trace.log10_errors["every"])


@every(
    "changes",
    [
        {"text": "a"},
        {"text": "ab"},
        {"weight_scale": 0.0},
        {"weight_scale": 10.0, "nonlinearity": "relu", "initialisation": "identity", "sequence_length": 200},
        {"input_scale": 0.0, "nonlinearity": "relu"},
        {"input_scale": 0.0, "cell": "lstm"},
        {"hidden_size": 2, "weight_scale": 10.0, "cell": "gru"},
    ],
)
def test_the_strangest_settings_have_a_picture_and_words_without_nan(changes: dict[str, Any]) -> None:
    experiment = replace(OPENING, **changes)
    for truncation, below in product((TRUNCATIONS[0], TRUNCATIONS[-1]), PICTURE.settings["below"].values):
        finding = words(experiment, truncation)
        drawn = drawn_by(PICTURE, experiment, truncation=truncation, below=below)
        assert "nan" not in json.dumps(drawn, allow_nan=False) + finding
        assert "inf" not in finding


def test_a_large_network_is_answered_with_fewer_sequences_and_says_so() -> None:
    large = replace(OPENING, cell="lstm", hidden_size=64, sequence_length=200, batch_size=8)
    fewer = loss_answer(large).experiment.batch_size
    assert 1 <= fewer < 8
    assert f"computes only {fewer} of the 8 sequences" in words(large)
    assert loss_answer(OPENING).experiment.batch_size == OPENING.batch_size
    assert "of the 2 sequences" not in words(OPENING)
    assert "computes only 1 of the 2 sequences" in words(replace(OPENING, cell="lstm"))


# The words


def test_the_opening_says_what_a_loss_at_every_step_hides() -> None:
    last, every = (run(replace(OPENING, loss_at=at)).log10_norms["hidden"] for at in ("last", "every"))
    orders = round(last[0] - last[-1])
    assert orders < -15
    assert abs(every[0] - every[-1]) < 1
    finding, (whole,) = words(OPENING), drawn_by(PICTURE, OPENING)["whole"]
    power = power_of_ten(orders)
    assert "A loss at every step refills the gradient at each step and so hides that it vanishes" in finding
    assert f"<b>×{power}</b>" in finding
    assert whole["curves"].startswith("Vanishing is hidden")
    assert f"×{power}" in whole["curves"]


@every(
    ("experiment", "title", "said"),
    [
        (OPENING, "Vanishing is hidden", "hides that it vanishes"),
        (replace(OPENING, cell="lstm"), "Back at step 1", "comes from the losses of the same step"),
        (replace(OPENING, weight_scale=3.0), "Errors grow", "leaves out the part that grows"),
        (replace(OPENING, weight_scale=0.0), "Vanishing is hidden", "hides that it vanishes"),
        (replace(OPENING, text="a"), "A single step", "they add up to exactly 100 %"),
    ],
)
def test_each_case_has_its_title_and_its_sentence(experiment: Experiment, title: str, said: str) -> None:
    assert drawn_by(PICTURE, experiment)["whole"][0]["curves"].startswith(title)
    assert said in words(experiment)


def test_nothing_is_called_hidden_where_both_curves_fall() -> None:
    trace = loss_answer(OPENING).trace
    both = LossAnswer(trace=replace(trace, every=trace.last), asked=2)
    assert PICTURE.texts(sentences("losses"), both, PICTURE.views)["curves"].startswith("Back at step 1")


def test_the_horizon_of_half_of_the_losses_is_counted_loss_by_loss() -> None:
    answer = loss_answer(OPENING)
    lags = []
    for k in range(1, 101):
        row = answer.trace.log10_norms[k - 1, :k][::-1]
        gone = np.flatnonzero(row < row[0] - 2.0)
        lags.append(int(gone[0]) if len(gone) else 10**9)
    assert answer.median_horizon == sorted(lags)[49]
    assert loss_answer(replace(OPENING, cell="lstm")).median_horizon is None


def test_the_near_share_is_the_mean_over_the_first_half() -> None:
    experiment = replace(OPENING, cell="lstm")
    answer = loss_answer(experiment)
    shares = [sum(answer.trace.shares[k, t] for k in range(t, t + 6)) for t in range(50)]
    assert answer.near_share == pytest.approx(100.0 * np.mean(shares), rel=1e-12)
    assert (
        f"{answer.near_share:.0f} % of what arrives"
        in drawn_by(PICTURE, experiment, below="shares")["whole"][0]["bars"]
    )


@every("below", ("shares", "truncation"))
def test_no_single_loss_is_judged_or_described_where_none_can_be_pointed_at(below: str) -> None:
    answer = replace(loss_answer(SMALL))
    PICTURE.drawn_from(answer, {"truncation": "10", "below": below}, sentences("losses", "en"))
    assert not {"single", "median_horizon"} & vars(answer).keys()
    PICTURE.drawn_from(answer, {"truncation": "10", "below": "losses"}, sentences("losses", "en"))
    assert {"single", "median_horizon"} <= vars(answer).keys()


@every(
    ("changes", "every", "last"),
    [({}, 9, 10), ({"cell": "lstm", "batch_size": 1}, 88, 98), ({"cell": "gru", "sequence_length": 50}, 11, 10)],
)
def test_enough_is_the_exact_truncation_from_which_all_are_within_one_per_cent(
    changes: dict[str, Any], every: int, last: int
) -> None:
    experiment = replace(OPENING, **changes)
    length = experiment.sequence_length
    each = run_losses(experiment, range(1, length + 1))
    for name, expected in {"every": every, "last": last}.items():
        short = np.flatnonzero(10.0 ** each.log10_errors[name] > 0.01)
        assert loss_answer(experiment).trace.sufficient[name] == short[-1] + 2 == expected
        assert f"τ = {expected}</td></tr>" in words(experiment)


def test_a_truncation_beyond_the_sequence_is_the_whole_gradient() -> None:
    for below in ("losses", "truncation"):
        (cut,) = drawn_by(PICTURE, SMALL, truncation="200", below=below)["cut"]
        assert cut == {"tau": 30, "cut": "Truncated at τ = T = 30:|nothing is cut off"}
    assert "relative error 0 %, angle 0.0°" in words(SMALL, "200")


# Chart and page


def test_the_truncation_has_its_place_in_the_link() -> None:
    app = open_page("losses", {"truncation": "50"})
    assert not not_taken(app)
    assert "τ = 50" in shown(app)["0-cut"][0]["cut"]
    assert "truncation=50" in link(app).split("&")
    wrong = open_page("losses", {"truncation": "4"})
    assert not wrong.exception
    (said,) = not_taken(wrong)
    assert "`truncation = 4`" in said
    assert "truncation=10" in link(wrong).split("&")


@every("below", ["losses", "shares", "truncation"])
def test_what_stands_below_has_its_place_in_the_link(below: str) -> None:
    app = open_page("losses", {"below": below})
    assert not not_taken(app)
    assert f"below={below}" in link(app).split("&")
    assert set(shown(app)) >= {{"losses": "0-losses", "shares": "0-bars", "truncation": "0-cuts"}[below]}


def test_the_truncation_changes_no_other_part_of_the_picture() -> None:
    app = open_page("losses")
    before = shown(app)
    app.select_slider(key="truncation").set_value("50").run()
    after = shown(app)
    assert {name for name in before if before[name] != after[name]} == {"0-cut", "words"}
