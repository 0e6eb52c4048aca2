"""The picture "Which loss, how far back": every single loss at every step, and what truncation cuts off."""

from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by
from rnn_dynamics.pictures.losses.answer import TRUNCATIONS, loss_answer

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, _: loss_answer(experiment),
    settings={
        "truncation": Setting(TRUNCATIONS, "10"),
        "below": Setting(("losses", "shares", "truncation"), charted=True, listed=True),
    },
    scripts=("each_loss",),
    apart=lambda experiment, views: (experiment, {**views, "truncation": "10"}),
)
