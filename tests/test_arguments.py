"""What is not valid is refused by every public function: on one line that names the argument, its value, the limit."""

import inspect
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

import rnn_dynamics
from rnn_dynamics import Errors, Experiment, Network, run, run_family, run_network
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.by_hand.mistakes import HandWritten
from rnn_dynamics.engine.cliff import Descent, cliff, descend, edge, error_surface
from rnn_dynamics.engine.schemes import scheme_experiment
from rnn_dynamics.engine.theory import (
    critical_weight_scale,
    latch,
    mean_field_chi,
    mean_field_variance,
)
from rnn_dynamics.learning.reading import read_sentence, starting_parameters
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import Training
from tests.every import every

SMALL = Experiment(cell="lstm", sequence_length=5, hidden_size=3, input_size=2, batch_size=2)
SMALL_TO_TRAIN = Experiment(sequence_length=12, hidden_size=3, batch_size=2)
LONGEST_MESSAGE = 250

NO_EXPERIMENT = ["lstm", {"cell": "lstm"}, None, 3, Experiment, np.zeros((9, 9)), "l" * 5000]
NO_SEQUENCE = [5, None, "12", b"12", np.array(5), 1.5, object]
NO_WHOLE = ["3", 3.0, True, np.True_, -1, 10**400, [3], np.nan, np.zeros(2)]


def lists(*bad: object) -> list[object]:
    return [
        [],
        (),
        np.zeros(0),
        iter([]),
        *(value for value in NO_SEQUENCE if value is not None),
        *([one] for one in bad),
    ]


#: Argument of a public function -> values that are none; and what else the function needs.
BAD: dict[str, list[Any]] = {
    "experiment": NO_EXPERIMENT,
    "weight_scales": lists("1", True, np.nan, 10.1, -1, None, [1.0]),
    "input_scales": lists("1", True, np.nan, 5.1, -1, None, [1.0]),
    "seeds": lists("1", True, 1.0, -1, 2**32, None, [1]),
    "lags": lists("1", True, 1.0, -1, 6, None),
    "steps": lists("1", True, 1.0, 0, 6, None),
    "truncations": lists("1", True, 1.0, 0, 6, None),
    "exponents": [value for value in NO_WHOLE] + [0, 7],
    "parameter_gradients": [None, "no", 2, np.zeros(2), []],
    "beside": [None, 3, "hidden", ["hidden"], ["input", "x" * 5000], [["input"]], [np.zeros(9)]],
    "keep_gradients": [None, "no", 2, np.zeros(2), []],
    "shape": [["aligned"], {"aligned"}, None, 3, "", "ALIGNED", "x" * 5000, np.zeros((9, 9))],
}
NEEDED: dict[str, Any] = {
    "experiment": SMALL,
    "shape": "aligned",
    "weight_scales": [1.0],
    "input_scales": [1.0],
}
#: Those that answer an Experiment; what is asked of a given network is refused further down.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: body
    for name in rnn_dynamics.__all__
    if inspect.isfunction(body := getattr(rnn_dynamics, name)) and "experiment" in inspect.signature(body).parameters
}


ARGUMENTS = [(name, argument) for name, body in FUNCTIONS.items() for argument in inspect.signature(body).parameters]


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        ask()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) <= LONGEST_MESSAGE
    return message


@every(("function", "argument"), ARGUMENTS)
def test_an_argument_that_is_none_is_refused_by_its_name(function: str, argument: str) -> None:
    asked = FUNCTIONS[function]
    needed = {name: value for name, value in NEEDED.items() if name in inspect.signature(asked).parameters}
    for value in BAD[argument]:
        message = refusal(lambda value=value: asked(**needed | {argument: value}))  # type: ignore[misc]
        assert message.startswith((f"{argument} ", f"{argument.removesuffix('s')} = "))
        assert " is " in message


@every("value", [np.array(2), np.int64(2), torch.tensor(2)])
def test_a_single_number_of_numpy_or_torch_is_a_number(value: Any) -> None:
    experiment = replace(SMALL, seed=value, hidden_size=value, weight_scale=value / 2)
    assert experiment == replace(SMALL, seed=2, hidden_size=2, weight_scale=1.0)
    assert [type(experiment.seed), type(experiment.weight_scale)] == [int, float]
    family = run_family(SMALL, weight_scales=[value], seeds=[value, value + 1])
    assert [one.seed for one in family.experiments] == [2, 3]


