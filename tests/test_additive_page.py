"""The page "The additive cell path": its tables against the library, and what a reader meets."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment, run, split_additive_path
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures import frames
from rnn_dynamics.pictures.additive_path import PICTURE
from rnn_dynamics.pictures.additive_path.answer import NETWORKS, WITH_PATH, band_networks, networks_for, path_answer
from rnn_dynamics.pictures.additive_path.chart import DASHES
from rnn_dynamics.pictures.kit.digits import digits_note
from rnn_dynamics.pictures.kit.frames import MAP_POINTS, point_steps
from tests.every import every
from tests.pictured import column, drawn_by
from tests.test_pages import open_page, shown
from tests.unmarked import unmarked

PAGE = "additive_path"
OPENING = Experiment(cell="lstm", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
SMALL = replace(OPENING, sequence_length=30, hidden_size=6, input_size=3)
both_cells = every("cell", ["lstm", "gru"])
PATH_GATE = {"lstm": "f", "gru": "z"}
STEPS = point_steps(30)
#: Those of the map of units.
MAP_STEPS = point_steps(30, MAP_POINTS)


# --- the tables -----------------------------------------------------------------------------------------------------


@both_cells
def test_the_curves_are_the_library_s_relative_to_step_t(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    split, rnn = split_additive_path(experiment), run(replace(experiment, cell="rnn")).log10_norms["hidden"]
    exact = {name: getattr(split, name) - split.total[-1] for name in DASHES if name != "rnn"} | {"rnn": rnn - rnn[-1]}
    picture = drawn_by(PICTURE, experiment, panels="all")
    (whole,) = picture["whole"]
    for name, curve in exact.items():
        inside = (curve >= whole["low"]) & (curve <= whole["high"])
        values = np.array(column(picture["curves"], "log10_norm", name=name), dtype=float)
        np.testing.assert_allclose(values, np.where(inside, curve, np.nan)[STEPS - 1], rtol=1e-6, atol=1e-6)
        (text,) = column(picture["labels"], "text", name=name)
        assert text.endswith(power_of_ten(float(curve[0])))
    cosine = np.array(column(picture["cosine"], "cosine"), dtype=float)
    np.testing.assert_allclose(cosine, split.cosine[STEPS - 1], rtol=0, atol=1e-6)


@both_cells
def test_the_curves_alone_are_the_whole_gradient_and_its_part_along_the_path(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    alone, everything = drawn_by(PICTURE, experiment), drawn_by(PICTURE, experiment, panels="all")
    assert set(everything) - set(alone) == {"bands", "cosine", "units", "names"}
    for name in ("total", "path"):
        (text,) = column(alone["labels"], "text", name=name)
        assert [text] == column(everything["labels"], "text", name=name)
    assert alone["curves"] == [row for row in everything["curves"] if row["name"] in ("total", "path")]
    assert [row["low"] for row in alone["whole"]] == [row["low"] for row in everything["whole"]]
    assert f"relative to step {experiment.sequence_length}" in alone["whole"][0]["curves"]


@both_cells
def test_a_unit_s_curve_is_the_product_of_its_gates_after_each_step(cell: str) -> None:
    experiment = replace(SMALL, cell=cell)
    gates = run(experiment).gates[PATH_GATE[cell]][:, 0]
    picture = drawn_by(PICTURE, experiment, panels="all")
    units = {row["place"]: row["unit"] - 1 for row in picture["names"]}
    assert sorted(units.values()) == list(range(6))
    for place, unit in units.items():
        exact = np.array([np.log10(np.prod(gates[t:, unit])) for t in MAP_STEPS])
        products = np.array(column(picture["units"], "log10_norm", place=place), dtype=float)
        np.testing.assert_allclose(products, np.where(np.isnan(products), np.nan, exact), rtol=0, atol=1e-5)
    kept = [np.log(gates[:, unit]).sum() for unit in units.values()]
    assert kept == sorted(kept)


def test_the_map_shows_the_values_of_the_gate_that_was_chosen_from_its_lowest_on() -> None:
    gates = run(SMALL).gates
    for name, lowest in {"i": 0.0, "g": -1.0}.items():
        picture = drawn_by(PICTURE, SMALL, panels="all", gate=name)
        assert column(picture["whole"], "lowest") == [lowest]
        for row in picture["names"]:
            values = gates[name][MAP_STEPS - 1, 0, row["unit"] - 1]
            np.testing.assert_allclose(column(picture["units"], "gate", place=row["place"]), values, atol=1e-6)


def test_the_band_holds_all_twenty_networks_and_their_median() -> None:
    answer = path_answer(SMALL, {})
    totals = [split_additive_path(replace(SMALL, seed=seed)).total for seed in range(NETWORKS)]
    shares = sorted(total[0] - total[-1] for total in totals)
    assert answer.networks == NETWORKS
    assert answer.bands["total"][0, 0] == pytest.approx(shares[0])
    assert answer.bands["total"][1, 0] == pytest.approx((shares[9] + shares[10]) / 2)
    assert answer.bands["total"][2, 0] == pytest.approx(shares[19])


@both_cells
@every("loss_at", ["last", "every"])
def test_cut_the_vanilla_network_and_the_bands_are_those_that_are_walked_cut(cell: str, loss_at: str) -> None:
    cut = replace(SMALL, cell=cell, loss_at=loss_at, hidden_path="cut")
    answer, each = path_answer(cut, {}), [replace(cut, seed=seed) for seed in range(NETWORKS)]
    rnn = [run(replace(one, cell="rnn")).log10_norms["hidden"] for one in each]
    total = [split_additive_path(one).total for one in each]
    np.testing.assert_allclose(answer.curves["rnn"], rnn[0] - rnn[0][-1], rtol=1e-12, atol=1e-12)
    for name, of in {"rnn": rnn, "total": total}.items():
        exact = np.sort([one - one[-1] for one in of], axis=0)
        np.testing.assert_allclose(answer.bands[name][[0, 2]], exact[[0, -1]], rtol=1e-12, atol=1e-12)


@every(("away", "other"), [({"gate_bias": "chrono"}, "lstm"), ({}, "gru")], ids=str)
def test_what_plays_no_part_asks_no_other_network(away: dict[str, str], other: str) -> None:
    asked = replace(SMALL, cell=other, **away)  # type: ignore[arg-type]
    answer, same = path_answer(asked, {}), path_answer(replace(asked, forget_bias=1.0), {})
    assert same.split is answer.split
    assert not band_networks(replace(asked, weight_scale=1.5), {}).there
    assert band_networks(replace(asked, hidden_path="cut", forget_bias=1.0), {}).complete


def test_the_largest_settings_get_a_band_of_fewer_networks() -> None:
    largest = {name: int(max(KNOBS_NUMBER[name].offered)) for name in ("hidden_size", "batch_size", "sequence_length")}
    assert 1 <= networks_for(replace(OPENING, **largest)) < NETWORKS == networks_for(OPENING)  # type: ignore[arg-type]


def test_the_frame_holds_every_curve_and_band() -> None:
    answer, frame = path_answer(SMALL, {}), frames(PAGE, SMALL)["curves"]
    assert list(frame["lag"]) == list(range(29, -1, -1))
    np.testing.assert_array_equal(frame["path"], answer.curves["path"])
    np.testing.assert_array_equal([frame[f"rnn_{end}"] for end in ("lowest", "median", "highest")], answer.bands["rnn"])


def test_no_two_curves_share_a_dash() -> None:
    assert len({tuple(dash) for dash in DASHES.values()}) == len(DASHES)


# --- the page -------------------------------------------------------------------------------------------------------


def words(app: AppTest) -> str:
    (html,) = (unmarked(element.proto.body) for element in app.get("html") if "<table" in element.proto.body)
    return str(html)


def test_the_page_opens_on_an_lstm_whose_path_carries_little() -> None:
    app = open_page(PAGE)
    split = split_additive_path(OPENING)
    path = power_of_ten(float(split.path[0] - split.total[-1]))
    assert f"(at the opening to {path}, where 0.93⁹⁹ ≈ {0.93**99:.3f})" in sentences("additive_path")["prose"]
    assert f"Alone it makes a gradient ×{path} in 99 steps" in "".join(shown(app)["words"])
    assert f"the cosine of the angle between the two vectors is {split.cosine[0]:.2f}".replace("-", "−") in words(app)
    assert f"<b>{power_of_ten(float(split.total[0] - split.total[-1]))}</b>" in words(app)


def test_the_equation_stands_there_with_the_current_numbers() -> None:
    for forget_bias in (0.0, 4.0):
        gates = run(replace(OPENING, forget_bias=forget_bias)).gates
        app = open_page(PAGE, {"forget_bias": str(forget_bias)})
        f = gates["f"][:, 0]
        assert f"f = {f.mean():.2f} (from {f.min():.2f} to {f.max():.2f})" in words(app)
        assert f"−1/ln f = {-1 / np.log(f).mean():.3g} steps" in words(app)


@both_cells
def test_cut_the_whole_gradient_is_the_path_to_the_last_digits(cell: str) -> None:
    app = open_page(PAGE, {"hidden_path": "cut", "cell": cell.upper()})
    said = words(app)
    difference = said.split(" differ by at most ")[1].split(" of the whole")[0]
    assert float(difference) < 1e-14
    total, path = (column(shown(app)["0-curves"], "log10_norm", name=name) for name in ("total", "path"))
    assert total == pytest.approx(path, rel=1e-6)


def test_an_lstm_that_vanishes_is_said_to() -> None:
    claims = ["".join(shown(open_page(PAGE, {"forget_bias": bias}))["words"]) for bias in ("0.0", "3.0")]
    assert ["forgets here" in claim for claim in claims] == [True, False]


def test_chrono_takes_the_forget_bias_out_of_use() -> None:
    app = open_page(PAGE, {"gate_bias": "chrono"})
    assert app.select_slider(key="forget_bias").disabled
    assert "Chrono biases" in words(app)
    assert not open_page(PAGE).select_slider(key="forget_bias").disabled


@every(("cell", "gate", "view"), [("lstm", "o", "gate"), ("gru", "r", "gru_gate")])
def test_the_map_shows_the_gate_that_was_chosen(cell: str, gate: str, view: str) -> None:
    app = open_page(PAGE, {"cell": cell.upper(), view: gate, "panels": "all"})
    mean = run(replace(OPENING, cell=cell)).gates[gate][:, 0].mean()
    ((whole,),) = (shown(app)["0-whole"],)
    assert f" {gate}: {mean:.2f} on average" in whole["map"]


def test_the_share_panel_offers_the_scripts_of_the_whole_and_of_the_path() -> None:
    app = open_page(PAGE, {"cell": "GRU"})
    labels = [button.proto.label for button in app.get("download_button")]
    assert app.caption[-1].value == digits_note(run(replace(OPENING, cell="gru")).digits)
    assert labels == [
        "Curves (CSV)",
        "Every unit's gradient (CSV)",
        "PyTorch script (GRU, whole gradient)",
        "PyTorch script (GRU, additive path alone)",
        "Picture with its settings and address (SVG)",
        "Picture with its settings and address (PNG)",
    ]


@every("cell", WITH_PATH)
@every("hidden_path", ["open", "cut"])
def test_the_units_of_the_file_add_up_to_the_curve(cell: str, hidden_path: str) -> None:
    experiment = replace(SMALL, cell=cell, hidden_path=hidden_path)
    answer = path_answer(experiment, {"panels": "curves"})
    file = PICTURE.files["units"](answer, {})
    sizes = 10.0 ** file.pivot(index="step", columns="unit", values="log10_norm").to_numpy()
    np.testing.assert_allclose(np.linalg.norm(sizes, axis=1), 10.0 ** answer.curves["total"], rtol=1e-9)
    assert list(file["lag"]) == [30 - step for step in file["step"]]


def test_the_file_of_units_holds_what_autograd_finds_for_each_of_them() -> None:
    trace, state, states = run(SMALL), None, []
    cell = torch.nn.LSTMCell(3, 6, dtype=torch.float64)
    cell.load_state_dict({name.removesuffix("_l0"): torch.tensor(of) for name, of in trace.parameters.items()})
    for step in torch.tensor(trace.inputs):
        state = cell(step, state)
        state[1].retain_grad()
        states.append(state)
    readout = states[-1][0] @ torch.tensor(trace.readout).T
    (readout - torch.tensor(trace.targets)).square().mean().div(2.0).backward()
    sizes = torch.stack([c.grad.norm(dim=0) for _, c in states]).numpy()
    file = PICTURE.files["units"](path_answer(SMALL, {"panels": "curves"}), {})
    found = file.pivot(index="step", columns="unit", values="log10_norm").to_numpy()
    np.testing.assert_allclose(found, np.log10(sizes / np.linalg.norm(sizes[-1])), rtol=0, atol=1e-10)
