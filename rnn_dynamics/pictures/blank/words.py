"""The words of the page "Fill in the blank" as HTML: the claim, the tinted sentence, the finding; and the picture."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.learning.reading import KEEPS, Reading
from rnn_dynamics.learning.training import TESTED
from rnn_dynamics.pictures.blank.answer import PAGE, BlankAnswer, example
from rnn_dynamics.pictures.blank.table import BlankPicture, blank_datasets, joint, short, tint_scale, tint_shares
from rnn_dynamics.pictures.kit.numbers import number, power_of_ten
from rnn_dynamics.pictures.kit.training_words import by_network, ended, settings_of

#: Share of right answers from which a network has learned its sentences.
LEARNED = 0.95
#: A share of the strongest word's gradient below which hardly anything reaches the cue; log10.
LOST = -3.0
#: Orders of magnitude by which a share has to change to be called a change.
_CHANGE = 0.3
#: How much of a colour the strongest tint takes, in per cent: the text on it must stay readable on any background.
STRONGEST = 45.0
#: A loss this many times smaller than before has shrunk the gradients too.
_SHRUNK = 10.0


def escaped(text: str) -> str:
    """A reader's text for HTML, in which braces are not filled in."""
    return html.escape(text)


@dataclass(frozen=True)
class Look:
    """How sentences are drawn: whether tints are relative to the strongest word, and the colour of the cell."""

    relative: bool
    colour: str


# The claim


def standing(right: float, chance: float) -> str:
    """How far a network has come: "learned", "chance" (within three standard errors of it), or "partly"."""
    if right <= chance + 3.0 * np.sqrt(chance * (1.0 - chance) / TESTED):
        return "chance"
    return "learned" if right >= LEARNED else "partly"


def _claim_of(rights: Mapping[str, float], chance: float) -> str:
    """Which claim is true."""
    lstm, gru, rnn = (standing(rights[cell], chance) for cell in ("lstm", "gru", "rnn"))
    if lstm == "chance":
        if rnn != "chance":
            return "rnn_better"
        return "none" if gru == "chance" else "gru_only"
    if lstm == "partly":
        return "rnn_ahead" if rights["rnn"] > rights["lstm"] else "lstm_partly"
    return {"chance": "lstm_only", "partly": "rnn_partly", "learned": "all"}[rnn]


def claim(answer: BlankAnswer) -> str:
    """The page's finding in one sentence, as HTML."""
    words, says = sentences(PAGE)["claims"], numbers_of(answer)
    if not answer.rights:
        reading = answer.before[answer.cell]
        if answer.sentence.target is None:
            kind = "before_unknown"
        else:
            kind = "before_right" if reading.answer == reading.target else "before"
        text = words[kind].format(**says)
    else:
        kind = _claim_of(answer.rights, answer.training.its_task.chance_accuracy)
        text = words[kind].format(**says)
        if answer.job is not None and not answer.job.complete:
            text = f"{words['so_far'].format(**says)} {text}"
    return f'<h2 class="claim">{text.replace(" %", "&nbsp;%")}</h2>'


def numbers_of(answer: BlankAnswer) -> dict[str, str | int]:
    """What the sentences are filled with; a reader's words are escaped."""
    training, task = answer.training, answer.training.its_task
    reading = answer.after.get(answer.cell, answer.before[answer.cell])
    says: dict[str, str | int] = {
        **settings_of(training),
        "cell": answer.cell.upper(),
        "gap": answer.gap,
        "fillers": fillers(answer.gap),
        "asked": fillers(training.experiment.sequence_length),
        "chance": f"{100 * task.chance_accuracy:.0f}",
        "chance_loss": f"{task.chance_loss(answer.gap):.2g}",
        "updates": f"{answer.updates:,}",
        "tested": TESTED,
        "named": escaped(answer.template.choices[reading.answer]),
        "sure": _percent(float(reading.probabilities.max())),
        "right": escaped(answer.template.choices[reading.target]),
    }
    return says | {cell: f"{100 * right:.0f}" for cell, right in answer.rights.items()}


def fillers(count: int) -> str:
    """A number of filler words."""
    words = sentences(PAGE)["fillers"]
    return str(words["none" if count == 0 else "one" if count == 1 else "other"].format(count=count))


def _percent(share: float) -> str:
    """A probability or share in per cent, with a digit more where it is close to none or all."""
    if np.isnan(share):
        return "–"
    return f"{100 * share:.1f}" if not 0.01 <= share <= 0.995 and 0.0 < share < 1.0 else f"{100 * share:.0f}"


# The tinted sentence


def tinted(answer: BlankAnswer, look: Look) -> str:
    """The sentence before training and, if there is one, after it; each word tinted by its gradient, with its norm."""
    readings = (*answer.before.values(), *answer.after.values())
    scale = tint_scale([reading.log10_norms for reading in readings], look.relative)
    blocks = "".join(
        f'<p class="block">{_heading(answer, time)}</p><p class="words">{_words(answer, reading, look, scale)}</p>'
        for time, reading in answer.shown.items()
    )
    return f'<div class="tinted">{blocks}{_legend(look, scale)}</div>'


