"""The page "By hand": its ticks, its mistakes, its board and its picture against the library and torch."""

import html
import inspect
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment
from rnn_dynamics.by_hand import bidirectional, gru, lstm, rnn
from rnn_dynamics.by_hand.against_torch import ask_torch
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.by_hand.lines import lines_of
from rnn_dynamics.by_hand.mistakes import MISTAKES, HandWritten
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import aligned, difference
from rnn_dynamics.pictures import frames
from rnn_dynamics.pictures.by_hand import MOST, PICTURE
from rnn_dynamics.pictures.by_hand.answer import hand_answer
from tests.every import every
from tests.pictured import Rows, drawn_by, said_by
from tests.test_pages import open_page, shown
from tests.unmarked import unmarked

PAGE = "by_hand"
OPENING = Experiment(cell="rnn", initialisation="torch", sequence_length=5, batch_size=3, input_size=4, hidden_size=2)
BOTH = replace(OPENING, bidirectional=True)
CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru}
cells = every("cell", CELLS)
mistakes = every(("cell", "mistake"), [(cell, name) for cell in MISTAKES for name in MISTAKES[cell]])


def words(app: AppTest) -> str:
    """What the page says in HTML, without its marks."""
    said = unmarked(" ".join(element.proto.body for element in app.get("html")))
    return html.unescape(re.sub("<[^>]*>", " ", said))


def codes(app: AppTest) -> list[str]:
    """Forward, backward, and torch; the first code of the page is its link."""
    return [str(code.value) for code in app.code[1:]]


def views(experiment: Experiment, mistake: str, step: int) -> dict[str, str]:
    return {f"{experiment.cell}_mistake": mistake, "step": str(step)}


def picture(experiment: Experiment, mistake: str = "none", step: int = 1) -> dict[str, Rows]:
    return drawn_by(PICTURE, experiment, **views(experiment, mistake, step))


def board(experiment: Experiment, mistake: str, step: int) -> str:
    """Both boards, without what stands above and below them."""
    said = said_by(PICTURE, experiment, **views(experiment, mistake, step))
    return said[said.index('<h2 class="walk">') : said.index('<div class="ticks">')]


def mistaken(cell: str, mistake: str) -> dict[str, str]:
    return {"cell": cell.upper(), "bidirectional": "true", f"{cell}_mistake": mistake}


# Ticks


@every("preset", ["rnn", "both", "lstm", "gru"])
def test_every_tick_of_a_preset_stands(preset: str) -> None:
    app = open_page(PAGE)
    app.button(key=f"preset_{preset}").click().run()
    assert "✗" not in words(app)
    results, parameters = (3 if preset == "lstm" else 2), (8 if preset == "both" else 4)
    # Two in a row of a gradient, one in a row of a result, three above the board, two in the notes.
    assert words(app).count("✓") == results + 2 * parameters + 3 + 2


def test_the_forgotten_flip_breaks_outputs_and_gradients_and_says_why() -> None:
    app = open_page(PAGE)
    app.button(key="preset_flip").click().run()
    assert app.session_state["bidirectional"]
    said = words(app)
    assert re.search(r"One line of\s+bidirectional_forward\s+is changed", said)
    assert MISTAKES["rnn"]["no flip"].wrong in said
    assert sentences(PAGE)["mistakes"]["no flip"]["why"].split("<")[0] in said
    assert re.search(r"outputs\s+3×5×4\s+✗", said)
    assert re.search(r"h_n\s+2×3×2\s+✓", said)
    assert re.search(r"weight_hh_l0_reverse\s+2×2\s+✗", said)
    assert re.search(r"weight_hh_l0\s+2×2\s+✓", said)


@mistakes
def test_a_mistake_breaks_a_tick_on_the_page(cell: str, mistake: str) -> None:
    app = open_page(PAGE, mistaken(cell, mistake))
    assert not app.exception
    assert words(app).count("✗") > 1
    assert "outputs" in words(app)


