"""The picture of trained networks: how far their gradients reach before and after training."""

from rnn_dynamics.pictures.before_after import chart, table, words
from rnn_dynamics.pictures.before_after.answer import answer_of as answer_of
from rnn_dynamics.pictures.before_after.answer import trained_answer
from rnn_dynamics.pictures.before_after.words import described as described
from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT, Picture, made_by

PICTURE = Picture(
    name="before_after",
    answer=lambda experiment, _: trained_answer(experiment),
    **made_by(table, chart, words),
    settings={"gradient": GRADIENT, "axis": AXIS},
    files={"curves": table.curves_file},
)