def cue_share(reading: Reading, cue: tuple[int, int]) -> float:
    """log10 of the cue's gradient over that of the strongest word; nan where no word has any."""
    peak = float(reading.log10_norms.max())
    return joint(reading.log10_norms[slice(*cue)]) - peak if np.isfinite(peak) else float("nan")


def _heading(answer: BlankAnswer, time: str) -> str:
    words, cue = sentences(PAGE)["blocks"], answer.sentence.cue
    says = {"updates": f"{answer.updates:,}", "total": f"{answer.training.iterations:,}"}
    if cue is None:
        return str(words[f"{time}_plain"].format(**says))
    before, share = cue_share(answer.before[answer.cell], cue), cue_share(answer.shown[time], cue)
    if np.isnan(share):
        return str(words[f"{time}_none"].format(**says))
    kind = "before" if time == "before" else _course(before, share)
    return str(words[kind].format(share=power_of_ten(share), before_share=power_of_ten(before), **says))


def _course(before: float, after: float) -> str:
    """What has become of the cue's share; log10, nan where no word had any gradient."""
    if np.isnan(before):
        return "after_new"
    if after < LOST:
        return "after_lost"
    if before < LOST:
        return "after_rises" if after > before + _CHANGE else "after_grows"
    if after > before + _CHANGE:
        return "after_grows"
    return "after_falls" if after < before - 1.0 else "after_reaches"


def _words(answer: BlankAnswer, reading: Reading, look: Look, scale: tuple[float, float]) -> str:
    says, sentence = sentences(PAGE)["blocks"], answer.sentence
    cue = range(*sentence.cue) if sentence.cue else range(0)
    shares = tint_shares(reading.log10_norms, scale, look.relative)
    known, parts = set(answer.template.words), []
    for place, word in enumerate(sentence.words):
        norm = short(float(reading.log10_norms[place]))
        kinds = "word" + " cue" * (place in cue) + " unknown" * (word not in known)
        title = says["tooltip"].format(word=escaped(word), norm=norm)
        tint = f"background: color-mix(in srgb, {look.colour} {STRONGEST * shares[place]:.0f}%, transparent)"
        parts.append(
            f'<span class="{kinds}" style="{tint}" title="{title}"><b>{escaped(word)}</b><small>{norm}</small></span>'
        )
    return " ".join((*parts, _blank(answer, reading)))


def _blank(answer: BlankAnswer, reading: Reading) -> str:
    """What the network puts into the blank."""
    word, sure = answer.template.choices[reading.answer], _percent(float(reading.probabilities.max()))
    mark = "" if answer.sentence.target is None else "✓ " if reading.answer == reading.target else "✗ "
    return f'<span class="word gap"><b>{mark}{escaped(word)}</b><small>{sure} %</small></span>'


def _legend(look: Look, scale: tuple[float, float]) -> str:
    words = sentences(PAGE)["blocks"]
    low, high = (power_of_ten(end) for end in scale)
    strongest = f"color-mix(in srgb, {look.colour} {STRONGEST:.0f}%, transparent)"
    return (
        f'<p class="note">{words["legend_relative" if look.relative else "legend_norm"]}: {low} <span class="scale" '
        f'style="background: linear-gradient(to right, transparent, {strongest})"></span> {high}</p>'
    )


# The picture


def blank_picture(answer: BlankAnswer, colour: str) -> dict[str, bytes]:
    """The picture's datasets."""
    words, curves = sentences(PAGE)["titles"], answer.curves
    longest = max((gap for tests in curves.values() for gap, _ in tests), default=answer.gap)
    return blank_datasets(
        BlankPicture(
            curves=curves,
            gap=answer.gap,
            longest=max(longest, 2 * answer.training.experiment.sequence_length + 2),
            chance=answer.training.its_task.chance_accuracy,
            words=answer.sentence.words,
            cue=answer.sentence.cue,
            keeps=answer.keeps,
            norms=answer.norms,
            colour=colour,
            titles={"learned": _title(answer), "gate": _gate_title(answer)},
            note="" if answer.cell in KEEPS else words["no_gate_note"],
        )
    )


def _title(answer: BlankAnswer) -> str:
    words, curves = sentences(PAGE)["titles"], answer.curves
    if not curves:
        return str(words["before"].format(fillers=fillers(answer.gap)))
    over = answer.job is not None and answer.job.over
    rights = {cell: f"{100 * tests[-1][1]:.0f}" for cell, tests in curves.items()}
    says = {"gap": answer.gap, "fillers": fillers(answer.gap), "longest": curves[answer.cell][-1][0]}
    return str(words["over" if over else "training"].format(**says, **rights))


