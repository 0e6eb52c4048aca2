"""The finding of the page "A product of Jacobians" as HTML: the step's equation, the table of factors, the notes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.jacobians.answer import PAGE, VISIBLE, JacobianAnswer, coincide, jacobian_answer, numbers_of
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import power_of_ten


@lru_cache(maxsize=256)
def jacobian_finding(experiment: Experiment) -> str:
    """What the picture says, in words and numbers."""
    answer = jacobian_answer(experiment)
    words, says = sentences(PAGE), numbers_of(answer)
    equation = words["equation"][_kind(answer)].format(**says)
    names = ("norm", "exponent", "mean", "radius", "bound") if answer.bound_holds else ("norm", "exponent", "mean")
    rows = "".join(
        words["table"]["row"].format(
            name=words["table"][name].format(**says), step=says[f"{name}_step"], over=says[name]
        )
        for name in names
    )
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(answer))
    return (
        f'<p class="equation">{equation}</p><div style="overflow-x: auto">'
        f'<table class="verdict">{words["table"]["head"].format(**says)}{rows}</table></div>{notes}'
    )


def _kind(answer: JacobianAnswer) -> str:
    """Which equation a step has: "plain", "gated", or "cut" for a network whose only way back is cut."""
    if not answer.bound_holds:
        return "gated"
    return "cut" if answer.experiment.hidden_path == "cut" else "plain"


def _notes(answer: JacobianAnswer) -> Iterator[str]:
    words, says = sentences(PAGE)["notes"], numbers_of(answer)
    if not answer.back:
        yield words["single"]
        return
    if _kind(answer) == "plain":
        below = _below_the_bound(answer)
        shown = power_of_ten(below) if np.isfinite(below) else "–"
        yield words[_verdict_of_bound(answer)].format(**says, below=shown)
    if answer.excess[1] > VISIBLE:
        yield words["radius_exceeded" if answer.bound_holds else "mean_exceeded"].format(**says)
    elif _kind(answer) == "plain" and answer.factors["radius"] > VISIBLE and answer.norm[-1] < -VISIBLE:
        yield words["radius_above_one"].format(**says)
    some = "directions" if answer.survivors else "no_direction"
    yield words["all_directions" if answer.survivors == answer.size else some].format(**says)
    if len(set(answer.positive)) > 1 or "±" in str(says["exponent_nats"]):
        yield words["spread"].format(**says)
    yield _sum_of_exponents(answer)
    yield from _limits(answer)


def _verdict_of_bound(answer: JacobianAnswer) -> str:
    """Which sentence on the bound is true here."""
    if coincide(answer):
        return "coincide"
    if answer.factors["bound"] < -1e-12:  # rounding of a matrix that only rotates
        return "sufficient"
    if answer.norm[-1] <= VISIBLE:
        return "not_sufficient"
    return "explodes" if _below_the_bound(answer) > VISIBLE else "as_the_bound"


def _below_the_bound(answer: JacobianAnswer) -> float:
    """log10 of how many times smaller the norm is than its bound."""
    return answer.back * answer.factors["bound"] - float(answer.norm[-1])


def _sum_of_exponents(answer: JacobianAnswer) -> str:
    words, says, exponents = sentences(PAGE)["notes"], numbers_of(answer), answer.exponents
    if len(exponents) < answer.size:
        return str(words["part"].format(**says))
    if np.isnan(exponents).any():
        return str(words["unresolved"].format(**says, count=int(np.isnan(exponents).sum())))
    if np.isneginf(exponents).any():
        return str(words["lost"].format(**says, count=int(np.isneginf(exponents).sum())))
    total = float(exponents.sum())
    return str(
        words["sum"].format(**says, sum=f"{total:z.1f}".replace("-", "−"), volume=power_of_ten(total / np.log(10.0)))
    )


def _limits(answer: JacobianAnswer) -> Iterator[str]:
    words, says = sentences(PAGE)["notes"], numbers_of(answer)
    ended = np.isnan(answer.log10_singular_values).sum(axis=1)
    if ended.any():
        yield words["ended"].format(**says, ended=ended[-1], lag=answer.lags[int((ended > 0).argmax())])
    if answer.experiment.hidden_path == "cut" and not answer.bound_holds:
        yield words["cut_path"].format(**says)
    if unsure := warning(answer.digits):
        yield unsure
