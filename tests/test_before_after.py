"""Trained networks on the page "Vanish or explode?": curves before and after against the training's history."""

import json
import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.seat import Seat
from rnn_dynamics.learning.jobs import Desk, Job
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.before_after.answer import network_of, trained_picture
from rnn_dynamics.pictures.before_after.chart import DASHES, before_after_chart
from rnn_dynamics.pictures.before_after.table import before_after_datasets, before_after_table
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from rnn_dynamics.pictures.kit.verdict import judge
from rnn_dynamics.pictures.learning import PICTURE, learned_so_far
from rnn_dynamics.pictures.vanish_or_explode.chart import GRADIENTS
from tests.reader import LONGEST_LINE
from tests.test_app import ENTRIES, ROOT
from tests.test_pages import shown
from tests.test_tables import drawn, read

PAGE = "vanish_or_explode"
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
    job = Job([replace(LEARNS, experiment=replace(LEARNS.experiment, cell=cell)) for cell in ("rnn", "lstm")])
    job.work()
    job.end()
    return job


def open_home(*jobs: Job) -> AppTest:
    seat = Seat(Desk())
    seat._jobs = {str(number): job for number, job in enumerate(jobs)}
    app = AppTest.from_file(str(ROOT / ENTRIES[1]), default_timeout=60)
    app.session_state["seat"] = seat
    return app.run()


@pytest.mark.parametrize("component", GRADIENTS)
@pytest.mark.parametrize("against_lag", [False, True])
def test_the_curves_are_the_first_and_the_last_look(component: str, against_lag: bool) -> None:
    job = trained()
    datasets, _ = trained_picture(PAGE, job, component, against_lag)
    curves, (whole,) = read(datasets["curves"]), read(datasets["whole"])
    assert [(row["cell"], row["time"]) for row in curves] == [
        (cell, time) for cell in ("rnn", "lstm") for time in DASHES
    ]
    steps = [int(step) for step in whole["steps"].split(",")]
    assert steps == [12 - step if against_lag else step for step in point_steps(12)]
    for row in curves:
        history = job.histories[("rnn", "lstm").index(row["cell"])]
        look = history.moments[0 if row["time"] == "before" else -1]
        norms = look.log10_norms.get(component, look.log10_norms["hidden"])
        np.testing.assert_allclose(drawn(row["points"]), norms, atol=0.0051)
        assert row["text"] == f"{row['cell'].upper()} {row['time']}: ×{power_of_ten(judge(norms).orders)}"
        assert whole["low"] < row["label"] < whole["high"]


def title_of(whole: dict[str, Any]) -> str:
    """As a wide screen shows it."""
    return str(whole["title"]).replace("¦", " ")


def test_the_title_names_the_network_that_changed_most_and_what_it_learned() -> None:
    job = trained()
    _, (whole,) = (read(table) for table in trained_picture(PAGE, job, "hidden", False)[0].values())
    changes = {}
    for training, history in zip(job.trainings, job.histories, strict=True):
        orders = [judge(look.log10_norms["hidden"]).orders for look in (history.moments[0], history.moments[-1])]
        changes[training.experiment.cell] = orders
    most = max(changes, key=lambda cell: abs(changes[cell][1] - changes[cell][0]))
    before, after = (power_of_ten(orders) for orders in changes[most])
    assert f"×{after}" in title_of(whole)
    assert f"×{before}" in title_of(whole)
    look = job.histories[("rnn", "lstm").index(most)].moments[-1]
    assert f"right in {100 * look.accuracy:.0f} % of the test sequences, by chance 25 %" in title_of(whole)
    assert "60 of 60 updates" in title_of(whole)


@pytest.mark.parametrize("component", GRADIENTS)
def test_the_title_says_of_which_gradient_it_tells(component: str) -> None:
    job = trained()
    _, (whole,) = (read(table) for table in trained_picture(PAGE, job, component, False)[0].values())
    letter = {"input": "x", "hidden": "h", "cell": "c"}[component]
    if letter == "c" and "Vanilla RNN" in title_of(whole):
        letter = "h"  # it has no cell state
    assert f"‖∂L/∂{letter}‖ at step 1" in title_of(whole)


def test_the_share_of_h_is_the_one_that_the_training_page_gives() -> None:
    job = trained()
    _, (whole,) = (read(table) for table in trained_picture(PAGE, job, "hidden", False)[0].values())
    cell = "LSTM" if "LSTM" in title_of(whole) else "Vanilla RNN"
    shares = re.findall(r"×\S+?(?=[ ,|])", title_of(whole))
    learned = learned_so_far(job, job.trainings)
    finding = PICTURE.finding(sentences("learning"), learned, PICTURE.views)
    column = 1 if cell == "LSTM" else 0
    for row, share in (("before training", shares[1]), ("now", shares[0])):
        (cells,) = re.findall(rf"<th scope=\"row\">‖∂L/∂h‖ at step 1 over step T, {row}</th>(.*?)</tr>", finding)
        assert cells.split("</td>")[column].removeprefix("<td>") == share


