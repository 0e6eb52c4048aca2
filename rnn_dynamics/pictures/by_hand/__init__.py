"""The picture "By hand": forward and backward of a cell in a few lines, beside torch, autograd and the definition."""

from rnn_dynamics.pictures.by_hand.answer import MISTAKES, MOST, hand_answer
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

__all__ = ["MISTAKES", "MOST", "PICTURE"]

PICTURE = Picture(
    **made_by(__name__),
    answer=lambda experiment, views: hand_answer(experiment, views.get(f"{experiment.cell}_mistake", "none")),
    apart=lambda experiment, views: (experiment, {**views, "step": "1"}),
    settings={
        **{f"{cell}_mistake": Setting(("none", *names)) for cell, names in MISTAKES.items()},
        "step": Setting(tuple(map(str, range(1, MOST["sequence_length"] + 1))), slider=True),
    },
    scripts=("comparison",),
)
