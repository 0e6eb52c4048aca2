"""The picture of a real network that is trained without clipping and with it."""

from rnn_dynamics.pictures.clipping.answer import RATES, ClippingAnswer, clipping_answer, networks
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

__all__ = ["PICTURE", "ClippingAnswer", "networks"]

PICTURE = Picture(
    **made_by(__name__),
    answer=clipping_answer,
    settings={"network_rate": Setting(RATES, "0.01", slider=True), "clip_at": Setting(opening="0.3")},
)
