"""What "Your network" says: titles, labels, the verdict on each layer and direction, and notes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from rnn_dynamics.content import Says, Words, sentences
from rnn_dynamics.engine.verdict import middle_lags
from rnn_dynamics.own.advice import Tried
from rnn_dynamics.own.findings import Finding, Judged
from rnn_dynamics.own.given import OWN
from rnn_dynamics.own.report import Row, advice_notes, advice_rows, summary, verdict_rows
from rnn_dynamics.pictures.kit.finding import claimed, first, paragraphs, said, side_by_side, table
from rnn_dynamics.pictures.own_network.answer import EXAMPLES, OwnNetworkAnswer

_HEAD = '<tr><th colspan="2">{}</th></tr>'


def texts(words: Words, answer: OwnNetworkAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves, by place, and "fresh"), no_gate or "", and the titles gradient and gate, or ""."""
    says, titles = _says(words, answer, views), words["titles"]
    cell = answer.cell
    gate = first(gate=cell.keeps, no_gate_rotates=cell.rotates, no_gate_oscillates=cell.oscillates, no_gate=True)
    curves = answer.replay.curves(views["gradient"])
    levels = [None] if len(curves) == 1 else answer.findings  # one curve is that of a single level, or of the inputs
    named = (_named(words["labels"], one, curve[0]) for one, curve in zip(levels, curves, strict=True))
    labels = {str(place): text for place, text in enumerate(named)}
    return {
        "labels": labels | {"fresh": words["labels"]["fresh"].format_map(says)},
        "gradient": titles[_claim(answer, views)].format_map(says),
        "gate": titles["gate"].format_map(says) if gate == "gate" else "",
        "no_gate": "" if gate == "gate" else words[gate],
    }


def finding(words: Words, answer: OwnNetworkAnswer, views: Mapping[str, str]) -> str:
    """The verdict on each layer and direction, the last layer on top, and the notes, as HTML."""
    rows = ({"name": _named(words["table"], one), "one": one, **_told(words, one)} for one in answer.findings[::-1])
    notes = words["notes"] | sentences("own", words.language)["notes"]
    return said({**words, "notes": notes}, _says(words, answer, views), rows, _notes(answer))


def claim(words: Words, answer: OwnNetworkAnswer, _: Mapping[str, str]) -> str:
    """What becomes of an error of the last layer, beside that of fresh weights, as HTML."""
    last = _of_last_layer(answer.findings)
    near, far = middle_lags(last.travelled + 1)
    says = _says(words, answer, {"gradient": "state"}) | {
        "verdict": last.verdict,
        "back": answer.experiment.sequence_length - 1,
        "near": near,
        "far": far,
    }
    says |= {"beside": words["beside"].format_map(says) if _keeps_more(answer) else ""}
    known = last.travelled and last.verdict.outcome
    horizon, steps = last.verdict.horizon, answer.experiment.sequence_length
    below, early = horizon is not None, horizon is not None and horizon <= steps // 5  # before where the factor is of
    parts = {"forgets": known == "vanishes" and below, "drops": known == "holds" and early}
    parts |= {"fades": known == "holds" and below}
    kinds = {kind: known == kind for kind in ("vanishes", "holds", "explodes", "uneven")}
    return claimed(words, says, **parts, **kinds, nothing=True)


def _of_last_layer(found: Sequence[Judged]) -> Judged:
    """What is found of the last layer, in a direction in which an error travels: of the last output alone only one."""
    directions = [one for one in found if one.layer == found[-1].layer]
    return next((one for one in reversed(directions) if one.travelled), found[-1])


def _keeps_more(answer: OwnNetworkAnswer) -> bool:
    """Whether one error travels through a single layer, and a hundred times as much of it is left as of fresh ones."""
    left = answer.left("state")
    return len(answer.findings) == answer.findings[0].arrive == 1 and left["fresh"] + 2.0 < left["given"] <= 0.0


