"""Vanish or explode? The gradient of three cells through time, live, at every weight scale at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, script_download
from rnn_dynamics.dashboard.frame import AXIS, Frame, View, Views, along_sliders, background, other_fields
from rnn_dynamics.dashboard.trained import chosen_job, look_every
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.before_after.answer import describe, trained_picture
from rnn_dynamics.pictures.before_after.chart import before_after_chart
from rnn_dynamics.pictures.kit.panels import GO, as_vega_lite
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, DIVERGING
from rnn_dynamics.pictures.vanish_or_explode.answer import LivePicture, live_picture
from rnn_dynamics.pictures.vanish_or_explode.chart import GRADIENTS, live_specification
from rnn_dynamics.pictures.vanish_or_explode.curves import curves_table
from rnn_dynamics.pictures.vanish_or_explode.table import chosen_dataset
from rnn_dynamics.pictures.vanish_or_explode.words import finding

PAGE = "vanish_or_explode"
#: The first picture: the RNN's gradient dies within the sequence and the LSTM's does not, and the label says why.
OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "remembers": OPENING,
    "vanishes": replace(OPENING, weight_scale=0.5, forget_bias=0.0),
    "explodes": replace(OPENING, weight_scale=5.0, initialisation="orthogonal", input_scale=0.2),
    "edge": replace(OPENING, weight_scale=2.0),
    "too": replace(OPENING, cell="lstm", initialisation="torch", forget_bias=0.0),
}
#: What a hall asks in its first minutes: the presets, and the opening picture at every sequence length; for each cell.
EXPECTED = tuple(
    replace(experiment, cell=cell)
    for experiment in (*PRESETS.values(), *along_sliders(OPENING, "sequence_length"))
    for cell in CELL_NAMES
)
SCALE_LABELS = tuple(f"{scale:g}" for scale in WEIGHT_SCALES)
MAIN = ("cell", "weight_scale", "sequence_length")
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=MAIN,
    more=other_fields(*MAIN),
    pictured=lambda cell: (cell, "lstm", "gru") if cell == "jordan" else ("rnn", "lstm", "gru"),
    views={
        "gradient": View(label="Gradient of L with respect to", values=tuple(GRADIENTS)),
        "axis": AXIS,
    },
)


@st.fragment
def picture() -> None:
    """The three main controls and everything that depends on them: a held key repaints this, without a full run.

    Each element here costs every step of a held key, in the server and in the browser, so what stands still stands
    outside, and the words are one piece of HTML.
    """
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        FRAME.control("cell")
        FRAME.control("weight_scale")
        FRAME.control("sequence_length")
    experiment, views = FRAME.asked()
    live = _live(experiment, views)
    st.container(key="live").vega_lite_chart(  # see page.css
        {
            **live_specification(views["gradient"], views["axis"], background(), SCALE_LABELS),
            "datasets": live.datasets | {"chosen": chosen_dataset(WEIGHT_SCALES.index(experiment.weight_scale))},
        },
        key="picture",
        height="stretch",
        on_select=_go_there,
        selection_mode=GO,
    )
    st.html(finding(PAGE, experiment, live, views["gradient"]))


def _go_there() -> None:
    """Set the weight scale to that of the row which was clicked."""
    picked = st.session_state["picture"].selection[GO]
    if picked:
        st.session_state["weight_scale"] = WEIGHT_SCALES[picked[0]["scale"]]


def trained() -> None:
    """What training does to the same picture, for a session that has trained a network."""
    st.fragment(_trained, run_every=look_every())()


def _trained() -> None:
    words, (_, views) = sentences(PAGE)["trained"], FRAME.asked()
    job = chosen_job(words, lambda job, opening: describe(job, words, opening))
    if job is not None:
        datasets, note = trained_picture(PAGE, job, views["gradient"], views["axis"] == "lag")
        st.vega_lite_chart(
            {**as_vega_lite(before_after_chart, views["gradient"], views["axis"], background()), "datasets": datasets},
            key="before_after",
            width="stretch",
        )
        st.html(note)


def _live(experiment: Experiment, views: Views) -> LivePicture:
    names = tuple(_names(experiment).items())
    return live_picture(experiment, views["gradient"], views["axis"] == "lag", names, DIVERGING)


def _names(experiment: Experiment) -> dict[str, str]:
    """What the curves are called: what a reader has chosen stands after the cell's name."""
    names = CELL_NAMES | {"lstm": f"LSTM, forget bias {experiment.forget_bias:g}"}
    if experiment.gate_bias == "chrono":
        names |= {"lstm": "LSTM, chrono bias", "gru": "GRU, chrono bias"}
    return names | ({"rnn": "RNN, ReLU", "jordan": "Jordan, ReLU"} if experiment.nonlinearity == "relu" else {})


def _downloads(experiment: Experiment, views: Views) -> tuple[Download, ...]:
    live = _live(experiment, views)
    return (
        csv_download(
            "Curves",
            "curves",
            lambda: _table(live, experiment.weight_scale),
            digits=lambda: live.digits_at(experiment.weight_scale),
        ),
        script_download(experiment),
    )


def _table(live: LivePicture, weight_scale: float) -> Any:
    row = live.row_of(weight_scale)
    norms = {
        cell: {component: values[row] for component, values in components.items()}
        for cell, components in live.families.log10_norms.items()
    }
    return curves_table(norms, weight_scale)


FRAME.show(picture, _downloads, below=trained)
warm_up(PAGE, EXPECTED, lambda experiment: _live(experiment, FRAME.views_at_opening))
