"""What "Which loss, how far back" says: titles, labels, table and notes, from the words in content/ and an answer."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.engine.verdict import Verdict
from rnn_dynamics.pictures.kit.finding import Words, claimed, first, said
from rnn_dynamics.pictures.losses.answer import BINS, LossAnswer


def texts(words: Words, answer: LossAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Title of the curves, labels (of the sums), and what the panel below says, see `_BELOW`."""
    says = Says(answer, far=100.0 - answer.near_share)
    return {
        "curves": words["titles"]["curves"][_claim(answer)].format_map(says),
        "labels": {name: words["labels"][name].format_map(says) for name in answer.sums},
        **_BELOW[views["below"]](words, answer, says),
    }


def _of_map(words: Words, answer: LossAnswer, says: Says) -> dict[str, Any]:
    """Title of the map, and pointed: a text for each loss."""
    losses = words["losses"]
    return {
        "map": words["titles"]["map"]["none" if answer.median_horizon is None else "some"].format_map(says),
        "pointed": [
            losses["stays" if answer.single[k].horizon is None else "falls"].format(k=k, verdict=answer.single[k])
            for k in answer.shown.tolist()
        ],
    }


def _of_bars(words: Words, answer: LossAnswer, says: Says) -> dict[str, Any]:
    """Title of the bars, and bins: their names."""
    return {"bars": words["titles"]["bars"][_near_or_far(answer)].format_map(says), "bins": _bins(words["bins"])}


#: What only one of the panels below says, made where that is shown: half a hundred sentences take a millisecond.
_BELOW = {"losses": _of_map, "shares": _of_bars, "truncation": lambda *_: {}}


def moving_texts(words: Words, answer: LossAnswer, views: Mapping[str, str]) -> dict[str, str]:
    """What is said of the reader's truncation: beside the map, or over what it leaves."""
    full = int(views["truncation"]) >= answer.length
    claim = first(zero=_no_gradient(answer, "every"), full=full, map=views["below"] == "losses", cut=True)
    return {"cut": words["titles"]["cuts"][claim].format_map(_says(answer, views["truncation"]))}


def finding(words: Words, answer: LossAnswer, views: Mapping[str, str]) -> str:
    """The table of both losses, and the notes, as HTML."""
    says, table = _says(answer, views["truncation"]), words["table"]
    rows = (
        table["row_zero" if _no_gradient(answer, name) else "row"].format(
            name=table[name], verdict=answer.verdicts[name], cut=says["cut"][name], enough=answer.trace.sufficient[name]
        )
        for name in answer.sums
    )
    thin = answer.single[answer.marked] if views["below"] == "losses" else None
    return said(words, says | {"thin": thin}, rows, _notes(answer, thin, views["below"] == "truncation"))


def claim(words: Words, answer: LossAnswer, views: Mapping[str, str]) -> str:
    """What truncation cuts off where that is shown, else what a sum of losses hides, or does not, as HTML."""
    last, kind = answer.verdicts["last"].outcome, _claim(answer)
    says = _says(answer, views["truncation"]) | {"back": answer.length - 1}
    nothing = any(one.outcome == "silent" for one in answer.verdicts.values())
    seen = views["below"] == "truncation" and answer.within(views["truncation"]) < answer.length
    truncated = seen and not _no_gradient(answer, "every")
    kinds = {kind: kind != "both", "holds": last == "holds"}
    return claimed(words, says, **{"nothing": nothing, "truncated": truncated, **kinds, "both": True})


def _says(answer: LossAnswer, truncation: str) -> Says:
    tau = answer.within(truncation)
    return Says(answer, far=100.0 - answer.near_share, tau=tau, cut=answer.cut(truncation), summed=_summed(answer))


def _summed(answer: LossAnswer) -> str:
    """The matrix whose gradient is truncated, as HTML."""
    letter, _, index = answer.cell.summed.partition("_")
    return f"{letter}<sub>{index}</sub>"


def _bins(words: Words) -> str:
    """The names of the bins of distances, "|" between them."""
    between = [words["between"].format(first=first, last=after - 1) for first, after in pairwise(BINS[1:])]
    return "|".join([words["none"], *between, words["beyond"].format(last=BINS[-1] - 1)])


def _claim(answer: LossAnswer) -> str:
    """Which title over the curves is true: "single", "hidden", "explodes", or "both" for the rest."""
    every, last = (answer.verdicts[name].outcome for name in ("every", "last"))
    return first(
        single=answer.length == 1,
        hidden=last == "vanishes" and every in ("holds", "explodes"),
        explodes=last == "explodes",
        both=True,
    )


def _near_or_far(answer: LossAnswer) -> str:
    """Where most of what arrives comes from, in the mean over the first half: "near", "far", or the reason why not."""
    near = answer.near_share
    return first(nothing=math.isnan(near), against=not -0.5 <= near <= 100.5, near=near >= 50.0, far=True)


def _no_gradient(answer: LossAnswer, name: str) -> bool:
    """Whether dL/dW_hh is zero, so that nothing can be truncated."""
    return math.isnan(answer.trace.log10_errors[name][-1])


def _notes(answer: LossAnswer, thin: Verdict | None, chunks: bool) -> dict[str, object]:
    """Which of them hold; `thin`: what the thin line says, where there is one; `chunks`: whether these are drawn."""
    claim, where, several = _claim(answer), _near_or_far(answer), answer.length > 1
    steps = {thin and thin.horizon, answer.verdicts["last"].horizon}
    return {
        "horizons": None not in steps and len(steps) > 1,
        claim: claim == "hidden",
        where: where != "nothing" and several,
        "shares": True,
        "window": several,
        "chunks": several and chunks and not _no_gradient(answer, "every"),
        "levels": several,
        "lowered": answer.experiment.batch_size < answer.asked,
    }
