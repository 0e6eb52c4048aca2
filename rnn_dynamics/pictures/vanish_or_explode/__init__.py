"""The picture "Vanish or explode?": the gradient of three cells through time, at every weight scale at once."""

from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT, Picture, made_by
from rnn_dynamics.pictures.vanish_or_explode.answer import families_answer, without_scale
from rnn_dynamics.pictures.vanish_or_explode.answer import pictured as pictured

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, _: families_answer(experiment),
    settings={"gradient": GRADIENT, "axis": AXIS},
    scripts=("gradients",),
    apart=lambda experiment, views: (without_scale(experiment), views),
)
