"""Challenges as an exercise sheet: one HTML file that opens without a network, and prints on A4."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 18mm 16mm; }}
:root {{ color-scheme: light; }}
body {{ background: #fff; color: #000; font: 11pt/1.45 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto;
  max-width: 178mm; padding: 0 1rem; }}
h1 {{ font-size: 16pt; }}
h2 {{ break-after: avoid; border-bottom: 1px solid #999; font-size: 13pt; margin: 1.5rem 0 0.5rem; }}
h3 {{ font-size: 11pt; margin: 0; }}
section {{ break-inside: avoid; margin: 0 0 1rem; }}
p {{ margin: 0.2rem 0; overflow-wrap: anywhere; }}
.settings {{ color: #444; font-size: 9.5pt; }}
.room {{ border-bottom: 1px dotted #999; height: 1.6rem; }}
.name {{ text-align: right; }}
@media print {{ body {{ margin: 0; max-width: none; padding: 0; }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
#: Empty lines below a question.
_ROOM = 3


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A question as it stands on a sheet, in words of one language, plain text.

    page: the title of its page. opens, solution: settings in words. address: how the address ends that opens it.
    answer: what is said of a solution, with its numbers; both are empty on a sheet of questions.
    """

    level: int
    title: str
    task: str
    page: str
    opens: str
    address: str
    solution: str = ""
    answer: str = ""


def as_html(words: Mapping[str, Any], language: str, exercises: Iterable[Exercise], *, answers: bool) -> str:
    """The sheet, with the questions and room to write, or with the answers; `words` are those of the page."""
    says, parts, level = words["sheet"], [], 0
    for number, one in enumerate(exercises, start=1):
        if one.level != level:
            parts.append(f"<h2>{escape(words['levels'][str(one.level)])}</h2>")
        level = one.level
        parts.append(_section(says, number, one, answers))
    head = [] if answers else [f'<p class="name">{escape(says["name"])} {"_" * 30}</p>', _line(says["intro"])]
    title = says["title_answers" if answers else "title"]
    return _PAGE.format(language=language, title=escape(title), body="\n".join([*head, *parts]))


def _section(says: Mapping[str, Any], number: int, one: Exercise, answers: bool) -> str:
    opens = [says["page"].format(page=one.page), says["opens"].format(settings=one.opens)]
    lines = [f"<h3>{number}. {escape(one.title)}</h3>", _line(one.task)]
    lines += [_line(" · ".join(opens), "settings"), _line(says["command"].format(address=one.address), "settings")]
    if answers:
        lines += [_line(says["solution"].format(settings=one.solution)), _line(one.answer)]
    else:
        lines += ['<div class="room"></div>'] * _ROOM
    return f"<section>{''.join(lines)}</section>"


def _line(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"
