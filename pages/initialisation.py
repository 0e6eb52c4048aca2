"""What initialisation really does: the factor per step of every scheme that people use, over 20 networks."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.dashboard.downloads import Download, csv_download, script_download
from rnn_dynamics.dashboard.frame import Frame, View, Views, along_sliders, background
from rnn_dynamics.dashboard.scheme_growth import STATUS_WIDTH, come_back, grown_rows, show_table
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.engine.schemes import scheme_experiment
from rnn_dynamics.experiment import KNOBS_NUMBER, Experiment
from rnn_dynamics.pictures.initialisation.answer import fill, first_network, scheme_picture, scheme_rows
from rnn_dynamics.pictures.initialisation.chart import scheme_chart
from rnn_dynamics.pictures.initialisation.table import initialisations_table
from rnn_dynamics.pictures.initialisation.words import PAGE
from rnn_dynamics.pictures.kit.panels import as_vega_lite

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "opening": OPENING,
    "long": replace(OPENING, sequence_length=200),
    "wide": replace(OPENING, hidden_size=128),
    "half": replace(OPENING, weight_scale=0.5),
    "ten": replace(OPENING, weight_scale=10.0),
}
MAIN = ("weight_scale", "sequence_length", "hidden_size")
EXPECTED = (*PRESETS.values(), *along_sliders(OPENING, "weight_scale", "sequence_length"))
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=MAIN,
    more=("input_size", "batch_size", "input_scale", "loss_at", "seed"),  # the rest is what a scheme decides
    views={"order": View(label="Rows by", values=("scheme", "factor"))},
    # The published figures are those of 128 units, which no other page could compute while somebody waits.
    offered={"hidden_size": (*KNOBS_NUMBER["hidden_size"].offered, 128)},
)


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them; see the home page on what each element costs.

    Where rows are missing, a run computes for a moment, paints what there is, and asks for the next run.
    """
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for name in MAIN:
            FRAME.control(name)
        status = st.container(width=STATUS_WIDTH).empty()  # its place is kept, so that no slider moves
    experiment, views = FRAME.asked()
    rows = grown_rows(experiment, status)
    datasets, finding = scheme_picture(experiment, rows, views["order"])
    st.vega_lite_chart(
        {**as_vega_lite(scheme_chart, background()), "datasets": datasets}, key="picture", width="stretch"
    )
    st.html(finding)
    show_table(rows)
    come_back(experiment)


def _downloads(experiment: Experiment, _: Views) -> tuple[Download, ...]:
    rows = tuple(scheme_rows(experiment).rows)
    return (
        csv_download(f"Table, {len(rows)} rows", "table", lambda: initialisations_table(rows)),
        script_download(
            scheme_experiment("torch", "lstm", first_network(experiment)), ", PyTorch's default, the first network"
        ),
    )


FRAME.show(picture, _downloads)
warm_up(PAGE, EXPECTED, fill)
