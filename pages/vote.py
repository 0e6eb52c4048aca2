"""Vote: what a lecture asks its hall, on the hall's phones."""

from functools import partial

from rnn_dynamics.dashboard.hall import CODE, show_vote
from rnn_dynamics.dashboard.plain import PlainPage

PAGE = PlainPage(of="vote", alone=True, offers={"code": CODE})
PAGE.run(lambda: show_vote(PAGE.now["code"], partial(PAGE.control, "code")))
