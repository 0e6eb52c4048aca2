"""The picture "Linear in T": what grows with the sequence length, measured on the machine that draws it."""

from rnn_dynamics.pictures.cost import chart, table, words
from rnn_dynamics.pictures.cost.answer import Measurement as Measurement
from rnn_dynamics.pictures.cost.answer import cost_answer
from rnn_dynamics.pictures.cost.answer import network_of as network_of
from rnn_dynamics.pictures.cost.words import progress as progress
from rnn_dynamics.pictures.kit.picture import Picture, made_by

PICTURE = Picture(
    name="cost",
    answer=lambda experiment, _: cost_answer(network_of(experiment)),
    **made_by(table, chart, words),
    files={"cost": table.cost},
)
