"""A vote beside the bar of a lecture: its code, how many have voted, and how the votes are spread."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from rnn_dynamics.course.lectures import Question
from rnn_dynamics.course.votes import Ballot, NoVote, Votes
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.links import site
from rnn_dynamics.dashboard.visitor import kept_by_browser

Words = Mapping[str, Any]

#: Hosts by which a computer calls itself, so that no phone finds it.
_ITSELF = ("localhost", "127.0.0.1", "::1")
#: Seconds between two looks of a speaker.
_LOOK = 1.5
#: Keys of the session's state: who speaks here, why there is no vote, and whether its spread is shown.
_SPEAKER, _REFUSED, _SPREAD = "speaker", "vote_refused", "spread"
#: The cookie by which a speaker's browser is known again after the page was loaded anew.
_COOKIE = "rnn_dynamics_speaker"


@st.cache_resource(show_spinner=False)
def the_votes() -> Votes:
    """The votes of this server."""
    return Votes()


@dataclass(frozen=True)
class Speaker:
    """What the speaker of this session's lecture has opened for the hall."""

    lecture: str

    @property
    def ballot(self) -> Ballot | None:
        """The vote, while it goes on."""
        return the_votes().of(_me(), self.lecture)

    def end(self) -> None:
        """End it, if there is one."""
        if ballot := self.ballot:
            the_votes().end(ballot)

    def begin(self) -> None:
        """Let the hall vote; where the server has too many votes, `show` says so."""
        try:
            the_votes().open(_me(), self.lecture, language())
        except NoVote as refused:
            st.session_state[_REFUSED] = refused

    def offer(self, words: Words, question: Question, *, hides: bool) -> None:
        """The button that lets the hall vote, where it does not yet."""
        if question.answers and hides and self.ballot is None:
            st.button(words["vote"], key="let_vote", on_click=self.begin)

    def show(self, words: Words, stop: int, question: Question, *, hides: bool) -> None:
        """How the vote goes: it looks again by itself."""
        if refused := st.session_state.pop(_REFUSED, None):
            st.warning(words["refused"][refused.kind].format(number=refused.number))
        ballot = self.ballot
        if ballot is not None and question.answers:
            st.html(kept_by_browser(_COOKIE, _me()), unsafe_allow_javascript=True)
            st.fragment(partial(_look, words, ballot, stop, question), run_every=_LOOK if hides else None)()


def _me() -> str:
    """The speaker's browser, which does not keep this before it has opened a vote."""
    cookie = st.context.cookies.get(_COOKIE, "")
    return str(st.session_state.setdefault(_SPEAKER, cookie if cookie.isalnum() else secrets.token_hex()))


def _look(words: Words, ballot: Ballot, stop: int, question: Question) -> None:
    votes, is_revealed = ballot.votes(stop), ballot.is_revealed(stop)
    said = escape(outcome(words, question, votes)) if is_revealed else _invitation(words, ballot, votes.total())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="hall">{said}</p>')
        shown = st.toggle(words["spread"], key=_SPREAD)
    if not is_revealed and (said := unreachable(words, _address())):
        st.html(f'<p class="asked">{escape(said)}</p>')
    if shown:
        st.html(tally(words, question, votes, is_revealed))


def _address() -> str:
    """Where a hall votes."""
    return f"{site()}/vote"


def _invitation(words: Words, ballot: Ballot, count: int) -> str:
    where = _address()
    link = f'<a href="{escape(where)}?code={ballot.code}" target="_blank">{escape(where.partition("//")[2])}</a>'
    return str(words["invitation"].format(address=link, code=f"<b>{ballot.code}</b>", count=count))


def unreachable(words: Words, address: str) -> str:
    """A sentence that no phone can open an address, and what to do; "" where one can."""
    host = urlsplit(address).hostname
    return str(words["unreachable"].format(host=host)) if host in _ITSELF else ""


def outcome(words: Words, question: Question, votes: Counter[int]) -> str:
    """How many have voted, and how many of them were right, or near."""
    if not votes:
        return str(words["nobody"])
    kind = "counted" if question.right is None else "were_right" if question.choices else "were_near"
    return str(words[kind].format(count=votes.total(), near=question.near(votes.elements())))


def tally(words: Words, question: Question, votes: Counter[int], is_revealed: bool) -> str:
    """A column for each answer, as HTML; once it is revealed the right one is marked."""
    named, right = _named(question, votes, is_revealed), question.right if is_revealed else None
    most = max(votes.values(), default=0) or 1
    columns = (
        _column(named.get(answer, ""), votes[answer], votes[answer] / most, is_right=answer == right)
        for answer in question.answers
    )
    return f'<ol class="tally" aria-label="{escape(words["tally"])}">{"".join(columns)}</ol>'


def _named(question: Question, votes: Counter[int], is_revealed: bool) -> dict[int, str]:
    """What columns are called: of a slider those that count most, as far as a phone has room for their names."""
    if question.choices:
        return {place: question.called(place) for place in question.answers}
    wanted = [question.right] if is_revealed and question.right is not None else []
    wanted += [answer for answer, _ in votes.most_common(1)] + [question.answers[0], question.answers[-1]]
    named: dict[int, str] = {}
    for answer in wanted:
        if all(abs(answer - other) >= len(question.answers) / 7 for other in named):
            named[answer] = question.called(answer)
    return named


def _column(name: str, count: int, share: float, *, is_right: bool) -> str:
    return (
        f'<li class="{"right" if is_right else ""}" style="--share: {share:.3f}"><b>{count or ""}</b><i></i>'
        f"<span>{name}{' ✓' if is_right else ''}</span></li>"
    )
