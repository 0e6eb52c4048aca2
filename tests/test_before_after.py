"""Trained networks on the page "Vanish or explode?": curves before and after against the training's history."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment, pictures
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.dashboard.seat import Seat
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.learning.jobs import Desk, Job, worked_through
from rnn_dynamics.learning.networks import PLACES
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.before_after import PICTURE
from rnn_dynamics.pictures.before_after.answer import BeforeAfterAnswer
from rnn_dynamics.pictures.before_after.chart import DASHES
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.learning import PICTURE as LEARNING
from rnn_dynamics.pictures.learning import LearningAnswer
from tests.every import every
from tests.oracle import Array
from tests.pictured import Rows, column, rows_by_table
from tests.reader import LONGEST_LINE
from tests.test_app import ENTRIES, ROOT
from tests.test_pages import shown

GRADIENTS = ("input", "hidden", "cell")
CELLS = ("rnn", "lstm")
LEARNS = Training(
    experiment=Experiment(
        cell="lstm", sequence_length=12, hidden_size=8, batch_size=16, initialisation="torch", gate_bias="chrono"
    ),
    learning_rate=0.02,
    iterations=60,
)


@cache
def trained() -> Job:
    """An RNN and an LSTM side by side."""
    return worked_through([replace(LEARNS, experiment=replace(LEARNS.experiment, cell=cell)) for cell in CELLS])


def side_by_side() -> BeforeAfterAnswer:
    return BeforeAfterAnswer(networks=trained().networks)


def drawn(answer: BeforeAfterAnswer, component: str = "hidden") -> dict[str, Rows]:
    """The rows of each table."""
    return rows_by_table(PICTURE.tables_of(sentences(PICTURE.name), answer, {**PICTURE.views, "gradient": component}))


def title_of(answer: BeforeAfterAnswer, component: str = "hidden") -> str:
    """As a wide screen shows it."""
    (whole,) = drawn(answer, component)["whole"]
    assert max(map(len, re.split("[|¦]", whole["title"]))) <= LONGEST_LINE
    return str(whole["title"]).replace("¦", " ")


def with_curves(before: Array, after: Array, networks: Sequence[int] = (0, 1)) -> BeforeAfterAnswer:
    """Some of the trained networks, with other gradients of h."""
    of = [side_by_side().networks[number] for number in networks]
    changed = []
    for one in of:
        ends = zip((one.looks[0], one.now), (before, after), strict=True)
        looks = [replace(look, log10_norms={"hidden": norms}) for look, norms in ends]
        changed.append(replace(one, history=replace(one.history, moments=looks)))
    return BeforeAfterAnswer(networks=tuple(changed))


def open_home(*jobs: Job, desk: Desk | None = None, **params: str) -> AppTest:
    seat = Seat(desk or Desk())
    seat.jobs = {str(number): job for number, job in enumerate(jobs)}
    app = AppTest.from_file(str(ROOT / ENTRIES[1]), default_timeout=60)
    app.session_state["seat"] = seat
    app.query_params.update(params)
    return app.run()


@every("component", GRADIENTS)
def test_the_curves_are_the_first_and_the_last_look(component: str) -> None:
    tables = drawn(side_by_side(), component)
    (whole,) = tables["whole"]
    names = [f"{number} {time}" for number in (1, 2) for time in DASHES]
    assert column(tables["labels"], "name") == names
    for row in tables["labels"]:
        number, time = int(row["name"].split()[0]), row["time"]
        look = trained().histories[number - 1].moments[0 if time == "before" else -1]
        norms = look.log10_norms.get(component, look.log10_norms["hidden"])
        assert row["cell"] == CELLS[number - 1]
        assert row["text"] == f"{row['cell'].upper()} {time}: ×{power_of_ten(judge(norms).orders)}"
        assert whole["low"] < row["place"] < whole["high"]
        assert column(tables["curves"], "step", name=row["name"]) == point_steps(12).tolist()
        assert column(tables["curves"], "log10_norm", name=row["name"]) == pytest.approx(norms.tolist(), rel=1e-6)


def test_two_networks_of_one_cell_have_curves_of_their_own() -> None:
    one = side_by_side().networks[0]
    rows = drawn(BeforeAfterAnswer(networks=(one, one)))["curves"]
    assert [len(column(rows, "step", cell="rnn", name=f"{number} after")) for number in (1, 2)] == [12, 12]


def test_the_title_names_the_network_that_changed_most_and_what_it_learned() -> None:
    changes = {
        cell: [judge(look.log10_norms["hidden"]).orders for look in (history.moments[0], history.moments[-1])]
        for cell, history in zip(CELLS, trained().histories, strict=True)
    }
    most = max(changes, key=lambda cell: abs(changes[cell][1] - changes[cell][0]))
    title = title_of(side_by_side())
    assert all(f"×{power_of_ten(orders)}" in title for orders in changes[most])
    look = trained().histories[CELLS.index(most)].moments[-1]
    assert f"right in {100 * look.accuracy:.0f} % of the test sequences, by chance 25 %" in title
    assert "60 of 60 updates" in title


@every("component", GRADIENTS)
def test_title_and_notes_say_of_which_gradient_they_tell(component: str) -> None:
    answer = side_by_side()
    letter = {"input": "x", "hidden": "h", "cell": "c"}[component]
    if letter == "c" and "the RNN's" in title_of(answer, component):
        letter = "h"  # it has no cell state
    assert f"‖∂L/∂{letter}‖ at step 1" in title_of(answer, component)
    html = PICTURE.finding(sentences(PICTURE.name), answer, {"gradient": component})
    assert ("shows h in place of c" in html) == (component == "cell")
    assert ("gives the same share of ‖∂L/∂h‖" in html) == (component == "hidden")


@every("cell", PLACES)
def test_networks_that_torch_lacks_have_a_title_that_fits_and_names_what_is_drawn(cell: str) -> None:
    asked = replace(LEARNS, experiment=replace(LEARNS.experiment, cell=cell), iterations=2)
    answer = BeforeAfterAnswer(networks=worked_through([asked]).networks)
    state = "(c/n)" if cell == "slstm" else "h"
    for component, of in {"input": "x", "hidden": "h", "cell": state}.items():
        assert f"‖∂L/∂{of}‖ at step 1" in title_of(answer, component)


def test_the_share_of_h_is_the_one_that_the_training_page_gives() -> None:
    title = title_of(side_by_side())
    shares = re.findall(r"×\S+?(?=[ ,|])", title)
    learned = LearningAnswer(networks=trained().networks)
    finding = LEARNING.finding(sentences(LEARNING.name), learned, LEARNING.views)
    place = 1 if "LSTM" in title else 0
    for row, share in (("before training", shares[1]), ("at the latest look", shares[0])):
        (cells,) = re.findall(rf"<th scope=\"row\">‖∂L/∂h‖ at step 1 over step T, {row}</th>(.*?)</tr>", finding)
        assert cells.split("</td>")[place].removeprefix("<td>") == share


def test_a_gradient_of_zero_at_the_last_step_is_said_and_compared_with_nothing() -> None:
    silent = with_curves(np.zeros(12), np.full(12, -np.inf))
    assert "no gradient at the last step" in title_of(silent)
    labels = drawn(silent)["labels"]
    assert column(labels, "text", time="after") == ["RNN after: –", "LSTM after: –"]


def test_every_wording_of_the_title_is_reached() -> None:
    first, last = (side_by_side().networks[0].curves("hidden")[time] for time in DASHES)
    pairs = ((first, last), (last, first), (first, first))
    titles = [title_of(with_curves(*pair, networks=(0,))) for pair in pairs]
    assert {next(word for word in ("hardly changed", "is only ×", "is ×") if word in title) for title in titles} == {
        *("hardly changed", "is only ×", "is ×")
    }


def test_the_file_holds_every_step() -> None:
    frame = PICTURE.files["curves"](side_by_side(), {"gradient": "cell"})
    assert len(frame) == 48
    after = frame.query("cell == 'lstm' and time == 'after'")["log10_norm"]
    np.testing.assert_array_equal(after, trained().histories[1].moments[-1].log10_norms["cell"])


def test_a_gradient_of_zero_leaves_a_gap_and_no_nan() -> None:
    norms = np.where(np.arange(12) < 6, -np.inf, -1.0)
    tables = drawn(with_curves(norms, norms))
    json.dumps(tables, allow_nan=False)
    assert column(tables["curves"], "log10_norm", name="1 before") == [None] * 6 + [-1.0] * 6


def test_a_picture_of_its_own_trains_for_a_moment_and_refuses_what_cannot_be_trained() -> None:
    asked = Experiment(cell="gru", sequence_length=10, hidden_size=4)
    frame = pictures.frames(PICTURE.name, asked)["curves"]
    assert set(frame["cell"]) == {"rnn", "gru"}
    with pytest.raises(ValueError, match="jordan"):
        pictures.draw(PICTURE.name, replace(asked, cell="jordan"))


def test_a_session_without_training_sees_nothing_of_it() -> None:
    app = open_home()
    assert not app.exception
    assert [box.key for box in app.selectbox if box.key == "trained"] == []
    assert len(app.get("vega_lite_chart")) == 1


def test_the_training_with_which_a_page_opens_may_be_brought_in() -> None:
    desk = Desk()
    desk._openings["learning"] = trained()
    app = open_home(desk=desk)
    box = app.selectbox(key="trained")
    assert box.options == ["Opening: RNN, LSTM · Temporal order · 60 of 60 updates"]
    box.set_value(box.options[0]).run()
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 2


def test_a_reader_brings_a_trained_network_in_and_sends_it_away() -> None:
    app = open_home(trained())
    box = app.selectbox(key="trained")
    assert box.value is None
    assert box.options == ["RNN, LSTM · Temporal order · 60 of 60 updates"]
    assert len(app.get("vega_lite_chart")) == 1
    box.set_value("0").run()
    assert not app.exception
    rows = shown(app)["1-curves"]
    assert rows == drawn(side_by_side(), "input")["curves"]
    app.selectbox(key="trained").set_value(None).run()
    assert len(app.get("vega_lite_chart")) == 1
