"""The picture "The cliff and clipping": gradient descent on the error of one unit, with and without clipping."""

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cliff import chart, table, words
from rnn_dynamics.pictures.cliff.answer import OFFERED, cliff_answer
from rnn_dynamics.pictures.kit.picture import Moving, Picture, Setting, made_by

#: Whatever stands at the opening and is no region of the surface.
_DESCENT = {"start_w": "4.90", "start_b": "-2.65", "descent_rate": "0.1", "clip_at": "0.3", "descent_steps": "50"}
PICTURE = Picture(
    name="cliff",
    answer=cliff_answer,
    **made_by(table, chart, words),
    settings={
        "region": Setting(OFFERED["region"], "cliff"),
        **{name: Setting(OFFERED[name], value, slider=True) for name, value in _DESCENT.items()},
    },
    files={"paths": table.paths},
    scripts=("descents",),
    uses=("seed",),
    moving=Moving(
        apart=lambda _, views: (Experiment(), {**views, **_DESCENT}),
        texts=words.texts_of_descents,
        tables=table.tables_of_descents,
    ),
)
