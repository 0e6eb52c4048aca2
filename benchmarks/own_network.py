"""`probe` on a network that others have trained: the GRU encoder and decoder of g2p-en, which pronounces English words.

    G2P_EN=g2p_en-2.1.0-py3-none-any.whl python -m benchmarks.own_network --write docs/own_network.md

G2P_EN is the package's wheel; without it the package has to be installed. Nothing of it is run: its weights are read,
and torch's modules do with them what its own NumPy code does. Each row is held to autograd in float64, over a loop of
torch's cells. Two pictures are drawn beside the table; Altair needs vl-convert for that. A quick run
takes weights of the same names and shapes from a seed.
"""

import io
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.report import Benchmark, main
from rnn_dynamics import probe
from rnn_dynamics.engine.theory import spectral_radius
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.own.probed import Probe, ProbedLayer

Array = NDArray[np.float64]

WEIGHTS = "g2p_en/checkpoint20.npz"
DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURE, PICTURE_OF_ENCODER = DOCS / "own_network.svg", DOCS / "own_network_encoder.svg"
LETTERS = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = ("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH")
#: Each vowel without stress, with the main and with another one; UW without a mark too.
SOUNDS = (*CONSONANTS, "V", "W", "Y", "Z", "ZH", "UW", *(vowel + stress for vowel in VOWELS for stress in "012"))
PHONEMES = ("<pad>", "<unk>", "<s>", "</s>", *sorted(SOUNDS))
END_OF_WORD, START, END = LETTERS.index("</s>"), PHONEMES.index("<s>"), PHONEMES.index("</s>")
#: The package itself stops after 20 phonemes.
MOST_PHONEMES = 40
UNITS = 256
WORDS = ("recurrent", "internationalization", "pneumonoultramicroscopicsilicovolcanoconiosis")
NETWORKS = ("trained", "fresh")
MODULES = ("encoder", "decoder")
#: What torch calls a weight, and g2p-en behind "enc_" or "dec_".
NAMES = {"weight_ih_l0": "w_ih", "weight_hh_l0": "w_hh", "bias_ih_l0": "b_ih", "bias_hh_l0": "b_hh"}
SEED = 0
#: How far probe and autograd may be apart, relative to the norm.
EXACT = 1e-8


class Pronouncer(nn.Module):
    """Letters in, the scores of phonemes out: an encoder whose last state begins a decoder; in float64."""

    def __init__(self, weights: Mapping[str, Array], trained: bool = True) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), UNITS, _weight=torch.tensor(weights["enc_emb"]))
        self.phonemes = nn.Embedding(len(PHONEMES), UNITS, _weight=torch.tensor(weights["dec_emb"]))
        torch.manual_seed(SEED)
        self.encoder = nn.GRU(UNITS, UNITS, dtype=torch.float64)
        self.decoder = nn.GRU(UNITS, UNITS, dtype=torch.float64)
        self.scores = nn.Linear(UNITS, len(PHONEMES), dtype=torch.float64)
        self._load(self.scores, {"weight": weights["fc_w"], "bias": weights["fc_b"]})
        if trained:
            for module, prefix in ((self.encoder, "enc"), (self.decoder, "dec")):
                self._load(module, {name: weights[f"{prefix}_{theirs}"] for name, theirs in NAMES.items()})

    @staticmethod
    def _load(module: nn.Module, weights: Mapping[str, Array]) -> None:
        module.load_state_dict({name: torch.tensor(values) for name, values in weights.items()})

    def forward(self, letters: Tensor, phonemes: Tensor) -> Tensor:
        """Scores (K, phonemes) of the K phonemes that come after each of those given."""
        _, state = self.encoder(self.letters(letters)[:, None])
        states, _ = self.decoder(self.phonemes(phonemes)[:, None], state)
        found: Tensor = self.scores(states[:, 0])
        return found

    @torch.no_grad()
    def pronounce(self, word: str) -> list[int]:
        """The phonemes of a word, the likeliest at each step, with the end where it comes."""
        _, state = self.encoder(self.letters(as_letters(word))[:, None])
        said: list[int] = []
        while len(said) < MOST_PHONEMES and (not said or said[-1] != END):
            output, state = self.decoder(self.phonemes(torch.tensor([said[-1] if said else START]))[:, None], state)
            said.append(int(self.scores(output[0, 0]).argmax()))
        return said


