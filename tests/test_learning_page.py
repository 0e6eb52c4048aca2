"""The page "Learning long lags": tables and words against the histories of its trainings, and what a reader meets."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.dashboard.training import TrainingPanel
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.learning.jobs import Desk, Job, has, worked_through
from rnn_dynamics.learning.limits import LARGEST, allowed
from rnn_dynamics.learning.tasks import TASKS
from rnn_dynamics.learning.trained import standing
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import TRAINABLE, Training
from rnn_dynamics.pictures.kit.axes import apart, ends_downwards
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.kit.theme import GATE_DASHES
from rnn_dynamics.pictures.learning import PICTURE, LearningAnswer, networks, sequence
from rnn_dynamics.pictures.learning.table import LETTER, POINTS, SPANS, gradients_file, learned_file
from tests.every import every
from tests.pictured import Rows, column, rows_by_table
from tests.reader import wait_until
from tests.test_pages import link, open_page, shown
from tests.test_pictures import LARGEST_MESSAGE, layers

VIEWS = {
    "task": "temporal order",
    "learning_rate": "0.03",
    "optimiser": "adam",
    "clipping": "norm",
    "clip_at": "0.1",
    "iterations": "60",
    "axis": "step",
    "look": "100 %",
}
SMALL = Experiment(
    cell="lstm", sequence_length=12, hidden_size=8, batch_size=16, initialisation="torch", gate_bias="chrono"
)
#: The same by a link; the smallest that the page offers.
LINK = {"hidden_size": "8", "batch_size": "8", "sequence_length": "10", "iterations": "100"}


@cache
def trained(cell: str = "lstm", task: str = "temporal order", **changes: Any) -> Job:
    return worked_through(networks(replace(SMALL, cell=cell), VIEWS | {"task": task} | changes))


def answer(job: Job) -> LearningAnswer:
    return LearningAnswer(networks=job.networks)


def rows(job: Job, moment: str = "100 %") -> dict[str, Rows]:
    tables = PICTURE.tables_of(sentences("learning"), answer(job), VIEWS | {"look": moment})
    return rows_by_table(tables)


def words(job: Job) -> str:
    return PICTURE.claim(sentences("learning"), answer(job), VIEWS) + PICTURE.finding(
        sentences("learning"), answer(job), VIEWS
    )


# What is asked


def test_the_rnn_is_trained_beside_the_chosen_cell_with_the_same_settings() -> None:
    asked = networks(replace(SMALL, input_scale=3.0, loss_at="every", input_size=2), VIEWS)
    assert [training.experiment.cell for training in asked] == ["rnn", "lstm"]
    one, two = asked
    assert replace(one, experiment=replace(one.experiment, cell="lstm")) == two
    assert (two.learning_rate, two.clip_at, two.iterations, two.task) == (0.03, 0.1, 60, "temporal_order")
    assert [training.experiment.cell for training in networks(replace(SMALL, cell="rnn"), VIEWS)] == ["rnn"]


@every("cell", TRAINABLE)
def test_what_would_take_too_long_is_refused_with_its_size_and_the_limit(cell: str) -> None:
    large = replace(SMALL, cell=cell, sequence_length=100, hidden_size=64, batch_size=64)
    with pytest.raises(ValueError, match=f"the limit of this page is {LARGEST:,}"):
        allowed(networks(large, VIEWS | {"iterations": "3000"}))
    assert allowed(networks(large, VIEWS | {"iterations": "300"}))


# The tables


@every("cell", ["lstm", "gru"])
def test_the_gradients_are_those_of_the_looks(cell: str) -> None:
    job = trained(cell)
    found = rows(job)
    (whole,) = found["whole"]
    moments = [
        (name, moment) for name, history in zip(("rnn", cell), job.histories, strict=True) for moment in history.moments
    ]
    assert len(found["looks"]) == len(moments) == 2 * 41
    steps = point_steps(12, POINTS)
    assert len(found["gradients"]) == len(moments) * len(steps)
    for place, (look, (name, moment)) in enumerate(zip(found["looks"], moments, strict=True)):
        assert (look["place"], look["cell"], look["update"]) == (place, name, moment.iteration)
        assert look["first"] <= moment.iteration <= look["until"]
        norms = moment.log10_norms["hidden"] - moment.log10_norms["hidden"][-1]
        inside = (norms >= whole["low"]) & (norms <= whole["high"])
        drawn = [np.nan if value is None else value for value in column(found["gradients"], "log10_norm", place=place)]
        assert column(found["gradients"], "step", place=place) == steps.tolist()
        np.testing.assert_allclose(drawn, np.where(inside, norms, np.nan)[steps - 1], rtol=1e-6)


def test_the_strips_of_a_map_leave_no_gap() -> None:
    for network in ("rnn", "lstm"):
        strips = [row for row in rows(trained())["looks"] if row["cell"] == network]
        assert (strips[0]["first"], strips[-1]["until"]) == (0.0, 60.0)
        assert all(first["until"] == second["first"] for first, second in itertools.pairwise(strips))


def test_what_is_learned_is_that_of_the_history() -> None:
    job = trained()
    found = rows(job)["looks"]
    for cell, history in zip(("rnn", "lstm"), job.histories, strict=True):
        assert column(found, "update", cell=cell) == [moment.iteration for moment in history.moments]
        assert column(found, "loss", cell=cell) == [moment.loss for moment in history.moments]
        assert column(found, "accuracy", cell=cell) == [moment.accuracy for moment in history.moments]
        ends = [moment.iteration for moment in history.moments]
        first, *clipped = column(found, "clipped", cell=cell)
        assert first is None
        np.testing.assert_allclose(clipped, [np.mean(history.clipped[a:b]) for a, b in itertools.pairwise(ends)])
        assert 0 < np.mean(history.clipped) < 1


def test_gates_are_means_and_what_is_no_gate_is_left_out() -> None:
    job = trained()
    found = rows(job)
    assert {row["gate"] for row in found["gates"]} == {"i", "f", "o"} <= set(GATE_DASHES)
    for name in ("i", "f", "o"):
        means = [moment.gates[name].mean() for moment in job.histories[1].moments]
        np.testing.assert_allclose(column(found["gates"], "mean", gate=name), means)
    assert {row["gate"] for row in rows(trained("gru"))["gates"]} == {"r", "z"}
    assert {row["gate"] for row in rows(trained("mingru"))["gates"]} == {"z", "(1−z)"} <= set(GATE_DASHES)
    assert {row["gate"] for row in rows(trained("minlstm"))["gates"]} == {"f′", "i′"} <= set(GATE_DASHES)
    assert rows(trained("rnn"))["gates"] == []


@every(("moment", "number"), [("0 %", 0), ("50 %", 20), ("100 %", 40)])
def test_the_slider_marks_a_look(moment: str, number: int) -> None:
    (whole,) = rows(trained(), moment)["whole"]
    assert whole["marked"] == number
    assert f"after {trained().histories[0].moments[number].iteration} of 60 updates" in whole["movie"]


def test_the_chance_is_the_tasks() -> None:
    for task in ("temporal order", "adding"):
        rule, chances = TASKS[task.replace(" ", "_")], rows(trained(task=task))["chances"]
        found = {row["name"]: row["chance"] for row in chances}
        assert found == {"loss": rule.chance_loss(12), "accuracy": rule.chance_accuracy}


def test_the_tables_for_download_hold_every_look() -> None:
    job = trained()
    history, gradient = learned_file(answer(job), VIEWS), gradients_file(answer(job), VIEWS)
    assert len(history) == 2 * 41
    assert len(gradient) == 2 * 41 * 12
    last = history.query("cell == 'lstm' and update == 60").iloc[0]
    moment = job.histories[1].moments[-1]
    assert (last["loss"], last["accuracy"]) == (moment.loss, moment.accuracy)
    assert last["gate_f"] == pytest.approx(moment.gates["f"].mean())
    norms = gradient.query("cell == 'lstm' and update == 60")
    np.testing.assert_array_equal(norms["log10_norm"], moment.log10_norms["hidden"])
    np.testing.assert_allclose(
        10 ** norms["log10_relative"], 10 ** (norms["log10_norm"] - norms["log10_norm"].iloc[-1])
    )


def test_a_message_of_all_looks_is_small() -> None:
    datasets, _ = PICTURE.drawn_from(answer(trained()), VIEWS, sentences("learning"))
    assert sum(map(len, datasets.values())) < LARGEST_MESSAGE


# The words


def test_the_titles_and_the_table_say_what_came_of_it() -> None:
    job = trained()
    (whole,), finding = rows(job)["whole"], words(job)
    for training, history in zip(job.trainings, job.histories, strict=True):
        moment, first = history.moments[-1], history.moments[0]
        cell = training.experiment.cell.upper()
        said = {"learned": "has learned it", "partly": "learned a part", "chance": "is at chance"}
        share = moment.loss / training.chance_loss
        assert f"{cell} {said[standing(share)]}: {100 * moment.accuracy:.0f} % right" in whole["learned"]
        assert f"<td><b>{100 * moment.accuracy:.0f} %</b></td>" in finding
        assert f"<td>{moment.loss:.3g}</td>" in finding
        for look_at in (first, moment):
            norms = look_at.log10_norms["hidden"]
            assert f"<td>×{power_of_ten(norms[0] - norms[-1])}</td>" in finding
        assert f"<td>{100 * np.mean(history.clipped):.0f} %</td>" in finding
    assert "by chance 25 %" in finding
    assert "by chance 1.39" in finding
    for name, its in zip(("RNN", "LSTM"), job.histories, strict=True):
        looks = (its.moments[0], its.moments[-1])
        before, after = (power_of_ten(judge(look.log10_norms["hidden"]).orders) for look in looks)
        assert f"|{name}: thin ×{before}, thick ×{after}" in whole["reach"]
    gates = [job.histories[1].moments[number].gates["f"].mean() for number in (0, -1)]
    assert f"f: {gates[0]:.2f} → {gates[1]:.2f}" in finding
    written = [look.gates["z"].mean() for look in (trained("mingru").histories[1].moments[n] for n in (0, -1))]
    assert f"(1−z): {1.0 - written[0]:.2f} → {1.0 - written[1]:.2f}" in words(trained("mingru"))


@every(
    ("share", "expected"), [(0.05, "learned"), (0.1, "learned"), (0.5, "partly"), (0.95, "chance"), (np.nan, "chance")]
)
def test_how_far_a_network_has_come_is_judged_by_its_loss(share: float, expected: str) -> None:
    assert standing(share) == expected


def test_the_notes_name_popular_claims_that_are_false_here() -> None:
    assert "popular claim" in words(trained("rnn", **{"iterations": "300", "learning_rate": "0.01"}))
    slow = trained(learning_rate="0.0001")
    assert "Gates alone do not make a network learn: the LSTM" in words(slow)
    assert "judged at every step" in words(trained(task="copy memory"))


def test_a_training_that_diverges_is_drawn_as_far_as_it_came() -> None:
    wild = {"task": "adding", "optimiser": "sgd", "learning_rate": "1", "clipping": "none", "iterations": "500"}
    job = Job(networks(replace(SMALL, sequence_length=50, hidden_size=32, batch_size=32), VIEWS | wild))
    job.work()
    job.end()
    found, finding = rows(job), words(job)
    assert all(history.failure and len(history.moments) == 1 for history in job.histories)
    (whole,) = found["whole"]
    assert whole["updates"] == max(len(history.losses) for history in job.histories) - 1  # nothing lies beyond
    for cell, strip, history in zip(("rnn", "lstm"), found["looks"], job.histories, strict=True):
        count = len(history.losses)
        assert column(found["endings"], "update", cell=cell) == list(range(count))
        assert column(found["endings"], "loss", cell=cell) == history.losses
        assert history.losses[0] < whole["top_loss"]  # the start lies on the axis
        assert (strip["first"], strip["until"]) == (0.0, count - 1)
        assert f"the training diverged at update {count}.</b> The loss had grown to" in finding
        assert f"the gradient's norm was {power_of_ten(np.log10(history.gradient_norms[-2]))}." in finding
    assert "RNN diverged at update" in whole["learned"]
    assert "updates" not in whole["learned"]
    assert whole["reach"].startswith("LSTM, untrained: ")
    assert "Try clipping by norm." in finding
    assert "Try a smaller learning rate, 0.3." in finding
    assert "larger learning rate" not in finding
    assert "Gates alone" not in finding
    assert "NaN" not in json.dumps(found)


def test_a_network_whose_training_goes_on_is_scrubbed_beside_one_that_has_diverged() -> None:
    lives, dies = trained().histories[1], trained("rnn").histories[0]
    ended = replace(dies, losses=[*dies.losses[:3], 1e9], clipped=dies.clipped[:3], failure="Iteration 4: the loss is")
    job = Job(trained().trainings)
    job._trainers = [
        cast(Trainer, SimpleNamespace(history=history, done=True))
        for history in (replace(ended, gradient_norms=dies.gradient_norms[:4], moments=dies.moments[:3]), lives)
    ]
    found = rows(job, "50 %")
    (whole,) = found["whole"]
    assert (whole["marked"], whole["longest"], whole["updates"]) == (20, 1, 60)
    assert {row["last"] for row in found["looks"] if row["cell"] == "rnn"} == {2}
    assert "RNN diverged at update 4" in whole["learned"]
    assert "(after 60 of 60 updates;" in whole["learned"]


def test_letters_of_gates_that_coincide_stand_apart() -> None:
    for heights in ([0.5, 0.5, 0.5], [0.99, 1.0, 0.98], [0.0, 0.0, 0.01], [0.1, 0.9, 0.5], [0.0, 0.5, 0.51]):
        places = apart(heights, LETTER, 1.0)
        assert min(np.diff(np.sort(places))) >= LETTER - 1e-12
        assert min(places) >= 0.0
        assert max(places) <= 1.0
    assert apart([0.1, 0.9, 0.5], LETTER, 1.0) == [0.1, 0.9, 0.5]
    job = trained()
    found = {row["gate"]: row["place"] for row in rows(job)["letters"]}
    assert sorted(found, key=lambda gate: found[gate]) == sorted(
        found, key=lambda gate: job.histories[1].moments[-1].gates[gate].mean()
    )


@every("against", ["step", "lag"])
def test_the_axis_of_the_maps_points_to_the_newest_look(against: str) -> None:
    spec = json.loads(PICTURE.specification(VIEWS | {"axis": against}, "light", LANGUAGE))
    upright = [layer["encoding"]["text"] for layer in layers(spec) if layer["mark"].get("angle") == 270]
    assert {"value": "← updates"} in upright  # turned, ← points down
    strips = [row for row in rows(trained())["looks"] if row["cell"] == "lstm"]
    assert strips[0]["first"] < strips[-1]["first"]  # below is larger


@every("task", [name.replace("_", " ") for name in TASKS])
def test_every_task_shows_one_of_its_sequences_and_the_answer(task: str) -> None:
    html = sequence(sentences("learning"), networks(SMALL, VIEWS | {"task": task})[-1])
    batch = TASKS[task.replace(" ", "_")].draw(np.random.default_rng(0), 1, 12, True)
    right = batch.targets[..., 0]
    if task == "temporal order":
        assert f"<b>{'XY'[right // 2]}{'XY'[right % 2]}</b>" in html
        assert html.count("<mark>") == 2
    elif task == "adding":
        assert f"<b>{right:.2f}</b>" in html
        assert html.count("<mark>") == 2
    elif task == "copy memory":
        assert f"<b>{' '.join(str(symbol + 1) for symbol in right[-10:])}</b>" in html
    else:
        assert f"<b>{right}</b>" in html
        assert html.count("<i ") == 64


def test_a_look_between_the_first_and_the_latest_squeezes_no_other() -> None:
    """Its own curve leaves the axis, but where the slider stands at it."""
    job = trained("lstm")
    for trainer in job._trainers:
        moments = trainer.history.moments
        for look in (0, 20, -1):
            norms = np.linspace(-60.0 if look == 20 else -13.0, 0.0, 12)
            moments[look] = replace(moments[look], log10_norms={"hidden": norms})
    fallen, latest = (rows(job, at)["whole"][0]["low"] for at in ("50 %", "100 %"))
    assert fallen <= -60.0
    assert -20.0 < latest <= -13.0


@every("drawn", np.linspace(0.5, 245.0, 90).tolist())
def test_the_axis_of_the_gradients_reaches_little_further_than_they_do(drawn: float) -> None:
    low, high = ends_downwards([np.array([-drawn, 0.0])], SPANS)
    assert high == 0.0
    assert drawn <= -low <= max(drawn + 3.0, 1.5 * drawn)


def test_before_any_training_there_are_axes_and_the_chance() -> None:
    untrained = answer(Job(networks(SMALL, VIEWS)))
    found = rows_by_table(PICTURE.tables_of(sentences("learning"), untrained, VIEWS))
    assert not any(found[name] for name in found if name not in ("whole", "chances"))
    assert [row["chance"] for row in found["chances"]] == pytest.approx([np.log(4), 0.25])
    said = PICTURE.finding(sentences("learning"), untrained, VIEWS)
    assert "the RNN and the LSTM through 60 updates" in said
    assert "Optimiser: Adam." in said


def test_settings_that_have_moved_are_known() -> None:
    def same(experiment: Experiment = SMALL, **changes: str) -> bool:
        return has(trained(), lambda: networks(experiment, VIEWS | changes))

    assert same()
    assert same(look="0 %", axis="lag")
    assert not same(replace(SMALL, seed=1))
    assert not same(learning_rate="0.01")
    assert not same(replace(SMALL, hidden_size=64, batch_size=64), iterations="3000")


# The page


def finished(app: AppTest) -> AppTest:
    """The page once its training is over."""

    def over() -> bool:
        app.run()
        return any(button.label == "Train again" for button in app.button)

    wait_until(over, "the training does not end")
    return app


def test_a_reader_trains_and_scrubs_through_what_was_learned() -> None:
    app = open_page("learning", LINK)
    assert "Nothing is trained yet" in " ".join(shown(app)["words"])
    assert not app.get("progress")
    app.button(key="train").click().run()
    assert not app.exception
    app = finished(app)
    assert not app.exception
    found = shown(app)
    assert {row["cell"] for row in found["0-looks"]} == {"rnn", "lstm"}
    assert found["0-whole"][0]["marked"] == 40
    app.select_slider(key="look").set_value("25 %").run()
    assert shown(app)["0-whole"][0]["marked"] == 10
    assert link(app).split("?")[1].count("look=25") == 1
    app.segmented_control(key="task").set_value("adding").run()
    assert "Not trained yet at these settings" in " ".join(shown(app)["words"])
    assert shown(app)["0-looks"] == found["0-looks"]  # what was trained stays


def test_a_stopped_training_keeps_what_it_has_and_goes_on() -> None:
    app = open_page("learning", LINK | {"iterations": "3000"})
    app.button(key="train").click().run()

    def begun() -> bool:
        app.run()
        return bool(app.get("progress")) and bool(shown(app)["0-looks"])

    wait_until(begun, "the training does not begin")
    (bar,) = app.get("progress")
    assert "of 3,000 updates" in bar.proto.text
    app.button(key="stop").click().run()
    wait_until(lambda: any(button.key == "go_on" for button in app.run().button), "the training does not stop")
    assert "Stopped after" in " ".join(caption.value for caption in app.caption)
    assert shown(app)["0-looks"]
    app.button(key="go_on").click().run()
    assert not app.exception
    assert app.get("progress")
    app.button(key="stop").click().run()


def opening_captions(app: AppTest) -> list[str]:
    """Which sentences a page says of the training with which it opens, by how they begin."""
    begins = {key: said.partition("{")[0] for key, said in sentences("training").items() if key.startswith("opening")}
    said = [caption.value for caption in app.caption]
    return [key for key, text in begins.items() if any(one.startswith(text) for one in said)]


def opened(monkeypatch: pytest.MonkeyPatch, page: str, job: Job, link: dict[str, str]) -> AppTest:
    """A page whose opening's training is that job."""
    monkeypatch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda *_: job)
    return open_page(page, link)


