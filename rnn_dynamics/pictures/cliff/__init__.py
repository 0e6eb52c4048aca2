"""The picture "The cliff and clipping": gradient descent on the error of one unit, with and without clipping."""

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cliff.answer import OFFERED, cliff_answer
from rnn_dynamics.pictures.cliff.chart import chart
from rnn_dynamics.pictures.cliff.table import paths, tables, tables_of_descents
from rnn_dynamics.pictures.cliff.words import finding, texts, texts_of_descents
from rnn_dynamics.pictures.kit.picture import Moving, Picture

__all__ = ["OFFERED", "PICTURE"]

_DESCENT = {"start_w": "4.90", "start_b": "-2.65", "descent_rate": "0.1", "clip_at": "0.3", "descent_steps": "50"}
PICTURE = Picture(
    name="cliff",
    answer=cliff_answer,
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"region": "cliff", **_DESCENT},
    files={"paths": paths},
    scripts=("descents",),
    uses=("seed",),
    charted=(),
    moving=Moving(
        apart=lambda _, views: (Experiment(), {**views, **_DESCENT}),
        texts=texts_of_descents,
        tables=tables_of_descents,
    ),
)
