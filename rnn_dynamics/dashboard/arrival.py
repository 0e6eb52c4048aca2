"""What the browser does when a reader comes to a page: Streamlit keeps the scroll and the menu of the one before."""

import json

import streamlit as st

from rnn_dynamics.dashboard.seat import keep_in_tab

#: At the top. A phone's menu closes at each choice, that of the page one is on too; its button, which is made anew at
#: each closing, gets the name that page.css shows.
_SCRIPT = """
window.menuName = %s;
const find = (name) => document.querySelector(`[data-testid="${name}"]`);
const nameMenu = () => find("stExpandSidebarButton")?.setAttribute("aria-label", window.menuName);
find("stMain").scrollTo(0, 0);
document.documentElement.lang = %s;
if (!window.menuNamer) {
  window.menuNamer = new MutationObserver(nameMenu);
  window.menuNamer.observe(find("stHeader"), { childList: true, subtree: true });
  nameMenu();
  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-testid="stSidebarNavLink"]')) find("stSidebarCollapseButton").firstChild.click();
  });
}
"""


def arrive(page: str, menu: str, language: str) -> None:
    """Begin a page: the browser runs the script once, until its text becomes that of another page.

    `menu`: what a phone's menu is called. `language`: of the page, for who reads it aloud. Besides, nobody sees what
    the tab keeps of trainings.
    """
    script = _SCRIPT % (json.dumps(menu), json.dumps(language))
    with st.container(key="arrival"):  # takes no room; see page.css
        keep_in_tab()
        st.html(f"<script>{{ /* {page} */ {script} }}</script>", unsafe_allow_javascript=True)
