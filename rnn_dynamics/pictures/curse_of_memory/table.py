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
#: Numbers of two memories that are fewer orders of magnitude apart would lie on each other.
_APART = 0.45
#: Of a gradient over as many steps as the memory has.
_LEFT = np.log10(np.exp(-1.0))


def tables(answer: CurseAnswer, texts: Texts, views: Views) -> Tables:
    """What the memory leaves as it is.

    laws (name, memory, log10) and lines (what the laws are called); with all panels networks (network, what: state or
    sensitivity, memory, log10) and names (of these).
    """
    state, sensitive = (np.log10(of) for of in answer.law(answer.remedy))
    plain = np.log10(answer.law("none")[1])
    curves = {"gradient": np.full(len(PLACES), _LEFT), "state": state, "sensitivity": sensitive}
    if answer.remedy != "none":
        curves["plain"] = plain
    return {
        "laws": points(**joined(("name", "memory", "log10"), ((name, PLACES, of) for name, of in curves.items()))),
        "lines": table(name=list(curves), text=[texts["lines"][name] for name in curves]),
        **(_measured(answer, texts) if views["panels"] == "all" else {}),
    }


def _measured(answer: CurseAnswer, texts: Texts) -> Tables:
    """Networks, and names."""
    units = {name: answer.measured(name) for name in answer.networks.units}
    rows = (
        (name, what, memory, np.log10(values))
        for name, (memory, *both) in units.items()
        for what, values in zip(("state", "sensitivity"), both, strict=True)
    )
    return {
        "networks": points(**joined(("network", "what", "memory", "log10"), rows)),
        "names": table(network=list(units), text=[texts["networks"][name] for name in units]),
    }


def moving_tables(answer: CurseAnswer, texts: Texts, views: Views) -> Tables:
    """What the memory moves.

    units (what: state or sensitivity; of the usual unit and the reader's the memory, spread and its log10, and whether
    it is the upper one there) and whole (one row); with all panels those of `_descent` too.
    """
    units = [unit for unit in _both(answer).values() if unit is answer.student or _apart(unit, answer.student)]
    spreads = np.array([[unit.size, unit.sensitivity] for unit in units])
    loss, axes = _descent(answer) if views["panels"] == "all" else ({}, {})
    return {
        "units": table(
            what=["state", "sensitivity"],
            memory=np.array([unit.memory for unit in units])[:, None],
            log10=np.log10(spreads),
            upper=spreads >= spreads.max(axis=1, keepdims=True),
            spread=spreads,
        ),
        "whole": one_row(
            texts, memory=answer.student.memory, longest=PLACES[-1], low=_LOWEST, high=_high(answer), **axes
        ),
        **loss,
    }


def _both(answer: CurseAnswer) -> dict[str, Student]:
    return {"usual": answer.usual[answer.remedy], "own": answer.student}


def _apart(unit: Student, other: Student) -> bool:
    """Whether their numbers have room beside each other."""
    return abs(np.log10(unit.memory / other.memory)) >= _APART


def _descent(answer: CurseAnswer) -> tuple[Tables, dict[str, float]]:
    """Valleys (whose, place, loss), steps (whose, where one begins and ends, within the axes), and these axes' ends."""
    learns, both = answer.student.learns_exponent, _both(answer)
    low, high = _MEMORIES if learns else _FACTORS
    steps = [one.step for one in both.values()]
    top = reaching(4.0 * max(float(step.loss_before) for step in steps), _LOSSES)
    valleys = ((name, *_valley(one, (low, high), top)) for name, one in both.items())
    ends = np.array([_place(step.end, learns) for step in steps])
    found = {
        "valleys": points(**joined(("whose", "place", "loss"), valleys)),
        "steps": table(
            whose=list(both),
            place=[_place(step.start, learns) for step in steps],
            loss=[step.loss_before for step in steps],
            place_after=np.clip(ends, low, high),
            loss_after=np.minimum([step.loss_after for step in steps], top),
            beyond=(ends > high) | (ends < low),
        ),
    }
    return found, {"left": low, "right": high, "top": top}


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
