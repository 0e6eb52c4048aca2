"""Elman and Jordan, side by side: drawn as their equations have it, and with the factors that autograd finds."""

import inspect
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from rnn_dynamics import Experiment, pictures, run
from rnn_dynamics.content import languages, sentences
from rnn_dynamics.course.feedback import EQUATIONS, edges, gradient_way, picture, side_by_side
from rnn_dynamics.engine.cells import elman, jordan
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.pictures.shapes.answer import OVER, shape_answer
from tests.every import every

ASKED = Experiment(cell="rnn", weight_scale=0.9, sequence_length=4, hidden_size=9, input_size=5)


def test_the_equations_are_those_of_the_cells() -> None:
    for name, module in (("elman", elman), ("jordan", jordan)):
        said = EQUATIONS[name].replace("ₜ₋₁", "_{t−1}").replace("ₜ", "_t")
        assert said in (inspect.getdoc(module) or "")


def test_the_way_of_the_gradient_is_the_only_one_from_the_last_output_to_the_first_input() -> None:
    assert [source for source, _ in gradient_way("elman")] == ["h3", "h2", "h1", "x1"]
    assert [source for source, _ in gradient_way("jordan")] == ["h3", "y2", "h2", "y1", "h1", "x1"]
    for cell in EQUATIONS:
        matrices = [edges(cell)[edge] for edge in gradient_way(cell)]
        assert matrices.count("W_hh") == 2
        assert matrices.count("W_ho") == (1 if cell == "elman" else 3)


@pytest.mark.parametrize("cell", ["rnn", "jordan"])
def test_the_factors_are_those_that_autograd_finds(cell: str) -> None:
    torch = pytest.importorskip("torch")
    trace = run(replace(ASKED, cell=cell, sequence_length=OVER))
    weights = {name: torch.tensor(values) for name, values in trace.parameters.items()}
    readout = torch.tensor(trace.readout)
    state, states = torch.zeros(trace.inputs.shape[1], 9, dtype=torch.float64, requires_grad=True), []
    for step in torch.tensor(trace.inputs):
        back = state @ readout.T if cell == "jordan" else state
        pre = step @ weights["weight_ih_l0"].T + weights["bias_ih_l0"] + weights["bias_hh_l0"]
        state = torch.tanh(pre + back @ weights["weight_hh_l0"].T)
        state.retain_grad()
        states.append(state)
    ((state @ readout.T - torch.tensor(trace.targets)).square().mean() / 2).backward()
    norms = np.array([float(one.grad.norm().log10()) for one in states])
    assert shape_answer(ASKED, "many-to-one").fed_back[cell] == pytest.approx(log10_factor_per_step(norms), abs=1e-9)
    passed = weights["weight_hh_l0"] if cell == "rnn" else readout @ weights["weight_hh_l0"]  # from output to output
    radius = float(torch.linalg.eigvals(passed).abs().max())
    assert shape_answer(ASKED, "many-to-one").radii[cell] == pytest.approx(radius, rel=1e-9)


@every("language", languages())
def test_the_page_says_both_factors_of_an_elman_network_and_of_no_other(language: str) -> None:
    shapes = pictures.picture("shapes")
    said = shapes.drawn(ASKED, shapes.views, language)[1]
    answer = shape_answer(ASKED, "many-to-one")
    assert all(f"×{10 ** answer.fed_back[cell]:.3g}" in said for cell in ("rnn", "jordan"))
    assert all(f"ρ = {radius:.2f}" in said for radius in answer.radii.values())
    assert "Jordan" not in shapes.drawn(replace(ASKED, cell="lstm"), shapes.views, language)[1]
    drawn = side_by_side(sentences("shapes", language)["feedback"])
    assert len(re.findall(r'<img src="data:image/svg\+xml,[^"]+" alt="[^"]+">', drawn)) == 2


def test_each_picture_has_a_line_for_each_edge_and_the_way_of_the_gradient_is_thick() -> None:
    for cell in EQUATIONS:
        lines = [line for line in ElementTree.fromstring(picture(cell)) if line.tag.endswith("line")]
        assert len(lines) == len(edges(cell)) == 8
        assert sum(line.get("class") == "way" for line in lines) == len(gradient_way(cell))


@every("scale", [0.5, 1.0, 2.0])
@every("seed", [0, 3])
def test_the_reason_for_the_larger_factor_is_what_differs_most(scale: float, seed: int) -> None:
    answer = shape_answer(replace(ASKED, weight_scale=scale, seed=seed), "many-to-one")
    factors, radii = ({cell: of[cell] for cell in ("rnn", "jordan")} for of in (answer.fed_back, answer.radii))
    left = {cell: 10 ** factors[cell] / radii[cell] for cell in factors}
    assert {cell: 10**of for cell, of in answer.slopes.items()} == pytest.approx(left)
    which, reason = answer.why.split("_")
    assert (which == "larger") == (factors["jordan"] > factors["rnn"])
    by = {"matrix": radii["jordan"] / radii["rnn"], "slopes": left["jordan"] / left["rnn"]}
    assert reason == (max if which == "larger" else min)(by, key=lambda name: by[name])
