"""The picture "What initialisation really does": the factor per step of every scheme that people use."""

from rnn_dynamics.pictures.initialisation.answer import scheme_answer, scheme_rows
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=scheme_answer,
    settings={"order": Setting(("scheme", "factor"))},
    scripts=("default",),
    growing=lambda experiment, _: scheme_rows(experiment),
)
