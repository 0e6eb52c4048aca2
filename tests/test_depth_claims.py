"""What "Depth and direction" claims, at a hundred strange settings, held against the network's own numbers."""

import math
import re
from dataclasses import replace
from math import comb
from typing import Any

import numpy as np
import pytest
import torch

from rnn_dynamics import Errors, Experiment, Network, run, run_network
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.own.drawn import Loss
from rnn_dynamics.own.findings import judged
from rnn_dynamics.pictures.depth import PICTURE
from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.kit.answered import goes_unseen_by_h
from tests.claims import assert_fits_a_phone, assert_readable, factor_per_step, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by

OPENING = Experiment(cell="lstm", sequence_length=40, hidden_size=8, batch_size=2, forget_bias=1.0, num_layers=2)
SETTINGS = list(
    strange_settings(
        OPENING,
        140,
        cell=("rnn", "lstm", "gru", "mingru", "minlstm", "lru", "slstm", "ssm", "cornn"),
        num_layers=(1, 2, 4),
        bidirectional=(False, True),
        hidden_size=(2, 8),
    )
)


def said_at(experiment: Experiment) -> tuple[str, str, str]:
    """Titles and labels, the table, the notes."""
    datasets, finding = drawn_by(PICTURE, experiment, panels="all"), said_by(PICTURE, experiment, panels="all")
    alone = drawn_by(PICTURE, experiment)
    (whole,), (title,) = datasets["whole"], alone["whole"]
    assert_fits_a_phone(whole["map"], whole["curves"], title["curves"])
    assert_readable(plain(said_by(PICTURE, experiment)))
    labels = [row["text"] for rows in (datasets["names"], datasets["labels"], alone["labels"]) for row in rows]
    table, _, notes = plain(finding).partition("</table>") if "</table>" in finding else (plain(finding), "", "")
    return "\n".join([whole["map"], whole["curves"], *labels]), table, notes


def filled(experiment: Experiment) -> list[int]:
    """At how many steps each level has a gradient, the first layer first."""
    return [int(np.isfinite(level.log10_norms["hidden"]).sum()) for level in run(experiment).layers]


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    said = "\n".join(said_at(experiment))
    assert_readable(said)
    steps, length, counts = experiment.sequence_length, experiment.sequence_length, filled(experiment)
    if match := re.search(r"all (\d+) rows", said):
        assert counts == [steps] * int(match[1])
    if match := re.search(r"in (\d+) of (\d+) rows", said):
        assert (int(match[1]), int(match[2])) == (counts.count(steps), len(counts))
        assert counts.count(steps) < len(counts)
    titles = re.sub(r"[|¦\n]", " ", said)
    both_ends = experiment.bidirectional and experiment.loss_at == "final" and length > 1
    assert ("From h_n" in titles) == (both_ends and not goes_unseen_by_h(experiment))
    if match := re.search(r"both ways: (\S+) of it is left at step 1 \(→\), (\S+) at step (\d+) \(←\)", titles):
        assert int(match[3]) == length
        forwards, backwards = (level.log10_norms["hidden"] for level in run(experiment).layers[-2:])
        assert (experiment.loss_at, length > 1) == ("final", True)
        assert match[1] == power_of_ten(float(forwards[0] - forwards[-1]))
        assert match[2] == power_of_ten(float(backwards[-1] - backwards[0]))
    if match := re.search(
        r"layer (\d+) carries (\S+) of the last error back to step 1; backwards \(←\).* (\d+) alone", titles
    ):
        norms = run(experiment).layers[-2].log10_norms["hidden"]
        assert (int(match[1]), int(match[3])) == (experiment.num_layers, length)
        assert match[2] == power_of_ten(float(norms[0] - norms[-1]))
        assert counts[-1] == 1
    if match := re.search(r"goes down (\d+) layers and back to step 1: (\S+) of it arrives in layer 1 there", titles):
        first, *_, last = (level.log10_norms["hidden"] for level in run(experiment).layers)
        assert int(match[1]) == experiment.num_layers
        assert match[2] == power_of_ten(float(first[0] - last[-1]))
    if "receive gradient at every step" in said:
        assert set(counts[1:-1:2]) == {length}
    if "receive gradient only where" in said:
        assert min(counts[1:-1:2]) < length
    if match := re.search(r"by ×(\S+) per step back, with one layer and one direction by ×([\d.e-]+)\.", said):
        assert experiment.loss_at == "last" or (experiment.loss_at == "final" and not experiment.bidirectional)
        assert experiment.num_layers > 1
        deep, single = (
            factor_per_step(run(network).log10_norms["input"])
            for network in (experiment, replace(experiment, num_layers=1, bidirectional=False))
        )
        assert (float(match[1]), float(match[2])) == pytest.approx((deep, single), rel=6e-3)
        assert ("more of it" in said, "less of it" in said) == (deep > single + 0.005, deep < single - 0.005)


