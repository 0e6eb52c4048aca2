"""What the server process needs once, before the first visitor."""

import gc
from functools import lru_cache, wraps

import streamlit as st
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from rnn_dynamics import process
from rnn_dynamics.dashboard.challenge import shelf
from rnn_dynamics.dashboard.warm import warm_up

#: Bytes of freed memory that stay at the end of each of half a dozen heaps: in one each visitor's networks are computed
#: in turn.
_AT_ENDS = 1 << 24
#: How many more objects than were freed, how many small collections, and how many middle ones are waited for until
#: Python looks for cycles. By its own 700, 10 and 10 a hall of 300 took a tenth of its processor for that.
_COLLECTED = 5_000, 20, 20


@st.cache_resource(show_spinner=False)
def prepare_server() -> bool:
    """Set up the process for many visitors on a small machine; returns True so that the cache has a value."""
    process.use_one_thread()
    process.use_one_core()
    process.keep_freed_memory(at_ends=_AT_ENDS)
    process.share_one_heap()
    process.tidy_by_itself(_AT_ENDS)
    warm_up("challenges", ("all",), lambda _: shelf())  # the log says what is wrong with one
    process.allow_many_connections()
    write_theme_once()
    gc.freeze()  # what is loaded by now stays loaded: leave it out of every later collection
    gc.set_threshold(*_COLLECTED)
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
