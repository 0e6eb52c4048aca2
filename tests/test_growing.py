"""Answers that come row by row: what there is of them, how a page shows them grow, and how a reader stops them."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment, pictures
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard import growing as road
from rnn_dynamics.dashboard.growing import STOPPED, finish, growing
from rnn_dynamics.line import Line, Work
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.remembered import remembered
from tests.handed_out import frame_of
from tests.test_pages import ROOT, open_page, shown

LINK = {"sequence_length": "30", "hidden_size": "8"}
#: The page's picture, its table of rows, and the column that names them where they are there.
GROWS = {"initialisation": ("0-lines", "place"), "phase_diagram": ("0-cells", "column")}
pytestmark = pytest.mark.usefixtures("forgotten")
every_picture_that_grows = pytest.mark.parametrize("name", GROWS)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the page computes one piece."""
    monkeypatch.setattr(road, "the_line", OnePiece)


class OnePiece(Line):
    """A line in which who is about to draw does one piece."""

    def look_at(self, who: Hashable, work: Work, patience: float = 0.0) -> None:
        """Do it before the first drawing, and nothing at a look meanwhile."""
        if patience:
            work.advance()


def asked(name: str) -> tuple[Experiment, dict[str, str]]:
    """What the page asks at LINK."""
    page = frame_of(name)
    return replace(page.opening, sequence_length=30, hidden_size=8), page.asked({})[1]


def work_of(name: str) -> Growing:
    experiment, views = asked(name)
    grows = pictures.picture(name).growing
    assert grows is not None
    return grows(experiment, views)


def rows(app: AppTest, name: str) -> set[Any]:
    """The rows that a page shows."""
    table, column = GROWS[name]
    return {row[column] for row in shown(app)[table] if row.get("known", True)}


# --- the work -------------------------------------------------------------------------------------------------------


def test_work_knows_its_rows_whoever_computes_their_pieces() -> None:
    computed: list[int] = []

    @remembered
    def piece(number: int) -> int:
        computed.append(number)
        return number

    work = Growing(question="q", piece=piece, rows={"a": ((1,), (2,)), "b": ((3,),), "c": ((4,), (5,))})
    assert (work.there, work.next, work.share, work.complete) == (frozenset(), "a", 0.0, False)
    piece(3)
    work.advance()
    assert (work.there, work.next) == (frozenset("b"), "a")
    assert work.share == pytest.approx(0.4)
    work.advance()
    assert (work.there, work.next, work.complete) == (frozenset("ab"), "c", False)
    work.finish()
    work.advance()
    assert (work.next, work.share, work.complete) == (None, 1.0, True)
    assert computed == [3, 1, 2, 4, 5]
    assert Growing(question="q", piece=piece, rows={}).complete


@every_picture_that_grows
def test_a_part_of_a_picture_is_drawn_once_for_all_who_have_as_much_of_it(name: str) -> None:
    one, (experiment, views) = pictures.picture(name), asked(name)
    work = work_of(name)
    work.advance()
    few, _ = one.so_far(experiment, views).drawn(experiment, views, LANGUAGE)
    assert all(one.so_far(experiment, views).drawn(experiment, views, LANGUAGE)[0][key] is few[key] for key in few)
    work.advance()
    more, _ = one.so_far(experiment, views).drawn(experiment, views, LANGUAGE)
    assert any(more[key] != few[key] for key in few)
    finish(work)
    assert one.so_far(experiment, views) is one
    assert len(pictures.frames(name, experiment)) == len(one.files)


# --- a full hall ----------------------------------------------------------------------------------------------------


class Full(Line):
    """The line of a full hall, which does a piece at each look."""

    pace = 5.0

    def look_at(self, who: Hashable, work: Work, patience: float = 0.0) -> None:
        work.advance()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(road, "the_line", Full)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("beside", [True, False])
