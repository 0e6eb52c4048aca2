"""The list of pages, in the bar at the top.

Streamlit finds the folder pages/ by itself. To the first visitor of a new server it shows a page's file without the
entry script, so the page then has to make the bar known and begin again; with the entry script it is there already.
"""

from itertools import chain
from typing import Any, Literal

import streamlit as st

from rnn_dynamics.content import read_edits, sentences
from rnn_dynamics.dashboard.command import APP
from rnn_dynamics.dashboard.door import is_let_in, show_full
from rnn_dynamics.dashboard.language import language

_PAGES = APP / "pages"
_FILES = tuple(_PAGES.glob("*.py"))
#: Key of the session's state.
_HAS_BAR = "has_bar"


def menus(language: str) -> dict[str, list[str]]:
    """The pages in the order of the bar, by the menu that holds them; the home page is the first, and in none, "".

    Others beside it in "" stand in the bar themselves.
    """
    words = {path.stem: sentences(path.stem, language) for path in _FILES}
    found: dict[str, list[str]] = {}
    for name in sorted(words, key=lambda name: words[name]["place"]):
        found.setdefault(words[name].get("menu", ""), []).append(name)
    return found


def taught(language: str) -> list[str]:
    """The pages in the order in which one can teach them: the home page, and all that a menu holds, by their places."""
    bar = menus(language)
    home, *_ = bar.pop("")
    return [home, *sorted(chain(*bar.values()), key=lambda name: sentences(name, language)["place"])]


def _navigation(position: Literal["top", "hidden"] = "top") -> Any:
    read_edits()
    bar = menus(language())
    home, *others = bar.pop("")
    # The home page has the empty address; a link to its file's name must not end in "Page not found".
    first = [_page(home, url_path="home", default=True), _page(home, url_path=home, visibility="hidden")]
    beside = [*first, *map(_page, others)]
    return st.navigation({"": beside} | {menu: [*map(_page, names)] for menu, names in bar.items()}, position=position)


def _page(name: str, **options: Any) -> Any:
    words = sentences(name, language())
    hidden = {} if words.get("in_bar", True) else {"visibility": "hidden"}
    return st.Page(_PAGES / f"{name}.py", title=words["title"], **hidden | options)


def run_chosen_page() -> None:
    """Show the bar, and run the page that the address names; for nobody else than those who are let in it is loaded."""
    st.session_state[_HAS_BAR], inside = True, is_let_in()
    page = _navigation("top" if inside else "hidden")  # which "Try again" then asks for
    if inside:
        page.run()
    else:
        show_full()


def ensure_bar() -> None:
    """Where this page runs without the entry script, begin again with it."""
    if _HAS_BAR not in st.session_state:
        st.session_state[_HAS_BAR] = True
        _navigation()  # from now on the server knows the entry script's pages
        st.rerun()
