"""Vanish or explode? The gradient of three cells through time, live, at every weight scale at once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.charts.theme import CELL_NAMES, DIVERGING, Background
from rnn_dynamics.charts.vanish_or_explode import GRADIENTS, live_specification
from rnn_dynamics.dashboard import controls, links
from rnn_dynamics.dashboard.cache import LivePicture, live_picture, warm_up
from rnn_dynamics.dashboard.content import STYLE, prose, sentences
from rnn_dynamics.dashboard.server import prepare_server
from rnn_dynamics.dashboard.verdict_text import finding
from rnn_dynamics.experiment import KNOBS, KNOBS_NUMBER, WEIGHT_SCALES, Experiment, settings
from rnn_dynamics.reproduction import reproduction_script
from rnn_dynamics.tables.curves import curves_table
from rnn_dynamics.tables.live import chosen_dataset

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
#: What a hall asks in its first minutes: the presets, and the opening picture at every sequence length.
EXPECTED = (
    *PRESETS.values(),
    *(replace(OPENING, sequence_length=int(length)) for length in KNOBS_NUMBER["sequence_length"].offered),
)
#: Which gradient is drawn, and against what: settings of the picture, not of the experiment.
VIEW = {"gradient": tuple(GRADIENTS), "axis": ("step", "lag")}
VIEW_LABELS = {"gradient": "Gradient of L by", "axis": "Against"}
VIEW_OPENING = {key: values[0] for key, values in VIEW.items()}
AT_OPENING = settings(OPENING) | VIEW_OPENING
SCALE_LABELS = tuple(f"{scale:g}" for scale in WEIGHT_SCALES)
MAIN = ("cell", "weight_scale", "sequence_length")
MORE = tuple(name for name in KNOBS if name not in MAIN)


@st.fragment
def picture() -> None:
    """The three main controls and everything that depends on them: a held key repaints this, without a full run.

    Each element here costs every step of a held key, in the server and in the browser, so what stands still stands
    outside, and the words are one piece of HTML.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _main_controls()
    experiment, component, axis = _asked()
    live = _live(experiment, component, axis)
    background: Background = "dark" if st.context.theme.type == "dark" else "light"
    st.vega_lite_chart(
        {
            **live_specification(component, axis, background, SCALE_LABELS),
            "datasets": live.datasets | {"chosen": chosen_dataset(WEIGHT_SCALES.index(experiment.weight_scale))},
        },
        key="picture",
        width="stretch",
    )
    st.html(finding(PAGE, experiment, live))


def _asked() -> tuple[Experiment, str, str]:
    """The experiment, the component and the axis, as the controls stand; hidden ones at the opening."""
    given = st.session_state.to_dict()  # once: to ask for a key that is not there is slow
    state = AT_OPENING | {name: given[name] for name in AT_OPENING if given.get(name) not in (None, "")}
    component, axis = (state.pop(key) for key in VIEW)
    return Experiment(**state), component, axis


def _live(experiment: Experiment, component: str, axis: str) -> LivePicture:
    names = CELL_NAMES | {"lstm": f"LSTM, forget bias {experiment.forget_bias:g}"}
    return live_picture(experiment, component, axis == "lag", tuple(names.items()), DIVERGING)


def _preset_buttons() -> None:
    """Outside the fragment, which would otherwise build seven buttons at every step of a slider."""
    names = sentences(PAGE)["presets"]
    for number, (key, preset) in enumerate(PRESETS.items(), start=1):
        st.button(names[key], key=f"preset_{key}", shortcut=f"Alt+{number}", on_click=_go_to, args=(preset,))
    st.button("Reset", key="reset", shortcut="Alt+0", on_click=_go_to, args=(OPENING, True))
    st.button("New seed", key="new_seed", shortcut="Alt+N", on_click=_next_seed)


def _go_to(experiment: Experiment, view_too: bool = False) -> None:
    """Set every control; a preset keeps the reader's view, a reset does not."""
    st.session_state.update(settings(experiment))
    if view_too:
        st.session_state.update(VIEW_OPENING)


def _next_seed() -> None:
    """The next seed, not a random one: a whole class that presses the button sees the same networks."""
    st.session_state["seed"] = (st.session_state.get("seed", OPENING.seed) + 1) % 100


def _main_controls() -> None:
    controls.choice("cell", OPENING)
    controls.slider("weight_scale", OPENING)
    controls.slider("sequence_length", OPENING, disabled=bool(st.session_state.get("text")))


def _more() -> None:
    """Everything else: built only while it is open or away from its opening value, else it would cost every run."""
    more = st.popover("More", on_change="rerun", key="more")
    names = (*VIEW, *MORE)
    away = any(st.session_state.get(name, AT_OPENING[name]) != AT_OPENING[name] for name in names)
    if more.open or away or any(name in st.query_params for name in names):
        with more:
            _more_controls()


def _more_controls() -> None:
    for key, label in VIEW_LABELS.items():
        st.segmented_control(label, VIEW[key], default=VIEW[key][0], key=key, required=True, bind="query-params")
    for name in ("hidden_size", "batch_size", "input_size", "forget_bias", "input_scale", "seed"):
        controls.slider(name, OPENING)
    controls.select("initialisation", OPENING)
    controls.choice("loss_at", OPENING)
    controls.choice("hidden_path", OPENING)
    controls.text("text", OPENING)


def _share_panel(experiment: Experiment, component: str, axis: str) -> None:
    now = settings(experiment) | {"gradient": component, "axis": axis}
    if experiment.text:  # T and D follow from it
        now |= {name: AT_OPENING[name] for name in ("sequence_length", "input_size")}
    st.caption("This link opens exactly this picture, seed included.")
    st.code(links.share_link(now, AT_OPENING), language=None, wrap_lines=True)
    live = _live(experiment, component, axis)
    st.download_button(
        "Curves (CSV)",
        lambda: _csv(live, experiment.weight_scale),
        file_name="gradients.csv",
        mime="text/csv",
        on_click="ignore",
        width="stretch",
    )
    st.download_button(
        f"PyTorch script ({CELL_NAMES[experiment.cell]})",
        lambda: reproduction_script(experiment),
        file_name=f"gradients_{experiment.cell}.py",
        mime="text/x-python",
        on_click="ignore",
        width="stretch",
    )
    st.caption("The script needs numpy and torch, nothing of ours, and prints the same numbers by autograd.")


def _csv(live: LivePicture, weight_scale: float) -> str:
    row = live.row_of(weight_scale)
    norms = {
        cell: {component: values[row] for component, values in components.items()}
        for cell, components in live.families.log10_norms.items()
    }
    return curves_table(norms, weight_scale).to_csv(index=False)


def page() -> None:
    """The page, the same whether the app or the file alone is run."""
    words = sentences(PAGE)
    st.set_page_config(page_title=f"{words['title']} · rnn_dynamics", page_icon="docs/icon.svg", layout="wide")
    prepare_server()
    links.read_link({name: None for name in KNOBS} | VIEW)
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title(words["title"], anchor=False)
        _more()
        share = st.popover("Share and check", on_change="rerun", key="share")
    with st.container(horizontal=True, wrap=False, gap="small", key="presets"):
        _preset_buttons()
    links.show_notices()
    picture()
    if share.open:  # filled last, when every control is known; built only while it is open
        with share:
            _share_panel(*_asked())
    st.markdown(prose(PAGE))
    warm_up(EXPECTED, lambda experiment: _live(experiment, VIEW_OPENING["gradient"], VIEW_OPENING["axis"]))


page()
