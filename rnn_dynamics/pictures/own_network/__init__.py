"""The picture "Your network": the gradient through weights that are given, beside PyTorch's own beginning."""

from dataclasses import replace

from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT, Picture, Setting, made_by
from rnn_dynamics.pictures.own_network.answer import (
    FIRST,
    SIZES,
    SOURCES,
    USES,
    answer_for,
    explained,
    given_by,
    own_network_answer,
    question_of,
    tried,
)
from rnn_dynamics.pictures.own_network.words import advice, verdicts

__all__ = [
    "FIRST",
    "PICTURE",
    "SIZES",
    "advice",
    "answer_for",
    "explained",
    "given_by",
    "question_of",
    "tried",
    "verdicts",
]

PICTURE = Picture(
    **made_by(__name__),
    answer=own_network_answer,
    settings={
        "weights": Setting(SOURCES, listed=True),
        "gradient": replace(GRADIENT, values=("state", *GRADIENT.values)),
        "axis": AXIS,
    },
    scripts=("own_network",),
    uses=USES,
)
