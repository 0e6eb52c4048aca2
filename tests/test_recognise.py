"""Recurrent modules are found by the names and shapes of their weights, whatever stands around them."""

import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import nn

from rnn_dynamics.content import sentences
from rnn_dynamics.own.converters import KERAS, ONNX, TORCH
from rnn_dynamics.own.files import UnreadableFile, read_weights
from rnn_dynamics.own.recognise import Named, Recognised, recognise
from tests.every import every
from tests.hostile import weights

Array = NDArray[Any]
MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def found_in(module: nn.Module) -> Recognised:
    return recognise(read_weights(save(module.state_dict()), "weights.safetensors"))


def check_parameters(found: Named, module: nn.Module, ending: str = "") -> None:
    """They are the module's to the last digit, in float64, and nobody can change them in its place."""
    asked = {f"{name}{ending}": values.double().numpy() for name, values in module.state_dict().items()}
    assert set(found.network.parameters) == set(asked)
    for name, values in asked.items():
        assert found.network.parameters[name].dtype == np.float64
        np.testing.assert_array_equal(found.network.parameters[name], values)


@every(("cell", "layers", "both", "bias"), itertools.product(MODULES, (1, 3), (False, True), (False, True)))
def test_every_module_of_torch_is_found_with_its_layers_and_directions(
    cell: str, layers: int, both: bool, bias: bool
) -> None:
    module = MODULES[cell](3, 4, num_layers=layers, bidirectional=both, bias=bias)
    (found,) = found_in(module).networks
    assert (found.name, found.network.cell, found.looped) == ("", cell, False)
    check_parameters(found, module)
    open_ = {"rnn": {"nonlinearity": ("tanh", "relu")}, "gru": {"reset_gate": ("after", "before")}, "lstm": {}}
    assert found.choices == open_[cell]


@every(("cell", "module"), (("rnn", nn.RNNCell), ("gru", nn.GRUCell), ("lstm", nn.LSTMCell)))
def test_a_cell_that_is_called_in_a_loop_is_found_and_said_to_be_one(cell: str, module: Callable[..., Any]) -> None:
    inside = module(3, 4)
    (found,) = found_in(nn.ModuleDict({"decoder": inside})).networks
    assert (found.name, found.network.cell, found.looped) == ("decoder", cell, True)
    check_parameters(found, inside, "_l0")


def test_modules_are_found_at_any_depth_in_any_wrapper_and_all_else_is_named() -> None:
    model = nn.ModuleDict(
        {
            "encoder": nn.ModuleDict({"rnn": nn.LSTM(3, 4, 2, bidirectional=True), "embedding": nn.Embedding(5, 3)}),
            "module_rnn": nn.Sequential(nn.GRU(3, 4), nn.Linear(4, 2)),
            "norm": nn.BatchNorm1d(4),
        }
    )
    alone = found_in(model)
    assert {named.name: named.network.cell for named in alone.networks} == {
        "encoder.rnn": "lstm",
        "module_rnn.0": "gru",
    }
    assert set(alone.others) == {
        *("encoder.embedding.weight", "module_rnn.1.weight", "module_rnn.1.bias", "norm.weight", "norm.bias"),
        *("norm.running_mean", "norm.running_var", "norm.num_batches_tracked"),
    }
    wrapped = nn.ModuleDict({"module": nn.ModuleDict({"_orig_mod": model})})
    assert {named.name for named in found_in(wrapped).networks} == {"encoder.rnn", "module_rnn.0"}
    assert {name for named in alone.networks for name in named.tensors} | set(alone.others) == set(model.state_dict())


@every("named", ("enc_{}_{}", "{}_{}", "a/b/{}_{}", "Encoder.{}{}", "rnn-{}_{}_l0", "layers:0:{}_{}"))
def test_plain_arrays_are_understood_however_weight_and_bias_are_written(named: str) -> None:
    arrays = {name: values.astype("f4") for name, values in weights(3).items()}
    for weight, bias in (("w", "b"), ("W", "B"), ("weight", "bias")):
        given = {
            named.format(weight if name.startswith("w") else bias, name[-5:-3]): values
            for name, values in arrays.items()
        }
        (found,) = recognise({**given, "enc_emb": np.ones((5, 3))}).networks
        assert found.network.cell == "gru"
        for name, values in arrays.items():
            np.testing.assert_array_equal(found.network.parameters[name], values)


