"""What every page has, whatever it shows: a title, words and an address; and a page that has no more than these."""

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import streamlit as st

from rnn_dynamics.content import LANGUAGE, Words, languages, sentences
from rnn_dynamics.content.mentions import IN_LINK, as_html
from rnn_dynamics.dashboard import controls, lecture, links, stage
from rnn_dynamics.dashboard.arrival import arrive
from rnn_dynamics.dashboard.glossary import show_glossary, show_prose
from rnn_dynamics.dashboard.language import by_itself, language, show_switch
from rnn_dynamics.dashboard.navigation import ensure_bar
from rnn_dynamics.dashboard.server import prepare_server
from rnn_dynamics.dashboard.settings_words import Names, from_shown, in_link, marks
from rnn_dynamics.dashboard.style import USUAL, Height, style
from rnn_dynamics.dashboard.visitor import Left, Visitor, visitor
from rnn_dynamics.pictures.kit.picture import Setting

#: The picture of their tab as an address of its own.
_ICON = Path(__file__).with_name("icon.svg")
ICON = f"data:image/svg+xml;base64,{b64encode(_ICON.read_bytes()).decode()}"


class AnyPage(ABC):
    """A page: what it is called, what its address says, and what a visitor has set there.

    apart: names of settings that it keeps to itself. leading: the slider that a key brings the focus to, if it has one.
    height: of its picture.
    """

    apart: tuple[str, ...] = ()
    height: Height = USUAL
    leading: str = ""

    @property
    @abstractmethod
    def name(self) -> str:
        """Of the page's file, and of its words in content/."""

    @cached_property
    @abstractmethod
    def settings(self) -> dict[str, Setting]:
        """All settings that have a control here, each a key of the address."""

    @cached_property
    def at_opening(self) -> dict[str, Any]:
        """Every setting when the page opens."""
        return {name: setting.at_opening for name, setting in self.settings.items()}

    @cached_property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """Key of a button -> the settings that it sets."""
        return {}

    @property
    def marked(self) -> tuple[str, ...]:
        """Keys of the buttons that look otherwise where they would change nothing."""
        return (*self.buttons,)

    @cached_property
    def names(self) -> Names:
        """What the settings are called, in the language of who looks at the page: each run has a page for itself."""
        return Names(self.name, language())

    def words(self, of: str = "") -> Words:
        """The page's words in that language, or those of another file of content/."""
        return sentences(of or self.name, self.names.language)

    @property
    def now(self) -> dict[str, Any]:
        """Every setting that has a control, as it stands or will stand once it is made."""
        return self._settings_in(st.session_state.to_dict())

    def _settings_in(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Of what the session holds, all at once: to ask for a missing key is slow."""
        opening, values = self.at_opening, {name: given.get(name) for name in self.settings}
        # A link may hold the empty value, which only what is typed may have.
        return {n: value if self.settings[n].allows(value) else opening[n] for n, value in values.items()}

    # --- the top of a page ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """What each page does first, the same whether the app or the page's file alone is run."""
        shared = self.words("app")
        title = shared["page_title"].format(title=self.words()["title"])
        st.set_page_config(page_title=title, page_icon=ICON, layout="wide")
        prepare_server()
        ensure_bar()
        self.read_state()
        st.html(style("page", self.height.rules + marks(self.marked)) + (stage.style_of_seen() if self.leading else ""))
        shown = self.from_shown(self.names.language)
        arrive(self.name, shared["menu"], self.names.language, shown, self.leading)
        lecture.show_bar()

    @contextmanager
    def title_row(self) -> Iterator[None]:
        """The title, beside it what is made within and the switch of languages; of the home page, where to start."""
        words = self.words()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.title(words["title"], anchor=False)
            if "lead" in words:
                st.html(f'<div class="lead">{as_html(words["lead"])}</div>', width="content")
            yield
            show_switch(self.names.language, [name for name, one in self.settings.items() if one.listed])

    def show_notices(self) -> None:
        """What of the link was not taken as it stood."""
        links.show_notices(visitor().notices, self.names)

    # --- address and visitor ----------------------------------------------------------------------------------------

    def read_state(self) -> None:
        """Set the controls: to what the address says, else to what the visitor has set, else to the opening picture."""
        self._spell_as_links_do()
        who, through = visitor(), links.goes_through_history()
        self.put_right()
        who.notice_moves()
        first, left, back = not who.page, who.left, through and links.ALONG not in st.query_params
        if arrives := back or who.page != self.name:
            who.arrive(self.name, self.apart)
            if first or back:
                self._take_link(who, first)
            self._set_controls(who)
        who.shown = self.now
        self.write_address(left if arrives and not through else None)

    def put_right(self) -> dict[str, Any]:
        """Let a list stand where it stood, where a browser has sent what it does not offer; gives all settings.

        So it does where a choice and a switch of languages cross: by its name in the language that was left. Of all
        controls Streamlit 1.67 lets a list alone hold what it does not offer.
        """
        given = st.session_state.to_dict()
        offered = {name: setting.values for name, setting in self.settings.items() if setting.listed and name in given}
        if wrong := [name for name, values in offered.items() if given[name] not in values]:
            stood = self.at_opening | visitor().shown
            st.session_state.update(put := {name: stood[name] for name in wrong})
            given |= put
        return self._settings_in(given)

    def _take_link(self, who: Visitor, first: bool) -> None:
        """Take what the address says for the visitor's choice; the opening value is nobody's."""
        opening = self.at_opening
        asked, remarks = lecture.settings_asked(who.meant_by(links.asked_by_link()))
        if not first:  # on the way back through the browser's history what the address leaves out was at its opening
            who.choose(dict.fromkeys(self.settings))
        for key, text in asked.items():
            value, remark = links.read(self.names, key, text, self.settings.get(key))
            if value not in (None, opening.get(key)):
                who.choose({key: value})
            if first and remark:
                who.notices.append(remark)
        who.notices += remarks

    def _set_controls(self, who: Visitor) -> None:
        """Set each control to the visitor's choice, or to the nearest that it offers, or to its opening value."""
        there = {name: self.at_opening[name] for name in self.settings}
        for name, value in who.chosen.items():
            if name in there and (shown := self.settings[name].nearest(value)) is not None:
                there[name] = shown
        now = self.now
        st.session_state.update({name: value for name, value in there.items() if now[name] != value})

    def write_address(self, left: Left | None = None) -> None:
        """Let the address say what is set here; `left`: what was left for this page, where it has just been opened."""
        self._spell_as_links_do()
        who, opening, now, before = visitor(), self.at_opening, self.now, links.asked_by_link()
        away = self.in_link({name: value for name, value in now.items() if value != opening[name]})
        idle = self._spelt({name: opening[name] for name in now}) | ({} if IN_LINK in away else {IN_LINK: LANGUAGE})
        away |= lecture.in_address()
        links.write_address(away, idle)
        shown = self.from_shown(self.names.language)
        links.let_read({name: {key: text for text, key in of.items()} for name, of in shown.items()})
        who.stood.add((self.name, frozenset(away.items())))
        if left:
            who.note_address(before, away, left)

    def in_link(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Settings as an address spells them, what is seen, and the language, unless LANGUAGE is the browser's."""
        now = self.names.language
        return self._spelt(values) | stage.in_link() | ({} if now == by_itself() == LANGUAGE else {IN_LINK: now})

    def _spelt(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {name: in_link(name, value) for name, value in values.items()}

    def from_shown(self, language: str) -> dict[str, Mapping[str, str]]:
        """Of each setting, see `settings_words.from_shown`."""
        return {name: from_shown(self.name, language, name, one.values) for name, one in self.settings.items()}

    def _spell_as_links_do(self) -> None:
        """An address may spell values as a control shows them, in whichever language."""
        for each in languages():
            links.spell(self.from_shown(each))


@dataclass(frozen=True, kw_only=True)
class PlainPage(AnyPage):
    """A page without a picture.

    of: the name of its file, and of its words in content/. offers: its settings, by name; what they are called stands
    under [views] of its words. alone: whether it explains no terms and leads nowhere else.
    """

    of: str
    alone: bool = False
    offers: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the page's file, and of its words in content/."""
        return self.of

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """What it offers, and no field of an experiment."""
        return dict(self.offers)

    def control(self, name: str) -> None:
        """The control of a setting."""
        controls.control(self.names, name, self.settings[name])
        links.let_go(name)

    def run(self, below: Callable[[], None] = lambda: None) -> None:
        """Show the page: its title, its prose, and what `below` shows."""
        self.begin()
        with self.title_row():
            pass
        self.show_notices()
        show_prose(self.words())
        below()
        if not self.alone:
            show_glossary(self.words("app")["glossary"], self.names.language)
            stage.show_ways(self.name, self.words("stage"))
