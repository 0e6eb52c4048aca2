"""What "Fill in the blank" says: the claim and the tinted sentence above the picture, titles, and the finding."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.learning.trained import standing_in_answers
from rnn_dynamics.pictures.blank.answer import BlankAnswer, Network
from rnn_dynamics.pictures.kit.finding import claimed, first, paragraphs, side_by_side, told
from rnn_dynamics.pictures.kit.theme import THEMES
from rnn_dynamics.pictures.kit.training_words import by_network, failures, says_of

#: A share of the strongest word's gradient below which hardly anything reaches the cue; log10.
_LOST = -3.0
#: Orders of magnitude by which a share has to change to be called a change.
_CHANGE = 0.3
#: How much of a colour the strongest tint takes, in per cent: the text on it must stay readable on any background.
STRONGEST = 45.0
#: A loss this many times smaller than before has shrunk the gradients too.
_SHRUNK = 10.0
#: The view of tints that are relative to the strongest word.
RELATIVE = "share of the largest"


# Above the picture


def claim(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> str:
    """The page's finding in one sentence, as HTML."""
    return claimed(words, _says(words, answer), **{_claim_of(answer): True})


def _claim_of(answer: BlankAnswer) -> str:
    """Which claim is true."""
    if not answer.begun:
        return first(
            before_unknown=answer.sentence.target is None, before_right=answer.shown.before.correct, before=True
        )
    if not answer.over:
        return "so_far"
    rights, chance = answer.rights, answer.training.chance_accuracy
    lstm, gru, rnn = (standing_in_answers(rights[cell], chance) for cell in ("lstm", "gru", "rnn"))
    return first(
        rnn_better=lstm == "chance" != rnn,
        gru_only=lstm == "chance" != gru,
        none=lstm == "chance",
        rnn_ahead=lstm == "partly" and rights["rnn"] > rights["lstm"],
        lstm_partly=lstm == "partly",
        lstm_only=rnn == "chance",
        rnn_partly=rnn == "partly",
        all=True,
    )


def _says(words: Words, answer: BlankAnswer) -> Says:
    """What the sentences are filled with."""
    return says_of(
        answer,
        words,
        fillers=words["fillers"].format(count=answer.training.gap or None),
        asked=words["fillers"].format(count=answer.experiment.sequence_length or None),
    )


def tinted(words: Words, answer: BlankAnswer, views: Mapping[str, str]) -> str:
    """The sentence as the RNN and the shown network read it now; else as the shown one did before training and does.

    Each word is tinted by its gradient, with its norm.
    """
    blocks, relative, rows = words["blocks"], views["tint"] == RELATIVE, [*_readings(words, answer)]
    low, high = answer.tint_scale(relative)
    sentences = (
        blocks["sentence"].format(heading=said, words=_sentence(blocks, answer, reading, relative), **_colours(network))
        for network, reading, said in rows
    )
    scales = dict.fromkeys(blocks["scale"].format(strongest=STRONGEST, **_colours(network)) for network, *_ in rows)
    return str(
        blocks["tinted"].format_map(
            {
                "networks": "" if answer.compared else _networks(blocks, answer),
                "sentences": "".join(sentences),
                "others": _others(blocks, answer),
                "legend": blocks["legend_relative" if relative else "legend_norm"],
                "low": low,
                "scales": " ".join(scales),
                "high": high,
            }
        )
    )


def _readings(words: Words, answer: BlankAnswer) -> Iterator[tuple[Network, Any, str]]:
    """What has a row of words: whose it is, the reading, and its heading."""
    for network in answer.compared:
        yield network, network.reading, _now(words["blocks"], network)
    for time, reading in answer.shown.readings.items() if not answer.compared else ():
        yield answer.shown, reading, words["blocks"][_heading(answer, time)].format_map(_says(words, answer))


def _colours(network: Network) -> dict[str, str]:
    return {background: theme.cells[network.cell.name] for background, theme in THEMES.items()}


def _now(blocks: Words, network: Network) -> str:
    """What a network makes of the sentence as far as it is trained."""
    reading, trained = network.reading, network.history.iterations >= network.training.iterations
    when = blocks["trained_now" if trained else "in_training"].format_map(Says(network))
    kind = first(now_plain=reading.cue is None, now_none=math.isnan(reading.share), now=True)
    return str(blocks[kind].format_map(Says(network, when=when)))


def _others(blocks: Words, answer: BlankAnswer) -> str:
    """The same of each network that has no row beside those that are compared."""
    others = [network for network in answer.networks if answer.compared and network not in answer.compared]
    return "".join(blocks["other"].format(heading=_now(blocks, network)) for network in others)