@mistakes
def test_a_mistake_without_consequence_is_said_to_be_one(cell: str, mistake: str) -> None:
    if mistake in ("no b_hh", "gates swapped", "early reset"):
        return  # finite differences notice these in any example: see the next test
    at_rest = {"initialisation": "gaussian", "input_scale": "0.0"}  # all states are 0
    saturates = mistake in ("no slope", "no tanh", "z swapped")
    app = open_page(PAGE, mistaken(cell, mistake) | (at_rest if saturates else {"sequence_length": "1"}))
    assert "Here it makes no difference" in words(app)
    assert "✗" not in words(app)
    settings = {"initialisation": "gaussian", "input_scale": 0.0} if saturates else {"sequence_length": 1}
    claim = picture(replace(BOTH, cell=cell, **settings), mistake)["whole"][0]["claim"]
    assert "it makes no difference" in claim


@every(
    ("cell", "mistake", "settings"),
    [
        ("rnn", "no b_hh", {"initialisation": "gaussian"}),
        ("gru", "early reset", {"initialisation": "gaussian", "hidden_size": "1"}),
        ("lstm", "gates swapped", {"initialisation": "gaussian", "input_scale": "0.0"}),
    ],
)
def test_finite_differences_notice_what_neither_outputs_nor_autograd_do(
    cell: str, mistake: str, settings: dict[str, str]
) -> None:
    said = words(open_page(PAGE, mistaken(cell, mistake) | settings))
    assert "neither the outputs nor autograd show it" in said
    assert "Here it makes no difference" not in said
    assert re.search(r"✓ difference from torch\.nn\.\w+:", said)
    assert "✓ difference from autograd:" in said
    assert "✗ from finite differences:" in said


@every("mistake", ["no flip", "wrong end"])
def test_in_one_direction_there_is_nothing_to_flip(mistake: str) -> None:
    app = open_page(PAGE, {"rnn_mistake": mistake})
    assert "Here it makes no difference" in words(app)


@cells
def test_the_differences_on_the_page_are_those_of_torch(cell: str) -> None:
    experiment = replace(OPENING, cell=cell)
    mistake = next(iter(MISTAKES[cell]))  # a difference of rounding proves little
    answer, example = hand_answer(experiment, mistake), make_example(experiment)
    hand = HandWritten(cell, mistake)
    forward = hand.forward(example)
    results, gradients = ask_torch(example)
    assert answer.results["outputs"][1] == pytest.approx(np.abs(forward.outputs - results["outputs"]).max(), rel=1e-12)
    for name, value in hand.backward(example, forward).gradients.items():
        size = max(1.0, np.abs(gradients[name]).max())
        assert answer.gradients[name][0] == pytest.approx(np.abs(value - gradients[name]).max() / size, rel=1e-12)
    said = words(open_page(PAGE, {"cell": cell.upper(), f"{cell}_mistake": mistake}))
    assert f"✗ {difference(answer.results['outputs'][1])}" in re.sub(r"\s+", " ", said)
    assert f"finite differences: {difference(answer.definition_gap)}" in said


@every(("initialisation", "seed"), [("torch", 0), ("gaussian", 50), ("orthogonal", 0), ("identity", 50), ("keras", 0)])
@cells
def test_no_tick_breaks_by_rounding(cell: str, initialisation: str, seed: int) -> None:
    smallest_and_largest = ({"input_scale": 0.0, "forget_bias": -2.0}, {"input_scale": 3.0, "forget_bias": 5.0})
    for extreme in smallest_and_largest:
        experiment = replace(BOTH, cell=cell, initialisation=initialisation, seed=seed, sequence_length=6, **extreme)  # type: ignore[arg-type]
        assert hand_answer(experiment, "none").right


# The code


@cells
def test_the_code_is_the_files_own(cell: str) -> None:
    forward, backward, _ = codes(open_page(PAGE, {"cell": cell.upper(), "bidirectional": "true"}))
    for name in (f"{cell}_step", f"{cell}_forward"):
        assert inspect.getsource(getattr(CELLS[cell], name)).strip() in forward
    for name in (f"{cell}_step_back", f"{cell}_backward"):
        assert inspect.getsource(getattr(CELLS[cell], name)).strip() in backward
    assert inspect.getsource(bidirectional.bidirectional_forward).strip() in forward
    assert inspect.getsource(bidirectional.bidirectional_backward).strip() in backward


