"""The measurement "Linear in T": its picture, its words, and how it grows while a reader looks."""

from dataclasses import replace

import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.dashboard import growing
from rnn_dynamics.engine import measure
from rnn_dynamics.engine.growth import Measured
from rnn_dynamics.pictures.cost import PICTURE, network_of
from rnn_dynamics.pictures.cost.chart import STYLES
from tests.pictured import column, drawn_from, said_of
from tests.test_growing import OnePiece
from tests.test_pages import open_page, shown

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)


def test_the_picture_shows_values_against_the_shortest_and_their_fit() -> None:
    measured = {"forward": {50: 0.2, 100: 0.4, 200: 0.8}, "parameters": {50: 7.0, 100: 7.0, 200: 7.0}}
    answer = Measured(experiment=OPENING, matrix_sequences=2, values=measured)
    tables = drawn_from(PICTURE, answer)
    points = {(row["name"], row["sequence_length"]): row["ratio"] for row in tables["points"]}
    expected = {(name, T): T / 50 if name == "forward" else 1.0 for name in measured for T in (50, 100, 200)}
    assert points == pytest.approx(expected)
    assert column(tables["fits"], "ratio", name="forward") == pytest.approx([1.0, 4.0])
    assert column(tables["fits"], "sequence_length", name="parameters") == [50, 200]
    frame = PICTURE.files["cost"](answer, {})
    assert frame.query("what == 'forward' and sequence_length == 100")["value"].item() == 0.4


def test_every_line_has_a_dash_of_its_own() -> None:
    assert len({tuple(dash) for _, dash in STYLES.values()}) == len(STYLES)


def test_the_words_are_the_numbers() -> None:
    lengths = (50, 100, 200)
    values: dict[str, dict[int, float]] = {
        "forward": {T: 1e-5 * T for T in lengths},
        "backward": {T: 5e-4 + 2e-5 * T for T in lengths},
        "parameters": dict.fromkeys(lengths, 6400),
        "entries": {T: T * (T + 1) // 2 for T in lengths},
        "matrix": {50: 0.01, 100: 0.02, 200: 0.08},
    }
    network = network_of(replace(OPENING, cell="lstm"))
    answer = Measured(experiment=network, matrix_sequences=2, values=values, rounds=2, stopped=True)
    assert answer.lines["forward"] == pytest.approx((0.0, 1e-5), abs=1e-12)
    finding = said_of(PICTURE, answer)
    for said in ("0.5 ms", "6,400", "20,100", "T<sup>1.00</sup>", "T<sup>0</sup>", "T<sup>2.00</sup>", "Stopped"):
        assert said in finding
    for said in ("0.5 ms + 20 µs · T", "0 % of the forward", "33 % of the backward", "the least of 2 runs"):
        assert said in finding
    (whole,) = drawn_from(PICTURE, answer)["whole"]
    assert "backward 0.5 ms + 20 µs · T" in whole["title"]
    assert "T<sup>0.79</sup>" in finding
    assert "its time as T¹·⁵⁰" in whole["title"]
    assert "lies within 0 % of its line" in finding


def test_a_busy_server_is_said_to_be_one_where_its_times_are_off_their_lines() -> None:
    times = {50: 1.0, 100: 6.0, 200: 4.0}
    values = {"forward": times, "backward": times, "parameters": dict.fromkeys(times, 7.0), "matrix": times}
    values["entries"] = {T: T * (T + 1) / 2 for T in times}
    answer = Measured(experiment=OPENING, matrix_sequences=2, values=values)
    (whole,) = drawn_from(PICTURE, answer)["whole"]
    fixed, per_step = answer.lines["forward"]
    off = max(abs((fixed + per_step * T) / time - 1.0) for T, time in times.items())
    assert off > 0.2
    assert f"Points are up to {100 * off:.0f} % off" in whole["title"]
    assert "ms" not in whole["title"]
    assert f"is {100 * off:.0f} % off its line" in said_of(PICTURE, answer)


def test_measuring_shows_its_progress_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "the_line", OnePiece)
    app = open_page("losses", {"hidden_size": "8"})
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key="begin_measurement").click().run()
    assert not app.exception
    (bar,) = app.get("progress")
    assert bar.proto.text.startswith("Forward and backward, T = ")
    assert len(app.get("vega_lite_chart")) == 2
    assert len(shown(app)["1-points"]) == 4
    app.button(key="stopmeasurement").click().run()
    assert not app.get("progress")
    assert "Stopped before all rounds were finished" in " ".join(shown(app)["words"])
    app.selectbox(key="cell").set_value("gru").run()
    assert "RNN, H = 8" in " ".join(shown(app)["words"])  # what was measured stays what it was
    app.button(key="begin_measurement").click().run()
    assert "GRU, H = 8" in " ".join(shown(app)["words"])


def test_a_measurement_goes_on_by_itself_to_its_end_and_is_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LENGTHS", (5, 10))
    monkeypatch.setattr(measure, "MATRIX_LENGTHS", (5,))
    app = open_page("losses", {"hidden_size": "8"})
    app.button(key="begin_measurement").click().run()
    assert not app.get("progress")
    assert app.button(key="begin_measurement").label == "Measure again"
    assert "the least of 5 runs" in " ".join(shown(app)["words"])
