"""What pages do in the background, as it is; conftest.py keeps the pages of the tests from it."""

from rnn_dynamics.dashboard.warm import warm_up

__all__ = ["warm_up"]
