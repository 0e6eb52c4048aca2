"""Lectures: pages in an order, each with settings, a claim, perhaps a question, and notes for the speaker.

content/LANGUAGE/lectures/NAME.toml is one lecture; docs/lectures.md tells a lecturer how to write it. A file whose
stops name no page is a translation: what is no word stands in the file of that name in another language, stop by stop.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from rnn_dynamics.content import files_in, languages, sentences, sentences_of
from rnn_dynamics.content.numbers import ten_to
from rnn_dynamics.limits import short
from rnn_dynamics.pictures.kit.picture import Setting

#: The folder of each language that holds them.
FOLDER = "lectures"
#: Page -> its settings by name; nothing where there is no such page.
SettingsOf = Callable[[str], Mapping[str, Setting] | None]
#: Powers of ten between which the slider of a question may go, how many steps it may have, and how many choices.
_LOWEST, _HIGHEST, _MOST_STEPS, _MOST_CHOICES = -400, 400, 100, 8
_LECTURE = {"title": str, "minutes": int, "stop": list}
_WORDS: Mapping[str, type] = {"claim": str, "ask": str, "choices": list, "notes": str}
_RULES: Mapping[str, type] = {"page": str, "settings": dict, "slider": list, "right": int}
#: More values than this are not listed.
_LISTED = 12


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What in a file was not taken, and the rest was.

    file: as a lecturer knows it. stop: its number, 0 where it is about none. kind: of the sentence under [complaints]
    of the words of lectures. says: what that is filled with.
    """

    file: str
    stop: int
    kind: str
    says: Mapping[str, object] = field(default_factory=dict)

    def said(self, words: Mapping[str, Any]) -> str:
        """One sentence, in Markdown."""
        what = words["complaints"][self.kind].format(**self.says)
        return str(
            words["complaint"]["stop" if self.stop else "whole"].format(file=self.file, stop=self.stop, what=what)
        )


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a stop asks before its picture is revealed.

    choices: of which one is right; or, without any, `slider`: from which to which power of ten an answer goes; or
    neither, for a show of hands. right: the place of the right choice, from 0, or the power of ten; None where none is
    named.
    """

    ask: str
    choices: tuple[str, ...] = ()
    slider: range = range(0)
    right: int | None = None

    @property
    def answers(self) -> Sequence[int]:
        """What a hall can vote for: places of choices, or powers of ten."""
        return range(len(self.choices)) if self.choices else self.slider

    def called(self, answer: int) -> str:
        """The letter of a choice, A for the first; or a power of ten."""
        if self.choices:
            return chr(ord("A") + answer)
        return ten_to(answer) if answer else "1"

    def near(self, votes: Iterable[int]) -> int:
        """How many of the votes are right: of powers of ten, those that are one away at most."""
        far = 0 if self.choices else 1
        return sum(self.right is not None and abs(vote - self.right) <= far for vote in votes)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A picture of a lecture: page ("" where there is none), settings by name, claim, question, speaker's notes."""

    page: str
    settings: Mapping[str, Any]
    claim: str
    question: Question | None
    notes: str


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """A lecture in one language, and what in its files is wrong; without stops where it cannot be read."""

    name: str
    language: str
    title: str
    minutes: int
    stops: tuple[Stop, ...]
    complaints: tuple[Complaint, ...]


def names() -> tuple[str, ...]:
    """Of all lectures, in whatever language."""
    return tuple(sorted({name for language in languages() for name in files_in(f"{language}/{FOLDER}")}))


def read(name: str, language: str, settings_of: SettingsOf) -> Lecture:
    """A lecture of `names()`, in this language, else in the first that it has."""
    found = [one for one in dict.fromkeys((language, *languages())) if name in files_in(f"{one}/{FOLDER}")]
    return _Reading(name, [_shipped(name, one) for one in found], settings_of).lecture()


def read_file(path: Path, language: str, settings_of: SettingsOf) -> Lecture:
    """A lecture of a file, wherever it is; in a folder like content/LANGUAGE/lectures it may be a translation.

    Raises:
        OSError: it cannot be opened.
    """
    folder = path.resolve().parent
    others = sorted(folder.parent.parent.glob(f"*/{FOLDER}/{path.name}")) if folder.name == FOLDER else []
    found = [path, *(one for one in others if one != path.resolve())]
    return _Reading(path.stem, [_brought(one, language) for one in found], settings_of).lecture()


@dataclass(frozen=True)
class _File:
    """A file of a lecture: as a lecturer knows it, its language, and what reads it."""

    called: str
    language: str
    read: Callable[[], Mapping[str, Any]]


def _shipped(name: str, language: str) -> _File:
    called = f"content/{language}/{FOLDER}/{name}.toml"
    return _File(called, language, partial(sentences, f"{FOLDER}/{name}", language))


def _brought(path: Path, language: str) -> _File:
    return _File(str(path), language, partial(sentences_of, path, language))


