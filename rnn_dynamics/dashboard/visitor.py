"""What a visitor has set, on whatever page: it comes along from page to page, and nothing else does.

A page that opens sets its controls to its own opening values. Streamlit's session state does not tell these from what a
visitor has chosen; this record does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.settings_words import Names, in_link

_KEY = "visitor"
#: For so many seconds a message of a browser may be on its way that did not know yet what a button has set.
_CROSSING = 1.0
#: A page and its settings, as a link spells them.
Left = tuple[str, dict[str, str]]
#: A page and what stands in the address behind it.
Address = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Put:
    """What a button has set: where controls stood before and where it has put them; until when a message may cross."""

    was: dict[str, Any]
    there: dict[str, Any]
    until: float = inf


@dataclass
class Visitor:
    """What one visitor has set.

    Attributes:
        page: the latest page, "" before the first.
        keeps: names of the settings that the latest page keeps to itself.
        shared: name of a setting -> what the visitor has set.
        own: page -> the same of the settings that it keeps to itself.
        shown: name -> value in the controls of the latest page, when it was last looked at.
        notices: what of the link was not taken as it stood, each said in the language of some names.
        passed: page and settings of an address that Streamlit made on the way to a page -> those that it stands for.
            It is of the new page with the settings of the one that is left, without those in a closed panel, or of the
            page that is left with those of the new one, and it stays in the browser's history.
        stood: page and settings of each address that the page itself has had.
        put_lately: what buttons have set, one after another, until browsers are sure to know it.
    """

    page: str = ""
    keeps: frozenset[str] = frozenset()
    shared: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    notices: list[Callable[[Names], str]] = field(default_factory=list)
    passed: dict[Address, dict[str, str]] = field(default_factory=dict)
    stood: set[Address] = field(default_factory=set)
    put_lately: list[Put] = field(default_factory=list)

    def arrive(self, page: str, keeps: tuple[str, ...]) -> None:
        """Come to a page, or come to it again."""
        self.page, self.keeps, self.notices, self.put_lately = page, frozenset(keeps), [], []

    def meant_by(self, address: Mapping[str, str]) -> Mapping[str, str]:
        """What an address of the browser's history stands for, on the latest page."""
        return self.passed.get((self.page, frozenset(address.items())), address)

    def note_address(self, before: Mapping[str, str], now: dict[str, str], left: Left) -> None:
        """Note what the latest page's address was when it was opened, what it is now, and what was left for it."""
        made = frozenset(now.items())
        self.passed.pop((self.page, made), None)
        if before != now:
            self.passed[self.page, frozenset(before.items())] = now
        page, settings = left
        if page not in ("", self.page) and (page, made) not in self.stood:
            self.passed[page, made] = settings

    @property
    def left(self) -> Left:
        """The latest page, and what an address has to say of it."""
        return self.page, {name: in_link(name, value) for name, value in self.chosen.items() if name in self.shown}

    @property
    def chosen(self) -> dict[str, Any]:
        """What counts on the latest page: name of a setting -> what the visitor has set."""
        shared = {name: value for name, value in self.shared.items() if name not in self.keeps}
        return shared | self.own.get(self.page, {})

    def choose(self, values: Mapping[str, Any]) -> None:
        """Record settings on the latest page; None stands for its opening value, which is nobody's choice."""
        for name, value in values.items():
            place = self.own.setdefault(self.page, {}) if name in self.keeps else self.shared
            place.pop(name, None)
            if value is not None:
                place[name] = value

    def put(self, there: Mapping[str, Any]) -> None:
        """Set controls, from the callback of a button."""
        self.insist()
        now = st.session_state.to_dict()
        was = {name: now[name] for name, value in there.items() if now.get(name, value) != value}
        self.put_lately.append(Put(was, {name: there[name] for name in was}))
        st.session_state.update(there)

    def insist(self) -> None:
        """Set again what a button has set, where a browser that did not know it yet has sent what stood before.

        A key or a click that follows at once would else undo all of it that has a control on the screen: Streamlit
        takes what it is sent for moved.
        """
        self.put_lately = [put for put in self.put_lately if monotonic() < put.until]
        if self.put_lately:
            sent = st.session_state.to_dict()
            meant = dict(sent)
            for put in self.put_lately:
                meant |= {name: put.there[name] for name, value in put.was.items() if meant[name] == value}
            st.session_state.update({name: value for name, value in meant.items() if sent[name] != value})

    def answered(self) -> None:
        """Note that the browser is told now what is set."""
        for put in self.put_lately:
            put.until = min(put.until, monotonic() + _CROSSING)

    def notice_moves(self) -> None:
        """Record what has been moved on the latest page since it was last looked at."""
        self.insist()
        now = st.session_state.to_dict()
        self.choose({name: now[name] for name, was in self.shown.items() if now.get(name) not in (None, was)})


def kept_by_browser(name: str, value: str) -> str:
    """HTML by which a browser keeps a cookie until it is closed; value: letters, digits, points and underscores."""
    return f'<script>document.cookie = "{name}={value}; path=/; SameSite=Lax";</script>'


def visitor() -> Visitor:
    """The record of this session."""
    found: Visitor = st.session_state.setdefault(_KEY, Visitor())
    return found


@st.cache_resource(show_spinner=False, scope="session", on_release=lambda act: act(), max_entries=8)
def when_the_tab_closes(what: str, _act: Callable[[], object]) -> Callable[[], object]:
    """Act once this session disconnects; `what` names what is done, of which one is kept."""
    return _act
