"""The shapes of recurrence against torch.nn's cells in a loop, with a copy of what goes along each edge."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_dynamics import SHAPES, Experiment, ShapeTrace, run, run_shape
from rnn_dynamics.experiment import KNOBS_CHOICE
from tests.every import every

MODULES: dict[str, Any] = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}
#: Orders of magnitude, and relative error of everything else.
CLOSE = 1e-10
SMALL = Experiment(sequence_length=5, hidden_size=6, input_size=3, batch_size=2, forget_bias=0.5, seed=4)
SIZES = {
    "small": SMALL,
    "one_step": replace(SMALL, sequence_length=1),
    "one_unit": replace(SMALL, hidden_size=1, input_size=1, batch_size=1, sequence_length=3),
    "wide": replace(SMALL, hidden_size=32, input_size=16, sequence_length=8, weight_scale=1.6),
    "torch": replace(SMALL, initialisation="torch", weight_scale=3.0),
    "chrono": replace(SMALL, gate_bias="chrono", initialisation="orthogonal", input_scale=0.3),
    "relu": replace(SMALL, nonlinearity="relu", weight_scale=1.3),
}
shapes = every("shape", SHAPES)
cells = every("cell", MODULES)
sizes = every("size", SIZES)
Array = NDArray[np.float64]


class Twin:
    """torch's own modules, unrolled by hand; `edges` holds one copy of what goes along each edge, `nodes` the sums."""

    def __init__(self, trace: ShapeTrace) -> None:
        self.trace, self.cell = trace, trace.experiment.cell
        self.edges: dict[tuple[str, str], tuple[Tensor, ...]] = {}
        self.nodes: dict[str, Tensor] = {}
        size = trace.experiment.hidden_size
        self.modules = {"": self._module("")}
        if trace.shape == "encoder-decoder":
            self.modules["decoder."] = self._module("decoder.")
        self.readout = torch.nn.Linear(size, len(trace.parameters["readout"]), bias=False, dtype=torch.float64)
        self.readout.load_state_dict({"weight": torch.tensor(trace.parameters["readout"])})
        zero = torch.zeros(trace.experiment.batch_size, size, dtype=torch.float64)
        parts = 2 if self.cell == "lstm" else 1
        self.state = tuple(zero.clone().requires_grad_() for _ in range(parts))
        self.nodes["h0"] = self.state[0]
        self.outputs: list[Tensor] = []
        getattr(self, trace.shape.replace("-", "_"))()
        self.loss = 0.5 * (torch.stack(self.outputs) - torch.tensor(trace.targets)).square().mean()
        self.loss.backward()  # type: ignore[no-untyped-call]

    def _module(self, who: str) -> torch.nn.Module:
        experiment = self.trace.experiment
        of_rnn = {"nonlinearity": experiment.nonlinearity} if self.cell == "rnn" else {}
        module: torch.nn.Module = MODULES[self.cell](
            experiment.input_size, experiment.hidden_size, dtype=torch.float64, **of_rnn
        )
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        module.load_state_dict({name: torch.tensor(self.trace.parameters[f"{who}{name}_l0"]) for name in names})
        return module

    def along(self, source: str, target: str, *tensors: Tensor) -> tuple[Tensor, ...]:
        copies = tuple(tensor.clone() for tensor in tensors)
        for copy in copies:
            copy.retain_grad()
        self.edges[source, target] = copies
        return copies

    def read(self, t: int) -> Tensor:
        x = torch.tensor(self.trace.inputs[t - 1], requires_grad=True)
        self.nodes[f"x{t}"] = x
        return x

    def step(self, before: str, state: str, source: str, given: Tensor, who: str = "") -> None:
        (u,) = self.along(source, state, given)
        parts = self.along(before, state, *self.state)
        after = self.modules[who](u, parts if self.cell == "lstm" else parts[0])
        self.state = after if isinstance(after, tuple) else (after,)
        self.state[0].retain_grad()
        self.nodes[state] = self.state[0]

    def write(self, state: str, t: int) -> Tensor:
        (h,) = self.along(state, f"y{t}", self.state[0])
        y: Tensor = self.readout(h)
        y.retain_grad()
        self.nodes[f"y{t}"] = y
        self.outputs.extend(self.along(f"y{t}", "L", y))
        return y

    @property
    def steps(self) -> range:
        return range(1, self.trace.experiment.sequence_length + 1)

    def one_to_one(self) -> None:
        self.step("h0", "h1", "x1", self.read(1))
        self.write("h1", 1)

    def one_to_many(self) -> None:
        given, source = self.read(1), "x1"
        for t in self.steps:
            self.step(f"h{t - 1}", f"h{t}", source, given)
            given, source = self.write(f"h{t}", t), f"y{t}"

    def many_to_one(self) -> None:
        for t in self.steps:
            self.step(f"h{t - 1}", f"h{t}", f"x{t}", self.read(t))
        self.write(f"h{t}", t)

    def aligned(self) -> None:
        for t in self.steps:
            self.step(f"h{t - 1}", f"h{t}", f"x{t}", self.read(t))
            self.write(f"h{t}", t)

    def encoder_decoder(self) -> None:
        for t in self.steps:
            self.step(f"h{t - 1}", f"h{t}", f"x{t}", self.read(t))
        before, given = f"h{t}", torch.zeros_like(self.nodes["x1"]).requires_grad_()
        self.nodes["y0"] = given
        for t in self.steps:
            self.step(before, f"s{t}", f"y{t - 1}", given, who="decoder.")
            before, given = f"s{t}", self.write(f"s{t}", t)

    def gradients(self) -> dict[str, Array]:
        named = [(f"{who}{name}_l0", own) for who, of in self.modules.items() for name, own in of.named_parameters()]
        return {name: gradient(own) for name, own in (*named, ("readout", self.readout.weight))}


