"""The frame of the dashboard: the list of pages, and the chosen one."""

import streamlit as st

from rnn_dynamics.dashboard.navigation import run_chosen_page
from rnn_dynamics.pictures.kit.theme import BASE_SIZE, TYPE

TYPE.zoom = st.get_option("theme.baseFontSize") / BASE_SIZE
run_chosen_page()