def test_the_two_modules_of_one_file_are_kept_apart_by_what_stands_before() -> None:
    found = recognise({**weights(3, prefix="enc_"), **weights(4, prefix="dec_"), "fc_w": np.ones((2, 3))})
    assert [(named.name, named.network.cell) for named in found.networks] == [("enc", "gru"), ("dec", "lstm")]
    assert found.others == ("fc_w",)


def test_a_module_that_cannot_be_replayed_is_named_beside_those_that_can() -> None:
    sick = nn.RNN(3, 4)
    model = nn.ModuleDict({"a": nn.LSTM(3, 4, proj_size=2), "b": nn.GRU(3, 4), "c": sick})
    dict(sick.named_parameters())["weight_hh_l0"].data[1, 2] = torch.nan
    found = found_in(model)
    assert [named.name for named in found.networks] == ["b"]
    assert {error.key for error in found.refused} == {"projection", "finite"}
    assert {str(error).split()[0].split(".")[0] for error in found.refused} == {"a", "c"}
    assert {"a.weight_hr_l0", "c.weight_hh_l0"} <= set(found.others)


def test_inputs_of_no_feature_are_asked_to_have_one() -> None:
    with pytest.raises(UnreadableFile, match=r"weight_ih_l0 has the shape \(16, 0\); .* it has to be \(16, 1\)"):
        recognise({"weight_ih_l0": np.ones((16, 0)), "weight_hh_l0": np.ones((16, 4))})


def test_of_thousands_that_cannot_be_replayed_a_few_are_named() -> None:
    one = np.ones((1, 1))
    found = recognise({**weights(3), **{f"m{n}.weight_hh": one for n in range(3_000)}})
    assert (len(found.networks), len(found.refused), len(found.others)) == (1, 20, 3_000)


def test_what_the_shapes_leave_open_is_asked_by_an_argument() -> None:
    assert recognise(weights(1)).networks[0].network.nonlinearity == "tanh"
    assert recognise(weights(1), nonlinearity="relu").networks[0].network.nonlinearity == "relu"
    assert recognise(weights(3), nonlinearity="relu").networks[0].network.nonlinearity == "tanh"
    with pytest.raises(ValueError, match="nonlinearity = 'elu' is not one of tanh, relu"):
        recognise(weights(1), nonlinearity="elu")
    assert recognise(weights(3)).networks[0].network.reset_gate == "after"
    assert recognise(weights(3), reset_gate="before").networks[0].network.reset_gate == "before"
    with pytest.raises(ValueError, match="reset_gate = 'between' is not one of after, before"):
        recognise(weights(4), reset_gate="between")


def test_a_jordan_network_is_known_by_its_read_out() -> None:
    arrays = {**weights(1, 4), "weight_hh_l0": np.ones((4, 2)), "weight_ho": np.ones((2, 4))}
    (found,) = recognise(arrays).networks
    assert (found.network.cell, found.choices) == ("jordan", {"nonlinearity": ("tanh", "relu")})


def test_a_network_holds_copies_not_the_file() -> None:
    arrays = weights(4, kind="f8")
    (found,) = recognise(arrays).networks
    before = found.network.parameters["weight_hh_l0"].copy()
    arrays["weight_hh_l0"][:] = 0
    np.testing.assert_array_equal(found.network.parameters["weight_hh_l0"], before)


def gates(values: torch.Tensor, order: str, torch_order: str) -> Array:
    """Rows of torch's in the order of another library."""
    parts = dict(
        zip(torch_order, values.detach().numpy().reshape(len(torch_order), -1, *values.shape[1:]), strict=True)
    )
    return np.concatenate([parts[gate] for gate in order])


