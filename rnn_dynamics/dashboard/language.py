"""In which language a visitor reads: that of the link that asked for one last, as `?lang=en`."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rnn_dynamics.content import LANGUAGE, languages
from rnn_dynamics.content.mentions import IN_LINK

#: Key of the session's state, for on the way to another page the address loses it.
_KEY = "language"


def language() -> str:
    """The visitor's language, one of `content.languages()`; LANGUAGE outside of a page."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return LANGUAGE
    asked = st.query_params.get(IN_LINK)
    if asked in languages():
        st.session_state[_KEY] = asked
    return str(st.session_state.get(_KEY, LANGUAGE))
