"""What all pages share: controls, panels, presets, link and downloads. A page adds its picture and its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException

from rnn_dynamics.cliff import Descent
from rnn_dynamics.dashboard import controls, links
from rnn_dynamics.dashboard.arrival import arrive
from rnn_dynamics.dashboard.content import STYLE, prose, sentences
from rnn_dynamics.dashboard.navigation import ensure_bar
from rnn_dynamics.dashboard.server import prepare_server
from rnn_dynamics.experiment import KNOBS, KNOBS_CHOICE, KNOBS_NUMBER, Experiment, settings
from rnn_dynamics.reproduction import (
    blank_script,
    cliff_script,
    jacobian_script,
    loss_script,
    reproduction_script,
    shape_script,
)
from rnn_dynamics.training import Training

Views = Mapping[str, str]

#: Key of the session's state: field -> what it is on the other pages, for those that the present page keeps apart.
_ELSEWHERE = "settings_elsewhere"


@dataclass(frozen=True, kw_only=True)
class View:
    """A setting of the picture and not of the experiment; its first value stands at the opening unless one is named.

    More than eight values are a slider, or as many as there are where the keys of a slider are wanted. A view without
    values is typed: at most `longest` characters, over several lines where `lines` is true.
    """

    label: str
    values: tuple[str, ...] = ()
    opening: str = ""
    slider: bool = False
    longest: int = 0
    lines: bool = False
    help: str = ""
    placeholder: str = ""

    @property
    def at_opening(self) -> str:
        """The value when the page opens."""
        return self.opening or next(iter(self.values), "")


#: The horizontal axis of every picture through time.
AXIS = View(label="Against", values=("step", "lag"))


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


def run_again() -> None:
    """Run a fragment again, for work that goes in slices.

    A reader's move inside a fragment waits for the end of its run, so no run may be long; it goes into the next one.
    """
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # this run is the whole page's
        st.rerun()


def background() -> Literal["light", "dark"]:
    """What the reader's page looks like."""
    return "dark" if st.context.theme.type == "dark" else "light"


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that is made when a reader asks for it."""

    label: str
    file_name: str
    mime: str
    content: Callable[[], str]


def script_download(experiment: Experiment, note: str = "") -> Download:
    """The reproduction script of an experiment."""
    return Download(
        label=f"PyTorch script ({KNOBS_CHOICE['cell'].options[experiment.cell]}{note})",
        file_name=f"gradients_{experiment.cell}_{experiment.hidden_path}.py",
        mime="text/x-python",
        content=lambda: reproduction_script(experiment),
    )


def jacobian_script_download(experiment: Experiment) -> Download:
    """The script that multiplies an experiment's Jacobians."""
    return Download(
        label=f"PyTorch script ({KNOBS_CHOICE['cell'].options[experiment.cell]}, Jacobians)",
        file_name=f"jacobians_{experiment.cell}_{experiment.hidden_path}.py",
        mime="text/x-python",
        content=lambda: jacobian_script(experiment),
    )


def shape_script_download(experiment: Experiment, shape: str) -> Download:
    """The script that unrolls a shape and gives each edge a gradient."""
    return Download(
        label=f"PyTorch script ({KNOBS_CHOICE['cell'].options[experiment.cell]}, {shape})",
        file_name=f"{shape.replace('-', '_')}_{experiment.cell}.py",
        mime="text/x-python",
        content=lambda: shape_script(experiment, shape),
    )


def loss_script_download(experiment: Experiment) -> Download:
    """The script that sends each of an experiment's losses back by itself."""
    return Download(
        label=f"PyTorch script ({KNOBS_CHOICE['cell'].options[experiment.cell]}, each loss by itself)",
        file_name=f"losses_{experiment.cell}.py",
        mime="text/x-python",
        content=lambda: loss_script(experiment),
    )


def cliff_script_download(descents: Sequence[Descent]) -> Download:
    """The script that repeats descents on the error of one unit."""
    return Download(
        label="PyTorch script (descents)",
        file_name="cliff.py",
        mime="text/x-python",
        content=lambda: cliff_script(descents),
    )


