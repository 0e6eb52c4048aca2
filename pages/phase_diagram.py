"""Phase diagram: at which weight scale and input strength gradients vanish or explode, and what dL/dW_hh hears."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, csv_download, script_download
from rnn_dynamics.dashboard.frame import Frame, View, Views, along_sliders, background, other_fields
from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.panels import GO, as_vega_lite
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, DIVERGING, THEMES
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, computed_strengths, lag_answer, missing, phase_row
from rnn_dynamics.pictures.phase_diagram.chart import phase_chart
from rnn_dynamics.pictures.phase_diagram.picture import phase_picture
from rnn_dynamics.pictures.phase_diagram.table import fewest_digits, lag_table, map_table
from rnn_dynamics.pictures.phase_diagram.words import PAGE

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "house": OPENING,
    "silent": replace(OPENING, input_scale=0.0),
    "weak": replace(OPENING, input_scale=0.316),
    "lstm": replace(OPENING, cell="lstm", input_scale=0.316),
    "beyond": replace(OPENING, weight_scale=5.0),
}
#: What a hall asks in its first minutes: the presets, each cell, and the opening picture along its sliders.
EXPECTED = (
    *along_sliders(OPENING, "input_scale", "weight_scale"),
    *(replace(OPENING, cell=cell, input_scale=scale) for cell in CELL_NAMES for scale in INPUT_SCALES),
    *PRESETS.values(),
    *(
        replace(experiment, input_scale=scale)
        for experiment in along_sliders(OPENING, "sequence_length")
        for scale in INPUT_SCALES
    ),
)
MAIN = ("cell", "weight_scale", "input_scale", "sequence_length")
FRAME = Frame(
    name=PAGE,
    opening=OPENING,
    presets=PRESETS,
    main=MAIN,
    more=other_fields(*MAIN),
    views={"across": View(label="Map across", values=("input", "lag"))},
)
SCALE_LABELS = tuple(f"{scale:g}" for scale in WEIGHT_SCALES)
#: Key of the session's state: the map that its reader has stopped.
STOPPED = "stopped_map"
#: Seconds of rows between two pictures of a map that is being computed.
SLICE = 0.25


@st.fragment
def picture() -> None:
    """The main controls and everything that depends on them; see the home page on what each element costs."""
    FRAME.show_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for name in MAIN:
            FRAME.control(name)
    experiment, views = FRAME.asked()
    there = computed_strengths(experiment, views["across"], SLICE if _going_on(experiment) else 0.0)
    datasets, finding = _picture(experiment, views, there)
    st.vega_lite_chart(
        {**as_vega_lite(phase_chart, views["across"], background(), SCALE_LABELS), "datasets": datasets},
        key="picture",
        width="stretch",
        on_select=_go_there,
        selection_mode=GO,
    )
    st.html(finding)
    if missing(experiment, views["across"], there):
        _show_progress(experiment, there)
        if _going_on(experiment) and page_is_drawn:
            st.rerun(scope="fragment")


def _picture(experiment: Experiment, views: Views, there: tuple[float, ...]) -> tuple[dict[str, bytes], str]:
    colour = THEMES[background()].cells[experiment.cell]
    return phase_picture(experiment, there, views["across"], colour, DIVERGING)


def _map_of(experiment: Experiment) -> Experiment:
    """What all settings have in common that share a map."""
    return replace(experiment, weight_scale=1.0, input_scale=1.0, seed=0)


def _go_there() -> None:
    """Set the controls to the cell that was clicked."""
    picked = st.session_state["picture"].selection[GO]
    if picked:
        there = {"weight_scale": WEIGHT_SCALES[picked[0]["scale"]]}
        if FRAME.asked()[1]["across"] == "input":
            there["input_scale"] = INPUT_SCALES[picked[0]["column"]]
        FRAME.set(there)


def _going_on(experiment: Experiment) -> bool:
    """Whether the reader has let this map be computed."""
    return bool(st.session_state.get(STOPPED) != _map_of(experiment))


def _go_on() -> None:
    """Run again for the next rows of a map that is not complete."""
    experiment, views = FRAME.asked()
    there = computed_strengths(experiment, views["across"], 0.0)
    if _going_on(experiment) and missing(experiment, views["across"], there):
        st.rerun()


def _show_progress(experiment: Experiment, there: tuple[float, ...]) -> None:
    """How much of the map there is, and the button that stops it or lets it go on."""
    with st.container(key="computing"):
        words, done, all_rows = sentences(PAGE)["progress"], len(there), len(INPUT_SCALES)
        st.progress(done / all_rows, text=words["text"].format(done=done, all=all_rows))
        going_on = _going_on(experiment)
        st.button(words["stop" if going_on else "go_on"], key="stop", on_click=_set_stopped, args=(going_on,))


def _set_stopped(stop: bool) -> None:
    """Stop what the controls ask for by now: a slider may have moved since the button was drawn."""
    st.session_state[STOPPED] = _map_of(FRAME.asked()[0]) if stop else None


def _downloads(experiment: Experiment, views: Views) -> tuple[Download, ...]:
    there = computed_strengths(experiment, views["across"], 0.0)
    split = lag_answer(experiment)
    rows = [phase_row(replace(experiment, input_scale=scale)) for scale in there]
    return (
        *((csv_download("Map", "map", lambda: map_table(rows), digits=lambda: fewest_digits(rows)),) if rows else ()),
        csv_download("Split by lag", "by_lag", lambda: lag_table(split), digits=lambda: split.digits),
        script_download(experiment),
    )


def _answer(experiment: Experiment) -> None:
    phase_row(experiment)
    lag_answer(experiment)


# A fragment may ask for another run of itself only while it runs alone; after a run of the whole page the page asks.
page_is_drawn = False
FRAME.show(picture, _downloads)
page_is_drawn = True
warm_up(PAGE, EXPECTED, _answer)
_go_on()