def gradient(tensor: Tensor) -> Array:
    return np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()


def log10_norm(*tensors: Tensor) -> float:
    with np.errstate(divide="ignore"):
        return float(0.5 * np.log10(sum(np.square(gradient(tensor)).sum() for tensor in tensors)))


@cache
def asked(shape: str, cell: str, size: str) -> tuple[ShapeTrace, Twin]:
    trace = run_shape(replace(SIZES[size], cell=cell), shape)
    return trace, Twin(trace)


# Against torch


@shapes
@cells
@sizes
def test_every_edge_carries_the_gradient_that_autograd_sends_through_its_copy(shape: str, cell: str, size: str) -> None:
    trace, twin = asked(shape, cell, size)
    found = {(edge.source, edge.target): edge.log10_norm for edge in trace.edges}
    assert list(found) == list(dict.fromkeys(found))
    assert found.keys() == twin.edges.keys()
    for ends, copies in twin.edges.items():
        assert found[ends] == pytest.approx(log10_norm(*copies), abs=CLOSE), ends


@shapes
@cells
@sizes
def test_every_node_has_autograds_whole_gradient(shape: str, cell: str, size: str) -> None:
    trace, twin = asked(shape, cell, size)
    assert trace.log10_norms.keys() == twin.nodes.keys()
    for node, tensor in twin.nodes.items():
        assert trace.log10_norms[node] == pytest.approx(log10_norm(tensor), abs=CLOSE), node


@shapes
@cells
@sizes
def test_loss_states_and_gradients_of_the_shared_weights_are_torchs(shape: str, cell: str, size: str) -> None:
    trace, twin = asked(shape, cell, size)
    assert trace.loss == pytest.approx(twin.loss.item(), rel=CLOSE)
    np.testing.assert_allclose(trace.outputs, torch.stack(twin.outputs).detach().numpy(), rtol=CLOSE, atol=1e-13)
    np.testing.assert_allclose(trace.hidden_states[-1], twin.state[0].detach().numpy(), rtol=CLOSE, atol=1e-13)
    assert (trace.cell_states is not None) == (cell == "lstm")
    expected = twin.gradients()
    assert trace.gradients.keys() == trace.parameters.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(
            trace.gradients[name], values, rtol=CLOSE, atol=CLOSE * max(np.abs(values).max(), 1e-3), err_msg=name
        )


