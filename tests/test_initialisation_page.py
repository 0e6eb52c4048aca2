"""The page "What initialisation really does": its lines against the library, and how they come and stop."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import CELLS, Experiment, run_family
from rnn_dynamics.dashboard import scheme_growth
from rnn_dynamics.engine.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures.initialisation import answer as page
from rnn_dynamics.pictures.initialisation.answer import NETWORKS, ROWS, SchemeRows, fill, scheme_rows, seeds_for
from rnn_dynamics.pictures.initialisation.chart import SHAPES, scheme_chart
from rnn_dynamics.pictures.initialisation.table import (
    InitialisationRow,
    Line,
    Spread,
    initialisation_row,
    line_datasets,
)
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from tests.background import warm_up
from tests.test_pages import open_page, shown

ROOT = Path(__file__).resolve().parent.parent
SMALL = Experiment(cell="rnn", sequence_length=30, hidden_size=8, batch_size=2, forget_bias=3.0)
LINK = {"sequence_length": "30", "hidden_size": "8"}
#: The widest axis: what lies beyond is drawn at its end.
INSIDE = (0.001, 15.0)


def rows_of(experiment: Experiment) -> list[InitialisationRow]:
    """All rows in the order of the page, from the engine and not from the page's memory."""
    found = []
    for scheme, cell in ROWS:
        asked = scheme_experiment(scheme, cell, experiment)
        family = run_family(asked, seeds=range(20 * experiment.seed, 20 * experiment.seed + 20))
        norms, digits = family.log10_norms["input"], int(family.digits.min())
        found.append(initialisation_row(NAMED_SCHEMES[scheme].label, CELLS[cell].label, norms, digits))
    return found


def drawn(app: AppTest) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = shown(app)["0-lines"]
    return lines


