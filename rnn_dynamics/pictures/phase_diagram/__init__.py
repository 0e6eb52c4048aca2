"""The picture "Phase diagram": where gradients vanish and explode, and what the gradient of W_hh is a sum of."""

from collections.abc import Mapping

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, phase_answer, phase_rows, row_question


def apart(experiment: Experiment, views: Mapping[str, str]) -> tuple[Experiment, Mapping[str, str]]:
    """The question of a map, wherever the reader stands on it."""
    everywhere = views["across"] == "input" and experiment.input_scale in INPUT_SCALES
    return row_question(experiment, 1.0 if everywhere else experiment.input_scale), views


PICTURE = Picture(
    **made_by(__name__),
    answer=phase_answer,
    apart=apart,
    settings={"across": Setting(("input", "lag"), charted=True)},
    scripts=("gradients",),
    growing=phase_rows,
)
