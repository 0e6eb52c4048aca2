"""The picture "The cliff and clipping": gradient descent on the error of one unit, with and without clipping."""

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cliff.answer import OFFERED, REGIONS, cliff_answer
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

#: Whatever stands at the opening and is no region of the surface.
_DESCENT = {"start_w": "4.90", "start_b": "-2.65", "descent_rate": "0.1", "clip_at": "0.3", "descent_steps": "50"}
PICTURE = Picture(
    **made_by(__name__),
    answer=cliff_answer,
    settings={
        "region": Setting(tuple(REGIONS)),
        **{name: Setting(OFFERED[name], value, slider=True) for name, value in _DESCENT.items()},
    },
    scripts=("descents",),
    uses=("seed",),
    apart=lambda _, views: (Experiment(), {**views, **_DESCENT}),
)
