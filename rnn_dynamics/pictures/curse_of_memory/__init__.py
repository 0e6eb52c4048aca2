"""The picture "Curse of memory": how sensitive a state is to its own λ, by law and measured, and what that does."""

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.curse_of_memory.answer import CORRELATIONS, KINDS, OFFERED, OPENING, curse_answer
from rnn_dynamics.pictures.kit.picture import PANELS, Picture, Setting, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=curse_answer,
    settings={
        "memory": Setting(OFFERED, OPENING, slider=True),
        "rho": Setting(CORRELATIONS, slider=True),
        "remedy": Setting(KINDS, charted=True),
        "panels": PANELS,
    },
    scripts=("curse",),
    uses=("seed",),
    apart=lambda experiment, views: (Experiment(seed=experiment.seed), {**views, "memory": OPENING}),
)