def _networks(blocks: Words, answer: BlankAnswer) -> str:
    """What each network fills in, the RNN last, and its cue's share; nothing where no word counts as right."""
    if not answer.begun or answer.sentence.target is None or answer.sentence.cue is None:
        return ""
    shown = (blocks["network"].format_map(Says(network)) for network in (*answer.networks[1:], answer.networks[0]))
    return str(blocks["networks"].format(networks=" ".join(shown)))


def _heading(answer: BlankAnswer, time: str) -> str:
    """What has become of the cue's share by then; log10, nan where no word had any gradient."""
    before, share = (answer.shown.readings[one].share for one in ("before", time))
    more, less = share > before + _CHANGE, share < before - _CHANGE
    return first(
        **{f"{time}_plain": answer.sentence.cue is None, f"{time}_none": math.isnan(share)},
        before=time == "before",
        after_new=math.isnan(before),
        after_lost=share < _LOST,
        after_rises=more and before < _LOST,
        after_grows=more or before < _LOST,
        after_enough=less and answer.shown.reading.correct,
        after_falls=less,
        after_reaches=True,
    )


def _sentence(blocks: Words, answer: BlankAnswer, reading: Any, relative: bool) -> str:
    sentence = answer.sentence
    by_word = {
        "word": sentence.words,
        "cue": sentence.of_cue,
        "unknown": [word in answer.unknown for word in sentence.words],
        "tint": (STRONGEST * answer.tints(reading, relative)).tolist(),
        "norm": reading.log10_norms.tolist(),
    }
    kind = "named" if sentence.target is None else "judged"
    said = [blocks["word"].format_map(row) for row in _rows(by_word)]
    return " ".join([*said, blocks[kind].format_map(Says(reading))])


def _rows(columns: Mapping[Any, Iterable[Any]]) -> list[dict[Any, Any]]:
    """Columns row by row; pandas takes several times as long for them."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


# The picture


def texts(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The titles learned and gate, what stands in the panels, and what beside each word: kept, and gradient."""
    titles, lines, says, gate = words["titles"], words["lines"], _says(words, answer), answer.shown.cell.keeps
    last = {network.cell.name: network.tests[-1] for network in answer.networks if network.tests}
    by_word, said = _rows(answer.by_word.to_dict("list")), words["pointed"]
    of_gate = said[f"kept_{answer.time}" if gate else "plain"]
    kind = first(before=not last, over=answer.tested, training=True)
    of_cue = not math.isnan(answer.shown.before.left + answer.shown.reading.left)
    kept = first(**{"no_gate": not gate, f"gate_{answer.time}": of_cue}, gate_plain=True)
    return {
        "learned": titles[kind].format_map(says | {"last": last}),
        "gate": titles[kept].format_map(says | {"gate": words["gates"].get(gate)}),
        "untrained": "" if last else titles["untrained"],
        "note": "" if gate else titles["no_gate_note"],
        "now": lines["trained" if answer.begun else "untrained"] if gate else "",
        "earlier": lines["before"] if gate and answer.begun else "",
        "trained_on": lines["trained_on"].format_map(says),
        "kept": [of_gate.format_map(row) for row in by_word],
        "gradient": [said[answer.time].format_map(row) for row in by_word],
    }


# The finding


def finding(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> str:
    """What the picture says, in words and numbers."""
    says, failed = _says(words, answer), failures(answer.networks, words.language)
    return failed + side_by_side(*_tables(words, answer, says)) + paragraphs(_notes(words["notes"], answer, says))


def _tables(words: Words, answer: BlankAnswer, says: Says) -> Iterator[tuple[str, Iterable[str]]]:
    table, values = words["table"], words["values"]
    if answer.begun and answer.sentence.cue is not None:
        rights = ((of.cell.name, Says(of, right=answer.rights[of.cell.name])) for of in answer.networks)
        columns = {cell: {row: text.format_map(of) for row, text in values.items()} for cell, of in rights}
        yield by_network(words, says, columns), ()
    yield table["cues_head"].format_map(says), (_cue_row(table, *row) for row in answer.other_cues)


def _cue_row(table: Words, cue: str, right: str, readings: Mapping[str, Any]) -> str:
    named = {time: table["named"].format_map(Says(reading)) for time, reading in readings.items()}
    return str(table["cues_row"].format_map({"after": "–", **named, "cue": cue, "right": right}))


def _notes(notes: Words, answer: BlankAnswer, says: Says) -> Iterator[str]:
    sentence, shown = answer.sentence, answer.shown
    return told(
        notes,
        says | {"words": notes["between"].join(notes["quoted"].format(word=word) for word in answer.unknown)},
        own_right=sentence.own and sentence.cue,
        own_no_cue=sentence.own and not sentence.cue,
        unknown=sentence.own and answer.unknown,
        settings=answer.begun,
        plan=not answer.begun,
        fewer=answer.training.gap != answer.experiment.sequence_length,
        small_loss=shown.reading.loss * _SHRUNK < shown.before.loss < math.inf,
        memory=shown.cell.keeps,
        float=True,
    )
