"""What "Family tree" shows and says of each cell, against autograd and against what its cells must do."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, executor, run
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import factor, power_of_ten
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.run import run_side_by_side
from rnn_dynamics.engine.trace import FamilyTrace
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.pictures.family_tree import PICTURE
from rnn_dynamics.pictures.family_tree import answer as family_tree
from rnn_dynamics.pictures.family_tree.answer import TreeAnswer, tree_answer
from rnn_dynamics.remembered import COMPUTING, MEMORY
from tests.every import every
from tests.oracle import ask_open_cell
from tests.reader import wait_until

OPENING = Experiment(
    cell="lstm", sequence_length=100, hidden_size=32, batch_size=2, gate_bias="chrono", forget_bias=3.0
)
DRAWN, BIASED = {"gate_bias": "constant", "forget_bias": 0.0}, {"gate_bias": "constant"}
EDGE = {"gate_bias": "constant", "weight_scale": 2.0}
EXPLODE: dict[str, Any] = {
    "gate_bias": "constant",
    "weight_scale": 5.0,
    "initialisation": "orthogonal",
    "input_scale": 0.2,
}
CUT = {"hidden_path": "cut"}


def outcomes(answer: TreeAnswer) -> dict[str, str]:
    return {name: verdict.outcome for name, verdict in answer.verdicts.items()}


def claimed(answer: TreeAnswer) -> str:
    return re.sub("<.*?>", "", PICTURE.claim(sentences("family_tree"), answer, PICTURE.views))


@every("changed", [{}, DRAWN, EXPLODE, CUT])
def test_every_state_and_its_path_have_the_gradient_that_autograd_finds(changed: dict[str, Any]) -> None:
    answer = tree_answer(replace(OPENING, sequence_length=12, hidden_size=6, **changed))
    assert [member.cell.name for member in answer.members] == list(CELLS)
    for member in answer.members:
        found = ask_open_cell(run(member.experiment)).log10_norms
        state = found.get("cell", found["hidden"])
        np.testing.assert_allclose(member.whole, state - state[-1], atol=1e-9)
        assert (member.path is not None) == bool(member.cell.keeps)
        if member.path is not None:
            np.testing.assert_allclose(member.path, found["cell_path"] - state[-1], atol=1e-9)


def test_each_preset_does_what_the_prose_says_of_it() -> None:
    every_preset = [tree_answer(replace(OPENING, **of)) for of in ({}, DRAWN, BIASED, EDGE, EXPLODE)]
    assert {outcomes(answer)[name] for answer in every_preset for name in ("lru", "cornn")} == {"holds"}
    chrono, drawn, biased, edge, explode = every_preset
    assert [name for name, said in outcomes(explode).items() if said == "explodes"] == ["rnn", "lstm", "gru"]
    gated = {name for name, cell in CELLS.items() if cell.keeps}
    assert {name for name, said in outcomes(chrono).items() if said == "holds"} == gated | {"lru", "cornn"}
    assert {name for name, said in outcomes(drawn).items() if said != "vanishes"} == {"lru", "ssm", "cornn"}
    assert [name for name, said in outcomes(biased).items() if said == "holds"] == ["lstm", "lru", "ssm", "cornn"]
    assert {outcomes(tree_answer(replace(OPENING, weight_scale=scale)))["lru"] for scale in (0.5, 10.0)} == {"holds"}
    lstm, slstm = (member for member in biased.members if member.cell.name in ("lstm", "slstm"))
    assert slstm.log10_share is not None
    assert lstm.log10_path is not None
    assert lstm.log10_share is not None
    assert slstm.log10_share > lstm.log10_share + 0.5  # less came through the gates
    assert lstm.log10_path < lstm.verdict.log10_factor - 0.01  # the rest came through the gates
    assert outcomes(edge)["rnn"] == "holds"
    assert outcomes(edge)["lstm"] == "explodes"


@every("changed", [{}, DRAWN, EDGE, EXPLODE])
def test_where_gates_see_the_input_alone_the_path_is_everything_and_no_matrix_changes_it(
    changed: dict[str, Any],
) -> None:
    answers = [tree_answer(replace(OPENING, **changed | {"weight_scale": scale})) for scale in (0.5, 2.0)]
    for member, other in zip(*(answer.members for answer in answers), strict=True):
        if not member.cell.state_matrix:
            np.testing.assert_array_equal(member.whole, other.whole)
            assert member.log10_share == pytest.approx(0.0, abs=1e-12)
            assert member.verdict.log10_factor < 0.0


@every("changed", [{}, DRAWN, BIASED, EDGE, EXPLODE, CUT, {"sequence_length": 1}, {"loss_at": "every"}])
def test_what_is_claimed_is_what_the_curves_do(changed: dict[str, Any]) -> None:
    answer = tree_answer(replace(OPENING, **changed))
    said, held = claimed(answer), [name for name, of in outcomes(answer).items() if of == "holds"]
    if answer.experiment.sequence_length == 1 or answer.experiment.loss_at == "every":
        assert "Every step" in said or "A single step" in said
    elif "explodes" in outcomes(answer).values():
        (names, largest) = re.findall(r"explodes in the (.*?), by up to (\S+) per step", said)[0]
        exploded = [member for member in answer.members if member.verdict.outcome == "explodes"]
        assert names.split(", ") == [member.cell.short for member in exploded]
        assert largest == factor(max(member.verdict.log10_factor for member in exploded))
        assert all(has_w_hh(member.cell) for member in exploded)
    elif held:
        (names,) = re.findall(r"more of the gradient \((.*?)\)|holds in the (.*?) \(", said)
        assert "".join(names).split(", ") == [CELLS[name].short for name in held]
        (lowest,) = re.findall(r"(×[\d.]*\d) or more", said)
        wholes = [member.whole for member in answer.members if member.cell.name in held]
        assert lowest == factor(min(float(log10_factor_per_step(whole)) for whole in wholes))
        gated = [name for name, cell in CELLS.items() if cell.keeps]
        adding = [name for name in CELLS if name in (*gated, "lru", "cornn")]
        plain = log10_factor_per_step(answer.members[0].whole)
        assert f"In the RNN a matrix leaves {factor(float(plain))} a step" in said or "holds in the" in said
        assert ("open gate" in said) == (held in (gated, adding))
        assert ("constant λ" in said) == (held == adding)
    else:
        factors = sorted((log10_factor_per_step(member.whole) for member in answer.members), key=abs)
        assert {factor(float(factors[0])), factor(float(factors[-1]))} == set(re.findall(r"×[\d.]*\d", said))


def test_trees_that_are_asked_at_once_are_what_each_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [replace(OPENING, cell=cell, **of) for of in ({}, DRAWN, BIASED, EDGE, EXPLODE) for cell in ("rnn", "gru")]
    alone = list(map(tree_answer, asked))
    MEMORY.clear()
    passes: list[Sequence[Experiment]] = []

    def noted(new: Sequence[Experiment]) -> list[FamilyTrace]:
        passes.append(new)
        return run_side_by_side(new)

    monkeypatch.setattr(family_tree, "run_side_by_side", noted)
    with ThreadPoolExecutor(len(asked)) as visitors:
        with COMPUTING:  # somebody else's turn
            waits = [visitors.submit(tree_answer, one) for one in asked]
            wait_until(lambda: sum(map(len, executor._WAITING.values())) == len(waits), "they do not wait")
        found = [one.result(60) for one in waits]
    for answer, same in zip(found, alone, strict=True):
        for member, one in zip(answer.members, same.members, strict=True):
            assert (member.experiment, member.digits) == (one.experiment, one.digits)
            np.testing.assert_array_equal(member.whole, one.whole)
    every_one = list(chain(*passes))
    assert len(every_one) == len({*every_one})  # each network once
    assert max(map(len, passes)) > len(CELLS)


@every("cell", CELLS)
def test_the_chosen_cell_gives_the_equation_and_changes_no_number(cell: str) -> None:
    words, answer, other = sentences("family_tree"), tree_answer(replace(OPENING, cell=cell)), tree_answer(OPENING)
    said = PICTURE.finding(words, answer, PICTURE.views)
    assert re.findall('class="equation">(.*?):', said) == [CELLS[cell].label]
    assert said.partition("</p>")[2] == PICTURE.finding(words, other, PICTURE.views).partition("</p>")[2]
    for member, row in zip(answer.members, re.findall("<tr><td>.*?</tr>", said), strict=True):
        cells = re.findall("<td>(.*?)</td>", re.sub("</?b>", "", row))
        assert cells[0] == member.cell.short
        assert cells[3:5] == [factor(member.verdict.log10_factor), power_of_ten(float(member.whole[0]))]
        assert ("100 %" in cells[5]) == (bool(member.cell.keeps) and not member.cell.state_matrix)


def test_a_size_that_costs_too_much_has_fewer_sequences_and_says_so() -> None:
    asked = replace(OPENING, hidden_size=128, batch_size=32)
    answer, said = tree_answer(asked), PICTURE.finding(sentences("family_tree"), tree_answer(asked), PICTURE.views)
    fewer = answer.experiment.batch_size
    assert fewer < 32
    assert f"uses {fewer} of 32 sequences" in re.sub("<.*?>", "", said)
    assert (answer.experiment, answer.asked) == (replace(asked, batch_size=fewer), 32)
    assert {member.experiment.batch_size for member in answer.members} == {fewer}
