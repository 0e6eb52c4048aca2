"""What "Shapes of recurrence" claims, at strange settings and in every shape, held against the network's edges."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import SHAPES, Experiment, ShapeTrace, run_shape
from rnn_dynamics.content import sentences
from rnn_dynamics.pictures.shapes import PICTURE, stops
from tests.claims import assert_fits_a_phone, assert_readable, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=6, batch_size=2, forget_bias=3.0)
FIELDS = {
    "cell": ("rnn", "lstm", "gru"),
    "weight_scale": (0.0, 0.1, 1.0, 3.0, 10.0),
    "sequence_length": (1, 2, 3, 8),
    "input_size": (1, 2, 16),
    **dict.fromkeys(("initial_state", "loss_at", "hidden_path", "text"), ()),
}
SETTINGS = list(strange_settings(OPENING, 100, **FIELDS))
every_setting = every("experiment", SETTINGS)


def claim_of(experiment: Experiment, shape: str) -> str:
    return str(drawn_by(PICTURE, experiment, shape=shape)["whole"][0]["claim"]).replace("¦", " ")


def texts_at(experiment: Experiment, shape: str, stop: str) -> dict[str, Any]:
    """What the picture writes at a stop, without the tables of all that stands there."""
    views = {**PICTURE.views, "shape": shape, "stop": stop}
    return dict(PICTURE.texts(sentences("shapes"), PICTURE.answer(experiment, views), views))


def through(trace: ShapeTrace, source: str, target: str) -> float:
    """The gradient through an edge."""
    (edge,) = [edge for edge in trace.edges if (edge.source, edge.target) == (source, target)]
    return float(10**edge.log10_norm)


def two_digits(text: str) -> float:
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return float(re.sub(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", lambda found: "1e" + found[1].translate(raised), text).replace(",", ""))


def assert_shows(text: str, value: float) -> None:
    found = two_digits(text)
    assert found == pytest.approx(value, rel=0.051) or (
        text.startswith("10") and abs(np.log10(found) - np.log10(value)) < 0.51
    )


@every_setting
def test_every_text_can_be_read_at_every_stop(experiment: Experiment) -> None:
    for shape in SHAPES:
        assert_readable(plain(said_by(PICTURE, experiment, shape=shape)))
        for stop in stops(shape, experiment.sequence_length):
            texts = texts_at(experiment, shape, stop)
            assert_readable("\n".join([texts["claim"], texts["caption"], texts["loss"], *texts["edges"]]))
            assert_fits_a_phone(texts["claim"])


@every("shape", SHAPES)
def test_the_texts_of_a_stop_are_what_the_picture_draws_there(shape: str) -> None:
    for stop in stops(shape, OPENING.sequence_length):
        texts, datasets = texts_at(OPENING, shape, stop), drawn_by(PICTURE, OPENING, shape=shape, stop=stop)
        (whole,), (row,) = datasets["whole"], datasets["stop"]
        assert (whole["claim"], row["caption"], row["loss"]) == (texts["claim"], texts["caption"], texts["loss"])
        assert {edge["text"] for edge in datasets["edges"]} <= {"", *texts["edges"]}


@every_setting
def test_the_claim_of_many_to_one_holds(experiment: Experiment) -> None:
    trace, said = run_shape(experiment, "many-to-one"), claim_of(experiment, "many-to-one")
    last = experiment.sequence_length
    if last == 1:
        assert said.startswith("A single step")
        return
    sent, left = through(trace, f"h{last}", f"y{last}"), through(trace, "h1", "h2")
    assert ("Nothing of the error" in said) == (left == 0.0)
    assert ("as large as it was" in said) == (0.995 <= left / sent < 1.05)
    if match := re.search(r"(\S+) is left at h₁|has become (\S+) times as large", said):
        assert (left < sent) == bool(match[1])
        assert_shows(match[1] or match[2], left / sent)
        assert ("one step back" in said) == (last == 2)
    if match := re.search(r"(\d+) steps back, on average ×(\S+) each", said):
        assert int(match[1]) == last - 1
        assert_shows(match[2], (left / sent) ** (1 / (last - 1)))


@every_setting
def test_the_claims_of_aligned_and_one_to_many_hold(experiment: Experiment) -> None:
    if experiment.sequence_length == 1:
        assert all(claim_of(experiment, shape).startswith("A single step") for shape in ("aligned", "one-to-many"))
        return
    trace, said = run_shape(experiment, "aligned"), claim_of(experiment, "aligned")
    own, later = through(trace, "h1", "y1"), through(trace, "h1", "h2")
    texts = [re.search(rf"(\S+) from {node}", said)[1].rstrip(",") for node in ("y₁", "h₂")]  # type: ignore[index]
    for text, value in zip(texts, (own, later), strict=True):
        assert_shows(text, value)
    assert ("as much from its own" in said) == (texts[0] == texts[1])
    if texts[0] != texts[1]:
        assert ("more from its own output" in said) == (own > later)
        assert ("more from the later outputs" in said) == (own < later)
    trace, said = run_shape(experiment, "one-to-many"), claim_of(experiment, "one-to-many")
    match = re.search(r"gradient (\S+)\. Back from h₂ (\S+) goes by the state, (\S+) through the output", said)
    assert match is not None
    for text, value in zip(
        match.groups(),
        (10 ** trace.log10_norms["x1"], through(trace, "h1", "h2"), through(trace, "y1", "h2")),
        strict=True,
    ):
        assert_shows(text, value)
    assert f"{experiment.sequence_length} outputs depend on x₁" in said


@every_setting
def test_the_claims_of_one_to_one_and_the_encoder_decoder_hold(experiment: Experiment) -> None:
    trace, said = run_shape(experiment, "one-to-one"), claim_of(experiment, "one-to-one")
    match = re.search(r"‖dL/dx₁‖ is (\S+) × ‖dL/dh₁‖", said)
    assert match is not None
    assert_shows(match[1], 10 ** (trace.log10_norms["x1"] - trace.log10_norms["h1"]))
    assert not trace.gradients["weight_hh_l0"].any()
    trace, said = run_shape(experiment, "encoder-decoder"), claim_of(experiment, "encoder-decoder")
    first = through(trace, "h1", "s1" if experiment.sequence_length == 1 else "h2")
    assert ("nothing reaches h₁" in said) == (first == 0.0)
    into_decoder = [edge for edge in trace.edges if edge.source[0] in "xh" and edge.target[0] == "s"]
    assert len(into_decoder) == 1  # the one edge


@every_setting
def test_the_notes_hold(experiment: Experiment) -> None:
    for shape in SHAPES:
        trace, said = run_shape(experiment, shape), plain(said_by(PICTURE, experiment, shape=shape))
        steps = len(trace.hidden_states) - 1
        edges = [10**edge.log10_norm for edge in trace.edges if edge.weights == "W_hh"]
        if match := re.search(
            r"gradients of the (\d+) edges that carry W(?:_)?hh differ by a factor of up to (\S+):", said
        ):
            assert int(match[1]) == len(edges) > 1
            assert_shows(match[2], max(edges) / min(edges))
        counts = [
            values.size
            for name, values in trace.parameters.items()
            if name.removeprefix("decoder.").startswith("weight")
        ]
        uses = experiment.sequence_length if shape == "encoder-decoder" else steps
        products = uses * sum(counts)
        products += len(trace.outputs) * trace.parameters["readout"].size
        assert f"{products:,} multiply-adds" in said
        assert ("Both grow with T" in said) == (steps > 1)
        assert ("h and c together" in said) == (experiment.cell == "lstm")
        assert ("additive path" in said) == (experiment.cell != "rnn")


# The prose


def test_at_half_the_weight_scale_the_first_input_receives_almost_nothing_and_at_two_as_much_as_the_last() -> None:
    assert "a weight scale of 0.5: the inputs at the left receive almost no" in sentences("shapes")["prose"]
    for scale, least, most in ((0.5, 0.0, 0.01), (2.0, 0.5, 2.0)):
        norms = run_shape(replace(OPENING, weight_scale=scale), "many-to-one").log10_norms
        assert least < 10 ** (norms["x1"] - norms["x6"]) < most
        if scale < 1.0:
            assert 10 ** (norms["x2"] - norms["x6"]) < 0.02


def test_in_aligned_no_error_travels_further_than_in_many_to_one() -> None:
    single, aligned = (run_shape(OPENING, shape).hidden_states for shape in ("many-to-one", "aligned"))
    np.testing.assert_array_equal(single, aligned)  # and with them every Jacobian of the way back


def test_one_vector_of_fixed_length_holds_all_that_the_decoder_knows() -> None:
    for length in (2, 8):
        trace = run_shape(replace(OPENING, sequence_length=length), "encoder-decoder")
        ways = {edge.source for edge in trace.edges if edge.source[0] in "xh" and edge.target[0] == "s"}
        assert ways == {f"h{length}"}
        assert trace.hidden_states[length].shape == (2, 32)
