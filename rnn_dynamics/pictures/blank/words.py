"""What "Fill in the blank" says: the claim and the tinted sentence above the picture, titles, and the finding."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import certainty, number, power_of_ten, short
from rnn_dynamics.pictures.blank.answer import BlankAnswer, Network
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, THEMES
from rnn_dynamics.pictures.kit.training_words import by_network, ended, language_of, settings_of

Words = Mapping[str, Any]
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


def escaped(text: str) -> str:
    """A reader's text for HTML, in which braces are not filled in."""
    return html.escape(text)


# Above the picture


def above(words: Words, answer: BlankAnswer, views: Mapping[str, str]) -> str:
    """What stands above the picture, as HTML: the claim, and the sentence tinted by its gradients."""
    return claim(words, answer) + tinted(words, answer, views)


def claim(words: Words, answer: BlankAnswer) -> str:
    """The page's finding in one sentence, as HTML."""
    claims, says = words["claims"], _says(words, answer)
    text = claims[_claim_of(answer) if answer.begun else _guess_of(answer)].format(**says)
    if answer.begun and not answer.complete:
        text = f"{claims['so_far'].format(**says)} {text}"
    return f'<h2 class="claim">{text.replace(" %", "&nbsp;%")}</h2>'


def _guess_of(answer: BlankAnswer) -> str:
    if answer.sentence.target is None:
        return "before_unknown"
    reading = answer.shown.before
    return "before_right" if reading.answer == reading.target else "before"


def _claim_of(answer: BlankAnswer) -> str:
    """Which claim is true."""
    lstm, gru, rnn = (answer.standings[cell] for cell in ("lstm", "gru", "rnn"))
    if lstm == "chance":
        if rnn != "chance":
            return "rnn_better"
        return "none" if gru == "chance" else "gru_only"
    if lstm == "partly":
        return "rnn_ahead" if answer.rights["rnn"] > answer.rights["lstm"] else "lstm_partly"
    return {"chance": "lstm_only", "partly": "rnn_partly", "learned": "all"}[rnn]


def _says(words: Words, answer: BlankAnswer) -> dict[str, str | int]:
    """What the sentences are filled with; a reader's words are escaped."""
    training, reading = answer.training, answer.shown.now
    return {
        **settings_of(training, language_of(words)),
        "cell": CELL_NAMES[answer.cell],
        "gap": answer.gap,
        "fillers": _fillers(words, answer.gap),
        "asked": _fillers(words, answer.experiment.sequence_length),
        "chance": f"{100 * answer.chance:.0f}",
        "chance_loss": f"{training.its_task.chance_loss(answer.gap):.2g}",
        "updates": f"{answer.shown.history.iterations:,}",
        "tested": answer.test_sentences,
        "named": escaped(answer.template.choices[reading.answer]),
        "sure": certainty(float(reading.probabilities.max())),
        "right": escaped(answer.template.choices[reading.target]),
        **{cell: f"{100 * right:.0f}" for cell, right in answer.rights.items()},
    }


def _fillers(words: Words, count: int) -> str:
    """A number of filler words."""
    return counted(words["fillers"], count) if count else str(words["fillers"]["none"])


def tinted(words: Words, answer: BlankAnswer, views: Mapping[str, str]) -> str:
    """The sentence before training and, if there is one, after it; each word tinted by its gradient, with its norm."""
    blocks, light, dark = words["blocks"], *(theme.cells[answer.cell] for theme in THEMES.values())
    colour, relative = f"light-dark({light}, {dark})", views["tint"] == RELATIVE
    low, high = (power_of_ten(end) for end in answer.tint_scale(relative))
    scale = f"background: linear-gradient(to right, transparent, {_tint(colour, 1.0)})"
    legend = blocks["legend_relative" if relative else "legend_norm"]
    return '<div class="tinted">{}<p class="note">{}: {} <span class="scale" style="{}"></span> {}</p></div>'.format(
        "".join(
            f'<p class="block">{_heading(blocks, answer, time)}</p>'
            f'<p class="words">{_sentence(blocks, answer, time, colour, relative)}</p>'
            for time in answer.shown.readings
        ),
        *(legend, low, scale, high),
    )


