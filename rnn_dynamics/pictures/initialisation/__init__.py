"""The picture "What initialisation really does": the factor per step of every scheme that people use."""

from rnn_dynamics.pictures.initialisation import chart, table, words
from rnn_dynamics.pictures.initialisation.answer import InitialisationAnswer, scheme_answer, scheme_rows
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

PICTURE = Picture[InitialisationAnswer](
    name="initialisation",
    answer=scheme_answer,
    **made_by(table, chart, words),
    settings={"order": Setting(("scheme", "factor"))},
    files={"table": table.initialisations_table},
    scripts=("default",),
    growing=lambda experiment, _: scheme_rows(experiment),
    progress=words.progress,
)
