"""The picture "Learning long lags": what two networks learn side by side, and how far their gradients reach."""

from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.learning.advice import LENGTHS
from rnn_dynamics.pictures.learning.answer import MOMENTS, example, learned_so_far, learning_answer, networks
from rnn_dynamics.pictures.learning.chart import chart
from rnn_dynamics.pictures.learning.table import gradients, learned, tables
from rnn_dynamics.pictures.learning.words import finding, sequence, texts

PICTURE = Picture(
    name="learning",
    answer=learning_answer,
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={
        "task": "temporal order",
        "learning_rate": "0.01",
        "iterations": "500",
        "optimiser": "adam",
        "clipping": "norm",
        "clip_at": "1",
        "look": "100 %",
        "axis": "step",
    },
    charted=("axis",),
    files={"learned": learned, "gradients": gradients},
)

__all__ = ["LENGTHS", "MOMENTS", "PICTURE", "example", "learned_so_far", "networks", "sequence"]
