"""The page "Which loss, how far back": tables against the library, words against its numbers, the cost as measured."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, run, run_losses
from rnn_dynamics.dashboard import measuring
from rnn_dynamics.pictures.cost import answer as cost
from rnn_dynamics.pictures.cost.answer import Measurement, cost_finding, cost_picture, network_of
from rnn_dynamics.pictures.cost.chart import STYLES, cost_chart
from rnn_dynamics.pictures.cost.table import (
    cost_datasets,
    cost_table,
    fitted_exponent,
    fixed_and_per_step,
    last_exponent,
)
from rnn_dynamics.pictures.kit.frames import MAP_POINTS, point_steps, shades
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, THEMES, Background
from rnn_dynamics.pictures.losses.answer import (
    TRUNCATIONS,
    affordable,
    claim,
    loss_answer,
    loss_picture,
    median_horizon,
    near_share,
    truncations_for,
)
from rnn_dynamics.pictures.losses.chart import DASHES, loss_chart
from rnn_dynamics.pictures.losses.table import BINS, binned_shares, loss_table, truncation_table
from rnn_dynamics.pictures.losses.words import loss_finding
from tests.test_pages import link, open_page, shown
from tests.test_tables import drawn, read

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
SMALL = replace(OPENING, sequence_length=30, hidden_size=6, input_size=3)
cells = pytest.mark.parametrize("cell", CELLS)


def rows(experiment: Experiment, truncation: str = "10") -> dict[str, list[dict[str, Any]]]:
    """The rows of every dataset of the picture."""
    return {name: read(data) for name, data in loss_picture(experiment, truncation, "#bf4400", SEQUENTIAL).items()}


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


# The tables


@cells
def test_curves_and_map_are_the_library_s(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    found, answer = rows(experiment), run_losses(experiment, truncations_for(30))
    (whole,) = found["whole"]
    low, high = whole["low"] / 100, whole["high"] / 100
    shown_steps = point_steps(30)
    assert [row["loss"] for row in found["losses"]] == shown_steps.tolist() == numbers(whole["steps"])
    curves = [(row["points"], answer.log10_norms[row["loss"] - 1]) for row in found["losses"]]
    curves += [(row["points"], getattr(answer, row["name"])) for row in found["sums"]]
    for points, norms in curves:
        at_steps = norms[shown_steps - 1]
        inside = (at_steps >= low) & (at_steps <= high)
        np.testing.assert_allclose(drawn(points), np.where(inside, at_steps, np.nan), rtol=0, atol=0.005 + 1e-9)
    stops, palette = point_steps(30, MAP_POINTS), shades(tuple(SEQUENTIAL))
    for row in found["losses"]:
        colours, norms = row["colours"].split(","), answer.log10_norms[row["loss"] - 1]
        for step, colour in zip(stops, colours, strict=True):
            if step <= row["loss"]:
                share = (norms[step - 1] - whole["dark"] / 100) / ((whole["bright"] - whole["dark"]) / 100)
                assert colour == palette[round(254 * min(max(share, 0.0), 1.0))]
        assert row["stretch"] == pytest.approx(30 / row["loss"])


@cells
def test_the_bars_are_sums_over_distances_and_make_a_hundred(cell: str) -> None:
    experiment = replace(SMALL, cell=cell, sequence_length=25)
    shares = loss_answer(experiment).shares
    heights = {row["label"]: np.subtract(numbers(row["to"]), numbers(row["from"])) for row in rows(experiment)["bins"]}
    assert list(heights) == ["same step", "1–2", "3–5", "6–10", "11–20", "21–50"]
    for t in range(25):
        by_hand = dict.fromkeys(heights, 0.0)
        for k in range(t, 25):
            label = next(name for first, name in reversed(BINS.items()) if k - t >= first)
            by_hand[label] += 100.0 * shares[k, t]
        found = {label: values[t] for label, values in heights.items()}
        assert found == pytest.approx(by_hand, abs=0.11)  # both ends have one decimal
        assert sum(found.values()) == pytest.approx(100.0, abs=0.71)


def test_bars_stack_upwards_from_zero_and_downwards_where_negative() -> None:
    shares = binned_shares(loss_answer(OPENING).shares)[:, point_steps(100) - 1]
    assert (shares < -0.001).any()
    up = down = np.zeros(shares.shape[1])
    for row, share in zip(rows(OPENING)["bins"], shares, strict=True):
        start, end = (np.array(numbers(row[key]))[:-1] for key in ("from", "to"))
        positive = share >= 0
        np.testing.assert_allclose(start, 100 * np.where(positive, up, down), atol=0.051)
        up, down = up + np.where(positive, share, 0), down + np.where(positive, 0, share)
        np.testing.assert_allclose(end, 100 * np.where(positive, up, down), atol=0.051)


def test_what_truncation_leaves_is_drawn_at_every_position_of_the_slider() -> None:
    experiment = replace(OPENING, cell="lstm")
    found, answer = rows(experiment, "50"), loss_answer(experiment)
    (whole,) = found["whole"]
    taus = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 70, 100]
    assert answer.truncations.tolist() == taus
    assert numbers(whole["truncations"]) == [round(100 * np.log10(tau)) for tau in taus]
    assert found["cut"][0]["tau"] == round(100 * np.log10(50))
    for row in found["cuts"]:
        errors, angles = answer.log10_errors[row["name"]], answer.angles[row["name"]]
        expected = np.where((errors >= -4.0) & (errors <= whole["error"] / 100), errors, np.nan)
        np.testing.assert_allclose(drawn(row["errors"]), expected, atol=0.0051)
        np.testing.assert_allclose(drawn(row["angles"]), angles, atol=0.0051)


def test_the_tables_for_download_hold_every_number() -> None:
    answer = loss_answer(SMALL)
    frame = loss_table(answer)
    assert len(frame) == 30 * 31 / 2
    row = frame.query("loss == 20 and step == 7").iloc[0]
    assert (row["distance"], row["log10_norm"], row["share"]) == (
        13,
        answer.log10_norms[19, 6],
        answer.shares[19, 6],
    )
    assert frame.groupby("step")["share"].sum().to_numpy() == pytest.approx(np.ones(30), abs=1e-12)
    cuts = truncation_table(answer)
    np.testing.assert_array_equal(cuts["angle_last"], answer.angles["last"])
    np.testing.assert_array_equal(cuts["log10_error_every"], answer.log10_errors["every"])


@pytest.mark.parametrize(
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
    ids=str,
)
def test_the_strangest_settings_have_a_picture_and_words_without_nan(changes: dict[str, Any]) -> None:
    experiment = replace(OPENING, **changes)
    for truncation in (TRUNCATIONS[0], TRUNCATIONS[-1]):
        text = json.dumps(rows(experiment, truncation), ensure_ascii=False)
        text += loss_finding(experiment, truncation)
        assert "NaN" not in text
        assert "Infinity" not in text
        assert "nan" not in text
        assert "inf" not in loss_finding(experiment, truncation)


def test_a_message_is_small() -> None:
    specification = json.dumps(loss_chart("light").to_dict(validate=False))
    for experiment in (OPENING, replace(OPENING, cell="lstm", sequence_length=200, hidden_size=64)):
        streams = loss_picture(experiment, "10", "#bf4400", SEQUENTIAL)
        assert len(specification) + sum(map(len, streams.values())) < 60_000


def test_a_large_network_is_answered_with_fewer_sequences_and_says_so() -> None:
    large = replace(OPENING, cell="lstm", hidden_size=64, sequence_length=200, batch_size=8)
    fewer = affordable(large).batch_size
    assert 1 <= fewer < 8
    assert f"computes {fewer} of the 8 sequences" in loss_finding(large, "10")
    assert affordable(OPENING).batch_size == OPENING.batch_size
    assert "of the 2 sequences" not in loss_finding(OPENING, "10")


# The words


def test_the_opening_says_what_a_loss_at_every_step_hides() -> None:
    last, every = (run(replace(OPENING, loss_at=at)).log10_norms["hidden"] for at in ("last", "every"))
    orders = round(last[0] - last[-1])
    assert orders < -15
    assert abs(every[0] - every[-1]) < 1
    finding, (whole,) = loss_finding(OPENING, "10"), rows(OPENING)["whole"]
    power = "10" + str(orders).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    assert "A loss at every step hides vanishing" in finding
    assert f"<b>×{power}</b>" in finding
    assert whole["curves"].startswith("Vanishing, hidden")
    assert f"×{power}" in whole["curves"]


@pytest.mark.parametrize(
    ("experiment", "title", "said"),
    [
        (OPENING, "Vanishing, hidden", "hides vanishing"),
        (replace(OPENING, cell="lstm"), "Back at step 1", "comes from the losses just ahead"),
        (replace(OPENING, weight_scale=3.0), "Errors grow", "leaves out what grows"),
        (replace(OPENING, weight_scale=0.0), "Vanishing, hidden", "hides vanishing"),
        (replace(OPENING, text="a"), "A single step", "they add up to 100 % exactly"),
    ],
    ids=str,
)
def test_each_case_has_its_title_and_its_sentence(experiment: Experiment, title: str, said: str) -> None:
    assert rows(experiment)["whole"][0]["curves"].startswith(title)
    assert said in loss_finding(experiment, "10")


def test_nothing_is_called_hidden_where_both_curves_fall() -> None:
    answer = loss_answer(OPENING)
    assert claim(answer) == "hidden"
    assert claim(replace(answer, every=answer.last)) == "both"


def test_the_horizon_of_half_of_the_losses_is_counted_loss_by_loss() -> None:
    answer = loss_answer(OPENING)
    lags = []
    for k in range(1, 101):
        row = answer.log10_norms[k - 1, :k][::-1]
        gone = np.flatnonzero(row < row[0] - 2.0)
        lags.append(int(gone[0]) if len(gone) else 10**9)
    assert median_horizon(answer) == sorted(lags)[49]
    assert median_horizon(loss_answer(replace(OPENING, cell="lstm"))) is None


def test_the_near_share_is_the_mean_over_the_first_half() -> None:
    answer = loss_answer(replace(OPENING, cell="lstm"))
    shares = [sum(answer.shares[k, t] for k in range(t, t + 6)) for t in range(50)]
    assert near_share(answer) == pytest.approx(100.0 * np.mean(shares), rel=1e-12)
    assert f"{near_share(answer):.0f} % of what arrives" in rows(replace(OPENING, cell="lstm"))["whole"][0]["bars"]


@pytest.mark.parametrize(
    ("changes", "every", "last"),
    [({}, 9, 10), ({"cell": "lstm"}, 97, 98), ({"cell": "gru", "sequence_length": 50}, 11, 10)],
)
def test_enough_is_the_exact_truncation_from_which_all_are_within_one_per_cent(
    changes: dict[str, Any], every: int, last: int
) -> None:
    experiment = replace(OPENING, **changes)
    length = experiment.sequence_length
    each = run_losses(experiment, range(1, length + 1))
    for name, expected in {"every": every, "last": last}.items():
        short = np.flatnonzero(10.0 ** each.log10_errors[name] > 0.01)
        assert loss_answer(experiment).sufficient[name] == short[-1] + 2 == expected
        assert f"τ = {expected}</td></tr>" in loss_finding(experiment, "10")


def test_a_truncation_beyond_the_sequence_is_the_whole_gradient() -> None:
    (cut,) = rows(SMALL, "200")["cut"]
    assert cut == {"tau": round(100 * np.log10(30)), "title": "Truncated at τ = T = 30:|nothing is cut off"}
    assert "relative error 0 %, angle 0.0°" in loss_finding(SMALL, "200")


# Chart and page


@pytest.mark.parametrize("background", THEMES)
def test_the_charts_are_valid_and_draw_every_dataset(background: Background) -> None:
    text = json.dumps(loss_chart(background).to_dict())
    assert all(f'"data": {{"name": "{name}"}}' in text for name in rows(SMALL))
    text = json.dumps(cost_chart("lstm", background).to_dict())
    assert all(f'"data": {{"name": "{name}"}}' in text for name in ("points", "fits", "whole"))
    for dashes in ([dash for _, dash in STYLES.values()], list(DASHES.values())):
        assert len({tuple(dash) for dash in dashes}) == len(dashes)


def test_the_truncation_has_its_place_in_the_link() -> None:
    app = open_page("losses", {"truncation": "50"})
    assert not [caption for caption in app.caption if caption.value.startswith("Of this link")]
    assert "τ = 50" in shown(app)["0-cut"][0]["title"]
    assert "truncation=50" in link(app).split("&")
    wrong = open_page("losses", {"truncation": "4"})
    assert not wrong.exception
    (said,) = (caption.value for caption in wrong.caption if caption.value.startswith("Of this link"))
    assert "`truncation = 4`" in said
    assert "truncation=10" in link(wrong).split("&")


def test_the_truncation_changes_no_other_part_of_the_picture() -> None:
    app = open_page("losses")
    before = shown(app)
    app.select_slider(key="truncation").set_value("50").run()
    after = shown(app)
    assert {name for name in before if before[name] != after[name]} == {"0-cut", "words"}


# The cost


def test_the_fit_finds_the_power_of_a_power_law() -> None:
    values = {length: 3.0 * length**1.7 for length in (50, 100, 400, 1600)}
    assert fitted_exponent(values) == pytest.approx(1.7, abs=1e-12)
    assert fitted_exponent({50: 1.0}) is None
    bent = {50: 1.0, 100: 2.0, 200: 8.0}
    assert last_exponent(bent) == pytest.approx(2.0, abs=1e-12)
    assert fitted_exponent(bent) == pytest.approx(1.5, abs=1e-12)


def test_a_fixed_part_beside_linear_growth_is_found_as_such_and_not_as_a_smaller_power() -> None:
    values = {length: 4e-4 + 9e-6 * length for length in (50, 100, 200, 400, 800, 1600)}
    assert fitted_exponent(values) < 0.85  # type: ignore[operator]
    assert fixed_and_per_step(values) == pytest.approx((4e-4, 9e-6), rel=1e-9)
    assert fixed_and_per_step({50: 1.0}) is None


def test_a_fixed_part_is_never_negative() -> None:
    values = {length: 9e-6 * (length - 10) for length in (50, 100, 200)}
    fixed, per_step = fixed_and_per_step(values) or (-1.0, 0.0)
    assert fixed == 0.0
    assert 7e-6 < per_step < 9e-6


def test_the_picture_of_the_cost_shows_values_against_the_shortest_and_their_fit() -> None:
    measured = {"forward": {50: 0.2, 100: 0.4, 200: 0.8}, "parameters": {50: 7.0, 100: 7.0, 200: 7.0}}
    tables = cost_datasets(measured, {"forward": "forward T^1", "parameters": "parameters T^0"}, "title")
    points = {(row["name"], row["x"]): row["y"] for row in read(tables["points"])}
    assert points == pytest.approx(
        {(name, T): T / 50 if name == "forward" else 1.0 for name in measured for T in (50, 100, 200)}
    )
    lines = {row["name"]: row for row in read(tables["fits"])}
    assert (lines["forward"]["y"], lines["forward"]["y2"]) == pytest.approx((1.0, 4.0))
    assert (lines["parameters"]["x"], lines["parameters"]["x2"]) == (50, 200)
    assert cost_table(measured).query("what == 'forward' and sequence_length == 100")["value"].item() == 0.4


def test_a_measurement_keeps_the_least_of_each_and_counts_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "LENGTHS", (5, 10))
    monkeypatch.setattr(cost, "MATRIX_LENGTHS", (5,))
    measurement = Measurement(network_of(replace(SMALL, cell="lstm")))
    shares = []
    while not measurement.complete:
        shares.append(measurement.share)
        measurement.advance()
    assert shares == pytest.approx([k / 15 for k in range(15)])
    assert {name: sorted(values) for name, values in measurement.values.items()} == {
        **{name: [5, 10] for name in ("forward", "backward", "parameters", "entries")},
        "matrix": [5],
    }
    assert measurement.values["entries"] == {5: 15, 10: 55}
    count = sum(values.size for values in run(measurement.experiment).parameters.values())
    assert set(measurement.values["parameters"].values()) == {count}
    measurement._keep("forward", 5, 0.0)
    measurement._keep("forward", 5, 1.0)
    assert measurement.values["forward"][5] == 0.0


def test_what_the_weights_are_does_not_change_the_measured_network_and_sizes_do() -> None:
    assert network_of(replace(OPENING, weight_scale=3.0, seed=5, initialisation="torch")) == network_of(OPENING)
    assert network_of(replace(OPENING, hidden_size=64)) != network_of(OPENING)
    assert network_of(replace(OPENING, cell="gru")) != network_of(OPENING)


def test_the_words_of_the_cost_are_its_numbers() -> None:
    lengths = (50, 100, 200)
    values: dict[str, dict[int, float]] = {
        "forward": {T: 1e-5 * T for T in lengths},
        "backward": {T: 5e-4 + 2e-5 * T for T in lengths},
        "parameters": dict.fromkeys(lengths, 6400),
        "entries": {T: T * (T + 1) // 2 for T in lengths},
        "matrix": {50: 0.01, 100: 0.02, 200: 0.08},
    }
    measurement = Measurement(network_of(replace(OPENING, cell="lstm")), values, done=10, stopped=True)
    finding = cost_finding(measurement)
    for said in ("0.5 ms", "6,400", "20,100", "T<sup>1.00</sup>", "T<sup>0</sup>", "T<sup>2.00</sup>", "Stopped"):
        assert said in finding
    for said in ("0.5 ms + 20 µs · T", "0 % of the forward", "33 % of the backward"):
        assert said in finding
    (whole,) = read(cost_picture(measurement)["whole"])
    assert "backward 0.5 ms + 20 µs · T" in whole["title"]
    assert "T<sup>0.79</sup>" in finding
    assert "computed in T^1.50" in whole["title"]


def test_measuring_shows_its_progress_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_SLICE", 1e-9)
    monkeypatch.setattr("rnn_dynamics.dashboard.frame.run_again", lambda: None)
    app = open_page("losses", {"hidden_size": "8"})
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key="measure").click().run()
    assert not app.exception
    (bar,) = app.get("progress")
    assert bar.proto.text.startswith("Forward and backward, T = 50, round 1")
    assert len(app.get("vega_lite_chart")) == 2
    assert len(shown(app)["1-points"]) == 4
    assert any("Linear in T" in str(one) for one in app.get("download_button"))
    app.button(key="stop_measuring").click().run()
    assert not app.get("progress")
    assert "Stopped before all rounds were done" in " ".join(shown(app)["words"])
    app.segmented_control(key="cell").set_value("gru").run()
    assert "RNN, H = 8" in " ".join(shown(app)["words"])  # what was measured stays what it was
    app.button(key="measure").click().run()
    assert "GRU, H = 8" in " ".join(shown(app)["words"])


def test_a_measurement_goes_on_by_itself_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "LENGTHS", (5, 10))
    monkeypatch.setattr(cost, "MATRIX_LENGTHS", (5,))
    monkeypatch.setattr(measuring, "_SLICE", 1e-9)
    app = open_page("losses", {"hidden_size": "8"})
    app.button(key="measure").click().run()
    assert not app.get("progress")
    assert app.button(key="measure").label == "Measure again"
    assert "the least of 5 runs" in " ".join(shown(app)["words"])
