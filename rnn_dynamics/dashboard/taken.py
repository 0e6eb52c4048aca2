"""A picture that a reader takes along, with its settings and its address below it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import Words, sentences
from rnn_dynamics.dashboard.downloads import show_download
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.kit.saved import as_file, can_export, settings_caption, title_of

#: What a page offers of it.
SUFFIXES = ("svg", "png")


def caption_of(page: str, language: str, shown: Mapping[str, Any], address: str) -> list[str]:
    """The paragraphs below a page's picture: what it is, its settings in a reader's words, and where it opens."""
    names = Names(page, language)
    said = {names.of(name)["label"]: names.said(name, value) for name, value in shown.items()}
    return settings_caption(sentences("export", language), title_of(page, language), said, address)


def offer(picture: Picture, answer: Any, views: Views, shown: Mapping[str, Any], address: str, words: Words) -> None:
    """A button for each kind of file, or how to get what makes them; a file is made when a reader asks for it.

    shown: the settings and their values. words: of files.
    """
    if not can_export():
        st.caption(words["missing"])
        return
    background, caption = st.context.theme.type or "light", caption_of(picture.name, words.language, shown, address)

    def made(suffix: str) -> bytes:
        chart = picture.draw_from(answer, views, background, words.language, on_paper=True)
        return as_file(chart, caption, suffix, background, words.language)

    for suffix in SUFFIXES:
        name = f"{picture.name}_seed{shown.get('seed', 0)}.{suffix}"
        show_download(words["picture"].format(suffix=suffix.upper()), partial(made, suffix), name)
