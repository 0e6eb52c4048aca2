"""The challenge that a session has open: what stands of it above the controls of its page, and what it has solved."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from rnn_dynamics.content import HOME, LANGUAGE, sentences
from rnn_dynamics.content.mentions import as_html, linked
from rnn_dynamics.course.challenges import MET, Challenge, Slip, file_of, pictured, read_all
from rnn_dynamics.dashboard.asked import Asked
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.links import CHALLENGE, OPEN, goes_through_history, remark
from rnn_dynamics.dashboard.navigation import menus
from rnn_dynamics.dashboard.visitor import kept_by_browser, visitor
from rnn_dynamics.pictures.kit.answered import OfTrainings

if TYPE_CHECKING:
    from rnn_dynamics.dashboard.page import Page

#: Key of the session's state, and name of the cookie by which a browser keeps it until it is closed: what is solved.
_RECORD, _COOKIE = "challenges", "rnn_dynamics_solved"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Solved:
    """What was said when a challenge held, in plain text, and the settings then, away from the page's opening.

    Both are empty where nothing but the tick has come from the browser.
    """

    said: str = ""
    away: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def shelf() -> tuple[Mapping[str, Challenge], tuple[Slip, ...]]:
    """All challenges by name, from easy to hard, and why others are not offered, which the log says too."""
    there = [name for names in menus(LANGUAGE).values() for name in names if name in pictured()]
    found, slips = read_all(declared, there)
    for slip in slips:
        _LOG.warning("%s", slip)
    return found, slips


def solved() -> dict[str, Solved]:
    """Name -> what this session has solved, from the ticks on that its browser has kept."""
    if _RECORD not in st.session_state:
        kept = st.context.cookies.get(_COOKIE, "").split(".")
        st.session_state[_RECORD] = {name: Solved() for name in kept if name in shelf()[0]}
    found: dict[str, Solved] = st.session_state[_RECORD]
    return found


def link_to(challenge: Challenge, text: str) -> str:
    """A link in Markdown that opens a challenge on its page."""
    return _link(f"{challenge.page}?{CHALLENGE}={challenge.name}", text)


def _link(address: str, text: str) -> str:
    spoken = language()
    plain = re.sub(r"[][|]", "", text)
    return linked(f"[[{address}|{plain}]]", str, HOME, spoken if spoken != LANGUAGE else "")


def after(challenge: Challenge) -> Challenge | None:
    """The next one that this session has not solved, from the first again behind the last; None where there is none."""
    every, done = [*shelf()[0].values()], solved()
    place = [one.name for one in every].index(challenge.name)
    return next((one for one in every[place + 1 :] + every[:place] if one.name not in done), None)


def take_challenge(page: "Page", asked: str | None, starts: bool) -> None:
    """Open the challenge that an address names; `starts`: with its settings, where the address has none of its own."""
    if not asked or (asked == st.session_state.get(OPEN) and not (starts and goes_through_history())):
        return
    one = shelf()[0].get(asked)
    if one is None:
        visitor().notices.append(remark("challenge", CHALLENGE, asked))
        return
    st.session_state[OPEN] = asked
    if one.page == page.name and starts:
        page.go_to(opening_of(one, page))
    page.write_address()


def opening_of(challenge: Challenge, page: "Page") -> dict[str, Any]:
    """Every setting of its page as the challenge opens."""
    return {name: challenge.opens.get(name, page.at_opening[name]) for name in page.settings}


def close() -> None:
    """Close the open challenge, from a callback."""
    st.session_state[OPEN] = ""
    st.query_params.pop(CHALLENGE, None)


def strip_on(page: "Page") -> "Strip | None":
    """The strip of the open challenge, shown here; None where none is open, or it is another page's."""
    name = st.session_state.get(OPEN)
    one = shelf()[0].get(name) if name else None
    if one is None:
        return None
    with st.container(key="challenge"):
        _head(one)
        if one.page == page.name:
            return Strip(page, one)
        title = sentences(one.page, language())["title"]
        st.html(f"<p>{escape(_words()['elsewhere'])} {as_html(link_to(one, escape(title)))}</p>")
    return None