def words(app: AppTest) -> str:
    return "".join(shown(app)["words"])


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that remembers no row."""
    page._scheme_rows.cache_clear()


@pytest.mark.parametrize(
    ("params", "changes"), [({}, {}), ({"weight_scale": "2.0", "seed": "3"}, {"weight_scale": 2.0, "seed": 3})]
)
def test_the_lines_are_those_of_the_library(params: dict[str, str], changes: dict[str, Any]) -> None:
    app = open_page("initialisation", LINK | params)
    assert not app.exception
    exact = rows_of(replace(SMALL, **changes))
    assert len(drawn(app)) == len(exact) == 17
    for line, row, (_, cell) in zip(drawn(app), exact, ROWS, strict=True):
        assert (line["known"], line["cell"], line["name"]) == (True, cell, row.cell)
        factors = 10.0 ** np.array([row.log10_factor.low, row.log10_factor.median, row.log10_factor.high])
        np.testing.assert_allclose([line["low"], line["median"], line["high"]], np.clip(factors, *INSIDE))
        assert line["factor"] == f"×{factors[1]:#.3g}"
        assert line["horizon"] == ("never" if row.horizon is None else f"{row.horizon:g}")
        assert f"all {NETWORKS} networks: ×{factors[0]:#.3g} to ×{factors[2]:#.3g}" in line["details"]


@pytest.mark.usefixtures("forgotten")
def test_the_published_figures_stand_on_the_page() -> None:
    # The first rows of the preset H = 128; test_initialisations.py has all of them.
    wide = SchemeRows(Experiment(hidden_size=128, sequence_length=100, batch_size=2))
    while len(wide.rows) < 3:
        wide.advance()
    for row, published in zip(wide.rows, (0.56, 0.64, 0.64), strict=True):
        assert 10.0**row.log10_factor.median == pytest.approx(published, rel=0.02)
    app = AppTest.from_file(str(ROOT / "pages" / "initialisation.py"))
    app.session_state["stopped"] = replace(SMALL, sequence_length=100, hidden_size=128)
    app.query_params["hidden_size"] = "128"
    assert app.run().select_slider(key="hidden_size").value == 128
    assert "go_on" in {button.key for button in app.button}


def test_rows_that_are_computed_in_goes_are_those_of_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_LARGEST_GO", 3 * page._cost(SMALL))
    answer, shares = SchemeRows(SMALL), [0.0]
    while not answer.complete:
        answer.advance()
        shares.append(answer.share)
    assert len(shares) == 1 + 7 * len(ROWS)  # 20 networks, three at a time
    assert shares == sorted(set(shares))
    assert shares[-1] == 1.0
    assert answer.rows == rows_of(SMALL)
    answer.advance()
    assert len(answer.rows) == len(ROWS)


@pytest.mark.usefixtures("forgotten")
def test_what_a_hall_asks_first_is_answered_in_the_background() -> None:
    thread = warm_up("a page of this test", [SMALL, replace(SMALL, weight_scale=0.5)], fill)
    thread.join()
    assert scheme_rows(SMALL).rows == rows_of(SMALL)
    assert scheme_rows(replace(SMALL, weight_scale=0.5)).complete


def test_what_a_scheme_decides_asks_for_nothing_new() -> None:
    other = replace(
        SMALL, cell="gru", forget_bias=-1.0, gate_bias="chrono", initialisation="identity", nonlinearity="relu"
    )
    assert scheme_rows(other) is scheme_rows(SMALL)
    assert scheme_rows(replace(SMALL, weight_scale=0.5)) is not scheme_rows(SMALL)
    assert page._scheme_rows.cache_info().maxsize == 1024


@pytest.mark.usefixtures("forgotten")
def test_a_page_with_missing_rows_shows_its_progress_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheme_growth, "come_back", lambda experiment: None)  # one run at a time
    monkeypatch.setattr(scheme_growth, "_SLICE", 1e-9)
    app = open_page("initialisation", LINK)
    for computed in (1, 2):
        assert [line["known"] for line in drawn(app)] == [True] * computed + [False] * (17 - computed)
        assert f"{17 - computed} of 17 lines are not computed" in words(app)
        (bar,) = app.get("progress")
        assert bar.proto.text.startswith(f"{computed - 1} of 17")
        app = app.run() if computed == 1 else app
    app.button(key="stop").click().run()
    assert not app.get("progress")
    assert sum(line["known"] for line in drawn(app)) == 2
    app.run()
    assert sum(line["known"] for line in drawn(app)) == 2  # and stays so
    app.button(key="go_on").click().run()
    assert sum(line["known"] for line in drawn(app)) == 3
    assert app.get("progress")


@pytest.mark.usefixtures("forgotten")
def test_a_page_comes_back_until_all_rows_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheme_growth, "_SLICE", 1e-9)
    app = open_page("initialisation", LINK)
    assert all(line["known"] for line in drawn(app))
    assert not app.get("progress")
    assert {button.key for button in app.button}.isdisjoint({"stop", "go_on"})
    assert "not computed" not in words(app)


def test_stopping_one_question_stops_no_other() -> None:
    app = AppTest.from_file(str(ROOT / "pages" / "initialisation.py"), default_timeout=60)
    app.session_state["stopped"] = replace(SMALL, seed=77)
    for key, value in (LINK | {"seed": "77"}).items():
        app.query_params[key] = value
    app.run()
    assert not any(line["known"] for line in drawn(app))
    assert "17 of 17 lines are not computed" in words(app)
    app.select_slider(key="sequence_length").set_value(20).run()
    assert all(line["known"] for line in drawn(app))


@pytest.mark.parametrize("size", [8, 32, 64, 128])
@pytest.mark.parametrize("batch", KNOBS_NUMBER["batch_size"].offered)
def test_a_row_has_as_many_networks_as_one_can_wait_for(size: int, batch: int) -> None:
    asked = replace(SMALL, hidden_size=size, batch_size=batch, sequence_length=200, seed=4)
    seeds = seeds_for(asked)
    assert 5 <= len(seeds) <= 20
    assert len(seeds) == 20 or (len(seeds) + 1) * page._cost(asked) > page._LARGEST_ROW
    assert len(seeds) == 5 or len(seeds) * page._cost(asked) <= page._LARGEST_ROW
    assert set(seeds).isdisjoint(seeds_for(replace(asked, seed=5)))


def test_by_factor_the_worst_is_on_top_and_each_line_says_its_scheme() -> None:
    by_scheme, by_factor = (drawn(open_page("initialisation", LINK | {"order": o})) for o in ("scheme", "factor"))
    medians = [line["median"] for line in by_factor]
    assert medians == sorted(line["median"] for line in by_scheme) != [line["median"] for line in by_scheme]
    assert sum(line["scheme"] != "" for line in by_scheme) == len(NAMED_SCHEMES)
    assert all(line["scheme"] or above["marked"] == line["marked"] for above, line in pairwise(by_factor))


@pytest.mark.parametrize(
    ("scale", "claim"),
    [("1.0", "At PyTorch's defaults¦the LSTM vanishes too"), ("10.0", "W_hh × 10,¦the LSTM explodes")],
)
def test_the_title_claims_what_the_lines_show(scale: str, claim: str) -> None:
    app = open_page("initialisation", LINK | {"weight_scale": scale, "sequence_length": "100", "hidden_size": "16"})
    (whole,) = shown(app)["0-whole"]
    lstm = drawn(app)[1]
    assert claim in whole["title"]
    assert f"{lstm['factor']} per step" in whole["title"]
    assert ("“The LSTM solves it” is false" in words(app)) == (scale == "1.0")
    assert ("does not mean that a network cannot learn" in words(app)) == (scale == "1.0")


def test_the_table_holds_what_the_picture_holds_and_is_built_only_while_it_is_open() -> None:
    app = open_page("initialisation", LINK)
    assert not app.dataframe
    app.session_state["numbers"] = True
    (table,) = app.run().dataframe
    factors = table.value["factor_per_step"]
    np.testing.assert_allclose(np.clip(factors, *INSIDE), [line["median"] for line in drawn(app)])


# --- the picture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("background", THEMES)
def test_the_specification_is_valid_and_reads_both_tables(background: Background) -> None:
    spec = scheme_chart(background).to_dict()
    assert json.loads(json.dumps(as_vega_lite(scheme_chart, background), allow_nan=False)) == spec
    assert "datasets" not in spec
    assert {layer["data"]["name"] for layer in spec["layer"]} == {"lines", "whole"}
    assert len(set(SHAPES.values())) == len(SHAPES) == len(CELLS)


def test_a_point_at_the_end_of_the_axis_lies_on_no_name() -> None:
    spec = scheme_chart("light").to_dict()
    left = next(item["expr"] for item in spec["params"] if item["name"] == "left")
    marks = [layer["encoding"] for group in spec["layer"] for layer in group.get("layer", ())]
    (name,) = (encoding for encoding in marks if encoding.get("text", {}).get("field") == "name")
    begins, ends = (int(re.findall(r"\d+", place)[-1]) for place in (name["x"]["value"]["expr"], left))
    widest = 7.1 * max(len(CELLS[cell].label) for _, cell in ROWS)  # pixels of bold type
    assert begins + widest + 6 <= ends


def test_every_message_stays_far_from_the_size_at_which_browsers_cache() -> None:
    (chart,) = open_page("initialisation", LINK).get("vega_lite_chart")
    assert len(chart.proto.SerializeToString()) < 20_000


def line(row: InitialisationRow | None) -> Line:
    texts = dict.fromkeys(("name", "scheme", "short", "factor", "horizon", "remains", "details"), "")
    return Line(cell="rnn", marked=False, row=row, **texts)


def row(low: float, median: float, high: float) -> InitialisationRow:
    share = Spread(low=0.0, median=0.0, high=0.0)
    spread = Spread(low=low, median=median, high=high)
    return InitialisationRow(
        scheme="",
        cell="",
        networks=20,
        log10_factor=spread,
        horizon=None,
        outcome="holds",
        log10_share=share,
        digits=11,
    )


@pytest.mark.parametrize(
    ("rows", "ends"),
    [
        ([row(-0.2, -0.1, 0.0), None], (0.4, 1.3)),
        ([row(-0.5, -0.1, 0.2), row(-math.inf, -math.inf, -0.1)], (0.1, 3.0)),
        ([row(-9.0, -1.0, 9.0)], (0.001, 15.0)),
        ([None], (0.4, 1.3)),
    ],
)
def test_an_axis_ends_at_round_values_and_holds_every_factor(
    rows: list[InitialisationRow | None], ends: tuple[float, float]
) -> None:
    tables = {name: _read(table) for name, table in line_datasets([line(row) for row in rows], "T", "h").items()}
    (whole,) = tables["whole"]
    assert (whole["low"], whole["high"]) == pytest.approx(ends)
    assert (whole["lines"], whole["title"], whole["hint"]) == (len(rows), "T", "h")
    for drawn_line, found in zip(tables["lines"], rows, strict=True):
        assert drawn_line["known"] == (found is not None)
        spread = found.log10_factor if found else Spread(low=0.0, median=0.0, high=0.0)
        for name in ("low", "median", "high"):
            assert drawn_line[name] == pytest.approx(np.clip(10.0 ** getattr(spread, name), *ends))


def _read(table: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pa.ipc.open_stream(table).read_all().to_pylist()
    return found
