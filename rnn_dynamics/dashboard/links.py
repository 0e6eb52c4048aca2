"""The settings in the address: Streamlit binds widgets to it; here is what it leaves to the app.

A bound widget reads its own key and falls back to its default without a word. This module adds the word: it tells the
reader once what was ignored, and moves a valid value that no control offers to the nearest one that is offered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from rnn_dynamics.dashboard.controls import in_link
from rnn_dynamics.experiment import KNOBS, Choice, Flag, Number, Range, Text

_NOTICES = "notices_of_the_link"
#: At most so many remarks, each at most so long: a hostile link must not fill the page.
_MOST_REMARKS = 4
#: More names than this are not listed in a remark.
_MOST_NAMES = 8


def read_link(widgets: Mapping[str, Any]) -> bool:
    """On a session's first run, and only then true, compare the address with what the controls can show.

    Args:
        widgets: key of each bound widget -> tuple of the values that it offers, or how many characters may be typed, or
            None where KNOBS decides.
    """
    if _NOTICES in st.session_state:
        return False
    remarks = []
    for key in st.query_params:
        if key in widgets:
            values = st.query_params.get_all(key)
            # A widget may take the first of several values; the last one is what a reader added.
            remarks.append(_read(key, values[-1], widgets[key], set_it=len(values) > 1))
        else:
            remarks.append(f"`{_plain(key)}` is not a setting of this page")
    remarks = [remark for remark in remarks if remark]
    if len(remarks) > _MOST_REMARKS:
        remarks = [*remarks[:_MOST_REMARKS], f"and {len(remarks) - _MOST_REMARKS} more"]
    st.session_state[_NOTICES] = remarks
    return True


def add_notice(remark: str) -> None:
    """Add to what `show_notices` says of the link."""
    st.session_state[_NOTICES] = [*st.session_state[_NOTICES], remark]


def show_notices() -> None:
    """Say quietly what of the link was not taken as it stood."""
    remarks = st.session_state.get(_NOTICES)
    if remarks:
        st.caption("Of this link, not taken as it stood: " + "; ".join(remarks) + ".")


def share_link(settings: Mapping[str, Any], opening: Mapping[str, Any]) -> str:
    """The address that opens this picture: every setting that differs from the opening picture."""
    differing = {key: in_link(key, value) for key, value in settings.items() if value != opening[key]}
    base = (st.context.url or "").split("?")[0]
    return f"{base}?{urlencode(differing)}" if differing else base


def _read(key: str, text: str, offered: tuple[Any, ...] | int | None, set_it: bool) -> str | None:
    """Judge one key of the address; set the session's value where the widget would not find it by itself."""
    knob = KNOBS.get(key)
    if isinstance(offered, int):
        return _read_text(key, text, offered, set_it)
    if isinstance(knob, Text):
        return _read_text(key, text, knob.offered_length, set_it)
    if isinstance(knob, Number):
        return _read_number(key, text, knob, offered or knob.offered, set_it)
    if isinstance(knob, Flag):
        return _read_flag(key, text, set_it)
    names = tuple(knob.options) if isinstance(knob, Choice) else offered or ()
    match = next((name for name in names if name.lower() == text.lower()), None)
    if match is None:
        known = ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]}, {names[1]}, …, {names[-1]}"
        return f"`{key} = {_plain(text)}` is not one of {known}"
    if set_it or in_link(key, match) != text:
        st.session_state[key] = match
    return None


def _read_text(key: str, text: str, longest: int, set_it: bool) -> str | None:
    if set_it:
        st.session_state[key] = text[:longest]
    return None if len(text) <= longest else f"`{key}` was cut to {longest} characters"


def _read_flag(key: str, text: str, set_it: bool) -> str | None:
    value = {"true": True, "false": False}.get(text.lower())
    if value is None:
        return f"`{key} = {_plain(text)}` is not true or false"
    if set_it or in_link(key, value) != text:
        st.session_state[key] = value
    return None


def _read_number(key: str, text: str, knob: Number, offered: tuple[float, ...], set_it: bool) -> str | None:
    try:
        value = knob.checked(key, int(text) if knob.whole else float(text))
    except (ValueError, OverflowError):
        kind = "a whole number" if knob.whole else "a number"
        return f"`{key} = {_plain(text)}` is not {kind} {Range(minimum=min(offered), maximum=max(offered))}"
    shown = nearest(offered, value)
    if set_it or in_link(key, shown) != text:
        st.session_state[key] = shown
    return None if shown == value else f"`{key} = {_plain(text)}` is shown as {shown:g}"


def nearest(offered: Sequence[float], value: float) -> float:
    """The offered value that a control can show in place of another."""
    return min(offered, key=lambda offer: abs(offer - value))


def _plain(text: str) -> str:
    """A stranger's text, made harmless and short for a remark in code type."""
    kept = "".join(letter for letter in text if letter.isprintable() and letter != "`")
    return kept if len(kept) <= 24 else kept[:23] + "…"
