"""What all pages share: controls, panels, presets, link and downloads. A page adds its picture and its words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from rnn_dynamics.content import LANGUAGE, Words, prose, sentences
from rnn_dynamics.dashboard import controls, links
from rnn_dynamics.dashboard.arrival import arrive
from rnn_dynamics.dashboard.downloads import Download
from rnn_dynamics.dashboard.language import IN_LINK, language
from rnn_dynamics.dashboard.navigation import ensure_bar
from rnn_dynamics.dashboard.server import prepare_server
from rnn_dynamics.dashboard.settings_words import MAY_IDLE, Names, in_link, marks, state_line, why_idle
from rnn_dynamics.dashboard.visitor import Visitor, visitor
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import KNOBS, KNOBS_CHOICE, KNOBS_NUMBER, Experiment, settings
from rnn_dynamics.pictures.kit.digits import digits_note

Views = Mapping[str, str]
#: What the pages look like beside Streamlit's theme.
STYLE, ICON = Path(__file__).with_name("page.css"), Path(__file__).with_name("icon.svg")


@dataclass(frozen=True, kw_only=True)
class View:
    """A setting of the picture and not of the experiment; its first value stands at the opening unless one is named.

    What it is called stands under [views] in the page's words, or in those of all settings.

    More than eight values are a slider, or as many as there are where the keys of a slider are wanted. A view without
    values is typed: at most `longest` characters, over several lines where `lines` is true.
    """

    values: tuple[str, ...] = ()
    opening: str = ""
    slider: bool = False
    longest: int = 0
    lines: bool = False

    @property
    def at_opening(self) -> str:
        """The value when the page opens."""
        return self.opening or next(iter(self.values), "")


#: The horizontal axis of every picture through time.
AXIS = View(values=("step", "lag"))


#: What one page alone asks of a network.
_OF_DEPTH = ("num_layers", "bidirectional")


def other_fields(*shown: str) -> tuple[str, ...]:
    """The fields that stand in the panel "More" of a page which shows these already, or has no use for them."""
    return tuple(name for name in KNOBS if name not in (*shown, *_OF_DEPTH))


def along_sliders(experiment: Experiment, *names: str) -> Iterator[Experiment]:
    """The experiment at every position of some sliders, one moved at a time."""
    for name in names:
        for value in KNOBS_NUMBER[name].offered:
            yield replace(experiment, **{name: value})  # type: ignore[arg-type]


def background() -> Literal["light", "dark"]:
    """What the reader's page looks like."""
    return "dark" if st.context.theme.type == "dark" else "light"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One page's controls.

    name: of the page's file and of its words in content/. opening: the first picture. presets: key -> experiment, in
    the order of their shortcuts. main: fields and views whose controls the page itself shows. more: fields in the
    panel "More", which holds the other views too. views: key -> settings of the picture. cells: which architectures the
    page can show. offered: numeric field -> the values that this page offers, where they are not those of KNOBS.
    preset_views: key of a preset -> the views that it sets too. apart: fields that this page keeps to itself: it begins
    with their opening values, and leaves the other pages theirs. existing: key of a view -> those of its values that
    exist at the moment, given a function from the name of a setting to what it is now. pictured: the cells whose
    networks are shown when a cell is chosen. idle: setting -> why it has no effect, given all settings: the
    key of a sentence under [idle] of the page's words, or "".
    """

    name: str
    opening: Experiment
    presets: Mapping[str, Experiment]
    main: tuple[str, ...]
    more: tuple[str, ...]
    views: Mapping[str, View] = field(default_factory=dict)
    cells: tuple[str, ...] = KNOBS_CHOICE["cell"].options
    offered: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    preset_views: Mapping[str, Views] = field(default_factory=dict)
    apart: tuple[str, ...] = ()
    existing: Mapping[str, Callable[[Callable[[str], Any]], Sequence[str]]] = field(default_factory=dict)
    pictured: Callable[[str], Collection[str]] = lambda cell: (cell,)
    idle: Mapping[str, Callable[[Mapping[str, Any]], str]] = field(default_factory=dict)

    @cached_property
    def names(self) -> Names:
        """What the settings are called, in the language of who looks at the page: a page has its frame for itself."""
        return Names(self.name, language())

    def words(self, of: str = "") -> Words:
        """The page's words in that language, or those of another file of content/."""
        return sentences(of or self.name, self.names.language)

    @property
    def views_at_opening(self) -> dict[str, str]:
        """The settings of the picture when the page opens."""
        return {key: view.at_opening for key, view in self.views.items()}

    @cached_property
    def at_opening(self) -> dict[str, Any]:
        """Every setting when the page opens."""
        return settings(self.opening) | self.views_at_opening

    def asked(self) -> tuple[Experiment, dict[str, str]]:
        """The experiment and the view, as the controls stand; what has no control here stands at the opening."""
        given = st.session_state.to_dict()  # once: to ask for a key that is not there is slow
        offered = (*self.main, *self.more, *self.views)
        typed = {name for name, view in self.views.items() if view.longest}  # may be empty
        state = self.at_opening | {
            name: given[name] for name in offered if given.get(name) not in ((None,) if name in typed else (None, ""))
        }
        views = {key: str(state.pop(key)) for key in self.views}
        return Experiment(**state), views

    def control(self, name: str, **options: Any) -> Any:
        """The control of a field or of a view; `options` go to the slider of a view."""
        shown = self._view(name, **options) if name in self.views else self._field(name)
        links.let_go(name)
        return shown

    def _view(self, name: str, **options: Any) -> Any:
        view = self.views[name]
        if view.longest:
            return controls.typed(self.names, name, view.opening, view.longest, lines=view.lines)
        if name in self.existing:
            options["offered"] = self._existing(name)
        idle = self._why_idle(name)
        return controls.view(self.names, name, view.values, view.at_opening, view.slider, idle=idle, **options)

    def _field(self, name: str) -> Any:
        offered = self.cells if name == "cell" else self.offered.get(name, ())
        return controls.control(self.names, name, self.opening, self._why_idle(name), offered)

    def _why_idle(self, name: str) -> str:
        """Why a setting has no effect on this page at the moment, or ""."""
        if name not in (*self.idle, *MAY_IDLE):
            return ""
        now = self.now
        if own := self.idle[name](now) if name in self.idle else "":
            return str(self.words()["idle"][own])
        shared = why_idle(name, now, self.pictured(now["cell"]) if "cell" in now else CELLS)
        return str(self.words("app")["idle"][shared]) if shared else ""

    def show_state(self) -> None:
        """Say which preset is on, and what is not as at the opening; stands in the fragment, so that it is true."""
        now, opening, titles = self.now, self.at_opening, self.words()["presets"]
        on = [key for key, there in self._buttons.items() if there.items() <= now.items()]
        preset = next((key for key in on if key != "reset"), None)
        away = [name for name, value in now.items() if value != opening[name] and not self._why_idle(name)]
        sets = [name for name in away if preset and name in self._buttons[preset]]
        others = [name for name in away if name not in (*sets, "seed")]
        title = titles[preset.removeprefix("preset_")] if preset else ""
        said = {name: (self.names.label(name), self.names.said(name, now[name])) for name in away}
        words, own, other = self.words("app")["state"], [said[name] for name in sets], [said[name] for name in others]
        st.html(state_line(words, now["seed"], title, own, other, on))

    def show(
        self,
        picture: Callable[[], None],
        downloads: Callable[[Experiment, Views], Sequence[Download]],
        *,
        below: Callable[[], None] = lambda: None,
    ) -> None:
        """Show the page, the same whether the app or the page's file alone is run.

        Args:
            picture: a fragment, which shows the main controls and what depends on them.
            downloads: the files that belong to a picture, beside its link.
            below: what stands between the picture and the prose.
        """
        words, shared = self.words(), self.words("app")
        title = shared["page_title"].format(title=words["title"])
        st.set_page_config(page_title=title, page_icon=str(ICON), layout="wide")
        prepare_server()
        ensure_bar()
        self._read_state()
        st.html(STYLE)
        st.html(marks(self._buttons))
        arrive(self.name, shared["menu"], self.names.language)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.title(words["title"], anchor=False)
            self._more(shared["buttons"]["more"])
            share = st.popover(shared["buttons"]["share"], on_change="rerun", key="share")
        with st.container(horizontal=True, wrap=False, gap="small", key="presets"):
            self._preset_buttons(words["presets"], shared["buttons"])
        links.show_notices(visitor().notices, self.names.language)
        place = st.container(key="place_of_the_picture")
        below()
        st.markdown(prose(self.name, self.names.language))
        with st.expander(shared["glossary"]):
            st.markdown(prose("glossary", self.names.language))
        with place:  # after the prose, which must not wait for a picture that grows over seconds
            picture()
        if share.open:  # filled last, when every control is known; built only while it is open
            with share:
                self._share_panel(downloads)

    def _read_state(self) -> None:
        """Set the controls: to what the address says, else to what the visitor has set, else to the opening picture."""
        who, back = visitor(), links.goes_through_history()
        who.notice_moves()
        first = not who.page
        if arrives := back or who.page != self.name:
            who.arrive(self.name, self.apart)
            if first or back:
                self._take_link(who, first)
            self._set_controls(who)
        who.shown = self.now
        self._write_address(arrives and not back)

    @cached_property
    def _offered(self) -> dict[str, links.Offered]:
        """Setting of this page -> what its control can show."""
        offered: dict[str, links.Offered] = dict.fromkeys((*self.main, *self.more))
        offered.update({name: view.longest or view.values for name, view in self.views.items()})
        offered.update(self.offered)
        if "cell" in offered:
            offered["cell"] = self.cells
        return offered

    @property
    def now(self) -> dict[str, Any]:
        """Every setting of this page, as its control stands or will stand once it is made."""
        given, opening = st.session_state.to_dict(), self.at_opening
        values = {name: given.get(name) for name in self._offered}
        return {name: opening[name] if value is None else value for name, value in values.items()}

    def _take_link(self, who: Visitor, first: bool) -> None:
        """Take what the address says for the visitor's choice; the opening value is nobody's."""
        asked, opening, offered = who.meant_by(links.asked_by_link()), self.at_opening, self._offered
        if first:
            who.notices += links.unknown_language(self.names.language)
        else:  # on the way back through the browser's history what the address leaves out was at its opening
            who.choose(dict.fromkeys(offered))
        for key, text in asked.items():
            value, remark = self._read(key, text)
            if value not in (None, opening.get(key)):
                who.choose({key: in_link(key, value)})
            if first and remark:
                who.notices.append(remark)

    def _read(self, key: str, text: str) -> tuple[Any, str | None]:
        if key not in self._offered:
            return None, links.unknown(key, self.names.language)
        return links.read(self.names, key, text, self._offered[key])

    def _set_controls(self, who: Visitor) -> None:
        """Set each control to the visitor's choice, or to the nearest that it offers, or to its opening value."""
        chosen, opening, now = who.chosen, self.at_opening, self.now
        for name, offered in self._offered.items():
            value, _ = links.read(self.names, name, chosen[name], offered) if name in chosen else (None, None)
            value = opening[name] if value is None else value
            if now[name] != value:
                st.session_state[name] = value
        for name in self.existing:
            asked = self._now(name)
            if asked not in self._existing(name) and name in links.asked_by_link():
                who.notices.append(links.moved(self.names, name, asked, self.names.shown(name, self._now(name))))

    def _write_address(self, arrives: bool = False) -> None:
        """Let the address say what is set here."""
        opening, now, before = self.at_opening, self.now, links.asked_by_link()
        away = {name: self.names.shown(name, value) for name, value in now.items() if value != opening[name]}
        at_opening = {name: self.names.shown(name, opening[name]) for name in now}
        links.write_address(away | self._in_link, at_opening | {IN_LINK: LANGUAGE})
        if arrives:
            visitor().note_address(before, away)

    @property
    def _in_link(self) -> dict[str, str]:
        """The language as an address says it; nothing where it is that of who asks for none."""
        return {IN_LINK: self.names.language} if self.names.language != LANGUAGE else {}

    def set(self, values: Mapping[str, Any]) -> None:
        """Set controls from a callback of the picture, as one entry of the browser's history."""
        st.session_state.update(values)
        self._write_address()

    def _now(self, name: str) -> Any:
        """What a control shows, or will show once it is made."""
        return st.session_state.get(name, self.at_opening[name])

    def _existing(self, name: str) -> Sequence[str]:
        """The values of a view that exist; where the present one does not, the view moves on to the next that does.

        It is set only then: a value that is set at each run would stop a held key.
        """
        offered, now, values = self.existing[name](self._now), self._now(name), self.views[name].values
        if now not in offered:
            later = (value for value in values[values.index(now) :] if value in offered)
            st.session_state[name] = next(later, offered[-1])
        return offered

    def _more(self, label: str) -> None:
        """Built only while it is open or away from its opening value, else it would cost every run."""
        more = st.popover(label, on_change="rerun", key="more")
        now, opening = self.now, self.at_opening
        names = (*(name for name in self.views if name not in self.main), *self.more)
        if more.open or any(now[name] != opening[name] for name in names):
            with more:
                for name in names:
                    self.control(name)

    def _preset_buttons(self, names: Mapping[str, str], shared: Mapping[str, str]) -> None:
        """Outside the fragment, which would otherwise build these buttons at every step of a slider."""
        for number, key in enumerate(self.presets, start=1):
            button = f"preset_{key}"
            there = (self._buttons[button],)
            st.button(names[key], key=button, shortcut=f"Alt+{number}", on_click=self._go_to, args=there)
        st.button(shared["reset"], key="reset", shortcut="Alt+0", on_click=self._go_to, args=(self._buttons["reset"],))
        st.button(shared["new_seed"], key="new_seed", shortcut="Alt+N", on_click=self._next_seed)

    @cached_property
    def _buttons(self) -> dict[str, dict[str, Any]]:
        """Key of a button -> what it sets: every field that has a control here; a preset its own views, a reset all."""
        presets = {
            f"preset_{key}": settings(preset) | dict(self.preset_views.get(key, {}))
            for key, preset in self.presets.items()
        }
        return {
            key: {name: value for name, value in there.items() if name in self._offered}
            for key, there in (presets | {"reset": self.at_opening}).items()
        }

    def _go_to(self, there: Mapping[str, Any]) -> None:
        """Set controls; a preset keeps the reader's other views, a reset none. An opening value is nobody's choice."""
        st.session_state.update(there)
        opening, who = self.at_opening, visitor()
        who.choose({name: None if value == opening[name] else in_link(name, value) for name, value in there.items()})
        who.shown |= there

    def _next_seed(self) -> None:
        """The next seed, not a random one: a whole class that presses the button sees the same networks."""
        seed = st.session_state.get("seed", self.opening.seed) + 1
        st.session_state["seed"] = seed % len(KNOBS_NUMBER["seed"].offered)

    def _share_panel(self, downloads: Callable[[Experiment, Views], Sequence[Download]]) -> None:
        experiment, views = self.asked()
        shown = {name: value for name, value in (settings(experiment) | views).items() if name in self._offered}
        follows = ("sequence_length", "input_size") if experiment.text else ()  # from the text
        words = self.words("app")["files"]
        st.caption(words["link"])
        asked = {name: self.names.shown(name, value) for name, value in shown.items() if name not in follows}
        st.code(links.share_link(asked | self._in_link), language=None, wrap_lines=True)
        files = downloads(experiment, views)
        for file in files:
            st.download_button(
                file.label,
                partial(file.text, self.name, shown, self.names.language),
                file_name=file.file_name(self.name, shown),
                mime=file.mime,
                on_click="ignore",
                width="stretch",
            )
        if any(file.suffix == "py" for file in files):
            st.caption(words["scripts"])
        if digits := [file.digits() for file in files if file.suffix == "py" and file.digits]:
            st.caption(digits_note(min(digits), self.names.language))
