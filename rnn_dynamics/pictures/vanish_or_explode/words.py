"""What "Vanish or explode?" says, with the reader's own settings: titles, labels, verdicts and notes."""

import math
from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says, Words, called
from rnn_dynamics.engine.verdict import Verdict, middle_lags, orders_of_magnitude
from rnn_dynamics.pictures.kit.finding import claimed, first, said
from rnn_dynamics.pictures.vanish_or_explode.answer import FamiliesAnswer, stride_for


def texts(words: Words, answer: FamiliesAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of each row's curves), and the title of the map; nothing depends on the weight scale."""
    names, label = [_name(words["names"], answer, cell) for cell in answer.cells], words["label"]
    shares = orders_of_magnitude(answer.norms(views["gradient"])).tolist()
    labels = [[label.format(name=name, share=share) for name, share in zip(names, row, strict=True)] for row in shares]
    return {"labels": labels, **{name: title.format(cell=answer.cell) for name, title in words["titles"].items()}}


def _name(names: Words, answer: FamiliesAnswer, cell: str) -> str:
    """What a curve is called: what a reader has chosen stands after the cell's name."""
    of, experiment = answer.cells[cell], answer.experiment
    kind = first(
        chrono=of.keeps and experiment.gate_bias == "chrono",
        powerlaw=of.keeps and experiment.gate_bias == "powerlaw",
        forget_bias=cell in answer.forgetting,
        relu=cell == answer.plain and experiment.nonlinearity == "relu",
        plain=True,
    )
    return str(names[kind].format_map(Says(answer, cell=of)))


def finding(words: Words, answer: FamiliesAnswer, views: Mapping[str, str]) -> str:
    """The verdict on each cell, and the notes, as HTML."""
    verdicts = answer.verdicts(views["gradient"])
    says = Says(
        answer,
        gradient=words["gradients"][views["gradient"]],
        longest=answer.experiment.sequence_length - 1,
        name=called(answer.cells[answer.plain].label, words.language),
        radius=answer.scaled(answer.radius, answer.plain),
        measured=verdicts[answer.plain].log10_factor,
        stride=stride_for(answer.experiment),
    )
    rows = (_line(words, answer, cell, verdicts) for cell in verdicts)
    return said(words, says, rows, _notes(answer, verdicts[answer.plain]))


def claim(words: Words, answer: FamiliesAnswer, views: Mapping[str, str]) -> str:
    """What is most worth knowing of these three networks, as HTML."""
    experiment, verdicts = answer.experiment, answer.verdicts(views["gradient"])
    of_sum = next(name for name, cell in answer.cells.items() if cell.writes)
    third = next(name for name in answer.cells if name not in (answer.plain, of_sum))
    plain, outcomes = verdicts[answer.plain], {verdict.outcome for verdict in verdicts.values()}
    says = Says(
        answer,
        back=experiment.sequence_length - 1,
        to=words["wrt"][views["gradient"]],
        name=answer.cells[answer.plain].short,
        plain=plain,
        other=answer.cells[of_sum].short,
        of_sum=verdicts[of_sum],
        third=answer.cells[third].short,
        of_third=verdicts[third],
    )
    lasts = (plain.outcome, verdicts[of_sum].outcome) == ("vanishes", "holds")
    gone = verdicts[of_sum].outcome == "vanishes"
    return claimed(
        words,
        says,
        silent="silent" in (plain.outcome, verdicts[of_sum].outcome),
        single=experiment.sequence_length == 1,
        every=experiment.loss_at == "every",
        apart=outcomes == {"vanishes", "holds", "explodes"},
        all_explode=outcomes == {"explodes"},
        gates_explode=verdicts[of_sum].outcome == "explodes",
        all_vanish=outcomes == {"vanishes"} and experiment.cell != of_sum,
        unseen=gone and views["gradient"] == "hidden" and experiment.hidden_path == "cut",
        gates_vanish=gone,
        explodes=plain.outcome == "explodes",
        grown=lasts and verdicts[of_sum].orders > 0.0,
        outlives=lasts and verdicts[of_sum].orders > -1.0,
        outlasts=lasts,
        both=True,
    )


def _rule_fails(answer: FamiliesAnswer, plain: Verdict) -> bool:
    """Whether the gradient of the network without gates vanishes, although ρ > 1."""
    experiment = answer.experiment
    grows_by_rule = round(answer.scaled(answer.radius, answer.plain), 2) > 1
    measures_one_error = experiment.loss_at != "every" and experiment.hidden_path == "open"
    return grows_by_rule and measures_one_error and plain.outcome == "vanishes"


def _line(words: Words, answer: FamiliesAnswer, cell: str, verdicts: Mapping[str, Verdict]) -> str:
    """A row of the table, as HTML."""
    of = answer.cells[cell]
    kind = first(row_ring=of.rotates, row=of.state_matrix, row_no_matrix=True)
    return str(words["table"][kind].format_map(_row(words, answer, cell, verdicts)))


def _row(words: Words, answer: FamiliesAnswer, cell: str, verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    verdict, (near, far) = verdicts[cell], middle_lags(answer.experiment.sequence_length)
    return {
        "cell": answer.cells[cell],
        "outcome": words["outcome"][_outcome(answer, cell, verdicts)].format(verdict=verdict, near=near, far=far),
        "horizon": math.nan if verdict.outcome == "silent" else verdict.horizon,
        "radius": answer.scaled(answer.radius, cell),
        "memory": answer.memory(cell),
        "singular_value": answer.scaled(answer.singular_value, cell),
    }


def _outcome(answer: FamiliesAnswer, cell: str, verdicts: Mapping[str, Verdict]) -> str:
    """Which sentence says what a curve does."""
    outcome, plain = verdicts[cell].outcome, cell == answer.plain
    return first(
        single=answer.experiment.sequence_length == 1 and outcome != "silent",
        all_off=outcome == "silent" and plain and answer.experiment.nonlinearity == "relu",
        refilled=outcome == "holds" and answer.experiment.loss_at == "every",
        vanishes_too=outcome == verdicts[answer.plain].outcome == "vanishes" and not plain,
        **{outcome: True},
    )


def _notes(answer: FamiliesAnswer, verdict: Verdict) -> dict[str, object]:
    """What a reader should know about these settings: honest about biases, and about popular rules.

    `verdict`: on the network without gates.
    """
    experiment = answer.experiment
    return {
        "forget_bias" if experiment.gate_bias == "constant" else experiment.gate_bias: True,
        "mean_field": answer.mean_field is not None and math.isfinite(verdict.log10_factor),
        "above_one_relu" if experiment.nonlinearity == "relu" else "above_one": (_rule_fails(answer, verdict)),
        "cut_free" if any(cell.oscillates for cell in answer.cells.values()) else "cut": experiment.hidden_path
        == "cut",
        "ring": any(cell.rotates for cell in answer.cells.values()),
        "text": experiment.text,
        "coarse": stride_for(experiment) > 1,
    }