def test_lists_of_numpy_and_torch_are_lists() -> None:
    makers: list[Callable[[list[Any]], Any]] = [np.array, torch.tensor]
    for make in makers:
        scales, seeds = make([0.5, 1.0]), make([3, 4])
        asked = run_family(SMALL, weight_scales=scales, seeds=seeds).experiments
        assert [(one.weight_scale, one.seed) for one in asked] == [(0.5, 3), (0.5, 4), (1.0, 3), (1.0, 4)]


@every("value", [np.True_, np.array(True), torch.tensor(True)])
def test_a_truth_value_of_numpy_or_torch_is_one(value: Any) -> None:
    assert Experiment(bidirectional=value).bidirectional is True


# Fields that are not there


@every(
    ("name", "said"),
    [
        ("initialization", "Experiment has no field 'initialization'; did you mean 'initialisation'?"),
        ("hidden", "Experiment has no field 'hidden'; did you mean 'hidden_size'?"),
        ("layers", "Experiment has no field 'layers'; did you mean 'num_layers'?"),
        ("T", "Experiment has no field 'T'; did you mean 'sequence_length'?"),
        ("dropout", "Experiment has no field 'dropout': dropout is not supported"),
        ("proj_size", "Experiment has no field 'proj_size': projections are not supported"),
        ("batch_first", "Experiment has no field 'batch_first': only time first is supported"),
    ],
)
def test_an_unknown_field_is_answered_by_the_nearest_or_by_what_is_not_supported(name: str, said: str) -> None:
    unknown: dict[str, Any] = {name: 1}
    asks: list[Callable[[], Experiment]] = [lambda: Experiment(**unknown), lambda: replace(SMALL, **unknown)]
    for ask in asks:
        with pytest.raises(TypeError) as caught:
            ask()
        assert str(caught.value).startswith(said)


def test_a_field_like_none_is_answered_by_all_that_there_are() -> None:
    with pytest.raises(TypeError) as caught:
        Experiment(qqq=1)  # type: ignore[call-arg]
    assert str(caught.value).endswith("it has " + ", ".join(item.name for item in fields(Experiment)))


@every(
    ("name", "said"),
    [
        ("optimizer", "Training has no field 'optimizer'; did you mean 'optimiser'?"),
        ("lr", "Training has no field 'lr'; did you mean 'learning_rate'?"),
        ("hidden_size", "Training has no field 'hidden_size': it is a field of the experiment"),
        ("dropout", "Training has no field 'dropout': dropout is not supported"),
    ],
)
def test_a_training_answers_likewise(name: str, said: str) -> None:
    unknown: dict[str, Any] = {name: 1}
    with pytest.raises(TypeError) as caught:
        Training(experiment=Experiment(), **unknown)
    assert str(caught.value).startswith(said)


@every("value", NO_EXPERIMENT)
def test_a_training_needs_an_experiment(value: Any) -> None:
    assert refusal(lambda: Training(experiment=value)).startswith("experiment = ")


def test_a_template_is_a_template() -> None:
    assert refusal(lambda: Training(experiment=Experiment(), template={"start": 1})).startswith("template = {'start'")  # type: ignore[arg-type]


@every(("scheme", "cell"), [(["irnn"], "rnn"), ("irnn", ["rnn"]), ("irnn", "lstm"), (None, "rnn")])
def test_a_scheme_is_refused_by_name(scheme: Any, cell: Any) -> None:
    assert " is not one of " in refusal(lambda: scheme_experiment(scheme, cell, SMALL))
    assert refusal(lambda: scheme_experiment("torch", "rnn", "lstm")).startswith("experiment = 'lstm'")  # type: ignore[arg-type]


# What is not at the front door


DESCENT = {"w": 1.0, "b": 0.0, "learning_rate": 1.0}


