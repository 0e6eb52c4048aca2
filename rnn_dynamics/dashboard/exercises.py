"""The exercise sheet of all challenges, and the answers: for who is at a page, and as the command `exercises`."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rnn_dynamics.content import LANGUAGE, languages, sentences
from rnn_dynamics.course.challenges import Challenge, Slip, file_of
from rnn_dynamics.course.sheet import Exercise, as_html
from rnn_dynamics.dashboard.challenge import Solved, shelf
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.links import CHALLENGE
from rnn_dynamics.dashboard.settings_words import Names

#: How the command ends: all is written; a challenge is not offered or its solution does not solve it; nothing is.
_WELL, _SLIPS, _BAD = 0, 1, 2


def questions(language: str) -> str:
    """All questions as HTML."""
    every = [_exercise(one, language) for one in shelf()[0].values()]
    return as_html(sentences("challenges", language), language, every, answers=False)


def answers_of(solved: Mapping[str, Solved], language: str) -> str:
    """The answers to what a session has solved, by its own settings and numbers, as HTML."""
    every = [_exercise(one, language, solved[one.name]) for one in shelf()[0].values() if one.name in solved]
    return as_html(sentences("challenges", language), language, every, answers=True)


def _exercise(one: Challenge, language: str, found: Solved | None = None) -> Exercise:
    says = one.words_in(language)
    return Exercise(
        level=one.level,
        title=says["title"],
        task=says["task"],
        page=sentences(one.page, language)["title"],
        opens=_said(one, one.opens, language),
        address=f"/{one.page}?{urlencode({CHALLENGE: one.name})}",
        solution=_said(one, found.away, language) if found else "",
        answer=found.said if found else "",
    )


def _said(one: Challenge, away: Mapping[str, Any], language: str) -> str:
    words, names = sentences("challenges", language)["sheet"], Names(one.page, language)
    says = (words["setting"].format(label=names.of(n)["label"], value=names.said(n, v)) for n, v in away.items())
    return words["between"].join(says) or str(words["plain"])


def exercises(arguments: Sequence[str]) -> int:
    """Write the sheet, and the answers; returns the exit code."""
    options = _parser().parse_args(arguments)
    language, words = options.language, sentences("challenges", options.language)
    wrong = [slip.said(words) for slip in shelf()[1]]
    try:
        for path in filter(None, (options.html, options.answers)):  # before a training takes its time
            with path.open("ab"):
                pass
        if options.html:
            options.html.write_text(questions(language), encoding="utf-8")
        if options.answers:
            found = dict(_solutions(language, wrong))
            options.answers.write_text(answers_of(found, language), encoding="utf-8")
    except OSError as error:
        print(words["command"]["no_file"].format(path=error.filename, why=error.strerror), file=sys.stderr)
        return _BAD
    for line in wrong:
        print(line, file=sys.stderr)
    return _SLIPS if wrong else _WELL


def _parser() -> ArgumentParser:
    says = sentences("challenges")["command"]
    parser = ArgumentParser(says["name"], description=says["description"])
    parser.add_argument("--html", type=Path, metavar="FILE", help=says["html"])
    parser.add_argument("--answers", type=Path, metavar="FILE", help=says["answers"])
    parser.add_argument("--language", choices=languages(), default=LANGUAGE, help=says["language"])
    return parser


def _solutions(language: str, wrong: list[str]) -> Iterator[tuple[str, Solved]]:
    """What each solution of a file computes now, trainings too; what is wrong with one is added to `wrong`."""
    words = sentences("challenges", language)
    for name, one in shelf()[0].items():
        if not one.solution:
            yield name, Solved(words["sheet"]["no_solution"])
            continue
        experiment, views = declared(one.page).asked(one.solution)
        answer = declared(one.page).picture.answer(experiment, views)
        try:
            if not one.is_solved_by(answer, views):
                wrong.append(words["command"]["wrong"].format(file=file_of(name)))
            yield name, Solved(one.told("explanation", language, answer, views), one.solution)
        except Slip as slip:
            wrong.append(slip.said(words))
        except (LookupError, AttributeError, ValueError) as error:
            wrong.append(words["command"]["no_number"].format(file=file_of(name), why=error))
