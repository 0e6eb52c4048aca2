"""What "A product of Jacobians" says: titles, labels, equation, table and notes, from the words and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import power_of_ten, signed, three_digits, times, with_spread
from rnn_dynamics.pictures.jacobians.answer import VISIBLE, JacobianAnswer
from rnn_dynamics.pictures.kit.finding import finding as as_html

Words = Mapping[str, Any]


def texts(words: Words, answer: JacobianAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the norm and each law), pointed (beside the line of each eigenvalue), titles (of all panels)."""
    says = _says(words, answer)
    keys = {"lines": _claim(answer), "weights": "weights", "mean": "mean", "spectrum": _spectrum(answer)}
    return {
        "labels": {name: words["labels"][name].format(**says) for name in ("norm", *answer.laws)},
        "pointed": [
            words["pointed"].format(
                modulus=three_digits(10.0**slope),
                left=power_of_ten(slope * answer.back if answer.back else 0.0),
                steps=says["steps"],
            )
            for slope in answer.log10_moduli.tolist()
        ],
        "titles": {name: words["titles"][key].format(**says) for name, key in keys.items()},
    }


def finding(words: Words, answer: JacobianAnswer, _: Mapping[str, str]) -> str:
    """The step's equation, the table of factors, and the notes, as HTML."""
    says, table = _says(words, answer), words["table"]
    names = ("norm", "exponent", "mean", *(("radius", "bound") if answer.bound_holds else ()))
    rows = (
        table["row"].format(name=table[name].format(**says), step=says[f"{name}_step"], over=says[name])
        for name in names
    )
    equation = words["equation"][_kind(answer)].format(**says)
    return as_html(table["head"].format(**says), rows, _notes(words["notes"], answer, says), equation)


def _claim(answer: JacobianAnswer) -> str:
    """Which title is the most telling true one."""
    if not answer.back:
        return "single"
    if _kind(answer) != "plain":
        return _kind(answer)
    if answer.coincide:
        return "coincide"
    if answer.excess[1] > math.log10(2.0):
        return "exceeds"
    return "grows" if answer.positive[0] and answer.norm[-1] > VISIBLE else "bound"


def _spectrum(answer: JacobianAnswer) -> str:
    """Which title of the exponents is true."""
    low, high = answer.positive
    return "spectrum" if low == high else "spectrum_between" if answer.back else "spectrum_single"


def _kind(answer: JacobianAnswer) -> str:
    """Which equation a step has: "plain", "gated", or "cut" for a network whose only way back is cut."""
    if not answer.bound_holds:
        return "gated"
    return "cut" if answer.experiment.hidden_path == "cut" else "plain"


def _says(words: Words, answer: JacobianAnswer) -> dict[str, Any]:
    back, norm, cell = answer.back, float(answer.norm[-1]), answer.cell
    low, high = answer.positive
    return {
        **{name: power_of_ten(value) for name, value in answer.over.items()},
        **{f"{name}_step": _factor(slope) for name, slope in answer.factors.items()},
        **_largest_exponent(words["between"], answer),
        "norm": power_of_ten(norm),
        "norm_step": _factor(norm / back if back else math.nan),
        "cell": cell.label,
        "matrix": cell.state_matrix,
        "state": words["states"][cell.components[-1]],
        "steps": counted(words["steps"], back),
        "size": answer.size,
        "computed": len(answer.exponents),
        "survivors": answer.survivors,
        "positive": low,
        "possible": high,
        "slope": answer.slope,
        "excess_lag": answer.excess[0],
        "excess": power_of_ten(answer.excess[1]),
    }


def _largest_exponent(between: str, answer: JacobianAnswer) -> dict[str, str]:
    """λ₁ itself, and as a factor per step and over the longest lag: from the lower to the upper end of its spread."""
    over = [power_of_ten(answer.back * end if answer.back else 0.0) for end in answer.ends]
    return {
        "exponent": _between(between, *over),
        "exponent_step": _between(between, *map(_factor, answer.ends)),
        "exponent_nats": with_spread(float(answer.exponents[0]), float(answer.spread[0])),
    }


def _between(sentence: str, low: str, high: str) -> str:
    return low if low == high else sentence.format(low=low, high=high)


def _factor(log10_value: float) -> str:
    """A factor per step, with one digit more where it is almost 1."""
    return times(log10_value, ".4g" if abs(log10_value) < 0.02 else ".3g")


def _notes(words: Words, answer: JacobianAnswer, says: Words) -> Iterator[str]:
    if not answer.back:
        yield words["single"]
        return
    plain = _kind(answer) == "plain"
    if plain:
        below = answer.below_the_bound
        yield words[_verdict_of_bound(answer)].format(
            **says, below=power_of_ten(below if math.isfinite(below) else math.nan)
        )
    if answer.excess[1] > VISIBLE:
        yield words["radius_exceeded" if answer.bound_holds else "mean_exceeded"].format(**says)
    elif plain and answer.factors["radius"] > VISIBLE and answer.norm[-1] < -VISIBLE:
        yield words["radius_above_one"].format(**says)
    some = "directions" if answer.survivors else "no_direction"
    yield words["all_directions" if answer.survivors == answer.size else some].format(**says)
    if len(set(answer.positive)) > 1 or "±" in says["exponent_nats"]:
        yield words["spread"].format(**says)
    yield _sum_of_exponents(words, answer, says)
    yield from _limits(words, answer, says)


def _verdict_of_bound(answer: JacobianAnswer) -> str:
    """Which sentence on the bound is true here."""
    if answer.coincide:
        return "coincide"
    if answer.factors["bound"] < -1e-12:  # rounding of a matrix that only rotates
        return "sufficient"
    if answer.norm[-1] <= VISIBLE:
        return "not_sufficient"
    return "explodes" if answer.below_the_bound > VISIBLE else "as_the_bound"


def _sum_of_exponents(words: Words, answer: JacobianAnswer, says: Words) -> str:
    if len(answer.exponents) < answer.size:
        return str(words["part"].format(**says))
    for kind, count in answer.missing.items():
        if count:
            return str(words[kind].format(**says, count=count))
    total = float(answer.exponents.sum())
    return str(words["sum"].format(**says, sum=signed(total, 1), volume=power_of_ten(total / math.log(10.0))))


def _limits(words: Words, answer: JacobianAnswer, says: Words) -> Iterator[str]:
    lag, ended = answer.ended
    if ended:
        yield words["ended"].format(**says, ended=ended, lag=lag)
    if answer.experiment.hidden_path == "cut" and not answer.bound_holds:
        yield words["cut_path"].format(**says)
