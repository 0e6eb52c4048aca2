"""The answer behind the page "The additive cell path", and its finding in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run, run_family, split_additive_path
from rnn_dynamics.engine.trace import PathSplit
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.additive_path.table import PathPicture, path_datasets, steps_text, time_scale
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import power_of_ten, times
from rnn_dynamics.pictures.kit.remembered import COMPUTING
from rnn_dynamics.pictures.kit.verdict import judge, median_and_range

Array = NDArray[np.float64]

PAGE = "additive_path"
#: The gate that multiplies along the additive path, and the gates that are a tanh and lie between −1 and 1.
PATH_GATE = {"lstm": "f", "gru": "z"}
_SIGNED = ("g", "n")
#: The state that the path runs through.
_STATE = {"lstm": "c", "gru": "h"}
#: Networks of the band, and what they may cost together, in multiply-adds: about a quarter of a second.
NETWORKS = 20
_LARGEST_BAND = 3e8
#: As in `cache`: what a step costs beside the products, as if H were this much larger.
_OVERHEAD = 100
#: Below this share of the total's norm, as log10, the path alone does not explain what arrives.
_LITTLE = -1.0
_LOG10_2 = float(np.log10(2.0))


@dataclass(frozen=True, kw_only=True)
class PathAnswer:
    """One network's gradient and its parts beside the vanilla network's, each relative to its size at step T.

    curves: as in `PathPicture`. bands: name -> (3, T), lowest, median and highest of `networks` others. gates: (T, H)
    of the first sequence. digits: how many another program shares, of both networks' curves.
    """

    experiment: Experiment
    split: PathSplit
    curves: Mapping[str, Array]
    bands: Mapping[str, Array]
    networks: int
    gates: Mapping[str, Array]
    digits: int

    @property
    def path_gate(self) -> Array:
        """(T, H), f or z."""
        return self.gates[PATH_GATE[self.experiment.cell]]


@lru_cache(maxsize=16)  # with its gates an answer takes up to a megabyte
def path_answer(experiment: Experiment) -> PathAnswer:
    """Answer for an LSTM or a GRU."""
    with COMPUTING:
        split, gates = split_additive_path(experiment), run(experiment).gates
        plain = run(replace(experiment, cell="rnn"))
        bands = _bands(replace(experiment, seed=0))
    start, rnn = split.total[-1], plain.log10_norms["hidden"]
    curves = {
        "rnn": rnn - rnn[-1],
        "rest": split.rest - start,
        "path": split.path - start,
        "total": split.total - start,
    }
    return PathAnswer(
        experiment=experiment,
        split=split,
        curves=curves,
        bands=bands,
        networks=networks_for(experiment),
        gates={name: values[:, 0] for name, values in gates.items()},
        digits=min(split.digits, plain.digits),
    )


def networks_for(experiment: Experiment) -> int:
    """How many networks the band can afford."""
    blocks = CELLS[experiment.cell].blocks + CELLS["rnn"].blocks
    size = experiment.hidden_size
    one = blocks * (size + _OVERHEAD) * size * experiment.batch_size * experiment.sequence_length
    return int(min(NETWORKS, max(1, _LARGEST_BAND // one)))


@lru_cache(maxsize=256)
def _bands(experiment: Experiment) -> dict[str, Array]:
    seeds = range(networks_for(experiment))
    gated = run_family(experiment, seeds=seeds).log10_norms
    plain = run_family(replace(experiment, cell="rnn"), seeds=seeds).log10_norms["hidden"]
    total = gated.get("cell", gated["hidden"])
    return {
        "rnn": median_and_range(plain - plain[:, -1:]),
        "path": median_and_range(gated["cell_path"] - total[:, -1:]),
        "total": median_and_range(total - total[:, -1:]),
    }


@lru_cache(maxsize=256)
def path_picture(
    experiment: Experiment, gate: str, against_lag: bool, palette: tuple[str, ...]
) -> tuple[dict[str, bytes], str]:
    """The picture's datasets, and the finding as HTML."""
    answer = path_answer(experiment)
    words = sentences(PAGE)
    shares = {name: power_of_ten(float(curve[0])) for name, curve in answer.curves.items()}
    says = shares | {
        "cell": CELLS[experiment.cell].label,
        "state": _STATE[experiment.cell],
        "path_gate": PATH_GATE[experiment.cell],
        "path_share": shares["path"],
        "total_share": shares["total"],
        "rnn_share": shares["rnn"],
        "last": experiment.sequence_length,
        "gate": gate,
        "gate_name": words["gates"][gate],
        "mean": answer.gates[gate].mean(),
    }
    kind = experiment.hidden_path if experiment.sequence_length > 1 else "single"
    picture = PathPicture(
        curves=answer.curves,
        labels={name: label.format(**says) for name, label in words["labels"].items()},
        bands=answer.bands,
        cosine=answer.split.cosine,
        gate=answer.gates[gate],
        lowest=-1.0 if gate in _SIGNED else 0.0,
        path_gate=answer.path_gate,
        cell=experiment.cell,
        palette=palette,
        titles=(words["titles"][kind].format(**says), words["titles"]["map"].format(**says)),
        against_lag=against_lag,
    )
    return path_datasets(picture), _finding(answer)


