"""What "By hand" claims, at strange settings and with every mistake, held against the results and gradients."""

import html
import random
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_dynamics import Experiment, run
from rnn_dynamics.by_hand.against_torch import gru_gradients
from rnn_dynamics.by_hand.example import Example, make_example
from rnn_dynamics.by_hand.mistakes import MISTAKES
from rnn_dynamics.by_hand.resets import Resets
from rnn_dynamics.content import sentences
from rnn_dynamics.pictures.by_hand import PICTURE
from rnn_dynamics.pictures.by_hand.answer import TOLERANCE, hand_answer, resets
from tests.claims import assert_fits_a_phone, assert_readable, factor_per_step, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by

OPENING = Experiment(
    cell="rnn", initialisation="torch", sequence_length=5, batch_size=3, input_size=4, hidden_size=2, forget_bias=0.0
)
FIELDS: dict[str, Any] = {
    "cell": ("rnn", "lstm", "gru"),
    "sequence_length": (1, 2, 3, 6),
    "hidden_size": (1, 2, 3),
    "batch_size": (1, 2, 3),
    "input_size": (1, 4),
    "bidirectional": (False, True),
    **dict.fromkeys(("weight_scale", "nonlinearity", "reset_gate", "bias", "gate_bias"), ()),
    **dict.fromkeys(("input_weights", "input_weight_scale", "initial_state", "loss_at", "hidden_path", "text"), ()),
}
DRAW = random.Random(2)
AT_REST = replace(OPENING, initialisation="gaussian", input_scale=0.0)
SETTINGS = [
    (replace(AT_REST, cell=cell, bidirectional=both), mistake)
    for cell in MISTAKES
    for mistake in MISTAKES[cell]
    for both in (False, True)
] + [
    (experiment, mistake)
    for experiment in strange_settings(OPENING, 90, **FIELDS)
    for mistake in ("none", DRAW.choice(list(MISTAKES[experiment.cell])))
]
every_setting = every(("experiment", "mistake"), SETTINGS)


def said(experiment: Experiment, mistake: str) -> str:
    return said_by(PICTURE, experiment, **{f"{experiment.cell}_mistake": mistake})


def hand_question(experiment: Experiment, mistake: str) -> str:
    """What stands above the board."""
    return said(experiment, mistake).partition('<h2 class="walk">')[0]


def hand_finding(experiment: Experiment, mistake: str) -> str:
    """What stands below it."""
    return said(experiment, mistake).partition('<div class="ticks">')[2]


@every_setting
def test_every_claim_holds_beside_its_ticks(experiment: Experiment, mistake: str) -> None:
    answer = hand_answer(experiment, mistake)
    (whole,) = drawn_by(PICTURE, experiment, **{f"{experiment.cell}_mistake": mistake})["whole"]
    claim, finding = whole["claim"], plain(hand_finding(experiment, mistake))
    assert_readable(claim)
    assert_readable(re.sub(r"<code[^>]*>.*?</code>", "", hand_question(experiment, mistake)))
    assert_readable(finding)
    assert_fits_a_phone(claim, whole["hand"], whole["torch"], whole["difference"])
    results = {name: gap for name, (_, gap) in answer.results.items()}
    autograd, definition = (max(gaps[place] for gaps in answer.gradients.values()) for place in (0, 1))
    torchs = max(*results.values(), autograd) <= TOLERANCE
    assert finding.count("✗") == sum(gap > TOLERANCE for gap in results.values()) + sum(
        (by_autograd > TOLERANCE) + (by_definition > 1e-6) for by_autograd, by_definition in answer.gradients.values()
    )
    if mistake == "none":
        assert torchs
        assert definition <= 1e-6
        assert "outputs and gradients are PyTorch's" in claim
        largest = max(*results.values(), autograd)
        assert float(claim.rpartition("within ")[2]) == pytest.approx(largest, rel=0.06)
    else:
        assert claim.startswith("One wrong line")
        assert ("it makes no difference" in claim) == ("✗" not in finding) == (torchs and definition <= 1e-6)
        assert ("the outputs are PyTorch's" in claim) <= (results["outputs"] <= TOLERANCE)
        assert ("the outputs are wrong" in claim) == (results["outputs"] > TOLERANCE)
        assert ("only¦finite differences show it" in claim) == (torchs and definition > 1e-6)
    assert ("here by" in finding) == (torchs and definition <= 1e-6)


