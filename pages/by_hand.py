"""By hand: forward and backward of each cell in a few lines, step by step, beside torch and autograd."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download
from rnn_dynamics.dashboard.frame import Frame, View, Views, background
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.by_hand.answer import MISTAKE_NAMES, PAGE, hand_answer, hand_picture
from rnn_dynamics.pictures.by_hand.board import board
from rnn_dynamics.pictures.by_hand.chart import hand_chart
from rnn_dynamics.pictures.by_hand.table import steps_table
from rnn_dynamics.pictures.by_hand.words import code_blocks, comparison, hand_finding, hand_question
from rnn_dynamics.pictures.kit.panels import as_vega_lite

#: Sizes of which no two are the same: each shape tells its letters.
OPENING = Experiment(
    cell="rnn", initialisation="torch", sequence_length=5, batch_size=3, input_size=4, hidden_size=2, forget_bias=0.0
)
PRESETS = {
    "rnn": OPENING,
    "both": replace(OPENING, bidirectional=True),
    "lstm": replace(OPENING, cell="lstm"),
    "gru": replace(OPENING, cell="gru"),
    "flip": replace(OPENING, bidirectional=True),
}
#: Largest values whose numbers fit on a board, and whose finite differences on a moment.
OFFERED = {"sequence_length": (1, 2, 3, 4, 5, 6), "batch_size": (1, 2, 3), "input_size": (1, 2, 3, 4)}
OFFERED |= {"hidden_size": (1, 2, 3)}
#: What a hall asks in its first minutes: each cell at the opening, and along its sliders of size.
EXPECTED = tuple(
    replace(OPENING, cell=cell, bidirectional=both, **{name: value})  # type: ignore[arg-type]
    for cell in MISTAKE_NAMES
    for both in (False, True)
    for name, values in OFFERED.items()
    for value in values
)
RIGHT = {f"{cell}_mistake": "none" for cell in MISTAKE_NAMES}
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=("cell", "bidirectional", *RIGHT, "step", *OFFERED),
    more=("initialisation", "forget_bias", "input_scale", "seed"),
    views={
        **{f"{cell}_mistake": View(label="Mistake", values=("none", *names)) for cell, names in MISTAKE_NAMES.items()},
        "step": View(label="Step t", values=tuple(map(str, OFFERED["sequence_length"])), slider=True),
    },
    offered=OFFERED,
    cells=tuple(MISTAKE_NAMES),
    preset_views=dict.fromkeys(PRESETS, RIGHT) | {"flip": RIGHT | {"rnn_mistake": "no flip"}},
    apart=(*OFFERED, "initialisation"),  # here the biases shall be drawn too
    idle={
        f"{cell}_mistake": lambda now, cell=cell: "" if now["cell"] == cell else sentences(PAGE)["other_cell"]  # type: ignore[misc]
        for cell in MISTAKE_NAMES
    },
    existing={"step": lambda now: tuple(map(str, range(1, now("sequence_length") + 1)))},
)


@st.fragment
def picture() -> None:
    """The controls, what depends on the step, and what does not."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="controls"):
        cell = FRAME.control("cell")
        FRAME.control(f"{cell}_mistake")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="sizes"):
        for name in ("bidirectional", *OFFERED):
            FRAME.control(name)
    walk()
    asked = _asked(*FRAME.asked())
    st.html(hand_finding(*asked))
    for head, code in zip(sentences(PAGE)["code"].values(), code_blocks(*asked), strict=True):
        st.header(head, anchor=False)
        st.code(code, wrap_lines=True)


@st.fragment
def walk() -> None:
    """The step's slider and what depends on it; a fragment of its own, so that a held key need not paint the code."""
    FRAME.control("step")
    experiment, views = FRAME.asked()
    asked, step = _asked(experiment, views), int(views["step"])
    with st.container(key="outputs"):  # see page.css
        st.vega_lite_chart(
            {**as_vega_lite(hand_chart, background()), "datasets": hand_picture(*asked, step)},
            key="picture",
            height="stretch",
        )
    st.html(hand_question(*asked) + board(*asked, step))


def _asked(experiment: Experiment, views: Views) -> tuple[Experiment, str]:
    """The example, and the mistake, "" for none."""
    mistake = views[f"{experiment.cell}_mistake"]
    return experiment, "" if mistake == "none" else mistake


def _downloads(experiment: Experiment, views: Views) -> tuple[Download, ...]:
    answer = hand_answer(*_asked(experiment, views))
    walks = {"forward": answer.forward.steps, "backward": answer.backward.steps}
    return (
        csv_download("Every number of every step", "steps", lambda: steps_table(walks)),
        Download(
            label="Comparison script (NumPy and PyTorch)",
            what="comparison",
            suffix="py",
            content=lambda: comparison(answer),
        ),
    )


FRAME.show(picture, _downloads)
warm_up(PAGE, EXPECTED, lambda experiment: hand_finding(experiment, ""))