@every(("layers", "length"), [(2, 5), (3, 4), (4, 6)])
def test_the_number_of_ways_down_is_that_of_counting_them(layers: int, length: int) -> None:
    ways = [1] * length  # in the last layer there is one way to each step
    for _ in range(layers - 1):
        ways = [sum(ways[: k + 1]) for k in range(length)]
    experiment = replace(OPENING, num_layers=layers, sequence_length=length)
    assert f"{ways[-1]} paths lead from layer {layers} at step {length}" in said_at(experiment)[2] + plain(
        said_by(PICTURE, experiment)
    )
    assert comb(100 + 4 - 2, 4 - 1) == 171_700  # as the prose has it


def test_a_curve_that_is_fed_at_every_step_is_not_judged() -> None:
    for both in (False, True):
        experiment = replace(OPENING, loss_at="every", bidirectional=both)
        assert "per step back" not in plain(said_by(PICTURE, experiment))


@every("cell", ["rnn", "lstm", "gru"])
@every("loss_at", ["last", "final", "every"])
def test_a_factor_of_many_errors_is_said_to_be_one_where_each_of_them_fades(cell: str, loss_at: str) -> None:
    asked = replace(OPENING, cell=cell, loss_at=loss_at, bidirectional=True, sequence_length=100)
    answer, trace = depth_answer(asked), run(asked)
    network, loss = Network(cell=cell, parameters=trace.parameters), Loss(loss_at, trace.readout, trace.targets)
    alone = judged(run_network(network, trace.inputs, loss, parameter_gradients=False), loss)
    shown, single = 10.0 ** answer.levels[1].log10_factor, 10.0 ** alone[1].verdict.log10_factor
    notes = plain(said_by(PICTURE, asked))
    assert single < 0.95, "a single error vanishes in layer 1 ←"
    assert ("Its factor is that of all of them together" in notes) == (loss_at != "every")
    match = re.search(r"grow on the way to step 100 here, by up to ×(\S+) per step", notes)
    assert bool(match) == (loss_at == "last")
    if match:
        assert float(match[1]) == pytest.approx(shown, rel=6e-3)
        assert shown > 1.03


def test_one_layer_and_a_direction_that_nothing_grows_in_have_no_such_note() -> None:
    assert "all of them together" not in plain(said_by(PICTURE, replace(OPENING, num_layers=1, bidirectional=True)))
    assert "grow on the way" not in plain(said_by(PICTURE, replace(OPENING, bidirectional=False)))


def own_factor(experiment: Experiment, layer: int) -> float:
    """Factor per step of one layer alone, which reads what it reads in the stack."""
    trace = run(experiment)
    own = {
        name.replace(f"_l{layer}", "_l0"): values
        for name, values in trace.parameters.items()
        if name.endswith(f"_l{layer}")
    }
    reads = trace.layers[layer - 1].hidden_states[1:] if layer else trace.inputs
    network = Network(cell=experiment.cell, parameters=own)
    [alone] = run_network(network, reads, lambda states: Errors(np.ones_like(states.output[-1:]))).layers
    return factor_per_step(alone.log10_norms["hidden"])


