"""The picture "Phase diagram": where gradients vanish and explode, and what the gradient of W_hh is a sum of."""

from collections.abc import Mapping
from dataclasses import replace

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.picture import Moving, Picture
from rnn_dynamics.pictures.phase_diagram.answer import INPUT_SCALES, PhaseAnswer, phase_answer, phase_rows
from rnn_dynamics.pictures.phase_diagram.chart import chart
from rnn_dynamics.pictures.phase_diagram.table import lag_file, map_file, map_tables, tables
from rnn_dynamics.pictures.phase_diagram.words import finding, progress, texts


def apart(experiment: Experiment, views: Mapping[str, str]) -> tuple[Experiment, Mapping[str, str]]:
    """The question of a map, wherever the reader stands on it."""
    everywhere = views["across"] == "input" and experiment.input_scale in INPUT_SCALES
    input_scale = 1.0 if everywhere else experiment.input_scale
    return replace(experiment, weight_scale=1.0, seed=0, input_scale=input_scale), views


PICTURE = Picture[PhaseAnswer](
    name="phase_diagram",
    answer=phase_answer,
    texts=lambda _, __, ___: {},
    tables=map_tables,
    moving=Moving(apart=apart, texts=texts, tables=tables),
    chart=chart,
    finding=finding,
    views={"across": "input"},
    files={"map": map_file, "by_lag": lag_file},
    scripts=("gradients",),
    growing=phase_rows,
    progress=progress,
)
