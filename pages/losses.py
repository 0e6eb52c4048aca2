"""Which loss, how far back: every single loss at every step, what a sum of them hides, and what truncation cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download
from rnn_dynamics.dashboard.frame import View, Views, along_sliders, background, run_again
from rnn_dynamics.dashboard.measuring import grown_measurement, measured
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.pictures.cost.answer import cost_finding, cost_picture
from rnn_dynamics.pictures.cost.chart import cost_chart
from rnn_dynamics.pictures.cost.table import cost_table
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.losses import PICTURE, TRUNCATIONS

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "hidden": OPENING,
    "carousel": replace(OPENING, cell="lstm"),
    "default": replace(OPENING, cell="lstm", initialisation="torch", forget_bias=0.0),
    "gru": replace(OPENING, cell="gru"),
    "exploding": replace(OPENING, weight_scale=3.0),
}
SLIDERS = ("weight_scale", "sequence_length")


class _Measured(Page):
    """The page, which hands out what a reader has measured too."""

    def files(self, experiment: Experiment, views: Views) -> Sequence[Download]:
        """What the share panel hands out."""
        found, measurement = super().files(experiment, views), measured()
        if measurement is None or not measurement.values:
            return found
        of = settings(measurement.experiment)
        return (*found, csv_download("Linear in T", "cost", lambda: cost_table(measurement.values), of))


PAGE = _Measured(
    name="losses",
    picture=PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(*PRESETS.values(), *along_sliders(OPENING, *SLIDERS)),
    main=("cell", *SLIDERS, "truncation"),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "seed"),
    ),
    views={"truncation": View(label="Truncation length τ", values=TRUNCATIONS, opening="10")},
    place={"key": "tall_picture", "height": 500, "border": False},  # a phone needs more; see page.css
)


@st.fragment
def cost() -> None:
    """What grows with T, measured when a reader asks for it, with the network that is set then."""
    st.html(sentences("cost")["head"])
    measurement, goes_on = grown_measurement(PAGE.asked()[0])
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


PAGE.run(below=cost)
