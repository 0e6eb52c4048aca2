"""The functions by hand: against torch.nn and autograd, the engine, finite differences; and each mistake."""

import inspect
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_dynamics import Experiment, run
from rnn_dynamics.by_hand import bidirectional, gru, lstm, rnn
from rnn_dynamics.by_hand.against_torch import ask_torch
from rnn_dynamics.by_hand.arrays import NAMES, sigmoid
from rnn_dynamics.by_hand.comparison import losses
from rnn_dynamics.by_hand.example import Example, make_example
from rnn_dynamics.by_hand.finite_differences import WIDTH, finite_differences
from rnn_dynamics.by_hand.mistakes import MARK, MISTAKES, HandWritten
from rnn_dynamics.by_hand.script import comparison_script
from tests.every import every
from tests.oracle import MODULES
from tests.scripts import alone, printed_by_all

ROOT = Path(__file__).resolve().parent.parent
CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru}
GENERIC = Experiment(
    cell="rnn", initialisation="torch", sequence_length=5, batch_size=3, input_size=4, hidden_size=2, seed=1
)
SINGLE = replace(GENERIC, sequence_length=1, batch_size=1, input_size=1, hidden_size=1)
cells = every("cell", CELLS)
directions = every("both", [False, True])
mistakes = every(("cell", "mistake"), [(cell, name) for cell in MISTAKES for name in MISTAKES[cell]])
Arrays = dict[str, NDArray[np.float64]]


def by_torch(example: Example) -> tuple[Arrays, Arrays]:
    """Results, and gradients by autograd, of torch's network with these very parameters."""
    sizes = (example.inputs.shape[2], example.parameters["weight_hh_l0"].shape[1])
    network = MODULES[example.cell](*sizes, batch_first=True, bidirectional=example.both, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.tensor(example.parameters[name]))
    outputs, state = network(torch.tensor(example.inputs.copy()))
    torch.nn.functional.mse_loss(outputs, torch.tensor(example.targets), reduction="sum").mul(0.5).backward()  # type: ignore[no-untyped-call]
    states = dict(zip(("h_n", "c_n"), state if example.cell == "lstm" else (state,), strict=False))
    results = {name: tensor.detach().numpy() for name, tensor in {"outputs": outputs, **states}.items()}
    return results, {name: parameter.grad.numpy() for name, parameter in network.named_parameters()}


def by_hand(example: Example, mistake: str = "none") -> tuple[Arrays, Arrays]:
    hand = HandWritten(example.cell, mistake)
    forward = hand.forward(example)
    states = {f"{name}_n": state for name, state in forward.states.items()}
    return {"outputs": forward.outputs, **states}, hand.backward(example, forward).gradients


def assert_same(values: Arrays, expected: Arrays, tolerance: float = 1e-12) -> None:
    assert values.keys() == expected.keys()
    for name, value in values.items():
        assert value.shape == expected[name].shape
        assert np.abs(value - expected[name]).max() <= tolerance * max(1.0, np.abs(expected[name]).max()), name


def broken(example: Example, mistake: str) -> set[str]:
    """What a mistake makes differ from torch's by more than rounding; "gradients" for any of them."""
    found: set[str] = set()
    for kind, values, expected in zip(("", "gradients"), by_hand(example, mistake), by_torch(example), strict=True):
        found |= {kind or name for name, value in values.items() if np.abs(value - expected[name]).max() > 1e-12}
    return found


# Forward and backward


@cells
@directions
@given(
    steps=st.integers(1, 6),
    sequences=st.integers(1, 3),
    inputs=st.integers(1, 4),
    units=st.integers(1, 4),
    seed=st.integers(0, 1000),
    initialisation=st.sampled_from(["torch", "gaussian", "orthogonal", "keras"]),
)
def test_outputs_states_and_gradients_are_those_of_torch_and_autograd(
    cell: str, both: bool, steps: int, sequences: int, inputs: int, units: int, seed: int, initialisation: str
) -> None:
    experiment = Experiment(
        cell=cell,
        initialisation=initialisation,
        sequence_length=steps,
        batch_size=sequences,
        input_size=inputs,
        hidden_size=units,
        seed=seed,
        forget_bias=1.0,
        bidirectional=both,
    )
    example = make_example(experiment)
    for values, expected in zip(by_hand(example), by_torch(example), strict=True):
        assert_same(values, expected)