def _words() -> Mapping[str, Any]:
    found: Mapping[str, Any] = sentences("challenges", language())["strip"]
    return found


def _head(challenge: Challenge) -> None:
    words = _words()
    title = escape(words["title"].format(title=challenge.words_in(language())["title"]))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.html(f'<div class="challenge"><h2>{title}</h2>{as_html(_link("challenges", words["all"]))}</div>')
        st.button(words["close"], key="close_challenge", type="tertiary", on_click=close)


class Strip:
    """What stands of a challenge above the controls of its page; made where it is shown, and judged at each picture."""

    def __init__(self, page: "Page", challenge: Challenge) -> None:
        self._page, self._challenge = page, challenge
        words, says = _words(), challenge.words_in(language())
        task, there = escape(says["task"]), opening_of(challenge, page)
        if any(challenge.solution.get(name, there[name]) != there[name] for name in page.in_panel):
            task += f" {words['behind'].format(panel=page.words('app')['buttons']['more'])}"
        hint = f"<details><summary>{escape(words['hint'])}</summary><p>{escape(says['hint'])}</p></details>"
        st.html(f'<p class="challenge">{task}</p>{hint}')
        self._place = st.empty()

    def judge(self) -> None:
        """Say whether it holds now, of the answer that the picture shows; the first time it is noted as solved."""
        page, (experiment, views) = self._page, self._page.asked()
        answer = page.answer(experiment, views)
        kind, text, *lines = self._judged(answer, views)
        if kind == "holds":
            said, opening = self._challenge.told("explanation", language(), answer, views), page.at_opening
            away = {name: value for name, value in page.now.items() if value != opening[name]}
            solved()[self._challenge.name] = Solved(said, away)
            text += self._onwards()
        keep = kept_by_browser(_COOKIE, ".".join(solved())) if kind == "holds" else ""
        said = "".join(f'<p class="challenge">{line}</p>' for line in (text, *lines))
        self._place.html(f'<div role="status">{said}</div>{keep}', unsafe_allow_javascript=True)

    def _onwards(self) -> str:
        following = after(self._challenge)
        return f" {as_html(link_to(following, escape(_words()['next'])))}" if following else ""

    def _judged(self, answer: Any, views: Mapping[str, Any]) -> tuple[str, ...]:
        """The key of a sentence, that sentence, and a line for each thing that is asked, as HTML."""
        words, one = _words(), self._challenge
        told = {"language": language(), "answer": answer, "views": views}
        try:
            found = one.found(answer, views)
            solved = all(each.side == MET for each in found)
            if solved and self._is_at_opening():
                return "at_opening", escape(words["at_opening"].format(file=file_of(one.name)))
            if solved:
                return "holds", words["holds"].format(explanation=escape(one.told("explanation", **told)))
            kind, certain = "trains" if _trains(answer) else "not_yet", answer.digits != 0
            now = escape(one.told("now", **told)) if certain else ""
            asked = Asked(words["asked"], self._page.names, self._page.settings, certain)
            # in one paragraph: the picture is to be seen below
            return kind, words[kind].format(now=now), escape(" ".join(asked.lines(one, found)))
        except Slip as slip:
            return "slip", _said(slip)
        except (LookupError, AttributeError, ValueError) as error:
            kind = self._awaited(answer)
            file, field = file_of(one.name), one.first
            return (kind, words[kind]) if kind else ("slip", _said(Slip("no_value", file=file, field=field, why=error)))

    def _awaited(self, answer: Any) -> str:
        """What has still to come before there are numbers to judge by: the key of a sentence, or ""."""
        if isinstance(answer, OfTrainings):
            return "" if answer.over and answer.begun else "computing" if answer.begun else "train"
        growing = self._page.picture.growing
        return "computing" if growing and not growing(*self._page.asked()).complete else ""

    def _is_at_opening(self) -> bool:
        now, there = self._page.now, opening_of(self._challenge, self._page)
        return all(now[name] == value for name, value in there.items())


def _said(slip: Slip) -> str:
    return escape(slip.said(sentences("challenges", language())))


def _trains(answer: Any) -> bool:
    return isinstance(answer, OfTrainings) and answer.begun and not answer.over