@shapes
@cells
def test_a_shared_matrix_knows_torchs_gradient_of_it_and_of_each_edge_that_carries_it(shape: str, cell: str) -> None:
    trace, twin = asked(shape, cell, "small")
    gradients, letters = twin.gradients(), {"W": "", "V": "decoder."}
    assert set(trace.shared) == {edge.weights for edge in trace.edges} - {""}
    for name, shared in trace.shared.items():
        letter, kind = name.split("_")
        expected = gradients["readout" if kind == "ho" else f"{letters[letter]}weight_{kind}_l0"]
        np.testing.assert_allclose(shared.gradient, expected, rtol=CLOSE, atol=CLOSE)
        if expected.any():
            assert shared.log10_gradient == pytest.approx(np.log10(np.linalg.norm(expected)), abs=CLOSE)
        else:
            assert shared.log10_gradient == -np.inf
        carried = {(edge.source, edge.target) for edge in trace.edges if edge.weights == name}
        norms = {f"{source}→{target}": log10_norm(*twin.edges[source, target]) for source, target in carried}
        assert {way: trace.through[way] for way in norms} == pytest.approx(norms, abs=CLOSE)
        assert shared.uses == len(norms)
        ends = shared.largest.log10_norm, shared.smallest.log10_norm
        assert ends == pytest.approx((max(norms.values()), min(norms.values())), abs=CLOSE)
        assert shared.log10_ratio == pytest.approx(ends[0] - ends[1], abs=CLOSE)


@shapes
@cells
def test_the_parameter_count_is_that_of_torchs_modules_at_every_length(shape: str, cell: str) -> None:
    for length in (1, 2, 7):
        trace = run_shape(replace(SMALL, cell=cell, sequence_length=length), shape)
        twin = Twin(trace)
        modules = [*twin.modules.values(), twin.readout]
        assert trace.parameter_count == sum(own.numel() for module in modules for own in module.parameters())
        assert trace.parameter_count == asked(shape, cell, "small")[0].parameter_count


@shapes
@cells
def test_each_edge_is_a_product_with_its_matrix(shape: str, cell: str) -> None:
    trace, _ = asked(shape, cell, "small")
    sizes = {"ih": "weight_ih_l0", "hh": "weight_hh_l0", "ho": "readout"}
    products = [trace.parameters[sizes[edge.weights.split("_")[1]]].size for edge in trace.edges if edge.weights]
    assert trace.multiply_adds == sum(products)
    biases = trace.parameters["bias_ih_l0"].size + trace.parameters["bias_hh_l0"].size
    assert trace.unshared_count == sum(products) + (len(trace.hidden_states) - 1) * biases


@shapes
def test_every_edge_of_one_kind_names_the_same_weights(shape: str) -> None:
    trace, _ = asked(shape, "rnn", "small")
    for edge in trace.edges:
        letter = "V" if edge.target[0] == "s" or edge.source[0] == "s" else "W"
        kind = "ho" if edge.target[0] == "y" else "hh" if edge.source[0] in "hs" else "ih"
        assert edge.weights == ("" if edge.target == "L" else f"{letter}_{kind}")


# Against `run`


@cells
@every(("shape", "loss_at"), [("many-to-one", "last"), ("aligned", "every"), ("one-to-one", "last")])
def test_shapes_without_feedback_are_what_run_computes(cell: str, shape: str, loss_at: str) -> None:
    length = 1 if shape == "one-to-one" else 5
    trace = asked(shape, cell, "small")[0]
    expected = run(replace(SMALL, cell=cell, loss_at=loss_at, sequence_length=length))
    assert trace.loss == pytest.approx(expected.loss, rel=CLOSE)
    np.testing.assert_array_equal(trace.parameters["readout"], expected.readout)
    for component, letter in {"input": "x", "hidden": "h"}.items():
        found = [trace.log10_norms[f"{letter}{t}"] for t in range(1, length + 1)]
        np.testing.assert_allclose(found, expected.log10_norms[component], atol=CLOSE)
    for name, values in expected.gradients.items():
        np.testing.assert_allclose(trace.gradients[name], values, rtol=CLOSE, atol=1e-14)