def verdicts(words: Words, found: Sequence[Finding]) -> str:
    """All that is found of each layer and direction, side by side, as HTML; `words`: those of every such network."""
    tables = ((summary(words, one), verdict_rows(words, one)) for one in found)
    return side_by_side(*((_HEAD.format(escape(head)), map(_line, rows)) for head, rows in tables))


def advice(words: Words, found: Sequence[Tried] | None, nothing: str) -> str:
    """What was tried, a row each, and what is true of all, as HTML; `nothing`: of weights on which nothing is tried."""
    if found is None:
        return paragraphs([nothing])
    head, rows = _cells("th", words["advice"]["head"].values()), advice_rows(words, found)
    whole = table(head, (_cells("td", row) for row in rows)) if rows else ""
    return whole + paragraphs(map(escape, advice_notes(words, found)))


def _cells(kind: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(text)}</{kind}>' for text in texts)}</tr>"


def _told(words: Words, one: Judged) -> dict[str, Any]:
    """The verdict in a word, and what is left; of an error at a single step nothing is, since it does not travel."""
    if not one.travelled:
        return {"verdict": words["verdicts"]["single"], "horizon": math.nan, "path": math.nan}
    outcome = words["verdicts"][one.verdict.outcome]
    return {"verdict": outcome, "horizon": one.verdict.horizon, "path": one.log10_path}


def _line(row: Row) -> str:
    return f"<tr><td>{escape(row.name)}</td><td>{escape(row.value)}</td></tr>"


def _says(words: Words, answer: OwnNetworkAnswer, views: Mapping[str, str]) -> Says:
    keeps, both = answer.cell.keeps, {"given": answer.replay, "fresh": answer.fresh}
    subject = words["subjects"][answer.given.source].format_map(Says(answer))
    return Says(
        answer,
        left=answer.left(views["gradient"]),
        means={name: float(one.kept(keeps).mean()) for name, one in both.items()},
        subject=words["subjects"]["changed"].format(subject=subject) if any(_moved(answer)) else subject,
        gate=words["gates"].get(keeps),
        state=answer.findings[0].state,
        drawn=words["drawn"]["torch" if answer.cell.module else "lacked"],
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


def _named(words: Words, one: Judged | None, left: float = math.nan) -> str:
    """What a level is called, or the one curve that there is."""
    if one is None:
        return str(words["whole"].format(left=left))
    return str(words["backwards" if one.reverse else "forwards"].format(layer=one.layer + 1, left=left))


def _moved(answer: OwnNetworkAnswer) -> tuple[bool, bool]:
    """Whether the knobs scale W_hh of the given weights, and whether they add to the bias of a gate."""
    experiment = answer.experiment
    return experiment.weight_scale != 1.0 and answer.has_w_hh, bool(experiment.forget_bias and answer.cell.keeps)


def _notes(answer: OwnNetworkAnswer) -> dict[str, object]:
    experiment, asked, given = answer.experiment, answer.asked, answer.given
    (scaled, added), cell = _moved(answer), answer.cell
    open_ = {"rnn": experiment.nonlinearity, "gru": experiment.reset_gate, "lstm": "lstm", "cornn": "cornn"}
    asked_of = open_.get(cell.name)  # what a file does not say
    return {
        f"missing {given.missing}": given.missing,
        given.source: given.source in EXAMPLES and not given.missing,
        f"assumed_{asked_of}": given.source == OWN and asked_of,
        "knobs": scaled and added,
        "knobs_bias": added and not scaled,
        "knobs_scale": scaled and not added,
        "size": True,
        "no_module_ring": cell.rotates,
        "no_module": not (cell.module or cell.rotates),
        "noise" if given.inputs is None else "inputs": True,
        f"loss_{experiment.loss_at}": True,
        "alone": any(one.alone for one in answer.findings),
        "steps": experiment.sequence_length < asked.sequence_length,
        "batch": experiment.batch_size < asked.batch_size,
    }