@mistakes
def test_the_code_shows_the_changed_line(cell: str, mistake: str) -> None:
    forward, backward, _ = codes(open_page(PAGE, mistaken(cell, mistake)))
    change = MISTAKES[cell][mistake]
    assert f"{change.wrong}  # ← changed" in forward + backward
    assert f"    {change.right}\n" not in forward + backward


@cells
@every("both", ["false", "true"])
def test_the_lines_that_ask_torch_run_and_give_torchs_answer(cell: str, both: str) -> None:
    *_, torch_lines = codes(open_page(PAGE, {"cell": cell.upper(), "bidirectional": both}))
    example = make_example(replace(OPENING, cell=cell, bidirectional=both == "true"))
    known: dict[str, Any] = {
        "inputs": example.inputs.copy(),
        "targets": example.targets,
        "parameters": example.parameters,
    }
    exec(f"import torch\n{torch_lines}", known)
    results, gradients = ask_torch(example)
    assert (known["outputs"].detach().numpy() == results["outputs"]).all()
    for name, parameter in known["network"].named_parameters():
        assert (parameter.grad.numpy() == gradients[name]).all()


# The board


@cells
@every("step", [1, 3, 5])
def test_the_board_shows_each_line_with_its_numbers(cell: str, step: int) -> None:
    experiment = replace(BOTH, cell=cell)
    example, hand = make_example(experiment), HandWritten(cell)
    forward = hand.forward(example)
    backward = hand.backward(example, forward)
    text = board(experiment, "none", step)
    for steps, function in ((forward.steps, f"{cell}_step"), (backward.steps, f"{cell}_step_back")):
        for line in lines_of(hand.source(function)):
            assert html.escape(line.text) in text
        names = [name for line in lines_of(hand.source(function)) for name in line.names if name != "step"]
        for name in names:
            for values in (steps[0][step - 1][name], steps[1][5 - step][name]):
                assert f"<b>{name}</b>" in text
                for row in np.atleast_2d(values):
                    assert re.search(r"\s+".join(re.escape(aligned(value)) for value in row), text)


def test_shapes_are_given_in_letters_and_numbers() -> None:
    text = board(replace(OPENING, cell="lstm"), "none", 1)
    for shape in (
        "<b>x</b> (N, D) = 3×4",
        "<b>a</b> (N, 4H) = 3×8",
        "<b>c</b> (N, H) = 3×2",
        "<b>W_ih</b> (4H, D) = 8×4",
    ):
        assert shape in text
    assert "<b>b_hh</b> (4H) = 8" in text


def test_the_lines_of_a_function_are_its_assignments() -> None:
    body = ('    """Words."""', "    a, b = x, y", "    c = (", "        a + b", "    )", "    return locals()")
    source = "\n".join(("def f(x: int, y: int) -> dict[str, int]:", *body))
    head, first, second = lines_of(source)
    assert (head.text, head.names) == ("def f(x, y):", ("x", "y"))
    assert (first.text, first.names) == ("a, b = x, y", ("a", "b"))
    assert second.names == ("c",)


@mistakes
def test_the_board_marks_the_changed_line(cell: str, mistake: str) -> None:
    on_board = MISTAKES[cell][mistake].function in (f"{cell}_step", f"{cell}_step_back")
    text = board(replace(BOTH, cell=cell), mistake, 1)
    assert text.count('class="changed"') == on_board
    assert (html.escape(MISTAKES[cell][mistake].wrong) in text) == on_board


def test_a_step_beyond_the_end_shows_the_last() -> None:
    for length in (1, 3, 5):
        experiment = replace(BOTH, sequence_length=length)
        assert board(experiment, "none", 6) == board(experiment, "none", length)
        assert picture(experiment, step=6) == picture(experiment, step=length)


def test_a_link_to_a_step_beyond_the_end_is_moved_aloud_and_a_shorter_sequence_takes_the_step_along() -> None:
    app = open_page(PAGE, {"step": "6", "sequence_length": "4"})
    assert app.select_slider(key="step").value == "4"
    assert "`step = 6` is shown as 4." in " ".join(caption.value for caption in app.caption)
    app.select_slider(key="sequence_length").set_value(1).run()
    assert not app.exception
    assert list(app.select_slider(key="step").options) == ["1"]
    assert "step t = 1 of 1" in words(app)


