"""The page "Depth and direction": its tables, its picture's specification, and what a reader meets."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment, run
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.pictures.depth import PICTURE
from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.kit.frames import point_steps
from tests.claims import factor_per_step
from tests.every import every
from tests.handed_out import frame_of
from tests.pictured import column, drawn_by, said_by
from tests.test_pages import not_taken, open_page, shown

OPENING = Experiment(cell="lstm", sequence_length=100, batch_size=2, forget_bias=1.0, num_layers=2, bidirectional=True)
SMALL = replace(OPENING, sequence_length=30, hidden_size=5, input_size=3)
every_stack = every(
    "experiment",
    [
        replace(SMALL, cell=cell, num_layers=layers, bidirectional=both, loss_at=loss_at)
        for cell in ("rnn", "lstm", "gru")
        for layers, both in [(1, False), (1, True), (3, True)]
        for loss_at in ("last", "every", "final")
    ],
)


def words(experiment: Experiment) -> str:
    return said_by(PICTURE, experiment, panels="all")


@every_stack
def test_the_rows_and_curves_are_the_library_s(experiment: Experiment) -> None:
    trace, picture = run(experiment), drawn_by(PICTURE, experiment, panels="all")
    (whole,) = picture["whole"]
    start = trace.log10_norms["hidden"][-1]
    exact = [level.log10_norms["hidden"] - start for level in trace.layers]
    assert column(picture["names"], "name") == [
        f"layer {level.layer + 1} {'←' if level.reverse else '→'}" for level in trace.layers
    ]
    by_input = trace.log10_norms["input"]
    curves = {"whole": by_input - by_input[-1]}
    if experiment.bidirectional:
        for name, level in zip(("forwards", "backwards"), trace.layers, strict=False):
            curves[name] = level.log10_norms["input"] - by_input[-1]
    if experiment.levels > 1:
        single = run(replace(experiment, num_layers=1, bidirectional=False)).log10_norms["input"]
        curves["single"] = single - single[-1]
    assert set(column(picture["curves"], "name")) == set(curves)
    assert sorted(set(column(picture["curves"], "step"))) == point_steps(30).tolist()
    expected: dict[tuple[str, Any], Any] = {("levels", place): norms for place, norms in enumerate(exact)}
    expected |= {("curves", name): norms for name, norms in curves.items()}
    for row in (row | {"of": name} for name in ("levels", "curves") for row in picture[name]):
        exactly = expected[row["of"], row.get("place", row.get("name"))][row["step"] - 1]
        if np.isfinite(exactly) and (row["of"] == "levels" or whole["low"] <= exactly <= whole["high"]):
            assert row["log10_norm"] == pytest.approx(exactly, rel=1e-6, abs=1e-6)
        else:
            assert row["log10_norm"] is None
    for row in picture["labels"]:
        assert row["text"].endswith(f": {power_of_ten(float(curves[row['name']][0]))}")


@every_stack
def test_the_curves_alone_are_that_of_the_network_and_that_of_one_layer(experiment: Experiment) -> None:
    alone, everything = drawn_by(PICTURE, experiment), drawn_by(PICTURE, experiment, panels="all")
    assert set(everything) - set(alone) == {"levels", "names"}
    shown = [row for row in everything["curves"] if row["name"] in ("single", "whole")]
    assert alone["curves"] == shown
    length, first = experiment.sequence_length, column(shown, "log10_norm", name="whole", step=1)
    (label,) = column(alone["labels"], "text", name="whole")
    layers, ways = experiment.num_layers, " ⇄" if experiment.bidirectional else ""
    assert label == f"{layers} layer{'s' * (layers > 1)}{ways}: {power_of_ten(first[0])}"
    assert (f"relative to step {length}" in alone["whole"][0]["curves"]) == (experiment.levels > 1)


def test_a_row_without_gradient_is_empty_but_for_the_last_step() -> None:
    rows = drawn_by(PICTURE, SMALL, panels="all")["levels"]
    *before, last = column(rows, "log10_norm", place=3)
    assert set(before) == {None}
    assert last is not None
    assert column(rows, "step", place=3)[-2:] == [29, 30]


def test_the_finding_says_where_the_backward_direction_is_left_without_time() -> None:
    assert "layer 2 ← only that one: it has a gradient there alone" in words(SMALL)
    assert "<td>1</td></tr>" in words(SMALL)
    every = words(replace(SMALL, loss_at="every"))
    assert "only that one" not in every
    assert every.count("<td>all</td>") == 4
    one_way = words(replace(SMALL, bidirectional=False))
    assert "backward direction" not in one_way


def test_the_finding_says_that_h_n_is_where_each_direction_has_ended() -> None:
    final = replace(SMALL, loss_at="final")
    (whole,) = drawn_by(PICTURE, final, panels="all")["whole"]
    assert whole["map"].startswith("From h_n an error travels¦through all steps both ways:")
    assert "From output[-1] the error of ← would not travel at all." in words(final)
    assert "only that one" not in words(final)
    assert words(final).count("<td>all</td>") == 4
    assert "per step back" not in words(final)
    one_way = replace(final, bidirectional=False)
    assert words(one_way) == words(replace(one_way, loss_at="last"))


def test_a_page_of_one_direction_does_not_offer_its_end_apart() -> None:
    offered = {page: frame_of(page).settings["loss_at"].values for page in ("vanish_or_explode", "depth")}
    assert offered == {"vanish_or_explode": ("last", "every"), "depth": ("last", "every", "final")}


@every("cell", ["rnn", "lstm", "gru"])
@every("weight_scale", [0.5, 1.0, 3.0])
def test_depth_is_judged_by_the_factor_per_step_of_one_error(cell: str, weight_scale: float) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=weight_scale, bidirectional=False)
    deep, single = (
        factor_per_step(run(replace(experiment, num_layers=layers)).log10_norms["input"]) for layers in (2, 1)
    )
    said = words(experiment)
    assert f"by ×{deep:.3g}, in a network with one layer by ×{single:.3g}." in said
    verdict = "no difference" if abs(deep - single) < 0.005 else "Depth helps" if deep > single else "Depth costs"
    assert ("Here a gradient grows" if max(deep, single) > 1.047 else verdict) in said


def test_the_share_of_the_backward_direction_is_a_ratio_of_norms() -> None:
    trace = run(SMALL)
    ratio = 10 ** (trace.layers[1].log10_norms["input"][0] - trace.log10_norms["input"][0])
    assert f"{100 * ratio:.2g} % of the norm of the whole" in words(SMALL)


def test_a_large_network_is_answered_with_fewer_sequences_and_says_so() -> None:
    large = replace(OPENING, hidden_size=64, sequence_length=200, batch_size=8, num_layers=4)
    fewer = depth_answer(large).experiment.batch_size
    assert 1 <= fewer < 8
    assert depth_answer(large).experiment == replace(large, batch_size=fewer)
    assert f"uses {fewer} of 8 sequences" in words(large)
    assert depth_answer(OPENING).experiment == OPENING


def test_the_tidy_frame_has_every_level_component_and_step() -> None:
    trace = run(SMALL)
    frame = PICTURE.files["layers"](depth_answer(SMALL), {})
    assert len(frame) == 30 * (1 + sum(len(level.log10_norms) for level in trace.layers))
    row = frame.query("layer == 2 and direction == 'backwards' and component == 'hidden' and step == 30")
    assert row["log10_norm"].item() == trace.layers[3].log10_norms["hidden"][-1]
    np.testing.assert_array_equal(frame.query("layer == 0")["log10_norm"], trace.log10_norms["input"])


def test_stacks_of_a_cell_share_the_single_layer_that_they_are_compared_with() -> None:
    stacks = [replace(SMALL, num_layers=2, loss_at="last", bidirectional=both) for both in (False, True)]
    final = replace(stacks[1], loss_at="final")
    assert len({id(depth_answer(experiment).single) for experiment in (*stacks, final)}) == 1
    assert depth_answer(replace(stacks[0], loss_at="every")).single is not depth_answer(stacks[0]).single


def test_layers_and_directions_are_in_the_link() -> None:
    app = open_page("depth", {"num_layers": "3", "bidirectional": "true", "panels": "all"})
    assert not app.exception
    assert len(shown(app)["0-names"]) == 6
    assert "num_layers=3" in app.code[0].value
    assert "bidirectional=true" in app.code[0].value
    wrong = open_page("depth", {"num_layers": "9", "bidirectional": "maybe"})
    (said,) = not_taken(wrong)
    assert "`bidirectional = maybe` is not true or false" in said
    assert "`num_layers = 9`" in said


def test_the_switch_adds_the_backward_rows() -> None:
    app = open_page("depth", {"panels": "all"})
    assert [row["name"] for row in shown(app)["0-names"]] == ["layer 1 →", "layer 2 →"]
    (switch,) = app.toggle
    switch.set_value(True).run()
    names = [f"layer {layer} {way}" for layer in (1, 2) for way in "→←"]
    assert [row["name"] for row in shown(app)["0-names"]] == names


def test_one_step_has_nothing_to_travel_through() -> None:
    app = open_page("depth", {"text": "a"})
    assert not app.exception
