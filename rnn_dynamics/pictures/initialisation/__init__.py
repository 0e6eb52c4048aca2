"""The picture "What initialisation really does": the factor per step of every scheme that people use."""

from rnn_dynamics.pictures.initialisation.answer import InitialisationAnswer, scheme_answer, scheme_rows
from rnn_dynamics.pictures.initialisation.chart import chart
from rnn_dynamics.pictures.initialisation.table import initialisations_table, tables
from rnn_dynamics.pictures.initialisation.words import finding, progress, texts
from rnn_dynamics.pictures.kit.picture import Picture

PICTURE = Picture[InitialisationAnswer](
    name="initialisation",
    answer=scheme_answer,
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"order": "scheme"},
    files={"table": initialisations_table},
    scripts=("default",),
    growing=lambda experiment, _: scheme_rows(experiment),
    progress=progress,
    charted=(),
)
