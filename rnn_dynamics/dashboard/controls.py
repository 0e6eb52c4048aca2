"""Controls made from the fields of Experiment: same key, same limits, bound to the address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnn_dynamics.experiment import KNOBS, Choice, Experiment, Number, Text


def in_link(name: str, value: object) -> str:
    """How a link spells a value: as its control shows it."""
    return str(value).upper() if name == "cell" else str(value)


def slider(name: str, opening: Experiment, disabled: bool = False) -> Any:
    """A slider over the offered values of a numeric field."""
    knob = KNOBS[name]
    assert isinstance(knob, Number)
    return st.select_slider(
        knob.label,
        knob.offered,
        value=getattr(opening, name),
        key=name,
        help=knob.help,
        bind="query-params",
        disabled=disabled,
    )


def choice(name: str, opening: Experiment) -> str:
    """A row of buttons over the options of a field; a link names an option by its key."""
    knob = KNOBS[name]
    assert isinstance(knob, Choice)
    default = getattr(opening, name)
    picked = st.segmented_control(
        knob.label,
        list(knob.options),
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


def text(name: str, opening: Experiment) -> str:
    """A line to type in."""
    knob = KNOBS[name]
    assert isinstance(knob, Text)
    typed = st.text_input(
        knob.label,
        getattr(opening, name),
        max_chars=knob.offered_length,
        key=name,
        help=knob.help,
        placeholder="I grew up in France, so I speak fluent …",
        bind="query-params",
    )
    return str(typed or "")
