"""What the server process needs once, before the first visitor."""

import gc
from functools import lru_cache, wraps

import streamlit as st
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from rnn_dynamics import process
from rnn_dynamics.dashboard.challenge import shelf
from rnn_dynamics.dashboard.warm import warm_up


@st.cache_resource(show_spinner=False)
def prepare_server() -> bool:
    """Set up the process for many visitors on a small machine; returns True so that the cache has a value."""
    process.use_one_thread()
    process.use_one_core()
    process.keep_freed_memory()
    process.share_one_heap()
    process.tidy_by_itself()
    warm_up("challenges", ("all",), lambda _: shelf())  # the log says what is wrong with one
    process.allow_many_connections()
    write_theme_once()
    gc.freeze()  # what is loaded by now stays loaded: leave it out of every later collection
    return True


def write_theme_once() -> None:
    """Keep what Streamlit writes of the theme, which it makes anew from 367 options at each run of each visitor.

    That took 0.3 of the 4 ms of a press whose answer is there. Whoever changes the theme starts the server anew; not so
    developers, who let Streamlit watch files.
    """
    if st.get_option("server.fileWatcherType") != "none":
        return
    write = app_session._populate_theme_msg

    @lru_cache(maxsize=16)
    def written(section: str) -> CustomThemeConfig:
        theme = CustomThemeConfig()
        write(theme, section)
        return theme

    @wraps(write)
    def copy(msg: CustomThemeConfig, section: str = "theme") -> None:
        msg.MergeFrom(written(section))

    app_session._populate_theme_msg = copy