class _Reading:
    """The files of one lecture, of which the first has its words, and the first that names a page the rules."""

    def __init__(self, name: str, found: Sequence[_File], settings_of: SettingsOf) -> None:
        self._name, self._language, self._settings_of = name, found[0].language, settings_of
        self._complaints: list[Complaint] = []
        self._file = found[0].called
        self._words = self._table(found[0])
        self._others = found[1:]

    def lecture(self) -> Lecture:
        """All of it that makes sense."""
        head = self._taken(self._words, _LECTURE, 0)
        tables = self._tables(head.get("stop", []))
        rules = self._rules(tables)
        stops = tuple(self._stop(number, *both) for number, both in enumerate(zip(tables, rules, strict=True), start=1))
        if not stops and not self._complaints:
            self._complain(0, "missing", key="stop")
        return Lecture(
            name=self._name,
            language=self._language,
            title=head.get("title") or self._name,
            minutes=head.get("minutes", 0),
            stops=stops,
            complaints=tuple(self._complaints),
        )

    def _complain(self, stop: int, kind: str, **says: object) -> None:
        self._complaints.append(Complaint(file=self._file, stop=stop, kind=kind, says=says))

    def _table(self, file: _File) -> Mapping[str, Any]:
        try:
            return file.read()
        except (ValueError, RecursionError) as error:
            self._file = file.called
            self._complain(0, "toml", why=_plain(str(error).partition(": ")[2]))
            return {}

    def _tables(self, stops: Sequence[Any]) -> list[Mapping[str, Any]]:
        for number, stop in enumerate(stops, start=1):
            if not isinstance(stop, dict):
                self._complain(number, "form", key="stop", value=_plain(short(stop)))
        return [stop if isinstance(stop, dict) else {} for stop in stops]

    def _rules(self, stops: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """What is no word of each stop: from this file, or from the first other one that has as many stops."""
        if any("page" in stop for stop in stops) or not self._others:
            return stops
        other = self._table(self._others[0]).get("stop", [])
        found = [stop if isinstance(stop, dict) else {} for stop in other if isinstance(other, list)]
        if len(found) != len(stops):
            self._complain(0, "translation", stops=len(stops), other=self._others[0].called, others=len(found))
        return [*found[: len(stops)], *({} for _ in range(len(stops) - len(found)))]

    def _taken(self, table: Mapping[str, Any], known: Mapping[str, type], stop: int) -> dict[str, Any]:
        """What has the form that it must have; all else is named."""
        for key, value in table.items():
            if key not in known:
                near = get_close_matches(key, known, n=1)
                self._complain(stop, "key_near" if near else "key", key=_plain(key), near=near[0] if near else "")
            elif not _is(value, known[key]):
                self._complain(stop, "form", key=key, value=_plain(short(value)))
        return {key: value for key, value in table.items() if key in known and _is(value, known[key])}

    def _stop(self, number: int, words: Mapping[str, Any], rules: Mapping[str, Any]) -> Stop:
        said = self._taken(words, {**_WORDS, **_RULES}, number)
        ruled = said if rules is words else self._taken(rules, {**_WORDS, **_RULES}, number)
        for key, table in {"page": rules, "claim": words}.items():
            if not table.get(key):
                self._complain(number, "missing", key=key)
        page, settings = self._page(number, str(ruled.get("page", "")), ruled.get("settings", {}))
        return Stop(
            page=page,
            settings=settings,
            claim=said.get("claim", ""),
            question=self._question(number, said, ruled),
            notes=said.get("notes", ""),
        )

    def _page(self, number: int, page: str, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        offered = self._settings_of(page) if page else None
        if offered is None:
            if page:
                self._complain(number, "page", value=_plain(page))
            return "", {}
        return page, dict(self._settings(number, page, settings, offered))

    def _settings(
        self, number: int, page: str, settings: Mapping[str, Any], offered: Mapping[str, Setting]
    ) -> Iterator[tuple[str, Any]]:
        for key, value in settings.items():
            if key not in offered:
                near = get_close_matches(key, offered, n=1)
                says = {"key": _plain(key), "page": page, "near": near[0] if near else ""}
                self._complain(number, "setting_near" if near else "setting", **says)
            elif (taken := offered[key].written(value)) is None:
                known = _listed(offered[key].values)
                self._complain(number, "value", key=key, value=_plain(short(value)), known=known, page=page)
            else:
                yield key, taken

    def _question(self, number: int, said: Mapping[str, Any], ruled: Mapping[str, Any]) -> Question | None:
        choices, slider, right = said.get("choices", []), ruled.get("slider", []), ruled.get("right")
        if not said.get("ask"):
            if choices or slider or right is not None:
                self._complain(number, "missing", key="ask")
            return None
        if choices and not (2 <= len(choices) <= _MOST_CHOICES and all(isinstance(one, str) for one in choices)):
            self._complain(number, "choices", most=_MOST_CHOICES)
            choices = []
        powers = self._slider(number, slider) if not choices else range(0)
        answers = range(1, len(choices) + 1) if choices else powers
        if right is not None and right not in answers:
            self._complain(number, "right", value=right, known=f"{answers[0]} … {answers[-1]}" if answers else "–")
            right = None
        place = right - 1 if right is not None and choices else right
        return Question(ask=said["ask"], choices=tuple(choices), slider=powers, right=place)

    def _slider(self, number: int, ends: Sequence[Any]) -> range:
        if not ends:
            return range(0)
        are_powers = len(ends) == 2 and all(_is(end, int) and _LOWEST <= end <= _HIGHEST for end in ends)
        if are_powers and 0 < ends[1] - ends[0] <= _MOST_STEPS:
            return range(ends[0], ends[1] + 1)
        says = {"value": _plain(short(ends)), "least": _LOWEST, "most": _HIGHEST, "steps": _MOST_STEPS}
        self._complain(number, "slider", **says)
        return range(0)


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _listed(values: Collection[Any]) -> str:
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return ", ".join(shown if len(shown) <= _LISTED else (*shown[:4], "…", shown[-1]))


def _plain(text: str) -> str:
    """Harmless in a sentence of Markdown."""
    return "".join(letter for letter in text if letter.isprintable() and letter != "`")[:120]
