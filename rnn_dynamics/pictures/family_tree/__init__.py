"""The picture "Family tree": what every cell multiplies its state's gradient by, all at the same settings."""

from rnn_dynamics.pictures.family_tree.answer import tree_answer
from rnn_dynamics.pictures.kit.picture import AXIS, Picture, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, _: tree_answer(experiment),
    settings={"axis": AXIS},
    scripts=("gradients",),
)
