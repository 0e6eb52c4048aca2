"""What visitors are about to ask, answered once per server while nobody waits for it."""

from collections.abc import Callable, Iterable
from threading import Thread
from time import sleep
from typing import Any

import streamlit as st

from rnn_dynamics.executor import worked

#: Seconds between two answers that nobody waits for, so that those who do wait get the processor.
_BREATH = 0.03
#: Seconds of the processor that a page's answers may take before anybody asks: what is asked most stands first among
#: the questions.
BUDGET = 12.0


@st.cache_resource(show_spinner=False, max_entries=16)
def warm_up(page: str, _questions: Iterable[Any], _answer: Callable[[Any], object]) -> Thread:
    """Answer what visitors of a page are about to ask, once per server, while nobody waits for it."""

    def answer_all() -> None:
        end = worked() + BUDGET
        for question in _questions:
            if worked() > end:
                break
            _answer(question)
            sleep(_BREATH)

    thread = Thread(target=answer_all, daemon=True, name=f"warm-up {page}")
    thread.start()
    return thread
