"""A page before a hall: what of it is seen, and the keys of whoever speaks there.

The address says `view=picture` for the picture alone, `view=finding` for the picture and what it shows in words; what
stands beside them is out of sight (seen.css), and its shortcuts work, for Streamlit's need a button that is made.
"""

import streamlit as st

from rnn_dynamics.content import Words
from rnn_dynamics.dashboard.links import SEEN, SEEN_IN_LINK, comes_again, goes_through_history
from rnn_dynamics.dashboard.navigation import leave, leave_for, taught
from rnn_dynamics.dashboard.style import style

#: The keys that show what may be seen alone and, pressed again, the whole page.
KEYS = dict(zip(SEEN, ("Alt+P", "Alt+I"), strict=True))
#: Where they lead in the bar, and their keys.
WAYS = {"previous_page": (-1, "Alt+PageUp"), "next_page": (1, "Alt+PageDown")}
#: Key of the session's state: on the way to another page the address loses it.
_KEY = "seen"

#: Runs once a page. By a key the slider that leads takes the focus, and then what it moves is inside the window. What
#: stands above the picture, from the controls or, where that is too much, from that slider on, decides how high it is.
#: To who cannot see a picture its claim is its name, or what is said below; Vega calls each "Vega visualization".
SCRIPT = """
window.leading = %s;
(() => {
  const find = (name, within = document) => within?.querySelector(`[data-testid="${name}"]`);
  const place = () => document.querySelector(".st-key-place_of_the_picture");
  const chart = () => find("stVegaLiteChart", place());
  const top = (element) => element.getBoundingClientRect().top;
  const slider = () => {
    const all = [...place().querySelectorAll('[role="slider"], input[type="range"]')];
    return all.find((one) => one.closest(`.st-key-${window.leading}`)) ?? all[0];
  };
  const first = () => {
    const row = slider()?.closest('[data-testid="stHorizontalBlock"]');
    return row && top(chart()) - top(place()) > 0.6 * innerHeight ? row : place();
  };
  const say = (name, high) => document.documentElement.style.setProperty(name, `${Math.ceil(high)}px`);
  const measure = () => {
    say("--bar", document.querySelector(".st-key-lecture")?.getBoundingClientRect().height ?? 0);
    if (chart()) say("--above", top(chart()) - top(first()));
    for (const one of document.querySelectorAll('[data-testid="stVegaLiteChart"]'))
      one.setAttribute("aria-labelledby", one === chart() ? "claim" : "said");
  };
  window.measured?.disconnect();
  window.measured = new ResizeObserver(measure);
  window.measured.observe(find("stMainBlockContainer").firstElementChild);
  if (window.hearsKeys) return;
  window.hearsKeys = true;
  document.addEventListener("keydown", (event) => {
    const { code, altKey, ctrlKey, metaKey, shiftKey } = event;
    if (code !== "KeyL" || !altKey || ctrlKey || metaKey || shiftKey || !place() || !slider()) return;
    event.preventDefault();
    slider().focus({ preventScroll: true });
    if (chart()?.getBoundingClientRect().bottom > innerHeight || top(slider()) < 0) first().scrollIntoView();
  });
})();
"""


def seen() -> str:
    """What alone is seen of the page, of SEEN, or "": as the first address says, or one gone back to, or a key."""
    if _KEY not in st.session_state or goes_through_history():
        asked = st.query_params.get(SEEN_IN_LINK)
        st.session_state[_KEY] = asked if asked in SEEN else ""
    return str(st.session_state[_KEY])


def in_link() -> dict[str, str]:
    """The same as an address says it."""
    return {SEEN_IN_LINK: seen()} if seen() else {}


def style_of_seen() -> str:
    """What puts the rest out of sight; "" where all is seen."""
    return style("seen") + style(alone) if (alone := seen()) else ""


def show_button(words: Words) -> None:
    """The button of the picture alone, which is there to come back too."""
    _button(words, "picture")


def show_keys(page: str, words: Words) -> None:
    """The other buttons, with their keys."""
    with st.container(horizontal=True, gap="small", key="keys"):
        _button(words, "finding")
        show_ways(page, words)


def show_ways(page: str, words: Words) -> None:
    """The buttons that lead to the pages of pictures beside this one in the bar, from any other page to the first."""
    pages = taught(words.language)
    for name, (step, shortcut) in WAYS.items():
        there = (pages.index(page) if page in pages else -1) + step
        if there in range(len(pages)):
            st.button(words[name], key=name, shortcut=shortcut, on_click=leave_for, args=(pages[there],))
    leave()


def _button(words: Words, name: str) -> None:
    st.button(words[name], key=f"see_{name}", shortcut=KEYS[name], on_click=_toggle, args=(name,))


def _toggle(name: str) -> None:
    if not comes_again():
        st.session_state[_KEY] = "" if seen() == name else name
