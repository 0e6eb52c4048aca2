"""The list of pages, in the bar at the top.

Streamlit finds the folder pages/ by itself. To the first visitor of a new server it shows a page's file without the
entry script, so the page then has to bring the bar along; with the entry script the bar is there already.
"""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Any

import streamlit as st

_PAGES = Path(__file__).resolve().parents[2] / "pages"
_BEGUN_AGAIN = "begun_again_with_the_bar"
_ENTERED = ContextVar("entered", default=False)


def _navigation() -> Any:
    home = _PAGES / "vanish_or_explode.py"
    return st.navigation(
        [
            st.Page(home, title="Vanish or explode?", url_path="home", default=True),
            # The home page has the empty address; a link to its file's name must not end in "Page not found".
            st.Page(home, title="Vanish or explode?", url_path="vanish_or_explode", visibility="hidden"),
            st.Page(_PAGES / "shapes.py", title="Shapes of recurrence"),
            st.Page(_PAGES / "additive_path.py", title="The additive cell path"),
            st.Page(_PAGES / "initialisation.py", title="What initialisation really does"),
            st.Page(_PAGES / "losses.py", title="Which loss, how far back"),
            st.Page(_PAGES / "jacobians.py", title="Why: a product of Jacobians"),
            st.Page(_PAGES / "phase_diagram.py", title="Phase diagram"),
            st.Page(_PAGES / "by_hand.py", title="By hand"),
            st.Page(_PAGES / "depth.py", title="Depth and direction"),
        ],
        position="top",
    )


def run_chosen_page() -> None:
    """Show the bar, and run the page that the address names."""
    entered = _ENTERED.set(True)
    try:
        _navigation().run()
    finally:
        _ENTERED.reset(entered)


def ensure_bar() -> None:
    """Show the bar if this page runs without the entry script, and begin again with the script."""
    if _ENTERED.get():
        return
    _navigation()  # from now on the server knows the entry script's pages
    if _BEGUN_AGAIN not in st.session_state:
        st.session_state[_BEGUN_AGAIN] = True
        st.rerun()
