"""The picture of trained networks: how far their gradients reach before and after training."""

from rnn_dynamics.pictures.before_after.answer import BeforeAfterAnswer as BeforeAfterAnswer
from rnn_dynamics.pictures.before_after.answer import trained_answer
from rnn_dynamics.pictures.before_after.words import described as described
from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT, Picture, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, _: trained_answer(experiment),
    settings={"gradient": GRADIENT, "axis": AXIS},
)
