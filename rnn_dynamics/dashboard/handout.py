"""The command `handout`: a lecture as a PDF, a page for each stop, with answers or without."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rnn_dynamics.content import HOME, LANGUAGE, Words, languages, sentences
from rnn_dynamics.content.mentions import IN_LINK
from rnn_dynamics.course import lectures
from rnn_dynamics.course.handout import (
    ANSWER,
    CAPTION,
    HEAD,
    TEXT,
    TITLE,
    Leaf,
    Paragraph,
    as_handout,
    can_print,
    notes_of,
)
from rnn_dynamics.course.lectures import Lecture, Question, Stop
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.lecture import answer_to, read, read_file
from rnn_dynamics.dashboard.settings_words import in_link
from rnn_dynamics.dashboard.taken import caption_of
from rnn_dynamics.experiment import settings
from rnn_dynamics.pictures.kit.saved import as_svg

#: How the command ends: all is written; all but what in the lecture's file makes no sense; nothing is.
_WELL, _SLIPS, _BAD = 0, 1, 2
#: Where answers are: below each picture; on pages of their own behind the last stop; nowhere.
BESIDE, END, NONE = "beside", "end", "none"
#: Where the app is when it is started as the documentation says.
_SITE = "http://localhost:8501"


def handout(arguments: list[str]) -> int:
    """Write the handout of a lecture; returns the exit code."""
    options = _parser().parse_args(arguments)
    words = sentences("lecture", options.language)
    says = words["handout"]
    try:
        lecture = _lecture(options.lecture, options.language)
    except OSError as error:
        known = ", ".join(lectures.names())
        print(says["no_lecture"].format(lecture=options.lecture, known=known, why=error.strerror), file=sys.stderr)
        return _BAD
    for complaint in lecture.complaints:
        print(complaint.said(words), file=sys.stderr)
    if not can_print():
        print(says["missing"], file=sys.stderr)
        return _BAD
    if not lecture.stops:
        return _BAD
    try:
        with options.pdf.open("ab"):  # before a training takes its time
            pass
        options.pdf.write_bytes(_Handout(words, lecture, options).pdf())
    except OSError as error:
        print(says["no_file"].format(path=options.pdf, why=error.strerror), file=sys.stderr)
        return _BAD
    return _SLIPS if lecture.complaints else _WELL


def _lecture(asked: str, language: str) -> Lecture:
    return read(asked, language) if asked in lectures.names() else read_file(Path(asked), language)


def _parser() -> ArgumentParser:
    says = sentences("lecture")["handout"]
    parser = ArgumentParser(says["name"], description=says["description"])
    parser.add_argument("lecture", help=says["lecture"].format(known=", ".join(lectures.names())))
    parser.add_argument("--pdf", type=Path, required=True, metavar="FILE", help=says["pdf"])
    parser.add_argument("--answers", choices=(BESIDE, END, NONE), default=BESIDE, help=says["answers"])
    parser.add_argument("--notes", action="store_true", help=says["notes"])
    parser.add_argument("--language", choices=languages(), default=LANGUAGE, help=says["language"])
    parser.add_argument("--site", default=_SITE, metavar="ADDRESS", help=says["site"].format(usual=_SITE))
    return parser


@dataclass(frozen=True)
class _Handout:
    """A lecture on its way to paper; words: of lectures."""

    words: Words
    lecture: Lecture
    options: Namespace

    def pdf(self) -> bytes:
        """The whole of it."""
        return as_handout(self.lecture.title, self.words.language, self._leaves())

    def _leaves(self) -> Iterator[Leaf]:
        stops, answers = [*enumerate(self.lecture.stops, start=1)], self.options.answers
        yield from (self._leaf(number, stop, hides=bool(stop.question) and answers != BESIDE) for number, stop in stops)
        if answers == END:
            yield from (self._leaf(number, stop, hides=False) for number, stop in stops if stop.question)

    def _leaf(self, number: int, stop: Stop, *, hides: bool) -> Leaf:
        place = self.words["place"].format(stop=number, stops=len(self.lecture.stops))
        print(place, file=sys.stderr)
        picture, caption, address = self._picture(stop, hides=hides) if stop.page else ("", [], "")
        below = [*(Paragraph(CAPTION, line) for line in caption), *self._answer(stop, hides=hides)]
        return Leaf(
            name=stop.question.ask if hides and stop.question else stop.claim,
            above=[Paragraph(HEAD, f"{self.lecture.title} · {place}"), *self._asked(stop)],
            picture=picture,
            below=[*below, *self._notes(stop)],
            address=address,
        )

    def _asked(self, stop: Stop) -> list[Paragraph]:
        """The question and what one may answer; of a stop that asks nothing its claim."""
        question = stop.question
        if question is None:
            return [Paragraph(TITLE, stop.claim)]
        choices = (f"{question.called(place)}  {choice}" for place, choice in enumerate(question.choices))
        return [Paragraph(TITLE, question.ask), *(Paragraph(TEXT, choice) for choice in choices)]

    def _answer(self, stop: Stop, *, hides: bool) -> list[Paragraph]:
        """What is right, and the claim; or room for a guess."""
        question: Question | None = stop.question
        if question is None:
            return []
        if hides:
            return [Paragraph(TEXT, self.words["handout"]["guess"])]
        right = answer_to(self.words, question)
        return [*([Paragraph(ANSWER, right)] if right else []), Paragraph(TEXT, stop.claim)]

    def _notes(self, stop: Stop) -> list[Paragraph]:
        if not (self.options.notes and stop.notes):
            return []
        return [Paragraph(ANSWER, self.words["notes"]), *notes_of(stop.notes)]

    def _picture(self, stop: Stop, *, hides: bool) -> tuple[str, list[str], str]:
        """The picture, its caption, and where it opens."""
        page, language = declared(stop.page), self.words.language
        experiment, views = page.asked(stop.settings)
        answer = page.picture.answer(experiment, views)
        chart = page.picture.draw_from(answer, views, "light", language, hides=hides, on_paper=True)
        shown = {name: value for name, value in (settings(experiment) | views).items() if name in page.settings}
        address = self._address(stop, page.at_opening)
        return as_svg(chart, "light", language), caption_of(stop.page, language, shown, address), address

    def _address(self, stop: Stop, opening: Mapping[str, Any]) -> str:
        """Of the page outside of the lecture, with what is not as at its opening: short enough to be typed."""
        away = {name: in_link(name, value) for name, value in stop.settings.items() if value != opening[name]}
        away |= {} if self.words.language == LANGUAGE else {IN_LINK: self.words.language}
        page = "" if stop.page == HOME else stop.page
        return f"{self.options.site.rstrip('/')}/{page}{'?' * bool(away)}{urlencode(away)}"
