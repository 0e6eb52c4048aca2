"""One sentence read by one network: against torch's modules, autograd, and sums written out."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rnn_dynamics import Experiment
from rnn_dynamics.learning.reading import Reading, read_sentence, starting_parameters
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import Training
from rnn_dynamics.remembered import size_of
from tests.every import every

PLAIN = Template()
NETWORK = Experiment(cell="lstm", sequence_length=9, hidden_size=6, batch_size=4, initialisation="torch", seed=3)
TRAINING = Training(experiment=NETWORK, task="blank", iterations=6, learning_rate=0.1)
WORDS = PLAIN.sentence(np.random.default_rng(1), 9, 2)
MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
cells = every("cell", MODULES)


def of(cell: str, **changes: Any) -> Training:
    return replace(TRAINING, experiment=replace(NETWORK, cell=cell, **changes))


def read(cell: str, target: int | None = 2, words: list[str] = WORDS) -> Reading:
    return read_sentence(of(cell), starting_parameters(of(cell)), words, target)


def by_torch(cell: str, target: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Probabilities, loss, gradients of the embedded words (T, D), and the last state that is kept (H,)."""
    start = {name: torch.tensor(values) for name, values in starting_parameters(of(cell)).items()}
    network = MODULES[cell](16, 6).double()
    network.load_state_dict({name: start[name] for name in network.state_dict()})
    places = [PLAIN.words.index(word) for word in WORDS]
    embedded = start["words_weight"][places].clone().requires_grad_()
    states, last = network(embedded)
    scores = states[-1] @ start["readout_weight"].T + start["readout_bias"]
    loss = torch.nn.functional.cross_entropy(scores[None], torch.tensor([target]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert embedded.grad is not None
    kept = last[1] if cell == "lstm" else last
    return scores.softmax(0).detach(), loss.detach(), embedded.grad, kept[0].detach()


@cells
def test_a_reading_is_that_of_torchs_modules_and_autograd(cell: str) -> None:
    found = read(cell)
    probabilities, loss, gradients, _ = by_torch(cell, 2)
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=1e-12)
    assert found.loss == pytest.approx(float(loss), rel=1e-12)
    assert found.answer == int(probabilities.argmax())
    norms = torch.linalg.vector_norm(gradients, dim=1).log10()
    np.testing.assert_allclose(found.log10_norms, norms, atol=1e-9)


@cells
def test_without_a_target_the_loss_is_that_of_the_word_that_is_named(cell: str) -> None:
    found = read(cell, target=None)
    assert found.target == found.answer
    assert found.loss == pytest.approx(-np.log(found.probabilities.max()), rel=1e-12)
    *_, gradients, _ = by_torch(cell, found.answer)
    norms = torch.linalg.vector_norm(gradients, dim=1).log10()
    np.testing.assert_allclose(found.log10_norms, norms, atol=1e-9)


@cells
def test_a_network_starts_where_its_training_does(cell: str) -> None:
    changed: tuple[dict[str, Any], ...] = (
        {},
        {"initialisation": "orthogonal", "gate_bias": "chrono", "weight_scale": 0.7, "seed": 8},
    )
    for changes in changed:
        training = of(cell, **changes)
        ours, theirs = starting_parameters(training), Trainer(training).parameters()
        assert ours.keys() == theirs.keys()
        for name, values in ours.items():
            np.testing.assert_array_equal(values.astype(np.float32), theirs[name])


@every("cell", ("lstm", "gru"))
def test_the_last_state_is_what_is_written_times_what_is_kept_since(cell: str) -> None:
    found = read(cell)
    assert found.keeps is not None
    assert found.writes is not None
    state = np.zeros(6)
    for keeps, writes in zip(found.keeps, found.writes, strict=True):
        state = keeps * state + writes
    *_, last = by_torch(cell, 2)
    np.testing.assert_allclose(state, last, rtol=1e-10)


@every("cell", ("lstm", "gru"))
def test_what_is_left_of_some_words_is_their_own_writing_kept_by_all_later_gates(cell: str) -> None:
    found = read(cell)
    assert found.keeps is not None
    assert found.writes is not None
    for start, end in ((3, 5), (0, 1), (0, len(WORDS)), (len(WORDS) - 1, len(WORDS))):
        written = left = 0.0
        for t in range(start, end):
            for unit in range(6):
                size = abs(found.writes[t, unit])
                written += size
                for later in range(t + 1, len(WORDS)):
                    size *= found.keeps[later, unit]
                left += size
        assert replace(found, cue=(start, end)).left == pytest.approx(np.log10(left / written), abs=1e-12)
    assert replace(found, cue=(len(WORDS) - 1, len(WORDS))).left == 0.0


@cells
def test_a_reading_takes_no_more_than_the_numbers_that_it_tells_of(cell: str) -> None:
    whole = read(cell)
    told = [part for part in vars(whole).values() if isinstance(part, np.ndarray)]
    assert sum(map(size_of, told)) == sum(part.nbytes + 100 for part in told)


def test_a_cell_without_gates_keeps_nothing_by_a_gate() -> None:
    found = read("rnn")
    assert (found.keeps, found.writes) == (None, None)
    assert np.isnan(replace(found, cue=(3, 5)).left)


def test_the_loss_falls_for_the_word_that_is_right_when_a_network_learns() -> None:
    trainer = Trainer(replace(TRAINING, iterations=40, experiment=replace(NETWORK, gate_bias="chrono", batch_size=32)))
    before = read_sentence(trainer.training, trainer.parameters(), WORDS, 2)
    while not trainer.done:
        trainer.advance()
    after = read_sentence(trainer.training, trainer.parameters(), WORDS, 2)
    assert after.loss < 0.3 < before.loss
    assert after.answer == 2


@every("cell", ("lstm", "gru"))
def test_gates_that_a_training_has_shut_for_good_let_the_gradients_of_autograd_through(cell: str) -> None:
    start = starting_parameters(of(cell))
    wild = start | {name: 2000.0 * start[name] for name in ("weight_ih_l0", "weight_hh_l0")}
    module = MODULES[cell](16, 6).double()
    module.load_state_dict({name: torch.tensor(wild[name]) for name in module.state_dict()})
    embedded = torch.tensor(wild["words_weight"])[[PLAIN.words.index(word) for word in WORDS]].requires_grad_()
    scores = module(embedded)[0][-1] @ torch.tensor(wild["readout_weight"]).T + torch.tensor(wild["readout_bias"])
    torch.nn.functional.cross_entropy(scores[None], torch.tensor([2])).backward()  # type: ignore[no-untyped-call]
    assert embedded.grad is not None
    norms = torch.linalg.vector_norm(embedded.grad, dim=1).numpy()
    found = read_sentence(of(cell), wild, WORDS, 2)
    assert found.keeps is not None
    assert found.keeps.min() == 0.0  # exp(−a) is infinite
    # torch's 1 − σ has no more digits
    np.testing.assert_allclose(10.0**found.log10_norms, norms, rtol=1e-6, atol=1e-14)


def test_unknown_words_are_read_and_no_words_are_refused() -> None:
    strange = read("lstm", words=["zebra", "zebra"])
    unknown = read("lstm", words=["?", "?"])
    np.testing.assert_array_equal(strange.log10_norms, unknown.log10_norms)
    with pytest.raises(ValueError, match="a sentence has 0 words before its blank; the least is 1"):
        read("lstm", words=[])
