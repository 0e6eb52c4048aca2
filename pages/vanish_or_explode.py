"""Vanish or explode? The gradient of three cells through time, live, at every weight scale at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from rnn_dynamics.charts.theme import CELL_NAMES, DIVERGING, Background
from rnn_dynamics.charts.vanish_or_explode import GRADIENTS, live_specification
from rnn_dynamics.dashboard import controls, links
from rnn_dynamics.dashboard.cache import LivePicture, live_picture, warm_up
from rnn_dynamics.dashboard.content import prose, sentences
from rnn_dynamics.dashboard.server import prepare_server
from rnn_dynamics.dashboard.verdict_text import claim, notes, verdict_table
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
SCALE_LABELS = tuple(f"{scale:g}" for scale in WEIGHT_SCALES)
MAIN = ("cell", "weight_scale", "sequence_length")
MORE = tuple(name for name in KNOBS if name not in MAIN)


@st.fragment
def picture() -> None:
    """Controls and everything that depends on them: one fragment, so that a held key repaints without a full run."""
    experiment = _controls()
    # The switches stand below the picture, but the picture needs what they say.
    above, below = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with below:
        component = _view_switch("gradient", "Gradient of L by")
        axis = _view_switch("axis", "Against")
    names = CELL_NAMES | {"lstm": f"LSTM, forget bias {experiment.forget_bias:g}"}
    live = live_picture(experiment, component, axis == "lag", tuple(names.items()), DIVERGING)
    position = WEIGHT_SCALES.index(experiment.weight_scale)
    row = live.picture.rows.index(position)
    chosen = {cell: values[row] for cell, values in live.picture.curves.items()}
    words = sentences(PAGE)
    above.markdown(claim(words, chosen))
    background: Background = "dark" if st.context.theme.type == "dark" else "light"
    datasets = live.datasets | {"chosen": chosen_dataset(live.picture, position)}
    above.vega_lite_chart(
        {**live_specification(component, axis, background, SCALE_LABELS), "datasets": datasets},
        key="picture",
        width="stretch",
    )
    st.markdown(verdict_table(words, chosen, experiment, live.families))
    for note in notes(words, chosen, experiment, live.families, row):
        st.caption(note)
    share = st.expander("Share and check", on_change="rerun", key="share")
    if share.open:  # closed, it would still be built at every step of a slider
        with share:
            _share(experiment, component, axis, live, row)


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
        st.session_state.update({key: values[0] for key, values in VIEW.items()})


def _next_seed() -> None:
    """The next seed, not a random one: a whole class that presses the button sees the same networks."""
    st.session_state["seed"] = (st.session_state.get("seed", OPENING.seed) + 1) % 100


def _controls() -> Experiment:
    columns = st.columns([1.35, 2, 2, 0.65], vertical_alignment="bottom")
    with columns[3]:
        more = st.popover("More", on_change="rerun", key="more")
    chosen = settings(OPENING) | {name: st.session_state[name] for name in MORE if name in st.session_state}
    # Controls that stand at their opening value need not be built while they are hidden: half the time of a rerun.
    if more.open or chosen != settings(OPENING) or any(name in st.query_params for name in MORE):
        with more:
            chosen |= _more_controls()
    with columns[0]:
        chosen["cell"] = controls.choice("cell", OPENING)
    with columns[1]:
        chosen["weight_scale"] = controls.slider("weight_scale", OPENING)
    with columns[2]:
        chosen["sequence_length"] = controls.slider("sequence_length", OPENING, disabled=bool(chosen["text"]))
    return Experiment(**chosen)


def _view_switch(key: str, label: str) -> str:
    names = VIEW[key]
    return st.segmented_control(label, names, default=names[0], key=key, required=True, bind="query-params") or names[0]


def _more_controls() -> dict[str, Any]:
    typed = controls.text("text", OPENING)
    sliders = ("hidden_size", "batch_size", "input_size", "forget_bias", "input_scale", "seed")
    values = {name: controls.slider(name, OPENING) for name in sliders}
    return values | {
        "text": typed,
        "initialisation": controls.select("initialisation", OPENING),
        "loss_at": controls.choice("loss_at", OPENING),
    }


def _share(experiment: Experiment, component: str, axis: str, live: LivePicture, row: int) -> None:
    opening = settings(OPENING) | {key: values[0] for key, values in VIEW.items()}
    now = settings(experiment) | {"gradient": component, "axis": axis}
    if experiment.text:  # T and D follow from it
        now |= {name: opening[name] for name in ("sequence_length", "input_size")}
    st.caption("This link opens exactly this picture, seed included.")
    st.code(links.share_link(now, opening), language=None, wrap_lines=True)
    left, right = st.columns(2)
    left.download_button(
        "Curves (CSV)",
        lambda: _csv(live, row, experiment.weight_scale),
        file_name="gradients.csv",
        mime="text/csv",
        on_click="ignore",
        width="stretch",
    )
    right.download_button(
        f"PyTorch script ({CELL_NAMES[experiment.cell]})",
        lambda: reproduction_script(experiment),
        file_name=f"gradients_{experiment.cell}.py",
        mime="text/x-python",
        on_click="ignore",
        width="stretch",
    )
    st.caption("The script needs numpy and torch, nothing of ours, and prints the same numbers by autograd.")


def _csv(live: LivePicture, row: int, weight_scale: float) -> str:
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
    # A finger drawn sideways over the map moves the curves; up and down it still scrolls the page.
    st.html("<style>[data-testid='stVegaLiteChart'] canvas { touch-action: pan-y; }</style>")
    st.title(words["title"], anchor=False)
    with st.container(horizontal=True, wrap=False, gap="small", key="presets"):
        _preset_buttons()
    links.show_notices()
    picture()
    st.markdown(prose(PAGE))
    warm_up(EXPECTED)


page()
