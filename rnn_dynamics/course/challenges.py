"""Challenges: tasks whose solution is what a reader's present settings compute, each in a file of its own.

content/challenges/NAME.toml says on which page, with which settings it opens, what must hold of the page's answer, and
its words in each language; docs/challenges.md tells a lecturer how to write one.
"""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isnan
from string import Formatter
from typing import Any, Protocol

from rnn_dynamics.content import LANGUAGE, Words, files_in, languages, sentences
from rnn_dynamics.content.numbers import KINDS
from rnn_dynamics.course.fields import Reading, answer_of, first_unknown
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.limits import plain, short
from rnn_dynamics.pictures import NAMES
from rnn_dynamics.pictures.kit.picture import Picture, Setting

#: The folder of content/ that holds them, beside those of the languages.
FOLDER = "challenges"
#: From easy to hard.
LEVELS = (1, 2, 3)
#: Limit -> whether a value keeps to it.
LIMITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
    "is": operator.eq,
    "is_not": operator.ne,
}
#: How a limit spells that there is no value.
NONE = "none"
#: On which side of its limits a value is: within them, too small, too large, or another one than is asked.
MET, SMALL, LARGE, OTHER = "met", "small", "large", "other"
#: Limit that has an order -> on which side a value is that does not keep to it.
_NUMBERS = {"at_least": SMALL, "above": SMALL, "at_most": LARGE, "below": LARGE}
#: What a curve may do, from too small a factor per step to too large a one.
_GROWTH = ("vanishes", "holds", "explodes")
_RULES = ("page", "level", "holds", "opens", "solution")
_LANGUAGE = r"[a-z]{2}"
_WORDS = ("title", "task", "hint", "explanation")
#: What may be left out.
_OPTIONAL, _NOW = ("opens", "solution"), "now"


class Slip(ValueError):  # noqa: N818  # what it is
    """Why a challenge cannot be offered: the key of a sentence under [slips] of the page's words, and its numbers."""

    def __init__(self, kind: str, **says: Any) -> None:
        self.kind, self.says = kind, says
        super().__init__(self.said(sentences(FOLDER)))

    def said(self, words: Mapping[str, Any]) -> str:
        """In a language, as plain text."""
        return str(words["slips"][self.kind].format(**self.says))


class Asks(Protocol):
    """What a challenge needs to know of a page."""

    @property
    def picture(self) -> Picture:
        """What it shows."""

    @property
    def settings(self) -> Mapping[str, Setting]:
        """What its controls offer."""

    @property
    def existing(self) -> Mapping[str, Callable[[Mapping[str, Any]], Collection[Any]]]:
        """Setting -> those of its values that exist, given all settings."""

    @property
    def at_opening(self) -> Mapping[str, Any]:
        """Every setting when it opens."""

    def asked(self, away: Mapping[str, Any] | None = None) -> tuple[Experiment, dict[str, str]]:
        """The experiment and the views where these settings differ from the opening."""


