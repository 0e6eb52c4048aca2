"""The picture "Vanish or explode?": the gradient of three cells through time, at every weight scale at once."""

from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT, Moving, Picture, made_by
from rnn_dynamics.pictures.vanish_or_explode import chart, table, words
from rnn_dynamics.pictures.vanish_or_explode.answer import families_answer, without_scale
from rnn_dynamics.pictures.vanish_or_explode.answer import pictured as pictured

PICTURE = Picture(
    name="vanish_or_explode",
    answer=lambda experiment, _: families_answer(experiment),
    **made_by(table, chart, words),
    settings={"gradient": GRADIENT, "axis": AXIS},
    files={"curves": table.curves_file},
    scripts=("gradients",),
    moving=Moving(apart=lambda experiment, views: (without_scale(experiment), views), tables=table.chosen),
)
