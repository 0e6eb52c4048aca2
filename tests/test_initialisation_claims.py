"""What "What initialisation really does" claims, at strange settings, held against the networks' own numbers."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, run, run_family
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.schemes import scheme_experiment
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.pictures.initialisation import PICTURE
from rnn_dynamics.pictures.initialisation.answer import ROWS, seeds_for
from tests.claims import assert_readable, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by

OPENING = Experiment(cell="rnn", sequence_length=20, hidden_size=4, batch_size=1)
#: What the page has controls for. A schemes' table is 22 rows of 20 networks, so fewer settings than elsewhere.
SETTINGS = list(
    strange_settings(
        OPENING,
        24,
        weight_scale=(0.1, 0.5, 1.6, 10.0),
        sequence_length=(10, 100),
        hidden_size=(2, 8),
        input_scale=(0.0, 3.0),
        loss_at=("last", "every"),  # as its page offers it
        seed=(7, 19),
        **dict.fromkeys(("cell", "batch_size", "initialisation", "nonlinearity", "reset_gate"), ()),
        **dict.fromkeys(("input_weights", "input_weight_scale", "bias", "initial_state"), ()),
        **dict.fromkeys(("forget_bias", "gate_bias"), ()),
        **dict.fromkeys(("hidden_path", "text"), ()),
    )
)
WORDS = " ".join(sentences("initialisation")["prose"].split())


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    drawn, notes = drawn_by(PICTURE, experiment), plain(said_by(PICTURE, experiment))
    lines, (whole,) = drawn["lines"], drawn["whole"]
    titles = [whole[name] for name in ("title", "remedies", "hint")]
    assert_readable("\n".join([notes, *titles, *(str(line.values()) for line in lines)]))
    seeds, outcomes, ahead = seeds_for(experiment), {}, False
    for (scheme, cell), line in zip(ROWS, lines, strict=True):
        norms = run_family(scheme_experiment(scheme, cell, experiment), seeds=seeds).log10_norms["input"]
        verdicts = [judge(curve) for curve in norms]
        factors = [-math.inf if math.isnan(found.log10_factor) else found.log10_factor for found in verdicts]
        median = float(np.median(factors))
        assert line["factor"] == times(median, "#.3g")
        low, high = times(min(factors), "#.3g"), times(max(factors), "#.3g")
        assert f"(all {len(seeds)} networks: {low} to {high})" in line["details"]
        shares = [-math.inf if math.isnan(found.orders) else found.orders for found in verdicts]
        share = float(np.median(shares))
        assert line["remains"] == power_of_ten(share)
        outcomes[scheme, cell] = "holds" if abs(median) <= 0.02 else "vanishes" if median < 0 else "explodes"
        if (abs(median) > 0.02 and median * share < 0) or (
            abs(median) <= 0.02 and abs(share) > 0.02 * (experiment.sequence_length - 1) + 2.0
        ):
            outcomes[scheme, cell] = "uneven"
        lags = float(np.median([math.inf if found.horizon is None else found.horizon for found in verdicts]))
        ahead |= median < 0.0 and all(  # 1 % is left in each network where its factor alone would leave 10 %
            found.horizon is not None and found.horizon * found.log10_factor > -1.0 for found in verdicts
        )
        counts = set() if math.isinf(lags) else {math.floor(lags), math.ceil(lags)}  # a median may lie between two
        assert line["horizon"] == ("–".join(map(str, sorted(counts))) or "never")
    default, rnn = outcomes["torch", "lstm"], outcomes["torch", "rnn"]
    title = whole["title"].replace("¦", " ")
    assert re.findall(r"vanishes|holds|explodes|uneven", title) == [default]
    assert ("too" in title) == (default == rnn == "vanishes")
    assert f": {lines[1]['factor']} per step" in title
    if default == "vanishes":
        never = lines[1]["horizon"] == "never"
        assert ("more than 1 % is left at step 1" if never else f"left after {lines[1]['horizon']} step") in title
    assert ("to choose an LSTM is not enough" in notes) == (default == "vanishes" and experiment.weight_scale == 1.0)
    early = re.findall(r"1 % is left after (\S+) steps?, where (\S+) per step would leave (\S+) %", notes)
    assert bool(early) == ahead
    assert all(float(left) > 10.0 for *_, left in early)
    assert all((lag, of) in [(line["horizon"], line["factor"]) for line in lines] for lag, of, _ in early)
    assert ("does not mean that a network cannot learn" in notes) == ("vanishes" in outcomes.values())
    scaled = f"{experiment.weight_scale:g} times the identity" in notes
    assert scaled == (experiment.weight_scale != 1.0)


def test_the_irnn_s_matrix_is_the_weight_scale_times_the_identity() -> None:
    asked = scheme_experiment("irnn", "rnn", replace(OPENING, weight_scale=0.5))
    np.testing.assert_array_equal(run(asked).parameters["weight_hh_l0"], 0.5 * np.eye(4))


@every("weight_scale", [0.5, 1.0, 10.0])
def test_the_forget_gate_of_pytorch_s_default_is_one_half_on_average(weight_scale: float) -> None:
    means = [
        run(Experiment(initialisation="torch", weight_scale=weight_scale, batch_size=2, seed=seed)).gates["f"].mean()
        for seed in range(10)
    ]
    assert np.mean(means) == pytest.approx(0.5, abs=0.02)


def test_a_single_gate_of_the_lstm_s_orthogonal_kernel_is_not_orthogonal() -> None:
    assert "all gates stacked, so that the block of a single gate is not orthogonal" in WORDS
    kernel = run(Experiment(initialisation="keras")).parameters["weight_hh_l0"]
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(32), atol=1e-12)
    for block in np.split(kernel, 4):
        assert np.linalg.svd(block, compute_uv=False)[0] < 0.95
    plain_kernel = run(Experiment(cell="rnn", initialisation="keras")).parameters["weight_hh_l0"]
    np.testing.assert_allclose(plain_kernel.T @ plain_kernel, np.eye(32), atol=1e-12)


def test_chrono_s_units_last_as_long_as_the_page_says() -> None:
    assert "half of the units last 50 steps or more and four of five keep more than 1 % over 99 steps" in WORDS
    assert "one in eleven lasts less than 10 steps" in WORDS
    wide = scheme_experiment("chrono", "lstm", Experiment(hidden_size=512, sequence_length=100))
    biases = np.concatenate(
        [
            np.split(make_draw(replace(wide, seed=seed), CELLS["lstm"]).parameters["bias_ih_l0"], 4)[1]
            for seed in range(20)
        ]
    )
    lasting = 1.0 / np.log1p(np.exp(-biases))  # −1 / ln f at f = σ(bias)
    assert np.median(lasting) == pytest.approx(50.0, abs=1.5)
    assert np.mean(np.exp(-99.0 / lasting) > 0.01) == pytest.approx(0.8, abs=0.02)
    assert np.mean(lasting < 10.0) == pytest.approx(1 / 11, abs=0.01)


def test_at_ten_times_the_weights_the_default_lstm_explodes_and_chrono_holds() -> None:
    assert "at ×10 the LSTM of PyTorch's default explodes, and the one with chrono biases holds" in WORDS
    asked = Experiment(batch_size=2, weight_scale=10.0)
    factors = {
        scheme: np.median(
            [
                judge(curve).log10_factor
                for curve in run_family(scheme_experiment(scheme, "lstm", asked), seeds=range(20)).log10_norms["input"]
            ]
        )
        for scheme in ("torch", "chrono")
    }
    assert factors["torch"] > 0.02
    assert abs(factors["chrono"]) <= 0.02