def test_in_a_full_hall_what_stands_beside_a_picture_is_begun_at_the_second_look(
    beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, waits, anew = list[Callable[[], None]](), list[float](), list[bool]()

    def fragment(show: Callable[[], None], run_every: float) -> Callable[[], None]:
        looks.append(show)
        waits.append(run_every)
        return show

    monkeypatch.setattr(streamlit, "fragment", fragment)
    monkeypatch.setattr(streamlit, "rerun", lambda: anew.append(True))
    computed: list[int] = []
    piece = remembered(computed.append)
    work = Growing(question=object(), piece=piece, rows={number: ((number,),) for number in range(4)})
    drawn: list[int] = []
    words = sentences("app")["growing"]
    growing(work, lambda: drawn.append(len(work.there)), lambda: "", words, "full", beside)
    assert drawn == [0 if beside else 2]
    assert waits == [2.0 * Full.pace if beside else Full.pace]
    while not work.complete:
        looks[0]()
    assert drawn == ([0, 1, 2, 3, 4] if beside else [2, 3, 4])
    assert anew == [True]


@pytest.mark.usefixtures("full")
def test_in_a_full_hall_the_additive_path_is_drawn_without_its_bands_and_says_so() -> None:
    app = open_page("additive_path", {**LINK, "panels": "all"})
    (bar,) = app.get("progress")
    assert bar.proto.text == "Other seeds: 0 of 20 networks, in a few seconds, for many visitors are asking"
    assert not shown(app)["0-bands"]
    assert shown(app)["0-curves"]


# --- the page -------------------------------------------------------------------------------------------------------


@every_picture_that_grows
@pytest.mark.usefixtures("one_by_one")
def test_a_picture_grows_until_it_is_stopped_keeps_what_it_has_and_goes_on_when_asked(name: str) -> None:
    app, words = open_page(name, LINK), sentences("app")["growing"]
    counts = [len(rows(app, name)), len(rows(app.run(), name))]
    assert counts[1] == counts[0] + 1 < len(work_of(name).rows)
    (bar,) = app.get("progress")
    assert str(counts[1]) in bar.proto.text
    assert app.button(key="stop").label == words["stop"]
    app.button(key="stop").click().run()
    assert len(rows(app.run(), name)) == counts[1]
    assert app.button(key="stop").label == words["go_on"]
    app.button(key="stop").click().run()
    assert len(rows(app, name)) == counts[1] + 1
    assert app.button(key="stop").label == words["stop"]


@every_picture_that_grows
def test_a_page_that_waits_for_all_rows_shows_all_of_them(name: str) -> None:
    app = open_page(name, LINK)
    assert len(rows(app, name)) == len(work_of(name).rows)
    assert not app.get("progress")
    assert "stop" not in {button.key for button in app.button}


@every_picture_that_grows
def test_to_stop_one_question_stops_no_other(name: str) -> None:
    app = AppTest.from_file(ROOT / "pages" / f"{name}.py", default_timeout=60)
    app.session_state[STOPPED] = work_of(name).question
    for key, value in LINK.items():
        app.query_params[key] = value
    app.run()
    assert len(rows(app, name)) == len(work_of(name).there) < 2
    app.select_slider(key="sequence_length").set_value(20).run()
    assert len(rows(app, name)) == len(work_of(name).rows)


@pytest.mark.usefixtures("one_by_one")
def test_the_row_of_the_chosen_input_comes_first_and_until_then_the_map_says_so() -> None:
    app = open_page("phase_diagram", LINK)
    app.button(key="stop").click().run()
    before = rows(app, "phase_diagram")
    app.select_slider(key="input_scale").set_value(0.0).run()
    assert rows(app, "phase_diagram") == before
    assert "The factor here is not computed yet" in " ".join(shown(app)["words"])
    app.button(key="stop").click().run()
    assert rows(app, "phase_diagram") == before | {0}
    assert "The factor here is not computed yet" not in " ".join(shown(app)["words"])
