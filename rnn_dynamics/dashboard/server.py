"""What the server process needs once, before the first visitor."""

import gc

import streamlit as st

from rnn_dynamics import process


@st.cache_resource(show_spinner=False)
def prepare_server() -> bool:
    """Set up the process for many visitors on a small machine; returns True so that the cache has a value."""
    process.use_one_thread()
    process.use_one_core()
    process.keep_freed_memory()
    process.share_one_heap()
    process.tidy_by_itself()
    process.allow_many_connections()
    gc.freeze()  # what is loaded by now stays loaded: leave it out of every later collection
    return True