@dataclass(frozen=True)
class Found:
    """What an answer has of a field that something is asked of, NONE where there is no value; side: MET or another."""

    field: str
    value: str | float
    side: str


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A task on a page.

    name: of its file. level: one of LEVELS. opens, solution: settings where they differ from the page's opening; a
    solution stands on what the challenge opens with, and is empty where none is given. holds: name of a field of the
    page's answer -> limit -> what it must keep to; all of them. words: language -> title, task, hint, explanation, and
    perhaps what is said while it does not hold.
    """

    name: str
    page: str
    level: int
    opens: Mapping[str, Any]
    solution: Mapping[str, Any]
    holds: Mapping[str, Mapping[str, Any]]
    words: Mapping[str, Mapping[str, str]]

    @property
    def first(self) -> str:
        """The first field that something is asked of."""
        return next(iter(self.holds))

    def words_in(self, language: str) -> Mapping[str, str]:
        """In that language, else in that of who asks for none, else in the first that it has."""
        return self.words.get(language) or self.words.get(LANGUAGE) or next(iter(self.words.values()))

    def told(self, kind: str, language: str, answer: Any, views: Mapping[str, Any]) -> str:
        """One of its sentences with the numbers of an answer; "" where it has none."""
        sentence = self.words_in(language).get(kind, "")
        return sentence.format_map(Reading(answer, views))

    def is_solved_by(self, answer: Any, views: Mapping[str, Any]) -> bool:
        """Whether all that must hold does; raises as `found`."""
        return all(one.side == MET for one in self.found(answer, views))

    def found(self, answer: Any, views: Mapping[str, Any]) -> list[Found]:
        """What there is of each field of `holds`, and on which side of its limits.

        Raises:
            LookupError, AttributeError: the answer has not, or not yet, what is asked.
            Slip: what it has cannot be compared so.
        """
        reading = Reading(answer, views)
        values = {field: self._comparable(field, reading.value(field)) for field in self.holds}
        return [Found(field, value, _side(value, self.holds[field])) for field, value in values.items()]

    def _comparable(self, field: str, value: Any) -> str | float:
        found = plain(value)
        if found is None or (isinstance(found, float) and isnan(found)):
            return NONE
        is_text = isinstance(found, str)
        if not isinstance(found, str | int | float) or (
            is_text and found != NONE and _NUMBERS.keys() & self.holds[field]
        ):
            raise Slip("compared", file=file_of(self.name), field=field, value=short(found))
        return found


def _side(value: str | float, limits: Mapping[str, Any]) -> str:
    """Where a value is, beside limits: the first that it does not keep to counts."""
    if value == NONE and _NUMBERS.keys() & limits:
        return OTHER
    missed = next((limit for limit, wanted in limits.items() if not LIMITS[limit](value, wanted)), None)
    if missed is None:
        return MET
    size, asked = _size(value), _size(limits[missed])
    if missed == "is" and size is not None and asked is not None:
        return SMALL if size < asked else LARGE
    return _NUMBERS.get(missed, OTHER)


def _size(value: str | float | bool) -> float | None:
    """A number by which values of a kind can be ordered, None where they cannot."""
    if isinstance(value, str):
        return _GROWTH.index(value) if value in _GROWTH else None
    return None if isinstance(value, bool) else value


def file_of(name: str) -> str:
    """Where a challenge stands, as a reader of the code knows it."""
    return f"content/{FOLDER}/{short(name)[1:-1]}.toml"


def pictured() -> frozenset[str]:
    """The pages that may have one, among other names: those of pictures."""
    return frozenset(NAMES)


def read_all(page: Callable[[str], Asks], pages: Collection[str]) -> tuple[dict[str, Challenge], tuple[Slip, ...]]:
    """All challenges, from easy to hard and by their pages in the order of these; and why others are not offered."""
    found, slips = [], []
    for name in files_in(FOLDER):
        try:
            found.append(read(name, page, pages))
        except Slip as slip:
            slips.append(slip)
    places = [*pages]
    found.sort(key=lambda one: (one.level, places.index(one.page), one.name))
    return {one.name: one for one in found}, tuple(slips)


def read(name: str, page: Callable[[str], Asks], pages: Collection[str]) -> Challenge:
    """A challenge, checked against its page.

    Raises:
        Slip: it cannot be offered.
    """
    file = file_of(name)
    if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
        raise Slip("name", file=file)
    table = _table(name, file)
    spoken = [key for key in table if re.fullmatch(_LANGUAGE, key)]  # one may be there before the pages have it
    _known(file, "", table, (*_RULES, *languages(), *spoken))
    for key in _RULES:
        if key not in table and key not in _OPTIONAL:
            raise Slip("missing", file=file, key=key)
    on = table["page"]
    if on not in pages:
        raise Slip("page", file=file, value=short(on), known=", ".join(pages))
    if table["level"] not in LEVELS or isinstance(table["level"], bool):
        raise Slip("level", file=file, value=short(table["level"]), known=", ".join(map(str, LEVELS)))
    asks = page(on)
    opens = _settings(file, "opens", _is_table(file, "opens", table.get("opens", {})), asks, {})
    solution = _settings(file, "solution", _is_table(file, "solution", table.get("solution", {})), asks, opens)
    holds = _is_table(file, "holds", table["holds"])
    if not holds:
        raise Slip("missing", file=file, key="holds")
    for field, limits in holds.items():
        _check_field(file, field, on, asks)
        _check_limits(file, field, limits)
    words = {language: _words(file, language, table[language], on, asks) for language in spoken}
    if not words:
        raise Slip("no_words", file=file, known=", ".join(languages()))
    return Challenge(name=name, page=on, level=table["level"], opens=opens, solution=solution, holds=holds, words=words)


def _table(name: str, file: str) -> Words:
    try:
        return sentences(name, FOLDER)
    except (ValueError, OSError, RecursionError) as error:
        raise Slip("toml", file=file, why=short(str(error.__cause__ or error))[1:-1]) from error


def _known(file: str, where: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            says = {"file": file, "key": _plain(f"{where}{key}"), "known": ", ".join(known)}
            raise Slip("unknown_near", near=near[0], **says) if near else Slip("unknown", **says)


def _plain(key: str) -> str:
    return short(key)[1:-1]


def _is_table(file: str, key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Slip("no_table", file=file, key=_plain(key), value=short(value))
    return value


def _settings(file: str, key: str, table: Mapping[str, Any], asks: Asks, before: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the page's controls have them, with those before them."""
    _known(file, f"{key}.", table, tuple(asks.settings))
    found = {name: _offered(file, f"{key}.{name}", value, asks.settings[name]) for name, value in table.items()}
    there = {**before, **found}
    now = {**asks.at_opening, **there}
    for name in asks.existing:
        if now[name] not in (offers := asks.existing[name](now)):
            raise Slip("value", file=file, key=f"{key}.{name}", value=short(now[name]), known=_listed(offers))
    try:
        asks.asked(there)
    except (ValueError, TypeError) as error:
        raise Slip("together", file=file, key=key, why=error) from error
    return there


