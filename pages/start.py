"""Start here: what this is, for whom, and three ways through it."""

import streamlit as st

from rnn_dynamics.content import link_to
from rnn_dynamics.dashboard.navigation import taught
from rnn_dynamics.dashboard.plain import PlainPage

PAGE = PlainPage(of="start")


def ways() -> None:
    """The three ways, beside each other where there is room."""
    words = PAGE.words()["ways"]
    for place, way in zip(st.columns(len(words), gap="large"), words, strict=True):
        place.markdown(words[way] + ("\n" + course() if way == "minutes" else ""))


def course() -> str:
    """The pages of pictures as a list, in the order of the bar."""
    language = PAGE.names.language
    return "\n".join(f"1. {link_to(page, language)}" for page in taught(language))


PAGE.run(ways)
