"""The picture "Which loss, how far back": every single loss at every step, and what truncation cuts off."""

from rnn_dynamics.pictures.kit.picture import Moving, Picture, Setting, made_by
from rnn_dynamics.pictures.losses import chart, table, words
from rnn_dynamics.pictures.losses.answer import TRUNCATIONS, loss_answer

PICTURE = Picture(
    name="losses",
    answer=lambda experiment, _: loss_answer(experiment),
    **made_by(table, chart, words),
    settings={"truncation": Setting(TRUNCATIONS, "10")},
    files={"loss_by_time": table.loss_by_time, "truncation": table.truncation},
    scripts=("each_loss",),
    moving=Moving(
        apart=lambda experiment, _: (experiment, {"truncation": "10"}), texts=words.cut_texts, tables=table.cut_table
    ),
)
