"""The picture of the latch: one unit that holds a bit by forgetting errors."""

from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by
from rnn_dynamics.pictures.latch.answer import latch_answer

PICTURE = Picture(
    **made_by(__name__),
    answer=latch_answer,
    # An attractor's slope is 1 at w = 1.
    settings={"latch_weight": Setting(tuple(f"{weight / 20:.2f}" for weight in range(1, 61)), "1.25")},
)