def _tint(colour: str, strength: float) -> str:
    return f"color-mix(in srgb, {colour} {STRONGEST * strength:.0f}%, transparent)"


def _heading(blocks: Words, answer: BlankAnswer, time: str) -> str:
    says = {"updates": f"{answer.shown.history.iterations:,}", "total": f"{answer.training.iterations:,}"}
    if answer.sentence.cue is None:
        return str(blocks[f"{time}_plain"].format(**says))
    before, share = (answer.sentence.cue_share(answer.shown.readings[one]) for one in ("before", time))
    if math.isnan(share):
        return str(blocks[f"{time}_none"].format(**says))
    kind = "before" if time == "before" else _course(before, share)
    return str(blocks[kind].format(share=power_of_ten(share), before_share=power_of_ten(before), **says))


def _course(before: float, after: float) -> str:
    """What has become of the cue's share; log10, nan where no word had any gradient."""
    if math.isnan(before):
        return "after_new"
    if after < _LOST:
        return "after_lost"
    if before < _LOST:
        return "after_rises" if after > before + _CHANGE else "after_grows"
    if after > before + _CHANGE:
        return "after_grows"
    return "after_falls" if after < before - 1.0 else "after_reaches"


def _sentence(blocks: Words, answer: BlankAnswer, time: str, colour: str, relative: bool) -> str:
    reading, sentence, unknown = answer.shown.readings[time], answer.sentence, answer.unknown
    cue = range(*sentence.cue) if sentence.cue else range(0)
    shares, parts = answer.tints(reading, relative), []
    for place, word in enumerate(sentence.words):
        norm = short(float(reading.log10_norms[place]))
        kinds = "word" + " cue" * (place in cue) + " unknown" * (word in unknown)
        title = blocks["tooltip"].format(word=escaped(word), norm=norm)
        tint = f"background: {_tint(colour, shares[place])}"
        parts.append(
            f'<span class="{kinds}" style="{tint}" title="{title}"><b>{escaped(word)}</b><small>{norm}</small></span>'
        )
    word, sure = answer.template.choices[reading.answer], certainty(float(reading.probabilities.max()))
    mark = "" if sentence.target is None else "✓ " if reading.answer == reading.target else "✗ "
    return " ".join((*parts, f'<span class="word gap"><b>{mark}{escaped(word)}</b><small>{sure} %</small></span>'))


# The picture


