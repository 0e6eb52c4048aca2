"""The picture of a real network that is trained without clipping and with it."""

from rnn_dynamics.pictures.clipping.answer import RATES, clipping_answer, learned_so_far, networks
from rnn_dynamics.pictures.clipping.chart import chart
from rnn_dynamics.pictures.clipping.table import network, tables
from rnn_dynamics.pictures.clipping.words import finding, texts
from rnn_dynamics.pictures.kit.picture import Picture

__all__ = ["PICTURE", "RATES", "learned_so_far", "networks"]

PICTURE = Picture(
    name="clipping",
    answer=clipping_answer,
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"network_rate": "0.01", "clip_at": "0.3"},
    charted=(),
    files={"network": network},
)
