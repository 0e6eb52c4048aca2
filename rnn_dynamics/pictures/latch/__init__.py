"""The picture of the latch: one unit that holds a bit by forgetting errors."""

from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.latch.answer import latch_answer
from rnn_dynamics.pictures.latch.chart import chart
from rnn_dynamics.pictures.latch.table import tables
from rnn_dynamics.pictures.latch.words import finding, texts

PICTURE = Picture(
    name="latch",
    answer=lambda experiment, views: latch_answer(experiment, float(views["latch_weight"])),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"latch_weight": "1.25"},
    charted=(),
)
