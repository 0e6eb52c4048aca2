"""Depth and direction: where an error goes in a stack of layers that read forwards, backwards, or both."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.dashboard.downloads import Download, csv_download, script_download
from rnn_dynamics.dashboard.frame import AXIS, Frame, Views, along_sliders, background
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.pictures.depth.answer import PAGE, depth_answer, depth_picture
from rnn_dynamics.pictures.depth.chart import depth_chart
from rnn_dynamics.pictures.depth.table import depth_table
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.theme import DIVERGING

OPENING = Experiment(
    cell="lstm",
    weight_scale=1.0,
    sequence_length=100,
    batch_size=2,
    forget_bias=1.0,
    num_layers=2,
    bidirectional=True,
)
PRESETS = {
    "last": OPENING,
    "every": replace(OPENING, loss_at="every"),
    "deep": replace(OPENING, num_layers=4, bidirectional=False),
    "rnn": replace(OPENING, cell="rnn", num_layers=4, bidirectional=False),
    "one": replace(OPENING, num_layers=1, bidirectional=False),
}
SLIDERS = ("num_layers", "weight_scale", "sequence_length")
#: What a hall asks in its first minutes: the presets, and the opening picture along its sliders.
EXPECTED = (*PRESETS.values(), *along_sliders(OPENING, *SLIDERS))
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=("cell", "loss_at", "bidirectional", *SLIDERS),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "hidden_path", "text", "seed"),
    ),
    views={"axis": AXIS},
    cells=("rnn", "lstm", "gru"),
)


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them; see the home page on what each element costs."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
        for name in ("cell", "loss_at", "bidirectional", "num_layers", "weight_scale"):
            FRAME.control(name)
        FRAME.control("sequence_length")
    experiment, views = FRAME.asked()
    datasets, finding = _picture(experiment, views)
    with st.container(key="layers"):  # as high as the screen allows, see page.css
        st.vega_lite_chart(
            {**as_vega_lite(depth_chart, views["axis"], background()), "datasets": datasets},
            key="picture",
            height="stretch",
        )
    st.html(finding)


def _picture(experiment: Experiment, views: Views) -> tuple[dict[str, bytes], str]:
    return depth_picture(experiment, views["axis"] == "lag", DIVERGING)


def _downloads(experiment: Experiment, _: Views) -> tuple[Download, ...]:
    trace = depth_answer(experiment).trace
    return (
        csv_download(
            "All layers",
            "layers",
            lambda: depth_table(trace.layers, trace.log10_norms["input"]),
            of=settings(trace.experiment),  # a large batch is lowered
            digits=lambda: trace.digits,
        ),
        script_download(trace.experiment),
    )


FRAME.show(picture, _downloads)
warm_up(PAGE, EXPECTED, lambda experiment: _picture(experiment, FRAME.views_at_opening))