def test_the_page_opens_with_a_training_that_everybody_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "learning", trained(), LINK)
    assert not app.exception
    found = shown(app)
    assert found["0-looks"] == rows(trained())["looks"]
    assert "Nothing is trained yet" not in " ".join(found["words"])
    assert "Trained: Temporal order, 12 steps" in " ".join(found["words"])
    (said,) = (caption.value for caption in app.caption if "with which this page opens" in caption.value)
    assert "Your settings have moved" in said  # those of the link are others
    assert "60 of 60 updates" in said
    assert [button.label for button in app.button if button.key == "train"] == ["Train"]
    app.button(key="train").click().run()
    app = finished(app)
    assert not app.exception
    assert "Trained: Temporal order, 10 steps" in " ".join(shown(app)["words"])  # now the visitor's own
    assert not [caption for caption in app.caption if "with which this page opens" in caption.value]


def test_two_visitors_are_shown_one_training_of_the_servers_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, tiny = Desk(), tuple(replace(one, iterations=12) for one in trained().trainings)
    monkeypatch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda page, _: desk.opening(page, tiny))
    first = open_page("learning")
    wait_until(lambda: desk.openings["learning"].over, "the opening's training does not end")
    first.run()
    second = open_page("learning")
    for app in (first, second):
        assert not app.exception
        assert "(after 12 of 12 updates;" in shown(app)["0-whole"][0]["learned"]
        assert [button.label for button in app.button if button.key == "train"] == ["Train"]
    assert list(desk.openings) == ["learning"]


