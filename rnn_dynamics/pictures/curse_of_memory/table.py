"""The tables of "Curse of memory": the laws, networks on them, the loss of a student, and a step of its descent."""

import numpy as np

from rnn_dynamics.engine.curse import Student, factor_of, memory_of
from rnn_dynamics.pictures.curse_of_memory.answer import PLACES, CurseAnswer
from rnn_dynamics.pictures.kit.axes import reaching
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, joined, one_row, points, table

#: Ends of the axis of log10 standard deviations; the upper one is the first that has room.
_LOWEST, _TOPS = -1.0, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
#: Of the axes of what is learned: λ, and the memory e^−ν as its log10.
_FACTORS, _MEMORIES = (0.5, 1.0), (0.0, 4.0)
#: Of the axis of losses, from 0: the first that shows four times the losses at which steps begin.
_LOSSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
#: Places of a valley of the loss, half of them close to its floor.
_VALLEY = 120
#: Of a gradient over as many steps as the memory has.
_LEFT = np.log10(np.exp(-1.0))


def tables(answer: CurseAnswer, texts: Texts, _: Views) -> Tables:
    """What the memory leaves as it is.

    laws (name, memory, log10), networks (network, what: state or sensitivity, memory, log10), names (of the
    networks) and lines (what the laws are called).
    """
    state, sensitive = (np.log10(of) for of in answer.law(answer.remedy))
    plain = np.log10(answer.law("none")[1])
    curves = {"gradient": np.full(len(PLACES), _LEFT), "state": state, "sensitivity": sensitive}
    if answer.remedy != "none":
        curves["plain"] = plain
    units = {name: answer.measured(name) for name in answer.networks.units}
    rows = (
        (name, what, memory, np.log10(values))
        for name, (memory, *both) in units.items()
        for what, values in zip(("state", "sensitivity"), both, strict=True)
    )
    return {
        "laws": points(**joined(("name", "memory", "log10"), ((name, PLACES, of) for name, of in curves.items()))),
        "networks": points(**joined(("network", "what", "memory", "log10"), rows)),
        "names": table(network=list(units), text=[texts["networks"][name] for name in units]),
        "lines": table(name=list(curves), text=[texts["lines"][name] for name in curves]),
    }


def moving_tables(answer: CurseAnswer, texts: Texts, _: Views) -> Tables:
    """What the memory moves.

    own (what, memory, spread and its log10 of the reader's unit, and whether it is the upper one), valleys (whose:
    usual or own, place, loss), steps (whose, and places and losses where a step begins and ends, within the axes) and
    whole (one row).
    """
    student, usual = answer.student, answer.usual[answer.remedy]
    both = {"usual": usual, "own": student}
    low, high = _MEMORIES if student.learns_exponent else _FACTORS
    top = reaching(4.0 * float(max(one.step.loss_before for one in both.values())), _LOSSES)
    valleys = ((name, *_valley(one, (low, high), top)) for name, one in both.items())
    steps = [one.step for one in both.values()]
    ends = np.array([_place(one.end, student.learns_exponent) for one in steps])
    after = np.minimum([one.loss_after for one in steps], top)
    return {
        "own": table(
            what=["state", "sensitivity"],
            memory=student.memory,
            log10=np.log10([student.size, student.sensitivity]),
            upper=[student.size > student.sensitivity, student.size <= student.sensitivity],
            spread=[student.size, student.sensitivity],
        ),
        "valleys": points(**joined(("whose", "place", "loss"), valleys)),
        "steps": table(
            whose=list(both),
            place=[_place(one.start, student.learns_exponent) for one in steps],
            loss=[one.loss_before for one in steps],
            place_after=np.clip(ends, low, high),
            loss_after=after,
            beyond=(ends > high) | (ends < low),
        ),
        "whole": one_row(
            texts,
            memory=student.memory,
            longest=PLACES[-1],
            low=_LOWEST,
            high=_high(answer),
            left=low,
            right=high,
            top=top,
        ),
    }


def _high(answer: CurseAnswer) -> float:
    """The upper end of the axis of standard deviations: what is done about them leaves it."""
    return reaching(float(np.log10(max(of.max() for of in answer.law("none")))), _TOPS)


def _place(factor: float, learns_exponent: bool) -> float:
    """λ, or log10 of the memory of it."""
    if not learns_exponent:
        return factor
    with np.errstate(divide="ignore"):
        return float(np.log10(memory_of(factor)))


def _valley(student: Student, ends: tuple[float, float], top: float) -> tuple[Array, Array]:
    """Places and losses of a valley, as far as the axes show it."""
    memories = np.concatenate([np.geomspace(1.0, 1e4, _VALLEY), student.memory * np.geomspace(0.5, 2.0, _VALLEY + 1)])
    factors = np.sort(np.concatenate([factor_of(memories), np.linspace(0.5, 0.999, _VALLEY)]))
    places = np.log10(memory_of(factors)) if student.learns_exponent else factors
    losses = student.loss(factors)
    shown = (places >= ends[0]) & (places <= ends[1]) & (losses <= top)
    return places[shown], losses[shown]


def laws_file(answer: CurseAnswer, _: Views) -> Frame:
    """Both laws at every memory of the curves, with each remedy: remedy, memory, lambda, state, sensitivity."""
    parts = ((name, PLACES, factor_of(PLACES), *answer.law(name)) for name in answer.students)
    return Frame(joined(("remedy", "memory", "lambda", "state", "sensitivity"), parts))


def networks_file(answer: CurseAnswer, _: Views) -> Frame:
    """Every unit that was measured: network, memory, state, sensitivity, both with the reader's remedy."""
    parts = ((name, *answer.measured(name)) for name in answer.networks.units)
    return Frame(joined(("network", "memory", "state", "sensitivity"), parts))
