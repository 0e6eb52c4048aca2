"""The page "What initialisation really does": its lines against the library; test_growing.py has how they come."""

import json
import math
import re
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import CELLS, Experiment, run_family
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard.growing import STOPPED
from rnn_dynamics.engine.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.engine.verdict import Verdicts, judge_each
from rnn_dynamics.engine.work import work_of
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures.initialisation import PICTURE, answer
from rnn_dynamics.pictures.initialisation.answer import (
    NETWORKS,
    ROWS,
    InitialisationAnswer,
    scheme_answer,
    scheme_rows,
    seeds_for,
)
from tests.every import every
from tests.pictured import rows_by_table
from tests.test_pages import open_page, shown

ROOT = Path(__file__).resolve().parent.parent
SMALL = Experiment(cell="rnn", sequence_length=30, hidden_size=8, batch_size=2, forget_bias=3.0)
LINK = {"sequence_length": "30", "hidden_size": "8"}
#: The widest axis: what lies beyond is drawn at its end.
INSIDE = (0.001, 15.0)


def rows_of(experiment: Experiment) -> list[Verdicts]:
    """All rows in the order of the page, from the engine and not from the page's memory."""
    found = []
    for scheme, cell in ROWS:
        asked = scheme_experiment(scheme, cell, experiment)
        family = run_family(asked, seeds=range(20 * experiment.seed, 20 * experiment.seed + 20))
        found.append(judge_each(family.log10_norms["input"], family.digits))
    return found


def drawn(app: AppTest) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = shown(app)["0-lines"]
    return lines


def words(app: AppTest) -> str:
    return "".join(shown(app)["words"])


@every(("params", "changes"), [({}, {}), ({"weight_scale": "2.0", "seed": "3"}, {"weight_scale": 2.0, "seed": 3})])
def test_the_lines_are_those_of_the_library(params: dict[str, str], changes: dict[str, Any]) -> None:
    app = open_page("initialisation", LINK | params)
    assert not app.exception
    exact = rows_of(replace(SMALL, **changes))
    assert len(drawn(app)) == len(exact) == 22
    for line, row, (_, cell) in zip(drawn(app), exact, ROWS, strict=True):
        assert (line["known"], line["cell"], line["name"]) == (True, cell, CELLS[cell].short)
        factors = 10.0 ** np.array(row.log10_factor)
        np.testing.assert_allclose([line["low"], line["median"], line["high"]], np.clip(factors, *INSIDE))
        assert line["factor"] == f"×{factors[1]:#.3g}"
        # A median may lie between two.
        counts = {math.floor(row.horizon), math.ceil(row.horizon)} if row.horizon else set()
        assert line["horizon"] == ("–".join(map(str, sorted(counts))) or "never")
        assert f"all {NETWORKS} networks: ×{factors[0]:#.3g} to ×{factors[2]:#.3g}" in line["details"]


def test_the_published_figures_stand_on_the_page() -> None:
    # The first rows of the preset H = 128; test_initialisations.py has all of them.
    wide = Experiment(hidden_size=128, sequence_length=100, batch_size=2)
    known = scheme_answer(wide, {}, frozenset(ROWS[:3]))
    for row, published in zip(known.rows.values(), (0.56, 0.64, 0.64), strict=True):
        assert 10.0**row.log10_factor.median == pytest.approx(published, rel=0.02)
    app = AppTest.from_file(str(ROOT / "pages" / "initialisation.py"))
    app.session_state[STOPPED] = scheme_rows(replace(wide, seed=9)).question
    app.query_params["hidden_size"], app.query_params["seed"] = "128", "9"  # of which nobody has computed a row
    assert app.run().select_slider(key="hidden_size").value == 128
    assert app.button(key="stop").label == "Go on"


def test_rows_that_are_computed_in_goes_are_those_of_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(SMALL, seed=3, weight_scale=0.7)
    monkeypatch.setattr(answer, "_LARGEST_GO", 3 * work_of(asked, "lstm"))
    work = scheme_rows(asked)
    assert [len(goes) for goes in work.rows.values()] == [7] * len(ROWS)  # 20 networks, three at a time
    for found, exact in zip(scheme_answer(asked, {}).rows.values(), rows_of(asked), strict=True):
        np.testing.assert_equal(asdict(found), asdict(exact))


def test_what_a_scheme_decides_asks_for_nothing_new() -> None:
    other = replace(
        SMALL, cell="gru", forget_bias=-1.0, gate_bias="chrono", initialisation="identity", nonlinearity="relu"
    )
    assert scheme_rows(other) == scheme_rows(SMALL)
    assert scheme_rows(replace(SMALL, weight_scale=0.5)).question != scheme_rows(SMALL).question