#: Of each kind: the gates in torch's order, in ONNX's and in Keras's, c being torch's g and n torch's and h their own.
GATES = {"rnn": ("n", "n", "n"), "gru": ("rzn", "zrn", "zrn"), "lstm": ("ifgo", "iofg", "ifgo")}


def written_by(
    lines: str, module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, torch.Tensor]:
    """What the lines write, where this module stands in the place of the other library."""
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(lines, "converter", "exec"), {})
    return load_file(folder / "weights.safetensors")


def check_written(found: dict[str, torch.Tensor], models: dict[str, nn.RNNBase]) -> None:
    asked = {f"{name}.{part}": values for name, model in models.items() for part, values in model.state_dict().items()}
    assert set(found) == set(asked)
    for name, values in asked.items():
        torch.testing.assert_close(found[name], values, rtol=0, atol=0)


@pytest.mark.parametrize("both", [False, True])
def test_the_lines_for_onnx_put_the_gates_in_torchs_order(
    both: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = {cell: module(2, 3, bidirectional=both) for cell, module in MODULES.items()}
    nodes, arrays = [], []
    for cell, model in models.items():
        torchs, onnxs, _ = GATES[cell]
        stacks: dict[str, list[Array]] = {"W": [], "R": [], "B": []}
        for ending in ("_l0", "_l0_reverse")[: 1 + both]:
            ih, hh, b_ih, b_hh = (
                gates(getattr(model, f"{part}{ending}"), onnxs, torchs)
                for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            for part, values in zip("WRB", (ih, hh, np.concatenate([b_ih, b_hh])), strict=True):
                stacks[part].append(values)
        arrays += [SimpleNamespace(name=f"{cell}.{part}", values=np.stack(values)) for part, values in stacks.items()]
        inputs = ["x", *(f"{cell}.{part}" for part in stacks)]
        says = [SimpleNamespace(name="linear_before_reset", value=1)]
        nodes.append(SimpleNamespace(op_type=cell.upper(), name=f"/{cell}", input=inputs, attribute=says, output=["y"]))
    onnx: Any = ModuleType("onnx")
    onnx.load = lambda _: SimpleNamespace(graph=SimpleNamespace(initializer=arrays, node=nodes))
    onnx.numpy_helper = SimpleNamespace(to_array=lambda one: one.values)
    onnx.helper = SimpleNamespace(get_attribute_value=lambda one: one.value)
    check_written(written_by(ONNX, onnx, tmp_path, monkeypatch), models)
    assert capsys.readouterr().out == ""
    nodes[1].attribute = []
    check_written(written_by(ONNX, onnx, tmp_path, monkeypatch), models)
    assert capsys.readouterr().out == "gru resets before the product: choose reset_gate = before for it\n"
    after = SimpleNamespace(name="linear_before_reset", value=1)
    for direction, remark in {b"forward": "", b"bidirectional": "", b"reverse": f"gru {BACKWARDS}"}.items():
        nodes[1].attribute = [after, SimpleNamespace(name="direction", value=direction)]
        check_written(written_by(ONNX, onnx, tmp_path, monkeypatch), models)
        assert capsys.readouterr().out == remark


#: What is said of a single direction that reads backwards, which becomes one forwards.
BACKWARDS = "reads from the last step to the first: give it the steps of its inputs in reverse order\n"


class KerasLayer:
    """A layer of Keras's with the weights of a module of torch's, in one direction."""

    def __init__(self, cell: str, model: nn.RNNBase, ending: str = "_l0") -> None:
        self.name, self.reset_after, (torchs, _, kerass) = cell, True, GATES[cell]
        self.go_backwards = ending.endswith("_reverse")  # as that of a Bidirectional does
        ih, hh, b_ih, b_hh = (
            gates(getattr(model, f"{part}{ending}"), kerass, torchs)
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        kernels = (np.ascontiguousarray(matrix.T) for matrix in (ih, hh))  # as they lie in Keras
        self.weights = [*kernels, np.stack([b_ih, b_hh]) if cell == "gru" else b_ih]

    def get_weights(self) -> list[Array]:
        return self.weights


class SimpleRNN(KerasLayer): ...


class GRU(KerasLayer): ...


class LSTM(KerasLayer): ...


class Bidirectional:
    def __init__(self, cell: str, model: nn.RNNBase) -> None:
        self.name = cell
        self.forward_layer, self.backward_layer = KerasLayer(cell, model), KerasLayer(cell, model, "_l0_reverse")


@pytest.mark.parametrize("both", [False, True])
def test_the_lines_for_keras_put_the_gates_in_torchs_order(
    both: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = {cell: module(2, 3, bidirectional=both) for cell, module in MODULES.items()}
    for cell, model in models.items():
        for name, values in model.named_parameters():
            if cell != "gru" and name.startswith("bias_hh"):  # Keras has one bias
                values.data.zero_()
    kinds = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
    layers: list[Any] = [
        Bidirectional(cell, model) if both else kinds[cell](cell, model) for cell, model in models.items()
    ]
    keras: Any = ModuleType("keras")
    keras.layers = SimpleNamespace(SimpleRNN=SimpleRNN, GRU=GRU, LSTM=LSTM, Bidirectional=Bidirectional)
    keras.models = SimpleNamespace(load_model=lambda _: SimpleNamespace(layers=[object(), *layers]))
    check_written(written_by(KERAS, keras, tmp_path, monkeypatch), models)
    assert capsys.readouterr().out == ""
    (layers[1].forward_layer if both else layers[1]).reset_after = False
    written_by(KERAS, keras, tmp_path, monkeypatch)
    assert capsys.readouterr().out == "gru resets before the product: choose reset_gate = before for it\n"
    (layers[2].forward_layer if both else layers[2]).go_backwards = True
    check_written(written_by(KERAS, keras, tmp_path, monkeypatch), models)
    assert capsys.readouterr().out.endswith(f"\nlstm {BACKWARDS}")


class Tied(nn.Module):
    """Its read-out is its embedding, as in many language models: two names of one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn, self.out = nn.Embedding(7, 3), nn.LSTM(3, 3), nn.Linear(3, 7)
        self.out.weight = self.embedding.weight


@every("held", [dict, lambda state: {"epoch": 3, "state_dict": state}, lambda state: {"epoch": 3, **state}])
def test_the_line_for_torch_writes_the_state_dict(
    held: Callable[[dict[str, Any]], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Tied()
    torch.save(held(model.state_dict()), tmp_path / "model.pt")
    written = written_by(TORCH, torch, tmp_path, monkeypatch)
    check_written({name: of for name, of in written.items() if name.startswith("rnn")}, {"rnn": model.rnn})
    assert TORCH.count("\n") == 1


def test_the_line_that_the_page_shows_writes_any_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = Tied()
    (line,) = re.findall(r"```python\n(.+)\n```", sentences("own_network")["prose"])
    exec(compile(line, "page", "exec"), {"model": model})
    written = load_file(tmp_path / "weights.safetensors")
    check_written({name: of for name, of in written.items() if name.startswith("rnn")}, {"rnn": model.rnn})


def test_a_file_without_recurrent_weights_is_refused_in_a_sentence_whatever_their_number() -> None:
    for count, said in {1: "(a0; 1 in all) has", 1200: "(a0, a1, a2, a3, a4; 1,200 in all) has"}.items():
        with pytest.raises(UnreadableFile) as caught:
            recognise({f"a{place}": np.ones((2, 2), np.float32) for place in range(count)})
        assert str(caught.value).startswith(f"No array of the file {said} the name of a recurrent weight")


def test_the_lines_come_with_the_sentence() -> None:
    for name, lines in (("a.h5", KERAS), ("a.onnx", ONNX), ("a.pt", TORCH)):
        with pytest.raises(UnreadableFile) as caught:
            read_weights(b"data", name)
        assert caught.value.lines == lines
