"""The model of docs/own_network.md, on weights of g2p-en's names and shapes: against its equations in plain NumPy."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import own_network
from benchmarks.own_network import END, LETTERS, MOST_PHONEMES, PHONEMES, START, Array, Pronouncer, Question
from tests.every import every


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    return own_network.drawn_weights()


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def step(weights: dict[str, Array], part: str, x: Array, h: Array) -> Array:
    """g2p-en's own step."""
    read = weights[f"{part}_w_ih"] @ x + weights[f"{part}_b_ih"]
    back = weights[f"{part}_w_hh"] @ h + weights[f"{part}_b_hh"]
    r, z = sigmoid(read[:512] + back[:512]).reshape(2, 256)
    return np.asarray((1.0 - z) * np.tanh(read[512:] + r * back[512:]) + z * h)


def pronounced(weights: dict[str, Array], word: str) -> list[int]:
    h = np.zeros(256)
    for letter in [*word, "</s>"]:
        h = step(weights, "enc", weights["enc_emb"][LETTERS.index(letter)], h)
    said = [START]
    while len(said) <= MOST_PHONEMES and said[-1] != END:
        h = step(weights, "dec", weights["dec_emb"][said[-1]], h)
        said.append(int((weights["fc_w"] @ h + weights["fc_b"]).argmax()))
    return said[1:]


@every("word", own_network.WORDS)
def test_the_modules_say_what_the_equations_say(weights: dict[str, Array], word: str) -> None:
    assert Pronouncer(weights).pronounce(word) == pronounced(weights, word)


def test_each_row_is_held_to_autograd(weights: dict[str, Array], monkeypatch: pytest.MonkeyPatch) -> None:
    model = Pronouncer(weights)
    question = Question("recurrent", model.pronounce("recurrent"))
    found, rows = own_network.rows_of(model, question, "trained")
    assert [row[0] for row in rows] == ["recurrent: encoder, trained", "recurrent: decoder, trained"]
    assert [len(layer.log10_norms["hidden"]) for layer in found.layers] == [10, len(question.said)]
    cells = own_network.by_cells
    monkeypatch.setattr(own_network, "by_cells", lambda *of: {name: 1.1 * norms for name, norms in cells(*of).items()})
    with pytest.raises(SystemExit, match="away from autograd"):
        own_network.rows_of(model, question, "trained")


def test_the_picture_shows_every_step_of_both_networks(weights: dict[str, Array]) -> None:
    models = [Pronouncer(weights, trained=trained) for trained in (True, False)]
    question = Question("recurrent", models[0].pronounce("recurrent"))
    answers = {name: own_network.rows_of(of, question, name)[0] for name, of in zip(("a", "b"), models, strict=True)}
    datasets = own_network.picture(question, answers).to_dict()["datasets"].values()
    (labels,) = (rows for rows in datasets if "label" in rows[0])
    (points,) = (rows for rows in datasets if "log10_norm" in rows[0])
    assert [row["label"] for row in labels][:10] == [*"recurrent", "end"]
    assert len(labels) == 10 + len(question.said)
    assert len(points) == 2 * len(labels)


def test_weights_come_from_a_wheel(tmp_path: Path, weights: dict[str, Array], monkeypatch: pytest.MonkeyPatch) -> None:
    file, wheel = io.BytesIO(), tmp_path / "g2p.whl"
    np.savez(file, **{name: values.astype(np.float32) for name, values in weights.items()})  # type: ignore[arg-type]
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(own_network.WEIGHTS, file.getvalue())
    monkeypatch.setenv("G2P_EN", str(wheel))
    found = own_network.their_weights()
    assert found.keys() == weights.keys()
    np.testing.assert_allclose(found["dec_w_hh"], weights["dec_w_hh"], atol=1e-7)


def test_without_the_package_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("G2P_EN", raising=False)
    monkeypatch.setattr(own_network, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match=r"G2P_EN=.*whl"):
        own_network.their_weights()


def test_there_are_as_many_letters_and_phonemes_as_rows_of_the_tables() -> None:
    assert (len(LETTERS), len(PHONEMES), len(set(PHONEMES))) == (29, 74, 74)
    assert torch.equal(own_network.as_letters("az"), torch.tensor([3, 28, 2]))
