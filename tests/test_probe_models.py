"""`probe` on models that do more than call their modules: checkpoints, parametrisations, training within a call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

from rnn_dynamics import probe
from tests.every import every
from tests.test_probe import CELLS, LENGTHS, MODULES, D, H, N, T, X, known, linear, log10, lstm, squares

KINDS = ("rnn", "lstm", "gru")


def of_kind(kind: str, *sizes: int, **options: Any) -> Any:
    torch.manual_seed(3)
    return MODULES[kind](*(sizes or (D, H)), dtype=torch.float64, **options)


def of_inputs(model: nn.Module) -> np.ndarray:
    """log10 of the norm of dL/dx_t by autograd, of the mean square of what a model gives."""
    read = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(squares(model(read)), read)
    return log10(gradient.flatten(1).norm(dim=1))


@contextmanager
def left_alone(model: nn.Module) -> Iterator[None]:
    """Within, nothing of a model may change for good."""
    before = known(model)
    yield
    after = known(model)
    assert after.pop("names") == before.pop("names")
    torch.testing.assert_close(after, before, rtol=0, atol=0)


class Checkpointed(nn.Module):
    """Layers or a loop over a cell, and a read-out; what a part of it computes is not kept, but computed once more."""

    def __init__(self, kind: str, part: str, *, reentrant: bool = False) -> None:
        super().__init__()
        self.rnn, self.head = of_kind(kind, D, H, 2, bidirectional=True), linear(2 * H, 3)
        self.cell = CELLS[kind](3, 3, dtype=torch.float64)
        self.part, self.reentrant = part, reentrant

    def again(self, name: str, part: Callable[..., Any], *read: Any) -> Any:
        return checkpoint(part, *read, use_reentrant=self.reentrant) if name == self.part else part(*read)

    def loop(self, x: Tensor) -> Any:
        state = None
        for step in x:
            state = self.again("cell", self.cell, step, state)
        return state[0] if isinstance(state, tuple) else state

    def whole(self, x: Tensor) -> Any:
        output = self.again("rnn", lambda read: self.rnn(read)[0], x)
        return self.loop(self.again("head", self.head, output))

    def forward(self, x: Tensor) -> Any:
        return self.again("whole", self.whole, x)


@every(("kind", "part"), [(kind, part) for kind in KINDS for part in ("rnn", "head", "cell", "whole")])
def test_what_is_computed_again_on_the_way_back_is_read_once(kind: str, part: str) -> None:
    model, plain = Checkpointed(kind, part), Checkpointed(kind, "")
    plain.load_state_dict(model.state_dict())
    with left_alone(model):
        found = probe(model, X, loss=squares)
    assert [replay.name for replay in found.replays] == ["rnn", "cell"]
    assert max(found.agreement) < 1e-12
    np.testing.assert_allclose(found.log10_norms["input"], of_inputs(plain), rtol=0, atol=1e-10)
    for one, other in zip(found.layers, probe(plain, X, loss=squares).layers, strict=True):
        np.testing.assert_array_equal(one.log10_norms["hidden"], other.log10_norms["hidden"])


@every(
    ("part", "sentence"),
    [
        ("head", "under torch.utils.checkpoint with use_reentrant=True, .* parameters alone; say use_reentrant=False"),
        ("whole", "no gradient comes back to .*rnn; gradients are out of reach .* use_reentrant=True"),
    ],
)
def test_an_older_checkpoint_is_refused_by_name(part: str, sentence: str) -> None:
    model, read = Checkpointed("lstm", part, reentrant=True), X.clone().requires_grad_()
    with left_alone(model), pytest.raises(ValueError, match=sentence):
        probe(model, read, loss=squares)
    assert read.grad is None


def test_what_an_older_checkpoint_hides_is_named_beside_what_is_read() -> None:
    model = Checkpointed("lstm", "rnn", reentrant=True)
    found = probe(model, X.clone().requires_grad_(), loss=squares)
    assert [replay.name for replay in found.replays] == ["cell"]
    assert found.remarks[0].startswith("rnn runs where gradients are out of reach")


#: What makes a weight of others, each time that it is asked for.
PARAMETRISATIONS: dict[str, Callable[..., Any]] = {
    "weight_norm": parametrizations.weight_norm,
    "orthogonal": parametrizations.orthogonal,
    "spectral_norm": parametrizations.spectral_norm,
}


class Read(nn.Module):
    """The last states of a module."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, x: Tensor) -> Any:
        return self.rnn(x)[0][-1]


@every("name", ["weight_hh_l0", "weight_ih_l0", "weight_hh_l1_reverse"])
@every(("kind", "way"), [(kind, way) for kind in KINDS for way in PARAMETRISATIONS])
def test_a_weight_that_is_made_of_others_counts_as_the_call_has_used_it(kind: str, way: str, name: str) -> None:
    model = Read(of_kind(kind, D, H, 2, bidirectional=True))
    PARAMETRISATIONS[way](model.rnn, name)
    with torch.no_grad():  # so that what has been made of them before is out of date
        for weights in model.parameters():
            weights.mul_(1.3)
    with left_alone(model):
        found = probe(model, X, loss=squares)
    assert {layer.by for layer in found.layers} == {"engine"}
    assert max(found.agreement) < 1e-12
    np.testing.assert_allclose(found.log10_norms["input"], of_inputs(model), rtol=0, atol=1e-10)


