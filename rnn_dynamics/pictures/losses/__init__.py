"""The picture "Which loss, how far back": every single loss at every step, and what truncation cuts off."""

from rnn_dynamics.pictures.kit.picture import Moving, Picture
from rnn_dynamics.pictures.losses.answer import TRUNCATIONS as TRUNCATIONS
from rnn_dynamics.pictures.losses.answer import loss_answer
from rnn_dynamics.pictures.losses.chart import chart
from rnn_dynamics.pictures.losses.table import cut_table, loss_by_time, tables, truncation
from rnn_dynamics.pictures.losses.words import cut_texts, finding, texts

VIEWS = {"truncation": "10"}
PICTURE = Picture(
    name="losses",
    answer=lambda experiment, _: loss_answer(experiment),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views=VIEWS,
    files={"loss_by_time": loss_by_time, "truncation": truncation},
    scripts=("each_loss",),
    charted=(),
    moving=Moving(apart=lambda experiment, _: (experiment, VIEWS), texts=cut_texts, tables=cut_table),
)
