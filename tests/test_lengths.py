"""The longest sequences that pages offer: wherever they exist, the picture is there, and in time."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from rnn_dynamics import Experiment, run
from rnn_dynamics.engine.work import work_of
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures import depth, vanish_or_explode
from rnn_dynamics.pictures.depth.answer import _LARGEST, depth_answer
from rnn_dynamics.pictures.kit.lengths import LONG, USUAL
from rnn_dynamics.pictures.vanish_or_explode.answer import LARGEST_LONG_FAMILY, families_answer, rows_for
from tests.every import every
from tests.handed_out import frame_of
from tests.pictured import drawn_by
from tests.test_pages import open_page
from tests.test_walks import widgets

PAGES = ("vanish_or_explode", "depth")
HOME = Experiment(cell="rnn", batch_size=2, forget_bias=3.0)


@every("page", PAGES)
def test_a_thousand_steps_are_offered_at_the_opening(page: str) -> None:
    frame = frame_of(page)
    assert frame.existing["sequence_length"](frame.at_opening) == LONG
    assert LONG[-1] == 1000
    assert KNOBS_NUMBER["sequence_length"].offered == USUAL


@every("page", PAGES)
def test_no_length_that_exists_takes_longer_than_the_page_allows_and_the_usual_always_exist(page: str) -> None:
    frame = frame_of(page)
    names = ("hidden_size", "batch_size", "cell")
    sizes: dict[str, Any] = {name: frame.settings[name].values for name in names}
    if page == "depth":
        sizes |= {"num_layers": (1, 4), "bidirectional": (False, True)}
    for values in product(*sizes.values()):
        now = frame.at_opening | dict(zip(sizes, values, strict=True))
        lengths = frame.existing["sequence_length"](now)
        assert lengths[: len(USUAL)] == USUAL
        if lengths[-1] > USUAL[-1]:
            asked, _ = frame.asked({name: now[name] for name in sizes} | {"sequence_length": lengths[-1]})
            if page == "depth":
                assert work_of(replace(asked, batch_size=1)) <= _LARGEST
            else:
                rows = 3  # the two ends of the map, and the chosen one
                assert rows * work_of(asked, *vanish_or_explode.pictured(asked.cell)) <= LARGEST_LONG_FAMILY


def test_a_thousand_steps_are_drawn_at_every_weight_scale_of_the_map_that_is_shown() -> None:
    long = replace(HOME, sequence_length=1000)
    answer = families_answer(long, {})
    assert answer.scales == rows_for(long)
    alone = run(replace(long, weight_scale=1.0))
    curve = answer.families["rnn"].log10_norms["input"][answer.row]
    np.testing.assert_allclose(curve, alone.log10_norms["input"], rtol=0, atol=1e-6)
    (whole,) = drawn_by(vanish_or_explode.PICTURE, long)["whole"]
    assert whole["length"] == 1000
    stack = replace(long, cell="lstm", num_layers=4, bidirectional=True)
    assert {len(norms) for level in depth_answer(stack).trace.layers for norms in level.log10_norms.values()} == {1000}


def test_the_states_of_relu_end_what_is_offered() -> None:
    now = frame_of("vanish_or_explode").at_opening | {"nonlinearity": "relu"}
    assert vanish_or_explode.lengths(now) == USUAL
    stack = frame_of("depth").at_opening | {"nonlinearity": "relu"}
    assert depth.lengths(stack | {"cell": "rnn"}) == USUAL
    assert depth.lengths(stack | {"cell": "gru"}) == LONG


def test_a_length_that_no_longer_exists_moves_to_the_longest_that_does() -> None:
    app = open_page("vanish_or_explode", {"sequence_length": "1000"})
    assert widgets(app)["sequence_length"].value == 1000
    widgets(app)["nonlinearity"].set_value("relu").run()
    assert not app.exception
    assert widgets(app)["sequence_length"].value == 200
    app = open_page("vanish_or_explode", {"sequence_length": "1000", "nonlinearity": "relu"})
    assert not app.exception
    assert widgets(app)["sequence_length"].value == 200
