"""What the browser does when a reader comes to a page: Streamlit keeps the scroll and the menu of the one before."""

import json
from collections.abc import Mapping

import streamlit as st

from rnn_dynamics.content.mentions import IN_LINK
from rnn_dynamics.dashboard import stage
from rnn_dynamics.dashboard.links import ALONG
from rnn_dynamics.dashboard.seat import keep_in_tab

#: At the top. A phone's menu closes at each choice, that of the page one is on too; its button, which is made anew at
#: each closing, gets the name that page.css shows, and its menus are items of its list for who hears it too. A link to
#: a page, which Streamlit would open in a new tab, is followed as the browser's history is, within the session; where
#: it names no setting, those of the reader come along. A control writes into the address what it shows, and in each
#: language the same is to stand there. What a reader does once makes one entry of the history: on the way to another
#: page Streamlit writes up to three addresses, and Back would stay on the page for each of them.
_SCRIPT = """
window.menuName = %s;
window.fromShown = %s;
const find = (name) => document.querySelector(`[data-testid="${name}"]`);
const nameMenu = () => {
  find("stExpandSidebarButton")?.setAttribute("aria-label", window.menuName);
  const pages = '[data-testid="stSidebarNavItems"] > div';
  for (const menu of document.querySelectorAll(pages)) menu.setAttribute("role", "listitem");
  for (const page of document.querySelectorAll(`${pages} > li`)) page.setAttribute("role", "none");
};
find("stMain").scrollTo(0, 0);
document.documentElement.lang = %s;
const likeLinks = (write) => (state, unused, url) => {
  const there = new URL(url ?? location.href, location.href), asked = there.searchParams;
  const shown = [...asked].filter(([key, text]) => window.fromShown[key]?.[text]);
  for (const [key, text] of shown) asked.set(key, window.fromShown[key][text]);
  if (shown.length && there.href === location.href) return false;
  write.call(history, state, unused, shown.length ? there.href : url);
  return true;
};
if (!window.menuNamer) {
  const [push, replace] = [likeLinks(history.pushState), likeLinks(history.replaceState)];
  let hasEntry = false;
  const begins = () => { hasEntry = false; };
  for (const deed of ["keydown", "pointerdown", "click"]) addEventListener(deed, begins, true);
  history.pushState = (...entry) => { hasEntry = (hasEntry ? replace : push)(...entry) || hasEntry; };
  history.replaceState = replace;
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


def arrive(page: str, menu: str, language: str, from_shown: Mapping[str, Mapping[str, str]], leading: str = "") -> None:
    """Begin a page: the browser runs the script once, until its text becomes that of another page.

    `menu`: what a phone's menu is called. `language`: of the page, for who reads it aloud. `from_shown`: setting -> a
    value as it is shown there -> as an address spells it. `leading`: the slider that leads, on a page with a picture.
    Besides, nobody sees what the tab keeps of trainings.
    """
    differ = {name: dict(of) for name, of in from_shown.items() if of}
    script = f"{_SCRIPT}{stage.SCRIPT}" % tuple(map(json.dumps, (menu, differ, language, IN_LINK, ALONG, leading)))
    with st.container(key="arrival"):  # takes no room; see page.css
        st.html(f"<script>{{ /* {page} */ {script} }}</script>", unsafe_allow_javascript=True)
        keep_in_tab()
