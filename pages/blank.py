"""Fill in the blank: which network learns that a word far back decides, and what of its error reaches that word."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, training_script_download, training_settings
from rnn_dynamics.dashboard.frame import Frame, View, Views, background
from rnn_dynamics.dashboard.seat import opening_job
from rnn_dynamics.dashboard.training_panel import live, shown_job, training_panel
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.jobs import has
from rnn_dynamics.learning.limits import affordable, label, offered
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.training import Training
from rnn_dynamics.pictures.blank.answer import (
    GAPS,
    PAGE,
    PARTS,
    BlankAnswer,
    blank_answer,
    networks,
    template_in_use,
)
from rnn_dynamics.pictures.blank.chart import blank_chart
from rnn_dynamics.pictures.blank.table import accuracy_table, word_table
from rnn_dynamics.pictures.blank.words import Look, blank_picture, claim, finding, tinted
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import THEMES

OPENING = Experiment(cell="lstm", hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono")
PRESETS = {
    "twenty": OPENING,
    "three": OPENING,
    "forty": OPENING,
    "default": replace(OPENING, gate_bias="constant"),
    "gru": replace(OPENING, cell="gru"),
}
SETTINGS = {"gap": "20", "learning_rate": "0.01", "updates": "150"}
UPDATES = ("50", "100", "150", "200", "300", "400", "500", "700", "1000")
LONGEST = {"start": 200, "fillers": 1500, "end": 200, "answers": 800}
#: Key of the session's state: the latest template that makes sense.
LATEST = "template_that_makes_sense"
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=("gap", "cell", "learning_rate", *PARTS, "sentence"),
    more=("hidden_size", "initialisation", "gate_bias", "forget_bias", "seed"),
    views={
        "gap": View(values=tuple(map(str, GAPS)), opening=SETTINGS["gap"]),
        "learning_rate": View(
            label=label("learning_rate"), values=offered("learning_rate"), opening=SETTINGS["learning_rate"]
        ),
        "updates": View(values=UPDATES, opening=SETTINGS["updates"]),
        **{
            name: View(opening=text, longest=LONGEST[name], lines=name in ("fillers", "answers"))
            for name, text in Template().as_text().items()
        },
        "sentence": View(longest=300),
        "tint": View(values=("share of the largest", "norm")),
    },
    cells=("rnn", "lstm", "gru"),
    pictured=lambda _: ("rnn", "lstm", "gru"),
    preset_views={
        "twenty": SETTINGS,
        "three": SETTINGS | {"gap": "3"},
        "forty": SETTINGS | {"gap": "40"},
        "default": SETTINGS | {"gap": "10", "updates": "400"},
        "gru": SETTINGS,
    },
    apart=("cell", "hidden_size", "initialisation", "gate_bias", "forget_bias"),
)
SHARED = opening_job(PAGE, networks(OPENING, FRAME.views_at_opening, Template()))


def picture() -> None:
    """Everything but the panels; runs by itself while a training goes on."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
        for name in ("gap", "cell", "learning_rate"):
            FRAME.control(name)
        with st.popover(sentences(PAGE)["edit"], key="edit"):
            st.caption(sentences(PAGE)["hint"])
            for name in PARTS:
                FRAME.control(name)
    left, right = st.columns(2, vertical_alignment="bottom", gap="medium")
    with left:
        FRAME.control("sentence")
    with right:
        training_panel(PAGE, _asked, SHARED)
    _, views = FRAME.asked()
    if complaint := _template(views)[1]:
        st.warning(sentences(PAGE)["bad_template"].format(why=complaint))
    answer = _answer()
    colour = THEMES[background()].cells[answer.cell]
    st.html(claim(answer) + tinted(answer, Look(views["tint"] != "norm", colour)))
    with st.container(key="reading"):  # a phone needs more height; see page.css
        st.vega_lite_chart(
            {**as_vega_lite(blank_chart, background()), "datasets": blank_picture(answer, colour)},
            key="picture",
            height="stretch",
        )
    st.html(finding(answer, _moved(answer)))


def _networks() -> tuple[Training, ...]:
    experiment, views = FRAME.asked()
    return networks(experiment, views, _template(views)[0])


def _template(views: Views) -> tuple[Template, str]:
    template, complaint = template_in_use(views, st.session_state.get(LATEST, Template()))
    st.session_state[LATEST] = template
    return template, complaint


def _asked() -> tuple[Training, ...]:
    return affordable(_networks())


def _answer() -> BlankAnswer:
    experiment, views = FRAME.asked()
    return blank_answer(shown_job(PAGE, SHARED), experiment.cell, views["sentence"], _networks())


def _moved(answer: BlankAnswer) -> bool:
    return answer.job is not None and answer.job is not SHARED and not has(answer.job, _networks)


def _downloads(_: Experiment, __: Views) -> tuple[Download, ...]:
    answer = _answer()
    of = training_settings(answer.training)
    curves, chance = answer.curves, answer.training.its_task.chance_accuracy
    accuracy = csv_download("Right answers", "accuracy", lambda: accuracy_table(curves, chance), of)
    return (
        *((accuracy,) if curves else ()),
        csv_download(
            "The sentence", "sentence", lambda: word_table(answer.sentence.words, answer.norms, answer.keeps), of
        ),
        training_script_download(answer.training, answer.gaps),
    )


FRAME.show(lambda: live(PAGE, picture, SHARED), _downloads)