def blank_script_download(training: Training, gaps: Sequence[int]) -> Download:
    """The script that trains one network to fill in blanks, and tests it at several gaps."""
    cell = training.experiment.cell
    return Download(
        label=f"PyTorch script ({KNOBS_CHOICE['cell'].options[cell]}, training)",
        file_name=f"blank_{cell}.py",
        mime="text/x-python",
        content=lambda: blank_script(training, gaps),
    )


def csv_download(label: str, file_name: str, table: Callable[[], Any]) -> Download:
    """A frame as a file."""
    return Download(
        label=f"{label} (CSV)", file_name=file_name, mime="text/csv", content=lambda: str(table().to_csv(index=False))
    )


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One page's controls.

    name: of the page's file and of its words in content/. opening: the first picture. presets: key -> experiment, in
    the order of their shortcuts. main: fields and views whose controls the page itself shows. more: fields in the
    panel "More", which holds the other views too. views: key -> settings of the picture. cells: which architectures the
    page can show. offered: numeric field -> the values that this page offers, where they are not those of KNOBS.
    preset_views: key of a preset -> the views that it sets too. apart: fields that this page keeps to itself: it begins
    with their opening values, and leaves the other pages theirs. existing: key of a view -> those of its values that
    exist at the moment, given a function from the name of a setting to what it is now.
    """

    name: str
    opening: Experiment
    presets: Mapping[str, Experiment]
    main: tuple[str, ...]
    more: tuple[str, ...]
    views: Mapping[str, View] = field(default_factory=dict)
    cells: tuple[str, ...] = tuple(KNOBS_CHOICE["cell"].options)
    offered: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    preset_views: Mapping[str, Views] = field(default_factory=dict)
    apart: tuple[str, ...] = ()
    existing: Mapping[str, Callable[[Callable[[str], Any]], Sequence[str]]] = field(default_factory=dict)

    @property
    def views_at_opening(self) -> dict[str, str]:
        """The settings of the picture when the page opens."""
        return {key: view.at_opening for key, view in self.views.items()}

    @property
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
        """The control of a field or of a view; the options go to a slider."""
        if name in self.views:
            view = self.views[name]
            if view.longest:
                return controls.typed(
                    name, view.label, view.opening, view.longest, view.help, view.placeholder, lines=view.lines
                )
            if name in self.existing:
                options["offered"] = self._existing(name)
            return controls.view(name, view.label, view.values, view.at_opening, view.slider, **options)
        if name == "cell":
            return controls.choice(name, self.opening, self.cells)
        if name in self.offered:
            options["offered"] = self.offered[name]
        return controls.control(name, self.opening, **options)

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
        words = sentences(self.name)
        st.set_page_config(page_title=f"{words['title']} · rnn_dynamics", page_icon="docs/icon.svg", layout="wide")
        prepare_server()
        ensure_bar()
        self._read_state()
        st.html(STYLE)
        arrive(self.name)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.title(words["title"], anchor=False)
            self._more()
            share = st.popover("Share and check", on_change="rerun", key="share")
        with st.container(horizontal=True, wrap=False, gap="small", key="presets"):
            self._preset_buttons(words["presets"])
        links.show_notices()
        place = st.container(key="place_of_the_picture")
        below()
        st.markdown(prose(self.name))
        with place:  # after the prose, which must not wait for a picture that grows over seconds
            picture()
        if share.open:  # filled last, when every control is known; built only while it is open
            with share:
                self._share_panel(downloads)

    def _read_state(self) -> None:
        """Take the address, and what another page has left, as far as the controls of this page can show it."""
        self._exchange()
        views = {key: view.longest or view.values for key, view in self.views.items()}
        first = links.read_link(dict.fromkeys((*self.main, *self.more)) | views | {"cell": self.cells, **self.offered})
        if st.session_state.get("cell", self.opening.cell) not in self.cells:
            st.session_state["cell"] = self.opening.cell
        given = st.session_state.to_dict()
        for name in KNOBS_NUMBER.keys() & given.keys():
            offered = self.offered.get(name, KNOBS_NUMBER[name].offered)
            if given[name] not in offered:
                st.session_state[name] = links.nearest(offered, given[name])
        for name in self.existing if first else ():
            asked = self._now(name)
            if asked not in self._existing(name):
                links.add_notice(f"`{name} = {asked}` is shown as {self._now(name)}")

    def _now(self, name: str) -> Any:
        """What a control shows, or will show once it is made and reads the address."""
        if name in st.session_state:
            return st.session_state[name]
        offered = self.views[name].values if name in self.views else self.offered[name]
        spelled = {controls.in_link(name, value): value for value in offered}
        return spelled.get(st.query_params.get(name, ""), self.at_opening[name])

    def _existing(self, name: str) -> Sequence[str]:
        """The values of a view that exist; where the present one does not, the view moves on to the next that does.

        It is set only then: a value that is set at each run would stop a held key.
        """
        offered, now, values = self.existing[name](self._now), self._now(name), self.views[name].values
        if now not in offered:
            later = (value for value in values[values.index(now) :] if value in offered)
            st.session_state[name] = next(later, offered[-1])
        return offered

    def _exchange(self) -> None:
        """Put aside what other pages have where this one keeps a field apart; one that shares it takes it up again."""
        elsewhere: dict[str, Any] = st.session_state.setdefault(_ELSEWHERE, {})
        for name in elsewhere.keys() & {*self.main, *self.more} - set(self.apart):
            value = elsewhere.pop(name)
            st.session_state[name] = getattr(self.opening, name) if value is None else value
        for name in set(self.apart) - elsewhere.keys():
            elsewhere[name] = st.session_state.get(name)  # None on a session's first page
            if elsewhere[name] is not None:
                st.session_state[name] = getattr(self.opening, name)

    def _more(self) -> None:
        """Built only while it is open or away from its opening value, else it would cost every run."""
        more = st.popover("More", on_change="rerun", key="more")
        views = tuple(name for name in self.views if name not in self.main)
        at_opening, names = self.at_opening, (*views, *self.more)
        away = any(st.session_state.get(name, at_opening[name]) != at_opening[name] for name in names)
        if more.open or away or any(name in st.query_params for name in names):
            with more:
                for name in names:
                    self.control(name)

    def _preset_buttons(self, names: Mapping[str, str]) -> None:
        """Outside the fragment, which would otherwise build these buttons at every step of a slider."""
        for number, (key, preset) in enumerate(self.presets.items(), start=1):
            there = (preset, self.preset_views.get(key, {}))
            st.button(names[key], key=f"preset_{key}", shortcut=f"Alt+{number}", on_click=self._go_to, args=there)
        there = (self.opening, self.views_at_opening)
        st.button("Reset", key="reset", shortcut="Alt+0", on_click=self._go_to, args=there)
        st.button("New seed", key="new_seed", shortcut="Alt+N", on_click=self._next_seed)

    def _go_to(self, experiment: Experiment, views: Views) -> None:
        """Set every control, and those views; a preset keeps the reader's others, a reset none."""
        st.session_state.update(settings(experiment) | dict(views))

    def _next_seed(self) -> None:
        """The next seed, not a random one: a whole class that presses the button sees the same networks."""
        seed = st.session_state.get("seed", self.opening.seed) + 1
        st.session_state["seed"] = seed % len(KNOBS_NUMBER["seed"].offered)

    def _share_panel(self, downloads: Callable[[Experiment, Views], Sequence[Download]]) -> None:
        experiment, views = self.asked()
        at_opening, now = self.at_opening, settings(experiment) | views
        if experiment.text:  # T and D follow from it
            now |= {name: at_opening[name] for name in ("sequence_length", "input_size")}
        st.caption("This link opens exactly this picture, seed included.")
        st.code(links.share_link(now, at_opening), language=None, wrap_lines=True)
        files = downloads(experiment, views)
        for file in files:
            st.download_button(
                file.label, file.content, file_name=file.file_name, mime=file.mime, on_click="ignore", width="stretch"
            )
        if any(file.file_name.endswith(".py") for file in files):
            st.caption("The scripts need numpy and torch, nothing of ours, and print the same numbers by autograd.")
