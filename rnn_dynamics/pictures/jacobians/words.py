"""What "A product of Jacobians" says: titles, labels, equation, table and notes, from the words and an answer."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.content.numbers import factor, power_of_ten, with_spread
from rnn_dynamics.pictures.jacobians.answer import VISIBLE, JacobianAnswer
from rnn_dynamics.pictures.kit.finding import Words, claimed, first, said, told

#: log10 of what rounding makes of a factor of 1.
_ROUNDING = 1e-12


def texts(words: Words, answer: JacobianAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the norm and each law), pointed (beside the line of each eigenvalue), titles (of all panels)."""
    says, back = _says(words, answer), answer.back
    keys = {
        "lines": _claim(answer),
        "weights": "weights" if answer.cell.state_matrix else "weights_none",
        "mean": "mean",
        "spectrum": _spectrum(answer),
    }
    return {
        "labels": {name: words["labels"][name].format_map(says) for name in ("norm", *answer.drawn)},
        "pointed": [
            words["pointed"].format(modulus=10.0**slope, left=slope * back if back else 0.0, back=back)
            for slope in answer.laws.log10_moduli.tolist()
        ],
        "titles": {name: words["titles"][key].format_map(says) for name, key in keys.items()},
    }


def finding(words: Words, answer: JacobianAnswer, _: Mapping[str, str]) -> str:
    """The step's equation, the table of factors, and the notes, as HTML."""
    says, bound = _says(words, answer), answer.bound_holds
    rows = told(words["table"], says, norm=True, exponent=True, mean=True, radius=bound, bound=bound)
    return said(words, says, rows, _notes(answer, says), _kind(answer))


def claim(words: Words, answer: JacobianAnswer, _: Mapping[str, str]) -> str:
    """What to make of the product of the Jacobians, as HTML."""
    kind, factors, norm = _kind(answer), answer.laws.factors, float(answer.trace.log10_norms[-1])
    rho, sigma = (10.0 ** factors.get(name, math.nan) for name in ("radius", "bound"))
    return claimed(
        words,
        _says(words, answer) | {"rho": rho, "sigma": sigma},
        single=not answer.back,
        **{kind: kind != "plain"},
        coincide=answer.coincide,
        sufficient=factors["bound"] < -_ROUNDING,
        unit=factors["bound"] < _ROUNDING,
        above_one=_rule_fails(answer, norm),
        exceeds=_exceeds(answer),
        bound=True,
    )


def _rule_fails(answer: JacobianAnswer, norm: float) -> bool:
    """Whether the product shrinks, and never was above ρ to the same power, although ρ > 1."""
    return answer.laws.factors["radius"] > VISIBLE and norm < -VISIBLE and answer.excess[1] <= VISIBLE


def _exceeds(answer: JacobianAnswer) -> bool:
    """Whether the product is so much above ρ to the same power that this is what there is to see."""
    return answer.excess[1] > math.log10(2.0)


def _claim(answer: JacobianAnswer) -> str:
    """Which title is the most telling true one."""
    kind = _kind(answer)
    return first(
        single=not answer.back,
        **{kind: kind != "plain"},
        coincide=answer.coincide,
        exceeds=_exceeds(answer),
        grows=answer.trace.positive[0] and answer.trace.log10_norms[-1] > VISIBLE,
        above_one=_rule_fails(answer, answer.trace.log10_norms[-1]),
        bound=True,
    )


def _spectrum(answer: JacobianAnswer) -> str:
    """Which title of the exponents is true."""
    low, high = answer.trace.positive
    return "spectrum" if low == high else "spectrum_between" if answer.back else "spectrum_single"


def _kind(answer: JacobianAnswer) -> str:
    """Which equation a step has: "plain", "gated", "diagonal", "linear", "oscillating"; "cut": the only way back is."""
    if answer.cell.oscillates:
        return "oscillating"
    if not answer.bound_holds:
        return "gated" if answer.cell.state_matrix else "diagonal"
    if answer.cell.rotates:
        return "linear"
    return "cut" if answer.experiment.hidden_path == "cut" else "plain"


def _says(words: Words, answer: JacobianAnswer) -> Says:
    """Beside the answer's own the largest exponent, λ₁: from the lower to the upper end of its spread."""
    back, norm, total = answer.back, float(answer.trace.log10_norms[-1]), float(answer.trace.lyapunov_exponents.sum())

    def between(form: Callable[[float], str], *ends: float) -> str:
        low, high = map(form, ends)
        return low if low == high else str(words["between"].format(low=low, high=high))

    return Says(
        answer,
        norm=norm,
        below_the_bound=answer.laws.over["bound"] - norm,
        norm_step=norm / back if back else math.nan,
        exponent=between(power_of_ten, *(back * end if back else 0.0 for end in answer.ends)),
        exponent_step=between(factor, *answer.ends),
        exponent_nats=with_spread(float(answer.trace.lyapunov_exponents[0]), float(answer.trace.lyapunov_spread[0])),
        state=words["states"].get(answer.cell.name) or words["states"][answer.cell.components[-1]],
        computed=len(answer.trace.lyapunov_exponents),
        sum_of_exponents=total,
        log10_volume=total / math.log(10.0),
    )


def _notes(answer: JacobianAnswer, says: Says) -> dict[str, object]:
    if not answer.back:
        return {"single": True}
    plain, exceeded, norm = _kind(answer) == "plain", answer.excess[1] > VISIBLE, says["norm"]
    (low, high), alive = answer.trace.positive, answer.trace.survivors
    return {
        "ring": answer.cell.rotates,
        first(
            coincide=answer.coincide,
            sufficient=answer.laws.factors["bound"] < -_ROUNDING,
            unit=answer.laws.factors["bound"] < _ROUNDING,
            not_sufficient=norm <= VISIBLE,
            explodes=says["below_the_bound"] > VISIBLE,
            as_the_bound=True,
        ): plain,
        "radius_exceeded" if answer.bound_holds else "mean_exceeded": exceeded,
        "radius_above_one": plain and _rule_fails(answer, norm),
        first(no_direction=not alive, all_directions=alive == answer.trace.size, directions=True): True,
        "spread": low != high or "±" in says["exponent_nats"],
        first(part=says["computed"] < answer.trace.size, **answer.trace.missing, sum=True): True,
        "ended": answer.trace.ended[1],
        "cut_free" if answer.cell.oscillates else "cut_path": answer.experiment.hidden_path == "cut"
        and not answer.bound_holds,
    }