@every("shape", ["many-to-one", "aligned"])
@every(
    "changes",
    [
        {"weight_scale": 0.1, "sequence_length": 600},
        {"weight_scale": 10.0, "sequence_length": 400, "input_scale": 0.0},
        {"weight_scale": 4.0, "sequence_length": 450, "nonlinearity": "relu"},
    ],
)
def test_gradients_beyond_the_range_of_float64_stay_finite(shape: str, changes: dict[str, Any]) -> None:
    experiment = replace(SMALL, cell="rnn", initialisation="orthogonal", **changes)
    expected = run(replace(experiment, loss_at="every" if shape == "aligned" else "last")).log10_norms["hidden"]
    trace = run_shape(experiment, shape)
    found = [trace.log10_norms[f"h{t}"] for t in range(1, experiment.sequence_length + 1)]
    assert np.abs(found).max() > 308 or shape == "aligned"
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_an_encoder_far_from_its_decoder_keeps_its_gradient() -> None:
    trace = run_shape(replace(SMALL, cell="rnn", weight_scale=0.1, sequence_length=500), "encoder-decoder")
    far = np.array([trace.log10_norms[f"h{t}"] for t in range(1, 501)])
    assert far[0] < -400
    assert (np.diff(far) > 0).all()


@every(
    ("shape", "silent"),
    [("one-to-many", {"W_hh"}), ("encoder-decoder", {"V_hh", "W_hh", "W_ih"}), ("aligned", {"W_hh"})],
)
def test_without_recurrent_weights_only_the_outputs_carry_a_network_on(shape: str, silent: set[str]) -> None:
    trace = run_shape(replace(SMALL, cell="rnn", weight_scale=0.0), shape)
    assert {edge.weights for edge in trace.edges if np.isneginf(edge.log10_norm)} == silent
    assert all(np.isneginf(edge.log10_norm) for edge in trace.edges if edge.weights in silent)


# Draws and refusals


@cells
def test_a_longer_sequence_begins_with_the_same_inputs_and_a_shape_reads_those_of_run(cell: str) -> None:
    short, long = (run_shape(replace(SMALL, cell=cell, sequence_length=length), "aligned") for length in (3, 6))
    np.testing.assert_array_equal(long.inputs[:3], short.inputs)
    expected = run(replace(SMALL, cell=cell))
    for shape in SHAPES:
        trace = asked(shape, cell, "small")[0]
        np.testing.assert_array_equal(trace.inputs, expected.inputs[: len(trace.inputs)])
        for name, values in expected.parameters.items():
            np.testing.assert_array_equal(trace.parameters[name], values)


def test_a_decoder_has_weights_of_its_own() -> None:
    parameters = asked("encoder-decoder", "lstm", "small")[0].parameters
    own = {name for name in parameters if name.startswith("decoder.")}
    assert len(own) == 4
    for matrix in ("weight_ih_l0", "weight_hh_l0"):
        assert np.abs(parameters[matrix] - parameters[f"decoder.{matrix}"]).min() > 1e-6


def test_arrays_are_locked() -> None:
    trace = asked("encoder-decoder", "lstm", "small")[0]
    arrays = (trace.inputs, trace.outputs, trace.targets, trace.hidden_states, trace.cell_states)
    for array in (*arrays, *trace.parameters.values(), *trace.gradients.values()):
        assert array is not None
        assert not array.flags.writeable


def test_refusals_name_field_value_and_limit() -> None:
    with pytest.raises(ValueError, match="shape = 'two-to-two' is not one of one-to-one, one-to-many"):
        run_shape(SMALL, "two-to-two")
    refused: dict[str, tuple[str, Any]] = {
        "text": ("text = 'abc': a shape is unrolled with '' only", "abc"),
        "hidden_path": ("hidden_path = 'cut': a shape is unrolled with 'open' only", "cut"),
        "num_layers": ("num_layers = 2: a shape is unrolled with 1 only", 2),
        "bidirectional": ("bidirectional = True: a shape is unrolled with False only", True),
        "cell": ("cell = 'jordan' has no shapes", "jordan"),
    }
    for field, (message, value) in refused.items():
        with pytest.raises(ValueError, match=message):
            run_shape(replace(SMALL, **{field: value}), "aligned")
    growing = replace(SMALL, cell="rnn", nonlinearity="relu", weight_scale=10.0, sequence_length=2000)
    for shape in ("one-to-many", "encoder-decoder"):
        with pytest.raises(ValueError, match=r"grow beyond 1e\+300, the limit"):
            run_shape(growing, shape)


def test_every_initialisation_has_every_shape() -> None:
    for initialisation in KNOBS_CHOICE["initialisation"].options:
        for shape in SHAPES:
            trace = run_shape(replace(SMALL, initialisation=initialisation), shape)
            assert np.isfinite([edge.log10_norm for edge in trace.edges]).all()
