"""The tables of "A product of Jacobians".

A law that says "the same factor at each step" is a straight line here, and as a modulus a circle in the complex plane.
"""

import numpy as np

from rnn_dynamics.pictures.jacobians.answer import JacobianAnswer
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends, line_ends, reaching
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, points, table, whole, within

#: At most so many singular values have a line, evenly from the largest to the smallest.
FAN = 12
#: Laws that the weights state, whatever the network reads.
_OF_THE_WEIGHTS = ("bound", "radius")
#: Labels that fit above each other.
_LINES = 13
#: Points of a curve of which its name is to keep off.
_ALONG = 100
#: Where the complex plane may end: few values, so that it stands still while a slider moves.
_REACHES = (1.2, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 35.0, 60.0, 100.0)
#: Where the axis of the exponents may end, below and above 0; what lies below the last is not drawn.
_LOWEST_EXPONENTS, _HIGHEST_EXPONENTS = (0.5, 1.0, 2.0, 4.0, 6.0), (0.25, 0.5, 1.0, 2.0, 4.0)


def tables(answer: JacobianAnswer, texts: Texts, views: Views) -> Tables:
    """Fan (by rank, step; 1 is the norm), laws, labels (of both), whole; with all panels those of `_beside` too.

    A law (name) has the step and log10_value at which its straight line ends, and the radius of its circle, which an
    exponent has not. Beside the curves alone stand the laws that W_hh states.
    """
    everything, ends = views["panels"] == "all", _ends(answer)
    drawn = {name: of for name, of in answer.drawn.items() if everything or name in _OF_THE_WEIGHTS}
    named = {"norm": answer.trace.log10_norms} | {name: answer.laws.lines[name] for name in drawn}
    ranks = np.unique(np.linspace(0, answer.trace.size - 1, FAN).round().astype(int))
    beside, axes = _beside(answer, texts, ends) if everything else ({}, {})
    return {
        "fan": points(
            rank=ranks[:, None] + 1,
            step=answer.experiment.sequence_length - answer.trace.lags,
            log10_singular_value=within(answer.trace.log10_singular_values.T[ranks], ends),
        ),
        "laws": points(
            name=np.array(list(drawn), dtype=str),
            radius=[np.nan if name == "exponent" else 10.0**of for name, of in drawn.items()],
            **_line_ends(answer, np.array(list(drawn.values())), ends),
        ),
        "labels": frames.label_rows(
            {name: _from_step_1(answer, line) for name, line in named.items()},
            texts["labels"],
            ends,
            _LINES,
            on_a_phone=_LINES,
            thin=np.stack([_from_step_1(answer, line) for line in answer.trace.log10_singular_values.T[ranks]]),
        ),
        "whole": whole(answer.experiment, ends, texts["titles"], **axes),
        **beside,
    }


def _beside(answer: JacobianAnswer, texts: Texts, ends: tuple[float, float]) -> tuple[Tables, dict[str, float]]:
    """Eigenvalues, singular (values of W_hh) and exponents; and where the axes of these panels end.

    An eigenvalue (place, its number; kind, itself, modulus, text) has the step and log10_value at which the straight
    line of its modulus ends.
    """
    values, exponents = np.concatenate(list(answer.laws.eigenvalues.values())), answer.trace.lyapunov_exponents
    finite = exponents[np.isfinite(exponents)]
    lowest = -reaching(-finite.min(initial=0.0), _LOWEST_EXPONENTS)
    highest = reaching(finite.max(initial=0.0), _HIGHEST_EXPONENTS)
    drawn = exponents[exponents >= lowest]
    found = {
        "eigenvalues": points(
            place=np.arange(len(values)),
            kind=[kind for kind, some in answer.laws.eigenvalues.items() for _ in some],
            real=values.real,
            imaginary=values.imag,
            modulus=np.abs(values),
            **_line_ends(answer, answer.laws.log10_moduli, ends),
            text=texts["pointed"],
        ),
        "singular": points(value=answer.laws.singular_values),
        "exponents": table(order=np.arange(1, len(drawn) + 1), exponent=drawn),
    }
    return found, {"reach": _reach(answer), "count": len(exponents), "lowest": lowest, "highest": highest}


def _from_step_1(answer: JacobianAnswer, by_lag: Array) -> Array:
    """Values at the lags of the trace as a curve in even steps, step 1 first."""
    return np.interp(np.linspace(answer.back, 0, _ALONG), answer.trace.lags, by_lag)


def _ends(answer: JacobianAnswer) -> tuple[float, float]:
    """The ends of the vertical axis, in orders of magnitude: the norm fills it, a law may leave it."""
    norms = answer.trace.log10_norms
    span = max(10.0, float(np.abs(norms[np.isfinite(norms)]).max()))
    laws = np.clip([slope * answer.back for slope in answer.drawn.values()], -span, span)
    return axis_ends(np.concatenate([norms, laws]))


def _line_ends(answer: JacobianAnswer, slopes: Array, ends: tuple[float, float]) -> dict[str, Array]:
    """Where straight lines from 10⁰ at step T end, within the axes: step, not a whole one, and log10_value."""
    lags, heights = line_ends(slopes, answer.back, *ends)
    return {"step": answer.experiment.sequence_length - lags, "log10_value": heights}


def _reach(answer: JacobianAnswer) -> float:
    """Where the complex plane ends, in all four directions."""
    edge = 1.04 * max(1.0, float((10.0**answer.laws.log10_moduli).max()), float(answer.laws.singular_values[0]))
    return reaching(edge, (*_REACHES, edge))


def lines_file(answer: JacobianAnswer, _: Views) -> Frame:
    """A row per lag: lag, log10_singular_value_1 (the norm) .. S, and a column log10_<law> for each factor per step."""
    values = enumerate(answer.trace.log10_singular_values.T, start=1)
    columns = {f"log10_singular_value_{k}": column for k, column in values}
    return frames.frame(
        lag=answer.trace.lags, **columns, **{f"log10_{name}": line for name, line in answer.laws.lines.items()}
    )
