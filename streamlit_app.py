"""The frame of the dashboard: the list of pages, and the chosen one."""

from rnn_dynamics.dashboard.navigation import run_chosen_page

run_chosen_page()
