"""What "Curse of memory" says: titles, names, a row for each remedy and for each kind of gate, and notes."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.pictures.curse_of_memory.answer import ENDS, CurseAnswer
from rnn_dynamics.pictures.kit.finding import Words, claimed, paragraphs, said, table, told

#: From so many needed ways on a step ends further away than it began.
_TOO_FAR = 2.0
#: A change by less than this share is none to speak of.
_ALIKE = 0.2
#: The remedies that multiply the input.
_WITH_GAMMA = ("gamma", "both")
#: Of units as often above the law as below it fewer are above it, or hardly ever.
_FEW = 0.1


def texts(words: Words, answer: CurseAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Names of the lines and of the networks."""
    return {"networks": dict(words["networks"]), "lines": words["lines"][_learned(answer)]}


def moving_texts(words: Words, answer: CurseAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The titles, and whether there is a line of what is without the remedy."""
    says, titles = _says(answer), words["titles"]
    return {
        "laws": titles[f"laws_{_learned(answer)}"].format_map(says),
        "loss": titles[_step(answer)].format_map(says),
        "plain": "" if answer.remedy == "none" else "plain",
    }


def finding(words: Words, answer: CurseAnswer, views: Mapping[str, str]) -> str:
    """The law in the reader's numbers, a row for each remedy, and notes, as HTML.

    Where networks that were run are shown, also what there is to say of them, and a row for each kind of gate.
    """
    says, gates, measured = _says(answer), words["gates"], views["panels"] == "all"
    rows = (_row(words, answer, name) for name in answer.students)
    by_law = said(words, says, rows, _notes(answer, measured), _learned(answer))
    if not measured:
        return by_law
    head = gates["head"].format_map(says)
    seen = (gates["row"].format_map(_gate(gates["names"], answer, name)) for name in answer.shares)
    notes = paragraphs(told(gates["notes"], says, gates=True))
    return by_law + table(head, seen) + notes


def claim(words: Words, answer: CurseAnswer, _: Mapping[str, str]) -> str:
    """How much more sensitive the reader's memory makes the state than the usual one, as HTML."""
    memory, usual, times = answer.student.memory, answer.usual[answer.remedy].memory, answer.times[answer.remedy]
    alike = abs(times - 1.0) < _ALIKE
    return claimed(
        words,
        _says(answer),
        usual=memory == usual,
        shorter=memory < usual and not alike,
        lifted=answer.remedy == "both" and alike and memory > usual,
        less=answer.remedy == "both",
        **{answer.remedy: True},
    )


def _says(answer: CurseAnswer) -> Says:
    step = answer.student.step
    return Says(
        answer,
        own=answer.student,
        reads="γ x" if answer.remedy in _WITH_GAMMA else "x",
        symbol="ν" if answer.student.learns_exponent else "λ",
        more=answer.times[answer.remedy],
        fewer=1.0 / answer.times[answer.remedy],
        plainly=answer.times["none"],
        ratio=answer.overshoots[answer.remedy],
        step=step,
        near=ENDS[0],
        far=ENDS[1],
        grows={name: far / near for name, (near, far) in answer.shares.items()},
    )


def _learned(answer: CurseAnswer) -> str:
    return "exponent" if answer.student.learns_exponent else "factor"


def _step(answer: CurseAnswer) -> str:
    """Which title the loss has."""
    ratio = answer.overshoots[answer.remedy]
    if ratio >= _TOO_FAR:
        return "beyond" if answer.student.step.end >= 1.0 else "too_far"
    return "arrives" if abs(ratio - 1.0) < 2 * _ALIKE else "falls_short"


def _row(words: Words, answer: CurseAnswer, name: str) -> Says:
    one, usual = answer.students[name], answer.usual[name]
    mine = "<b>{}</b>" if name == answer.remedy else "{}"
    return Says(
        one,
        name=mine.format(words["remedies"][name]),
        usual=usual,
        times=answer.times[name],
        ratio=answer.overshoots[name],
        ends=words["ends"]["explodes" if one.step.end >= 1.0 else "stays"].format_map(Says(one.step, after=one.step)),
    )


def _gate(names: Words, answer: CurseAnswer, name: str) -> Says:
    near, far = answer.kept[name]
    near_share, far_share = answer.shares[name]
    return Says(answer, name=names[name], near=near, far=far, near_share=near_share, far_share=far_share)


def _notes(answer: CurseAnswer, measured: bool) -> dict[str, object]:
    return {
        "step": True,
        "measured": measured,
        "turns": measured and answer.above["lru"] < _FEW,
        "lstm": measured and answer.above["lstm"] > 0.5,
        "gamma": answer.remedy in _WITH_GAMMA,
    }
