"""The tables that the theory's pages hand out, at settings at which a gradient is zero or a step is the only one."""

from dataclasses import replace

import pandas as pd

from rnn_dynamics import Experiment
from rnn_dynamics.pictures import frames
from rnn_dynamics.pictures.depth.answer import depth_answer
from rnn_dynamics.pictures.depth.table import layers_file
from rnn_dynamics.pictures.losses.answer import loss_answer
from rnn_dynamics.pictures.losses.table import loss_by_time_file, truncation_file
from rnn_dynamics.pictures.phase_diagram.answer import phase_answer
from rnn_dynamics.pictures.phase_diagram.table import by_lag_file, map_file
from tests.every import every

OPENING = Experiment(cell="rnn", sequence_length=10, hidden_size=2, batch_size=1)
#: With the lag across, the phase diagram is one row.
LAG = {"across": "lag"}
SETTINGS = [
    replace(OPENING, hidden_path="cut"),
    replace(OPENING, nonlinearity="relu", seed=5, sequence_length=20),
    replace(OPENING, nonlinearity="relu", input_scale=0.0),
    replace(OPENING, initialisation="identity", cell="jordan", hidden_size=8),
    replace(OPENING, text="a"),
    replace(OPENING, cell="lstm", weight_scale=10.0, sequence_length=2),
]


def tables(experiment: Experiment) -> dict[str, pd.DataFrame]:
    """Every table of the four pages, by name."""
    losses = loss_answer(experiment)
    found = {
        "jacobians": frames("jacobians", experiment)["lines"],
        "losses": loss_by_time_file(losses, {}),
        "truncation": truncation_file(losses, {}),
        "lags": by_lag_file(phase_answer(experiment, LAG), LAG),
    }
    if experiment.cell != "jordan":
        found["depth"] = layers_file(depth_answer(replace(experiment, num_layers=2, bidirectional=True)), {})
    if experiment.sequence_length > 1:
        found["map"] = map_file(phase_answer(experiment, LAG), LAG)
    return found


@every("experiment", SETTINGS, ids=range(len(SETTINGS)))
def test_no_file_holds_a_number_that_is_none(experiment: Experiment) -> None:
    for name, table in tables(experiment).items():
        text = table.to_csv(index=False).lower()
        assert not {"nan", "none", "inf"} & set(text.replace("\n", ",").split(",")), name
        assert len(table) > 0