def texts(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The titles learned and gate, what stands in the panels, and what beside each word: kept, and gradient."""
    titles, lines = words["titles"], words["lines"]
    return {
        "learned": _title(words, answer),
        "gate": _gate_title(words, answer),
        "note": "" if answer.keeping_gate else titles["no_gate_note"],
        "now": lines["trained" if answer.begun else "untrained"],
        "earlier": lines["before"],
        "trained_on": lines["trained_on"].format(gap=answer.gap),
        **_pointed(words["pointed"], answer),
    }


def _pointed(said: Words, answer: BlankAnswer) -> dict[str, list[str]]:
    """Beside each word, which is pointed at: what is kept, and its gradient."""
    kept, norms = answer.kept, {time: reading.log10_norms for time, reading in answer.shown.readings.items()}
    of_gate = said["kept_after" if "before" in kept else "kept" if kept else "plain"]
    places = range(len(answer.sentence.words))
    shares = ({name: f"{100 * of[place]:.0f}" for name, of in kept.items()} for place in places)
    sizes = ({time: short(float(of[place])) for time, of in norms.items()} for place in places)
    return {
        "kept": [of_gate.format(word=word, **of) for word, of in zip(answer.sentence.words, shares, strict=True)],
        "gradient": [said["after" if "after" in norms else "before"].format(**of) for of in sizes],
    }


def _title(words: Words, answer: BlankAnswer) -> str:
    titles, tests = (
        words["titles"],
        {cell: network.tests[-1] for cell, network in answer.networks.items() if network.tests},
    )
    says = {"gap": answer.gap, "fillers": _fillers(words, answer.gap)}
    if not tests:
        return str(titles["before"].format(**says))
    rights = {cell: f"{100 * right:.0f}" for cell, (_, right) in tests.items()}
    kind = "over" if answer.tested else "training"
    return str(titles[kind].format(longest=tests[answer.cell][0], **says, **rights))


def _gate_title(words: Words, answer: BlankAnswer) -> str:
    titles, shown = words["titles"], answer.shown
    if not answer.keeping_gate:
        return str(titles["no_gate"])
    says = {"cell": CELL_NAMES[answer.cell], "gate": words["gates"][answer.keeping_gate]}
    before, now = (_left(words["values"], answer, reading) for reading in (shown.before, shown.now))
    if "–" in (before, now):
        return str(titles["gate_plain"].format(mean=f"{100 * answer.kept['mean'].mean():.0f}", **says))
    return str(titles["gate_after" if shown.after else "gate_before"].format(left=now, left_before=before, **says))


def _left(values: Words, answer: BlankAnswer, reading: Any) -> str:
    """Of what the cue writes, the part that is left at the blank, in per cent."""
    left = reading.left_of(*answer.sentence.cue) if answer.sentence.cue else None
    if left is None:
        return "–"
    return str(values["hardly"]) if left < 1e-4 else f"{100 * left:.2g}" if left < 0.995 else "100"


# The finding


def finding(words: Words, answer: BlankAnswer, _: Mapping[str, str]) -> str:
    """What the picture says, in words and numbers."""
    failed = (network for network in answer.networks.values() if network.history.failure)
    failures = "".join(f"<p>{ended(one.training, one.history, language_of(words))}</p>" for one in failed)
    tables = "".join(f'<table class="verdict">{table}</table>' for table in _tables(words, answer))
    return f'{failures}<div class="ticks">{tables}</div>{paragraphs(_notes(words, answer))}'


def _tables(words: Words, answer: BlankAnswer) -> Iterator[str]:
    table = words["table"]
    if answer.begun and answer.sentence.cue is not None:
        columns = {cell: _column(words, answer, network) for cell, network in answer.networks.items()}
        yield by_network(table, _says(words, answer), columns)
    rows = (_cue_row(table, answer, *row) for row in answer.other_cues)
    yield "".join((table["cues_head"].format(cell=CELL_NAMES[answer.cell]), *rows))


def _column(words: Words, answer: BlankAnswer, network: Network) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    right, loss = answer.rights[network.cell], network.history.moments[-1].loss
    norms = {f"norm_{time}": short(answer.sentence.joint(of)) for time, of in network.readings.items()}
    left = {f"left_{time}": _left(words["values"], answer, of) for time, of in network.readings.items()}
    return {
        "right": f"<b>{100 * right:.0f} %</b>",
        "loss": number(loss, ".2g"),
        **norms,
        **{name: text if text == "–" else f"{text} %" for name, text in left.items()},
    }


def _cue_row(table: Words, answer: BlankAnswer, cue: str, right: str, readings: Mapping[str, Any]) -> str:
    named = {
        time: table["named"].format(
            mark="✓" if reading.answer == reading.target else "✗",
            word=escaped(answer.template.choices[reading.answer]),
            sure=certainty(float(reading.probabilities.max())),
        )
        for time, reading in readings.items()
    }
    return str(table["cues_row"].format(cue=escaped(cue), right=escaped(right), **{"after": "–"} | named))


def _notes(words: Words, answer: BlankAnswer) -> Iterator[str]:
    notes, says, sentence = words["notes"], _says(words, answer), answer.sentence
    if sentence.own:
        cue = escaped(" ".join(sentence.words[slice(*sentence.cue)])) if sentence.cue else ""
        yield notes["own_right" if cue else "own_no_cue"].format(cue=cue, **says)
        if answer.unknown:
            yield notes["unknown"].format(words=", ".join(f"“{escaped(word)}”" for word in answer.unknown))
    yield notes["settings" if answer.begun else "plan"].format(**says)
    if answer.gap != answer.experiment.sequence_length:
        yield notes["fewer"].format(**says)
    before, now = answer.shown.before.loss, answer.shown.now.loss
    if now * _SHRUNK < before < math.inf:
        yield notes["small_loss"].format(loss_before=number(before, ".2g"), loss_after=number(now, ".2g"))
    if answer.keeping_gate:
        yield notes["memory"]
    yield notes["float"]
