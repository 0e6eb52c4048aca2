"""A lecture on the pages: the stop that is on, the slim bar that says so, and what stays hidden until it is revealed.

The address of a page names both, `lecture=NAME&at=3`. With nothing else it opens the stop's settings; settings beside
them are those that a speaker has moved since.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rnn_dynamics.content import HOME, LANGUAGE, sentences
from rnn_dynamics.content.mentions import IN_LINK
from rnn_dynamics.course import lectures
from rnn_dynamics.course.lectures import Complaint, Lecture, Question, Stop
from rnn_dynamics.dashboard import links, stage
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.navigation import taught
from rnn_dynamics.dashboard.settings_words import in_link
from rnn_dynamics.dashboard.style import style
from rnn_dynamics.dashboard.visitor import visitor
from rnn_dynamics.dashboard.voting import Speaker

#: Keys of an address.
LECTURE, STOP = "lecture", "at"
#: Keys beside which an address has no setting of its own.
_BARE = {LECTURE, STOP, IN_LINK, links.SEEN_IN_LINK}
#: Key of the session's state.
_KEY = "lecturing"
#: Key of the session's state: the page on which a lecture has been ended.
_ENDED = "lecture_ended_on"
#: Streamlit's own shortcuts leave these keys to a slider that has the focus, and a clicker has no others.
_CLICKER = """<script>
if (!window.clicker) {
  window.clicker = (event) => {
    const keys = { PageDown: ".st-key-reveal button, .way.return, .way.forward", PageUp: ".way.back" };
    const bar = document.querySelector(".st-key-lecture");
    if (!bar || !keys[event.key] || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();  // at either end of a lecture too, where a slider would move instead
    event.stopImmediatePropagation();
    if (!event.repeat) bar.querySelector(keys[event.key])?.click();
  };
  window.addEventListener("keydown", window.clicker, true);
}
</script>"""
#: At the end of a stop's page one box leads on, to the next stop; the buttons beside it, which leave the lecture, are
#: out of sight, and their keys work.
_WAYS_OUT = "<style>.st-key-next_page, .st-key-previous_page { display: none; }</style>"
#: At most so many complaints about a file are shown at once.
_MOST = 4


@dataclass
class Lecturing:
    """The lecture of a session.

    stop: the present one, from 1. revealed: stops whose answer has been seen. greeted: whether all that is wrong in its
    file has been told. moved: whether the bar says that other settings are shown than the stop's.
    """

    name: str
    stop: int
    revealed: set[int] = field(default_factory=set)
    greeted: bool = False
    moved: bool = False

    @property
    def lecture(self) -> Lecture:
        """All of it, in the language of who looks at it."""
        return read(self.name, language())

    @property
    def now(self) -> Stop:
        """The present stop."""
        return self.lecture.stops[self.stop - 1]

    @property
    def is_here(self) -> bool:
        """Whether the page that is shown is the stop's, and not one that a speaker has gone to meanwhile."""
        return self.now.page == visitor().page

    @property
    def answers(self) -> bool:
        """Whether the bar says what was right."""
        question = self.now.question
        return self.is_here and question is not None and question.right is not None and not self.hides

    @property
    def spoilt(self) -> Sequence[Complaint]:
        """Why the present stop has no page; nothing where it has one."""
        return () if self.now.page else [one for one in self.lecture.complaints if one.stop == self.stop]

    def is_away_from(self, shown: Mapping[str, Any]) -> bool:
        """Whether a setting of its page is not as the stop has it."""
        asked = {**declared(self.now.page).at_opening, **self.now.settings}
        return any(value != asked[name] for name, value in shown.items())

    @property
    def hides(self) -> bool:
        """Whether the picture waits for the hall's guess."""
        return self.is_here and self.now.question is not None and self.stop not in self.revealed

    @property
    def is_over(self) -> bool:
        """Whether the last stop has been seen, so that nothing of it waits."""
        return self.is_here and self.stop == len(self.lecture.stops) and not self.hides

    @property
    def in_link(self) -> dict[str, str]:
        """What an address says of it."""
        return {LECTURE: self.name, STOP: str(self.stop)}

    def address(self, stop: int) -> str:
        """Of a stop, with what of it is seen: a link to it is followed within the session, see `arrival`."""
        page = self.lecture.stops[stop - 1].page or visitor().page
        return f"{'./' if page == HOME else page}?{urlencode({LECTURE: self.name, STOP: stop} | stage.in_link())}"

    def reveal(self) -> None:
        """Show the answer, and take no more votes."""
        self.revealed.add(self.stop)
        if ballot := Speaker(self.name).ballot:
            ballot.reveal(self.stop)


@lru_cache
def read(name: str, language: str) -> Lecture:
    """A lecture, checked against the pages as they are declared."""
    return lectures.read(name, language, _settings_of)


def read_file(path: Path, language: str) -> Lecture:
    """The same of a file, wherever it is; raises OSError where it cannot be opened."""
    return lectures.read_file(path, language, _settings_of)


def _settings_of(page: str) -> Mapping[str, Any] | None:
    return declared(page).settings if page in taught(LANGUAGE) else None


def _on() -> Lecturing | None:
    found: Lecturing | None = st.session_state.get(_KEY)
    return found


def hides() -> bool:
    """Whether curves, findings and titles wait for the hall's guess."""
    on = _on()
    return on is not None and on.hides


def in_address() -> dict[str, str]:
    """What an address says of the lecture that is on."""
    on = _on()
    return on.in_link if on else {}


# --- from stop to stop ------------------------------------------------------------------------------------------------


def settings_asked(asked: Mapping[str, str]) -> tuple[Mapping[str, str], list[links.Remark]]:
    """The settings that an address asks for, and what it says of a lecture that there is not.

    An address that names no lecture, or "", ends it.
    """
    settings = {key: text for key, text in asked.items() if key not in (LECTURE, STOP)}
    on, remarks = _asked(asked)
    if on is None:
        st.session_state.pop(_KEY, None)
        return settings, remarks
    st.session_state[_KEY] = on
    bare = not set(asked) - _BARE
    return {**settings, **(_spelt(on.now) if bare and on.is_here else {})}, remarks


def _asked(asked: Mapping[str, str]) -> tuple[Lecturing | None, list[links.Remark]]:
    """The lecture of an address at its stop, and what is said of both."""
    name, text, before = asked.get(LECTURE), asked.get(STOP, "1"), _on()
    if not name:
        return None, []
    if name not in (known := lectures.names()):
        return None, [links.not_one_of(LECTURE, name, lambda _: known)]
    lecture = read(name, language())
    count = len(lecture.stops)
    if not count:
        return None, [*map(_remarked, lecture.complaints)]
    on = before if before and before.name == name else Lecturing(name, 1, revealed=_revealed(name))
    on.stop = int(text) if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= count else 1
    wrong = on.stop == 1 and text != "1"
    return on, [links.remark("whole", STOP, text, minimum=1, maximum=count)] if wrong else []


def _remarked(complaint: Complaint) -> links.Remark:
    return lambda names: complaint.said(sentences("lecture", names.language))


def _spelt(stop: Stop) -> dict[str, str]:
    return {name: in_link(name, value) for name, value in stop.settings.items()}


def _revealed(name: str) -> set[int]:
    """What the hall has seen before the speaker's page was loaded anew."""
    ballot = Speaker(name).ballot
    return set(ballot.revealed) if ballot else set()


def _end() -> None:
    on = st.session_state.pop(_KEY)
    Speaker(on.name).end()
    st.session_state[_ENDED] = visitor().page


def leads_on(own: str) -> str:
    """Where a page ends: at its own question `own`, or during a lecture where that goes on, both in Markdown."""
    on = _on()
    if on is None or not on.is_here:
        return own
    words, following = sentences("lecture", language()), on.stop + 1
    if following > len(on.lecture.stops):
        return own + ("\n\n> " + words["over"] if on.is_over else "")
    page = on.lecture.stops[following - 1].page or visitor().page
    says = {"title": sentences(page, language())["title"], "stop": following, "stops": len(on.lecture.stops)}
    return f"> {words['goes_on'].format(address=on.address(following), **says)}"


# --- the bar ----------------------------------------------------------------------------------------------------------


def show_bar() -> None:
    """The place, the question or the claim, and where to go; without a lecture, at most that one has ended here."""
    on, words = _on(), sentences("lecture", language())
    if on is None:
        if st.session_state.get(_ENDED) == visitor().page:
            st.caption(words["over"])
        return
    st.session_state.pop(_ENDED, None)
    on.moved = on.answers and on.is_away_from(visitor().shown)
    st.html(style("lecture"))
    with st.container(key="lecture"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(_said(words, on))
            _buttons(words, on)
        _vote(words, on)
        _complain(words, on)


def keep_true(shown: Mapping[str, Any]) -> None:
    """Run the whole page where a slider, which repaints the picture alone, has made what the bar says untrue."""
    on, context = _on(), get_script_run_ctx()
    if on and context and context.fragment_ids_this_run and on.answers and on.moved != on.is_away_from(shown):
        st.rerun()


def _vote(words: Mapping[str, Any], on: Lecturing) -> None:
    """What the hall sees follows the speaker; where a stop has no page, neither the bar nor a phone asks anything."""
    speaker = Speaker(on.name)
    if ballot := speaker.ballot:
        ballot.stop = on.stop if on.now.page else 0
    if on.is_here and on.now.question:
        speaker.show(words, on.stop, on.now.question, hides=on.hides)


def _said(words: Mapping[str, Any], on: Lecturing) -> str:
    """The place and the sentence of a stop, with the choices of a question, as HTML."""
    place = words["place"].format(stop=on.stop, stops=len(on.lecture.stops))
    stop, question = on.now, on.now.question
    if on.spoilt:
        return _line(place, " ".join(one.said(words) for one in on.spoilt))
    if not on.is_here:
        return _line(place, words["elsewhere"])
    if question is None:
        return _folded(_line(place, stop.claim), words["whole"])
    asked = _line(place, question.ask) + _choices(question)
    # What the hall looks at should not move when it is revealed: before and after, the bar has room for the same.
    room = f'<div class="room" aria-hidden="true">{asked}{_asked_before(question, None)}</div>'
    if not on.hides:
        answer = f"{answer_to(words, question)} {words['of_question'] if on.moved else ''}".strip()
        asked = _line(place, stop.claim, answer) + _asked_before(question, question.right)
    return f'<div class="said"><div>{asked}</div>{room}</div>'


def _line(place: str, sentence: str, answer: str = "") -> str:
    more = f' <span class="answer">{escape(answer)}</span>' if answer else ""
    said = re.sub("`([^`]+)`", r"<code>\1</code>", escape(sentence))  # as complaints write what stands in a file
    return f'<p class="stop"><b>{escape(place)}</b> {said}{more}</p>'


def _folded(line: str, label: str) -> str:
    """A line that a narrow bar shows in part until its reader asks for all of it."""
    return f'<div class="folded">{line}<label><input type="checkbox"> {escape(label)}</label></div>'


def _choices(question: Question) -> str:
    each = (
        f"<li><b>{question.called(place)}</b> {escape(choice)}</li>" for place, choice in enumerate(question.choices)
    )
    return f'<ul class="choices">{"".join(each)}</ul>' if question.choices else ""


def _asked_before(question: Question, right: int | None) -> str:
    """What was asked, when it has been answered: small, in one paragraph, the right choice marked."""
    choices = (
        f"<b>✓ {question.called(place)} {escape(choice)}</b>"
        if place == right
        else f"<span>{question.called(place)} {escape(choice)}</span>"
        for place, choice in enumerate(question.choices)
    )
    return f'<p class="asked">{" ".join([escape(question.ask), *choices])}</p>'


def answer_to(words: Mapping[str, Any], question: Question) -> str:
    """What was right, in one sentence; "" where the lecture does not say."""
    if question.right is None:
        return ""
    if question.choices:
        choice = question.choices[question.right]
        return str(words["right_choice"].format(letter=question.called(question.right), choice=choice))
    return str(words["right_power"].format(power=question.called(question.right)))


def _buttons(words: Mapping[str, Any], on: Lecturing) -> None:
    """A presenter's clicker has two keys: the one that goes on reveals first."""
    if on.hides:
        st.button(words["reveal"], key="reveal", on_click=on.reveal)
    ways_out = _WAYS_OUT if on.is_here else ""
    st.html(_CLICKER + ways_out + _ways(words, on), unsafe_allow_javascript=True, width="content")
    if on.is_here and on.now.question:
        Speaker(on.name).offer(words, on.now.question, hides=on.hides)
    if on.now.notes:
        with st.popover(words["notes"], key=f"notes_{on.stop}"):  # closed at each stop
            st.markdown(on.now.notes)
    st.button(words["end"], key="end_lecture", on_click=_end)


def _ways(words: Mapping[str, Any], on: Lecturing) -> str:
    """Links to the stops before and behind; where a speaker has left this one, to it in place of the next."""
    has_left = bool(on.now.page) and not on.is_here
    ways = {"back": on.stop - 1} | ({"return": on.stop} if has_left else {"forward": on.stop + 1})
    each = (
        f'<a class="way {way}" href="{escape(on.address(stop))}" target="_self">{escape(words[way])}</a>'
        for way, stop in ways.items()
        if 1 <= stop <= len(on.lecture.stops)
    )
    return f'<nav class="ways">{"".join([*each, *_onward(words, on)])}</nav>'


def _onward(words: Mapping[str, Any], on: Lecturing) -> Iterator[str]:
    """Links to what a reader can do behind the last stop; no key of a clicker presses them."""
    for page, said in words["onward"].items() if on.is_over else ():
        yield f'<a class="way onward" href="{page}?{LECTURE}=" target="_self">{escape(said)}</a>'


def _complain(words: Mapping[str, Any], on: Lecturing) -> None:
    """What is wrong in the file: all at first, then what is of the present stop."""
    others = (one for one in on.lecture.complaints if one not in on.spoilt)
    found = [one.said(words) for one in others if not on.greeted or one.stop == on.stop]
    on.greeted = True
    for sentence in found[:_MOST]:
        st.caption(sentence)
    if len(found) > _MOST:
        st.caption(words["complaint"]["more"].format(count=len(found) - _MOST))