def test_the_opening_asks_for_its_own_settings_and_is_shown_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Training, ...]] = []
    goes_on = Job(trained().trainings)
    goes_on._trainers = [
        cast(
            Trainer,
            SimpleNamespace(history=replace(history, clipped=history.clipped[:30]), done=False, parameters=dict),
        )
        for history in trained().histories
    ]

    def opening(_: str, trainings: tuple[Training, ...]) -> Job:
        asked.append(trainings)
        return goes_on

    monkeypatch.setattr("rnn_dynamics.dashboard.seat.opening_job", opening)
    app = open_page("learning")
    assert not app.exception
    assert app.session_state["shown_every"] == 2.0
    assert "(after 30 of 60 updates;" in shown(app)["0-whole"][0]["learned"]
    assert opening_captions(app) == ["opening_moved"]
    goes_on.seconds = 6.0
    monkeypatch.setattr("rnn_dynamics.dashboard.training.has", lambda *_: True)
    app.run()
    said = "30 of 60 updates, about 6 s of it left"  # as many as are done, at their pace
    assert opening_captions(app) == ["opening_runs"]
    assert any(said in caption.value for caption in app.caption)
    assert "After 30 of 60 updates" in " ".join(shown(app)["words"])
    (both,) = {trainings for trainings in asked}
    assert [one.experiment.cell for one in both] == ["rnn", "lstm"]
    assert {one.iterations for one in both} == {500}
    goes_on.end()
    app.run()
    assert app.session_state["shown_every"] is None
    assert opening_captions(app) == ["opening"]


