"""The picture "Shapes of recurrence": one cell unrolled in five ways, and the gradient through each edge."""

from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.shapes.answer import LENGTHS, NAMES, STOPS, shape_answer, stops
from rnn_dynamics.pictures.shapes.chart import chart
from rnn_dynamics.pictures.shapes.table import edges, tables
from rnn_dynamics.pictures.shapes.words import finding, texts

PICTURE = Picture(
    name="shapes",
    answer=lambda experiment, views: shape_answer(experiment, views["shape"]),
    texts=texts,
    tables=tables,
    chart=chart,
    charted=(),
    finding=finding,
    views={"shape": "many-to-one", "stop": "all"},
    files={"edges": edges},
    scripts=("shape",),
)

__all__ = ["LENGTHS", "NAMES", "PICTURE", "STOPS", "stops"]
