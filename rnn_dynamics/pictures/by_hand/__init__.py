"""The picture "By hand": forward and backward of a cell in a few lines, beside torch, autograd and the definition."""

from rnn_dynamics.pictures.by_hand.answer import MISTAKE_NAMES, MOST, ask
from rnn_dynamics.pictures.by_hand.chart import chart
from rnn_dynamics.pictures.by_hand.table import framed, steps, tables
from rnn_dynamics.pictures.by_hand.words import finding, texts
from rnn_dynamics.pictures.kit.picture import Moving, Picture

PICTURE = Picture(
    name="by_hand",
    answer=ask,
    texts=texts,
    tables=tables,
    moving=Moving(apart=lambda experiment, views: (experiment, {**views, "step": "1"}), tables=framed),
    chart=chart,
    charted=(),
    finding=finding,
    views={**{f"{cell}_mistake": "none" for cell in MISTAKE_NAMES}, "step": "1"},
    files={"steps": steps},
    scripts=("comparison",),
)

__all__ = ["MISTAKE_NAMES", "MOST", "PICTURE"]
