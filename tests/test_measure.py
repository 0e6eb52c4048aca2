"""What grows with T, measured: the fits, the numbers, and what of an experiment plays a part."""

import math
from dataclasses import replace

import pytest

from rnn_dynamics import Experiment, run
from rnn_dynamics.content.numbers import power, raised_power
from rnn_dynamics.engine import measure
from rnn_dynamics.engine.growth import Measured, fitted_exponent, fixed_and_per_step
from rnn_dynamics.engine.measure import Measurement, network_of

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
SMALL = replace(OPENING, sequence_length=30, hidden_size=6, input_size=3)


def test_the_fit_finds_the_power_of_a_power_law() -> None:
    values = {length: 3.0 * length**1.7 for length in (50, 100, 400, 1600)}
    assert fitted_exponent(values) == pytest.approx(1.7, abs=1e-12)
    assert power(fitted_exponent({50: 1.0})) == "–"
    assert [f"T{raised_power(exponent)}" for exponent in (1.02, -0.31, math.nan)] == ["T¹·⁰²", "T⁻⁰·³¹", "T^–"]
    bent = {50: 1.0, 100: 2.0, 200: 8.0}
    measured = Measured(experiment=OPENING, matrix_sequences=2, values={"matrix": bent})
    assert measured.last_exponent == pytest.approx(2.0, abs=1e-12)
    assert fitted_exponent(bent) == pytest.approx(1.5, abs=1e-12)


def test_a_fixed_part_beside_linear_growth_is_found_as_such_and_not_as_a_smaller_power() -> None:
    values = {length: 4e-4 + 9e-6 * length for length in (50, 100, 200, 400, 800, 1600)}
    assert fitted_exponent(values) < 0.85
    line = fixed_and_per_step(values)
    assert (line.fixed, line.per_step) == pytest.approx((4e-4, 9e-6), rel=1e-9)
    assert Measured(experiment=OPENING, matrix_sequences=2, values={"forward": {50: 1.0}}).lines == {}


def test_a_fixed_part_is_never_negative() -> None:
    line = fixed_and_per_step({length: 9e-6 * (length - 10) for length in (50, 100, 200)})
    assert line.fixed == 0.0
    assert 7e-6 < line.per_step < 9e-6


def test_a_measurement_keeps_the_least_of_each_and_counts_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LENGTHS", (5, 10))
    monkeypatch.setattr(measure, "MATRIX_LENGTHS", (5,))
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