def test_the_slider_walks_through_the_steps() -> None:
    app = open_page(PAGE)
    seen = [shown(app)]
    for step in ("2", "3", "4", "5"):
        app.select_slider(key="step").set_value(step).run()
        assert f"step t = {step} of 5" in words(app)
        seen.append(shown(app))
    assert all(seen.count(one) == 1 for one in seen)


# The picture


@cells
@every("both", [False, True])
def test_the_picture_shows_both_results_and_their_difference(cell: str, both: bool) -> None:
    experiment, mistake = replace(OPENING, cell=cell, bidirectional=both), next(iter(MISTAKES[cell]))
    rows = picture(experiment, mistake)["cells"]
    example = make_example(experiment)
    every, expected = HandWritten(cell, mistake).forward(example).outputs, ask_torch(example)[0]["outputs"]
    drawn = max(range(len(every)), key=lambda k: np.abs(every[k] - expected[k]).max())
    by_hand, by_torch = every[drawn], expected[drawn]
    assert max(abs(row["value"]) for row in rows if row["panel"] == 2) == np.abs(every - expected).max()
    assert len(rows) == 3 * by_hand.size
    for row in rows:
        values = (by_hand, by_torch, by_hand - by_torch)[row["panel"]]
        assert row["value"] == pytest.approx(values[row["step"] - 1, row["row"]], rel=1e-12, abs=1e-15)
        assert row["wrong"] == (row["panel"] == 2 and abs(row["value"]) > 1e-12)


def test_the_claim_is_the_most_telling_true_one() -> None:
    for mistake, start in {
        "none": "The RNN, written out line by line below:¦its outputs and gradients are PyTorch's,¦to within",
        "no flip": "One wrong line, and the outputs are wrong:¦over all 3 sequences by up to",
        "wrong end": "One wrong line: the outputs are PyTorch's,¦but the last states miss by up to",
        "no slope": "One wrong line: the outputs are PyTorch's,¦but the gradients miss by up to",
    }.items():
        assert picture(BOTH, mistake)["whole"][0]["claim"].startswith(start)


def test_a_difference_is_written_as_one_reads_it() -> None:
    sizes, narrow = (0.0, 0.414, 2.2e-16, 0.00062, 1e-12), (0.0, 0.414, 2.2e-16, 0.005, 1.7)
    assert [difference(size) for size in sizes] == ["0", "0.41", "2.2e-16", "6.2e-4", "1e-12"]
    assert [difference(size, ".2f", ".0e") for size in narrow] == ["0", "0.41", "2e-16", "5e-3", "1.70"]
    assert [aligned(value) for value in (-0.5, 1.0, 123.4, -0.0)] == ["−0.500", "1.00", "123", "0.00"]


def test_an_experiment_that_fits_on_no_board_is_made_smaller() -> None:
    asked = PICTURE.answer(Experiment(), {}).experiment
    assert asked == replace(Experiment(), **MOST)  # type: ignore[arg-type]


def test_the_table_of_steps_holds_every_number() -> None:
    example, hand = make_example(replace(BOTH, cell="gru")), HandWritten("gru")
    forward = hand.forward(example)
    table = frames(PAGE, replace(BOTH, cell="gru"))["steps"]
    assert set(table["pass"]) == {"forward", "backward"}
    for number, network in enumerate(("onward", "reverse")):
        for name in ("u_r", "z", "h"):
            picked = table[(table["pass"] == "forward") & (table["network"] == network) & (table["name"] == name)]
            expected = np.stack([step[name] for step in forward.steps[number]])
            assert (picked["value"].to_numpy().reshape(expected.shape) == expected).all()
    assert "step" not in set(table["name"])


# Settings that the page keeps to itself; the browser tests walk from page to page


def test_a_link_sets_the_sizes_and_they_stay() -> None:
    app = open_page(PAGE, {"sequence_length": "3", "hidden_size": "1"})
    for _ in range(2):
        assert (app.select_slider(key="sequence_length").value, app.select_slider(key="hidden_size").value) == (3, 1)
        assert "step t = 1 of 3" in words(app)
        app.run()
