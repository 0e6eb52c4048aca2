"""What a notebook shows of networks, as HTML."""

from collections.abc import Iterable, Sequence
from html import escape

from rnn_dynamics.content import Words
from rnn_dynamics.own.advice import Tried
from rnn_dynamics.own.findings import Finding
from rnn_dynamics.own.report import Row, advice_notes, advice_rows, summary, verdict_rows
from rnn_dynamics.pictures.kit.finding import paragraphs, side_by_side, table


def verdict_html(words: Words, found: Sequence[Finding]) -> str:
    """All that is found of each layer and direction, side by side; `words`: of "own"."""
    return side_by_side(
        *(
            (f'<tr><th colspan="2">{escape(summary(words, one))}</th></tr>', map(_line, verdict_rows(words, one)))
            for one in found
        )
    )


def advice_html(words: Words, tried: Sequence[Tried]) -> str:
    """What was tried, a row each, and what is true of all of it."""
    head = _cells(words["advice"]["head"].values(), "th")
    rows = [_cells(row, "td") for row in advice_rows(words, tried)]
    return (table(head, rows) if rows else "") + notes_html(advice_notes(words, tried))


def notes_html(notes: Iterable[str]) -> str:
    """Plain sentences, a paragraph each."""
    return paragraphs(map(escape, notes))


def _line(row: Row) -> str:
    return _cells(row, "td")


def _cells(texts: Iterable[str], kind: str) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(text)}</{kind}>' for text in texts)}</tr>"
