"""Check us: every law, published number and other program that these pages agree with, computed anew on this server."""

from functools import partial

from rnn_dynamics.dashboard.checking import OFFERS, show_laws
from rnn_dynamics.dashboard.plain import PlainPage

PAGE = PlainPage(of="check_us", offers=OFFERS)
PAGE.run(partial(show_laws, PAGE))
