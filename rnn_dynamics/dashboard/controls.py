"""Controls made from the fields of Experiment: same key, same limits, bound to the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rnn_dynamics.experiment import KNOBS, Choice, Experiment, Flag, Number, Text


def in_link(name: str, value: object) -> str:
    """How a link spells a value: as its control shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).upper() if name == "cell" else str(value)


#: More options than this are a list, fewer a row of buttons.
_MOST_BUTTONS = 3
#: More values of a view than this are a slider; they are short words or numbers.
_LONGEST_ROW = 8


def control(name: str, opening: Experiment, **options: Any) -> Any:
    """The control that suits a field; `options` go to a slider."""
    knob = KNOBS[name]
    if isinstance(knob, Number):
        return slider(name, opening, **options)
    if isinstance(knob, Text):
        return text(name, opening)
    if isinstance(knob, Flag):
        return toggle(name, opening)
    return (select if len(knob.options) > _MOST_BUTTONS else choice)(name, opening)


def slider(name: str, opening: Experiment, disabled: bool = False, offered: Sequence[float] = ()) -> Any:
    """A slider over the offered values of a numeric field, or over those `offered`."""
    knob = KNOBS[name]
    assert isinstance(knob, Number)
    return st.select_slider(
        knob.label,
        offered or knob.offered,
        value=getattr(opening, name),
        key=name,
        help=knob.help,
        bind="query-params",
        disabled=disabled,
    )


def toggle(name: str, opening: Experiment) -> bool:
    """A switch for a field that is true or false."""
    knob = KNOBS[name]
    return st.toggle(knob.label, getattr(opening, name), key=name, help=knob.help, bind="query-params")


def choice(name: str, opening: Experiment, offered: Sequence[str] = ()) -> str:
    """A row of buttons over the options of a field, or those `offered`; a link names an option by its key."""
    knob = KNOBS[name]
    assert isinstance(knob, Choice)
    default = getattr(opening, name)
    picked = st.segmented_control(
        knob.label,
        list(offered or knob.options),
        default=default,
        format_func=lambda option: in_link(name, option),
        key=name,
        help=knob.help,
        required=True,
        bind="query-params",
    )
    return str(picked or default)  # a link may hold the empty value


def select(name: str, opening: Experiment) -> str:
    """A list of the options of a field, for those with long names."""
    knob = KNOBS[name]
    assert isinstance(knob, Choice)
    keys = list(knob.options)
    default = keys.index(getattr(opening, name))
    return str(st.selectbox(knob.label, keys, index=default, key=name, help=knob.help, bind="query-params"))


def view(
    key: str, label: str, values: Sequence[str], opening: str, as_slider: bool = False, offered: Sequence[str] = ()
) -> str:
    """A row of buttons for a setting of the picture, or a slider where it has many values or is wanted as one.

    A slider goes over those `offered`, if any are named.
    """
    if as_slider or len(values) > _LONGEST_ROW:
        return str(st.select_slider(label, offered or values, value=opening, key=key, bind="query-params"))
    picked = st.segmented_control(label, values, default=opening, key=key, required=True, bind="query-params")
    return str(picked or opening)


def text(name: str, opening: Experiment) -> str:
    """A line to type in."""
    knob = KNOBS[name]
    assert isinstance(knob, Text)
    placeholder = "I grew up in France, so I speak fluent …"
    return typed(name, knob.label, getattr(opening, name), knob.offered_length, knob.help, placeholder)


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
