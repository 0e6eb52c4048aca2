"""A reader's own networks that torch.nn lacks: of a model that is probed, and of a file; autograd is the twin."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from rnn_dynamics import probe
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.lru import RING
from rnn_dynamics.engine.given import Errors
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.learning.networks import PLACES, network_of
from rnn_dynamics.learning.networks.input_gated import InputGated, MinGRU
from rnn_dynamics.learning.networks.lru import LRU
from rnn_dynamics.learning.networks.slstm import SLSTM
from rnn_dynamics.own.files import read_weights
from rnn_dynamics.own.recognise import Recognised, recognise
from rnn_dynamics.own.unreadable import UnreadableFile
from tests.every import every
from tests.test_training import states_of

T, N, D, H = 30, 3, 4, 6
#: The shapes of an LRU of eight units.
LRUS = {"weight_ih_l0": (8, D), "bias_ih_l0": (8,)} | {f"{of}_log_l0": (4,) for of in ("nu", "theta", "gamma")}
#: Those whose gates see the input alone, and which have nothing beside W_ih and its bias.
INPUT_GATED = ("mingru", "minlstm")
#: Those without a gate, and what their picture says in its place.
NO_GATE = {
    "lru": "No gate: the same λ keep the state|at every step, whatever is read.",
    "cornn": "No gate: position and velocity|go on by themselves, whatever is read.",
}
cells = every("cell", PLACES)


def states(cell: str) -> int:
    """How many states have a gradient with a norm: h, of the sLSTM c/n, and of the coRNN z."""
    return 2 if cell in ("slstm", "cornn") else 1


def drawn(cell: str) -> nn.Module:
    torch.manual_seed(3)
    module: nn.Module = network_of(cell)(D, H).double()
    for values in module.parameters():
        nn.init.normal_(values)
    return module


def by_autograd(cell: str, module: nn.Module, inputs: Tensor, loss: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """dL/dx_t, dL/dh_t, and dL/dc_t or dL/dz_t where there is one, of steps that the tests' oracle has written out."""
    read = inputs.clone().requires_grad_()
    walked = states_of(cell, dict(module.named_parameters()), read)
    parts = dict(zip(CELLS[cell].components, zip(*walked, strict=True), strict=True))
    told = {name: of for name, of in parts.items() if name not in CELLS[cell].untold}
    loss_found = loss(torch.stack(parts["hidden"]))
    by = {name: torch.autograd.grad(loss_found, of, retain_graph=True) for name, of in told.items()}
    return {"input": torch.autograd.grad(loss_found, read)[0], **{name: torch.stack(of) for name, of in by.items()}}


