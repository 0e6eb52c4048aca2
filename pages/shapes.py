"""Shapes of recurrence: one cell unrolled in five ways, and the gradient through each edge, step by step."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, shape_script_download
from rnn_dynamics.dashboard.frame import Frame, View, Views, along_sliders, background
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import THEMES
from rnn_dynamics.pictures.shapes.answer import (
    LENGTHS,
    PAGE,
    POSITIONS,
    SHAPE_NAMES,
    shape_answer,
    shape_picture,
    stops,
)
from rnn_dynamics.pictures.shapes.chart import shape_chart
from rnn_dynamics.pictures.shapes.table import edge_table
from rnn_dynamics.pictures.shapes.words import shape_finding

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=6, batch_size=2, forget_bias=3.0)
PRESETS = {
    "sentiment": OPENING,
    "image": replace(OPENING, sequence_length=1),
    "caption": replace(OPENING, sequence_length=5),
    "tagging": replace(OPENING, cell="lstm"),
    "translation": replace(OPENING, cell="gru", sequence_length=4),
}
#: What each preset is an example of.
SHAPES = {
    "sentiment": "many-to-one",
    "image": "one-to-one",
    "caption": "one-to-many",
    "tagging": "aligned",
    "translation": "encoder-decoder",
}
#: What a hall asks in its first minutes: the opening picture along its two sliders.
EXPECTED = (
    *along_sliders(OPENING, "weight_scale"),
    *(replace(OPENING, sequence_length=length) for length in LENGTHS),
)
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=("shape", "cell", "weight_scale", "sequence_length", "stop"),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "seed"),
    ),
    views={
        "shape": View(label="Shape", values=SHAPE_NAMES, opening="many-to-one"),
        "stop": View(label="Step (arrow keys)", values=POSITIONS),
    },
    cells=("rnn", "lstm", "gru"),
    offered={"sequence_length": LENGTHS},
    preset_views={key: {"shape": shape, "stop": "all"} for key, shape in SHAPES.items()},
    apart=("sequence_length",),
    idle={"sequence_length": lambda now: sentences(PAGE)["one_step"] if now["shape"] == "one-to-one" else ""},
    existing={"stop": lambda now: stops(now("shape"), now("sequence_length"))},
)


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
        FRAME.control("shape")
        FRAME.control("cell")
        FRAME.control("weight_scale")
        FRAME.control("sequence_length")
        FRAME.control("stop")
    experiment, views = FRAME.asked()
    colour = THEMES[background()].cells[experiment.cell]
    datasets = shape_picture(experiment, views["shape"], views["stop"], colour)
    with st.container(key="unrolled"):  # as high as the screen allows, see page.css
        st.vega_lite_chart(
            {**as_vega_lite(shape_chart, background()), "datasets": datasets}, key="picture", height="stretch"
        )
    st.html(shape_finding(experiment, views["shape"]))


def _downloads(experiment: Experiment, views: Views) -> tuple[Download, ...]:
    trace = shape_answer(experiment, views["shape"])
    return (
        csv_download("Edges", "edges", lambda: edge_table(trace.edges), digits=lambda: trace.digits),
        shape_script_download(trace),
    )


FRAME.show(picture, _downloads)
warm_up(PAGE, EXPECTED, lambda experiment: shape_finding(experiment, FRAME.views_at_opening["shape"]))
