"""What "Family tree" says: titles, labels, the chosen cell's equation, a row for each cell, and notes."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.engine.verdict import middle_lags
from rnn_dynamics.pictures.family_tree.answer import Member, TreeAnswer
from rnn_dynamics.pictures.kit.finding import Words, claimed, first, said

#: Where the path is the whole gradient, its share differs from 1 by rounding alone, as log10.
_ROUNDING = 1e-9


def texts(words: Words, answer: TreeAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves), names and numbers (the factor) of each cell, and the titles curves and factors."""
    single, says = answer.experiment.sequence_length == 1, _says(words, answer)
    return {
        "labels": {member.cell.name: words["label"].format_map(Says(member)) for member in answer.members},
        "names": [words["name"].format_map(Says(member)) for member in answer.members],
        "numbers": [words["number"].format_map(Says(member)) for member in answer.members],
        "curves": words["titles"]["single" if single else "curves"].format_map(says),
        "factors": words["titles"]["factors"].format_map(says),
    }


def finding(words: Words, answer: TreeAnswer, _: Mapping[str, str]) -> str:
    """The equation of the chosen cell, a row for each cell, and the notes, as HTML."""
    rows = (Says(member, **_facts(words, member)) for member in answer.members)
    return said(words, _says(words, answer), rows, _notes(answer), answer.cell.name)


def claim(words: Words, answer: TreeAnswer, _: Mapping[str, str]) -> str:
    """In which cells the gradient holds, and what they have that the others do not, as HTML."""
    held, outcomes = _those(answer, "holds"), {verdict.outcome for verdict in answer.verdicts.values()}
    return claimed(
        words,
        _says(words, answer),
        single=answer.experiment.sequence_length == 1,
        silent="silent" in outcomes,
        every=answer.experiment.loss_at == "every",
        gates=bool(held) and held == answer.with_path,
        ring=bool(held) and held == answer.adding,
        all_vanish=outcomes == {"vanishes"},
        all_explode=outcomes == {"explodes"},
        explode="explodes" in outcomes,
        some=bool(held),
        none=True,
    )


def _says(words: Words, answer: TreeAnswer) -> Says:
    ordered = sorted(answer.members, key=lambda member: abs(member.verdict.log10_factor))
    near, far = middle_lags(answer.experiment.sequence_length)
    held = _those(answer, "holds")
    by_share = sorted(answer.members, key=lambda member: member.whole[0])
    return Says(
        answer,
        held=_names(words, held),
        lowest=min((member.verdict.log10_factor for member in held), default=math.nan),
        exploded=_names(words, _those(answer, "explodes")),
        without=_names(words, answer.without_w_hh),
        largest=max(answer.members, key=lambda member: member.verdict.log10_factor),
        plain=answer.members[0],
        nearest=ordered[0],
        furthest=ordered[-1],
        least=by_share[0],
        most=by_share[-1],
        count=len(answer.members),
        near=near,
        far=far,
    )


def _those(answer: TreeAnswer, outcome: str) -> tuple[Member, ...]:
    return tuple(member for member in answer.members if member.verdict.outcome == outcome)


def _names(words: Words, members: Iterable[Member]) -> str:
    return str(words["between"]).join(member.cell.short for member in members)


def _facts(words: Words, member: Member) -> dict[str, str]:
    """What the row of a cell says in words: what stands between a state and the next, and what its gates see."""
    cell, facts = member.cell, words["facts"]
    return {
        "multiplies": facts["multiplies"][cell.name].format_map(Says(member)),
        "sees": facts[first(none=not cell.gates, both=cell.state_matrix, input=True)],
        "path_alone": "–" if member.log10_path is None else facts["path"].format_map(Says(member)),
    }


def _notes(answer: TreeAnswer) -> dict[str, object]:
    experiment, shares = answer.experiment, [member.log10_share for member in answer.members]
    alone = [member for member in answer.members if not member.cell.state_matrix]
    return {
        "factor": experiment.sequence_length > 1,
        "part": any(share is not None and share > _ROUNDING for share in shares),
        "alone": bool(alone) and experiment.sequence_length > 1,
        "forget_bias" if experiment.gate_bias == "constant" else experiment.gate_bias: True,
        "cut": experiment.hidden_path == "cut",
        "batch": experiment.batch_size < answer.asked,
    }
