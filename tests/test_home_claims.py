"""What "Vanish or explode?" claims, at a hundred strange settings, held against the networks' own numbers."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from rnn_dynamics import Experiment, run, run_family, split_additive_path
from rnn_dynamics.content import HOME, sentences
from rnn_dynamics.content.numbers import power_of_ten, share, times
from rnn_dynamics.engine.verdict import Verdict, judge
from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.vanish_or_explode import PICTURE
from tests.claims import assert_readable, plain, strange_settings
from tests.every import every
from tests.handed_out import frame_of
from tests.pictured import column, drawn_by, said_by

OPENING = Experiment(cell="rnn", sequence_length=40, hidden_size=8, batch_size=2, forget_bias=3.0)
#: At these a sentence was false once.
TRAPS = (
    replace(OPENING, hidden_size=2, batch_size=1, seed=5, weight_scale=10.0, sequence_length=100),
    replace(OPENING, nonlinearity="relu", initialisation="identity", forget_bias=0.0, sequence_length=100),
    replace(OPENING, nonlinearity="relu", initialisation="identity", sequence_length=200, hidden_size=32),
    replace(OPENING, nonlinearity="relu", input_scale=0.0),
    replace(OPENING, hidden_size=32, hidden_path="cut", sequence_length=100),
    replace(OPENING, text="a" * 200, forget_bias=5.0, hidden_size=32),
    replace(OPENING, weight_scale=10.0, sequence_length=200, hidden_size=8, initialisation="identity", seed=10),
    replace(
        OPENING, weight_scale=10.0, hidden_size=2, batch_size=1, initialisation="identity", input_scale=3.0, seed=7
    ),
)
SETTINGS = [*TRAPS, *strange_settings(OPENING, 110)]


def said_at(experiment: Experiment, component: str = "input") -> tuple[str, list[str], list[str]]:
    """The finding, and of each network what the picture writes beside its curve and its row of the table."""
    said = plain(said_by(PICTURE, experiment, gradient=component))
    curves = drawn_by(PICTURE, experiment, gradient=component)["curves"]
    labels = column(curves, "text", scale=WEIGHT_SCALES.index(experiment.weight_scale))
    return said, labels, said.splitlines()[1 : 1 + len(labels)]


def shown_cells(experiment: Experiment) -> tuple[str, ...]:
    """The reader's own cell stands in the place of the one of its kind."""
    gated = experiment.cell if experiment.cell in ("mingru", "minlstm", "lru", "ssm", "cornn") else "gru"
    with_cell_state = "slstm" if experiment.cell == "slstm" else "lstm"
    return ("jordan" if experiment.cell == "jordan" else "rnn", with_cell_state, gated)


def judged(experiment: Experiment, component: str) -> dict[str, Verdict]:
    """The verdict on each network, from a run of its own; the one without gates first."""
    found = {}
    for cell in shown_cells(experiment):
        norms = run_family(replace(experiment, cell=cell), weight_scales=[experiment.weight_scale]).log10_norms
        found[cell] = judge(norms.get(component, norms["hidden"])[0])
    return found


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    component = ("input", "hidden", "cell")[experiment.seed % 3]
    (said, labels, rows), verdicts = said_at(experiment, component), judged(experiment, component)
    assert_readable("\n".join([said, *labels]))
    plain_cell, first = next(iter(verdicts.items()))
    for row, label, (cell, verdict) in zip(rows, labels, verdicts.items(), strict=True):
        compared = experiment.sequence_length > 1 and verdict.outcome != "silent"
        assert (f", {power_of_ten(verdict.orders)} in all" in row) == (" in all" in row) == compared
        assert re.fullmatch(rf"{cell}(, [\w ]+)?: .*", label.lower().replace(f" {experiment.forget_bias:g}:", ":"))
        assert label.endswith(f": {share(verdict.orders)}")
        refilled = verdict.outcome == "holds" and experiment.loss_at == "every"
        said_of_it = "refilled by the loss of each step" if refilled else verdict.outcome
        for outcome in ("vanishes", "holds", "refilled by the loss of each step", "explodes", "uneven"):
            lags = f"lags {experiment.sequence_length // 5} to {9 * experiment.sequence_length // 10},"
            factor = re.escape(times(verdict.log10_factor))
            claim = re.search(rf"{outcome}( too)?: {factor} per step back at {lags}", row)
            assert bool(claim) == (outcome in row) == (said_of_it == outcome)
        assert not ("vanishes" in row and verdict.orders > 0.0)
        assert not ("explodes" in row and verdict.orders < 0.0)
        assert not ("holds" in row and abs(verdict.orders) > 2.0 + 0.02 * (experiment.sequence_length - 1))
        assert ("too:" in row) == (cell != plain_cell and first.outcome == verdict.outcome == "vanishes")
        left = re.search(r"\| (\d+) steps? \|", row)
        assert (int(left[1]) if left else None) == verdict.horizon
        off = verdict.outcome == "silent" and cell == plain_cell and experiment.nonlinearity == "relu"
        assert ("every unit is off" in row) == off
    if experiment.cell == "lru":
        decays = np.exp(run(experiment).parameters["nu_log_l0"])
        assert f"−1/ln |λ| = {1.0 / decays.min():,.0f} steps" in rows[2]
    assert "because" not in said
    if "although ρ is above 1" in said:
        radius = re.search(r"ρ = ([\d.]+)", rows[0])
        assert radius
        assert float(radius[1]) > 1.0
        assert (first.outcome, experiment.hidden_path) == ("vanishes", "open")
        assert experiment.loss_at in ("last", "final")  # which is one and the same in one direction
    assert ("is cut" in said) == (experiment.hidden_path == "cut")


