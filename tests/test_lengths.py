"""The longest sequences that pages offer: wherever they exist, the picture is there, and in time."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from rnn_dynamics import Experiment, run
from rnn_dynamics.engine.work import work_of
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures import additive_path, depth
from rnn_dynamics.pictures.additive_path import answer as of_path
from rnn_dynamics.pictures.additive_path.answer import path_answer
from rnn_dynamics.pictures.depth import answer as of_depth
from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.kit.lengths import LONG, USUAL
from tests.every import every
from tests.handed_out import frame_of
from tests.pictured import drawn_by
from tests.test_pages import open_page
from tests.test_walks import widgets

PAGES = ("depth", "additive_path")
#: What an answer of the longest sequences costs on each page, of which the first uses fewer sequences; and the most.
WORK: dict[str, tuple[Callable[[Experiment], int], float]] = {
    "depth": (lambda asked: work_of(replace(asked, batch_size=1)), of_depth._LARGEST_LONG),
    "additive_path": (lambda asked: work_of(asked) + work_of(asked, "rnn"), of_path._LARGEST_LONG),
}
#: The least and the most that a page with stacks can be asked for.
STACKS: dict[str, tuple[Any, ...]] = {"num_layers": (1, 4), "bidirectional": (False, True)}


@every("page", PAGES)
def test_a_thousand_steps_are_offered_at_the_opening(page: str) -> None:
    frame = frame_of(page)
    assert frame.existing["sequence_length"](frame.at_opening) == LONG
    assert LONG[-1] == 1000
    assert KNOBS_NUMBER["sequence_length"].offered == USUAL


@every("page", PAGES)
def test_no_length_that_exists_takes_longer_than_the_page_allows_and_the_usual_always_exist(page: str) -> None:
    frame, (work, most) = frame_of(page), WORK[page]
    names = ("hidden_size", "batch_size", "cell")
    sizes: dict[str, Any] = {name: frame.settings[name].values for name in names}
    sizes |= {name: ends for name, ends in STACKS.items() if name in frame.settings}
    for values in product(*sizes.values()):
        now = frame.at_opening | dict(zip(sizes, values, strict=True))
        lengths = frame.existing["sequence_length"](now)
        assert lengths[: len(USUAL)] == USUAL
        if lengths[-1] > USUAL[-1]:
            asked, _ = frame.asked({name: now[name] for name in sizes} | {"sequence_length": lengths[-1]})
            assert work(asked) <= most


def test_a_thousand_steps_are_those_of_run() -> None:
    long = replace(frame_of("depth").opening, sequence_length=1000)
    answer = depth_answer(long)
    alone = run(replace(long, batch_size=answer.experiment.batch_size))
    for ours, theirs in zip(answer.trace.layers, alone.layers, strict=True):
        np.testing.assert_allclose(ours.log10_norms["hidden"], theirs.log10_norms["hidden"], rtol=0, atol=1e-6)
    (whole,) = drawn_by(depth.PICTURE, long)["whole"]
    assert whole["length"] == 1000


def test_of_a_thousand_steps_the_parts_of_a_gradient_are_those_of_run() -> None:
    long = replace(frame_of("additive_path").opening, sequence_length=1000)
    answer = path_answer(long, {}, frozenset())
    for curve, part, alone in (
        ("total", "cell", long),
        ("path", "cell", replace(long, hidden_path="cut")),
        ("rnn", "hidden", replace(long, cell="rnn", forget_bias=0.0)),
    ):
        norms = run(alone).log10_norms[part]
        np.testing.assert_allclose(answer.curves[curve], norms - norms[-1], rtol=0, atol=1e-6)
    (whole,) = drawn_by(additive_path.PICTURE, long)["whole"]
    assert whole["length"] == 1000


def test_the_states_of_relu_end_what_is_offered() -> None:
    stack = frame_of("depth").at_opening | {"nonlinearity": "relu"}
    assert depth.lengths(stack | {"cell": "rnn"}) == USUAL
    assert depth.lengths(stack | {"cell": "gru"}) == LONG
    beside = frame_of("additive_path").at_opening
    assert additive_path.lengths(beside) == LONG
    assert additive_path.lengths(beside | {"nonlinearity": "relu"}) == USUAL  # the vanilla network's


@every(("page", "cell"), [("depth", "rnn"), ("additive_path", "gru")])
def test_a_length_that_no_longer_exists_moves_to_the_longest_that_does(page: str, cell: str) -> None:
    app = open_page(page, {"sequence_length": "1000", "cell": cell})
    assert widgets(app)["sequence_length"].value == 1000
    app = open_page(page, {"sequence_length": "1000", "cell": cell, "nonlinearity": "relu"})
    assert not app.exception
    assert widgets(app)["sequence_length"].value == 200
