"""A page of one picture: it names the picture, its openings and its controls, and has the rest from here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.course.glossary import marked_claims, marked_html
from rnn_dynamics.dashboard import lecture, links, stage, taken
from rnn_dynamics.dashboard.challenge import Strip, strip_on, take_challenge
from rnn_dynamics.dashboard.chart import show_chart
from rnn_dynamics.dashboard.controls import grouped
from rnn_dynamics.dashboard.declared import declares
from rnn_dynamics.dashboard.downloads import Download, files_of, show_download
from rnn_dynamics.dashboard.frame import Frame
from rnn_dynamics.dashboard.glossary import show_glossary, show_prose
from rnn_dynamics.dashboard.growing import finish, growing, unless_lost
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.links import CHALLENGE
from rnn_dynamics.dashboard.navigation import leave, leave_for
from rnn_dynamics.dashboard.settings_words import NEW_SEED, RESET
from rnn_dynamics.dashboard.style import style
from rnn_dynamics.dashboard.visitor import visitor
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.pictures.kit.digits import digits_note, warning
from rnn_dynamics.pictures.kit.finding import paragraphs
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.layers import GO
from rnn_dynamics.pictures.kit.picture import Drawn, Picture

#: Keys of the picture, and of the fragment in which it and its controls stand.
_PICTURE, _LIVE = "picture", "live"
#: What keeps the room of a claim that is hidden, so that the picture stands still when it is revealed.
_NO_CLAIM = '<p class="claim">&nbsp;</p>'


def below(picture: Picture, answer: Any, views: Views, words_in: Any = st) -> None:
    """A picture below a page's own, of an answer that is there: its chart here, its finding in `words_in` (`stage`)."""
    words = sentences(picture.name, language())
    datasets, finding = picture.drawn_from(answer, views, words)
    show_chart(picture, datasets, views, words.language)
    words_in.html(f'<div id="said">{marked_html(finding, words.language)}</div>')


