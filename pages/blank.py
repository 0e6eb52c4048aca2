"""Fill in the blank: which network learns that a word far back decides, and what of its error reaches that word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.frame import View, Views
from rnn_dynamics.dashboard.training_page import TrainingPage
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.limits import offered
from rnn_dynamics.learning.training import TRAINABLE, Training
from rnn_dynamics.pictures.blank import OFFERED, PARTS, PICTURE, RELATIVE, above, filled_in, networks, template_in_use

OPENING = Experiment(cell="lstm", hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono")
PRESETS = dict.fromkeys(("twenty", "three", "forty"), OPENING)
PRESETS |= {"default": replace(OPENING, gate_bias="constant"), "gru": replace(OPENING, cell="gru")}
SLIDERS = {name: OFFERED.get(name) or offered(name) for name in ("gap", "learning_rate", "updates")}
SETTINGS = {name: PICTURE.views[name] for name in SLIDERS}
LONGEST = {"start": 200, "fillers": 1500, "end": 200, "answers": 800}
#: Key of the session's state: the latest template that makes sense.
LATEST = "template_that_makes_sense"


def trainings(experiment: Experiment, views: Views) -> tuple[Training, ...]:
    """What is asked for."""
    return networks(experiment, views, template_in_use(views, st.session_state.get(LATEST))[0])


class BlankPage(TrainingPage):
    """Its sentences are edited in a panel of their own; beside the buttons the reader types a single one."""

    def show_controls(self, *_: str, **__: Any) -> None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
            for name in ("gap", "cell", "learning_rate"):
                self.control(name)
            with st.popover(self.words()["edit"], key="edit"):
                st.caption(self.words()["hint"])
                for name in PARTS:
                    self.control(name)

    def show_panel(self) -> None:
        left, right = st.columns(2, vertical_alignment="bottom", gap="medium")
        with left:
            self.control("sentence")
        views, latest = self.asked()[1], st.session_state.get(LATEST)
        st.session_state[LATEST], complaint = template_in_use(views, latest)
        with right:
            super().show_panel()
        if complaint:
            st.warning(self.words()["bad_template"].format(why=complaint))


PAGE = BlankPage(
    name="blank",
    picture=PICTURE,
    trainings=trainings,
    learned=lambda job, asked, views: filled_in(job, trainings(asked, views), asked.cell, views["sentence"]),
    above=above,
    opening=OPENING,
    presets=PRESETS,
    main=("gap", "cell", "learning_rate", *PARTS, "sentence"),
    more=("hidden_size", "initialisation", "gate_bias", "forget_bias", "seed"),
    views={name: View(values=values, opening=SETTINGS[name]) for name, values in SLIDERS.items()}
    | {name: View(opening=PARTS[name], longest=most, lines=most > 200) for name, most in LONGEST.items()}
    | {"sentence": View(longest=300), "tint": View(values=(RELATIVE, "norm"))},
    cells=TRAINABLE,
    pictured=lambda _: TRAINABLE,
    preset_views=dict.fromkeys(PRESETS, SETTINGS)
    | {"three": SETTINGS | {"gap": "3"}, "forty": SETTINGS | {"gap": "40"}}
    | {"default": SETTINGS | {"gap": "10", "updates": "400"}},
    apart=("cell", "hidden_size", "initialisation", "gate_bias", "forget_bias"),
    place={"key": "reading"},  # a phone needs more height; see page.css
)
PAGE.run()
