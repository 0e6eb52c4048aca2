"""What visitors are about to ask, answered once per server while nobody waits for it."""

from collections.abc import Callable, Iterable
from threading import Thread
from time import sleep
from typing import Any

import streamlit as st

#: Seconds between two answers that nobody waits for, so that those who do wait get the processor.
_BREATH = 0.03


@st.cache_resource(show_spinner=False, max_entries=16)
def warm_up(page: str, _questions: Iterable[Any], _answer: Callable[[Any], object]) -> Thread:
    """Answer what visitors of a page are about to ask, once per server, while nobody waits for it."""

    def answer_all() -> None:
        for question in _questions:
            _answer(question)
            sleep(_BREATH)

    thread = Thread(target=answer_all, daemon=True, name=f"warm-up {page}")
    thread.start()
    return thread
