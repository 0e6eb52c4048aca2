"""A real network with and without clipping, on the page "The cliff and clipping"."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import three_digits, whole_percent
from rnn_dynamics.learning.jobs import worked_through
from rnn_dynamics.pictures.clipping import PICTURE, networks
from rnn_dynamics.pictures.clipping import answer as clipping
from rnn_dynamics.pictures.clipping.answer import ClippingAnswer
from tests.claims import assert_fits_a_phone
from tests.every import every
from tests.pictured import Rows, column, rows_by_table
from tests.reader import wait_until
from tests.test_pages import link, open_page, shown


@cache
def answer(rate: str, threshold: str = "1") -> ClippingAnswer:
    asked = networks(Experiment(), {"network_rate": rate, "clip_at": threshold})
    return ClippingAnswer(networks=worked_through([replace(training, iterations=40) for training in asked]).networks)


def tables_of(answer: Any) -> dict[str, Rows]:
    return rows_by_table(PICTURE.tables_of(sentences("clipping"), answer, {}))


def title_of(answer: Any) -> str:
    """As a wide screen shows it."""
    title = str(tables_of(answer)["whole"][0]["title"])
    assert_fits_a_phone(title)
    return title.replace("¦", " ")


def finding_of(answer: Any) -> str:
    return PICTURE.finding(sentences("clipping"), answer, {})


def test_the_two_differ_in_nothing_but_the_clipping() -> None:
    free, clipped = networks(Experiment(seed=5), {"network_rate": "0.01", "clip_at": "0.3"})
    assert (free.clipping, clipped.clipping) == ("none", "norm")
    assert replace(free, clipping="norm") == clipped
    assert (clipped.learning_rate, clipped.clip_at, clipped.experiment.seed) == (0.01, 0.3, 5)


def test_without_clipping_the_network_is_lost_and_with_it_goes_on() -> None:
    free, saved = answer("0.01").free.history, answer("0.01").clipped.history
    assert free.failure.startswith("Iteration 2")
    assert free.gradient_norms[0] == saved.gradient_norms[0] > 100
    assert not saved.failure
    assert saved.iterations == 40
    title, finding = title_of(answer("0.01")), finding_of(answer("0.01"))
    assert title.startswith("Without clipping (solid) training diverges at update 2")
    assert f"the first gradient has norm {three_digits(saved.gradient_norms[0])};" in title
    assert "<p>Without clipping. <b>Vanilla RNN: the training diverged at update 2.</b>" in finding
    assert f"{whole_percent(100 * float(np.mean(saved.clipped)))} % of the updates were clipped" in finding


def test_at_a_small_rate_both_live_and_the_page_says_so() -> None:
    free, saved = answer("0.00001").free.history, answer("0.00001").clipped.history
    assert not free.failure
    assert title_of(answer("0.00001")).startswith("Both survive")
    finding = finding_of(answer("0.00001"))
    assert "always needed is false" in finding
    assert "update 2" not in finding
    calm = answer("0.00001", "1000000")
    assert not any(calm.clipped.history.clipped)
    assert title_of(calm).startswith("No gradient has exceeded 1e+06")
    assert calm.free.history.losses == calm.clipped.history.losses
    assert saved.losses != free.losses


@every("rate", ["0.01", "0.00001"])
def test_the_curves_are_those_of_the_histories(rate: str) -> None:
    found = tables_of(answer(rate))
    (whole,) = found["whole"]
    for network in answer(rate).networks:
        kind, history = network.training.clipping, network.history
        with np.errstate(invalid="ignore", divide="ignore"):
            norms, losses = np.log10(history.gradient_norms), np.array(history.losses)
        assert column(found["updates"], "update", clipping=kind) == list(range(1, len(losses) + 1))
        for name, exact in {"log10_norm": norms, "loss": losses}.items():
            drawn = np.array(column(found["updates"], name, clipping=kind), dtype=float)
            np.testing.assert_allclose(drawn, np.where(np.isfinite(exact), exact, np.nan), rtol=1e-6)
        finite = np.concatenate([norms[np.isfinite(norms)], [0.0]])
        assert whole["low"] < finite.min()
        assert finite.max() < whole["high"]
        assert column(found["ends"], "update", clipping=kind) == ([1] if history.failure else [])


def test_the_table_holds_every_update() -> None:
    frame = PICTURE.files["network"](answer("0.00001"), {})
    assert len(frame) == 80
    assert frame.query("clipping == 'norm'")["loss"].to_list() == answer("0.00001").clipped.history.losses


def test_a_reader_trains_the_network_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipping, "UPDATES", 40)
    app = open_page("cliff", {"network_rate": "0.03"})
    assert link(app).endswith("&network_rate=0.03")
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key="train").click().run()
    wait_until(lambda: any(one.label == "Train again" for one in app.run().button), "the training does not end")
    assert not app.exception
    assert {row["clipping"] for row in shown(app)["1-updates"]} == {"none", "norm"}
    assert any("network's gradients" in str(one) for one in app.get("download_button"))
