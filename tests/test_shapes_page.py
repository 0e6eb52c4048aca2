"""The page "Shapes of recurrence": what is lit when, where it stands, and words against the library's numbers."""

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import SHAPES, Experiment, run, run_shape
from rnn_dynamics.content.numbers import subscripted
from rnn_dynamics.pictures import frames
from rnn_dynamics.pictures.shapes import LENGTHS, PICTURE, STOPS, stops
from tests.every import every
from tests.pictured import Rows, drawn_by, said_by
from tests.test_pages import link, open_page, shown

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=6, batch_size=2, forget_bias=3.0)
shapes = every("shape", SHAPES)
CELLS = ("rnn", "lstm", "gru")
cells = every("cell", CELLS)


def tables(experiment: Experiment, shape: str, stop: str = "all") -> dict[str, Rows]:
    return drawn_by(PICTURE, experiment, shape=shape, stop=stop)


def words(experiment: Experiment, shape: str) -> str:
    return said_by(PICTURE, experiment, shape=shape)


def by_ends(experiment: Experiment, shape: str, stop: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(source, target) -> row of the picture."""
    return {(row["source"], row["target"]): row for row in tables(experiment, shape, stop)["edges"]}


def written(number: str) -> float:
    """What a reader takes 0.25, 10⁻⁷ or 2·10⁻⁷ for."""
    power = re.fullmatch(r"(?:(\d)·)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", number)
    if power is None:
        return float(number)
    return float(power[1] or 1) * 10.0 ** int(power[2].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))


def lit_nodes(experiment: Experiment, shape: str, stop: str) -> set[str]:
    return {row["node"] for row in tables(experiment, shape, stop)["nodes"] if row["lit"]}


# The numbers


@shapes
@cells
def test_the_whole_picture_shows_the_gradient_of_every_edge(shape: str, cell: str) -> None:
    experiment = replace(OPENING, cell=cell)
    trace, found = run_shape(experiment, shape), tables(experiment, shape)
    assert [row["weights"] for row in found["edges"]] == [edge.weights for edge in trace.edges]
    whole = found["whole"][0]
    for edge, row in zip(trace.edges, found["edges"], strict=True):
        assert (row["source"], row["target"]) == (edge.source, edge.target)
        assert row["log10_norm"] == pytest.approx(edge.log10_norm, rel=1e-6, abs=1e-6)
        assert math.log10(written(row["text"])) == pytest.approx(edge.log10_norm, abs=0.18)  # one digit at least
        assert whole["low"] <= row["log10_norm"] <= whole["high"]
    assert f"{trace.loss:.3g}" in found["stop"][0]["loss"]


def test_an_edge_without_gradient_is_drawn_without_a_colour() -> None:
    found = by_ends(replace(OPENING, nonlinearity="relu", input_scale=0.0), "many-to-one", "all")
    row = found["h5", "h6"]
    assert (row["log10_norm"], row["text"], row["state"]) == (None, "0", 2)
    assert found["y6", "L"]["log10_norm"] is not None


# The player


@shapes
def test_forwards_a_node_lights_up_after_all_that_it_is_computed_from(shape: str) -> None:
    for position in stops(shape, 6):
        lit = lit_nodes(OPENING, shape, position)
        for (source, target), row in by_ends(OPENING, shape, position).items():
            assert source in lit or target not in lit
            assert row["state"] == 0 or (source in lit and (target in lit or target == "L"))
        if not position.startswith("forward"):
            assert len(lit) == len(run_shape(OPENING, shape).log10_norms)


@shapes
def test_backwards_an_edge_lights_up_after_all_that_its_gradient_is_the_sum_of(shape: str) -> None:
    for position in stops(shape, 6):
        found = by_ends(OPENING, shape, position)
        arrived = {ends for ends, row in found.items() if row["state"] == 2}
        assert position == "all" or position.startswith("back") or not arrived
        assert {ends for ends, row in found.items() if row["log10_norm"] is not None} == arrived
        for _, target in arrived:
            assert all(ends in arrived for ends in found if ends[0] == target)


@shapes
def test_each_stop_adds_to_what_is_lit_and_the_last_is_the_whole_picture(shape: str) -> None:
    states = [[row["state"] for row in tables(OPENING, shape, stop)["edges"]] for stop in stops(shape, 6)[1:]]
    for before, after in pairwise(states):
        assert before != after
        assert all(early <= late for early, late in zip(before, after, strict=True))
    assert set(states[-1]) == {2}


@every(
    ("shape", "steps"),
    [("one-to-one", 1), ("one-to-many", 5), ("many-to-one", 5), ("aligned", 5), ("encoder-decoder", 10)],
)
def test_the_player_has_a_stop_for_each_step_each_way_one_for_the_loss_and_one_for_all(shape: str, steps: int) -> None:
    offered = stops(shape, 5)
    assert len(offered) == 2 * steps + 2
    assert offered[:2] == ("all", "forward 1")
    assert offered[steps + 1] == "loss"
    assert offered[-1] == "back 1"
    assert set(offered) <= set(STOPS)


def test_captions_have_the_numbers_of_the_library() -> None:
    trace = run_shape(OPENING, "encoder-decoder")

    def caption(position: str) -> str:
        return str(tables(OPENING, "encoder-decoder", position)["stop"][0]["caption"])

    norm = np.linalg.norm(trace.hidden_states[8])
    first, second, third = (f"{value:.2f}".replace("-", "−") for value in trace.outputs[1, 0, :3])
    assert caption("forward 8") == (
        f"Forward: s₂ from y₁ and s₁,¦‖s₂‖ = {norm:.3g}; then y₂ = ({first}, {second}, {third}, …)"
    )
    assert "h₃ from x₃ and h₂" in caption("forward 3")
    assert "y" not in caption("forward 3")
    assert f"L = {trace.loss:.3g}" in caption("loss")
    assert f"‖dL/dh₆‖ = {10 ** trace.log10_norms['h6']:.2g}" in caption("back 6")
    assert f"x₆ receives {10 ** trace.log10_norms['x6']:.2g}" in caption("back 6")


def test_the_loss_is_a_number_only_once_it_is_computed() -> None:
    for position in stops("aligned", 6):
        (row,) = tables(OPENING, "aligned", position)["stop"]
        assert ("=" in row["loss"]) == row["lit"] == (not position.startswith("forward"))


# Where things stand


@shapes
@every("length", LENGTHS)
def test_nodes_stand_apart_and_within_the_picture_on_a_wide_screen_and_on_a_phone(shape: str, length: int) -> None:
    found = tables(replace(OPENING, sequence_length=length), shape)
    (whole,) = found["whole"]
    # Of a picture 1100 × 420 and of a phone's 350 × 420: at least a diameter of 26 and of 22 pixels.
    wide, phone = ("x", 1100 / whole["columns"], "y", 420), ("u", 350, "v", 420 / whole["rows"])
    for (across, far, down, deep), width, least in ((wide, 1100, 26), (phone, 350, 22)):
        places = np.array([[row[across] * far, row[down] * deep] for row in found["nodes"]])
        assert (places > 0).all()
        assert (places < [width, 420]).all()
        radii = np.array([row["r"] for row in found["nodes"]])
        distances = np.linalg.norm(places[:, None] - places[None], axis=-1) + 1e9 * np.eye(len(places))
        assert (distances >= least * (radii[:, None] + radii) / 2).all()


@shapes
def test_an_edge_begins_and_ends_at_its_nodes(shape: str) -> None:
    nodes = {row["node"]: row for row in tables(OPENING, shape)["nodes"]}
    assert list(nodes) == list(run_shape(OPENING, shape).log10_norms)
    found = by_ends(OPENING, shape, "all")
    for (source, target), row in found.items():
        assert all(row[f"{name}1"] == nodes[source][name] for name in "xyuvr")
        if target != "L":
            assert all(row[f"{name}2"] == nodes[target][name] for name in "xyuvr")
        else:
            assert (row["x2"], row["v2"]) == (row["x1"], row["v1"])
    assert len({(row["y2"], row["u2"]) for (_, target), row in found.items() if target == "L"}) == 1


# The words


@every(
    ("changes", "shape", "said"),
    [
        ({}, "many-to-one", "Of the gradient at h₆, 0.094 is left at h₁:¦5 steps back, on average ×0.62 each"),
        ({"weight_scale": 3.0}, "many-to-one", "has become¦2.3 times as large at h₁"),
        ({"weight_scale": 0.0}, "many-to-one", "Nothing of the error reaches h₁"),
        ({"sequence_length": 1}, "many-to-one", "A single step"),
        ({"sequence_length": 1}, "aligned", "A single step"),
        ({"sequence_length": 1}, "one-to-many", "A single step"),
        ({}, "one-to-one", "One layer, one step"),
        ({}, "one-to-many", "6 outputs depend on x₁"),
        ({}, "aligned", "h₁ receives more from its own output"),
        ({"weight_scale": 3.0}, "aligned", "h₁ receives more from the later outputs¦than from its own"),
        ({}, "encoder-decoder", "Every error passes one edge, h₆ → s₁"),
        ({"weight_scale": 0.0}, "encoder-decoder", "nothing reaches h₁"),
    ],
)
def test_each_case_has_its_claim(changes: dict[str, Any], shape: str, said: str) -> None:
    assert said in tables(replace(OPENING, **changes), shape)["whole"][0]["claim"]


def test_the_claim_of_many_to_one_has_the_numbers_of_run() -> None:
    norms = run(OPENING).log10_norms["hidden"]
    share = 10 ** (norms[0] - norms[-1])
    claim = tables(OPENING, "many-to-one")["whole"][0]["claim"]
    assert f"{share:.2g} is left" in claim
    assert f"on average ×{share ** (1 / 5):.2g} each" in claim


def test_the_claim_of_the_encoder_decoder_names_what_passes_its_one_edge() -> None:
    trace = run_shape(OPENING, "encoder-decoder")
    bottleneck = next(edge.log10_norm for edge in trace.edges if (edge.source, edge.target) == ("h6", "s1"))
    claim = tables(OPENING, "encoder-decoder")["whole"][0]["claim"]
    assert f"{10**bottleneck:.2g} there, {10 ** trace.log10_norms['x1']:.2g} at x₁" in claim


def test_idle_recurrent_weights_have_no_gradient_in_one_to_one() -> None:
    for cell in CELLS:
        trace = run_shape(replace(OPENING, cell=cell), "one-to-one")
        assert not trace.gradients["weight_hh_l0"].any()
        assert trace.gradients["weight_ih_l0"].any()


@shapes
@cells
def test_the_parameter_count_and_its_formula_agree_at_every_length(shape: str, cell: str) -> None:
    counts = set()
    for length in LENGTHS:
        experiment = replace(OPENING, cell=cell, sequence_length=length)
        found = re.search(r"<b>([\d,]+) parameters</b> = [^=]* = ([\d·( +)]+),", words(experiment, shape))
        assert found is not None
        count = int(found[1].replace(",", ""))
        assert count == run_shape(experiment, shape).parameter_count == eval(found[2].replace("·", "*"))
        counts.add(count)
    assert len(counts) == 1


def test_without_sharing_each_step_would_have_weights_of_its_own() -> None:
    assert "there would be 9,728" in words(OPENING, "many-to-one")  # 6 (32·16 + 32·32 + 2·32) + 4·32
    assert "there would be 22,272" in words(OPENING, "encoder-decoder")  # 12 · 1,600 + 6 · 16·32


@shapes
@cells
def test_the_table_names_the_edges_of_each_matrix_and_their_extremes(shape: str, cell: str) -> None:
    experiment = replace(OPENING, cell=cell)
    trace, said = run_shape(experiment, shape), words(experiment, shape)
    matrices = {edge.weights for edge in trace.edges if edge.weights}
    assert said.count("<tr>") == 1 + len(matrices)
    for matrix in matrices:
        edges = [edge for edge in trace.edges if edge.weights == matrix]
        letter, kind = matrix.split("_")
        row = said.split(f"<b>{letter}<sub>{kind}</sub></b>")[1].split("</tr>")[0]
        assert f"{len(edges)} edge" in row
        for edge in (max(edges, key=lambda edge: edge.log10_norm), min(edges, key=lambda edge: edge.log10_norm)):
            assert f"({subscripted(edge.source)} → {subscripted(edge.target)})" in row
            assert f"{10**edge.log10_norm:.2g}" in row


def test_the_table_for_download_holds_every_edge() -> None:
    trace = run_shape(OPENING, "encoder-decoder")
    frame = frames("shapes", OPENING, shape="encoder-decoder")["edges"]
    assert list(frame.columns) == ["from", "to", "weights", "log10_norm"]
    assert len(frame) == len(trace.edges) == 6 * 2 + 6 * 4
    assert frame.iloc[0].tolist() == ["x1", "h1", "W_ih", trace.edges[0].log10_norm]
    assert {"h6", "s1"} <= set(frame["from"]) | set(frame["to"])


# The page


def test_a_preset_sets_the_shape_and_goes_back_to_the_whole_picture() -> None:
    app = open_page("shapes", {"stop": "back 2", "shape": "aligned"})
    assert app.select_slider(key="stop").value == "back 2"
    app.button(key="preset_translation").click().run()
    assert app.session_state["shape"] == "encoder-decoder"
    assert app.select_slider(key="stop").value == "all"
    assert "shape=encoder-decoder" in link(app)
    assert link(app).endswith("&stop=all")


@every(("before", "after"), [("back 6", "back 3"), ("forward 5", "loss"), ("back 2", "back 2")])
def test_a_shorter_sequence_takes_the_player_along(before: str, after: str) -> None:
    app = open_page("shapes", {"stop": before})
    app.select_slider(key="sequence_length").set_value(3).run()
    assert not app.exception
    assert app.select_slider(key="stop").value == after
    assert app.select_slider(key="stop").options[-1] == "back 1"
    assert len(app.select_slider(key="stop").options) == 8


@every(
    ("link", "shown_as"),
    [
        ({"stop": "forward 9"}, "loss"),
        ({"stop": "back 4", "sequence_length": "3"}, "back 3"),
        ({"stop": "back 2", "shape": "one-to-one"}, "back 1"),
        ({"stop": "Forward 5", "sequence_length": "x"}, ""),
        ({"stop": "back 12", "shape": "encoder-decoder"}, ""),
    ],
)
def test_a_link_to_a_stop_beyond_the_end_is_moved_aloud(link: dict[str, str], shown_as: str) -> None:
    app = open_page("shapes", dict(link))
    said = " ".join(caption.value for caption in app.caption)
    assert app.select_slider(key="stop").value == (shown_as or link["stop"].lower())
    assert (f"`stop = {link['stop']}` is shown as {shown_as}." in said) == bool(shown_as)
    assert not app.exception


def test_the_walk_shows_another_picture_at_each_stop_and_the_same_words() -> None:
    app = open_page("shapes", {"sequence_length": "2"})
    pictures = []
    for stop in stops("many-to-one", 2):
        app.select_slider(key="stop").set_value(stop).run()
        assert not app.exception
        pictures.append(shown(app))
    assert all(pictures.count(picture) == 1 for picture in pictures)
    assert all(picture["words"] == pictures[0]["words"] for picture in pictures)


def test_one_to_one_has_one_step_whatever_the_length() -> None:
    app = open_page("shapes", {"shape": "one-to-one", "sequence_length": "5"})
    assert app.select_slider(key="sequence_length").disabled
    assert list(app.select_slider(key="stop").options) == ["all", "forward 1", "loss", "back 1"]
