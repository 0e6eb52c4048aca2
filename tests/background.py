"""What servers do beside what is asked, as it is; conftest.py keeps the pages of the tests from it."""

from rnn_dynamics.dashboard.warm import warm_up
from rnn_dynamics.executor import told

__all__ = ["told", "warm_up"]
