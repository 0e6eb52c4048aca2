"""With the hidden path cut an LSTM's error goes back along c, and no earlier h receives any: what pages say of it."""

from dataclasses import replace
from math import log10

from rnn_dynamics import Experiment, run
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import times
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.pictures.depth import PICTURE as DEPTH
from rnn_dynamics.pictures.kit.answered import goes_unseen_by_h
from rnn_dynamics.pictures.phase_diagram import PICTURE as PHASE
from rnn_dynamics.pictures.phase_diagram.answer import phase_answer
from rnn_dynamics.pictures.vanish_or_explode import PICTURE as HOME
from tests.claims import factor_per_step, plain
from tests.every import every
from tests.oracle import carried_gradients
from tests.pictured import drawn_by

CUT = Experiment(cell="lstm", sequence_length=20, hidden_size=6, batch_size=2, forget_bias=3.0, hidden_path="cut")
HOLDERS = ("lstm", "slstm")


def depth_says(experiment: Experiment) -> str:
    answer = DEPTH.answer(experiment, DEPTH.views)
    return plain(DEPTH.claim(sentences("depth"), answer, DEPTH.views))


def phase_says(experiment: Experiment) -> str:
    answer = phase_answer(experiment, PHASE.views, frozenset({experiment.input_scale}))
    return plain(PHASE.claim(sentences("phase_diagram"), answer, PHASE.views))


@every("cell", sorted(CELLS.keys() - {"jordan"}))
@every("hidden_path", ["open", "cut"])
def test_where_an_error_travels_that_h_does_not_show_is_what_autograd_finds(cell: str, hidden_path: str) -> None:
    experiment = replace(CUT, cell=cell, hidden_path=hidden_path, sequence_length=6)
    hidden, state = (carried_gradients(run(experiment), cut=hidden_path == "cut", component=k) for k in (0, -1))
    assert (
        goes_unseen_by_h(experiment)
        == (state[1].any() and not hidden[1:-1].any())
        == (hidden_path == "cut" and cell in HOLDERS)
    )


@every("cell", HOLDERS)
@every(("layers", "both", "loss_at"), [(1, False, "last"), (1, True, "last"), (2, True, "final"), (1, True, "final")])
def test_an_error_that_goes_along_the_cell_state_alone_is_not_called_lost(
    cell: str, layers: int, both: bool, loss_at: str
) -> None:
    experiment = replace(CUT, cell=cell, num_layers=layers, bidirectional=both, loss_at=loss_at)
    top = run(experiment).layers[-2 if both else -1]
    assert (top.log10_norms["cell"] > -10.0).all()
    (whole,) = drawn_by(DEPTH, experiment, panels="all")["whole"]
    ends = (both, loss_at) == (True, "last")  # whose claim is of what the last state has seen
    assert ("along the cell state alone" in depth_says(experiment)) != ends
    assert f"no other hₜ of layer {layers} receives any of it" in whole["map"]
    assert "closed" not in depth_says(experiment)


def test_layers_whose_h_shows_nothing_are_compared_by_their_inputs() -> None:
    experiment = replace(CUT, num_layers=2)
    deep, single = (
        factor_per_step(run(one).log10_norms["input"]) for one in (experiment, replace(experiment, num_layers=1))
    )
    assert f"by {times(log10(deep))}, in a network with one layer by {times(log10(single))}" in depth_says(experiment)
    assert "lead from layer" not in plain(
        DEPTH.finding(sentences("depth"), DEPTH.answer(experiment, DEPTH.views), DEPTH.views)
    )


@every(
    ("changes", "said"),
    [
        ({"cell": "lstm"}, "along the cell state errors do travel back"),
        ({"cell": "rnn"}, "no error reaches an earlier state: the factor is zero on the whole map"),
        (
            {"cell": "rnn", "nonlinearity": "relu", "hidden_size": 2, "batch_size": 1, "hidden_path": "open"},
            "In at least one of the networks no error reaches an earlier hidden state",
        ),
    ],
)
def test_why_a_map_is_zero_is_said_of_the_path_that_is_cut_and_of_no_other(changes: dict[str, str], said: str) -> None:
    experiment = replace(CUT, **changes)  # type: ignore[arg-type]
    claim = phase_says(experiment)
    assert said in claim
    assert ("hidden path cut" in claim) == (experiment.hidden_path == "cut")


@every("forget_bias", [0.0, 3.0, 5.0])
def test_that_no_earlier_h_receives_anything_is_not_put_down_to_the_forget_gate(forget_bias: float) -> None:
    views = {**HOME.views, "gradient": "hidden"}
    answer = HOME.answer(replace(CUT, forget_bias=forget_bias), views)
    claim = plain(HOME.claim(sentences("vanish_or_explode"), answer, views))
    assert "it travels along the cell state alone" in claim
    assert "open enough" not in claim
