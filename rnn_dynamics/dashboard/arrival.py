"""What the browser does when a reader comes to a page: Streamlit keeps the scroll and the menu of the one before."""

from __future__ import annotations

import streamlit as st

#: At the top, a phone's menu closed. Its button, which is made anew at each closing, gets the name that page.css shows.
_SCRIPT = """
const find = (name) => document.querySelector(`[data-testid="${name}"]`);
const nameMenu = () => find("stExpandSidebarButton")?.setAttribute("aria-label", "Menu");
find("stMain").scrollTo(0, 0);
if (find("stSidebar")?.dataset.collapsed === "false") find("stSidebarCollapseButton").firstChild.click();
if (!window.menuNamer) {
  window.menuNamer = new MutationObserver(nameMenu);
  window.menuNamer.observe(find("stHeader"), { childList: true, subtree: true });
  nameMenu();
}
"""


def arrive(page: str) -> None:
    """Begin a page: the browser runs the script once, until its text becomes that of another page."""
    with st.container(key="arrival"):  # takes no room; see page.css
        st.html(f"<script>{{ /* {page} */ {_SCRIPT} }}</script>", unsafe_allow_javascript=True)