@every(
    ("ask", "arguments", "said"),
    [
        (Template, {"start": 3}, "start = 3 is not a text"),
        (Template, {"fillers": "abc"}, "fillers = 'abc' is not a tuple of texts"),
        (Template, {"answers": 3}, "answers = 3 is not a tuple of pairs of a cue and a word"),
        (Template, {"answers": (("a",), ("b", "c"))}, "answer ('a',) is not a cue and a word"),
        (Descent, DESCENT | {"w": "a"}, "w = 'a' is not a number from -1000000 to 1000000"),
        (Descent, DESCENT | {"learning_rate": True}, "learning_rate = True is not a finite number above 0"),
        (Descent, DESCENT | {"clipping": []}, "clipping = [] is not one of none, norm, value"),
        (edge, {"w": "a"}, "w = 'a' is not an array of numbers"),
        (error_surface, {"w": 5.0, "b": 1j}, "b = 1j is not an array of numbers"),
        (edge, {"w": [1.0, -2.0]}, "w = [1.0, -2.0] is not a number from 0 to 1,000,000"),
        (edge, {"w": 5.0, "output": [0.5, 1.0]}, "output = [0.5, 1.0] is not between 0 and 1"),
        (cliff, {"w": None}, "w = None is not a number from 0 to 1000000"),
        (cliff, {"w": [5.0]}, "w = [5.0] is not a number from 0 to 1000000"),
        (descend, {"descents": [DESCENT]}, "descents holds {'w': 1.0, 'b': 0.0, 'learning_rate': 1.0}, which is not"),
        (latch, {"weight": "2"}, "weight = '2' is not a number from 0 to 10"),
        (
            mean_field_chi,
            {"weight_scale": "1", "input_variance": 1.0},
            "weight_scale = '1' is not a finite number",
        ),
        (mean_field_variance, {"weight_scale": 1.0, "input_variance": None}, "input_variance = None is not a finite"),
        (
            mean_field_variance,
            {"weight_scale": 10**400, "input_variance": 1.0},
            "weight_scale = a whole number of 1329 bits is not a finite number",
        ),
        (
            critical_weight_scale,
            {"input_variance": True},
            "input_variance = True is not a finite number from 0 upwards",
        ),
        (HandWritten, {"cell": "x"}, "cell = 'x' is not one of rnn, lstm, gru"),
        (HandWritten, {"cell": "gru", "mistake": ["no flip"]}, "mistake = ['no flip'] is not one of none, z swapped, "),
        (make_example, {"experiment": "rnn"}, "experiment = 'rnn' is not an Experiment"),
        (Trainer, {"training": "rnn"}, "training = 'rnn' is not a Training"),
        (starting_parameters, {"training": "rnn"}, "training = 'rnn' is not a Training"),
        (read_sentence, {"training": "rnn", "parameters": {}, "words": "a"}, "training = 'rnn' is not a Training"),
        (
            read_sentence,
            {"training": Training(experiment=SMALL_TO_TRAIN), "parameters": {}, "words": ["a"]},
            "task = 'temporal_order' reads no words; 'blank' does",
        ),
    ],
)
def test_other_doors_name_what_is_not_valid_too(ask: Callable[..., Any], arguments: dict[str, Any], said: str) -> None:
    assert refusal(lambda: ask(**arguments)).startswith(said)


@every(("kind", "name"), [(Template, "filler"), (Descent, "step")])
def test_other_questions_answer_an_unknown_field_by_the_nearest(kind: type, name: str) -> None:
    with pytest.raises(TypeError, match=rf"{kind.__name__} has no field '{name}'; did you mean '{name}s'\?"):
        kind(**{name: 1})


def test_a_descent_takes_single_numbers_of_numpy_and_torch() -> None:
    descent = Descent(w=np.array(1.5), b=torch.tensor(-2.0), learning_rate=np.float32(0.5), steps=np.int64(3))  # type: ignore[arg-type]
    assert descent == Descent(w=1.5, b=-2.0, learning_rate=0.5, steps=3)


# Limits


def test_a_limit_can_be_told_from_the_value_just_beyond_it() -> None:
    assert refusal(lambda: replace(SMALL, seed=2**32)) == "seed = 4294967296 is not a whole number from 0 to 4294967295"
    said = refusal(lambda: Training(experiment=Experiment(), clip_at=1_000_000.5))
    assert said == "clip_at = 1000000.5 is not a number from 1e-06 to 1000000"


# A network that is given


