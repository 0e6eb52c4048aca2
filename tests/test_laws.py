"""The laws: each holds, none that is made wrong does, none is remembered; and what of them no single number says."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment, run
from rnn_dynamics.content import languages, sentences
from rnn_dynamics.engine import theory
from rnn_dynamics.experiment import KNOBS_CHOICE
from rnn_dynamics.laws import LAWS, Checked, Law, board
from rnn_dynamics.laws.board import Board
from rnn_dynamics.laws.law import Laws, Sides, measures
from rnn_dynamics.laws.theory import AT_REST, RNN, log10_growth
from rnn_dynamics.learning.training import OF_TORCH
from rnn_dynamics.remembered import MEMORY
from tests.every import every
from tests.test_pages import PAGES


@every("name", LAWS, parts=3)
def test_a_law_holds_is_computed_anew_and_does_not_hold_where_what_is_expected_is_another(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = LAWS[name]
    with monkeypatch.context() as patch:
        patch.setattr(MEMORY, "recall", lambda *_: pytest.fail(f"{name} is remembered"))
        sides = law.sides()
    found = replace(law, sides=lambda: sides).check()
    assert found.holds, found
    assert found.numbers > 0
    assert not replace(law, sides=lambda: moved(law, sides)).check().holds


def moved(law: Law, sides: Sides) -> Sides:
    """The same sides with each expected number away from the computed one by more than the law allows."""
    expected, computed = np.broadcast_arrays(*(np.asarray(side, dtype=np.float64) for side in sides))
    step = 2.0 * law.within * measures(expected)[law.of]
    away = np.where(computed > expected, expected - step, expected + step)
    return (computed - step if law.at_most else away), computed


def test_there_are_as_many_laws_as_were_written_down_all_of_pages_and_with_words_in_every_language() -> None:
    assert len(LAWS) >= 150
    assert {law.page for law in LAWS.values()} < {*PAGES}
    for language in languages():
        words = sentences("check_us", language)
        assert {law.key for law in LAWS.values()} == {*words["laws"]}
        assert {law.source for law in LAWS.values()} == {*words["sources"]}
        assert {*words["cases"]} < {law.case for law in LAWS.values()}
        assert all(("{case}" in words["laws"][law.key]) == bool(law.case) for law in LAWS.values())


@every(
    ("page", "sides"),
    [
        ("phase_diagram", "critical_0_1"),
        ("vanish_or_explode", "gradients_lstm"),
        ("additive_path", "gate_alone_gru"),
        ("cliff", "cliff_edge"),
    ],
)
def test_a_law_has_an_address_and_its_page(page: str, sides: str) -> None:
    assert LAWS[sides].page == page
    assert LAWS[sides].name == sides


@every(
    ("how", "expected", "computed", "share"),
    [
        ({"within": 0.1}, 2.0, 2.05, 0.5),
        ({"within": 0.1, "of": "each"}, [2.0, 10.0], [2.1, 10.0], 0.5),
        ({"within": 0.1, "of": "largest"}, [0.0, -10.0], [0.5, -10.0], 0.5),
        ({"within": 0.1, "of": "each"}, 0.0, 1e-300, math.inf),
        ({"within": 0.1, "of": "each"}, 0.0, 0.0, 0.0),
        ({"within": 0.1, "at_most": True}, 2.0, -5.0, 0.0),
        ({"within": 0.1, "at_most": True}, [2.0, 2.0], [-5.0, 2.2], 2.0),
        ({"within": 0.1}, [1.0, 1.0], [1.0, math.nan], math.inf),
        ({"within": 0.1}, math.nan, math.nan, math.inf),
        ({"within": 0.1}, -math.inf, -math.inf, 0.0),
        ({"within": 0.1}, -math.inf, -300.0, math.inf),
        ({"within": 0.1}, 1.0, math.inf, math.inf),
    ],
)
def test_the_share_of_the_tolerance_is_that_of_the_pair_that_uses_most(
    how: dict[str, Any], expected: Any, computed: Any, share: float
) -> None:
    law = Law(key="one", case="", page="depth", source="exact", sides=lambda: (expected, computed), **how)
    found = law.check()
    assert found.share == pytest.approx(share)
    assert found.holds == (share <= 1.0)
    assert found.numbers == np.size(expected)


def test_of_bounds_that_are_kept_the_pair_is_shown_that_comes_closest() -> None:
    law = Law(key="one", case="", page="", source="", sides=lambda: ([3.0, 2.0], [0.0, 1.5]), within=0.1, at_most=True)
    found = law.check()
    assert (found.expected, found.computed, found.difference) == (2.0, 1.5, 0.0)


def test_a_law_that_compares_nothing_and_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one compares nothing"):
        Law(key="one", case="", page="", source="", sides=lambda: ([], []), within=0.1).check()
    laws = Laws()

    def twice() -> Sides:
        return 1.0, 1.0

    laws.law("depth", "exact", within=1.0)(twice)
    with pytest.raises(AssertionError, match="two laws are called twice"):
        laws.law("depth", "exact", within=1.0)(twice)


# The board


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time."""

    def at(now: float) -> None:
        monkeypatch.setattr(board, "time", lambda: now)
        monkeypatch.setattr("rnn_dynamics.laws.law.time", lambda: now)

    return at