@cells
@directions
def test_a_single_number_through_a_single_step_is_right(cell: str, both: bool) -> None:
    example = make_example(replace(SINGLE, cell=cell, bidirectional=both))
    for values, expected in zip(by_hand(example), by_torch(example), strict=True):
        assert_same(values, expected)


@cells
@directions
def test_the_room_that_asks_torch_gives_its_answers(cell: str, both: bool) -> None:
    example = make_example(replace(GENERIC, cell=cell, bidirectional=both))
    for values, expected in zip(ask_torch(example), by_torch(example), strict=True):
        assert_same(values, expected)


@cells
@directions
@every("loss_at", ["last", "every"])
@every("weight_scale", [0.5, 1.5])
def test_the_engine_and_the_functions_by_hand_are_two_forms_of_one_network(
    cell: str, both: bool, loss_at: str, weight_scale: float
) -> None:
    sizes = replace(GENERIC, cell=cell, bidirectional=both, sequence_length=20, hidden_size=8)
    experiment = replace(sizes, loss_at=loss_at, weight_scale=weight_scale)
    trace, example = run(experiment), make_example(experiment)
    assert_same(example.parameters, dict(trace.parameters), 0.0)
    hand = HandWritten(cell)
    forward = hand.forward(example)
    states = [layer.hidden_states[:-1] if layer.reverse else layer.hidden_states[1:] for layer in trace.layers]
    assert np.abs(forward.outputs.swapaxes(0, 1) - np.concatenate(states, axis=2)).max() < 1e-13
    # The engine's loss reads a read-out; whatever the loss, the way back begins with dL/doutputs.
    compared = forward.outputs if loss_at == "every" else forward.outputs[:, -1:]
    goal = trace.targets.swapaxes(0, 1) if loss_at == "every" else trace.targets[:, None]
    residuals = compared @ trace.readout.T - goal
    d_outputs = np.zeros_like(forward.outputs)
    d_outputs[:, -compared.shape[1] :] = residuals @ trace.readout / residuals.size
    gradients = hand.backward(replace(example, targets=forward.outputs - d_outputs), forward).gradients
    assert_same(gradients, dict(trace.gradients))


@directions
@cells
def test_finite_differences_find_the_gradient_by_hand(cell: str, both: bool) -> None:
    example = make_example(replace(GENERIC, cell=cell, bidirectional=both))
    hand = HandWritten(cell)
    found = finite_differences(lambda moved: losses(hand, example, moved), example.parameters)
    assert_same(found, by_hand(example)[1], 1e-8)


@directions
@every(("cell", "mistake"), [(cell, name) for cell in MISTAKES for name in ("none", *MISTAKES[cell])])
def test_networks_side_by_side_have_the_losses_that_each_has_alone(cell: str, mistake: str, both: bool) -> None:
    example = make_example(replace(GENERIC, cell=cell, bidirectional=both))
    hand, away = HandWritten(cell, mistake), np.random.default_rng(0)
    sets = {name: value + away.normal(size=(5, *value.shape)) for name, value in example.parameters.items()}
    each = [replace(example, parameters={name: of[k] for name, of in sets.items()}) for k in range(5)]
    alone = [one.loss(hand.forward(one).outputs) for one in each]
    assert losses(hand, example, sets) == pytest.approx(alone, rel=1e-14)


def test_finite_differences_of_a_cube_are_off_by_the_square_of_the_width() -> None:
    found = finite_differences(lambda p: (p["x"] ** 3).sum(axis=(1, 2)), {"x": np.array([[2.0], [-1.0]])})
    assert found["x"] == pytest.approx(np.array([[12.0], [3.0]]) + WIDTH**2, abs=1e-9)