@every_setting
def test_why_a_mistake_makes_no_difference_is_what_makes_it_so(experiment: Experiment, mistake: str) -> None:
    said = plain(hand_question(experiment, mistake))
    answer = hand_answer(experiment, mistake)
    assert ("Here it makes no difference" in said) == (
        mistake != "none" and "✗" not in hand_finding(experiment, mistake)
    )
    if "Here it makes no difference" not in said or "with these numbers" in said:
        return
    steps = answer.forward.steps[0]
    if "with T = 1" in said:
        assert experiment.sequence_length == 1 or ("with one direction" in said and not experiment.bidirectional)
    if "every state is so close to 0" in said:
        assert max(np.abs(step["h"]).max() for step in steps) < 1e-3
    if "every cell state is so small" in said:
        assert max(np.abs(step["c"] - np.tanh(step["c"])).max() for step in steps) < 1e-11
    if "z = ½ everywhere" in said:
        assert max(np.abs(step["z"] - 0.5).max() for step in steps) < 1e-3


def test_the_walk_meets_every_reason() -> None:
    said = [plain(hand_question(experiment, mistake)) for experiment, mistake in SETTINGS]
    for reason in (
        "with T = 1",
        "so close to 0",
        "cell state is so small",
        "z = ½",
        "these numbers",
        "Finite differences do",
    ):
        assert any(reason in text for text in said), reason


def test_at_rest_a_sum_over_five_steps_is_not_said_to_be_one_over_one_step() -> None:
    for experiment, mistake in ((AT_REST, "no sum"), (replace(AT_REST, cell="gru", bidirectional=True), "wrong end")):
        assert "makes no difference: with these numbers" in hand_question(experiment, mistake)


def test_a_wrong_step_forward_breaks_outputs_and_gradients_and_a_wrong_backward_leaves_the_outputs_alone() -> None:
    said = (
        "A mistake in the forward pass breaks outputs and gradients; one in the backward pass leaves the outputs right"
    )
    assert said in sentences("by_hand")["prose"]
    for cell, mistakes in MISTAKES.items():
        for name, mistake in mistakes.items():
            answer = hand_answer(replace(OPENING, cell=cell, bidirectional=True), name)
            outputs = answer.results["outputs"][1] > TOLERANCE
            gradients = max(gap for gap, _ in answer.gradients.values()) > TOLERANCE
            if mistake.function.endswith("step"):
                assert outputs
                assert gradients
            if mistake.function.endswith("back") or mistake.function.endswith("backward"):
                assert (outputs, gradients) == (False, True)


def test_of_an_rnns_biases_only_the_sum_matters_and_of_a_grus_candidate_both_do() -> None:
    moved = {}
    for cell in ("rnn", "lstm", "gru"):
        example = make_example(replace(OPENING, cell=cell))
        parameters = dict(example.parameters)
        shift = np.linspace(0.1, 0.3, len(parameters["bias_ih_l0"]))
        parameters["bias_ih_l0"] = parameters["bias_ih_l0"] + shift
        parameters["bias_hh_l0"] = parameters["bias_hh_l0"] - shift
        moved[cell] = np.abs(
            outputs_of(example) - outputs_of(Example(cell, example.inputs, parameters, example.targets))
        ).max()
    assert moved["rnn"] < 1e-14
    assert moved["lstm"] < 1e-14
    assert moved["gru"] > 1e-3
    assert "In this cell only their sum matters" in sentences("by_hand")["mistakes"]["no b_hh"]["why"]
    assert [cell for cell in MISTAKES if "no b_hh" in MISTAKES[cell]] == ["rnn"]


def outputs_of(example: Example) -> NDArray[np.float64]:
    """By torch."""
    from rnn_dynamics.by_hand.against_torch import ask_torch

    return np.asarray(ask_torch(example)[0]["outputs"])


# The order of the GRU's reset


def by_hand(example: Example, *, reset_before: bool) -> NDArray[np.float64]:
    """dL/dh_t (T, N, H) of ½ Σ (h_T − target_T)², forward and backward written out for each order."""

    def sigmoid(a: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 / (1 + np.exp(-a)))

    W, U = (np.split(example.parameters[f"weight_{which}_l0"], 3) for which in ("ih", "hh"))
    b, d = (np.split(example.parameters[f"bias_{which}_l0"], 3) for which in ("ih", "hh"))
    h, kept = np.zeros((len(example.inputs), len(U[0]))), []
    for x in example.inputs.swapaxes(0, 1):
        r, z = (sigmoid(x @ W[k].T + b[k] + h @ U[k].T + d[k]) for k in (0, 1))
        inner = (r * h) @ U[2].T + d[2] if reset_before else r * (h @ U[2].T + d[2])
        n = np.tanh(x @ W[2].T + b[2] + inner)
        kept.append((h, r, z, n))
        h = (1 - z) * n + z * h
    adjoint, found = h - example.targets[:, -1], []
    for h_before, r, z, n in reversed(kept):
        found.append(adjoint)
        d_n, d_z = adjoint * (1 - z) * (1 - n**2), adjoint * (h_before - n) * z * (1 - z)
        if reset_before:
            d_reset = d_n @ U[2]
            d_r, through_n = d_reset * h_before * r * (1 - r), d_reset * r
        else:
            d_r, through_n = d_n * (h_before @ U[2].T + d[2]) * r * (1 - r), (d_n * r) @ U[2]
        adjoint = adjoint * z + through_n + d_r @ U[0] + d_z @ U[1]
    return np.stack(found[::-1])


