"""The picture "Linear in T": what grows with the sequence length, measured on the machine that draws it."""

from rnn_dynamics.pictures.cost.answer import Measurement as Measurement
from rnn_dynamics.pictures.cost.answer import cost_answer
from rnn_dynamics.pictures.cost.answer import network_of as network_of
from rnn_dynamics.pictures.kit.picture import Picture, made_by

PICTURE = Picture(**made_by(__name__), answer=lambda experiment, _: cost_answer(network_of(experiment)))
