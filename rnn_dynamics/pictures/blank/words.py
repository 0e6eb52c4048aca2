"""What "Fill in the blank" says: the claim and the tinted sentence above the picture, titles, and the finding."""

import math
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.learning.trained import standing_in_answers
from rnn_dynamics.pictures.blank.answer import BlankAnswer, Network
from rnn_dynamics.pictures.kit.finding import first, paragraphs, side_by_side, told
from rnn_dynamics.pictures.kit.theme import THEMES
from rnn_dynamics.pictures.kit.training_words import by_network, failures, settings_of

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


def above(words: Words, answer: BlankAnswer, views: Mapping[str, str]) -> str:
    """What stands above the picture, as HTML: the claim, and the sentence tinted by its gradients."""
    return claim(words, answer) + tinted(words, answer, views)


def claim(words: Words, answer: BlankAnswer) -> str:
    """The page's finding in one sentence, as HTML."""
    going_on = answer.begun and not all(network.done for network in answer.networks)
    text = " ".join(told(words["claims"], _says(words, answer), so_far=going_on, **{_claim_of(answer): True}))
    return f'<h2 class="claim">{text.replace(" %", "&nbsp;%")}</h2>'


def _claim_of(answer: BlankAnswer) -> str:
    """Which claim is true."""
    if not answer.begun:
        guess, unknown = answer.shown.before, answer.sentence.target is None
        return first(before_unknown=unknown, before_right=guess.answer == guess.target, before=True)
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
    """What the sentences are filled with; a reader's words are escaped."""
    return Says(
        answer,
        fillers=words["fillers"].format(count=answer.gap or None),
        asked=words["fillers"].format(count=answer.experiment.sequence_length or None),
        **settings_of(answer.training, words.language),
        **_named(answer, answer.shown.reading),
    )


def _named(answer: BlankAnswer, reading: Any) -> dict[str, Any]:
    """The word that a network names, how sure it is, the right one, and whether they are the same."""
    named, right = (escape(answer.template.choices[choice]) for choice in (reading.answer, reading.target))
    return {"named": named, "sure": reading.sure, "right": right, "mark": "✓" if named == right else "✗"}


def tinted(words: Words, answer: BlankAnswer, views: Mapping[str, str]) -> str:
    """The sentence before training and, if there is one, after it; each word tinted by its gradient, with its norm."""
    blocks, relative = words["blocks"], views["tint"] == RELATIVE
    low, high = answer.tint_scale(relative)
    sentences = (
        blocks["sentence"].format(
            heading=_heading(blocks, answer, time), words=_sentence(blocks, answer, one, relative)
        )
        for time, one in answer.shown.readings.items()
    )
    colours = {background: theme.cells[answer.cell] for background, theme in THEMES.items()}
    legend = blocks["legend_relative" if relative else "legend_norm"]
    says = {"sentences": "".join(sentences), "legend": legend, "low": low, "high": high, "strongest": STRONGEST}
    return str(blocks["tinted"].format_map(says | colours))


def _heading(blocks: Words, answer: BlankAnswer, time: str) -> str:
    cue, readings = answer.sentence.cue, answer.shown.readings
    before, share = (readings[one].share_of(cue) for one in ("before", time))
    kind = "before" if time == "before" else _course(before, share)
    if cue is None or math.isnan(share):
        kind = f"{time}_none" if cue else f"{time}_plain"
    return str(blocks[kind].format_map(Says(answer, share=share, before=before)))


def _course(before: float, after: float) -> str:
    """What has become of the cue's share; log10, nan where no word had any gradient."""
    more = after > before + _CHANGE
    return first(
        after_new=math.isnan(before),
        after_lost=after < _LOST,
        after_rises=more and before < _LOST,
        after_grows=more or before < _LOST,
        after_falls=after < before - 1.0,
        after_reaches=True,
    )


def _sentence(blocks: Words, answer: BlankAnswer, reading: Any, relative: bool) -> str:
    cue, unknown = range(*answer.sentence.cue or (0, 0)), answer.template.unknown(answer.sentence.words)
    rows = zip(answer.sentence.words, answer.tints(reading, relative), reading.log10_norms, strict=True)
    words = (
        blocks["word"].format(
            kinds="word" + " cue" * (place in cue) + " unknown" * (word in unknown),
            tint=STRONGEST * tint,
            word=escape(word),
            norm=norm,
        )
        for place, (word, tint, norm) in enumerate(rows)
    )
    kind = "named" if answer.sentence.target is None else "judged"
    return " ".join([*words, blocks[kind].format_map(_named(answer, reading))])


