"""The measurement "Linear in T": its fits, its picture, its words, and how it grows while a reader looks."""

from dataclasses import replace

import pytest

from rnn_dynamics import Experiment, run
from rnn_dynamics.content.numbers import power
from rnn_dynamics.dashboard import growing
from rnn_dynamics.engine.growth import fitted_exponent, fixed_and_per_step
from rnn_dynamics.pictures.cost import PICTURE, Measurement, network_of
from rnn_dynamics.pictures.cost import answer as cost
from rnn_dynamics.pictures.cost.answer import CostAnswer
from rnn_dynamics.pictures.cost.chart import STYLES
from tests.pictured import column, drawn_from, said_of
from tests.test_pages import open_page, shown

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
SMALL = replace(OPENING, sequence_length=30, hidden_size=6, input_size=3)


def test_the_fit_finds_the_power_of_a_power_law() -> None:
    values = {length: 3.0 * length**1.7 for length in (50, 100, 400, 1600)}
    assert fitted_exponent(values) == pytest.approx(1.7, abs=1e-12)
    assert power(fitted_exponent({50: 1.0})) == "–"
    bent = {50: 1.0, 100: 2.0, 200: 8.0}
    assert CostAnswer(experiment=OPENING, values={"matrix": bent}).last_exponent == pytest.approx(2.0, abs=1e-12)
    assert fitted_exponent(bent) == pytest.approx(1.5, abs=1e-12)


def test_a_fixed_part_beside_linear_growth_is_found_as_such_and_not_as_a_smaller_power() -> None:
    values = {length: 4e-4 + 9e-6 * length for length in (50, 100, 200, 400, 800, 1600)}
    assert fitted_exponent(values) < 0.85
    line = fixed_and_per_step(values)
    assert (line.fixed, line.per_step) == pytest.approx((4e-4, 9e-6), rel=1e-9)
    assert CostAnswer(experiment=OPENING, values={"forward": {50: 1.0}}).lines == {}


def test_a_fixed_part_is_never_negative() -> None:
    line = fixed_and_per_step({length: 9e-6 * (length - 10) for length in (50, 100, 200)})
    assert line.fixed == 0.0
    assert 7e-6 < line.per_step < 9e-6


def test_the_picture_shows_values_against_the_shortest_and_their_fit() -> None:
    measured = {"forward": {50: 0.2, 100: 0.4, 200: 0.8}, "parameters": {50: 7.0, 100: 7.0, 200: 7.0}}
    answer = CostAnswer(experiment=OPENING, values=measured)
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


def test_a_measurement_keeps_the_least_of_each_and_counts_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "LENGTHS", (5, 10))
    monkeypatch.setattr(cost, "MATRIX_LENGTHS", (5,))
    measurement = Measurement(network_of(replace(SMALL, cell="lstm")))
    shares = []
    while not measurement.complete:
        shares.append(measurement.share)
        measurement.advance()
    assert shares == pytest.approx([k / 15 for k in range(15)])
    each = {name: [5, 10] for name in ("forward", "backward", "parameters", "entries")}
    assert {name: sorted(values) for name, values in measurement.values.items()} == each | {"matrix": [5]}
    assert measurement.values["entries"] == {5: 15, 10: 55}
    count = sum(values.size for values in run(measurement.experiment).parameters.values())
    assert set(measurement.values["parameters"].values()) == {count}
    measurement.keep("forward", 5, 0.0)
    measurement.keep("forward", 5, 1.0)
    assert measurement.values["forward"][5] == 0.0
    assert measurement.answer.rounds == 5


def test_what_the_weights_are_does_not_change_the_measured_network_and_sizes_do() -> None:
    assert network_of(replace(OPENING, weight_scale=3.0, seed=5, initialisation="torch")) == network_of(OPENING)
    assert network_of(replace(OPENING, hidden_size=64)) != network_of(OPENING)
    assert network_of(replace(OPENING, cell="gru")) != network_of(OPENING)


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
    answer = CostAnswer(experiment=network, values=values, rounds=2, stopped=True)
    assert answer.lines["forward"] == pytest.approx((0.0, 1e-5), abs=1e-12)
    finding = said_of(PICTURE, answer)
    for said in ("0.5 ms", "6,400", "20,100", "T<sup>1.00</sup>", "T<sup>0</sup>", "T<sup>2.00</sup>", "Stopped"):
        assert said in finding
    for said in ("0.5 ms + 20 µs · T", "0 % of the forward", "33 % of the backward", "the least of 2 runs"):
        assert said in finding
    (whole,) = drawn_from(PICTURE, answer)["whole"]
    assert "backward 0.5 ms + 20 µs · T" in whole["title"]
    assert "T<sup>0.79</sup>" in finding
    assert "its time as T^1.50" in whole["title"]


def test_measuring_shows_its_progress_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "_SLICE", 1e-9)
    monkeypatch.setattr(growing, "come_back", lambda *_: None)
    app = open_page("losses", {"hidden_size": "8"})
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key="begin_measurement").click().run()
    assert not app.exception
    (bar,) = app.get("progress")
    assert bar.proto.text.startswith("Forward and backward, T = ")
    assert len(app.get("vega_lite_chart")) == 2
    assert len(shown(app)["1-points"]) == 4
    app.button(key="stop").click().run()
    assert not app.get("progress")
    assert "Stopped before all rounds were finished" in " ".join(shown(app)["words"])
    app.segmented_control(key="cell").set_value("gru").run()
    assert "RNN, H = 8" in " ".join(shown(app)["words"])  # what was measured stays what it was
    app.button(key="begin_measurement").click().run()
    assert "GRU, H = 8" in " ".join(shown(app)["words"])


def test_a_measurement_goes_on_by_itself_to_its_end_and_is_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "LENGTHS", (5, 10))
    monkeypatch.setattr(cost, "MATRIX_LENGTHS", (5,))
    monkeypatch.setattr(growing, "_SLICE", 1e-9)
    app = open_page("losses", {"hidden_size": "8"})
    app.button(key="begin_measurement").click().run()
    assert not app.get("progress")
    assert app.button(key="begin_measurement").label == "Measure again"
    assert "the least of 5 runs" in " ".join(shown(app)["words"])