def given() -> dict[str, Any]:
    """Arguments of run_network: an LSTM of one layer, N = 2, T = 5, D = 2, H = 3, with its h_T and c_T in the loss."""
    trace = run(replace(SMALL, cell="lstm", loss_at="last"))
    ones = np.ones((1, 2, 3))
    return {
        "network": Network(cell="lstm", parameters=trace.parameters),
        "inputs": trace.inputs,
        "errors": Errors(ones, ones, ones),
    }


def parameters() -> dict[str, Any]:
    return dict(given()["network"].parameters)


def test_the_state_dict_of_torch_is_a_given_network() -> None:
    module = torch.nn.LSTM(2, 3, num_layers=2)
    asked = given() | {"network": Network(cell="lstm", parameters=module.state_dict()), "errors": Errors()}
    states, _ = module(torch.tensor(asked["inputs"], dtype=torch.float32))
    found = run_network(**asked).states.output
    np.testing.assert_allclose(found, states.detach().numpy(), atol=1e-6)


def test_what_is_given_may_be_changed_afterwards() -> None:
    own = {name: values.copy() for name, values in parameters().items()}
    network = Network(cell="lstm", parameters=own)
    own["weight_hh_l0"][:] = 7.0
    np.testing.assert_array_equal(network.parameters["weight_hh_l0"], parameters()["weight_hh_l0"])
    assert not any(values.flags.writeable for values in network.parameters.values())


@every(
    ("cell", "changes", "said"),
    [
        ("lstn", {}, "cell = 'lstn' is not one of rnn, jordan, lstm, gru, mingru, minlstm, lru, slstm, ssm, cornn"),
        ("gru", {}, "weight_ih_l0 has the shape (12, 2); a gru with hidden_size = 3"),
        ("jordan", {}, "parameters lack weight_ho"),
        ("lstm", {"weight_hr_l0": np.ones((2, 3))}, "parameters hold 'weight_hr_l0', which a lstm ignores"),
        ("lstm", {"weight_ho": np.ones((2, 3))}, "parameters hold 'weight_ho', which a lstm ignores"),
        ("lstm", {"weight_hh_l01": np.ones((12, 3))}, "parameters hold 'weight_hh_l01', which a lstm ignores"),
        ("lstm", {"weight_ih_l2": np.ones((12, 3))}, "parameters lack weight_ih_l1"),
        ("lstm", {f"weight_ih_l{10**9}": np.ones((12, 3))}, "parameters hold 'weight_ih_l1000000000', which a lstm"),
        ("lstm", {3: np.ones((12, 3))}, "parameters hold 3, which a lstm ignores"),
        ("lstm", {"w" * 5000: np.ones((12, 3))}, "parameters hold 'www"),
        ("lstm", {"weight_ih_l0_reverse": np.ones((12, 2))}, "parameters lack weight_hh_l0_reverse"),
        ("lstm", {"bias_hh_l0": None}, "parameters lack bias_hh_l0"),
        ("lstm", {"weight_hh_l0": None}, "parameters lack weight_hh_l0"),
        ("lstm", {"weight_hh_l0": np.zeros((7, 7))}, "weight_ih_l0 has the shape (12, 2); a lstm with hidden_size = 7"),
        ("lstm", {"weight_ih_l0": np.zeros((7, 2))}, "weight_ih_l0 has the shape (7, 2); a lstm with hidden_size = 3"),
        ("lstm", {"bias_ih_l0": np.zeros((7, 7))}, "bias_ih_l0 has the shape (7, 7); a lstm with hidden_size = 3"),
        ("lstm", {"weight_hh_l0": np.zeros(12)}, "weight_hh_l0 has the shape (12,), which is no matrix"),
        ("lstm", {"weight_hh_l0": np.zeros((0, 0))}, "weight_hh_l0 has the shape (0, 0), which is no matrix"),
        ("lstm", {"weight_hh_l0": np.full((12, 3), np.nan)}, "weight_hh_l0 holds a value that is not finite"),
        ("lstm", {"bias_hh_l0": np.full(12, -2e100)}, "bias_hh_l0 holds a number of the size 2e+100; the limit"),
        ("lstm", {"weight_hh_l0": "abc"}, "weight_hh_l0 = 'abc' is not an array of numbers"),
        ("lstm", {"weight_hh_l0": np.ones((12, 3), dtype=complex)}, "weight_hh_l0 = array([[1.+0.j"),
        ("lstm", {"weight_hh_l0": 10**400}, "weight_hh_l0 = a whole number of 1329 bits is not an array of numbers"),
        ("lstm", {"bias_hh_l0": torch.ones(12, requires_grad=True)}, "bias_hh_l0 = tensor([1., 1., 1."),
    ],
)
def test_what_is_no_network_is_named(cell: str, changes: dict[str, Any], said: str) -> None:
    own = {name: values for name, values in (parameters() | changes).items() if values is not None}
    assert refusal(lambda: Network(cell=cell, parameters=own)).startswith(said)


