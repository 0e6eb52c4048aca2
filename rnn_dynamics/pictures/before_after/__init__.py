"""The picture of trained networks: how far their gradients reach before and after training."""

from rnn_dynamics.pictures.before_after.answer import answer_of, trained_answer
from rnn_dynamics.pictures.before_after.chart import chart
from rnn_dynamics.pictures.before_after.table import curves_file, tables
from rnn_dynamics.pictures.before_after.words import described, finding, texts
from rnn_dynamics.pictures.kit.picture import Picture

PICTURE = Picture(
    name="before_after",
    answer=lambda experiment, _: trained_answer(experiment),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"gradient": "input", "axis": "step"},
    files={"curves": curves_file},
)

__all__ = ["PICTURE", "answer_of", "described"]