@cells
def test_each_step_tells_what_it_computed_on_both_ways(cell: str) -> None:
    example = make_example(replace(GENERIC, cell=cell, bidirectional=True))
    hand = HandWritten(cell)
    forward = hand.forward(example)
    onward, reverse = forward.steps
    back_onward, back_reverse = hand.backward(example, forward).steps
    for t in range(5):
        assert (onward[t]["x"] == example.inputs[:, t]).all()
        assert (reverse[t]["x"] == example.inputs[:, 4 - t]).all()
        assert (onward[t]["h"] == forward.outputs[:, t, :2]).all()
        assert (reverse[4 - t]["h"] == forward.outputs[:, t, 2:]).all()
    inputs = torch.tensor(example.inputs.copy(), requires_grad=True)
    network = MODULES[cell](4, 2, batch_first=True, bidirectional=True, dtype=torch.float64)
    network.load_state_dict({name: torch.tensor(value) for name, value in example.parameters.items()})
    (network(inputs)[0] - torch.tensor(example.targets)).square().sum().mul(0.5).backward()
    assert inputs.grad is not None
    d_inputs = np.stack([back_onward[t]["d_x"] + back_reverse[4 - t]["d_x"] for t in range(5)], axis=1)
    assert np.abs(d_inputs - inputs.grad.numpy()).max() < 1e-12


# The example


@directions
def test_an_example_has_the_inputs_and_weights_of_a_run(both: bool) -> None:
    experiment = replace(GENERIC, weight_scale=0.7, bidirectional=both)
    example, trace = make_example(experiment), run(experiment)
    assert (example.inputs.swapaxes(0, 1) == trace.inputs).all()
    assert_same(example.parameters, dict(trace.parameters), 0.0)
    assert example.both == both
    assert example.targets.shape == (3, 5, 4 if both else 2)


@every(
    ("settings", "message"),
    [
        ({"nonlinearity": "relu"}, "nonlinearity = 'relu' is not written out by hand; there is tanh"),
        ({"cell": "jordan"}, "cell = 'jordan' is not written out by hand; there is rnn, lstm, gru"),
        ({"num_layers": 2}, "num_layers = 2 is not written out by hand; there is 1"),
    ],
)
def test_what_is_not_written_out_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_example(replace(GENERIC, **settings))


def test_a_gated_cell_has_no_nonlinearity_to_refuse() -> None:
    plain, relu = (make_example(replace(GENERIC, cell="lstm", nonlinearity=name)) for name in ("tanh", "relu"))
    assert_same(plain.parameters, relu.parameters, 0.0)


# The mistakes

#: What each of them breaks on a generic example.
ALL = {"outputs", "h_n", "gradients"}
BREAKS = {
    "no b_hh": ALL,
    "no slope": {"gradients"},
    "no sum": {"gradients"},
    "gates swapped": ALL | {"c_n"},
    "no tanh": ALL | {"c_n"},
    "no carousel": {"gradients"},
    "z swapped": ALL,
    "early reset": ALL,
    "no direct path": {"gradients"},
    "no flip": {"outputs", "gradients"},
    "wrong end": {"h_n"},
}
#: Settings at which a mistake does not show: the example proves nothing.
HARMLESS = {
    "no b_hh": replace(GENERIC, initialisation="gaussian"),
    "no sum": replace(GENERIC, sequence_length=1),
    "no carousel": replace(GENERIC, sequence_length=1),
    "early reset": replace(GENERIC, initialisation="gaussian", hidden_size=1),
    "no direct path": replace(GENERIC, sequence_length=1),
    "no flip": replace(GENERIC, sequence_length=1),
    "wrong end": replace(GENERIC, sequence_length=1),
}


@mistakes
def test_a_mistake_breaks_what_it_is_said_to_break(cell: str, mistake: str) -> None:
    expected = BREAKS[mistake] | ({"c_n"} if (cell, mistake) == ("lstm", "wrong end") else set())
    assert broken(make_example(replace(GENERIC, cell=cell, bidirectional=True)), mistake) == expected


@mistakes
def test_a_mistake_makes_the_backward_no_gradient_of_its_own_forward(cell: str, mistake: str) -> None:
    example = make_example(replace(GENERIC, cell=cell, bidirectional=True))
    hand = HandWritten(cell, mistake)
    found = finite_differences(lambda moved: losses(hand, example, moved), example.parameters)
    gradients = by_hand(example, mistake)[1]
    apart = max(np.abs(gradients[name] - found[name]).max() for name in found)
    assert (apart > 1e-3) == (mistake != "wrong end")


@mistakes
def test_a_mistake_can_go_unnoticed(cell: str, mistake: str) -> None:
    if mistake in HARMLESS:
        assert broken(make_example(replace(HARMLESS[mistake], cell=cell, bidirectional=True)), mistake) == set()
    if mistake in ("no flip", "wrong end"):
        assert broken(make_example(replace(GENERIC, cell=cell)), mistake) == set()


