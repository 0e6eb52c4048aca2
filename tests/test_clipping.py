"""A real network with and without clipping, on the page "The cliff and clipping"."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.pictures.clipping.answer import clipping_picture, clipping_trainings, trained
from rnn_dynamics.pictures.clipping.chart import clipping_chart
from rnn_dynamics.pictures.clipping.table import clipping_table
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from tests.reader import LONGEST_LINE, wait_until
from tests.test_pages import link, open_page, shown
from tests.test_tables import read


@cache
def job(rate: str, threshold: str = "1") -> Job:
    asked = [replace(training, iterations=40) for training in clipping_trainings(rate, threshold, 0)]
    made = Job(asked)
    made.work()
    made.end()
    return made


def numbers(text: str) -> list[float]:
    return [np.nan if part == "x" else float(part) for part in text.split(",")]


def test_the_two_differ_in_nothing_but_the_clipping() -> None:
    free, clipped = clipping_trainings("0.01", "0.3", 5)
    assert (free.clipping, clipped.clipping) == ("none", "norm")
    assert replace(free, clipping="norm") == clipped
    assert (clipped.learning_rate, clipped.clip_at, clipped.experiment.seed) == (0.01, 0.3, 5)


def test_without_clipping_the_network_is_lost_and_with_it_goes_on() -> None:
    free, saved = job("0.01").histories
    assert free.failure.startswith("Iteration 2")
    assert free.gradient_norms[0] == saved.gradient_norms[0] > 100
    assert not saved.failure
    assert saved.iterations == 40
    datasets, finding = clipping_picture("cliff", job("0.01"))
    (whole,) = read(datasets["whole"])
    assert max(map(len, whole["title"].replace("¦", "|").split("|"))) <= LONGEST_LINE
    title = whole["title"].replace("¦", " ")  # as a wide screen shows it
    assert title.startswith("Without clipping (solid) it is lost at update 2")
    assert f"{saved.gradient_norms[0]:,.0f} at the first one" in title
    assert "<p>Without clipping. <b>Vanilla RNN: the training diverged at update 2.</b>" in finding
    assert f"{100 * np.mean(saved.clipped):.0f} % of the updates were clipped" in finding


def test_at_a_small_rate_both_live_and_the_page_says_so() -> None:
    free, saved = job("0.00001").histories
    assert not free.failure
    datasets, finding = clipping_picture("cliff", job("0.00001"))
    title = read(datasets["whole"])[0]["title"]
    assert title.startswith("Both live")
    assert max(map(len, title.replace("¦", "|").split("|"))) <= LONGEST_LINE
    assert "always needed is false" in finding
    assert "update 2" not in finding
    calm = job("0.00001", "1000000")
    assert not any(calm.histories[1].clipped)
    assert read(clipping_picture("cliff", calm)[0]["whole"])[0]["title"].startswith("No gradient has exceeded 1e+06")
    assert calm.histories[0].losses == calm.histories[1].losses
    assert saved.losses != free.losses


@pytest.mark.parametrize("rate", ["0.01", "0.00001"])
def test_the_curves_are_those_of_the_histories(rate: str) -> None:
    datasets, _ = clipping_picture("cliff", job(rate))
    rows, (whole,) = read(datasets["networks"]), read(datasets["whole"])
    assert [row["clipping"] for row in rows] == ["none", "norm"]
    for row, history in zip(rows, job(rate).histories, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            norms = np.log10(history.gradient_norms)
        expected = np.where(np.isfinite(norms), norms, np.nan)
        np.testing.assert_allclose(np.array(numbers(row["norms"])) / 100, expected, atol=0.0051)
        losses = np.array(history.losses)
        expected = np.where(np.isfinite(losses), np.minimum(losses, whole["top"]), np.nan)
        np.testing.assert_allclose(numbers(row["losses"]), expected, rtol=1e-3)
        assert numbers(row["updates"]) == list(range(1, len(losses) + 1))
        finite = np.concatenate([norms[np.isfinite(norms)], [0.0]])
        assert whole["low"] < 100 * finite.min()
        assert 100 * finite.max() < whole["high"]
        assert row["ended"] == (1 if history.failure else None)
    assert "NaN" not in json.dumps([rows, whole])


def test_the_table_holds_every_update() -> None:
    frame = clipping_table(trained(job("0.00001")))
    assert len(frame) == 80
    assert frame.query("clipping == 'norm'")["loss"].to_list() == job("0.00001").histories[1].losses


@pytest.mark.parametrize("background", THEMES)
def test_the_chart_is_valid_and_draws_both_tables(background: Background) -> None:
    text = json.dumps(clipping_chart(background).to_dict())
    assert all(f'"data": {{"name": "{name}"}}' in text for name in ("networks", "whole"))


def test_a_reader_trains_the_network_on_the_page() -> None:
    app = open_page("cliff", {"network_rate": "0.03"})
    assert link(app).endswith("&network_rate=0.03")
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key="train").click().run()
    wait_until(lambda: any(one.label == "Train again" for one in app.run().button), "the training does not end")
    assert not app.exception
    assert {row["clipping"] for row in shown(app)["1-networks"]} == {"none", "norm"}
    assert any("network's gradients" in str(one) for one in app.get("download_button"))
