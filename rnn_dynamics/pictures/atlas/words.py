"""What the atlas says: names of axes and values, its claim and what holds at the reader's place."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from rnn_dynamics.content import Says, Words, sentences
from rnn_dynamics.pictures.atlas.answer import AtlasAnswer, axes
from rnn_dynamics.pictures.kit.finding import above, claimed, paragraphs, told

#: What a reader wants to know of all networks.
_COMMON = ("sequence_length", "hidden_size", "input_size", "batch_size", "initialisation")
#: Ranges that a title has room for.
_SHORT = 2


def texts(words: Words, answer: AtlasAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """The names of columns and rows."""
    return {
        "columns": [named(words, answer.across, value) for value in answer.columns],
        "rows": [named(words, answer.up, value) for value in answer.rows],
    }


def moving_texts(words: Words, answer: AtlasAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """title, here (beside the reader's place), regions, across and up (the axes in a sentence), and up_title."""
    kind = "none" if not answer.holding else "holds" if len(answer.holding) <= _SHORT else "several"
    kind += "_over_cells" * ("cell" in (answer.across, answer.up))
    says = _says(words, answer)
    return {
        "title": words["titles"][kind].format_map(says),
        "here": words["picture"]["here" if answer.outcome != "none" else "here_none"].format_map(says),
        "regions": words["regions"],
        "across": words["fields"][answer.across],
        "up": words["fields"][answer.up],
        "up_title": words["axes"][answer.up],
    }


def named(words: Words, field: str, value: Any) -> str:
    """A value of an axis."""
    if isinstance(value, bool | str):
        knob = sentences("knobs", words.language).get(field, {})
        return str({**knob.get("words", {}), **knob.get("shown", {})}.get(str(value).lower(), value))
    return f"{value:g}".replace("-", "−")


def _says(words: Words, answer: AtlasAnswer) -> Says:
    return Says(
        answer,
        across_name=words["fields"][answer.across],
        up_name=words["fields"][answer.up],
        up_value=escape(named(words, answer.up, getattr(answer.experiment, answer.up))),
        ranges=_ranges(words, answer),
        places=_places(words, answer.experiment, axes()),
        common=_places(words, answer.experiment, [name for name in _COMMON if name not in axes()]),
        held=len(answer.holding),
    )


def _ranges(words: Words, answer: AtlasAnswer) -> str:
    """The values across at which the gradient holds in the reader's row."""
    ends = ([named(words, answer.across, end) for end in dict.fromkeys(pair)] for pair in answer.holding)
    return escape(words["at"]["between"].join("–".join(pair) for pair in ends))


def _places(words: Words, experiment: Any, fields: Iterable[str]) -> str:
    """Where a reader stands, axis by axis."""
    names, at = words["fields"], words["at"]
    places = (at["one"].format(name=names[of], value=named(words, of, getattr(experiment, of))) for of in fields)
    return escape(at["between"].join(places))


def claim(words: Words, answer: AtlasAnswer, _: Mapping[str, str]) -> str:
    """How rare it is that a gradient holds, as HTML."""
    shares = answer.shares
    known, rare = shares["holds"] == shares["holds"], shares["holds"] < max(shares["vanishes"], shares["explodes"])
    return claimed(words, _says(words, answer), unknown=not known, rare=rare, usual=True)


def finding(words: Words, answer: AtlasAnswer, views: Mapping[str, str]) -> str:
    """What holds at the reader's place, and what the map is of, as HTML."""
    says = _says(words, answer)
    known, far = answer.outcome != "none", answer.horizon is None
    holds = {"own": known and answer.own is not None, "numbers": known and not far, "numbers_far": known and far}
    holds |= {"row": bool(answer.holding), "row_none": not answer.holding}
    holds |= {"same": views["map_x"] == views["map_y"], "common": True}
    notes = told(words["notes"], says, **holds)
    return above(words["here"][answer.outcome].format_map(says)) + paragraphs(notes)