@every("size", [8, 32, 64, 128])
@every("batch", KNOBS_NUMBER["batch_size"].offered)
def test_a_row_has_as_many_networks_as_one_can_wait_for(size: int, batch: int) -> None:
    asked = replace(SMALL, hidden_size=size, batch_size=batch, sequence_length=200, seed=4)
    seeds = seeds_for(asked)
    assert 5 <= len(seeds) <= 20
    cost = work_of(asked, "lstm")
    assert len(seeds) == 20 or (len(seeds) + 1) * cost > answer._LARGEST_ROW
    assert len(seeds) == 5 or len(seeds) * cost <= answer._LARGEST_ROW
    assert set(seeds).isdisjoint(seeds_for(replace(asked, seed=5)))


def test_by_factor_the_worst_is_on_top_and_each_line_says_its_scheme() -> None:
    by_scheme, by_factor = (drawn(open_page("initialisation", LINK | {"order": o})) for o in ("scheme", "factor"))
    medians = [line["median"] for line in by_factor]
    assert medians == sorted(line["median"] for line in by_scheme) != [line["median"] for line in by_scheme]
    assert sum(line["scheme"] != "" for line in by_scheme) == len(NAMED_SCHEMES)
    assert all(line["scheme"] or above["marked"] == line["marked"] for above, line in pairwise(by_factor))


@every(
    ("scale", "claim"),
    [("1.0", "At PyTorch's defaults¦the LSTM vanishes too"), ("10.0", "W_hh × 10,¦the LSTM explodes")],
)
def test_the_title_claims_what_the_lines_show(scale: str, claim: str) -> None:
    app = open_page("initialisation", LINK | {"weight_scale": scale, "sequence_length": "100", "hidden_size": "16"})
    (whole,) = shown(app)["0-whole"]
    lstm = drawn(app)[1]
    assert claim in whole["title"]
    assert f"{lstm['factor']} per step" in whole["title"]
    assert ("to choose an LSTM is not enough" in words(app)) == (scale == "1.0")
    vanish = any(line["median"] < 1 for line in drawn(app) if line["remains"].startswith("10⁻"))
    assert ("does not mean that a network cannot learn" in words(app)) == vanish


def test_the_table_holds_what_the_picture_holds_and_is_built_only_while_it_is_open() -> None:
    app = open_page("initialisation", LINK)
    assert not app.dataframe
    app.session_state["numbers"] = True
    (table,) = app.run().dataframe
    factors = table.value["factor_per_step"]
    np.testing.assert_allclose(np.clip(factors, *INSIDE), [line["median"] for line in drawn(app)])


# --- the picture ----------------------------------------------------------------------------------------------------


def test_a_point_at_the_end_of_the_axis_lies_on_no_name() -> None:
    spec = json.loads(PICTURE.specification(PICTURE.views, "light", LANGUAGE))
    left = next(item["expr"] for item in spec["params"] if item["name"] == "factorsLeft")
    marks = [layer["encoding"] for group in spec["layer"] for layer in group.get("layer", ())]
    (name,) = (encoding for encoding in marks if encoding.get("text", {}).get("field") == "name")
    begins, ends = (int(re.findall(r"\d+", place)[-1]) for place in (name["x"]["value"]["expr"], left))
    widest = 7.1 * max(len(CELLS[cell].short) for _, cell in ROWS)  # pixels of bold type
    assert begins + widest + 6 <= ends


def row(low: float, median: float, high: float) -> Verdicts:
    return Verdicts(
        log10_factors=np.array([low, median, high]),
        orders=np.zeros(3),
        horizons=np.full(3, np.inf),
        digits_by_network=np.full(3, 11),
        steps=99,
    )


@every(
    ("rows", "ends"),
    [
        ([row(-0.2, -0.1, 0.0)], (0.4, 1.3)),
        ([row(-0.5, -0.1, 0.2), row(-math.inf, -math.inf, -0.1)], (0.1, 3.0)),
        ([row(-9.0, -1.0, 9.0)], (0.001, 15.0)),
        ([], (0.4, 1.3)),
    ],
)
def test_an_axis_ends_at_round_values_and_holds_every_factor(rows: list[Verdicts], ends: tuple[float, float]) -> None:
    named = {key: row for key, row in zip(ROWS, rows, strict=False)}
    known = InitialisationAnswer(experiment=SMALL, rows=named, seeds=range(20))
    words = sentences("initialisation")
    drawn = rows_by_table(PICTURE.tables_of(words, known, PICTURE.views))
    (whole,) = drawn["whole"]
    assert (whole["low"], whole["high"]) == pytest.approx(ends)
    for line, found in zip(drawn["lines"], [*rows, *[None] * (len(ROWS) - len(rows))], strict=True):
        assert line["known"] == (found is not None)
        for name in ("low", "median", "high"):
            factor = found and np.clip(10.0 ** getattr(found.log10_factor, name), *ends)
            assert line[name] == (None if factor is None else pytest.approx(factor))
