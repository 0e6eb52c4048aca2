"""What "Your network" says: titles, labels, the verdict on each layer and direction, and notes."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.own.advice import Tried
from rnn_dynamics.own.given import OWN
from rnn_dynamics.own.report import Row, advice_notes, advice_rows, summary, verdict_rows
from rnn_dynamics.pictures.kit.finding import Words, first, paragraphs, said, side_by_side
from rnn_dynamics.pictures.own_network.answer import EXAMPLES, OwnNetworkAnswer


def texts(words: Words, answer: OwnNetworkAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves, by place, and "fresh"), no_gate, and the titles gradient and gate."""
    says, gated = _says(words, answer, views), bool(answer.cell.keeps)
    curves, labels = answer.replay.curves(views["gradient"]), words["labels"]
    given = {str(place): labels[_level(answer, place, views)] for place in range(len(curves))}
    return {
        "labels": {
            name: of.format_map(says | _place(answer, int(name)) | {"left": curves[int(name)][0]})
            for name, of in given.items()
        }
        | {"fresh": labels["fresh"].format_map(says)},
        "gradient": words["titles"][_claim(answer, views)].format_map(says),
        "gate": words["titles"]["gate" if gated else "no_gate"].format_map(says),
        "no_gate": "" if gated else words["no_gate"],
    }


def finding(words: Words, answer: OwnNetworkAnswer, views: Mapping[str, str]) -> str:
    """The verdict on each layer and direction, the last layer on top, and the notes, as HTML."""
    shown, outcomes = words["table"], words["verdicts"]
    rows = (
        {
            "name": shown[_row(one.reverse)].format(layer=one.layer + 1),
            "one": one,
            "verdict": outcomes[one.verdict.outcome],
        }
        for one in answer.findings[::-1]
    )
    return said(words, _says(words, answer, views), rows, _notes(answer))


def verdicts(words: Words, answer: OwnNetworkAnswer) -> str:
    """All that is found of each layer and direction, side by side, as HTML; `words`: those of every such network."""
    return side_by_side(
        *(
            (
                f'<tr><th colspan="2">{escape(summary(words, one))}</th></tr>',
                (_line(row) for row in verdict_rows(words, one)),
            )
            for one in answer.findings
        )
    )


def advice(words: Words, found: Sequence[Tried]) -> tuple[list[dict[str, str]], str]:
    """What was tried, a row each, by the names of the columns; and what is true of all of it, as HTML."""
    head = words["advice"]["head"]
    rows = [{head[name]: text for name, text in row._asdict().items()} for row in advice_rows(words, found)]
    return rows, paragraphs(map(escape, advice_notes(words, found)))


def _line(row: Row) -> str:
    return f"<tr><td>{escape(row.name)}</td><td>{escape(row.value)}</td></tr>"


def _says(words: Words, answer: OwnNetworkAnswer, views: Mapping[str, str]) -> Says:
    keeps = answer.cell.keeps
    means = {name: float(of.kept(keeps).mean()) for name, of in (("given", answer.replay), ("fresh", answer.fresh))}
    subject = words["subjects"][answer.given.source].format_map(Says(answer))
    knobs = {"forget_bias": answer.experiment.forget_bias, "weight_scale": answer.experiment.weight_scale}
    return Says(
        answer,
        left=answer.left(views["gradient"]),
        means=means,
        subject=subject,
        gate=words["gates"].get(keeps),
        **knobs,
    )


def _claim(answer: OwnNetworkAnswer, views: Mapping[str, str]) -> str:
    """Which title of the gradient is true."""
    left = answer.left(views["gradient"])
    return first(
        single=answer.experiment.sequence_length == 1,
        silent=math.isnan(left["given"]),
        alone=math.isnan(left["fresh"]),
        stack=len(answer.findings) > 1 and views["gradient"] != "input",
        grows=left["given"] > 0.0,
        one=True,
    )


def _level(answer: OwnNetworkAnswer, place: int, views: Mapping[str, str]) -> str:
    if views["gradient"] == "input" or len(answer.findings) == 1:
        return "whole"
    return _row(answer.findings[place].reverse)


def _row(reverse: bool) -> str:
    return "backwards" if reverse else "forwards"


def _place(answer: OwnNetworkAnswer, place: int) -> dict[str, Any]:
    return {"layer": answer.findings[place].layer + 1}


def _notes(answer: OwnNetworkAnswer) -> dict[str, object]:
    experiment, asked, given = answer.experiment, answer.asked, answer.given
    moved = experiment.weight_scale != 1.0 or bool(experiment.forget_bias and answer.cell.keeps)
    return {
        f"missing {given.missing}": given.missing,
        given.source: given.source in EXAMPLES and not given.missing,
        f"assumed_{answer.cell.name}": given.source == OWN and answer.cell.name != "lstm",
        "knobs": moved and answer.cell.keeps,
        "knobs_no_gate": moved and not answer.cell.keeps,
        "size": True,
        "noise" if given.inputs is None else "inputs": True,
        f"loss_{experiment.loss_at}": True,
        "steps": experiment.sequence_length < asked.sequence_length,
        "batch": experiment.batch_size < asked.batch_size,
    }
