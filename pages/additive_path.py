"""The additive cell path: what of an LSTM's gradient never leaves the sum, and what comes through its gates."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, script_download
from rnn_dynamics.dashboard.frame import AXIS, Frame, View, Views, along_sliders, background, other_fields
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.additive_path.answer import PAGE, path_answer, path_picture
from rnn_dynamics.pictures.additive_path.chart import path_chart
from rnn_dynamics.pictures.additive_path.table import path_table
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL

OPENING = Experiment(cell="lstm", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "carousel": OPENING,
    "default": replace(OPENING, forget_bias=0.0),
    "chrono": replace(OPENING, gate_bias="chrono"),
    "cut": replace(OPENING, hidden_path="cut"),
    "gru": replace(OPENING, cell="gru"),
}
#: What a hall asks in its first minutes: the presets, and the opening picture along its three sliders.
SLIDERS = ("forget_bias", "weight_scale", "sequence_length")
EXPECTED = (*PRESETS.values(), *along_sliders(OPENING, *SLIDERS))
MAIN = ("cell", "gate_bias", *SLIDERS, "hidden_path")
IDLE = sentences(PAGE)["idle"]
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=MAIN,
    more=other_fields(*MAIN),
    views={
        "axis": AXIS,
        "gate": View(label="Gate on the map", values=("f", "i", "g", "o")),
        "gru_gate": View(label="Gate on the map (GRU)", values=("z", "r", "n")),
    },
    cells=("lstm", "gru"),
    idle={
        "gate": lambda now: IDLE["gate"] if now["cell"] == "gru" else "",
        "gru_gate": lambda now: IDLE["gru_gate"] if now["cell"] == "lstm" else "",
    },
    pictured=lambda cell: (cell, "rnn"),
)


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them; see the home page on what each element costs."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        FRAME.control("cell")
        FRAME.control("gate_bias")
        for name in (*SLIDERS, "hidden_path"):
            FRAME.control(name)
    experiment, views = FRAME.asked()
    datasets, finding = _picture(experiment, views)
    st.vega_lite_chart(
        {**as_vega_lite(path_chart, views["axis"], background()), "datasets": datasets}, key="picture", width="stretch"
    )
    st.html(finding)


def _picture(experiment: Experiment, views: Views) -> tuple[dict[str, bytes], str]:
    gate = views["gru_gate" if experiment.cell == "gru" else "gate"]
    return path_picture(experiment, gate, views["axis"] == "lag", SEQUENTIAL)


def _downloads(experiment: Experiment, _: Views) -> tuple[Download, ...]:
    answer = path_answer(experiment)
    return (
        csv_download(
            "Curves",
            "curves",
            lambda: path_table(answer.curves, answer.split.cosine, answer.bands),
            digits=lambda: answer.digits,
        ),
        script_download(replace(experiment, hidden_path="open"), ", whole gradient"),
        script_download(replace(experiment, hidden_path="cut"), ", additive path alone"),
    )


FRAME.show(picture, _downloads)
warm_up(PAGE, EXPECTED, lambda experiment: _picture(experiment, FRAME.views_at_opening))