@every("cell", ["rnn", "lstm", "gru"])
def test_over_a_long_time_a_stack_forgets_as_its_slowest_layer_does(cell: str) -> None:
    experiment = Experiment(cell=cell, sequence_length=3000, batch_size=1, hidden_size=8, forget_bias=1.0, num_layers=3)
    slowest = max(own_factor(experiment, layer) for layer in range(3))
    assert factor_per_step(run(experiment).log10_norms["input"]) == pytest.approx(slowest, rel=5e-3)


@every("cell", ["rnn", "lstm", "gru"])
def test_at_the_presets_the_layer_that_forgets_slowest_is_not_the_first(cell: str) -> None:
    experiment = Experiment(cell=cell, sequence_length=200, batch_size=2, forget_bias=1.0, num_layers=4)
    first, *above = (own_factor(experiment, layer) for layer in range(4))
    assert min(above) > first


def test_four_layers_of_an_lstm_keep_over_a_hundred_steps_what_none_of_them_keeps() -> None:
    preset = Experiment(cell="lstm", batch_size=2, forget_bias=1.0, num_layers=4)
    answer = depth_answer(preset)
    assert answer.curves["whole"][0] > -1.0
    assert max(own_factor(preset, layer) for layer in range(4)) ** 99 < 0.02


@every("layers", [2, 3, 4])
def test_what_a_stack_receives_straight_down_is_autograd_s_through_its_last_step(layers: int) -> None:
    asked = replace(OPENING, cell="rnn", num_layers=layers, sequence_length=20)
    trace = run(asked)
    weights = {name: torch.tensor(values) for name, values in trace.parameters.items()}
    states = [torch.tensor(layer.hidden_states) for layer in trace.layers]
    top = lowest = states[0][-1].requires_grad_()
    for k in range(1, layers):
        drive = top @ weights[f"weight_ih_l{k}"].T + states[k][-2] @ weights[f"weight_hh_l{k}"].T
        top = torch.tanh(drive + weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"])
    assert top.detach().numpy() == pytest.approx(trace.layers[-1].hidden_states[-1], abs=1e-12)
    loss = (top @ torch.tensor(trace.readout).T - torch.tensor(trace.targets)).square().sum()
    down, error = torch.autograd.grad(loss, (lowest, top))
    left = math.log10(float(down.norm() / error.norm()))
    assert depth_answer(asked).log10_down == pytest.approx(left, abs=1e-10)
    per_layer = times(left / (layers - 1))
    assert f"receives {power_of_ten(left)} of what layer {layers} receives, {per_layer} per layer. Back" in plain(
        said_by(PICTURE, asked)
    )


def test_parts_are_said_to_cancel_only_where_one_is_seen_to_be_longer_than_the_whole() -> None:
    alone = replace(OPENING, num_layers=1, bidirectional=True, sequence_length=100)
    assert "longer than the whole" not in plain(said_by(PICTURE, alone))  # what comes along ← is nothing beside →
    said = [plain(said_by(PICTURE, experiment)) for experiment in SETTINGS if experiment.bidirectional]
    found = [re.search(r"\((\S+) via layer 1 →, (\S+) via layer 1 ←, (\S+) together\)", one) for one in said]
    assert any(found)
    assert all(match[3] not in match.groups()[:2] for match in found if match)


@every(
    ("changes", "beginning"),
    [
        ({"cell": "lstm"}, "Depth helps here: "),
        ({"cell": "rnn", "weight_scale": 10.0}, "Here a gradient grows on its way back: "),
        ({"cell": "lstm", "weight_scale": 10.0}, "Here a gradient grows on its way back: "),
    ],
)
def test_layers_are_no_help_to_a_gradient_that_explodes(changes: dict[str, Any], beginning: str) -> None:
    """Whether they make it grow faster, as in the RNN, or more slowly, as in the LSTM."""
    experiment = replace(OPENING, hidden_size=32, **changes)
    answer = depth_answer(experiment)
    assert plain(PICTURE.claim(sentences("depth"), answer, PICTURE.views)).startswith(beginning)
    deep, single = (
        factor_per_step(run(one).log10_norms["input"]) for one in (experiment, replace(experiment, num_layers=1))
    )
    assert (max(deep, single) > 1.047) == beginning.startswith("Here")
