"""Controls of settings: same key as the field, same limits, bound to the address."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.experiment import KNOBS, Choice, Number, Text
from rnn_dynamics.pictures.kit.picture import Setting

#: More options of a field than this are a list, fewer a row of buttons.
_MOST_BUTTONS = 4

#: What settings are about, in the order in which controls stand below each other; "picture" has what is in no other.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "picture": (),
    "training": ("iterations", "updates", "optimiser", "clipping", "clip_at"),
    "network": (
        "cell",
        "num_layers",
        "bidirectional",
        "hidden_size",
        "input_size",
        "nonlinearity",
        "reset_gate",
        "bias",
    ),
    "start": (
        *("initialisation", "weight_scale", "forget_bias", "forget_bias_layers", "gate_bias"),
        *("input_weights", "input_weight_scale", "seed"),
    ),
    "loss": ("sequence_length", "batch_size", "input_scale", "text", "initial_state", "loss_at", "hidden_path"),
}


def grouped(names: Collection[str]) -> dict[str, list[str]]:
    """Settings by their groups, without those that would be empty."""
    placed = {name for of in GROUPS.values() for name in of}
    found = {group: [name for name in of if name in names] for group, of in GROUPS.items()}
    found["picture"] = [name for name in names if name not in placed]
    return {group: of for group, of in found.items() if of}


def of_field(name: str, opening: Any, offered: tuple[Any, ...] | None = None) -> Setting:
    """A field of the experiment as a page offers it; `offered`: its values, where they are not those of the field."""
    match KNOBS[name]:
        case Number(offered=values):
            return Setting(offered or values, opening, slider=True)
        case Choice(options=values):
            return Setting(offered or values, opening, listed=len(offered or values) > _MOST_BUTTONS)
        case Text(offered_length=longest):
            return Setting(opening=opening, longest=longest)
        case _:
            return Setting((False, True), opening)


def control(names: Names, name: str, setting: Setting, idle: str = "", existing: Sequence[Any] = ()) -> None:
    """The control that suits a setting.

    Args:
        names: what settings are called.
        name: its key.
        setting: what it offers.
        idle: why it has no effect at the moment; "" where it has one.
        existing: the values over which a slider goes, where not all.
    """
    words, values, opening = names.of(name), setting.values, setting.at_opening
    label = sentences("app", names.language)["idle"]["mark"].format(label=words["label"]) if idle else words["label"]
    options: dict[str, Any] = {"key": name, "bind": "query-params", "disabled": bool(idle)}
    options["help"] = idle or words.get("help")
    if setting.longest:
        field = st.text_area if setting.lines else st.text_input
        field(label, opening, max_chars=setting.longest, placeholder=words.get("placeholder", ""), **options)
        return
    if "shown" in words:  # numbers stand as they are
        options["format_func"] = partial(names.shown, name)
    if setting.is_slider:
        st.select_slider(label, existing or values, value=opening, **options)
    elif values == (False, True):
        st.toggle(label, opening, **options)
    elif setting.listed:
        st.selectbox(label, values, index=values.index(opening), **options)
    else:
        st.segmented_control(label, values, default=opening, required=True, **options)
