"""The picture "Vanish or explode?": the gradient of three cells through time, at every weight scale at once."""

from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT, Picture, made_by
from rnn_dynamics.pictures.vanish_or_explode.answer import apart, families_answer
from rnn_dynamics.pictures.vanish_or_explode.answer import pictured as pictured

PICTURE = Picture(
    **made_by(__name__),
    answer=families_answer,
    settings={"gradient": GRADIENT, "axis": AXIS},
    scripts=("gradients",),
    apart=apart,
)
