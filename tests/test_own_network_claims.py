"""What "Your network" claims, at strange settings and of networks of every kind, held against their own numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.engine.given import Network
from rnn_dynamics.learning.networks import PLACES
from rnn_dynamics.own.given import OWN, Given
from rnn_dynamics.pictures.own_network import PICTURE, answer_for
from rnn_dynamics.pictures.own_network.answer import SOURCES, OwnNetworkAnswer, own_network_answer
from tests.claims import assert_fits_a_phone, assert_readable, factor_per_step, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_from, said_of
from tests.test_findings import carousel
from tests.test_own_network_page import given, that_torch_lacks

OPENING = Experiment(cell="lstm", sequence_length=40, hidden_size=8, batch_size=2)
SETTINGS = list(
    strange_settings(
        OPENING,
        90,
        cell=("rnn", "lstm", "gru"),
        num_layers=(1, 3),
        bidirectional=(False, True),
        hidden_size=(2, 8),
        **dict.fromkeys(("initialisation", "gate_bias", "hidden_path", "text"), ()),
    )
)


@cache
def answers() -> Sequence[OwnNetworkAnswer]:
    """Of what ships, and of a reader's own, over the settings in turn."""
    found = []
    for number, experiment in enumerate(SETTINGS):
        found.append(own_network_answer(experiment, {"weights": "torch"}))
        found.append(own_network_answer(experiment, {"weights": SOURCES[number % len(SOURCES)]}))
        found.append(answer_for(experiment, given(("encoder", "decoder", "tagger")[number % 3])))
        found.append(answer_for(experiment, that_torch_lacks([*PLACES][number % len(PLACES)])))
    return found


@every("gradient", ["state", "input", "hidden", "cell"])
def test_every_claim_holds_beside_its_numbers(gradient: str) -> None:
    for answer in answers():
        tables, notes = (
            drawn_from(PICTURE, answer, gradient=gradient),
            plain(said_of(PICTURE, answer, gradient=gradient)),
        )
        (whole,) = tables["whole"]
        assert_fits_a_phone(whole["gradient"], whole["gate"], whole["no_gate"])
        said = [whole["gradient"], whole["gate"], *(row["text"] for row in tables["labels"]), notes]
        assert_readable("\n".join(filter(None, said)))
        left = answer.replay.curves(gradient)[0, 0]
        if match := re.search(r"(?:keeps¦|gets ×)(\S+) (?:of its|the last)", whole["gradient"]):
            assert match[1] == power_of_ten(left)
        elif match := re.search(r"grows ×(\S+) back to step 1", whole["gradient"]):
            assert match[1] == power_of_ten(left)
            assert left > 0.0
        else:
            assert answer.experiment.sequence_length == 1 or np.isnan(left)
        assert ("No gate" in whole["no_gate"]) == (whole["gate"] == "") == (not answer.cell.keeps)
        for row in tables["labels"]:
            curves = answer.fresh.curves(gradient) if row["name"] == "fresh" else answer.replay.curves(gradient)
            place = 0 if row["name"] == "fresh" else int(row["name"])
            assert row["text"].endswith(f": {power_of_ten(float(curves[place, 0]))}")


def test_factor_and_horizon_are_those_of_the_curve_that_is_drawn() -> None:
    answer = own_network_answer(replace(OPENING, sequence_length=80), {"weights": "trained LSTM"})
    (finding,), curve = answer.findings, answer.replay.curves("state")[0]
    assert 10**finding.verdict.log10_factor == pytest.approx(factor_per_step(curve), rel=1e-9)
    below = curve < np.log10(0.01)
    assert finding.verdict.horizon == (None if not below[0] else len(curve) - int((~below).argmax()))


