"""What a page finds, as HTML below its picture: an equation, a table of numbers, and notes.

HTML, because the browser spends three times as long on the same table in Markdown.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rnn_dynamics.content.mentions import as_html

Words = Mapping[str, Any]


def said(words: Words, says: Any, rows: Iterable[Any], notes: Mapping[str, object], equation: str = "") -> str:
    """A finding of what a picture's words have under `table`, `notes` and, by the name of one, `equation`.

    Args:
        words: of the picture.
        says: what all but the rows are filled with, by name.
        rows: what each row is filled with; or, where they differ in kind, a row as it is.
        notes: name -> whether it holds, see `told`.
        equation: the name of the one that stands above.
    """
    shown = words["table"]
    lines = (row if isinstance(row, str) else shown["row"].format_map(row) for row in rows)
    whole = table(shown["head"].format_map(says), lines) + paragraphs(told(words["notes"], says, **notes))
    return above(words["equation"][equation].format_map(says)) + whole if equation else whole


def first(**claims: object) -> str:
    """The name of the first claim that is true."""
    return next(name for name, true in claims.items() if true)


def claimed(words: Words, says: Any, **claims: object) -> str:
    """Of the sentences under `claim` of a picture's words the first that is true, as the heading above the picture."""
    return heading(words["claim"][first(**claims)].format_map(says))


def heading(claim: str) -> str:
    """A claim as the heading above a picture, which bears its name for who cannot see it (`stage`)."""
    return f'<h2 class="claim" id="claim">{as_html(claim).replace(" %", "&nbsp;%")}</h2>'


def above(*lines: str) -> str:
    """What stands above a table, such as an equation: a paragraph a line."""
    return "".join(f'<p class="equation">{line}</p>' for line in lines)


def table(head: str, rows: Iterable[str]) -> str:
    """A table, which scrolls by itself where it is wider than a phone, and by the keyboard."""
    return f'<div style="overflow-x: auto" tabindex="0"><table class="verdict">{head}{"".join(rows)}</table></div>'


def side_by_side(*tables: tuple[str, Iterable[str]]) -> str:
    """Tables, a head and rows each, beside each other where there is room."""
    each = "".join(f'<table class="verdict">{head}{"".join(rows)}</table>' for head, rows in tables)
    return f'<div class="ticks">{each}</div>'


def told(words: Any, says: Any, **holds: object) -> Iterator[str]:
    """Of sentences those that hold, by name and in this order, filled with what is said of an answer (`Says`)."""
    return (words[name].format_map(says) for name, true in holds.items() if true)


def paragraphs(notes: Iterable[str]) -> str:
    """A paragraph for each note, in which pages are mentioned by links."""
    return "".join(f'<p class="note">{as_html(text)}</p>' for text in notes)
