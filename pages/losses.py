"""Which loss, how far back: every single loss at every step, what a sum of them hides, and what truncation cuts off."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, loss_script_download
from rnn_dynamics.dashboard.frame import Frame, View, Views, along_sliders, background, run_again
from rnn_dynamics.dashboard.measuring import grown_measurement, measured
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.pictures.cost.answer import cost_finding, cost_picture
from rnn_dynamics.pictures.cost.chart import cost_chart
from rnn_dynamics.pictures.cost.table import cost_table
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, THEMES, Background
from rnn_dynamics.pictures.losses.answer import PAGE, TRUNCATIONS, loss_answer, loss_picture
from rnn_dynamics.pictures.losses.chart import HEIGHT, loss_chart
from rnn_dynamics.pictures.losses.table import loss_table, truncation_table
from rnn_dynamics.pictures.losses.words import loss_finding

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "hidden": OPENING,
    "carousel": replace(OPENING, cell="lstm"),
    "default": replace(OPENING, cell="lstm", initialisation="torch", forget_bias=0.0),
    "gru": replace(OPENING, cell="gru"),
    "exploding": replace(OPENING, weight_scale=3.0),
}
SLIDERS = ("weight_scale", "sequence_length")
#: What a hall asks in its first minutes: the presets, and the opening picture along its sliders.
EXPECTED = (*PRESETS.values(), *along_sliders(OPENING, *SLIDERS))
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=("cell", *SLIDERS, "truncation"),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "seed"),
    ),
    views={"truncation": View(label="Truncation length τ", values=TRUNCATIONS, opening="10")},
)


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them; see the home page on what each element costs."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for name in ("cell", *SLIDERS, "truncation"):
            FRAME.control(name)
    experiment, views = FRAME.asked()
    datasets, finding = _picture(experiment, views)
    with st.container(key="tall_picture", height=HEIGHT, border=False):  # a phone needs more; see page.css
        st.vega_lite_chart(
            {**as_vega_lite(loss_chart, background()), "datasets": datasets},
            key="picture",
            width="stretch",
            height="stretch",
        )
    st.html(finding)


@st.fragment
def cost() -> None:
    """What grows with T, measured when a reader asks for it, with the network that is set then."""
    st.html(sentences(PAGE)["cost"]["head"])
    measurement, goes_on = grown_measurement(FRAME.asked()[0])
    if measurement is None or not measurement.values:
        return
    st.vega_lite_chart(
        {**as_vega_lite(cost_chart, measurement.experiment.cell, background()), "datasets": cost_picture(measurement)},
        key="cost_picture",
        width="stretch",
    )
    st.html(cost_finding(measurement))
    if goes_on:
        run_again()


def _picture(experiment: Experiment, views: Views, on: Background | None = None) -> tuple[dict[str, bytes], str]:
    colour = THEMES[on or background()].cells[experiment.cell]
    return (
        loss_picture(experiment, views["truncation"], colour, SEQUENTIAL),
        loss_finding(experiment, views["truncation"]),
    )


def _downloads(experiment: Experiment, _: Views) -> tuple[Download, ...]:
    answer, measurement = loss_answer(experiment), measured()
    asked = settings(answer.experiment)  # a large batch is lowered
    files = (
        csv_download("Loss × time", "loss_by_time", lambda: loss_table(answer), asked, lambda: answer.digits),
        csv_download("Truncation", "truncation", lambda: truncation_table(answer), asked, lambda: answer.digits),
        loss_script_download(answer),
    )
    if measurement is None or not measurement.values:
        return files
    of = settings(measurement.experiment)
    return (*files, csv_download("Linear in T", "cost", lambda: cost_table(measurement.values), of))


FRAME.show(picture, _downloads, below=cost)
warm_up(PAGE, EXPECTED, lambda experiment: _picture(experiment, FRAME.views_at_opening, "light"))
