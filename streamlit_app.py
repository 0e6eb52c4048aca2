"""The frame of the dashboard: the list of pages, and the chosen one."""

from __future__ import annotations

import streamlit as st

HOME = "pages/vanish_or_explode.py"

st.navigation(
    {
        "Learn": [
            st.Page(HOME, title="Vanish or explode?", url_path="home", default=True),
            # The home page has the empty address; a link to its file's name must not end in "Page not found".
            st.Page(HOME, title="Vanish or explode?", url_path="vanish_or_explode", visibility="hidden"),
        ]
    }
).run()