@every(
    ("argument", "value", "said"),
    [
        ("network", None, "network = None is not a Network"),
        ("network", "lstm", "network = 'lstm' is not a Network"),
        ("inputs", np.zeros((5, 2)), "inputs has the shape (5, 2), which is not (T, N, D)"),
        ("inputs", np.zeros((0, 2, 2)), "inputs has the shape (0, 2, 2)"),
        ("inputs", np.zeros((5, 2, 4)), "inputs has 4 features; the network has input_size = 2"),
        ("inputs", "abc", "inputs = 'abc' is not an array of numbers"),
        ("inputs", np.full((5, 2, 2), np.nan), "inputs holds a value that is not finite"),
        ("inputs", np.full((5, 2, 2), -2e200), "inputs holds a number of the size 2e+200; the limit is 1e+200"),
        ("errors", np.zeros((1, 2, 3)), "errors = array([[[0., 0., 0.]"),
        ("errors", Errors(np.zeros((6, 2, 3))), "errors.output has the shape (6, 2, 3); "),
        ("errors", Errors(np.zeros((2, 3))), "errors.output has the shape (2, 3); "),
        ("errors", Errors(np.zeros((0, 2, 3))), "errors.output has the shape (0, 2, 3); "),
        ("errors", Errors(np.full((1, 2, 3), np.inf)), "errors.output holds a value that is not finite"),
        ("errors", Errors(h_n=np.zeros((2, 2, 3))), "errors.h_n has the shape (2, 2, 3); the network and its inputs"),
        ("errors", Errors(c_n=np.zeros((1, 3))), "errors.c_n has the shape (1, 3); the network and its inputs"),
        ("initial", [np.zeros((1, 2, 3))], "initial has 1 state(s); a lstm begins with h_0 and c_0"),
        ("initial", 3, "initial = 3 is not a sequence of h_0 and c_0"),
        ("initial", 2 * [np.zeros((2, 3))], "h_0 has the shape (2, 3); the network and its inputs ask for (1, 2, 3)"),
        ("initial", 2 * [np.full((1, 2, 3), 2e200)], "h_0 holds a number of the size 2e+200; the limit is 1e+200"),
        ("lengths", [5], "lengths names 1 sequences; inputs has 2"),
        ("lengths", [5, 6], "length = 6 is not a whole number from 1 to 5"),
        ("lengths", [5, 0], "length = 0 is not a whole number from 1 to 5"),
        ("parameter_gradients", "no", "parameter_gradients = 'no' is not True or False"),
        ("by_step", np.zeros(2), "by_step = array([0., 0.]) is not True or False"),
        ("by_sequence", None, "by_sequence = None is not True or False"),
    ],
)
def test_what_does_not_fit_a_given_network_is_named(argument: str, value: Any, said: str) -> None:
    assert refusal(lambda: run_network(**given() | {argument: value})).startswith(said)


def test_a_network_without_a_cell_state_has_no_error_of_one() -> None:
    network = Network(cell="rnn", parameters={"weight_ih_l0": np.ones((3, 2)), "weight_hh_l0": np.ones((3, 3))})
    errors = Errors(c_n=np.ones((1, 2, 3)))
    said = refusal(lambda: run_network(network, given()["inputs"], errors))
    assert said == "errors speak of c_n, and the network has no cell state"


def test_a_given_relu_network_that_outgrows_float64_is_refused() -> None:
    matrices = {"weight_ih_l0": np.ones((3, 2)), "weight_hh_l0": 1e100 * np.ones((3, 3))}
    network = Network(cell="rnn", parameters=matrices, nonlinearity="relu")
    said = refusal(lambda: run_network(network, np.ones((5, 2, 2)), Errors()))
    assert said == "the states of the ReLU network grow beyond 1e+300, the limit"
