"""What "The additive cell path" says: titles, labels, equation, table and notes, from the words and an answer."""

import math
from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.pictures.additive_path.answer import PathAnswer
from rnn_dynamics.pictures.kit.finding import Words, claimed, first, said
from rnn_dynamics.pictures.kit.growing import Growing

#: Below this share of the total's norm, as log10, the path alone does not explain what arrives.
_LITTLE = -1.0
#: From here on ‖path‖ + ‖rest‖ differs from ‖whole‖ in what is written of it.
_ROUNDED = 0.005
#: Within this cosine of 0 two vectors are called almost at right angles.
_UPRIGHT = 0.1


def texts(words: Words, answer: PathAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves) and their title; with all panels pointed (of each unit of the map) and its title too."""
    says, titles, alone = _says(words, answer), words["titles"], views["panels"] == "curves"
    experiment = answer.experiment
    single, way = experiment.sequence_length == 1, {experiment.hidden_path: True}
    kind = first(single=single, alone=alone, whole=answer.is_whole, **way)
    labels = {name: words["labels"][name].format_map(says) for name in answer.curves}
    return {
        "labels": labels,
        "curves": titles[kind].format_map(says),
        **({} if alone else _of_panels(words, answer, says, answer.gate_of(views))),
    }


def _of_panels(words: Words, answer: PathAnswer, says: Says, gate: str) -> dict[str, Any]:
    titles = words["titles"]
    return {
        "pointed": [words["pointed"].format_map(unit) for unit in answer.of_units],
        "cosine": titles[_angle(answer)].format_map(says),
        "map": titles["map"].format(gate_name=words["gates"][gate], mean=float(answer.gates[gate].mean())),
    }


def finding(words: Words, answer: PathAnswer, views: Mapping[str, str]) -> str:
    """The step's equation with its numbers, the table, and the notes, as HTML."""
    says, equation = _says(words, answer), "two_gates" if answer.cell.writes else "one_gate"
    rows = (_row(words["table"], answer, says, name) for name in ("total", "path", "rest", "rnn"))
    return said(words, says, rows, _notes(answer, views), equation)


def claim(words: Words, answer: PathAnswer, _: Mapping[str, str]) -> str:
    """Whether it is the sum that keeps the gradient, as HTML."""
    experiment = answer.experiment
    of_state = words["wrt"][answer.cell.components[-1]]
    return claimed(
        words,
        _says(words, answer) | {"back": experiment.sequence_length - 1, "of_state": of_state},
        single=experiment.sequence_length == 1,
        silent=answer.verdicts["total"].outcome == "silent",
        every=experiment.loss_at == "every",
        alone=answer.is_whole,
        cut=experiment.hidden_path == "cut",
        vanishes=answer.verdicts["total"].outcome == "vanishes",
        gates=_little(answer),
        part=_has_two_parts(answer),
        whole=True,
    )


def _has_two_parts(answer: PathAnswer) -> bool:
    """Whether something comes along the additive path, and something beside it."""
    return answer.experiment.hidden_path != "cut" and math.isfinite(answer.split.cosine[0])


def _little(answer: PathAnswer) -> bool:
    """Whether the path alone does not explain what arrives."""
    return _has_two_parts(answer) and answer.split.of_total["path"] < _LITTLE


def _angle(answer: PathAnswer) -> str:
    """Which title over the cosine is true."""
    cosine = answer.split.cosine[0]
    return first(one_part=not _has_two_parts(answer), cancels=cosine < -_UPRIGHT, apart=cosine <= _UPRIGHT, adds=True)


def progress(words: Words, work: Growing) -> str:
    """How many networks the bands are of."""
    done, every = (sum(len(work.rows[key][0][1]) for key in keys) for keys in (work.there, work.rows))
    return str(words["progress"].format(done=done, all=every))


def _says(words: Words, answer: PathAnswer) -> Says:
    of = words["states"]
    return Says(answer, state=of.get(answer.cell.name) or of[answer.cell.components[-1]], last_seed=answer.networks - 1)


def _row(table: Words, answer: PathAnswer, says: Says, name: str) -> dict[str, Any]:
    verdict, band = answer.verdicts[name], answer.bands.get(name)
    return {
        "name": table[name].format_map(says),
        "share": answer.curves[name][0],
        "factor": verdict.log10_factor,
        "horizon": math.nan if verdict.outcome == "silent" else verdict.horizon,
        "band": "–" if band is None else table["band"].format(*band[:, 0]),
    }


def _biases(answer: PathAnswer) -> str:
    """Which note says what the biases of the gates are."""
    if answer.cell.torch_bias:
        return f"own_{answer.experiment.gate_bias}"
    if answer.experiment.gate_bias != "constant":
        return answer.experiment.gate_bias
    return "forget_bias" if answer.takes_forget_bias else "no_bias"


def _notes(answer: PathAnswer, views: Mapping[str, str]) -> dict[str, object]:
    cut = answer.experiment.hidden_path == "cut"
    return {
        "whole" if answer.is_whole else "cut": answer.is_whole or cut,
        "shares": _has_two_parts(answer) and abs(10.0 ** answer.split.of_total["sum"] - 1.0) >= _ROUNDED,
        "little": _little(answer),
        _biases(answer): True,
        "band": answer.networks > 0 and views["panels"] == "all",
    }
