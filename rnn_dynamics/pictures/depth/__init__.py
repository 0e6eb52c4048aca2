"""The picture "Depth and direction": where an error goes in a stack of layers that read one way, or both."""

from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.depth.chart import chart
from rnn_dynamics.pictures.depth.table import layers, tables
from rnn_dynamics.pictures.depth.words import finding, texts
from rnn_dynamics.pictures.kit.picture import Picture

PICTURE = Picture(
    name="depth",
    answer=lambda experiment, _: depth_answer(experiment),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"axis": "step"},
    files={"layers": layers},
    scripts=("gradients",),
)
