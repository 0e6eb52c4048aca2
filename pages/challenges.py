"""Challenges: what may be asked of the pages' networks, what of it this tab has solved, and all of it as a sheet."""

from functools import partial
from html import escape

import streamlit as st

from rnn_dynamics.course.challenges import LEVELS, Challenge
from rnn_dynamics.dashboard.challenge import link_to, shelf, solved
from rnn_dynamics.dashboard.exercises import answers_of, questions
from rnn_dynamics.dashboard.plain import PlainPage

PAGE = PlainPage(of="challenges")


def show() -> None:
    """The list by difficulty, each with its tick and a link that opens it, and the sheets."""
    words, (every, slips) = PAGE.words(), shelf()
    done = [name for name in every if name in solved()]
    st.progress(len(done) / max(1, len(every)), words["progress"].format(done=len(done), all=len(every)))
    for level in LEVELS:
        st.header(words["levels"][str(level)], anchor=False)
        st.markdown("\n".join(line(one, one.name in done) for one in every.values() if one.level == level))
    if slips:
        st.html(f"<p>{escape(words['broken'])}</p>" + "".join(f"<p>{escape(slip.said(words))}</p>" for slip in slips))
    show_sheets(bool(done))


def line(challenge: Challenge, done: bool) -> str:
    """A line of the list, with a link that opens it."""
    words = PAGE.words()
    title, page = challenge.words_in(words.language)["title"], PAGE.words(challenge.page)["title"]
    return "- " + str(words["done" if done else "open"]).format(link=link_to(challenge, title), page=page)


def show_sheets(any_done: bool) -> None:
    """The exercise sheet, and apart from it the answers to what is solved."""
    words = PAGE.words()["sheet"]
    st.caption(words["about"])
    with st.container(horizontal=True):
        spoken = PAGE.names.language
        sheets = {"download": partial(questions, spoken), "answers": partial(answers_of, solved(), spoken)}
        for what, make in sheets.items():
            name, off = f"{PAGE.name}_{what}.html", what == "answers" and not any_done
            st.download_button(words[what], make, name, "text/html", key=what, on_click="ignore", disabled=off)


PAGE.run(show)