@every("kind", KINDS)
def test_a_cell_whose_weight_is_made_of_others_is_read_at_each_step(kind: str) -> None:
    model = Checkpointed(kind, "")
    parametrizations.weight_norm(model.cell, "weight_hh")
    with left_alone(model):
        found = probe(model, X, loss=squares)
    assert found.layers[-1].name == "cell"
    assert max(found.agreement) < 1e-12
    np.testing.assert_allclose(found.log10_norms["input"], of_inputs(model), rtol=0, atol=1e-10)


class Trains(nn.Module):
    """Sends its loss back, or goes a step, each time that it is called."""

    def __init__(self, step: bool) -> None:
        super().__init__()
        self.rnn, self.step = lstm(), step

    def forward(self, x: Tensor) -> Tensor:
        squares(self.rnn(x)[0]).backward()  # type: ignore[no-untyped-call]
        if self.step:
            torch.optim.SGD(self.parameters(), 0.5).step()
        return squares(self.rnn(x)[0])


@every("step", [False, True])
@every("heard", [False, True])
def test_a_model_that_trains_within_a_call_has_learned_nothing_after_it(step: bool, heard: bool) -> None:
    model = Trains(step)
    if heard:
        squares(model.rnn(X)[0]).backward()  # type: ignore[no-untyped-call]
    with left_alone(model):
        found = probe(model, X)
    assert [replay.name for replay in found.replays] == ["rnn, call 2"]
    assert max(found.agreement) < 1e-12


class Transformed(nn.Module):
    """Calls its cell under a transform of torch.func, perhaps beside another one."""

    def __init__(self, beside: bool) -> None:
        super().__init__()
        self.cell = nn.GRUCell(D, D, dtype=torch.float64)
        self.rnn = lstm() if beside else None

    def forward(self, x: Tensor) -> Any:
        mapped = torch.func.vmap(self.cell)(x)
        return mapped if self.rnn is None else self.rnn(mapped)[0]


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
def test_what_torch_func_keeps_to_itself_is_named() -> None:
    with pytest.raises(ValueError, match=r"no gradient comes back to cell; .* torch\.func"):
        probe(Transformed(beside=False), X, loss=squares)
    found = probe(Transformed(beside=True), X, loss=squares)
    assert [replay.name for replay in found.replays] == ["rnn"]
    assert [remark.partition(" runs where ")[0] for remark in found.remarks] == ["cell"]


def test_complex_weights_and_those_of_inference_mode_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="RNN has complex weights"):
        probe(nn.RNN(D, H, dtype=torch.complex64), X.to(torch.complex64), loss=lambda given: given[0].abs().sum())
    with torch.inference_mode():
        model = Read(lstm())
    with pytest.raises(ValueError, match="weights made in inference_mode"):
        probe(model, X, loss=squares)


def test_inputs_made_in_inference_mode_are_read_by_whatever_comes_first() -> None:
    model = nn.Sequential(linear(D, D), Read(lstm()))
    expected = probe(model, X, loss=squares)
    with torch.inference_mode():
        read = X.clone()
    np.testing.assert_array_equal(probe(model, read, loss=squares).log10_norms["input"], expected.log10_norms["input"])


class Batch(NamedTuple):
    words: Tensor
    lengths: Tensor


class Reader(nn.Module):
    """Reads words as numbers, packed, and gives a dictionary."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.embed = nn.Embedding(9, D, dtype=torch.float64)
        self.rnn = nn.LSTM(D, H, 2, bidirectional=True, dtype=torch.float64, **options)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        read = pack_padded_sequence(self.embed(batch.words), batch.lengths, enforce_sorted=False)
        output, (_, c_n) = self.rnn(read)
        return {"loss": c_n.square().mean(), "output": pad_packed_sequence(output)[0]}


@every("key", ["loss", "output"])
@every("options", [{}, {"proj_size": 2}])
def test_words_packed_with_a_loss_of_c_n_or_of_all_states(key: str, options: dict[str, int]) -> None:
    batch = Batch(torch.arange(T * N).reshape(T, N) % 9, torch.tensor(LENGTHS))
    found = probe(Reader(**options), batch, loss=lambda given: squares(given[key]))
    assert len(found.layers) == 4
    assert max(found.agreement) < 1e-12
    with pytest.raises(ValueError, match="of the type dict, has no loss; say loss=lambda output"):
        probe(Reader(**options), batch)


class Around(nn.Module):
    """Two modules of the same weights, between the layers of a transformer, under nn.DataParallel."""

    def __init__(self) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"nhead": 2, "dim_feedforward": 7, "dropout": 0.0, "dtype": torch.float64}
        self.below, self.above = (nn.TransformerEncoderLayer(D, **sizes) for _ in range(2))
        self.one, self.other = lstm(D, D), lstm(D, D)
        for name, weights in self.one.named_parameters():
            setattr(self.other, name, weights)

    def forward(self, x: Tensor) -> Tensor:
        read = self.below(x)
        found: Tensor = self.above(self.one(read)[0] + self.other(read.flip(0))[0])
        return found


def test_two_modules_of_the_same_weights_are_two_wherever_they_stand() -> None:
    model = nn.DataParallel(Around())
    with left_alone(model):
        found = probe(model, X, loss=squares)
    assert [replay.name for replay in found.replays] == ["module.one", "module.other"]
    assert max(found.agreement) < 1e-12
