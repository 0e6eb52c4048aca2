"""A page of one picture: it names the picture, its openings and its controls, and has the rest from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard.downloads import Download, files_of
from rnn_dynamics.dashboard.frame import Frame, Views, background
from rnn_dynamics.dashboard.growing import come_back, finish, grow, page_comes_back, show_progress
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.panels import GO
from rnn_dynamics.pictures.kit.picture import Drawn, Picture

_PICTURE = "picture"


def below(picture: Picture[Any], answer: Any, views: Views, key: str, words_in: Any = st) -> None:
    """A picture below a page's own, of an answer that is there: its chart here, its finding in `words_in`."""
    datasets, finding = picture.drawn_from(answer, views, sentences(picture.name, language()))
    _show_chart(picture, datasets, views, key, width="stretch")
    words_in.html(finding)


def _show_chart(picture: Picture[Any], datasets: Mapping[str, bytes], views: Views, key: str, **options: Any) -> None:
    """The chart on the reader's background; `options` are Streamlit's."""
    specification = picture.specification(views, background(), language()) | {"datasets": datasets}
    st.vega_lite_chart(specification, key=key, **options)


def _unsure(drawn: Drawn, answer: Any, language: str) -> Drawn:
    """What is drawn; where the answer's digits end, its finding says so."""
    unsure = warning(answer.digits, language)
    return drawn[0], drawn[1] + paragraphs([unsure] if unsure else [])


@dataclass(frozen=True, kw_only=True)
class Page(Frame):
    """A page of one picture.

    picture: it is. place: options of the container in which it stands, where its height is not its own (see page.css).
    close: whether the controls stand close to it. lower: the main controls that stand further down, with what `run`
    shows below. expected: what a hall asks in its first minutes, an experiment or the views in which it differs from
    the opening. go: what a click on the picture sets, from the row that was clicked and the views; nothing where no row
    can be clicked. follow: shows what else follows from an answer. more_files: what the share panel hands out of what
    stands below.
    """

    picture: Picture[Any]
    place: Mapping[str, Any] = field(default_factory=dict)
    close: bool = False
    lower: tuple[str, ...] = ()
    expected: Iterable[Experiment | Views] = ()
    go: Callable[[Mapping[str, Any], Views], Mapping[str, Any]] | None = None
    follow: Callable[[Any], None] | None = None
    more_files: Callable[[Experiment, Views], Sequence[Download]] = lambda _, __: ()

    def run(self, below: Callable[[], None] = lambda: None) -> None:
        """Show the page, with what else stands below its picture; then answer what others are about to ask."""
        self.show(st.fragment(self._live), self.files, below=below)
        warm_up(self.name, self.expected, self._answer_for_nobody)
        page_comes_back()

    def _live(self) -> None:
        """The main controls and all that depends on them: a held key repaints this, without a run of the whole page.

        Each element here costs every step of a held key, in the server and in the browser, so what stands still stands
        outside, and the words are one piece of HTML.
        """
        self.show_state()
        self.show_controls()
        experiment, views = self.asked()
        work = self.picture.growing and self.picture.growing(experiment, self._own(views))
        if work is None:
            self.draw(experiment, views)
        else:
            self._draw_growing(work, experiment, views)

    def _draw_growing(self, work: Growing, experiment: Experiment, views: Views) -> None:
        """The picture as far as it has come, and its progress; a picture that is not whole comes back for more."""
        rests = grow(work)
        self.draw(experiment, views)
        show_progress(work, self.picture.progress(self.words(), work), self.words("app")["growing"])
        come_back(work, rests)

    def show_controls(self, *names: str, **options: Any) -> None:
        """The main controls, or those that are named, in a row; `options` are those of its container."""
        usual = {"gap": "medium", "key": "controls" if self.close else None}
        with st.container(horizontal=True, vertical_alignment="bottom", **usual | options):
            for name in names or (name for name in self.main if name not in self.lower):
                self.control(name)

    def draw(self, experiment: Experiment, views: Views) -> None:
        """The picture and its finding."""
        self._show(*self._answered(experiment, views, self.names.language), views)
        if self.follow:
            self.follow(self._answer(experiment, views))

    def draw_from(self, answer: Any, views: Views) -> None:
        """The same from an answer that is there, such as that of a training."""
        words = self.words()
        self._show(*_unsure(self.picture.drawn_from(answer, self._own(views), words), answer, words.language), views)

    def _show(self, datasets: Mapping[str, bytes], finding: str, views: Views) -> None:
        options: dict[str, Any] = {"height": "stretch"} if self.place else {"width": "stretch"}
        if self.go:
            options |= {"on_select": self._go_there, "selection_mode": GO}
        with st.container(**self.place):
            _show_chart(self.picture, datasets, self._own(views), _PICTURE, **options)
        st.html(finding)

    def _own(self, views: Views) -> dict[str, str]:
        """The views that are the picture's."""
        return {name: views[name] for name in self.picture.views}

    def _answered(self, experiment: Experiment, views: Views, language: str) -> Drawn:
        """What the picture draws and what it finds; where its digits end, it says so."""
        own = self._own(views)
        one = self.picture.so_far(experiment, own)
        return _unsure(one.drawn(experiment, own, language), one.answer(experiment, own), language)

    def _answer(self, experiment: Experiment, views: Views) -> Any:
        """The answer, as far as it has come."""
        own = self._own(views)
        return self.picture.so_far(experiment, own).answer(experiment, own)

    def _answer_for_nobody(self, question: Experiment | Views) -> None:
        """Answer what somebody is about to ask."""
        experiment, away = (question, {}) if isinstance(question, Experiment) else (self.opening, question)
        views = {**self.views_at_opening, **away}
        if self.picture.growing:
            finish(self.picture.growing(experiment, self._own(views)))
        self._answered(experiment, views, LANGUAGE)

    def _go_there(self) -> None:
        picked = st.session_state[_PICTURE].selection[GO]
        if picked and self.go:
            self.set(self.go(picked[0], self.asked()[1]))

    def files(self, experiment: Experiment, views: Views) -> Sequence[Download]:
        """What the share panel hands out."""
        files = files_of(self.picture, self._answer(experiment, views), self._own(views), self.words())
        return [*files, *self.more_files(experiment, views)]