def test_what_is_said_to_be_remembered_is_at_least_a_hundredth() -> None:
    words, seen = sentences("own_network"), set()
    longer = own_network_answer(replace(OPENING, sequence_length=200), {"weights": "untrained LSTM"})
    network, inputs = carousel("lstm", 0.9999, 40, writes=-10.0)
    closed = {
        "bias_hh_l0": np.repeat([0.0, -8.0], [12, 4])
    }  # its output gate, which lets almost nothing of an error in
    network = replace(network, parameters={**network.parameters, **closed})
    shut = answer_for(OPENING, Given(network=network, source=OWN, inputs=inputs))
    for answer in (*answers(), longer, shut):
        said = plain(PICTURE.claim(words, answer, PICTURE.views))
        travels = [one for one in answer.findings if one.layer == answer.findings[-1].layer and one.travelled]
        verdict = travels[-1].verdict if travels else answer.findings[-1].verdict
        assert ("no error travels" in said) == (not travels or verdict.outcome in ("silent", "none"))
        if "remembers" in said:
            assert verdict.orders >= -2.0
        for kind, horizon in re.findall(r"(first|even so).*? (\d+) step", said):
            assert (verdict.outcome, verdict.horizon) == ("holds", int(horizon))
            assert (kind == "first") == (int(horizon) <= answer.experiment.sequence_length // 5)
            seen.add(kind)
        seen |= {word for word in ("remembers", "forgets") if word in said}
    assert seen == {"remembers", "first", "even so", "forgets"}


def test_the_table_has_a_row_for_each_layer_and_direction_and_the_last_on_top() -> None:
    said = plain(said_of(PICTURE, answer_for(OPENING, given("encoder"))))
    assert re.findall(r"^(?:.*W_hh)?(Layer \d [→←])", said, flags=re.MULTILINE) == [
        *("Layer 2 ←", "Layer 2 →", "Layer 1 ←", "Layer 1 →")
    ]
    (single,) = re.findall(r"Layer 2 ←(.*)", said)  # the loss reads the first step of its way
    assert re.sub(r"[^a-z–]+", " ", single).split() == ["a", "single", "step", "–", "–", "–"]


def test_what_is_said_of_the_examples_is_true() -> None:
    """That the trained LSTM holds its gradient and the trained RNN does not, on noise of every offered strength."""
    for scale in (0.5, 1.0, 1.5):
        asked = replace(OPENING, sequence_length=100, input_scale=scale)
        lstm, rnn = (own_network_answer(asked, {"weights": f"trained {cell}"}) for cell in ("LSTM", "RNN"))
        assert lstm.left("hidden")["given"] > -4.0
        assert rnn.left("hidden")["given"] < -15.0
        assert lstm.left("hidden")["fresh"] < -15.0


def test_the_forget_bias_is_added_to_the_gate_that_keeps_and_the_scale_to_w_hh() -> None:
    ones = {"weight_ih_l0": np.zeros((12, 2)), "weight_hh_l0": np.zeros((12, 3)), "bias_ih_l0": np.zeros(12)}
    network = Network(cell="lstm", parameters=ones | {"bias_hh_l0": np.zeros(12)})
    answer = answer_for(replace(OPENING, forget_bias=2.0), Given(network=network, source=OWN))
    (level,) = answer.replay.levels
    np.testing.assert_allclose(level.gates["f"], 1.0 / (1.0 + np.exp(-2.0)))
    np.testing.assert_allclose(level.gates["i"], 0.5)


@every(
    ("cell", "scale", "bias", "said"),
    [
        ("lstm", 1.0, 0.0, None),
        ("lstm", 10.0, 0.0, "W_hh of the given weights × 10."),
        ("lstm", 1.0, 3.0, "Added to the given weights: 3 to the bias of gate f."),
        ("lstm", 0.5, -2.0, "Added to the given weights: -2 to the bias of gate f; W_hh × 0.5."),
        ("rnn", 0.5, 3.0, "W_hh of the given weights × 0.5."),
    ],
)
def test_only_what_a_knob_has_changed_is_said_to_be_changed(
    cell: str, scale: float, bias: float, said: str | None
) -> None:
    experiment = replace(OPENING, cell=cell, weight_scale=scale, forget_bias=bias)
    notes = plain(said_of(PICTURE, own_network_answer(experiment, {"weights": "torch"})))
    found = re.findall(r"^(?:Added to|W_hh of) the given weights.*$", notes, re.M)
    assert found == ([said] if said else [])
