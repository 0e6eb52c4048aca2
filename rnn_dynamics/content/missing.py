"""What a language lacks of English: files, sentences, and the numbers that a sentence is filled with."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from rnn_dynamics import content

#: The folder of lectures, of which there may be one in another language alone, and what a stop of a translation leaves
#: to English.
_LECTURES, _RULES = "lectures/", ("page", "settings", "slider", "right")
#: A list under this name holds keys, which every language spells alike.
_KEYS = "needs"
#: A table under this name says how an address spells the values of a setting.
_SPELT = "shown"


def missing(language: str) -> list[str]:
    """A line for all that keeps the folder of a language from being complete; none where it is.

    Raises ValueError naming the file where one is no TOML.
    """
    english, other = _files(content.LANGUAGE), _files(language)
    extra = [name for name in other if name not in english and not name.startswith(_LECTURES)]
    lines = [f"{name}: there is no such file in English" for name in extra]
    for name in english:
        lines += _compared(name, english[name], other[name]) if name in other else [f"{name}: the file is missing"]
    return [*lines, *_of_challenges(language)]


def _of_challenges(language: str) -> Iterator[str]:
    """The same of the challenges, each of which has its words in all languages."""
    for name, challenge in _files("challenges").items():
        place = f"challenges/{name} {language}"
        if language in challenge:
            yield from _compared(place, challenge.get(content.LANGUAGE, {}), challenge[language])
        else:
            yield f"{place}: missing"


def _files(language: str) -> dict[str, Mapping[str, Any]]:
    """What each file of a language says, by its place in the folder."""
    folder = content._CONTENT / language
    files = {file.relative_to(folder).as_posix(): _read(file) for file in sorted(folder.rglob("*.toml"))}
    return {name: _said(words) if name.startswith(_LECTURES) else words for name, words in files.items()}


def _said(lecture: Mapping[str, Any]) -> Mapping[str, Any]:
    """The words of a lecture alone."""
    stops = [{key: one for key, one in stop.items() if key not in _RULES} for stop in lecture.get("stop", ())]
    return {**lecture, "stop": stops}


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: {error}") from error


def _compared(place: str, english: Any, other: Any) -> Iterator[str]:
    if type(english) is not type(other):
        yield f"{place}: {type(other).__name__}, in English {type(english).__name__}"
    elif isinstance(english, str):
        yield from _fields_compared(place, english, other)
    elif place.endswith(_KEYS) or not isinstance(english, dict | list):
        yield from [f"{place}: {other!r}, in English {english!r}"] * (english != other)
    else:
        yield from _parts_compared(place, _parts(english), _parts(other))


def _parts(words: Any) -> Mapping[Any, Any]:
    """The parts of a table by their keys, those of a list by their numbers."""
    return words if isinstance(words, dict) else dict(enumerate(words))


def _parts_compared(place: str, english: Mapping[Any, Any], other: Mapping[Any, Any]) -> Iterator[str]:
    for key in english:
        if key in other:
            yield from _compared(f"{place} {key}", english[key], other[key])
        else:
            yield f"{place} {key}: missing"
    yield from (f"{place} {key}: not in English" for key in other if key not in english)
    if place.endswith(_SPELT) and len(set(other.values())) < len(other):
        yield f"{place}: two values are spelt alike"


def _fields_compared(place: str, english: str, other: str) -> Iterator[str]:
    if any(map(str.isalpha, english)) and not other:
        yield f"{place}: empty"
    try:
        there, here = _fields(english), _fields(other)
    except ValueError as error:
        yield f"{place}: {error}"
        return
    yield from (f"{place}: {{{field}}} is missing" for field in sorted(there - here))
    yield from (f"{place}: {{{field}}} is not in English" for field in sorted(here - there))


def _fields(sentence: str) -> set[str]:
    """What a sentence is filled with, each with its form, unless that is words: {horizon:1 step/# steps}."""
    parts = ((name, form or "") for _, name, form, _ in Formatter().parse(sentence) if name is not None)
    return {name if not form or "/" in form else f"{name}:{form}" for name, form in parts}
