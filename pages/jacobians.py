"""Why: a product of Jacobians. What the bound allows, what the eigenvalues suggest, and what the network does."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, jacobian_script_download
from rnn_dynamics.dashboard.frame import AXIS, Frame, View, Views, along_sliders, background, other_fields
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.jacobians.answer import PAGE, jacobian_answer, jacobian_picture
from rnn_dynamics.pictures.jacobians.chart import jacobian_chart
from rnn_dynamics.pictures.jacobians.table import jacobian_table
from rnn_dynamics.pictures.jacobians.words import jacobian_finding
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, THEMES
from rnn_dynamics.pictures.latch.answer import OPENING_WEIGHT, WEIGHTS, latch_picture
from rnn_dynamics.pictures.latch.chart import latch_chart

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "bound": OPENING,
    "orthogonal": replace(OPENING, initialisation="orthogonal", weight_scale=0.9, input_scale=0.0),
    "not_normal": replace(OPENING, weight_scale=0.9, input_scale=0.0, hidden_size=16, seed=19),
    "chaos": replace(OPENING, weight_scale=3.0),
    "lstm": replace(OPENING, cell="lstm"),
}
#: What a hall asks in its first minutes: the presets, and the opening picture along its two sliders; for each cell.
EXPECTED = (
    *PRESETS.values(),
    *(
        step
        for cell in CELL_NAMES
        for step in along_sliders(replace(OPENING, cell=cell), "weight_scale", "sequence_length")
    ),
)
MAIN = ("cell", "weight_scale", "sequence_length")
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=(*MAIN, "latch_weight"),
    more=other_fields(*MAIN, "loss_at"),  # a Jacobian does not know the loss
    views={"axis": AXIS, "latch_weight": View(label="Weight w", values=WEIGHTS, opening=OPENING_WEIGHT)},
)


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        FRAME.control("cell")
        FRAME.control("weight_scale")
        FRAME.control("sequence_length")
    experiment, views = FRAME.asked()
    datasets, finding = _picture(experiment, views)
    st.vega_lite_chart(
        {**as_vega_lite(jacobian_chart, views["axis"], background()), "datasets": datasets},
        key="picture",
        width="stretch",
    )
    st.html(finding)


@st.fragment
def latch() -> None:
    """One unit that holds a bit."""
    words = sentences(PAGE)["latch"]
    st.header(words["head"], anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(words["intro"])
        datasets, finding = latch_picture(PAGE, FRAME.control("latch_weight"))
        st.html(finding)
    with right:
        st.vega_lite_chart(
            {**as_vega_lite(latch_chart, background()), "datasets": datasets}, key="latch", width="stretch"
        )


def _picture(experiment: Experiment, views: Views) -> tuple[dict[str, bytes], str]:
    colour = THEMES[background()].cells[experiment.cell]
    return jacobian_picture(experiment, views["axis"] == "lag", colour), jacobian_finding(experiment)


def _downloads(experiment: Experiment, _: Views) -> tuple[Download, ...]:
    answer = jacobian_answer(experiment)
    return (
        csv_download(
            "Lines",
            "lines",
            lambda: jacobian_table(answer.lags, answer.log10_singular_values, answer.factors),
            digits=lambda: answer.digits,
        ),
        jacobian_script_download(experiment),
    )


FRAME.show(picture, _downloads, below=latch)
warm_up(PAGE, EXPECTED, jacobian_finding)  # and with it the answer, which is what takes time