# The picture


def texts(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The titles learned and gate, what stands in the panels, and what beside each word: kept, and gradient."""
    titles, lines, says, gated = words["titles"], words["lines"], _says(words, answer), answer.shown.cell.keeps
    last = {network.cell.name: network.tests[-1] for network in answer.networks if network.tests}
    kind = "before" if not last else "over" if answer.tested else "training"
    by_word, said = answer.by_word.to_dict("records"), words["pointed"]
    of_gate = said[f"kept_{answer.time}" if gated else "plain"]
    return {
        "learned": titles[kind].format_map(says | {"last": last}),
        "gate": _gate_title(words, answer, says),
        "note": "" if gated else titles["no_gate_note"],
        "now": lines["trained" if answer.begun else "untrained"] if gated else "",
        "earlier": lines["before"] if gated and answer.begun else "",
        "trained_on": lines["trained_on"].format_map(says),
        "kept": [of_gate.format_map(row) for row in by_word],
        "gradient": [said[answer.time].format_map(row) for row in by_word],
    }


def _gate_title(words: Words, answer: BlankAnswer, says: Says) -> str:
    titles, shown = words["titles"], answer.shown
    if not shown.cell.keeps:
        return str(titles["no_gate"])
    before, now = (reading.left_of(answer.sentence.cue) for reading in (shown.before, shown.reading))
    kind = "gate_plain" if math.isnan(before + now) else f"gate_{answer.time}"
    gate, mean = words["gates"][shown.cell.keeps], answer.by_word[f"gate_mean_{answer.time}"].mean()
    return str(titles[kind].format_map(says | {"gate": gate, "mean": mean, "left": now, "before": before}))


# The finding


def finding(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> str:
    """What the picture says, in words and numbers."""
    says, failed = _says(words, answer), failures(answer.networks, words.language)
    return failed + side_by_side(*_tables(words, answer, says)) + paragraphs(_notes(words["notes"], answer, says))


def _tables(words: Words, answer: BlankAnswer, says: Says) -> Iterator[tuple[str, Iterable[str]]]:
    table = words["table"]
    if answer.begun and answer.sentence.cue is not None:
        columns = {network.cell.name: _column(words["values"], answer, network) for network in answer.networks}
        yield by_network(table, says, columns), ()
    yield table["cues_head"].format_map(says), (_cue_row(table, answer, *row) for row in answer.other_cues)


def _column(values: Words, answer: BlankAnswer, network: Network) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    cue, readings = answer.sentence.cue, network.readings
    says = Says(
        network,
        right=answer.rights[network.cell.name],
        norm={time: reading.joint(cue) for time, reading in readings.items()},
        left={time: reading.left_of(cue) for time, reading in readings.items()},
    )
    return {row: text.format_map(says) for row, text in values.items()}


def _cue_row(table: Words, answer: BlankAnswer, cue: str, right: str, readings: Mapping[str, Any]) -> str:
    named = {time: table["named"].format_map(_named(answer, reading)) for time, reading in readings.items()}
    return str(table["cues_row"].format_map({"after": "–", **named, "cue": escape(cue), "right": escape(right)}))


def _notes(notes: Words, answer: BlankAnswer, says: Says) -> Iterator[str]:
    sentence, shown = answer.sentence, answer.shown
    cue = escape(" ".join(sentence.words[slice(*sentence.cue or (0, 0))]))
    words = ", ".join(notes["quoted"].format(word=escape(word)) for word in answer.template.unknown(sentence.words))
    return told(
        notes,
        says | {"cue": cue, "words": words},
        own_right=sentence.own and cue,
        own_no_cue=sentence.own and not cue,
        unknown=sentence.own and words,
        settings=answer.begun,
        plan=not answer.begun,
        fewer=answer.gap != answer.experiment.sequence_length,
        small_loss=shown.reading.loss * _SHRUNK < shown.before.loss < math.inf,
        memory=shown.cell.keeps,
        float=True,
    )