def log10_norms(gradients: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.log10(np.linalg.norm(gradients.flatten(1).numpy(), axis=1))
    return found


class Model(nn.Module):
    """Such a layer below another; reads its states, or the last one alone."""

    def __init__(self, cell: str, last: bool) -> None:
        super().__init__()
        self.last = last
        self.encoder = nn.ModuleDict({"rnn": drawn(cell)})
        self.above = nn.LSTM(H, 2).double()

    def forward(self, inputs: Tensor) -> Tensor:
        states, end = self.encoder["rnn"](inputs=inputs)
        found: Tensor = (end if self.last else self.above(states)[0]).square().sum()
        return found


@every("last", [True, False])
@cells
def test_probe_reads_a_network_that_torch_lacks(cell: str, last: bool) -> None:
    model, inputs = Model(cell, last), torch.randn(T, N, D, dtype=torch.float64)
    found = probe(model, inputs)
    module = model.encoder["rnn"]
    twin = by_autograd(cell, module, inputs, lambda of: (of[-1] if last else model.above(of)[0]).square().sum())
    layer = found.layers[0]
    assert (layer.name, layer.cell, layer.by) == ("encoder.rnn", cell, "engine")
    for name, gradients in twin.items():
        np.testing.assert_allclose(layer.log10_norms[name], log10_norms(gradients), rtol=0.0, atol=1e-10)
    if not CELLS[cell].state_matrix:  # gates see the input alone
        np.testing.assert_allclose(layer.log10_norms["cell_path"], layer.log10_norms["hidden"], rtol=0.0, atol=1e-12)
    assert found.replays[0].agreement.outputs < 1e-12
    assert found.replays[0].agreement.input_gradient < 1e-10
    assert set(layer.gates) == {*CELLS[cell].gates, CELLS[cell].keeps} - {""}
    assert layer.numbers == N * H * states(cell)
    assert "encoder.rnn" in str(found)


@cells
def test_what_is_drawn_of_it_says_what_keeps_its_state_and_calls_nothing_pytorchs(cell: str) -> None:
    found = probe(Model(cell, last=True), torch.randn(T, N, D, dtype=torch.float64))
    data = found.draw("encoder.rnn").to_dict()["datasets"]
    (whole,), (label,) = data["whole"], [row["text"] for row in data["labels"] if row["name"] == "fresh"]
    assert label.startswith("freshly drawn: ")
    assert (whole["gate"] == "") == (cell in NO_GATE)
    assert whole["no_gate"] == NO_GATE.get(cell, "")


def test_a_fresh_lru_is_drawn_on_the_ring_of_its_paper() -> None:
    replay = probe(Model("lru", last=True), torch.randn(T, N, D, dtype=torch.float64)).replays[0]
    assert replay.fresh is not None
    drawn = replay.fresh.network.parameters
    moduli = np.exp(-np.exp(drawn["nu_log_l0"]))
    assert ((moduli >= RING[0]) & (moduli <= RING[1])).all()
    np.testing.assert_allclose(np.exp(drawn["gamma_log_l0"]) ** 2, 1.0 - moduli**2, rtol=1e-12)


@cells
def test_one_sequence_without_a_batch_is_read_too(cell: str) -> None:
    module, inputs = drawn(cell), torch.randn(T, D, dtype=torch.float64)
    alone, beside = (
        probe(module, read, loss=lambda given: given[1].sum()).layers[0] for read in (inputs, inputs[:, None])
    )
    np.testing.assert_allclose(alone.log10_norms["hidden"], beside.log10_norms["hidden"], rtol=0.0, atol=1e-12)
    assert alone.numbers == H * states(cell)


class Other(MinGRU):
    """Keeps in a way of its own."""

    def _opened(self, *blocks: Tensor) -> tuple[Tensor, Tensor]:
        z, candidate = blocks
        return torch.sigmoid(-z), candidate


class Fixed(InputGated):
    """No cell that the engine has."""

    blocks = 1

    def _opened(self, *blocks: Tensor) -> tuple[Tensor, Tensor]:
        return torch.full_like(blocks[0], 0.5), blocks[0]


class AnotherLRU(LRU):
    """Reads in a way of its own."""

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(inputs.square())


class AnotherSLSTM(SLSTM):
    """Reads in a way of its own."""

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(inputs.square())


class LRULookalike(nn.Linear):
    """Only called so."""


class MinGRULookalike(nn.Linear):
    """Only called so."""


@every("lookalike", [Other, Fixed, AnotherLRU, AnotherSLSTM, LRULookalike, MinGRULookalike])
def test_what_only_looks_like_one_is_refused_by_name(lookalike: Callable[[int, int], nn.Module]) -> None:
    model = nn.Sequential(lookalike(D, H))
    with pytest.raises(ValueError, match=rf"0 is of the class {lookalike.__name__}.*it is not read"):
        probe(model, torch.zeros(T, N, D), loss=lambda given: given[0].sum())


def found_in(module: nn.Module) -> Recognised:
    return recognise(read_weights(save(module.state_dict()), "weights.safetensors"))


@every("cell", [*INPUT_GATED, "lru", "ssm", "cornn"])
def test_an_uploaded_state_dict_is_found_and_gives_autograds_gradients(cell: str) -> None:
    module, inputs = drawn(cell), torch.randn(T, N, D, dtype=torch.float64)
    every_reading = found_in(nn.ModuleDict({"encoder": module, "readout": nn.Linear(H, 1)})).networks
    assert {named.name for named in every_reading} == {"encoder"}
    rows = len(module.state_dict()["bias_ih_l0"])
    fits = {name for name in INPUT_GATED if rows % CELLS[name].blocks == 0} if cell in INPUT_GATED else {cell}
    assert {named.network.cell for named in every_reading} == fits >= {cell}
    named = next(named for named in every_reading if named.network.cell == cell)
    assert (named.network.hidden_size, named.choices, named.looped) == (H, {}, False)
    trace = run_network(named.network, inputs.numpy(), lambda states: Errors(output=np.ones_like(states.output)))
    twin = by_autograd(cell, module, inputs, Tensor.sum)
    np.testing.assert_allclose(trace.input_gradient, twin["input"].numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(trace.layers[0].log10_norms["hidden"], log10_norms(twin["hidden"]), atol=1e-10)


def test_an_array_called_as_that_of_a_selective_ssm_is_of_no_other_module() -> None:
    """A Mamba's A_log has no W_ih beside it, and an LSTM reads none."""
    lstm = {f"rnn.{name}": of.detach().numpy() for name, of in nn.LSTM(D, H).named_parameters()}
    found = recognise({**lstm, "rnn.A_log_l0": np.ones(H), "mixer.A_log": np.ones((H, 16))})
    assert [named.network.cell for named in found.networks] == ["lstm"]
    assert found.others == ("rnn.A_log_l0", "mixer.A_log")


@every(
    ("shapes", "why"),
    [
        ({"weight_ih_l0": (5, D), "bias_ih_l0": (5,)}, "weight_hh_l0 is missing"),
        ({"weight_ih_l0": (8, D)}, "weight_hh_l0 is missing"),
        ({"weight_ih": (8, D), "bias_ih": (8,)}, "weight_hh_l0 is missing"),
        ({"weight_ih_l0": (8, D), "bias_ih_l0": (4,)}, r"bias_ih_l0 has the shape \(4,\)"),
        ({"weight_ih_l0": (8,), "bias_ih_l0": (8,)}, r"weight_ih_l0 has the shape \(8,\)"),
        ({"weight_ih_l0": (0, D), "bias_ih_l0": (0,)}, "weight_hh_l0 is missing"),
        ({"weight_ih_l0": (8, D), "bias_ih_l0": (8,), "nu_log_l0": (4,)}, "weight_hh_l0 is missing"),
        ({"weight_ih_l0": (8, D), "bias_ih_l0": (8,), "A_log_l0": (3,)}, r"A_log_l0 has the shape \(3,\)"),
        ({"weight_ih_l0": (8, D), "A_log_l0": (4,)}, "weight_hh_l0 is missing"),
        (LRUS | {"theta_log_l0": (5,)}, r"theta_log_l0 has the shape \(5,\)"),
        (LRUS | {"weight_ih_l1": (8, 8)}, "bias_ih_l1 is missing"),
    ],
)
def test_weights_that_are_of_none_are_refused_by_name(shapes: dict[str, tuple[int, ...]], why: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        recognise({f"net.{name}": np.ones(shape) for name, shape in shapes.items()})
    said = refused.value.said(sentences("own"))
    assert re.search(why, said), said
