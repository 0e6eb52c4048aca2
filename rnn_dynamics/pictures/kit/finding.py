"""What a page finds, as HTML below its picture: an equation, a table of numbers, and notes.

HTML, because the browser spends three times as long on the same table in Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable


def finding(head: str, rows: Iterable[str], notes: Iterable[str] = (), equation: str = "") -> str:
    """A table of rows `<tr>…</tr>` below its head, between an equation, if there is one, and notes."""
    above = f'<p class="equation">{equation}</p>' if equation else ""
    return above + table(head, rows) + paragraphs(notes)


def table(head: str, rows: Iterable[str]) -> str:
    """A table, which scrolls by itself where it is wider than a phone."""
    return f'<div style="overflow-x: auto"><table class="verdict">{head}{"".join(rows)}</table></div>'


def paragraphs(notes: Iterable[str]) -> str:
    """A paragraph for each note."""
    return "".join(f'<p class="note">{text}</p>' for text in notes)
