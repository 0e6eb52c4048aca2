"""`probe` on torch's own modules: against a loop over torch's cells in float64, and the model is left as it was."""

import copy
import itertools
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnn_dynamics import probe
from tests.every import every

MODULES: dict[str, Callable[..., Any]] = {"rnn": nn.RNN, "relu": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS: dict[str, Callable[..., Any]] = {
    "rnn": nn.RNNCell,
    "relu": nn.RNNCell,
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
}
torch.set_num_threads(1)  # a second one costs more than it gives at these sizes
T, N, D, H = 7, 3, 4, 5
LENGTHS = (4, 7, 1)
OPTIONS: dict[str, tuple[Any, ...]] = {
    "cell": ("rnn", "relu", "lstm", "gru"),
    "layers": (1, 2, 3),
    "both": (False, True),
    "bias": (True, False),
    "batch_first": (False, True),
    "packed": (False, True),
    "initial": (False, True),
    "loss": ("output", "h_n", "c_n", "all"),
}


@dataclass(frozen=True)
class Case:
    cell: str = "lstm"
    layers: int = 2
    both: bool = True
    bias: bool = True
    batch_first: bool = False
    packed: bool = False
    initial: bool = False
    loss: str = "all"


def pairs(case: dict[str, Any]) -> set[tuple[tuple[str, Any], ...]]:
    return set(itertools.combinations(case.items(), 2))


def cases() -> Iterator[Case]:
    """So few that each two values of two options meet."""
    every_case = [dict(zip(OPTIONS, values, strict=True)) for values in itertools.product(*OPTIONS.values())]
    possible = [case for case in every_case if case["loss"] != "c_n" or case["cell"] == "lstm"]
    left = set().union(*map(pairs, possible))
    while left:
        best = max(possible, key=lambda case: len(pairs(case) & left))
        left -= pairs(best)
        yield Case(**best)


class Model(nn.Module):
    """A module of a case, between two linear ones; gives output (T, N, ·) filled with zeros, h_n and c_n."""

    def __init__(self, case: Case, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.case = case
        self.embed = nn.Linear(D, D, dtype=dtype)
        kind = {"nonlinearity": "relu"} if case.cell == "relu" else {}
        self.rnn = MODULES[case.cell](
            D,
            H,
            case.layers,
            bias=case.bias,
            batch_first=case.batch_first,
            bidirectional=case.both,
            dtype=dtype,
            **kind,
        )
        for weights in self.rnn.parameters():
            nn.init.uniform_(weights, -0.8, 0.8)
        depth = case.layers * (1 + case.both)
        self.initial = [torch.randn(depth, N, H, dtype=dtype) for _ in range(2 if case.cell == "lstm" else 1)]

    def states(self) -> Any:
        if not self.case.initial:
            return None
        return tuple(self.initial) if len(self.initial) == 2 else self.initial[0]

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        read: Any = self.embed(inputs)
        read = read.transpose(0, 1) if self.case.batch_first else read
        if self.case.packed:
            lengths = torch.tensor(LENGTHS)
            read = pack_padded_sequence(read, lengths, self.case.batch_first, enforce_sorted=False)
        output, states = self.rnn(read, hx=self.states()) if self.case.initial else self.rnn(read)
        if self.case.packed:
            output, _ = pad_packed_sequence(output, self.case.batch_first)
        output = output.transpose(0, 1) if self.case.batch_first else output
        return dict(
            zip(("output", "h_n", "c_n"), (output, *(states if isinstance(states, tuple) else (states,))), strict=False)
        )


def loss_of(case: Case) -> Callable[[dict[str, Tensor]], Tensor]:
    def loss(given: dict[str, Tensor]) -> Tensor:
        parts = given if case.loss == "all" else {case.loss: given[case.loss]}
        return torch.stack(
            [(part * torch.linspace(-1, 2, part.numel()).to(part).view_as(part)).sin().sum() for part in parts.values()]
        ).sum()

    return loss


@dataclass
class Twin:
    """The same by torch's cells, a sequence at a time: log10 norms of each layer and direction, and of the inputs."""

    layers: list[dict[str, np.ndarray]]
    inputs: np.ndarray
    loss: float


def twin_of(model: Model, inputs: Tensor) -> Twin:
    case, rnn = model.case, model.rnn
    read = model.embed(inputs).detach().requires_grad_()
    lengths = LENGTHS if case.packed else (T,) * N
    sequences = [read[: lengths[n], n] for n in range(N)]
    kept: list[list[dict[str, list[Tensor]]]] = []
    ends: list[list[Sequence[Tensor]]] = []
    for layer in range(case.layers):
        directions = []
        for reverse in range(1 + case.both):
            cell = cell_of(rnn, case, f"l{layer}{'_reverse' if reverse else ''}")
            start = [part[layer * (1 + case.both) + reverse] * case.initial for part in model.initial]
            walks = [
                walk(cell, sequence, [part[n] for part in start], bool(reverse)) for n, sequence in enumerate(sequences)
            ]
            kept.append([steps for steps, _ in walks])
            ends.append([end for _, end in walks])
            directions.append([torch.cat(steps["hidden"]) for steps, _ in walks])
        sequences = [torch.cat(parts, dim=1) for parts in zip(*directions, strict=True)]
    output = torch.stack([torch.cat([one, one.new_zeros(T - len(one), one.shape[1])]) for one in sequences], dim=1)
    states = [torch.stack([torch.stack([end[i] for end in of]) for of in ends]) for i in range(len(model.initial))]
    loss = loss_of(case)(dict(zip(("output", "h_n", "c_n"), (output, *states), strict=False)))
    loss.backward()  # type: ignore[no-untyped-call]
    layers = [{name: norms([steps[name] for steps in of]) for name in of[0]} for of in kept]
    assert read.grad is not None
    return Twin(layers, log10(read.grad.flatten(1).norm(dim=1)), float(loss.detach()))


def cell_of(rnn: nn.RNNBase, case: Case, suffix: str) -> Any:
    weights = {
        name.removesuffix(f"_{suffix}"): part for name, part in rnn.named_parameters() if name.endswith(f"_{suffix}")
    }
    kind = {"nonlinearity": "relu"} if case.cell == "relu" else {}
    cell = CELLS[case.cell](weights["weight_ih"].shape[1], H, bias=case.bias, dtype=torch.float64, **kind)
    cell.load_state_dict(weights)
    return cell


def walk(
    cell: nn.Module, sequence: Tensor, state: Sequence[Tensor], reverse: bool
) -> tuple[dict[str, list[Tensor]], Sequence[Tensor]]:
    steps: dict[str, list[Tensor]] = {"input": [], "hidden": [], "cell": []}
    state = [part[None] for part in state]  # what a cell makes of a single sequence are copies
    for x in reversed(list(sequence)) if reverse else list(sequence):
        own = x[None].clone()
        after = cell(own, tuple(state) if len(state) == 2 else state[0])
        state = after if isinstance(after, tuple) else (after,)
        for kept, tensor in zip(steps.values(), (own, *state), strict=False):
            tensor.retain_grad()
            kept.append(tensor)
    if reverse:
        steps = {name: kept[::-1] for name, kept in steps.items()}
    return {name: kept for name, kept in steps.items() if kept}, [part[0] for part in state]


def norms(sequences: list[list[Tensor]]) -> np.ndarray:
    """log10 over sequences and features of what arrived at each step."""
    squares = torch.zeros(T, dtype=torch.float64)
    for sequence in sequences:
        for t, step in enumerate(sequence):
            squares[t] += 0.0 if step.grad is None else step.grad.square().sum()
    return log10(squares.sqrt())


def log10(values: Tensor) -> np.ndarray:
    return values.log10().numpy()


@every("case", cases(), parts=2)
def test_every_layer_has_the_gradient_that_torchs_cells_have(case: Case) -> None:
    model, inputs = Model(case), torch.randn(T, N, D, dtype=torch.float64)
    found, twin = probe(model, inputs, loss=loss_of(case)), twin_of(model, inputs)
    assert found.loss == pytest.approx(twin.loss, rel=1e-12)
    assert found.remarks == ()
    assert [(layer.layer, layer.reverse) for layer in found.layers] == [
        (layer, bool(reverse)) for layer in range(case.layers) for reverse in range(1 + case.both)
    ]
    assert {(layer.name, layer.cell, layer.by) for layer in found.layers} == {
        ("rnn", case.cell.replace("relu", "rnn"), "engine")
    }
    np.testing.assert_allclose(found.log10_norms["input"], twin.inputs, rtol=0, atol=1e-10)
    for layer, expected in zip(found.layers, twin.layers, strict=True):
        for name, curve in expected.items():
            np.testing.assert_allclose(layer.log10_norms[name], curve, rtol=0, atol=1e-10, err_msg=name)
    assert max(found.agreement) < 1e-10


@every("dtype, limit", [(torch.float32, 1e-5), (torch.bfloat16, 0.1), (torch.float16, 0.02)])
def test_other_formats_are_replayed_in_float64_from_the_very_weights(dtype: torch.dtype, limit: float) -> None:
    case = Case()
    model, inputs = Model(case, dtype), torch.randn(T, N, D, dtype=dtype)
    found, exact = (
        probe(model, inputs, loss=loss_of(case)),
        probe(copy.deepcopy(model).double(), inputs.double(), loss=loss_of(case)),
    )
    assert 0.0 < found.agreement.outputs < limit
    assert 0.0 < found.agreement.input_gradient < limit
    np.testing.assert_allclose(found.log10_norms["input"], exact.log10_norms["input"], rtol=0, atol=limit)


def test_what_autocast_rounds_is_no_disagreement() -> None:
    model = nn.Sequential(nn.GRU(D, H), Last())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = probe(model, X.float(), loss=squares)
    assert 1e-5 < found.agreement.outputs < 0.05
    assert found.remarks == ()


def test_a_replay_that_differs_from_the_model_says_so() -> None:
    def change(module: nn.LSTM, *_: Any) -> None:
        module.all_weights[0][1].data.mul_(1.5)

    rnn = lstm()
    rnn.register_forward_hook(change)
    (remark,) = probe(rnn, X, loss=lambda given: given[0].sum()).remarks
    assert "more than rounding explains" in remark


@every("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_what_chaos_makes_of_rounding_is_told_and_blamed_on_nothing_else(kind: Any) -> None:
    torch.manual_seed(0)
    rnn = kind(5, 32)
    with torch.no_grad():
        rnn.weight_hh_l0.mul_(20)
    read = torch.randn(200, 4, 5)
    found = probe(rnn, read, loss=lambda given: squares(given[0][-1]))
    assert found.agreement.outputs > 0.1
    (remark,) = found.remarks
    assert "as float32 makes them at each step, grow in" in remark
    assert probe(kind(5, 32), read, loss=lambda given: squares(given[0][-1])).remarks == ()


@every("options", [{}, {"proj_size": 2}])
def test_a_gradient_that_comes_back_by_another_way_is_told(options: Any) -> None:
    class Penalty(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(8)
            self.rnn = lstm(D, H, **options)

        def forward(self, x: Tensor) -> Tensor:
            read = x.clone().requires_grad_()
            plain = squares(self.rnn(read)[0])
            (slope,) = torch.autograd.grad(plain, read, create_graph=True)
            return plain + 100.0 * squares(slope)

    found = probe(Penalty(), X)
    assert found.agreement.outputs < 1e-12
    assert found.agreement.input_gradient > 1e-5
    assert "as one with a gradient penalty does" in found.remarks[-1]


def test_what_autograd_loses_is_still_there() -> None:
    torch.manual_seed(0)
    rnn = nn.RNN(2, 8)
    with torch.no_grad():
        rnn.all_weights[0][1].mul_(0.1)
    found = probe(rnn, torch.randn(120, 2, 2), loss=lambda given: given[0][-1].square().sum())
    exact = probe(rnn.double(), torch.randn(120, 2, 2).double(), loss=lambda given: given[0][-1].square().sum())
    curve = found.log10_norms["input"]
    assert curve[0] < -100
    assert np.isfinite(curve).all()
    assert exact.log10_norms["input"][0] == pytest.approx(curve[0], abs=5)  # of other inputs
    assert found.agreement.input_gradient < 1e-4


@every("loss", ["output", "h_n"])
@every("batch_first", [False, True])
def test_a_single_sequence_without_a_batch_is_a_batch_of_one(loss: str, batch_first: bool) -> None:
    torch.manual_seed(2)
    gru = nn.GRU(D, H, 2, bidirectional=True, batch_first=batch_first, dtype=torch.float64)
    x, h = torch.randn(T, D, dtype=torch.float64), torch.randn(4, H, dtype=torch.float64)
    of = {"output": lambda given: given[0].sin().sum(), "h_n": lambda given: given[1].sin().sum()}[loss]
    alone = probe(gru, x, h, loss=of)
    batch = probe(gru, x.unsqueeze(0 if batch_first else 1), h[:, None], loss=of)
    for one, other in zip(alone.layers, batch.layers, strict=True):
        np.testing.assert_allclose(one.log10_norms["hidden"], other.log10_norms["hidden"], rtol=0, atol=1e-12)
    assert max(alone.agreement) < 1e-12


@every("batch_first", [False, True])
def test_a_batch_that_is_sorted_already_is_read_in_its_order(batch_first: bool) -> None:
    torch.manual_seed(12)
    gru, x = nn.GRU(D, H, batch_first=batch_first, dtype=torch.float64), X.transpose(0, 1) if batch_first else X
    packs = [pack_padded_sequence(x, torch.tensor((7, 4, 1)), batch_first, enforce_sorted=of) for of in (True, False)]
    one, other = (probe(gru, pack, loss=lambda given: given[0].data.sin().sum()) for pack in packs)
    np.testing.assert_allclose(one.log10_norms["input"], other.log10_norms["input"], rtol=0, atol=1e-12)
    assert one.replays[0].lengths == other.replays[0].lengths == (7, 4, 1)
    assert max(one.agreement) < 1e-12


class Last(nn.Module):
    def forward(self, given: Any) -> Tensor:
        output: Tensor = given[0]
        return output[-1]


def squares(output: Tensor) -> Tensor:
    return output.square().mean()


X = torch.linspace(-1, 1, T * N * D, dtype=torch.float64).sin().reshape(T, N, D)


def lstm(*sizes: int, **options: Any) -> nn.LSTM:
    torch.manual_seed(3)
    return nn.LSTM(*(sizes or (D, H)), dtype=torch.float64, **options)


def linear(read: int, given: int) -> nn.Linear:
    torch.manual_seed(4)
    return nn.Linear(read, given, dtype=torch.float64)


def test_modules_are_named_as_in_the_model_and_each_call_by_its_number() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.ModuleDict({"rnn": lstm(D, D)})
            self.decoder = self.encoder["rnn"]
            self.head = nn.Sequential(lstm(D, H), Last(), linear(H, 1))

        def forward(self, x: Tensor) -> tuple[Tensor, str]:
            once, _ = self.encoder["rnn"](x)
            again, _ = self.decoder(once.flip(0))
            return self.head(again), "and something else"

    found = probe(Twice(), X, loss=lambda given: squares(given[0]))
    assert [replay.name for replay in found.replays] == ["encoder.rnn", "encoder.rnn, call 2", "head.0"]
    assert found.remarks == ("decoder is the same module as encoder.rnn, and its calls are counted there.",)
    assert max(found.agreement) < 1e-12


def test_a_model_that_is_a_module_itself_is_named_by_its_kind() -> None:
    assert [layer.name for layer in probe(lstm(), X, loss=lambda given: given[1][1].sum()).layers] == ["LSTM"]


def test_the_gradient_of_the_inputs_is_that_of_this_reader_alone() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = lstm(D, D)

        def forward(self, x: Tensor) -> Any:
            output, _ = self.rnn(x)
            kept = output + x
            output.mul_(0.0)  # what the module gave is overwritten
            return (kept * 3.0).square().sum() + output.sum()

    assert max(probe(Residual(), X.clone().requires_grad_()).agreement) < 1e-12


@every("how", ["whole", "part", "in place"])
def test_what_is_compiled_is_run_as_it_was_written(how: str) -> None:
    model = nn.Sequential(lstm(), Last())
    plain = probe(model, X, loss=squares)
    compiled: Any = model
    if how == "whole":
        compiled = torch.compile(model, backend="eager")
    elif how == "in place":
        model.compile(backend="eager")
    else:
        encoder: Any = torch.compile(model[0], backend="eager")
        compiled = nn.Sequential(encoder, model[1])
    found = probe(compiled, X, loss=squares)
    assert [layer.name for layer in found.layers] == ["0"]
    np.testing.assert_array_equal(found.log10_norms["input"], plain.log10_norms["input"])


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm:FutureWarning")
def test_weights_are_those_that_the_call_has_used() -> None:
    model = nn.Sequential(torch.nn.utils.weight_norm(lstm(), "weight_hh_l0"), Last())
    with torch.no_grad():
        dict(model.named_parameters())["0.weight_hh_l0_g"].mul_(3.0)
    found = probe(model, X, loss=squares)
    assert max(found.agreement) < 1e-12


@every("kind", ["rnn", "lstm", "gru"])
def test_the_steps_of_a_cell_are_autograds_and_said_to_be_so(kind: str) -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(5)
            self.cell = CELLS[kind](D, H, dtype=torch.float64)

        def forward(self, x: Tensor) -> Tensor:
            state, total = None, x.new_zeros(())
            for step in x:
                state = self.cell(step, state)
                total = total + (state[0] if kind == "lstm" else state).sin().sum()
            return total

    model = Loop()
    fused = MODULES[kind](D, H, dtype=torch.float64)
    fused.load_state_dict({f"{name}_l0": values for name, values in model.cell.state_dict().items()})
    found = probe(model, X)
    whole = probe(fused, X, loss=lambda given: given[0].sin().sum())
    (layer,), (expected,) = found.layers, whole.layers
    assert (layer.name, layer.cell, layer.by) == ("cell", kind, "autograd")
    assert layer.log10_floor == pytest.approx(-307.65, abs=0.01)
    assert "called step by step, 7 times" in found.remarks[0]
    for name, curve in layer.log10_norms.items():
        np.testing.assert_allclose(curve, expected.log10_norms[name], rtol=0, atol=1e-10)


@every("kind", ["cell", "module"])
def test_two_sequences_in_turn_are_two_and_so_are_two_that_go_on_from_one_state(kind: str) -> None:
    class InTurn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(11)
            self.rnn = nn.GRUCell(D, H) if kind == "cell" else nn.GRU(D, H)

        def step(self, x: Tensor, state: Tensor | None) -> Any:
            return self.rnn(x, state) if kind == "cell" else self.rnn(x[None], state)[1]

        def forward(self, x: Tensor) -> Any:
            start = self.step(x[0], None)
            one, other = start, start
            for step in x[1:]:
                one, other = self.step(step, one), self.step(-step, other)
            return one.sum() + other.square().sum()

    found = probe(InTurn(), X.float())
    assert [len(layer.log10_norms["hidden"]) for layer in found.layers] == [T, T - 1]
    assert [replay.name for replay in found.replays] == [
        "rnn" if kind == "cell" else "rnn, calls 1 to 12",
        "rnn, calls 3 to 13",
    ]


def test_what_is_said_of_a_loop_is_said_once() -> None:
    class Faint(Linear):
        def forward(self, x: Tensor) -> Any:
            return super().forward(x) * 1e-37

    found = probe(Faint("gru", looped=True).float(), LONG.float())
    said, faded = found.remarks
    assert said.startswith("rnn is called step by step, 40 times")
    assert "where float32 loses digits" in faded


def test_a_cell_that_starts_anew_reads_another_sequence() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(D, H)

        def forward(self, x: Tensor) -> Tensor:
            ends = []
            for length in (5, 7):
                state = torch.zeros(N, H)
                for step in x[:length]:
                    state = self.cell(step, state)
                ends.append(state.sum())
            return ends[0] * ends[1]

    found = probe(Twice(), X.float())
    assert [(layer.name, len(layer.log10_norms["input"])) for layer in found.layers] == [
        ("cell", 5),
        ("cell, calls 6 to 12", 7),
    ]
    assert found.layers[0].log10_floor == pytest.approx(-37.93, abs=0.01)
    assert "10^-44.9" in found.remarks[0]


@every("masked", [False, True])
def test_a_cell_that_begins_with_an_encoders_state_reads_another_sequence(masked: bool) -> None:
    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.cell = lstm(D, H), nn.LSTMCell(D, H, dtype=torch.float64)

        def forward(self, x: Tensor) -> Tensor:
            ends: list[Tensor] = []
            for state in (self.encoder(x)[1], self.encoder(x[2:])[1]):
                h, c = (part[0] for part in state)
                for step in x:
                    new_h, c = self.cell(step, (h, c))
                    h = torch.where(step[:, :1] > 0, new_h, h) if masked else new_h
                ends.append(h.sum())
            return ends[0] * ends[1]

    found = probe(Decoder(), X)
    assert [(layer.name, len(layer.log10_norms["input"])) for layer in found.layers if "cell" in layer.name] == [
        ("cell", 7),
        ("cell, calls 8 to 14", 7),
    ]


@every("kind", ["lstm", "gru"])
def test_calls_that_go_on_where_the_last_one_ended_are_one_sequence(kind: str) -> None:
    class StepByStep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(6)
            self.decoder = MODULES[kind](D, H, 2, dtype=torch.float64)

        def forward(self, x: Tensor) -> Tensor:
            state, total = None, x.new_zeros(())
            for t in range(len(x)):
                output, state = self.decoder(x[t : t + 1], state)
                total = total + output.sin().sum()
            return total

    model = StepByStep()
    found = probe(model, X)
    whole = probe(model.decoder, X, loss=lambda given: given[0].sin().sum())
    assert [layer.name for layer in found.layers] == ["decoder, calls 1 to 7"] * 2
    assert {layer.by for layer in found.layers} == {"autograd"}
    assert "go on from each other, 7 times" in found.remarks[0]
    for layer, expected in zip(found.layers, whole.layers, strict=True):
        assert "cell_path" not in layer.log10_norms
        for name in layer.log10_norms:
            np.testing.assert_allclose(layer.log10_norms[name], expected.log10_norms[name], rtol=0, atol=1e-10)


@every("packed", [False, True])
@every("options", [{"dropout": 0.5}, {"proj_size": 2}, {"dropout": 0.3, "proj_size": 2}])
def test_what_the_engine_does_not_speak_of_is_a_copy_with_the_very_same_choices(options: Any, packed: bool) -> None:
    rnn = lstm(D, H, 3, bidirectional=True, **options)
    read: Any = pack_padded_sequence(X, torch.tensor(LENGTHS), enforce_sorted=False) if packed else X
    found = probe(rnn, read, loss=lambda given: (given[0].data if packed else given[0]).sin().sum() + given[1][0].sum())
    assert max(found.agreement) < 1e-12
    assert [layer.by for layer in found.layers] == ["autograd"] * 6
    assert len(found.remarks) == 1
    assert ("drops states" in found.remarks[0]) == ("dropout" in options)
    behind = np.arange(T)[:, None, None] >= np.array(LENGTHS if packed else (T,) * N)[:, None]
    for layer in found.layers:
        np.testing.assert_array_equal(np.isnan(layer.gates["f"]), np.broadcast_to(behind, (T, N, H)))


@every("step_by_step", [False, True])
def test_dropout_that_cannot_be_drawn_again_says_nothing_of_layers(
    monkeypatch: pytest.MonkeyPatch, step_by_step: bool
) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = lstm(D, H, 2, dropout=0.5)

        def forward(self, x: Tensor) -> Tensor:
            state, total = None, x.new_zeros(())
            for part in torch.chunk(x, T if step_by_step else 1):
                output, state = self.rnn(part, state)
                total = total + output.sum()
            return total

    torch.manual_seed(10)
    exact = probe(Model(), X)
    torch.manual_seed(10)
    other = torch.Generator().manual_seed(99).get_state()
    with monkeypatch.context() as wrong:
        wrong.setattr(torch, "get_rng_state", lambda: other)
        found = probe(Model(), X)
    assert (found.layers, found.verdict, found.advice, len(found.table())) == ((), (), {}, 0)
    assert any("cannot be drawn again here" in remark for remark in found.remarks)
    np.testing.assert_allclose(found.log10_norms["input"], exact.log10_norms["input"], rtol=0, atol=1e-10)
    assert all(map(np.isnan, found.agreement))


def test_dropout_out_of_training_mode_drops_nothing() -> None:
    rnn = lstm(D, H, 2, dropout=0.5).eval()
    assert {layer.by for layer in probe(rnn, X, loss=lambda given: given[0].sum()).layers} == {"engine"}


class Stateful(nn.Module):
    """A model with all that a pass may change."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.norm = nn.BatchNorm1d(D)
        self.rnn = nn.GRU(D, H, 2, dropout=0.4)
        self.dropout = nn.Dropout(0.5)
        self.frozen = nn.Linear(H, 1).requires_grad_(False)
        self.hidden: Tensor | None = None
        self.seen: list[int] = []
        self.written_over, self.cache = torch.zeros(H), {"steps": torch.zeros(1)}
        self.fails = False

    def forward(self, x: Tensor) -> Tensor:
        output, hidden = self.rnn(self.norm(x.flatten(0, 1)).view_as(x))
        self.hidden = hidden.detach()
        self.seen.append(len(x))
        self.written_over.copy_(hidden.detach()[0, 0])
        self.cache["steps"] += len(x)
        random.random(), np.random.rand()  # as teacher forcing does
        if self.fails:
            raise RuntimeError("as models do")
        found: Tensor = self.frozen(self.dropout(output[-1])).square().mean()
        return found


def known(model: nn.Module) -> dict[str, Any]:
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        "values": {name: tensor.detach().clone() for name, tensor in tensors.items()},
        "grads": {name: None if tensor.grad is None else tensor.grad.clone() for name, tensor in tensors.items()},
        "open": {name: tensor.requires_grad for name, tensor in tensors.items()},
        "modes": [module.training for module in model.modules()],
        "hooks": [(len(module._forward_hooks), len(module._forward_pre_hooks)) for module in model.modules()],
        "names": [sorted(vars(module)) for module in model.modules()],
        "random": torch.get_rng_state(),
    }


def elsewhere() -> tuple[Any, ...]:
    """What NumPy and Python draw next."""
    kind, keys, *rest = np.random.get_state()
    return random.getstate(), kind, tuple(keys), *rest


@every("fails", [False, True])
def test_the_model_is_left_as_it_was(fails: bool) -> None:
    model, x = Stateful(), X.float()
    model(x).backward()
    model.seen, model.fails, model.norm.training = [1], fails, True
    heard: list[int] = []
    handle = model.rnn.register_forward_hook(lambda *_: heard.append(1))
    before, hidden, read, drawn = known(model), model.hidden, x.clone(), elsewhere()
    kept, cached = model.written_over.clone(), model.cache["steps"].clone()
    if fails:
        with pytest.raises(RuntimeError, match="as models do"):
            probe(model, x)
    else:
        probe(model, x)
    after = known(model)
    assert after.pop("names") == before.pop("names")
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert model.hidden is hidden
    assert (model.seen, heard) == ([1], [1])
    assert elsewhere() == drawn
    assert torch.equal(model.written_over, kept)
    assert torch.equal(model.cache["steps"], cached)
    assert not x.requires_grad
    assert torch.equal(x, read)
    handle.remove()
    model.fails = False
    model(x)
    assert heard == [1]


def test_what_a_graph_still_needs_and_what_nobody_can_write_to_is_left_alone() -> None:
    model = nn.Sequential(lstm(D, H), Last())
    kept: Tensor = model(X).exp()
    model.kept = kept
    model.wide, model.sparse = torch.ones(1).expand(3), torch.eye(2).to_sparse()
    model.register_buffer("places", torch.ones(1).expand(3))
    probe(model, X, loss=squares)
    torch.autograd.backward(kept.sum())
    assert all(weights.grad is not None for weights in model.parameters())


def test_a_gradient_that_leaves_the_models_format_is_followed_on() -> None:
    torch.manual_seed(8)
    rnn = nn.RNN(D, 32, nonlinearity="relu", bias=False)
    with torch.no_grad():
        rnn.all_weights[0][1].copy_(2.0 * torch.eye(32).roll(1, 0))
    read = torch.randn(150, N, D) * 1e-30
    found = probe(rnn, read, loss=lambda given: given[0][-1].sum())
    assert found.log10_norms["input"][0] > 44  # float32 ends at 10^38.5
    assert found.agreement.input_gradient < 1e-5


def test_inputs_are_not_touched_and_frozen_models_are_read() -> None:
    model = nn.Sequential(lstm(), Last()).requires_grad_(False)
    assert max(probe(model, X, loss=squares).agreement) < 1e-12
    assert not X.requires_grad


@every("options", [{}, {"proj_size": 2}])
@every("guard", [torch.no_grad, torch.inference_mode])
def test_it_reads_within_no_grad_and_inference_mode_of_the_caller(guard: Callable[[], Any], options: Any) -> None:
    model = nn.Sequential(lstm(D, H, **options), Last())
    expected = probe(model, X, loss=squares).log10_norms["input"]
    with guard():
        np.testing.assert_array_equal(probe(model, X.clone(), loss=squares).log10_norms["input"], expected)


def test_a_module_that_the_loss_does_not_depend_on_is_remarked_not_drawn() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c, self.d = lstm(), lstm(), lstm(), lstm()
            self.own = Own(D, H)

        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                self.c(x)
            self.b(x)
            return squares(self.a(x)[0])

    class Own(nn.LSTM):
        def forward(self, *read: Any) -> Any:
            return super().forward(*read)

    found = probe(Two(), X)
    assert [layer.name for layer in found.layers] == ["a"]
    assert found.remarks == (
        "own is of the class Own, with a forward of its own: it is not read.",
        "The loss does not depend on what b gave: no gradient comes back to it.",
        "d is never called: nothing is known of its gradient.",
        "c runs where gradients are out of reach (no_grad, inference_mode, torch.func, or checkpoint with "
        "use_reentrant=True): there it is not read.",
    )


class Closed(nn.Module):
    def __init__(self, guard: Callable[[], Any]) -> None:
        super().__init__()
        self.rnn, self.guard = lstm(), guard

    def forward(self, x: Tensor) -> Any:
        with self.guard():
            output = self.rnn(x)[0]
        return output.clone()


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = lstm()

    def forward(self, x: Tensor) -> Tensor:
        return x * x.clone().requires_grad_()


class Detached(Unused):
    def forward(self, x: Tensor) -> Any:
        return self.rnn(x)[0].detach() * x[..., :1].clone().requires_grad_()


class Copied(Unused):
    """Calls a copy of its module, as nn.DataParallel does on two devices and more."""

    def forward(self, x: Tensor) -> Any:
        replica: nn.Module = self.rnn._replicate_for_data_parallel()  # type: ignore[no-untyped-call]
        return replica(x)[0]


def broken(name: str, value: float) -> nn.Module:
    rnn = lstm()
    with torch.no_grad():
        getattr(rnn, name).view(-1)[0] = value
    return nn.Sequential(rnn, Last())


@every(
    ("model", "inputs", "loss", "sentence"),
    [
        (linear(D, 1), X, squares, "Linear has no nn.RNN, nn.LSTM, nn.GRU or cell of these"),
        (nn.Sequential(lstm(), Last()), X, None, r"the loss has the shape \(3, 5\) .* single number"),
        (nn.Sequential(lstm(), Last()), X, lambda out: out.sum().item(), "the loss is of the type float; .* tensor"),
        (nn.Sequential(lstm(), Last()), X, lambda out: out.argmax(), "the loss has the shape .*int64"),
        (nn.Sequential(lstm(), Last()), X, lambda out: out.sum() / 0, "the loss is -?inf"),
        (lstm(), X, None, "of the type tuple, has no loss; say loss=lambda output"),
        (nn.Sequential(lstm(), Last()), X, lambda out: out.detach().sum(), "the loss does not depend on what 0 gave"),
        (Detached(), X, squares, "the loss does not depend on what rnn gave"),
        (Unused(), X, squares, "the model never calls rnn"),
        (Closed(torch.no_grad), X, squares, r"no gradient comes back to rnn; .* \(no_grad, .* around rnn"),
        (
            Closed(torch.inference_mode),
            X,
            squares,
            r"no gradient comes back to rnn; .* out of reach \(no_grad, .* around rnn",
        ),
        (broken("weight_hh_l0", torch.nan), X, lambda out: squares(out.nan_to_num()), "0: weight_hh_l0 .* not finite"),
        (broken("bias_ih_l0", torch.inf), X, lambda out: squares(out.nan_to_num()), "0: bias_ih_l0 .* not finite"),
        (
            nn.Sequential(lstm(), Last()),
            X * torch.inf,
            lambda out: squares(out.nan_to_num()),
            "0: what it reads .* not",
        ),
        (broken("weight_hh_l0", torch.nan), X, squares, "the loss is nan"),
        (nn.Sequential(lstm(), Last()), X, lambda out: out.mul(0).sqrt().sum(), "0: the gradient of output"),
        (lstm(), X, X.sum(), "loss, of the type Tensor, is no function"),
        (squares, X, None, "model, of the type function, is no torch.nn.Module"),
        (nn.Sequential(lstm(), Last(), nn.LazyLinear(1)), X, squares, "call it once before"),
        (nn.GRU(D, H, device="meta"), X, squares, "without values, on the device meta"),
        (Copied(), X, squares, r"calls copies of rnn, .* give the model that it holds, model\.module"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_sentence(model: Any, inputs: Tensor, loss: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        probe(model, inputs, loss=loss)
    assert "\n" not in str(refused.value)


class ByHandGRU(nn.Module):
    """Recurrent by itself, with a cell in it."""

    def __init__(self) -> None:
        super().__init__()
        self.cell_of_an_rnn = nn.Linear(H, H, dtype=torch.float64)

    def forward(self, read: tuple[Tensor, Any]) -> Tensor:
        states, _ = read
        state = states[0]
        for step in states:
            state = torch.tanh(step + self.cell_of_an_rnn(state))
        return state


def test_what_is_recurrent_in_a_way_of_its_own_is_named_beside_what_is_read() -> None:
    (remark,) = probe(nn.Sequential(lstm(), nn.Sequential(ByHandGRU())), X, loss=squares).remarks
    assert remark == "1.0 is of the class ByHandGRU, by its name recurrent in a way of its own: it is not read."
    with pytest.raises(ValueError, match=r"could be read. The model is of the class ByHandGRU, by its name"):
        probe(ByHandGRU(), (X, None), loss=squares)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_model_of_torchscript_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="compiled by TorchScript"):
        probe(torch.jit.trace(lstm(), X), X, loss=squares)  # type: ignore[no-untyped-call]


def test_a_models_own_loss_needs_no_other() -> None:
    class Output:
        def __init__(self, loss: Tensor) -> None:
            self.loss = loss

    class WithLoss(Unused):
        def forward(self, x: Tensor, *, scale: float = 1.0) -> Any:
            return Output(scale * squares(self.rnn(x)[0]))

    once, twice = probe(WithLoss(), X), probe(WithLoss(), X, scale=2.0)
    assert twice.loss == pytest.approx(2.0 * once.loss)
    np.testing.assert_allclose(twice.log10_norms["input"] - once.log10_norms["input"], np.log10(2.0), atol=1e-12)


def test_the_table_is_tidy() -> None:
    table = probe(lstm(D, H, 2, bidirectional=True), X, loss=lambda given: squares(given[0][-1])).table()
    assert len(table) == 4 * 4 * T
    assert not table.duplicated(["name", "layer", "direction", "quantity", "step"]).any()
    last = table[(table.quantity == "hidden") & (table.layer == 1) & (table.lag == 0)].set_index("direction").step
    assert (last["forward"], last["reverse"]) == (T, 1)


class Linear(nn.Module):
    """A loss that says the same of any states, so that errors stay when weights change."""

    def __init__(self, cell: str, looped: bool = False) -> None:
        super().__init__()
        torch.manual_seed(9)
        self.rnn = (CELLS if looped else MODULES)[cell](D, H, dtype=torch.float64)
        self.looped = looped

    def forward(self, x: Tensor) -> Any:
        if not self.looped:
            return (self.rnn(x)[0][-1] * torch.arange(H)).sum()
        state = None
        for step in x:
            state = self.rnn(step, state)
        last = state[0] if isinstance(state, tuple) else state
        assert last is not None
        return (last * torch.arange(H)).sum()


LONG = torch.linspace(-3, 3, 40 * N * D, dtype=torch.float64).cos().reshape(40, N, D)


class OfAnyLength(nn.Module):
    """States of each sequence at its own end, found in one of the ways in which people find them."""

    LENGTHS = torch.linspace(60, 5, 8).long()

    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(4)
        looped, dropout = way in ("loop", "shrinking"), 0.3 * (way == "dropout")
        self.way, self.rnn = way, nn.GRUCell(D, 16) if looped else nn.GRU(D, 16, 1 + bool(dropout), dropout=dropout)
        self.double()

    def forward(self, x: Tensor) -> Any:
        ends = self.LENGTHS
        if isinstance(self.rnn, nn.GRU):
            if self.way != "padded":
                return self.rnn(pack_padded_sequence(x, ends))[1][-1]
            return self.rnn(x)[0][ends - 1, torch.arange(len(ends))]
        state, done = torch.zeros(len(ends), 16, dtype=torch.float64), []
        states = []
        for at, step in enumerate(x):
            there = int((ends > at).sum()) if self.way == "shrinking" else len(ends)
            done.append(state[there:])
            state = self.rnn(step[:there], state[:there])
            states.append(state)
        if self.way == "shrinking":
            return torch.cat([*done, state])
        return torch.stack(states)[ends - 1, torch.arange(len(ends))]


@every("way", ["packed", "padded", "dropout", "loop", "shrinking"])
def test_sequences_of_different_lengths_are_followed_each_from_its_own_end(way: str) -> None:
    read = torch.linspace(-3, 3, 60 * 8 * D, dtype=torch.float64).cos().reshape(60, 8, D)
    found = probe(OfAnyLength(way), read, loss=squares)
    last = found.verdict[-1]
    model = OfAnyLength(way)
    model.LENGTHS = torch.full((8,), 60)
    alike = probe(model, read, loss=squares).verdict[-1]
    assert last.verdict.outcome == alike.verdict.outcome == "vanishes"
    assert last.verdict.log10_factor == pytest.approx(alike.verdict.log10_factor, abs=0.03)
    assert last.verdict.horizon == pytest.approx(alike.verdict.horizon, abs=3)
    assert found.layers[-1].log10_norms["hidden"][0] > -6.0, "which hides it: a short sequence has its end there"


@every("cell", ["rnn", "lstm", "gru"])
def test_a_suggestion_gives_what_it_says_when_it_is_followed(cell: str) -> None:
    model = Linear(cell)
    found = probe(model, LONG)
    assert [finding.verdict.outcome for finding in found.verdict] == ["vanishes"]
    scale = next(tried for tried in found.advice["rnn"] if tried.kind == "scale")
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(scale.value)
    (followed,) = probe(model, LONG).verdict
    assert followed.verdict.log10_factor == pytest.approx(scale.after[0].log10_factor, abs=1e-9)


@every("cell", ["rnn", "lstm", "gru"])
def test_a_loop_of_cells_has_the_verdict_of_the_module_that_does_the_same(cell: str) -> None:
    whole, loop = Linear(cell), Linear(cell, looped=True)
    loop.rnn.load_state_dict({name.removesuffix("_l0"): of for name, of in whole.rnn.state_dict().items()})
    (expected,), found = probe(whole, LONG).verdict, probe(loop, LONG)
    (verdict,) = found.verdict
    assert verdict.verdict.outcome == expected.verdict.outcome
    assert verdict.verdict.log10_factor == pytest.approx(expected.verdict.log10_factor, abs=1e-9)
    assert verdict.keeps == pytest.approx(expected.keeps, nan_ok=True)
    assert verdict.travelled == expected.travelled
    assert verdict.spectral_radius == pytest.approx(expected.spectral_radius)
    assert [one.zero for one in verdict.formats] == [one.zero for one in expected.formats]
    assert found.advice == {}


@every("loss_at", ["output", "h_n"])
@every("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_copy_follows_the_last_error_alone_as_the_engine_does(kind: Any, loss_at: str) -> None:
    torch.manual_seed(5)
    nothing_dropped = kind(D, 6, 2, bidirectional=True, dropout=1e-300, dtype=torch.float64)
    packed = pack_padded_sequence(LONG, torch.tensor([40, 22, 9]))

    def loss(given: Any) -> Tensor:
        output, ends = given
        return squares(pad_packed_sequence(output)[0] if loss_at == "output" else ends[0] if kind is nn.LSTM else ends)

    by_copy = probe(nothing_dropped, packed, loss=loss)
    by_engine = probe(nothing_dropped.eval(), packed, loss=loss)
    assert {layer.by for layer in by_copy.layers} == {"autograd"}
    assert "last error alone" in by_copy.remarks[0]
    for ours, theirs in zip(by_copy.verdict, by_engine.verdict, strict=True):
        assert ours.verdict.outcome == theirs.verdict.outcome
        assert ours.verdict.horizon == theirs.verdict.horizon
        assert ours.verdict.log10_factor == pytest.approx(theirs.verdict.log10_factor, abs=1e-9)
        assert ours.travelled == theirs.travelled


def test_a_projected_state_is_multiplied_by_both_matrices() -> None:
    rnn = lstm(D, H, proj_size=2)
    (verdict,) = probe(rnn, X, loss=lambda given: given[0].sum()).verdict
    _, weight_hh, *_, weight_hr = (of.detach().numpy() for of in rnn.parameters())
    assert verdict.spectral_radius == pytest.approx(
        np.abs(np.linalg.eigvals(weight_hh[2 * H : 3 * H] @ weight_hr)).max()
    )


def test_a_notebook_and_a_terminal_are_told_verdict_advice_and_remarks() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleDict({"a<b>": lstm(D, H, 2), "unused": lstm()})

        def forward(self, x: Tensor) -> Tensor:
            self.parts["unused"](x)
            return squares(self.parts["a<b>"](x)[0][-1])

    found = probe(Odd(), LONG)
    text, shown = str(found), found._repr_html_()
    assert "parts.a<b>: LSTM, layer 2: the gradient vanishes" in text
    assert "The loss does not depend on what parts.unused gave" in text
    assert shown.count("<th colspan") == 2
    assert "parts.a&lt;b&gt;" in shown
    assert "a<b>" not in shown
    for tried in found.advice["parts.a<b>"]:
        assert f"{tried.value:g}" in text or tried.kind == "orthogonal"


def test_the_library_does_not_load_torch_for_it() -> None:
    code = "import sys; from rnn_dynamics import probe; assert 'torch' not in sys.modules and callable(probe)"
    subprocess.run([sys.executable, "-c", code], check=True)