def as_letters(word: str) -> Tensor:
    return torch.tensor([*(LETTERS.index(letter) for letter in word), END_OF_WORD])


@dataclass(frozen=True)
class Question:
    """A word, what the trained network says of it, and the loss of the last phoneme that it says."""

    word: str
    said: list[int]

    @property
    def read(self) -> tuple[Tensor, Tensor]:
        """What the model takes: the letters, and before each phoneme the last one."""
        return as_letters(self.word), torch.tensor([START, *self.said[:-1]])

    def loss(self, scores: Tensor) -> Tensor:
        """Of the last phoneme, or of the end, whichever was said last."""
        return F.cross_entropy(scores[-1], torch.tensor(self.said[-1]))


def by_cells(model: Pronouncer, question: Question) -> dict[str, Array]:
    """The norms of dL/dh_t of each module by autograd, over a loop of torch's cells."""
    letters, phonemes = question.read
    state = torch.zeros(1, UNITS, dtype=torch.float64)
    kept: dict[str, list[Tensor]] = {name: [] for name in MODULES}
    for name, read in zip(MODULES, (model.letters(letters), model.phonemes(phonemes)), strict=True):
        cell = nn.GRUCell(UNITS, UNITS, dtype=torch.float64)
        cell.load_state_dict({of.removesuffix("_l0"): part for of, part in getattr(model, name).state_dict().items()})
        for step in read:
            state = cell(step[None], state)
            state.retain_grad()
            kept[name].append(state)
    question.loss(model.scores(state)).backward()  # type: ignore[no-untyped-call]
    return {
        name: np.array([float(of.grad.norm()) for of in steps if of.grad is not None]) for name, steps in kept.items()
    }


def apart(layer: ProbedLayer, norms: Array) -> float:
    """The largest relative difference of ‖dL/dh_t‖."""
    return float(np.abs(10.0 ** layer.log10_norms["hidden"] / norms - 1.0).max())


def rows_of(model: Pronouncer, question: Question, network: str) -> tuple[Probe, list[tuple[str, ...]]]:
    """The answer of one network for one word, and the row of each of its modules."""
    found, exact = probe(model, *question.read, loss=question.loss), by_cells(model, question)
    rows: list[tuple[str, ...]] = []
    for layer in found.layers:
        hidden, keeping = layer.log10_norms["hidden"], layer.gates["z"].mean(axis=(1, 2))
        said = judge(hidden)
        far = max(apart(layer, exact[layer.name]), found.agreement.input_gradient, found.agreement.outputs)
        if far > EXACT:
            sys.exit(f"{layer.name}, {network}, of {question.word}: {far:.1e} away from autograd")
        rows.append(
            (
                row(question.word, network, layer.name),
                str(len(hidden)),
                f"10^{hidden[-1]:.2f}",
                f"10^{hidden[0]:.2f}",
                f"{10.0**said.log10_factor:.3f}",
                f"{keeping[0]:.2f}, {keeping[-1]:.2f}",
                f"{spectral_radius(layer.matrix):.2f}",
                f"{far:.0e}",
            )
        )
    return found, rows


def row(word: str, network: str, module: str) -> str:
    """What a module is called in the table."""
    return f"{word}: {module}, {network}"


def their_weights() -> dict[str, Array]:
    """The weights of g2p-en, from its wheel or where it is installed."""
    wheel, package = os.environ.get("G2P_EN"), find_spec("g2p_en")
    if wheel:
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(WEIGHTS)
    elif package and package.submodule_search_locations:
        data = (Path(package.submodule_search_locations[0]) / Path(WEIGHTS).name).read_bytes()
    else:
        sys.exit("g2p-en is not installed; say where its wheel is: G2P_EN=g2p_en-2.1.0-py3-none-any.whl")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(float) for name in arrays.files}


