"""What the server's process keeps of what Streamlit would write anew at each run."""

from inspect import unwrap

import pytest
import streamlit as st
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from rnn_dynamics.dashboard.server import write_theme_once


def theme() -> CustomThemeConfig:
    """All sections of it, as a session sends them at each run."""
    whole = CustomThemeConfig()
    app_session._populate_theme_msg(whole)
    app_session._populate_theme_msg(whole.light, "theme.light")
    app_session._populate_theme_msg(whole.dark, "theme.dark")
    app_session._populate_theme_msg(whole.dark.sidebar, "theme.dark.sidebar")
    return whole


def test_the_theme_that_is_kept_is_the_one_that_streamlit_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = options_of_this_test(monkeypatch)
    by_streamlit = theme()
    assert by_streamlit.light.primary_color == "colour of theme.light"
    monkeypatch.setattr(st, "get_option", {"server.fileWatcherType": "none"}.get)
    write_theme_once()
    assert theme() == by_streamlit
    asked.clear()
    assert theme() == by_streamlit
    assert not asked, "without a look at the options"


def test_where_files_are_watched_the_theme_is_written_at_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = options_of_this_test(monkeypatch)
    monkeypatch.setattr(st, "get_option", {"server.fileWatcherType": "auto"}.get)
    write_theme_once()
    for _ in range(2):
        asked.clear()
        theme()
        assert asked == ["theme", "theme.light", "theme.dark", "theme.dark.sidebar"]


def options_of_this_test(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Themes with a colour for each section; the sections that somebody asks for, in order."""
    asked = list[str]()

    def options(section: str) -> dict[str, object]:
        asked.append(section)
        return {"primaryColor": f"colour of {section}", "baseFontSize": 17, "borderColor": None}

    monkeypatch.setattr(config, "get_options_for_section", options)
    # Another test may have prepared the server; what this one sets is as it was later.
    monkeypatch.setattr(app_session, "_populate_theme_msg", unwrap(app_session._populate_theme_msg))
    return asked
