"""The longest sequences that pages offer: wherever they exist, the picture is there, and in time."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from rnn_dynamics import run
from rnn_dynamics.engine.work import work_of
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures import depth
from rnn_dynamics.pictures.depth.answer import _LARGEST_LONG, depth_answer
from rnn_dynamics.pictures.kit.lengths import LONG, USUAL
from tests.handed_out import frame_of
from tests.pictured import drawn_by
from tests.test_pages import open_page
from tests.test_walks import widgets

PAGE = "depth"


def test_a_thousand_steps_are_offered_at_the_opening() -> None:
    frame = frame_of(PAGE)
    assert frame.existing["sequence_length"](frame.at_opening) == LONG
    assert LONG[-1] == 1000
    assert KNOBS_NUMBER["sequence_length"].offered == USUAL


def test_no_length_that_exists_takes_longer_than_the_page_allows_and_the_usual_always_exist() -> None:
    frame = frame_of(PAGE)
    names = ("hidden_size", "batch_size", "cell")
    sizes: dict[str, Any] = {name: frame.settings[name].values for name in names}
    sizes |= {"num_layers": (1, 4), "bidirectional": (False, True)}
    for values in product(*sizes.values()):
        now = frame.at_opening | dict(zip(sizes, values, strict=True))
        lengths = frame.existing["sequence_length"](now)
        assert lengths[: len(USUAL)] == USUAL
        if lengths[-1] > USUAL[-1]:
            asked, _ = frame.asked({name: now[name] for name in sizes} | {"sequence_length": lengths[-1]})
            assert work_of(replace(asked, batch_size=1)) <= _LARGEST_LONG


def test_a_thousand_steps_are_those_of_run() -> None:
    long = replace(frame_of(PAGE).opening, sequence_length=1000)
    answer = depth_answer(long)
    alone = run(replace(long, batch_size=answer.experiment.batch_size))
    for ours, theirs in zip(answer.trace.layers, alone.layers, strict=True):
        np.testing.assert_allclose(ours.log10_norms["hidden"], theirs.log10_norms["hidden"], rtol=0, atol=1e-6)
    (whole,) = drawn_by(depth.PICTURE, long)["whole"]
    assert whole["length"] == 1000


def test_the_states_of_relu_end_what_is_offered() -> None:
    stack = frame_of(PAGE).at_opening | {"nonlinearity": "relu"}
    assert depth.lengths(stack | {"cell": "rnn"}) == USUAL
    assert depth.lengths(stack | {"cell": "gru"}) == LONG


def test_a_length_that_no_longer_exists_moves_to_the_longest_that_does() -> None:
    app = open_page(PAGE, {"sequence_length": "1000", "cell": "rnn"})
    assert widgets(app)["sequence_length"].value == 1000
    app = open_page(PAGE, {"sequence_length": "1000", "cell": "rnn", "nonlinearity": "relu"})
    assert not app.exception
    assert widgets(app)["sequence_length"].value == 200