def _memory(answer: PathAnswer) -> str:
    """Time scale of the mean of ln f over all units and steps."""
    return steps_text(float(time_scale(np.maximum(answer.path_gate, np.finfo(float).tiny).reshape(-1, 1))[0]))


def _finding(answer: PathAnswer) -> str:
    """The step's equation with its numbers, the table, and the notes, as HTML."""
    words, experiment = sentences(PAGE), answer.experiment
    means = {f"mean_{name}": np.abs(values).mean() for name, values in answer.gates.items()}
    gate = answer.path_gate
    equation = words["equation"][experiment.cell].format(
        **means, low=gate.min(), high=gate.max(), steps=_memory(answer), factor=float(np.exp(np.log(gate).mean()))
    )
    head = words["table"]["head"].format(steps_total=experiment.sequence_length, networks=answer.networks)
    rows = "".join(_row(answer, name) for name in ("total", "path", "rest", "rnn"))
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(answer))
    return (
        f'<p class="equation">{equation}</p>'
        f'<div style="overflow-x: auto"><table class="verdict">{head}{rows}</table></div>{notes}'
    )


def _row(answer: PathAnswer, name: str) -> str:
    table, curve, cell = sentences(PAGE)["table"], answer.curves[name], answer.experiment.cell
    low, median, high = (power_of_ten(float(value)) for value in answer.bands.get(name, np.zeros((3, 1)))[:, 0])
    # At step T nothing has passed through a gate yet: the rest begins at zero, and there is nothing to compare it with.
    verdict = judge(curve) if np.isfinite(curve[-1]) else None
    return str(
        table["row"].format(
            name=table[name].format(cell=CELLS[cell].label, gate=PATH_GATE[cell], state=_STATE[cell]),
            share=power_of_ten(float(curve[0])),
            factor=times(verdict.log10_factor) if verdict else "–",
            horizon=_horizon(verdict.horizon) if verdict else "–",
            band=table["band"].format(median=median, low=low, high=high) if name in answer.bands else "–",
        )
    )


def _horizon(lag: int | None) -> str:
    table = sentences(PAGE)["table"]
    return str(table["never" if lag is None else "step" if lag == 1 else "steps"].format(lag=lag))


def _notes(answer: PathAnswer) -> Iterator[str]:
    if unsure := warning(answer.digits):
        yield unsure
    words, experiment, split = sentences(PAGE)["notes"], answer.experiment, answer.split
    cell, gate = CELLS[experiment.cell].label, PATH_GATE[experiment.cell]
    if experiment.hidden_path == "cut":
        worst = float((split.rest - split.total).max())
        yield words["cut"].format(gate=gate, difference="0" if np.isneginf(worst) else f"{10**worst:.1e}")
    elif np.isfinite(split.cosine[0]):
        path, rest = float(split.path[0] - split.total[0]), float(split.rest[0] - split.total[0])
        parts = times(float(np.logaddexp2(path / _LOG10_2, rest / _LOG10_2)) * _LOG10_2)
        yield words["shares"].format(cosine=f"{split.cosine[0]:z.2f}".replace("-", "−"), sum=parts)
        if path < _LITTLE:
            yield words["little"].format(cell=cell, share=power_of_ten(path + 2.0))
    if judge(answer.curves["total"]).outcome == "vanishes":
        rnn = judge(answer.curves["rnn"]).outcome
        yield words["vanishes_too" if rnn == "vanishes" else "vanishes"].format(cell=cell)
    if experiment.loss_at == "every":
        yield words["every"]
    kind = "chrono" if experiment.gate_bias == "chrono" else experiment.cell
    yield words["bias"][kind].format(forget_bias=experiment.forget_bias)
    yield words["band"].format(networks=answer.networks, last=answer.networks - 1)