def drawn_weights() -> dict[str, Array]:
    """Weights of the same names and shapes."""
    draw = np.random.default_rng(SEED).standard_normal
    shapes: dict[str, tuple[int, ...]] = {"enc_emb": (len(LETTERS), UNITS), "dec_emb": (len(PHONEMES), UNITS)}
    shapes |= {"fc_w": (len(PHONEMES), UNITS), "fc_b": (len(PHONEMES),)}
    for prefix in ("enc", "dec"):
        shapes |= {f"{prefix}_w_{of}": (3 * UNITS, UNITS) for of in ("ih", "hh")}
        shapes |= {f"{prefix}_b_{of}": (3 * UNITS,) for of in ("ih", "hh")}
    return {name: draw(shape) / np.sqrt(UNITS) for name, shape in shapes.items()}


def measure(quick: bool) -> Iterator[tuple[str, ...]]:
    """All rows, and the pictures of the longest word."""
    torch.set_num_threads(1)
    weights = drawn_weights() if quick else their_weights()
    models = {name: Pronouncer(weights, trained=name == "trained") for name in NETWORKS}
    for word in WORDS:
        question = Question(word, models["trained"].pronounce(word))
        answers = {}
        for network, model in models.items():
            answers[network], rows = rows_of(model, question, network)
            yield from rows
    if not quick:
        picture(question, answers).save(PICTURE)
        answers["trained"].draw("encoder").properties(background="white").save(PICTURE_OF_ENCODER)


def picture(question: Question, answers: Mapping[str, Probe]) -> Any:
    """The gradient of the last decision at each letter and each phoneme, trained and fresh."""
    steps = [*question.word, "end", *(PHONEMES[said] for said in question.said[:-1]), "end"]
    frame = pd.concat([curve(name, found) for name, found in answers.items()], ignore_index=True)
    labels = pd.DataFrame({"step": np.arange(1, len(steps) + 1), "label": steps})
    letters = len(question.word) + 1
    along = alt.X("step:Q", axis=None, scale=alt.Scale(domain=[0.5, len(steps) + 0.5], nice=False))
    lines = (
        alt.Chart(frame)
        .mark_line(point={"size": 12})
        .encode(
            x=along,
            y=alt.Y("log10_norm:Q", title="dL/dh of the last decision: log10 of its norm"),
            color=alt.Color("network:N", sort=list(NETWORKS), title=None),
            strokeDash=alt.StrokeDash("network:N", sort=list(NETWORKS), legend=None),
            detail="module:N",
        )
    )
    names = (
        alt.Chart(labels)
        .mark_text(angle=270, align="right", fontSize=10)
        .encode(x=along, y=alt.value(388), text="label:N")
    )
    border = (
        alt.Chart(pd.DataFrame({"step": [letters + 0.5]})).mark_rule(strokeDash=[2, 2], color="gray").encode(x=along)
    )
    said = len(steps) - letters - 1
    title = f"{letters - 1} letters and the end through the encoder, {said} phonemes and the end through the decoder"
    chart = alt.layer(lines, names, border).properties(width=900, height=360, title=title)
    return chart.properties(background="white", padding=30)


def curve(network: str, found: Probe) -> pd.DataFrame:
    """‖dL/dh_t‖ of both modules, one after the other."""
    table = found.table()
    table = table[table.quantity == "hidden"].reset_index(drop=True)
    return pd.DataFrame(
        {"network": network, "module": table.name, "step": table.index + 1, "log10_norm": table.log10_norm}
    )


BENCHMARK = Benchmark(
    name="own_network",
    head=(
        "network",
        "steps",
        "dL/dh at its last step",
        "at its first",
        "factor per step",
        "keeping gate z, first and last step",
        "spectral radius of W_hn",
        "away from autograd",
    ),
    rows=tuple(row(word, network, module) for word in WORDS for network in NETWORKS for module in MODULES),
    measure=measure,
    used=("numpy", "torch"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
