"""What "Which loss, how far back" says: titles, labels, table and notes, from the words in content/ and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import degrees, percent, power_of_ten, share, times, whole_percent
from rnn_dynamics.engine.verdict import Verdict
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.losses.answer import BINS, LossAnswer

Words = Mapping[str, Any]


def texts(words: Words, answer: LossAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Titles of the curves, the map and the bars, labels (of the sums), bins (their names), pointed (of each loss)."""
    titles, says = words["titles"], _says(words, answer)
    return {
        "curves": titles["curves"][_claim(answer)].format(**says),
        "map": titles["map"]["none" if answer.median_horizon is None else "some"].format(**says),
        "bars": titles["bars"][_near_or_far(answer)].format(**says),
        "labels": {name: words["labels"][name].format(**says) for name in answer.sums},
        "bins": _bins(words["bins"]),
        "pointed": [_reach(words, k, verdict) for k, verdict in answer.single.items()],
    }


def cut_texts(words: Words, answer: LossAnswer, views: Mapping[str, str]) -> dict[str, str]:
    """The title over what the reader's truncation leaves."""
    says = _says_of_cut(answer, views["truncation"])
    return {"cut": words["titles"]["cuts"][_cut(answer, views["truncation"])].format(**says)}


def finding(words: Words, answer: LossAnswer, views: Mapping[str, str]) -> str:
    """The table of both losses, and the notes, as HTML."""
    says = _says(words, answer) | _says_of_cut(answer, views["truncation"])
    rows = [_row(words, answer, name, says) for name in answer.sums]
    return as_html(words["table"]["head"].format(**says), rows, _notes(words["notes"], answer, says))


def _bins(words: Words) -> list[str]:
    """The names of the bins of distances."""
    between = [words["between"].format(first=first, last=after - 1) for first, after in pairwise(BINS[1:])]
    return [words["none"], *between, words["beyond"].format(last=BINS[-1] - 1)]


def _reach(words: Words, k: int, verdict: Verdict) -> str:
    """How far back the loss at step k is felt."""
    if verdict.horizon is None:
        return str(words["losses"]["stays"].format(k=k, share=share(verdict.orders)))
    return str(words["losses"]["falls"].format(k=k, steps=counted(words["steps"], verdict.horizon)))


def _claim(answer: LossAnswer) -> str:
    """Which title over the curves is true: "single", "hidden", "explodes", or "both" for the rest."""
    every, last = (answer.verdicts[name].outcome for name in ("every", "last"))
    if answer.length == 1:
        return "single"
    if last == "vanishes" and every in ("holds", "explodes"):
        return "hidden"
    return "explodes" if last == "explodes" else "both"


def _near_or_far(answer: LossAnswer) -> str:
    """Where most of what arrives comes from, in the mean over the first half: "near", "far", or the reason why not."""
    near = answer.near_share
    if math.isnan(near):
        return "nothing"
    if not -0.5 <= near <= 100.5:
        return "against"
    return "near" if near >= 50.0 else "far"


def _cut(answer: LossAnswer, truncation: str) -> str:
    if _no_gradient(answer, "every"):
        return "zero"
    return "full" if int(truncation) >= answer.length else "cut"


def _no_gradient(answer: LossAnswer, name: str) -> bool:
    """Whether dL/dW_hh is zero, so that nothing can be truncated."""
    return math.isnan(answer.trace.log10_errors[name][-1])


def _says(words: Words, answer: LossAnswer) -> dict[str, Any]:
    """What the sentences are filled with; see `_says_of_cut` for the rest."""
    return {
        "length": answer.length,
        "steps": counted(words["steps"], answer.length),
        "first_half": counted(words["first_half"], answer.half),
        "near": whole_percent(answer.near_share),
        "far": whole_percent(100.0 - answer.near_share),
        "reach": counted(words["steps"], answer.median_horizon or 0),
        "ratio": power_of_ten(answer.log10_norm_ratio),
        "sequences": answer.experiment.batch_size,
        "asked": answer.asked,
        **{f"{name}_share": share(verdict.orders) for name, verdict in answer.verdicts.items()},
    }


def _says_of_cut(answer: LossAnswer, truncation: str) -> dict[str, Any]:
    says: dict[str, Any] = {"tau": answer.within(truncation)}
    for name, cut in answer.cut(truncation).items():
        says[f"{name}_error"], says[f"{name}_angle"] = percent(cut.log10_error), degrees(cut.angle)
    return says


def _row(words: Words, answer: LossAnswer, name: str, says: Words) -> str:
    table, verdict, none = words["table"], answer.verdicts[name], _no_gradient(answer, name)
    cut = table["cut"].format(error=says[f"{name}_error"], angle=says[f"{name}_angle"])
    enough = table["enough"].format(enough=answer.trace.sufficient[name])
    return str(
        table["row"].format(
            name=table[name],
            share=says[f"{name}_share"],
            factor=times(verdict.log10_factor),
            horizon=table["never"] if verdict.horizon is None else counted(words["steps"], verdict.horizon),
            cut=table["none"] if none else cut,
            enough=table["none"] if none else enough,
        )
    )


def _notes(words: Words, answer: LossAnswer, says: Words) -> Iterator[str]:
    claim, where = _claim(answer), _near_or_far(answer)
    if claim in ("hidden", "explodes"):
        yield words[claim].format(**says)
    if claim != "single" and where in words["first_half"]:
        yield words["first_half"][where].format(**says)
    yield words["shares"].format(**says)
    if claim != "single":
        yield words["window"]
        yield words["levels"].format(**says)
    if answer.experiment.batch_size < answer.asked:
        yield words["lowered"].format(**says)