@mistakes
def test_a_mistake_is_one_line_of_the_function_that_it_names(cell: str, mistake: str) -> None:
    change = MISTAKES[cell][mistake]
    module = CELLS[cell] if hasattr(CELLS[cell], change.function) else bidirectional
    assert inspect.getsource(module).count(change.right) == 1
    right, wrong = (HandWritten(cell, name).source(change.function).splitlines() for name in ("none", mistake))
    differing = [(one, other) for one, other in zip(right, wrong, strict=True) if one != other]
    assert [(one.strip(), other.strip()) for one, other in differing] == [(change.right, change.wrong + MARK)]


@mistakes
def test_what_is_shown_of_a_mistake_is_what_runs(cell: str, mistake: str) -> None:
    hand, example = HandWritten(cell, mistake), make_example(replace(GENERIC, cell=cell, bidirectional=True))
    shown: dict[str, Any] = {"np": np, "NAMES": NAMES, "sigmoid": sigmoid}
    for name in hand.functions(both=True):
        exec(f"from __future__ import annotations\n{hand.source(name)}", shown)
    walks = (shown[f"{cell}_forward"], shown[f"{cell}_backward"])
    outputs, states, steps = shown["bidirectional_forward"](walks[0], example.inputs, example.parameters)
    gradients, _ = shown["bidirectional_backward"](walks[1], outputs - example.targets, example.parameters, steps)
    results = {"outputs": outputs, **{f"{name}_n": state for name, state in states.items()}}
    for values, expected in zip((results, gradients), by_hand(example, mistake), strict=True):
        assert_same(values, expected, 0.0)


@cells
def test_without_a_mistake_the_source_is_the_files(cell: str) -> None:
    hand = HandWritten(cell)
    for name in hand.functions(both=True):
        module = CELLS[cell] if hasattr(CELLS[cell], name) else bidirectional
        assert hand.source(name) == inspect.getsource(getattr(module, name))
        assert hand.function(name) is getattr(module, name)


def test_an_unknown_mistake_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="mistake = 'no tanh' is not one of none, no b_hh"):
        HandWritten("rnn", "no tanh")


# The script, and what is loaded


WAYS = {
    f"{cell}-{'both' if both else 'forward'}-{mistake}": (replace(GENERIC, cell=cell, bidirectional=both), mistake)
    for cell in CELLS
    for both, mistake in ((False, "none"), (True, "none"), (True, "no flip"), (True, "wrong end"))
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script prints."""
    scripts = {
        name: comparison_script(HandWritten(experiment.cell, mistake), make_example(experiment))
        for name, (experiment, mistake) in WAYS.items()
    }
    return printed_by_all(scripts, tmp_path_factory.mktemp("scripts"))


@every("way", WAYS)
def test_the_script_prints_the_differences_without_the_library(way: str, printed: dict[str, str]) -> None:
    experiment, mistake = WAYS[way]
    example = make_example(experiment)
    gaps = {name: float(gap) for name, gap in (line.split() for line in printed[way].splitlines())}
    (results, gradients), (torchs, autograd) = by_hand(example, mistake), by_torch(example)
    values, expected = results | gradients, torchs | autograd
    assert gaps.keys() == values.keys()
    for name, gap in gaps.items():
        assert gap == pytest.approx(np.abs(values[name] - expected[name]).max(), abs=1e-14)
    assert (max(gaps.values()) > 0.01) == (mistake != "none")


def test_the_script_runs_by_itself(tmp_path: Path) -> None:
    script = comparison_script(HandWritten("lstm"), make_example(replace(GENERIC, cell="lstm")))
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    name, gap = alone("script.py", folder=tmp_path).splitlines()[-1].split()
    assert name in NAMES
    assert float(gap) < 1e-12


def test_torch_is_loaded_by_the_room_that_asks_it_and_by_no_other() -> None:
    script = (
        "import json, sys\n"
        "import rnn_dynamics, rnn_dynamics.by_hand.script, rnn_dynamics.pictures.by_hand.words\n"
        "before = 'torch' in sys.modules\n"
        "import rnn_dynamics.by_hand.against_torch\n"
        "print(json.dumps([before, 'torch' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert json.loads(done.stdout) == [False, True]
