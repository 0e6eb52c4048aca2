"""Start here: what this is, for whom, and three ways through it."""

from rnn_dynamics.dashboard.plain import PlainPage

PAGE = PlainPage(of="start")
PAGE.run()
