"""In which language a visitor reads: that asked for last, by a link's `?lang=en` or the switch, else the browser's."""

from collections.abc import Collection

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rnn_dynamics.content import LANGUAGE, languages, sentences
from rnn_dynamics.content.mentions import IN_LINK
from rnn_dynamics.dashboard.visitor import visitor

#: Key of the session's state, for on the way to another page the address loses it.
_KEY = "language"


def language() -> str:
    """The visitor's language, one of `content.languages()`; LANGUAGE outside of a page."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return LANGUAGE
    asked = st.query_params.get(IN_LINK) or _meant()
    if asked in languages():
        st.session_state[_KEY] = asked
    return str(st.session_state.get(_KEY) or by_itself())


def by_itself() -> str:
    """The language of who asks for none: the browser's, zh of zh-CN, where the pages have it."""
    own = (st.context.locale or LANGUAGE).lower().partition("-")[0]
    return own if own in languages() else LANGUAGE


def show_switch(now: str, lists: Collection[str]) -> None:
    """A button for each other language, by the name that it has for itself; `lists`: keys of the controls that are."""
    for other in languages():
        if other != now:
            name = sentences("app", other)["language"]
            st.button(name, key=f"language_{other}", type="tertiary", on_click=_choose, args=(other, lists))


def _choose(other: str, lists: Collection[str]) -> None:
    """Read that language from now on; lists are told what their values are called there, for a browser keeps names."""
    st.query_params[IN_LINK] = other
    given = st.session_state.to_dict()
    st.session_state.update({name: given[name] for name in lists if name in given})


def _meant() -> str | None:
    """What an address without a language stands for on the way through the browser's history, if that is known."""
    context, who, address = get_script_run_ctx(), visitor(), st.query_params.to_dict()
    if context is None or not context.is_history_navigation:
        return None
    stood = (who.page, frozenset(address.items())) in who.stood
    return who.meant_by(address).get(IN_LINK) or (by_itself() if stood else None)
