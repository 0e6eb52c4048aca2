"""The frame of the dashboard: the list of pages, and the chosen one."""

from __future__ import annotations

import streamlit as st

st.navigation({"Learn": [st.Page("pages/vanish_or_explode.py", title="Vanish or explode?", default=True)]}).run()
