"""The picture "Depth and direction": where an error goes in a stack of layers that read one way, or both."""

from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.depth.answer import lengths as lengths
from rnn_dynamics.pictures.kit.picture import AXIS, PANELS, Picture, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, _: depth_answer(experiment),
    settings={"axis": AXIS, "panels": PANELS},
    scripts=("gradients",),
)
