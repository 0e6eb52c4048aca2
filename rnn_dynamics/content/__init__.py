"""Every word that a reader sees, as TOML: a folder for each language, in it a file for each page."""

import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from math import isfinite
from operator import attrgetter, itemgetter
from pathlib import Path
from string import Formatter
from typing import Any

from rnn_dynamics.content.mentions import linked
from rnn_dynamics.content.numbers import KINDS, worded

#: In this folder is one for each language.
_CONTENT = Path(__file__).parent
#: The language of who asks for none.
LANGUAGE = "en"
#: The page that has the empty address.
HOME = "vanish_or_explode"
#: What the modules are called that remember sentences which they have filled.
_ROOMS = tuple(f"rnn_dynamics.{room}" for room in ("content", "course", "dashboard", "pictures"))
#: A break between two lines of Chinese: a browser would show a space.
_CHINESE_BREAK = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])")
#: What of a sentence makes sense on a screen alone, such as how to point at something.
_ON_SCREEN = re.compile("<screen>(.*?)</screen>")
#: The parts of verdicts[last].orders: what is named, the empty name too, and each step from there.
_STEPS = re.compile(r"^[^.\[]*|\.[^.\[]+|\[[^\]]+\]")
#: When each file of the words had been written at the last look.
_WRITTEN: dict[str, int] = {}


def _finds(name: str) -> Callable[[Sequence[Any], Any], Any]:
    """What finds such a thing as {verdicts[last].orders} among values by place, and others by name.

    As `Formatter().get_field` does, which takes the name apart each time.
    """
    first, *rest = _STEPS.findall(name)
    if "".join((first, *rest)) != name:
        raise ValueError(f"{name!r} names nothing")
    key = _key(first)
    steps = [attrgetter(step[1:]) if step[0] == "." else itemgetter(_key(step[1:-1])) for step in rest]

    def found(values: Sequence[Any], numbers: Any) -> Any:
        value = values[key] if isinstance(key, int) else numbers[key]
        for step in steps:
            value = step(value)
        return value

    return found


def _key(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _writes(form: str) -> Callable[[Any], str]:
    """What writes a number in a form: one of `numbers`, one of Python's, or what to say of 1/of others/of none.

    Where there is none, and nothing to say of that, it is "–".
    """
    if "/" in form:
        return lambda count: worded(count, *form.split("/"))
    return KINDS.get(form) or (lambda value: "–" if _is_none(value) else format(value, form))


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not isfinite(value))


class _Sentence(str):
    """A sentence that knows where it stands, so that whoever mistypes a brace learns where."""

    place, language = "", LANGUAGE

    def __str__(self) -> str:
        return self  # so that str(sentence) knows it too

    def format(self, *values: object, **numbers: object) -> str:
        """The sentence with its numbers; raises ValueError naming file and sentence where they do not fit."""
        return self._filled(values, numbers)

    def format_map(self, numbers: Any) -> str:
        """The same with whatever knows its numbers by name, such as `Says`."""
        return self._filled((), numbers)

    @cached_property
    def _parts(self) -> list[tuple[str, Callable[..., Any] | None, Callable[[Any], str]]]:
        """Text, what finds the number after it, if there is one, and what writes that: {name:form}."""
        parts = Formatter().parse(self)
        return [
            (text, None if name is None else _finds(name), self._writes(name, form or ""))
            for text, name, form, _ in parts
        ]

    def _writes(self, name: str | None, form: str) -> Callable[[Any], str]:
        """The label of a cell is a word, and written in the sentence's language."""
        return partial(called, language=self.language) if name and name.endswith(".label") else _writes(form)

    def _filled(self, values: Sequence[object], numbers: Any) -> str:
        try:
            return "".join(text + write(find(values, numbers)) if find else text for text, find, write in self._parts)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.place} cannot be filled, {error!r}: {str.__str__(self)}") from error


def called(label: str, language: str) -> str:
    """What a cell is called in a language; `label`: in the engine's, which files of numbers and notebooks have too."""
    return str(sentences("knobs", language)["cell"]["called"].get(label, label))


class Words(dict[str, Any]):
    """The sentences of a page in one language: what is remembered by them knows its language, and ends with an edit."""

    language = LANGUAGE
    __hash__ = object.__hash__  # type: ignore[assignment]  # not by value: they are read once

    def __eq__(self, other: object) -> bool:
        return self is other

    def rewritten(self, part: str, rewrite: Callable[[str], str]) -> "Words":
        """The same words with each sentence of a part as `rewrite` makes it."""
        texts = {key: _at(text.place, rewrite(text), text.language) for key, text in self[part].items()}
        words = Words({**self, part: texts})
        words.language = self.language
        return words


