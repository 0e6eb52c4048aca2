"""The list of pages, in the bar at the top.

Streamlit finds the folder pages/ by itself. To the first visitor of a new server it shows a page's file without the
entry script, so the page then has to make the bar known and begin again; with the entry script it is there already.
"""

from copy import copy
from functools import lru_cache
from itertools import chain
from typing import Any, Literal

import streamlit as st

from rnn_dynamics.content import read_edits, sentences
from rnn_dynamics.dashboard.command import APP
from rnn_dynamics.dashboard.door import is_let_in, show_full
from rnn_dynamics.dashboard.language import language

_PAGES = APP / "pages"
_FILES = tuple(_PAGES.glob("*.py"))
#: Keys of the session's state: whether the bar is known, and the page that a callback has asked for.
_HAS_BAR, _LEAVES = "has_bar", "leaves"


@lru_cache
def menus(language: str) -> dict[str, list[str]]:
    """The pages in the order of the bar, by the menu that holds them; the home page is the first, and in none, "".

    Others beside it in "" stand in the bar themselves.
    """
    words = {path.stem: sentences(path.stem, language) for path in _FILES}
    found: dict[str, list[str]] = {}
    for name in sorted(words, key=lambda name: words[name]["place"]):
        found.setdefault(words[name].get("menu", ""), []).append(name)
    return found


@lru_cache
def taught(language: str) -> list[str]:
    """The pages in the order in which one can teach them: the home page, and all that a menu holds, by their places."""
    home, *_ = menus(language)[""]
    held = chain(*(names for menu, names in menus(language).items() if menu))
    return [home, *sorted(held, key=lambda name: sentences(name, language)["place"])]


def _navigation(position: Literal["top", "hidden"] = "top") -> Any:
    read_edits()
    # A copy for each run, since a page that is shown is marked as such.
    return st.navigation({menu: [*map(copy, pages)] for menu, pages in _bar(language()).items()}, position=position)


@lru_cache
def _bar(language: str) -> dict[str, list[Any]]:
    """The pages by their menus, made once for all runs: Streamlit looks for the file of each, a fifth of a run."""
    menu = {name: [_page(language, page) for page in pages] for name, pages in menus(language).items()}
    home, beside = menus(language)[""][0], menu[""][1:]
    # The home page has the empty address; a link to its file's name must not end in "Page not found".
    first = _page(language, home, url_path="home", default=True)
    return menu | {"": [first, _page(language, home, url_path=home, visibility="hidden"), *beside]}


def _page(language: str, name: str, **options: Any) -> Any:
    words = sentences(name, language)
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


def leave_for(page: str) -> None:
    """Let the next run that comes to `leave` open that page: a callback can open none."""
    st.session_state[_LEAVES] = page


def leave() -> None:
    """Open the page that a callback has asked for, also where a key has ended the first run since."""
    if page := st.session_state.pop(_LEAVES, ""):
        st.switch_page(_PAGES / f"{page}.py")


def ensure_bar() -> None:
    """Where this page runs without the entry script, begin again with it."""
    if _HAS_BAR not in st.session_state:
        st.session_state[_HAS_BAR] = True
        _navigation()  # from now on the server knows the entry script's pages
        st.rerun()
