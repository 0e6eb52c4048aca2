"""What a hall has on its phones: the present question of its lecture, an answer, and later what was right."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.course.lectures import Question
from rnn_dynamics.course.votes import LENGTH, Ballot, NoVote
from rnn_dynamics.dashboard.door import the_door
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.lecture import read
from rnn_dynamics.dashboard.voting import outcome, tally, the_votes
from rnn_dynamics.pictures.kit.picture import Setting

#: Seconds between two looks of a voter, and what each one who is in adds: a full hall leaves the processor to votes.
_FOLLOW, _EACH = 3.0, 0.01
#: The setting of the page that is the code.
CODE = Setting(longest=LENGTH)
#: Keys of the session's state: who votes here, and why a vote was not taken.
_VOTER, _REFUSED = "voter", "vote_not_taken"


def show_vote(code: str, ask_for_code: Any) -> None:
    """The vote of a code, which follows its speaker by itself; `ask_for_code` shows where another one is typed."""
    words = sentences("lecture", language())
    if code and the_votes().find(code):
        st.fragment(partial(_follow, words, code), run_every=_FOLLOW + _EACH * the_door().inside)()
        with st.expander(words["another"]):
            ask_for_code()
        return
    ask_for_code()
    if code:
        st.warning(words["no_vote" if len(code.strip()) == LENGTH else "no_code"].format(code=_shown(code)))


def _shown(code: str) -> str:
    return "".join(one for one in code.upper() if one.isalnum())


def _follow(words: Mapping[str, Any], code: str) -> None:
    ballot = the_votes().find(code)
    if ballot is None:
        st.rerun()
    with st.container(key="ballot"):  # see page.css
        _Voter(words, ballot).show()


@dataclass(frozen=True)
class _Voter:
    """A voter before a vote."""

    words: Mapping[str, Any]
    ballot: Ballot

    @property
    def _me(self) -> str:
        return str(st.session_state.setdefault(_VOTER, secrets.token_hex()))

    @property
    def _question(self) -> Question | None:
        stops = read(self.ballot.lecture, language()).stops
        return stops[self.ballot.stop - 1].question if 0 < self.ballot.stop <= len(stops) else None

    def show(self) -> None:
        """The present question, or that there is none."""
        question, stop = self._question, self.ballot.stop
        if question is None or not question.answers:
            st.html(f'<p class="hall">{escape(self.words["wait" if stop else "between"])}</p>')
        elif self.ballot.is_revealed(stop):
            st.html(self._revealed(question, stop))
        else:
            self._ask(question, stop)

    def _ask(self, question: Question, stop: int) -> None:
        mine, key = self.ballot.vote_of(self._me, stop), f"vote_{self.ballot.code}_{stop}"
        cast = partial(self._cast, question, stop, key)
        if question.choices:
            st.radio(
                question.ask,
                question.answers,
                index=mine,
                format_func=partial(_choice, question),
                key=key,
                on_change=cast,
            )
        else:
            self._slide(question, mine, key)
            ready = "cast_again" if mine is not None else "cast" if _moved(key) in st.session_state else "move"
            st.button(self.words[ready], key=f"cast_{key}", on_click=cast, width="stretch", disabled=ready == "move")
        if refused := st.session_state.pop(_REFUSED, None):
            st.warning(self.words["refused"][refused.kind].format(number=refused.number))
        kind = "not_yet" if mine is None else "taken"
        name = "" if mine is None else question.called(mine)
        st.html(f'<p class="hall">{escape(self.words[kind].format(vote=name))}</p>')

    def _slide(self, question: Question, mine: int | None, key: str) -> None:
        """It stands in the middle at first, and who has not moved it has said nothing."""
        st.select_slider(
            question.ask,
            question.slider,
            question.slider[len(question.slider) // 2] if mine is None else mine,
            format_func=question.called,
            key=key,
            on_change=st.session_state.setdefault,
            args=(_moved(key), True),
        )

    def _cast(self, question: Question, stop: int, key: str) -> None:
        try:
            self.ballot.cast(self._me, stop, st.session_state[key], question.answers)
        except NoVote as refused:
            st.session_state[_REFUSED] = refused

    def _revealed(self, question: Question, stop: int) -> str:
        votes, mine = self.ballot.votes(stop), self.ballot.vote_of(self._me, stop)
        named = partial(_choice, question) if question.choices else question.called
        said = [question.ask]
        said += [] if question.right is None else [self.words["right"].format(answer=named(question.right))]
        said += [] if mine is None else [self.words["mine"].format(answer=named(mine))]
        said += [outcome(self.words, question, votes)]
        lines = "".join(f'<p class="hall">{escape(line)}</p>' for line in said)
        return lines + tally(self.words, question, votes, True)


def _moved(key: str) -> str:
    """Key of the session's state that is there once a slider has been moved."""
    return f"moved_{key}"


def _choice(question: Question, place: int) -> str:
    return f"{question.called(place)} · {question.choices[place]}"