@cache
def examples() -> list[Example]:
    asked = {"cell": "gru", "initialisation": "torch", "hidden_size": 128, "sequence_length": 100}
    return [make_example(Experiment(**asked, seed=seed)) for seed in range(7)]  # type: ignore[arg-type]


@every("reset_before", [False, True])
def test_the_gradient_of_both_orders_is_that_written_out(reset_before: bool) -> None:
    found = gru_gradients(examples(), reset_before=reset_before)
    for seed, example in enumerate(examples()):
        expected = by_hand(example, reset_before=reset_before)
        size = np.linalg.norm(expected, axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(found[:, seed] / size, expected / size, atol=1e-11)


def test_the_order_after_the_product_is_that_of_the_engine_and_of_torch() -> None:
    example = make_example(Experiment(cell="gru", initialisation="torch", hidden_size=4, sequence_length=6))
    states = run(Experiment(cell="gru", initialisation="torch", hidden_size=4, sequence_length=6)).hidden_states
    np.testing.assert_allclose(outputs_of(example), states[1:].swapaxes(0, 1), atol=1e-14)
    (last,) = gru_gradients([example], reset_before=False)[-1]
    np.testing.assert_allclose(last, states[-1] - example.targets[:, -1], atol=1e-14)


def test_at_torchs_default_neither_order_loses_more_than_the_other() -> None:
    before, after = (
        [factor_per_step(np.log10(np.linalg.norm(by_hand(one, reset_before=first), axis=(1, 2)))) for one in examples()]
        for first in (True, False)
    )
    found = [10**values for values in (resets("torch", 1.0).before, resets("torch", 1.0).after)]
    np.testing.assert_allclose(found, [before, after], rtol=1e-9)
    said = html.unescape(plain(hand_question(replace(OPENING, cell="gru"), "early reset")))
    assert f"×{np.median(before):.3g} per step back in the median (×{min(before):.3g} to ×{max(before):.3g})" in said
    assert f"×{np.median(after):.3g} (×{min(after):.3g} to ×{max(after):.3g})" in said
    loses = sum(late < early for early, late in zip(before, after, strict=True))
    assert 0 < loses < 7
    assert f"Neither order loses more in all of them: the reset after the product does in {loses} of 7" in said


@every(
    ("initialisation", "input_scale"), [("gaussian", 0.0), ("identity", 1.0), ("orthogonal", 1.0), ("gaussian", 3.0)]
)
def test_what_is_said_of_the_orders_is_what_their_factors_are(initialisation: str, input_scale: float) -> None:
    found = resets(initialisation, input_scale)
    before, after = found.before, found.after
    experiment = Experiment(
        cell="gru", initialisation=initialisation, input_scale=input_scale, hidden_size=2, sequence_length=3
    )
    said = plain(hand_question(experiment, "early reset"))
    assert_readable(said.split("Which order")[1])
    assert ("Both orders lose the same" in said) == bool(np.allclose(before, after, atol=1e-9, rtol=0))
    assert ("In all of them the reset after" in said) == bool((after < before - 1e-9).all())
    assert ("In all of them the reset before" in said) == bool((before < after - 1e-9).all())


@every(
    ("before", "after", "loses", "counts"),
    [
        ([0.0, 0.0], [-0.1, -0.2], "after", (0, 2)),
        ([-0.1, -0.2], [0.0, 0.0], "before", (2, 0)),
        ([-0.1, 0.0], [0.0, -0.1], "both", (1, 1)),
        ([-0.1, 0.0], [0.0, 0.0], "both", (1, 0)),
        ([-0.1, 1e-12], [-0.1, 0.0], "neither", (0, 0)),
    ],
)
def test_an_order_loses_more_where_its_factors_are_smaller_by_more_than_rounding(
    before: list[float], after: list[float], loses: str, counts: tuple[int, int]
) -> None:
    found = Resets(experiment=OPENING, seeds=range(3, 5), before=np.array(before), after=np.array(after))
    assert (found.loses, (found.before_loses, found.after_loses)) == (loses, counts)
    assert (found.networks, found.last_seed) == (2, 4)