@dataclass(frozen=True, kw_only=True)
class Page(Frame):
    """A page of one picture.

    every_cell, expected: what a hall asks in its first minutes beside the presets and each slider: the same of every
    cell; and further settings, as far as they differ from the opening. go: what a click on the picture sets, from the
    row that was clicked and the views; nothing where no row can be clicked. opens: the page on which a click sets
    it, if not on this one. follow: shows what else follows from an answer. lower_answer: that of the
    `second` picture, of which the share panel has the files too, once a reader has asked for it.
    """

    every_cell: bool = False
    expected: Iterable[Mapping[str, Any]] = ()
    go: Callable[[Mapping[str, Any], Views], Mapping[str, Any]] | None = None
    opens: str = ""
    follow: Callable[[Any], None] | None = None
    lower_answer: Callable[[], Any] = lambda: None

    def run(self, below: Callable[[], None] | None = None) -> None:
        """Show the page, the same whether the app or the page's file alone is run.

        `below` shows what stands further down, where the prose has said what the picture shows.
        """
        if declares():
            return
        words, shared = self.words(), self.words("app")
        self.begin()
        with self.title_row():
            stage.show_button(self.words("stage"))
            self._more(shared["buttons"]["more"])
            share = st.popover(shared["buttons"]["share"], on_change="rerun", key="share")
        self.show_buttons()
        _ = self.challenge
        self.show_notices()
        with (place := st.container(key="place_of_the_picture")):
            self.keep_state()
        show_prose(words, between=None if self.hides else below, leads_on=lecture.leads_on)
        show_glossary(shared["glossary"], self.names.language)
        stage.show_keys(self.name, self.words("stage"))
        with place:  # after the prose, which must not wait for a picture that grows over seconds
            self._whole()
        if share.open:  # filled last, when every control is known; built only while it is open
            with share, unless_lost(shared["growing"], "share"):
                self._share_panel()
        warm_up(self.name, self._questions(), self._answer_for_nobody)

    def read_state(self) -> None:
        """Also open the challenge that the address asks for."""
        asked, starts = st.query_params.get(CHALLENGE), not self.settings.keys() & links.asked_by_link().keys()
        super().read_state()
        take_challenge(self, asked, starts)

    @cached_property
    def challenge(self) -> Strip | None:
        """What stands of an open challenge above the controls, made outside of all fragments, where it is shown."""
        return strip_on(self)

    @property
    def in_panel(self) -> list[str]:
        """The settings whose controls stand in the panel "More"."""
        return [name for name in {**self.views, **self.settings} if name not in (*self.main, *self.lower)]

    # --- what stands still ------------------------------------------------------------------------------------------

    def _more(self, label: str) -> None:
        """Built only while it is open or away from its opening value, else it would cost every run."""
        more = st.popover(label, on_change="rerun", key="more")
        now, opening, names = self.now, self.at_opening, self.in_panel
        if more.open or any(now[name] != opening[name] for name in names):
            st.html(style("more"))
            with more, st.container(key="settings"):
                self._show_groups(names, self.words("app")["groups"] if more.open else {})

    def _show_groups(self, names: Sequence[str], headings: Mapping[str, str]) -> None:
        """Controls, below the heading of each group where there are several groups."""
        groups = grouped(names)
        for group, members in groups.items():
            if headings and len(groups) > 1:
                st.html(f'<h2 class="group">{headings[group]}</h2>')
            for name in members:
                self.control(name)

    def show_buttons(self) -> None:
        """Outside the fragment, which would otherwise build these buttons at every step of a slider."""
        names, shared = self.words()["presets"], self.words("app")["buttons"]
        with st.container(horizontal=True, wrap=False, gap="small", key="presets"):
            for number, (key, there) in enumerate(self.buttons.items(), start=1):
                if key == RESET:  # the last of all, for it may be out of sight
                    st.button(shared["new_seed"], key=NEW_SEED, shortcut="Alt+N", on_click=self.next_seed)
                label, alt = (shared["reset"], 0) if key == RESET else (names[key.removeprefix("preset_")], number)
                st.button(label, key=key, shortcut=f"Alt+{alt}", on_click=self.go_to, args=(there,))

    def _share_panel(self) -> None:
        if self.hides:  # the files hold the answer
            st.caption(self.words("lecture")["hidden"])
            return
        experiment, views = self.asked()
        shown = {name: value for name, value in (settings(experiment) | views).items() if name in self.settings}
        follows = ("sequence_length", "input_size") if experiment.text else ()  # from the text
        asked = self.in_link({name: value for name, value in shown.items() if name not in follows})
        words, address = self.words("app")["files"], links.share_link(asked)
        st.caption(self.about_link(views))
        st.code(address, language=None, wrap_lines=True)
        st.caption(self.words("stage")["keys"])
        files = self.files(experiment, views)
        for file in files:
            show_download(file.label, partial(file.text, self.name, self.names.language), file.file_name(self.name))
        scripts = [file for file in files if file.suffix == "py"]
        if scripts:
            st.caption(words["scripts"])
        if files:  # else there is no answer
            answer = self.answer(experiment, views)
            taken.offer(self.picture, answer, views, shown, address, self.words("export"))
        if digits := [file.digits() for file in scripts if file.digits]:
            st.caption(digits_note(min(digits), self.names.language))

    def about_link(self, views: Views) -> str:
        """What the link opens."""
        return str(self.words("app")["files"]["link"])

    def answer(self, experiment: Experiment, views: Views) -> Any:
        """What the picture shows, and the files are of."""
        return self.picture.so_far(experiment, views).answered(experiment, views)

    def files(self, experiment: Experiment, views: Views) -> Sequence[Download]:
        """What the share panel hands out."""
        files, lower = files_of(self.picture, self.answer(experiment, views), views, self.words()), self.lower_answer()
        if self.second and lower:
            files += files_of(self.second, lower, {}, self.words(self.second.name))
        return files

    # --- what a held key repaints -----------------------------------------------------------------------------------

    def _whole(self) -> None:
        st.fragment(self._live, key=_LIVE)()

    def _live(self) -> None:
        """The main controls and all that depends on them: a held key repaints this, without a run of the whole page.

        Each element here costs every step of a held key, in the server and in the browser, so what stands still stands
        outside, and the words are one piece of HTML.
        """
        leave()
        experiment, views = self.asked(self.show_controls())
        work = self.picture.growing and self.picture.growing(experiment, views)
        if work is None:
            self.draw(experiment, views)
        else:
            draw, progress = partial(self.draw, experiment, views), partial(self.picture.progress, self.words(), work)
            growing(work, draw, progress, self.words("app")["growing"], beside=work.beside)

    def settled(self) -> dict[str, Any]:
        """All settings as they stand, but for what a browser has sent that did not know them yet.

        To be asked before the controls of a fragment are made, whose runs do not read the state of the page.
        """
        visitor().insist()
        return self.put_right()

    def show_controls(self, *names: str, **options: Any) -> dict[str, Any]:
        """The main controls, or those that are named, in a row; `options` are those of its container.

        Gives all settings, as they stand then.
        """
        usual, now = {"gap": "medium", "key": f"controls_{self.name}"}, self.settled()
        with st.container(horizontal=True, vertical_alignment="bottom", **usual | options):
            for name in names or self.main:
                self.control(name, now)
        return now

    def draw(self, experiment: Experiment, views: Views) -> None:
        """The picture and its finding."""
        one = self.picture.so_far(experiment, views)
        with unless_lost(self.words("app")["growing"], "picture"):
            answer = one.answered(experiment, views)
            claim = one.claimed(experiment, views, marked_claims(self.words()))
            self.show(one.drawn(experiment, views, self.names.language), views, claim, answer.digits)
            if self.follow and not self.hides:
                self.follow(answer)

    def show(self, drawn: Drawn, views: Views, claim: str, digits: int | None = None) -> None:
        """The claim, the chart and the finding, and where its digits end."""
        self.show_state(_NO_CLAIM if self.hides else claim)
        language, clicked = self.names.language, (_PICTURE, self._go_there) if self.go else None
        show_chart(self.picture, drawn[0], views, language, "stretch", clicked)
        if self.hides:
            st.html(paragraphs([self.words("lecture")["hidden"]]))
            return
        st.html(marked_html(drawn[1], language) + paragraphs(filter(None, [warning(digits, language)])))
        if self.challenge:
            self.challenge.judge()

    def _go_there(self) -> None:
        picked = st.session_state[_PICTURE].selection[GO]
        if not (picked and self.go):
            return
        there = self.go(picked[0], self.asked()[1])
        if self.opens:
            self.leave(there)
        else:
            visitor().put(there)
            self.write_address()  # as one entry of the browser's history
            if self.picture.growing:  # it stands in a fragment of its own, and its controls do not
                st.rerun(_LIVE)

    def leave(self, there: Mapping[str, Any]) -> None:
        """Open the page `opens` with these settings, from a callback; None stands for an opening value."""
        visitor().choose(there)
        leave_for(self.opens)

    # --- what is answered before anybody asks -----------------------------------------------------------------------

    def _questions(self) -> Iterator[Mapping[str, Any]]:
        """What visitors are about to ask, as far as it differs from the opening."""
        sliders = {name: self.settings[name].values for name in self.main if self.settings[name].is_slider}
        sliders |= {name: tuple(of(self.at_opening)) for name, of in self.existing.items() if name in sliders}
        usual = [*self.presets.values(), *({name: value} for name, values in sliders.items() for value in values)]
        for cell in self.settings["cell"].values if self.every_cell else ():
            yield from ({**away, "cell": cell} for away in usual)
        yield from usual
        yield from self.expected

    def _answer_for_nobody(self, away: Mapping[str, Any]) -> None:
        experiment, views = self.asked(away)
        if self.picture.growing:
            finish(self.picture.growing(experiment, views))
        self.picture.drawn(experiment, views, language())
        self.picture.claimed(experiment, views, marked_claims(self.words()))