NAMES = ("latch_slope", "chi_2", "variance_0_9_0")


def test_who_asks_while_others_check_has_their_check_and_afterwards_a_new_one(clock: Callable[[float], None]) -> None:
    shared = Board()
    clock(100.0)
    work = shared.begin(NAMES)
    assert (work.share, work.next, work.complete) == (0.0, "latch_slope", False)
    work.advance()
    clock(105.0)
    assert shared.begin(NAMES) is work
    assert shared.begin(NAMES[:1]) is not work
    work.advance()
    assert work.share == pytest.approx(2 / 3)
    assert ([*work.done], work.next) == ([*NAMES[:2]], "variance_0_9_0")
    work.advance()
    work.advance()
    assert work.complete
    assert all(one.holds for one in shared.found.values())
    clock(106.0)
    again = shared.begin(NAMES)
    assert (again.share, again.question == work.question) == (0.0, False)
    assert work.complete


def test_a_check_that_rests_is_begun_anew(clock: Callable[[float], None]) -> None:
    shared = Board()
    clock(100.0)
    work = shared.begin(NAMES)
    clock(109.0)
    work.advance()
    clock(118.0)
    assert shared.begin(NAMES) is work
    clock(120.0)
    assert shared.begin(NAMES) is not work


def test_a_law_that_was_checked_before_counts_where_any_result_does() -> None:
    shared = Board({"chi_2": Checked(**dict.fromkeys(Checked.__dataclass_fields__, 1))})
    assert board.Checking(shared, ("chi_2",)).complete
    assert not board.Checking(shared, ("chi_2",), since=2.0).complete


# What no single number says


@every("weight_scale", [0.3, 0.9, 1.3, 4.0])
@every("initialisation", KNOBS_CHOICE["initialisation"].options)
def test_gradient_never_exceeds_the_largest_singular_value_to_the_lag(initialisation: str, weight_scale: float) -> None:
    trace = run(replace(RNN, initialisation=initialisation, weight_scale=weight_scale))
    sigma = theory.largest_singular_value(trace.parameters["weight_hh_l0"])
    bound = np.log10(sigma) * np.arange(59, -1, -1)
    assert (log10_growth(trace.log10_norms["hidden"]) <= bound + 1e-10).all()


def test_the_bound_of_a_gaussian_network_may_explode_while_its_gradient_vanishes() -> None:
    trace = run(replace(RNN, hidden_size=64, weight_scale=0.9, input_scale=0.3))
    bound = 40 * np.log10(theory.largest_singular_value(trace.parameters["weight_hh_l0"]))
    assert 9.0 < bound < 10.5  # the published example says about 5e9
    assert log10_growth(trace.log10_norms["hidden"])[-41] < -2.0


def test_the_same_weights_vanish_with_input_and_explode_without() -> None:
    wide = replace(AT_REST, hidden_size=128, weight_scale=1.3)
    assert log10_growth(run(wide).log10_norms["hidden"])[0] > 5.0
    assert log10_growth(run(replace(wide, input_scale=1.0)).log10_norms["hidden"])[0] < -3.0


def test_with_recurrent_weights_the_additive_path_is_only_a_part() -> None:
    trace = run(replace(RNN, cell="lstm", hidden_size=64, forget_bias=1.0))
    assert (trace.log10_norms["cell_path"] < trace.log10_norms["cell"])[:-1].all()


DEFAULT = Experiment(
    sequence_length=110, hidden_size=128, input_size=16, batch_size=8, initialisation="torch", input_scale=1.0
)


@every("cell", [*OF_TORCH, "jordan"])
def test_no_cell_keeps_its_gradient_at_the_frameworks_defaults(cell: str) -> None:
    trace = run(replace(DEFAULT, cell=cell))
    assert log10_growth(trace.log10_norms["input"])[0] < -15.0