@pytest.mark.parametrize("component", GRADIENTS)
def test_a_note_says_what_stands_for_c_and_where_the_same_share_stands(component: str) -> None:
    _, html = trained_picture(PAGE, trained(), component, False)
    assert ("shows h in place of c" in html) == (component == "cell")
    assert ("gives the same share of ‖∂L/∂h‖" in html) == (component == "hidden")


def test_a_gradient_of_zero_at_the_last_step_is_said_and_compared_with_nothing() -> None:
    job = trained()
    silent = {"hidden": np.full(12, -np.inf)}
    histories = [
        replace(history, moments=[history.moments[0], replace(history.moments[-1], log10_norms=silent)])
        for history in job.histories
    ]
    part = Job(job.trainings)
    part._trainers = [cast(Trainer, SimpleNamespace(history=history)) for history in histories]
    curves, (whole,) = (read(table) for table in trained_picture(PAGE, part, "hidden", False)[0].values())
    assert "no gradient at the last step" in title_of(whole)
    assert [row["text"] for row in curves if row["time"] == "after"] == ["RNN after: –", "LSTM after: –"]


def test_every_wording_of_the_title_is_reached() -> None:
    job = trained()
    titles = set()
    for history in job.histories:
        first, last = history.moments[0].log10_norms["hidden"], history.moments[-1].log10_norms["hidden"]
        for before, after in ((first, last), (last, first), (first, first)):
            looks = [
                replace(history.moments[0], log10_norms={"hidden": before}),
                replace(history.moments[-1], log10_norms={"hidden": after}),
            ]
            single = Job([job.trainings[0]])
            single._trainers = [type("Trained", (), {"history": replace(history, moments=looks)})()]
            (whole,) = read(trained_picture(PAGE, single, "hidden", False)[0]["whole"])
            assert max(map(len, whole["title"].replace("¦", "|").split("|"))) <= LONGEST_LINE
            titles.add(next(word for word in ("by little", "is only ×", "is ×") if word in title_of(whole)))
    assert titles == {"by little", "is only ×", "is ×"}


def test_the_table_holds_every_step() -> None:
    job = trained()
    network = network_of(job.trainings[1], job.histories[1], "cell", sentences(PAGE)["trained"])
    frame = before_after_table([network])
    assert len(frame) == 24
    after = frame.query("time == 'after'")["log10_norm"].to_numpy()
    np.testing.assert_array_equal(after, job.histories[1].moments[-1].log10_norms["cell"])


def test_a_gradient_of_zero_leaves_a_gap_and_no_nan() -> None:
    job = trained()
    network = network_of(job.trainings[0], job.histories[0], "hidden", sentences(PAGE)["trained"])
    nothing = np.where(np.arange(12) < 6, -np.inf, network.before)
    datasets = before_after_datasets([replace(network, before=nothing)], False, "title")
    assert "NaN" not in json.dumps({name: read(table) for name, table in datasets.items()})
    assert read(datasets["curves"])[0]["points"].startswith("x,x,x,x,x,x,-")


@pytest.mark.parametrize("component", GRADIENTS)
@pytest.mark.parametrize("against", ["step", "lag"])
@pytest.mark.parametrize("background", THEMES)
def test_the_specification_is_valid_and_draws_both_datasets(
    component: str, against: str, background: Background
) -> None:
    text = json.dumps(before_after_chart(component, against, background).to_dict())
    assert all(f'"data": {{"name": "{name}"}}' in text for name in ("curves", "whole"))


def test_a_session_without_training_sees_nothing_of_it() -> None:
    app = open_home()
    assert not app.exception
    assert [box.key for box in app.selectbox if box.key == "trained"] == []
    assert len(app.get("vega_lite_chart")) == 1


def test_the_training_with_which_a_page_opens_may_be_brought_in(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk._openings["learning"] = trained()
    monkeypatch.setattr("rnn_dynamics.dashboard.trained.the_desk", lambda: desk)
    app = open_home()
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
    expected = read(trained_picture(PAGE, trained(), "input", False)[0]["curves"])
    assert rows == expected
    app.selectbox(key="trained").set_value(None).run()
    assert len(app.get("vega_lite_chart")) == 1