@every("experiment", SETTINGS)
def test_what_stands_above_names_outcomes_that_the_networks_have(experiment: Experiment) -> None:
    views = {"gradient": ("input", "hidden", "cell")[experiment.seed % 3], "axis": "step"}
    claim = plain(PICTURE.claim(sentences("vanish_or_explode"), PICTURE.answer(experiment, views), views))
    verdicts = judged(experiment, views["gradient"])
    assert_readable(claim)
    outcomes = {cell: verdict.outcome for cell, verdict in verdicts.items()}
    for said, all_of_them in (
        ("Three networks, three fates:", {"vanishes", "holds", "explodes"}),
        ("All three vanish:", {"vanishes"}),
        ("All three explode, gates or not:", {"explodes"}),
    ):
        assert said not in claim or set(outcomes.values()) == all_of_them
    for name, outcome in re.findall(r"(\w+)'s (?:gradient )?(vanishes|holds|explodes)", claim):
        assert outcomes[name.lower()] == outcome
    lefts = {power_of_ten(verdict.orders) for verdict in verdicts.values()}
    assert set(re.findall(r"×?(10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", claim)) <= lefts
    assert set(re.findall(r"×([\d.,]*\d)", claim)) <= lefts | {"10"}


@every("nonlinearity", ["tanh", "relu"])
def test_the_slope_beside_the_popular_rule_is_that_of_the_network(nonlinearity: str) -> None:
    asked = Experiment(cell="rnn", weight_scale=1.2, batch_size=2, nonlinearity=nonlinearity)
    trace = run(asked)
    drawn = trace.parameters
    before = trace.inputs @ drawn["weight_ih_l0"].T + trace.hidden_states[:-1] @ drawn["weight_hh_l0"].T
    before += drawn["bias_ih_l0"] + drawn["bias_hh_l0"]
    slope = np.mean(np.cosh(before) ** -2.0) if nonlinearity == "tanh" else np.mean(before > 0.0)
    expected = f"{slope:.2f} on average" if nonlinearity == "tanh" else f"{slope:.0%} of them on average"
    assert expected in said_at(asked)[0]


def test_a_forget_gate_of_0_93_leaves_a_thousandth_and_the_rest_comes_through_the_gates() -> None:
    words = " ".join(sentences("vanish_or_explode")["prose"].split())
    assert "at a forget bias of 3 it is 0.93 on average, and 0.93⁹⁹ ≈ 0.001. Most of what arrives" in words
    assert round(0.93**99, 3) == 0.001
    for seed in range(5):
        opening = Experiment(cell="lstm", batch_size=2, forget_bias=3.0, seed=seed)
        split = split_additive_path(opening)
        assert run(opening).gates["f"].mean() == pytest.approx(0.93, abs=0.01)
        assert split.path[0] - split.total[0] < -2.0  # less than a hundredth of what arrives
        assert split.path[0] - split.total[-1] == pytest.approx(-3.0, abs=0.25)


def test_without_a_forget_bias_the_lstm_vanishes_about_as_fast_as_the_gru() -> None:
    assert "about as fast as the GRU's" in " ".join(sentences("vanish_or_explode")["prose"].split())
    for seed, initialisation in product(range(5), ("gaussian", "torch")):
        asked = Experiment(cell="lstm", batch_size=2, seed=seed, initialisation=initialisation)
        lstm, gru = (judge(run(replace(asked, cell=cell)).log10_norms["input"]) for cell in ("lstm", "gru"))
        assert lstm.outcome == gru.outcome == "vanishes"
        assert 10**lstm.log10_factor == pytest.approx(10**gru.log10_factor, rel=0.12)


def test_of_a_gradient_that_has_grown_nothing_is_said_to_be_left() -> None:
    said = {"is left": 0, "has become": 0}
    for scale in WEIGHT_SCALES:
        experiment, views = frame_of(HOME).asked({"weight_scale": scale})
        claim = PICTURE.claim(sentences(HOME), PICTURE.answer(experiment, views), views)
        if "holds, the" in (claim := plain(claim)):
            grown = judge(run(replace(experiment, cell="lstm")).log10_norms["input"]).orders > 0.0
            assert ("has become" if grown else "is left") in claim
            said["has become" if grown else "is left"] += 1
    assert all(said.values())