def _gate_title(answer: BlankAnswer) -> str:
    words, cue = sentences(PAGE)["titles"], answer.sentence.cue
    if answer.cell not in KEEPS:
        return str(words["no_gate"])
    before, after = answer.before[answer.cell], answer.after.get(answer.cell)
    says = {"cell": answer.cell.upper(), "gate": sentences(PAGE)["gates"][KEEPS[answer.cell]]}
    if cue is None or "–" in (_left(before, cue), _left(after or before, cue)):
        keeps = (after or before).keeps
        assert keeps is not None
        return str(words["gate_plain"]).format(mean=f"{100 * keeps.mean():.0f}", **says)
    left = _left(after or before, cue)
    return str(words["gate_after" if after else "gate_before"]).format(
        left=left, left_before=_left(before, cue), **says
    )


def _left(reading: Reading, cue: tuple[int, int]) -> str:
    """Of what the cue writes, the part that is left at the blank, in per cent."""
    left = reading.left_of(*cue)
    if left is None:
        return "–"
    return "less than 0.01" if left < 1e-4 else f"{100 * left:.2g}" if left < 0.995 else "100"


# The finding


def finding(answer: BlankAnswer, moved: bool) -> str:
    """What the picture says, in words and numbers."""
    failures = "".join(
        f"<p>{ended(training, history)}</p>"
        for training, history in zip(
            answer.trainings.values(), answer.job.histories if answer.job else (), strict=False
        )
        if history.failure
    )
    tables = "".join(f'<table class="verdict">{table}</table>' for table in _tables(answer))
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(answer, moved))
    return f'{failures}<div class="ticks">{tables}</div>{notes}'


def _tables(answer: BlankAnswer) -> Iterator[str]:
    words, cell = sentences(PAGE)["table"], answer.cell.upper()
    if answer.after and answer.sentence.cue is not None:
        yield _networks_table(answer, answer.sentence.cue)
    head = words["cues_head"].format(cell=cell)
    yield head + "".join(_cue_row(answer, pair) for pair in range(len(answer.template.answers)))


def _networks_table(answer: BlankAnswer, cue: tuple[int, int]) -> str:
    columns = {cell: _column(answer, cell, cue) for cell in answer.trainings}
    return by_network(sentences(PAGE)["table"], numbers_of(answer), columns)


def _column(answer: BlankAnswer, cell: str, cue: tuple[int, int]) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    before, after = answer.before[cell], answer.after[cell]
    left = {time: _left(one, cue) for time, one in (("before", before), ("after", after))}
    return {
        "right": f"<b>{100 * answer.rights[cell]:.0f} %</b>",
        "loss": number(answer.losses[cell], ".2g"),
        "norm_before": short(joint(before.log10_norms[slice(*cue)])),
        "norm_after": short(joint(after.log10_norms[slice(*cue)])),
        **{f"left_{time}": text if text == "–" else f"{text} %" for time, text in left.items()},
    }


def _cue_row(answer: BlankAnswer, pair: int) -> str:
    words, sentence = sentences(PAGE)["table"], example(answer.training, pair)
    readings, choices = answer.readings(sentence.words, sentence.target), answer.template.choices
    named = {
        time: words["named"].format(
            mark="✓" if reading.answer == reading.target else "✗",
            word=escaped(choices[reading.answer]),
            sure=_percent(float(reading.probabilities.max())),
        )
        for time, reading in readings.items()
    }
    cue, right = answer.template.answers[pair]
    return str(
        words["cues_row"].format(
            cue=escaped(cue), right=escaped(right), before=named["before"], after=named.get("after", "–")
        )
    )


def _notes(answer: BlankAnswer, moved: bool) -> Iterator[str]:
    words, says, sentence = sentences(PAGE)["notes"], numbers_of(answer), answer.sentence
    if moved:
        yield sentences(PAGE)["moved"]
    if sentence.own:
        cue = "" if sentence.cue is None else escaped(" ".join(sentence.words[slice(*sentence.cue)]))
        yield words["own_right" if cue else "own_no_cue"].format(cue=cue, **says)
        yield from _unknown(sentence.words, set(answer.template.words))
    yield words["settings" if answer.job else "plan"].format(**says)
    if answer.gap != answer.training.experiment.sequence_length:
        yield words["fewer"].format(**says)
    before, after = answer.before[answer.cell], answer.after.get(answer.cell)
    if after is not None and after.loss * _SHRUNK < before.loss < np.inf:
        yield words["small_loss"].format(
            loss_before=number(before.loss, ".2g"),
            loss_after=number(after.loss, ".2g"),
        )
    if answer.cell in KEEPS:
        yield words["memory"]
    yield words["float"]


def _unknown(words: Sequence[str], known: set[str]) -> Iterator[str]:
    strange = [word for word in dict.fromkeys(words) if word not in known]
    if strange:
        yield sentences(PAGE)["notes"]["unknown"].format(words=", ".join(f"“{escaped(word)}”" for word in strange))
