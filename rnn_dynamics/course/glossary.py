"""What the words mean: the terms of a language, and a text in which they are marked where it mentions them first."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from rnn_dynamics.content import Words, link_to, mentions, sentences

#: What leads to a term, in a text that mentions it.
TERM = "#term-"
#: What belongs to a word in Latin or Greek letters; Chinese words stand side by side.
_LETTER = r"[A-Za-z\u0370-\u03ff0-9_]"
#: Where no term is marked: headings, code and links, as Markdown and as HTML; and what is emphasised, for between a
#: letter, as Chinese writes no space, and the bracket of a link a star would be no more than a star.
_EMPHASISED = r"\*+(?=[^\s*])(?:[^*\n]|\n(?!\n))+(?<=[^\s*])\*+"
_MARKDOWN = rf"^#[^\n]*|```.*?```|`[^`]*`|\[[^\]]*\]\([^)]*\)|{_EMPHASISED}"
_HTML = r"<(a|h\d|pre|code|script|style|button)\b.*?</\1>|<[^>]*>"
#: Likewise in HTML that is still to be filled with numbers, and whose links to pages are still Markdown.
_UNFILLED = rf"{_HTML}|\{{[^}}]*\}}|\[[^\]]*\]\([^)]*\)"


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term: its symbol or "", what it means in plain text, the page where it is seen, and how pages write it."""

    term: str
    symbol: str = ""
    says: str
    page: str
    forms: tuple[str, ...]


@lru_cache
def glossary(language: str) -> dict[str, Term]:
    """All terms by key; raises ValueError naming the entry that lacks a field or has an unknown one."""
    return {
        key: _term(f"content/{language}/glossary.toml: {key}", entry)
        for key, entry in sentences("glossary", language).items()
    }


def _term(place: str, entry: dict[str, Any]) -> Term:
    try:
        return Term(**entry | {"forms": tuple(entry["forms"].split(", "))})
    except (KeyError, TypeError) as error:
        raise ValueError(f"{place}: {error}") from error


@lru_cache
def marked_markdown(text: str, language: str) -> str:
    """Markdown in which the first mention of each term is a link to it."""
    return _marked(text, language, _MARKDOWN, lambda form, key: f"[{form}]({TERM}{key})")


@lru_cache(1024)
def marked_html(text: str, language: str) -> str:
    """The same of HTML."""
    return _marked(text, language, _HTML, _as_link)


@lru_cache
def marked_claims(words: Words) -> Words:
    """The words of a picture with the terms in its claims marked, once for whatever numbers they are filled with."""
    return words.rewritten("claim", lambda text: _marked(text, words.language, _UNFILLED, _as_link))


def _as_link(form: str, key: str) -> str:
    return f'<a href="{TERM}{key}">{form}</a>'


def mentioned(text: str) -> list[str]:
    """The keys of the terms that are marked in a text."""
    return re.findall(rf"{TERM}(\w+)", text)


@lru_cache
def as_html(language: str) -> str:
    """All terms as lists of definitions, each page's below one link to it: every page sends them."""
    pages = dict.fromkeys(term.page for term in glossary(language).values())
    return "".join(
        f"{mentions.as_html(link_to(page, language))}<dl>{''.join(_definitions(page, language))}</dl>" for page in pages
    )


def _definitions(page: str, language: str) -> Iterator[str]:
    for key, term in glossary(language).items():
        if term.page == page:
            symbol = f" <i>{escape(term.symbol)}</i>" if term.symbol else ""
            name, says = f"<dt><b>{escape(term.term)}{symbol}</b>", f"<dd><p>{escape(term.says)}"
            yield f'<div data-term="{key}">{name}{says}</div>'  # HTML ends what is open by itself


def _marked(text: str, language: str, apart: str, mark: Callable[[str, str], str]) -> str:
    keys, seen, end, marked = _forms(language), set[str](), 0, list[str]()
    # Most of a table is tags: a form without any is looked for in what is left, on "By hand" in two thirds of the time.
    shown = _compiled(apart).sub(" ", text)
    patterns = [_compiled(apart), *(_whole_word(form) for form in keys if form in (text if "<" in form else shown))]
    found = [match.span() for pattern in patterns for match in pattern.finditer(text)]
    for start, stop in sorted(found, key=lambda span: span[0]):  # at the same place a longer form stands first
        if start < end:
            continue
        form = text[start:stop]
        key = keys.get(form, "")
        marked += text[end:start], mark(form, key) if key and key not in seen else form
        seen.add(key)
        end = stop
    return "".join(marked) + text[end:]


@lru_cache
def _forms(language: str) -> dict[str, str]:
    """The key of the term of each form; a longer form comes first."""
    keys = {form: key for key, term in glossary(language).items() for form in term.forms}
    return dict(sorted(keys.items(), key=lambda item: -len(item[0])))


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE | re.DOTALL)


@lru_cache(1024)
def _whole_word(form: str) -> re.Pattern[str]:
    """What finds a form, each by itself: one of all in a text is ever another, which takes a press 20 ms to compile."""
    first, last = (bool(re.match(_LETTER, letter)) for letter in (form[0], form[-1]))
    before, after = rf"(?<!{_LETTER}{{2}})" * first, rf"(?!{_LETTER})" * last
    return re.compile(re.escape(form[0]) + before + re.escape(form[1:]) + after)
