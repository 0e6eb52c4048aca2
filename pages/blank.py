"""Fill in the blank: which network learns that a word far back decides, and what of its error reaches that word."""

from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.dashboard.training import TrainingPage
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.training import OF_TORCH, Training
from rnn_dynamics.pictures.blank import PARTS, PICTURE, filled_in, networks, template_in_use, tinted
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.picture import Drawn

#: Key of the session's state: the latest template that makes sense.
LATEST = "template_that_makes_sense"


def trainings(experiment: Experiment, views: Views) -> tuple[Training, ...]:
    """What is asked for."""
    return networks(experiment, views, template_in_use(views, st.session_state.get(LATEST))[0])


class BlankPage(TrainingPage):
    """Its sentences are edited in a panel of their own; beside the buttons the reader types a single one."""

    def show_controls(self, *_: str, **__: Any) -> dict[str, Any]:
        now = self.settled()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls_blank"):
            for name in self.main:
                self.control(name, now)
            edit = st.popover(self.words()["edit"], on_change="rerun", key="edit")
        if edit.open or any(now[name] != text for name, text in PARTS.items()):  # as the panel "More"
            with edit:
                st.caption(self.words()["hint"])
                for name in PARTS:
                    self.control(name, now)
        return now

    def show_panel(self, moved: bool) -> None:
        left, right = st.columns(2, vertical_alignment="bottom", gap="medium")
        with left:
            self.control("sentence")
        views, latest = self.asked()[1], st.session_state.get(LATEST)
        st.session_state[LATEST], complaint = template_in_use(views, latest)
        with right:
            super().show_panel(moved)
        if complaint:
            st.warning(self.words()["bad_template"].format(why=complaint))

    def show_learned(self, experiment: Experiment, views: Views) -> None:
        sentence, (claim, drawn) = self.once(self.with_sentence, experiment, views)
        if not self.hides:
            st.html(sentence)
        self.show(drawn, views, claim)

    def with_sentence(self, experiment: Experiment, views: Views) -> tuple[str, tuple[str, Drawn]]:
        """The sentence that is filled in, as HTML, what is claimed, and what is drawn."""
        return tinted(self.words(), self.answer(experiment, views), views), self.drawn_so_far(experiment, views)


PAGE = BlankPage(
    picture=PICTURE,
    height=Height("23.5rem", phone="720px"),
    trainings=trainings,
    learned=lambda job, asked, views: filled_in(job, asked.cell, views["sentence"]),
    shown_by=("cell", "sentence", "tint"),
    opening=Experiment(cell="lstm", hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono"),
    presets={
        "twenty": {},
        "three": {"gap": "3"},
        "forty": {"gap": "40"},
        "default": {"gate_bias": "constant", "gap": "10", "updates": "400"},
        "gru": {"cell": "gru"},
    },
    main=("gap", "cell", "learning_rate"),
    lower=(*PARTS, "sentence"),
    more=("hidden_size", "initialisation", "gate_bias", "forget_bias", "seed"),
    offered={"cell": OF_TORCH},
    pictured=lambda _: OF_TORCH,
    asks=("gap", "learning_rate", "updates"),
    apart=("cell", "hidden_size", "initialisation", "gate_bias", "forget_bias"),
    leading="gap",
)
PAGE.run()
