"""The picture "A product of Jacobians": what a bound allows, what eigenvalues suggest, and what the network does."""

from rnn_dynamics.pictures.jacobians.answer import jacobian_answer
from rnn_dynamics.pictures.kit.picture import AXIS, PANELS, Picture, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, _: jacobian_answer(experiment),
    settings={"axis": AXIS, "panels": PANELS},
    scripts=("products",),
)
