"""The list of pages, in the bar at the top.

Streamlit finds the folder pages/ by itself. To the first visitor of a new server it shows a page's file without the
entry script, so the page then has to bring the bar along; with the entry script the bar is there already.
"""

from contextvars import ContextVar
from typing import Any

import streamlit as st

from rnn_dynamics.content import read_edits, sentences
from rnn_dynamics.dashboard.command import APP
from rnn_dynamics.dashboard.language import language

#: Pages in the order of the bar, by the menu that holds them, whose name stands in content/; the home page before.
SECTIONS = {
    "why": ("jacobians", "phase_diagram", "cliff", "initialisation", "additive_path", "losses"),
    "networks": ("shapes", "depth", "by_hand"),
    "learning": ("learning", "blank"),
}
_HOME = "vanish_or_explode"
_PAGES = APP / "pages"
_BEGUN_AGAIN = "begun_again_with_the_bar"
_ENTERED = ContextVar("entered", default=False)


def _navigation() -> Any:
    read_edits()
    # The home page has the empty address; a link to its file's name must not end in "Page not found".
    home = [_page(_HOME, url_path="home", default=True), _page(_HOME, url_path=_HOME, visibility="hidden")]
    called = sentences("app", language())["sections"]
    sections = {called[section]: [_page(name) for name in names] for section, names in SECTIONS.items()}
    return st.navigation({"": home} | sections, position="top")


def _page(name: str, **options: Any) -> Any:
    return st.Page(_PAGES / f"{name}.py", title=sentences(name, language())["title"], **options)


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