def test_that_a_training_is_over_lets_the_page_run_at_the_next_look_and_beside_no_press(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the first press of each of a hall's visitors after the end would cost a run of the whole page more."""
    paces = iter([0.7, 0.7, 0.7])  # as in a fragment that has begun while a training went on
    live = TrainingPanel.live

    def goes_on(panel: TrainingPanel, picture: Callable[[], None]) -> None:
        pace = next(paces, None)
        if pace is None:
            live(panel, picture)
            return
        st.session_state["shown_every"] = pace
        picture()

    monkeypatch.setattr(TrainingPanel, "live", goes_on)
    app = opened(monkeypatch, "learning", trained(), LINK)
    app.select_slider(key="look").set_value("25 %").run()
    assert app.session_state["shown_every"] == 0.7
    app.run()
    assert app.session_state["shown_every"] is None
    assert list(paces) == []
    assert not app.exception


def test_what_cannot_be_trained_is_refused_on_the_page() -> None:
    large = {"hidden_size": "64", "batch_size": "64", "sequence_length": "100", "iterations": "3000"}
    app = open_page("learning", large)
    assert not app.exception
    app.button(key="train").click().run()
    assert not app.exception
    (error,) = app.error
    assert f"the limit of this page is {LARGEST:,}" in error.value


def test_an_error_of_ours_ends_a_training_with_a_sentence_and_nothing_to_go_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Trainer) -> None:
        raise KeyError("an error of ours")

    monkeypatch.setattr(Trainer, "advance", fail)
    app = open_page("learning", LINK)
    app.button(key="train").click().run()
    app = finished(app)
    assert not app.exception
    (error,) = app.error
    assert "an unforeseen error, KeyError" in error.value
    assert not [button for button in app.button if button.key == "go_on"]
    assert not [caption for caption in app.caption if "Stopped after" in caption.value]


@pytest.mark.parametrize(
    ("page", "settings"),
    [("learning", LINK), ("blank", {"gap": "2", "updates": "50", "hidden_size": "8"}), ("cliff", {})],
)
def test_who_stops_a_shared_training_keeps_what_there_was_on_every_page_that_trains(
    page: str, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnn_dynamics.learning.jobs._BREATH", 0.2)  # it shall not be over before it is stopped
    first, second = open_page(page, settings), open_page(page, settings)
    for app in (first, second):
        app.button(key="train").click().run()
    (job,) = {app.session_state["seat"].jobs[page] for app in (first, second)}
    wait_until(lambda: job.share > 0.0, "the training does not begin")
    first.button(key="stop").click().run()
    assert not first.exception
    assert [button for button in first.button if button.key == "go_on"]
    assert any("Stopped after" in caption.value for caption in first.caption)
    assert first.session_state["seat"].jobs[page] is not job
    second.run()
    assert not second.exception
    assert not job.over
    second.button(key="stop").click().run()
    wait_until(lambda: job.over, "the training does not end")
    assert not second.exception
