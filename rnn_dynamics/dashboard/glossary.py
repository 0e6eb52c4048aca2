"""The glossary at the foot of a page, and what its terms mean where the page mentions them."""

import re
from collections.abc import Callable

import streamlit as st

from rnn_dynamics.content import Words
from rnn_dynamics.course.glossary import as_html, marked_html, marked_markdown

#: What stands before a heading of the prose, but for the first.
_HEADING = re.compile(r"\n(?=## )")
#: Shows the entry of a term beside its mention: while a pointer is over either, while the mention has the focus, and
#: after a tap until the next one elsewhere; Escape closes it. One piece for all, which outlives what a page repaints.
_SCRIPT = """
if (!window.termTip) {
  const tip = window.termTip = document.createElement("div");
  Object.assign(tip, { id: "term-tip", role: "tooltip", popover: "manual" });
  document.body.append(tip);
  let of = null, leaving = 0;
  const term = ({ target }) => target.closest?.('a[href^="#term-"]');
  const hide = () => {
    clearTimeout(leaving);
    of?.removeAttribute("aria-describedby");
    of = null;
    tip.hidePopover();
  };
  const show = (mention) => {
    clearTimeout(leaving);
    const entry = document.querySelector(`[data-term="${mention.hash.slice(6)}"]`);
    if (mention === of || !entry) return;
    hide();
    of = mention;
    tip.replaceChildren(...["b", "p"].map((part) => entry.querySelector(part).cloneNode(true)));
    tip.showPopover();
    place();
    mention.setAttribute("aria-describedby", tip.id);
  };
  const place = () => {
    const [seen] = of?.getClientRects() ?? [];  // none of what is gone, or hidden beside a picture alone
    if (!seen) return hide();
    const { left, top, bottom } = seen, { offsetWidth, offsetHeight } = tip;
    const above = bottom + 4 + offsetHeight > innerHeight && top - 4 - offsetHeight >= 0;
    tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - offsetWidth - 8))}px`;
    tip.style.top = `${above ? top - 4 - offsetHeight : bottom + 4}px`;
  };
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => { if (of !== document.activeElement) hide(); }, 300);
  };
  // A term that comes to stand below a pointer at rest, as on a page that has just opened, was not pointed at.
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" && term(event)) show(term(event));
  });
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    if (tip.contains(event.target)) clearTimeout(leaving);
    else if (of && !term(event)) leave();
  });
  document.addEventListener("focusin", (event) => { if (term(event)) show(term(event)); });
  document.addEventListener("focusout", (event) => { if (term(event)) hide(); });
  document.addEventListener("click", (event) => {
    if (term(event)) {
      event.preventDefault();
      show(term(event));
    } else if (of && !tip.contains(event.target)) hide();
  }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && of) hide(); });
  document.addEventListener("scroll", () => { if (of) place(); }, true);
}
"""


def show_prose(
    words: Words,
    part: str = "prose",
    between: Callable[[], None] | None = None,
    leads_on: Callable[[str], str] = str,
) -> None:
    """What a page tells, its terms marked, and where to go on: one open question, and the page that answers it.

    `between` shows what stands below the first section, which says what is drawn. `leads_on` may put something else in
    the place of the question.
    """
    told = marked_markdown(words[part], words.language)
    if between:
        first, told = _HEADING.split(told, maxsplit=1)
        st.markdown(first)
        between()
    leads = "> **{question}**  \n> {answer}".format_map(words["next"]) if "next" in words else ""
    st.markdown(f"{told}\n\n{leads_on(leads)}")


def show_html(text: str, words: Words) -> None:
    """HTML in the language of these words, its terms marked."""
    st.html(marked_html(text, words.language))


def show_glossary(label: str, language: str) -> None:
    """All terms, in a row that opens; a mention on the page shows what stands here."""
    with st.expander(label):
        st.html(f"{as_html(language)}<script>{_SCRIPT}</script>", unsafe_allow_javascript=True)
