"""The picture "A product of Jacobians": what a bound allows, what eigenvalues suggest, and what the network does."""

from rnn_dynamics.pictures.jacobians.answer import jacobian_answer
from rnn_dynamics.pictures.jacobians.chart import chart
from rnn_dynamics.pictures.jacobians.table import lines, tables
from rnn_dynamics.pictures.jacobians.words import finding, texts
from rnn_dynamics.pictures.kit.picture import Picture

PICTURE = Picture(
    name="jacobians",
    answer=lambda experiment, _: jacobian_answer(experiment),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"axis": "step"},
    files={"lines": lines},
    scripts=("products",),
)
