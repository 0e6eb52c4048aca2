"""The picture "Depth and direction": where an error goes in a stack of layers that read one way, or both."""

from rnn_dynamics.pictures.depth import chart, table, words
from rnn_dynamics.pictures.depth.answer import LAYERED as LAYERED
from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.kit.picture import AXIS, Picture, made_by

PICTURE = Picture(
    name="depth",
    answer=lambda experiment, _: depth_answer(experiment),
    **made_by(table, chart, words),
    settings={"axis": AXIS},
    files={"layers": table.layers},
    scripts=("gradients",),
)
