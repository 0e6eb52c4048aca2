"""The frame of the dashboard: the list of pages, and the chosen one."""

import streamlit as st

from rnn_dynamics.charts.theme import BASE_SIZE, TYPE
from rnn_dynamics.dashboard.navigation import run_chosen_page

TYPE.zoom = st.get_option("theme.baseFontSize") / BASE_SIZE
run_chosen_page()