@lru_cache
def languages() -> tuple[str, ...]:
    """The languages that there are, that of who asks for none first."""
    there = {folder.parent.name for folder in _CONTENT.glob("*/app.toml")}
    return (LANGUAGE, *sorted(there - {LANGUAGE}))


def files_in(folder: str) -> tuple[str, ...]:
    """The names of the files of words in a folder of content/."""
    return tuple(sorted(path.stem for path in (_CONTENT / folder).glob("*.toml")))


@lru_cache
def sentences(page: str, language: str = LANGUAGE, on_paper: bool = False) -> Words:
    """The words of a page, or of what several have; mentions of pages in them are links, see `mentions`.

    on_paper: without what stands between <screen> and </screen>.

    Raises:
        ValueError: a file is no TOML, or mentions a page that there is not; names the file.
    """
    return _words(_read(page, language), f"content/{language}/{page}.toml", language, on_paper)


def sentences_of(file: Path, language: str) -> Words:
    """The same of a file, wherever it is; raises OSError too, where it cannot be opened."""
    return _words(_parsed(file, str(file)), str(file), language)


def _words(table: dict[str, Any], called: str, language: str, on_paper: bool = False) -> Words:
    words = Words(_placed(table, f"{called}:", language, "" if on_paper else r"\1"))
    words.language = language
    return words


@lru_cache
def _read(page: str, language: str) -> dict[str, Any]:
    """A file of a language; the English one where a language that is being made has none yet."""
    file = _CONTENT / language / f"{page}.toml"
    return _parsed(file if file.exists() else _CONTENT / LANGUAGE / f"{page}.toml", f"content/{language}/{page}.toml")


def _parsed(file: Path, called: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{called}: {error}") from error


def link_to(page: str, language: str) -> str:
    """A page's title, as a link to it in Markdown."""
    return _linked(f"[[{page}]]", "", language)


def _linked(text: str, place: str, language: str) -> str:
    def title_of(page: str) -> str:
        try:
            return str(_read(page, language)["title"])
        except (FileNotFoundError, KeyError) as error:
            raise ValueError(f"{place} mentions [[{page}]], and there is no such page") from error

    return linked(text, title_of, HOME, language if language != LANGUAGE else "") if "[[" in text else text


class Says:
    """What sentences on an answer are filled with, by name: further values, else its own, else its experiment's."""

    def __init__(self, answer: Any, **more: Any) -> None:
        self._answer, self._more = answer, more

    def __getitem__(self, name: str) -> Any:
        if name in self._more:
            return self._more[name]
        try:
            return getattr(self._answer, name)
        except AttributeError:
            return getattr(self._answer.experiment, name)

    def __or__(self, more: Mapping[str, Any]) -> "Says":
        return Says(self._answer, **{**self._more, **more})


def _placed(value: Any, place: str, language: str, on_screen: str = r"\1") -> Any:
    """The same words with sentences that know their places, and in which a mention of a page is a link."""
    if isinstance(value, dict):
        return {key: _placed(part, f"{place} {key}", language, on_screen) for key, part in value.items()}
    if isinstance(value, list):
        return [_placed(part, place, language, on_screen) for part in value]
    if isinstance(value, str):
        text = _ON_SCREEN.sub(on_screen, _CHINESE_BREAK.sub("", value))
        return _at(place, _linked(text, place, language), language)
    return value


def _at(place: str, text: str, language: str) -> _Sentence:
    sentence = _Sentence(text)
    sentence.place, sentence.language = place, language
    return sentence


def read_edits() -> None:
    """Take up what has been edited since the last look: one look at a run of a whole page, none at a sentence."""
    written = dict(_files_written(_CONTENT))
    if written != _WRITTEN:
        _WRITTEN.clear()
        _WRITTEN.update(written)
        _forget_words()


def _files_written(folder: Path | str) -> Iterator[tuple[str, int]]:
    """Each file in a folder and in those within it, and when it was written."""
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _files_written(entry.path)
        else:
            yield entry.path, entry.stat().st_mtime_ns


def _forget_words() -> None:
    """Here, and in the rooms that remember the sentences which they have filled."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith(_ROOMS):
            for value in tuple(vars(module).values()):
                if type(value) is type(sentences):
                    value.cache_clear()
