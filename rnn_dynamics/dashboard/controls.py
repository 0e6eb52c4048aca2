"""Controls made from the fields of Experiment: same key, same limits, bound to the address."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import KNOBS, Experiment, Flag, Number, Text


def in_link(name: str, value: object) -> str:
    """How a link spells a value: as its control shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).upper() if name == "cell" else str(value)


#: More options than this are a list, fewer a row of buttons.
_MOST_BUTTONS = 3
#: More values of a view than this are a slider; they are short words or numbers.
_LONGEST_ROW = 8


def control(name: str, opening: Experiment, idle: str = "", offered: Sequence[Any] = ()) -> Any:
    """The control that suits a field.

    Args:
        name: of the field.
        opening: the experiment at the opening.
        idle: why the field has no effect at the moment; "" where it has one.
        offered: its values, where they are not those of the field.
    """
    knob, value = KNOBS[name], getattr(opening, name)
    label = _named(knob.label, idle)
    options: dict[str, Any] = {"key": name, "bind": "query-params", "disabled": bool(idle), "help": idle or knob.help}
    if isinstance(knob, Number):
        return st.select_slider(label, offered or knob.offered, value=value, **options)
    if isinstance(knob, Flag):
        return st.toggle(label, value, **options)
    if isinstance(knob, Text):
        placeholder = "I grew up in France, so I speak fluent …"
        return typed(name, label, value, knob.offered_length, knob.help, placeholder)
    names = list(offered or knob.options)
    if len(knob.options) > _MOST_BUTTONS and not offered:
        return str(st.selectbox(label, names, index=names.index(value), **options))
    # A link names an option by its key.
    picked = st.segmented_control(
        label, names, default=value, format_func=partial(in_link, name), required=True, **options
    )
    return str(picked or value)  # a link may hold the empty value


def view(
    key: str,
    label: str,
    values: Sequence[str],
    opening: str,
    as_slider: bool = False,
    idle: str = "",
    offered: Sequence[str] = (),
) -> str:
    """A row of buttons for a setting of the picture, or a slider where it has many values or is wanted as one.

    A slider goes over those `offered`, if any are named. `idle` says why the setting has no effect at the moment.
    """
    label = _named(label, idle)
    options: dict[str, Any] = {"key": key, "bind": "query-params", "disabled": bool(idle), "help": idle or None}
    if as_slider or len(values) > _LONGEST_ROW:
        return str(st.select_slider(label, offered or values, value=opening, **options))
    picked = st.segmented_control(label, values, default=opening, required=True, **options)
    return str(picked or opening)


def _named(label: str, idle: str) -> str:
    """A control's label, which says so where it has no effect."""
    return str(sentences("app")["idle"]["mark"].format(label=label)) if idle else label


def typed(
    key: str, label: str, opening: str, longest: int, explained: str = "", placeholder: str = "", lines: bool = False
) -> str:
    """A line to type in, or several."""
    field = st.text_area if lines else st.text_input
    given = field(
        label,
        opening,
        max_chars=longest,
        key=key,
        help=explained or None,
        placeholder=placeholder,
        bind="query-params",
    )
    return str(given or "")
