"""The picture "Shapes of recurrence": one cell unrolled in five ways, and the gradient through each edge."""

from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by
from rnn_dynamics.pictures.shapes.answer import LENGTHS, NAMES, STOPS, shape_answer, stops

__all__ = ["LENGTHS", "PICTURE", "STOPS", "stops"]

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, views: shape_answer(experiment, views["shape"]),
    settings={"shape": Setting(NAMES, "many-to-one"), "stop": Setting(STOPS)},
    scripts=("shape",),
)
