"""What the server process needs once, before the first visitor."""

import gc
import sys

import streamlit as st

from rnn_dynamics import process


@st.cache_resource(show_spinner=False)
def prepare_server() -> bool:
    """Set up the process for many visitors on a small machine; returns True so that the cache has a value."""
    process.use_one_thread()
    process.use_one_core()
    process.keep_freed_memory()
    process.share_one_heap()
    _allow_many_connections()
    gc.freeze()  # what is loaded by now stays loaded: leave it out of every later collection
    return True


def _allow_many_connections() -> None:
    """A session holds four open files; a usual soft limit of 1024 would end the server at 252 sessions."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
