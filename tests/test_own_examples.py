"""The networks that ship with the library: made by their command, read back, and as good as they are said to be."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from rnn_dynamics.engine.given import Errors
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.own import examples
from tests.every import every

#: Bytes that the shipped file may take.
LARGEST = 300_000
TRAININGS = {training.experiment.cell: training for training in examples.trainings(2)}


def test_the_file_is_small_and_holds_a_network_of_each_name_and_its_read_out() -> None:
    assert examples.FILE.stat().st_size <= LARGEST
    beginnings = {name.partition(".")[0] for name in examples.shipped()}
    assert beginnings == set(examples.NAMES)
    for name in examples.NAMES:
        network = examples.example(name)
        assert (network.cell, network.hidden_size, network.levels) == (name.partition("_")[0], 32, 1)
        assert examples.shipped()[f"{name}.readout.weight"].shape == (4, 32)


def test_the_command_writes_what_training_gives_and_begins_as_the_shipped_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "trainings", lambda: tuple(TRAININGS.values()))
    examples.main([str(tmp_path / "some.safetensors")])
    found, shipped = load_file(tmp_path / "some.safetensors"), examples.shipped()
    assert found.keys() == shipped.keys()
    for cell, training in TRAININGS.items():
        trainer = Trainer(training)
        while not trainer.done:
            trainer.advance()
        for name, values in trainer.parameters().items():
            key = name.replace("readout_", "readout.") if "readout" in name else f"rnn.{name}"
            np.testing.assert_array_equal(found[f"{cell}_after.{key}"], values)
            np.testing.assert_array_equal(found[f"{cell}_before.{key}"], shipped[f"{cell}_before.{key}"])


@every(("name", "least", "most"), [("lstm_after", 0.95, 1.0), ("rnn_after", 0.1, 0.4), ("lstm_before", 0.1, 0.4)])
def test_the_trained_lstm_knows_the_order_of_two_of_50_symbols_and_the_rnn_does_not(
    name: str, least: float, most: float
) -> None:
    training = TRAININGS[name.partition("_")[0]]
    batch = training.its_task.draw(np.random.default_rng(7), 200, training.experiment.sequence_length, True)
    states = run_network(examples.example(name), batch.inputs, Errors(), parameter_gradients=False).states
    shipped = examples.shipped()
    scores = states.h_n[0] @ shipped[f"{name}.readout.weight"].T + shipped[f"{name}.readout.bias"]
    assert least <= np.mean(scores.argmax(axis=-1) == batch.targets) <= most
