"""The settings in the address: Streamlit binds widgets to it; here is what it leaves to the app.

A bound widget reads its own key and falls back to its default without a word. This module adds the word: it says what
of a link was not taken, and moves a valid value that no control offers to the nearest one that is offered. It also
writes the address where a bound widget does not: for settings that a preset changes, each of which would else be an
entry of the browser's history, and for those whose control is not built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.query_params import QueryParams

from rnn_dynamics.dashboard.controls import in_link
from rnn_dynamics.experiment import KNOBS, Choice, Flag, Number, Range, Text

#: At most so many remarks, each at most so long: a hostile link must not fill the page.
_MOST_REMARKS = 4
#: More names than this are not listed in a remark.
_MOST_NAMES = 8

#: What a control can show: the values that it offers, or how many characters may be typed, or None where KNOBS decides.
Offered = Sequence[Any] | int | None


def asked_by_link() -> dict[str, str]:
    """Key -> its last value in the address: a repeated key's is what a reader added."""
    return {key: values[-1] for key in st.query_params if (values := st.query_params.get_all(key))}


def goes_through_history() -> bool:
    """Whether this run follows the browser's buttons Back or Forward: then the address decides every setting."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def unknown(key: str) -> str:
    """A remark about a key for which a page has no control."""
    return f"`{_plain(key)}` is not a setting of this page"


def show_notices(remarks: Sequence[str]) -> None:
    """Say quietly what of the link was not taken as it stood."""
    if len(remarks) > _MOST_REMARKS:
        remarks = [*remarks[:_MOST_REMARKS], f"and {len(remarks) - _MOST_REMARKS} more"]
    if remarks:
        st.caption("Of this link, not taken as it stood: " + "; ".join(remarks) + ".")


def share_link(settings: Mapping[str, Any]) -> str:
    """The address that opens this picture: every setting, so that a link outlives a change of the opening picture.

    What the present address says of embedding stays.
    """
    context = get_script_run_ctx()
    present = parse_qsl(context.query_string) if context else []
    embedding = [(key, value) for key, value in present if key.lower() in ("embed", "embed_options")]
    base = (st.context.url or "").split("?")[0]
    return f"{base}?{urlencode([*((key, in_link(key, value)) for key, value in settings.items()), *embedding])}"


def write_address(away: Mapping[str, str], opening: Mapping[str, str]) -> None:
    """Let the address say what the controls show: by one entry of the browser's history, or none if it does already.

    Args:
        away: the settings that differ from the opening picture, spelled as in a link.
        opening: the others; an address may name them or not.
    """
    with _address() as address:
        stands = {key: address.get_all(key) for key in address}
        idle = [key for key, values in stands.items() if values == [opening.get(key)]]
        if {key: values for key, values in stands.items() if key not in idle} != {key: [away[key]] for key in away}:
            address.from_dict(away)
        else:  # Streamlit would take each of them away by an entry of its own
            for key in idle:
                address.discard_param_no_forward_msg(key)
        address.set_initial_query_params_from_current()  # what controls that are made from now on will read


def let_go(key: str) -> None:
    """Take the address of a control that has been made out of Streamlit's hands.

    The browser goes on writing what a visitor moves there. Streamlit would otherwise refuse `write_address`, and at
    each change of the page take all settings out of the address of the page that is left, by an entry of its own.
    """
    with _address() as address:
        binding = address.get_binding_for_param(key)
        if binding is not None:
            address.unbind_widget(binding.widget_id)


@contextmanager
def _address() -> Iterator[QueryParams]:
    """Streamlit's copy of the address. `st.query_params` is the same without what it keeps for its own widgets."""
    context = get_script_run_ctx()
    assert context is not None, "there is no address outside a page"
    with context.session_state.query_params() as address:
        yield address


def read(key: str, text: str, offered: Offered) -> tuple[Any, str | None]:
    """The value that a control shows for a text of the address, None if none, and a remark unless it is that one."""
    knob = KNOBS.get(key)
    if isinstance(offered, int):
        return _read_text(key, text, offered)
    if isinstance(knob, Text):
        return _read_text(key, text, knob.offered_length)
    if isinstance(knob, Number):
        return _read_number(key, text, knob, offered or knob.offered)
    if isinstance(knob, Flag):
        value = {"true": True, "false": False}.get(text.lower())
        return value, f"`{key} = {_plain(text)}` is not true or false" if value is None else None
    return _read_choice(key, text, offered or (tuple(knob.options) if isinstance(knob, Choice) else ()))


def _read_choice(key: str, text: str, names: Sequence[str]) -> tuple[str | None, str | None]:
    match = next((name for name in names if name.lower() == text.lower()), None)
    if match is not None:
        return match, None
    known = ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]}, {names[1]}, …, {names[-1]}"
    return None, f"`{key} = {_plain(text)}` is not one of {known}"


def _read_text(key: str, text: str, longest: int) -> tuple[str, str | None]:
    return text[:longest], None if len(text) <= longest else f"`{key}` was cut to {longest} characters"


def _read_number(key: str, text: str, knob: Number, offered: Sequence[float]) -> tuple[float | None, str | None]:
    try:
        value = knob.checked(key, int(text) if knob.whole else float(text))
    except (ValueError, OverflowError):
        kind = "a whole number" if knob.whole else "a number"
        return None, f"`{key} = {_plain(text)}` is not {kind} {Range(minimum=min(offered), maximum=max(offered))}"
    shown = nearest(offered, value)
    return shown, None if shown == value else f"`{key} = {_plain(text)}` is shown as {shown:g}"


def nearest(offered: Sequence[float], value: float) -> float:
    """The offered value that a control can show in place of another."""
    return min(offered, key=lambda offer: abs(offer - value))


def _plain(text: str) -> str:
    """A stranger's text, made harmless and short for a remark in code type."""
    kept = "".join(letter for letter in text if letter.isprintable() and letter != "`")
    return kept if len(kept) <= 24 else kept[:23] + "…"
