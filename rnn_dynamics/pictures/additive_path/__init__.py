"""The picture "The additive cell path": what of a gradient never leaves the sum, and what comes through the gates."""

from rnn_dynamics.pictures.additive_path.answer import path_answer
from rnn_dynamics.pictures.additive_path.chart import chart
from rnn_dynamics.pictures.additive_path.table import curves, tables
from rnn_dynamics.pictures.additive_path.words import finding, texts
from rnn_dynamics.pictures.kit.picture import Picture

PICTURE = Picture(
    name="additive_path",
    answer=lambda experiment, _: path_answer(experiment),
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"axis": "step", "gate": "f", "gru_gate": "z"},
    files={"curves": curves},
    charted=("axis",),
    scripts=("whole_gradient", "path_alone"),
)
