"""The picture "Learning long lags": what two networks learn side by side, and how far their gradients reach."""

from rnn_dynamics.learning.limits import offered
from rnn_dynamics.pictures.kit.picture import AXIS, Picture, Setting, made_by
from rnn_dynamics.pictures.learning.advice import LENGTHS
from rnn_dynamics.pictures.learning.answer import MOMENTS, LearningAnswer, learning_answer, moment_of, networks
from rnn_dynamics.pictures.learning.words import sequence

__all__ = ["LENGTHS", "PICTURE", "LearningAnswer", "moment_of", "networks", "sequence"]

PICTURE = Picture(
    **made_by(__name__),
    answer=learning_answer,
    settings={
        "task": Setting(offered("task"), "temporal order"),
        "learning_rate": Setting(offered("learning_rate"), "0.01", slider=True),
        "clip_at": Setting(offered("clip_at"), "1", slider=True),
        "iterations": Setting(offered("iterations"), "500", slider=True),
        "optimiser": Setting(offered("optimiser"), "adam"),
        "clipping": Setting(offered("clipping"), "norm"),
        "look": Setting(MOMENTS, "100 %"),
        "axis": AXIS,
    },
)
