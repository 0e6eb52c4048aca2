"""The picture "Vanish or explode?": the gradient of three cells through time, at every weight scale at once."""

from rnn_dynamics.pictures.kit.picture import Moving, Picture
from rnn_dynamics.pictures.vanish_or_explode.answer import families_answer, pictured, without_scale
from rnn_dynamics.pictures.vanish_or_explode.chart import chart
from rnn_dynamics.pictures.vanish_or_explode.table import chosen, curves_file, tables
from rnn_dynamics.pictures.vanish_or_explode.words import finding, texts

PICTURE = Picture(
    name="vanish_or_explode",
    answer=lambda experiment, _: families_answer(experiment),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"gradient": "input", "axis": "step"},
    files={"curves": curves_file},
    scripts=("gradients",),
    moving=Moving(apart=lambda experiment, views: (without_scale(experiment), views), tables=chosen),
)

__all__ = ["PICTURE", "pictured"]
