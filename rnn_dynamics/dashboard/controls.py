"""Controls made from the fields of Experiment: same key, same limits, bound to the address."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.experiment import KNOBS, Experiment, Flag, Number, Text

#: More options than this are a list, fewer a row of buttons.
_MOST_BUTTONS = 3
#: More values of a view than this are a slider; they are short words or numbers.
_LONGEST_ROW = 8


def control(names: Names, name: str, opening: Experiment, idle: str = "", offered: Sequence[Any] = ()) -> Any:
    """The control that suits a field.

    Args:
        names: what settings are called.
        name: of the field.
        opening: the experiment at the opening.
        idle: why the field has no effect at the moment; "" where it has one.
        offered: its values, where they are not those of the field.
    """
    knob, value = KNOBS[name], getattr(opening, name)
    if isinstance(knob, Text):
        return typed(names, name, value, knob.offered_length)
    label, options = _options(names, name, idle)
    if isinstance(knob, Number):
        return st.select_slider(label, offered or knob.offered, value=value, **options)
    if isinstance(knob, Flag):
        return st.toggle(label, value, **options)
    keys = list(offered or knob.options)
    if len(knob.options) > _MOST_BUTTONS and not offered:
        return str(st.selectbox(label, keys, index=keys.index(value), **options))
    picked = st.segmented_control(label, keys, default=value, required=True, **options)
    return str(picked or value)  # a link may hold the empty value


def view(
    names: Names,
    key: str,
    values: Sequence[str],
    opening: str,
    as_slider: bool = False,
    idle: str = "",
    offered: Sequence[str] = (),
) -> str:
    """A row of buttons for a setting of the picture, or a slider where it has many values or is wanted as one.

    A slider goes over those `offered`, if any are named. `idle` says why the setting has no effect at the moment.
    """
    label, options = _options(names, key, idle)
    if as_slider or len(values) > _LONGEST_ROW:
        return str(st.select_slider(label, offered or values, value=opening, **options))
    picked = st.segmented_control(label, values, default=opening, required=True, **options)
    return str(picked or opening)


def _options(names: Names, name: str, idle: str) -> tuple[str, dict[str, Any]]:
    """A control's label, which says so where it has no effect; and what else all controls are made with."""
    words = names.of(name)
    label = sentences("app", names.language)["idle"]["mark"].format(label=words["label"]) if idle else words["label"]
    shown = {"format_func": partial(names.shown, name)} if "shown" in words else {}  # numbers stand as they are
    common = {"key": name, "bind": "query-params", "disabled": bool(idle), "help": idle or words.get("help")}
    return label, common | shown


def typed(names: Names, key: str, opening: str, longest: int, lines: bool = False) -> str:
    """A line to type in, or several."""
    field, words = st.text_area if lines else st.text_input, names.of(key)
    given = field(
        words["label"],
        opening,
        max_chars=longest,
        key=key,
        help=words.get("help"),
        placeholder=words.get("placeholder", ""),
        bind="query-params",
    )
    return str(given or "")
