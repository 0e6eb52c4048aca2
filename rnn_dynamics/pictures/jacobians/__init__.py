"""The picture "A product of Jacobians": what a bound allows, what eigenvalues suggest, and what the network does."""

from rnn_dynamics.pictures.jacobians import chart, table, words
from rnn_dynamics.pictures.jacobians.answer import jacobian_answer
from rnn_dynamics.pictures.kit.picture import AXIS, Picture, made_by

PICTURE = Picture(
    name="jacobians",
    answer=lambda experiment, _: jacobian_answer(experiment),
    **made_by(table, chart, words),
    settings={"axis": AXIS},
    files={"lines": table.lines},
    scripts=("products",),
)
