"""What a page finds, as HTML below its picture: an equation, a table of numbers, and notes.

HTML, because the browser spends three times as long on the same table in Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def finding(head: str, rows: Iterable[str], notes: Iterable[str] = (), equation: str = "") -> str:
    """A table of rows `<tr>…</tr>` below its head, between an equation, if there is one, and notes."""
    return above(*filter(None, [equation])) + table(head, rows) + paragraphs(notes)


def above(*lines: str) -> str:
    """What stands above a table, such as an equation: a paragraph a line."""
    return "".join(f'<p class="equation">{line}</p>' for line in lines)


def table(head: str, rows: Iterable[str]) -> str:
    """A table, which scrolls by itself where it is wider than a phone."""
    return f'<div style="overflow-x: auto"><table class="verdict">{head}{"".join(rows)}</table></div>'


def told(words: Any, says: Any, **holds: object) -> Iterator[str]:
    """Of sentences those that hold, by name and in this order, filled with what is said of an answer (`Says`)."""
    return (words[name].format_map(says) for name, true in holds.items() if true)


def paragraphs(notes: Iterable[str]) -> str:
    """A paragraph for each note."""
    return "".join(f'<p class="note">{text}</p>' for text in notes)
