"""Initialisation by part: W_ih by itself, no biases, a forget bias in the first layer alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnn_dynamics import CELLS, Experiment, run, run_shape
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.engine.schemes import scheme_experiment
from rnn_dynamics.laws.autograd import gradients_of_run, gradients_printed
from rnn_dynamics.scripts import reproduction_script, shape_script
from tests.every import every
from tests.oracle import Array, ask_both, ask_open_cell
from tests.scripts import printed_by_all, rows_of
from tests.test_family import SCALES, SEEDS, assert_equals_its_members
from tests.test_reproduction import assert_same
from tests.test_run import SMALL, assert_equal

#: Where every part of the initialisation is away from what it is by itself.
PARTS: dict[str, Any] = {"input_weights": "keras", "input_weight_scale": 0.3, "bias": False}
STACK = replace(SMALL, cell="lstm", num_layers=3, bidirectional=True, forget_bias=2.0, forget_bias_layers="first")


def weights(trace: Any) -> dict[str, Array]:
    return {name: values for name, values in trace.parameters.items() if name.startswith("weight")}


def weights_of(cell: str) -> set[str]:
    of_w_hh = {"weight_hh_l0"} if has_w_hh(CELLS[cell]) else set[str]()
    return {"weight_ih_l0"} | of_w_hh | {f"{name}_l0" for name in CELLS[cell].further(2)}


@every("initialisation", ["gaussian", "torch"])
@every("cell", CELLS)
def test_every_number_without_biases_and_with_input_weights_of_their_own_equals_autograds(
    cell: str, initialisation: str
) -> None:
    trace = run(replace(SMALL, cell=cell, initialisation=initialisation, gate_bias="chrono", **PARTS))
    assert set(trace.parameters) == set(trace.gradients) == weights_of(cell)
    assert_equal(trace, *([ask_open_cell(trace)] if cell == "jordan" else ask_both(trace)))
    assert run_norms(trace.experiment).parameter_count == trace.parameter_count


def test_a_family_without_biases_equals_its_members() -> None:
    assert_equals_its_members(replace(SMALL, initialisation="torch", **PARTS), SCALES, SEEDS)


@every("cell", CELLS)
def test_what_leaves_a_part_out_or_draws_it_by_itself_moves_no_other(cell: str) -> None:
    whole = run(replace(SMALL, cell=cell, initialisation="torch"))
    without, scaled = (run(replace(whole.experiment, **of)) for of in ({"bias": False}, {"input_weight_scale": 0.5}))
    for name, values in weights(whole).items():
        np.testing.assert_array_equal(without.parameters[name], values)
        factor = 0.5 if name == "weight_ih_l0" else 1.0
        np.testing.assert_array_equal(scaled.parameters[name], factor * values)
    other = run(replace(whole.experiment, input_weights="gaussian"))
    for name in weights_of(cell) - {"weight_ih_l0"}:
        np.testing.assert_array_equal(other.parameters[name], whole.parameters[name])
    assert not np.array_equal(other.parameters["weight_ih_l0"], whole.parameters["weight_ih_l0"])


@every("input_weights", ["gaussian", "torch", "keras"])
@every(("initialisation", "gate_bias"), [("torch", "constant"), ("torch", "chrono"), ("gaussian", "chrono")])
def test_no_other_number_of_a_seed_depends_on_how_input_weights_are_drawn(
    initialisation: str, gate_bias: str, input_weights: str
) -> None:
    usual = replace(STACK, initialisation=initialisation, gate_bias=gate_bias)
    whole, other = run(usual), run(replace(usual, input_weights=input_weights))
    for name, values in whole.parameters.items():
        if not name.startswith("weight_ih"):
            np.testing.assert_array_equal(other.parameters[name], values, name)
    for name in ("inputs", "readout", "targets"):
        np.testing.assert_array_equal(getattr(other, name), getattr(whole, name), name)


@every("name, scheme", [("torch", "torch"), ("keras", "keras"), ("gaussian", "gaussian"), ("orthogonal", "gaussian")])
def test_the_same_is_what_the_initialisation_says(name: str, scheme: str) -> None:
    same = replace(SMALL, initialisation=name)
    named = replace(same, input_weights=scheme)
    for key, values in run(same).parameters.items():
        np.testing.assert_array_equal(run(named).parameters[key], values)


@every(
    "scheme, deviation",
    [("gaussian", 1 / np.sqrt(32)), ("torch", 1 / np.sqrt(3 * 256)), ("keras", np.sqrt(2 / (32 + 256)))],
)
def test_input_weights_are_as_wide_as_their_scheme_says(scheme: str, deviation: float) -> None:
    wide = Experiment(cell="rnn", hidden_size=256, input_size=32, sequence_length=1, input_weights=scheme)
    drawn = run(replace(wide, initialisation="orthogonal")).parameters["weight_ih_l0"]
    assert drawn.std() == pytest.approx(deviation, rel=0.02)
    assert (scheme == "gaussian") == (np.abs(drawn).max() > 2 * deviation)


def test_a_scale_of_the_input_weights_is_one_of_the_inputs_where_nothing_else_reads_them() -> None:
    """W_ih (s x) = (s W_ih) x, and dL/dx has the factor s more."""
    scaled = run(replace(SMALL, cell="gru", input_weight_scale=0.25))
    louder = run(replace(SMALL, cell="gru", input_scale=0.25))
    np.testing.assert_allclose(scaled.hidden_states, louder.hidden_states, rtol=1e-12, atol=1e-15)
    for name, off in {"hidden": 0.0, "input": np.log10(0.25)}.items():
        np.testing.assert_allclose(scaled.log10_norms[name], louder.log10_norms[name] + off, rtol=0, atol=1e-10)


def test_the_forget_bias_stands_in_the_first_layer_or_in_all() -> None:
    first, every_layer = run(STACK), run(replace(STACK, forget_bias_layers="all"))
    none = run(replace(STACK, forget_bias=0.0))
    for name, values in none.parameters.items():
        added = np.zeros_like(values)
        if name.startswith("bias_ih"):
            added[7:14] = 2.0
        np.testing.assert_array_equal(every_layer.parameters[name], values + added)
        np.testing.assert_array_equal(first.parameters[name], values + (added if "_l0" in name else 0.0))
    module = torch.nn.LSTM(3, 7, num_layers=3, bidirectional=True, dtype=torch.float64)
    module.load_state_dict({name: torch.tensor(values) for name, values in first.parameters.items()})
    inputs = torch.tensor(first.inputs, requires_grad=True)
    outputs, _ = module(inputs)
    loss = 0.5 * (outputs[-1] @ torch.tensor(first.readout).T - torch.tensor(first.targets)).square().mean()
    (by_input,) = torch.autograd.grad(loss, inputs)
    np.testing.assert_allclose(10.0 ** first.log10_norms["input"], by_input.norm(dim=(1, 2)), rtol=1e-10)


@every("parts", [{}, {"bias": False}, {"input_weights": "gaussian"}, {"input_weights": "keras", "bias": False}])
@every("initialisation", ["gaussian", "torch"])
def test_mean_field_knows_the_parts(initialisation: str, parts: dict[str, Any]) -> None:
    wide = Experiment(cell="rnn", hidden_size=500, input_size=6, input_weight_scale=0.7, weight_scale=1.3)
    trace = run(replace(wide, initialisation=initialisation, **parts))
    known, of = theory.mean_field_inputs(trace.experiment), trace.parameters
    biases = sum(of.get(name, np.zeros(500)) for name in ("bias_ih_l0", "bias_hh_l0"))
    assert known is not None
    assert np.sqrt(500) * of["weight_hh_l0"].std() == pytest.approx(known[0], rel=0.02)
    assert np.square(trace.inputs @ of["weight_ih_l0"].T + biases).mean() == pytest.approx(known[1], rel=0.1)


def test_scripts_draw_the_parts_too(tmp_path: Path) -> None:
    asked = {
        "parts": replace(SMALL, cell="gru", initialisation="torch", **PARTS),
        "cut": replace(SMALL, cell="gru", initialisation="torch", hidden_path="cut", reset_gate="before", **PARTS),
        "stack": STACK,
        "chrono": replace(STACK, gate_bias="chrono", input_weights="torch"),
        "torch's biases": replace(STACK, initialisation="torch", input_weights="gaussian", input_weight_scale=0.5),
    }
    shape = run_shape(replace(SMALL, cell="gru", sequence_length=4, **PARTS), "encoder-decoder")
    scripts = {name: reproduction_script(run(experiment)) for name, experiment in asked.items()}
    printed = printed_by_all(scripts | {"shape": shape_script(shape)}, tmp_path)
    for name, experiment in asked.items():
        assert_same(gradients_printed(rows_of(printed[name])), gradients_of_run(experiment), digits=9)
    (_, loss), (_, count), *_ = rows_of(printed["shape"])
    assert float(loss) == pytest.approx(shape.loss, rel=1e-12)
    assert int(count) == shape.parameter_count == sum(values.size for values in shape.parameters.values())


def test_a_scheme_with_a_name_is_a_whole() -> None:
    """Whatever part was set before: PyTorch's default has biases."""
    named = scheme_experiment("torch", "lstm", replace(STACK, num_layers=1, bidirectional=False, **PARTS))
    plain = scheme_experiment(
        "torch", "lstm", replace(STACK, num_layers=1, bidirectional=False, forget_bias_layers="all")
    )
    assert named == plain


def test_without_biases_nothing_is_written_out_by_hand() -> None:
    with pytest.raises(ValueError, match="bias = False is not written out by hand; there is True"):
        make_example(replace(SMALL, cell="lstm", bias=False))