def _offered(file: str, key: str, value: Any, setting: Setting) -> Any:
    offer = setting.written(value)
    if offer is None:
        raise Slip("value", file=file, key=key, value=short(value), known=_listed(setting.values) or setting.longest)
    return offer


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _check_field(file: str, field: str, page: str, asks: Asks) -> None:
    part = first_unknown(field, (answer_of(page), Experiment), asks.picture.settings)
    if part:
        raise Slip("field", file=file, field=_plain(field), part=_plain(part), page=page)


def _check_limits(file: str, field: str, limits: Any) -> None:
    table = _is_table(file, f"holds.{field}", limits)
    _known(file, f"holds.{field}.", table, tuple(LIMITS))
    if not table:
        raise Slip("missing", file=file, key=f"holds.{field}.{'/'.join(LIMITS)}")
    for limit, wanted in table.items():
        number = isinstance(wanted, int | float) and not isinstance(wanted, bool) and not isnan(wanted)
        if not (number if limit in _NUMBERS else isinstance(wanted, str | bool) or number):
            raise Slip("limit", file=file, key=f"holds.{field}.{limit}", value=short(wanted))


def _words(file: str, language: str, table: Any, page: str, asks: Asks) -> Mapping[str, str]:
    words = _is_table(file, language, table)
    _known(file, f"{language}.", words, (*_WORDS, _NOW))
    for key in _WORDS:
        if not (isinstance(words.get(key), str) and words[key].strip()):
            raise Slip("missing", file=file, key=f"{language}.{key}")
    for key, text in words.items():
        for field in _fields(file, f"{language}.{key}", text):
            _check_field(file, field, page, asks)
    return words


def _fields(file: str, key: str, text: Any) -> Iterator[str]:
    """The fields that a sentence is filled with, whose forms are known."""
    try:
        for _, field, form, _ in Formatter().parse(text):
            if field is not None:
                _ = form in KINDS or "/" in str(form) or format(0.0, str(form))
                yield field
    except (ValueError, TypeError) as error:
        raise Slip("sentence", file=file, key=key, why=error) from error
