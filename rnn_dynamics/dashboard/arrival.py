"""What the browser does when a reader comes to a page: Streamlit keeps the scroll and the menu of the one before."""

import json

import streamlit as st

from rnn_dynamics.content.mentions import IN_LINK
from rnn_dynamics.dashboard.challenge import keep_ticks
from rnn_dynamics.dashboard.links import ALONG
from rnn_dynamics.dashboard.seat import keep_in_tab

#: At the top. A phone's menu closes at each choice, that of the page one is on too; its button, which is made anew at
#: each closing, gets the name that page.css shows. A link to a page, which Streamlit would open in a new tab, is
#: followed as the browser's history is, within the session; where it names no setting, those of the reader come along.
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
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]"), elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    const ours = link && /^(\\.\\/|\\w+)(\\?|$)/.test(link.getAttribute("href"));
    if (!ours || elsewhere || event.defaultPrevented) return;
    event.preventDefault();
    const there = new URL(link.href), asked = there.searchParams, here = new URLSearchParams(location.search);
    if ([...asked.keys()].every((key) => key === %s)) asked.set(%s, "");
    for (const [key, value] of here) if (key.startsWith("embed")) asked.append(key, value);
    history.pushState({}, "", there);
    dispatchEvent(new PopStateEvent("popstate"));
    find("stMain").scrollTo(0, 0);
  });
}
"""


def arrive(page: str, menu: str, language: str) -> None:
    """Begin a page: the browser runs the script once, until its text becomes that of another page.

    `menu`: what a phone's menu is called. `language`: of the page, for who reads it aloud. Besides, nobody sees what
    the tab keeps of trainings.
    """
    script = _SCRIPT % tuple(map(json.dumps, (menu, language, IN_LINK, ALONG)))
    with st.container(key="arrival"):  # takes no room; see page.css
        keep_in_tab()
        keep_ticks()
        st.html(f"<script>{{ /* {page} */ {script} }}</script>", unsafe_allow_javascript=True)
