"""The picture "The additive cell path": what of a gradient never leaves the sum, and what comes through the gates."""

from rnn_dynamics.pictures.additive_path.answer import GATE_VIEWS as GATE_VIEWS
from rnn_dynamics.pictures.additive_path.answer import GATES, band_networks, path_answer
from rnn_dynamics.pictures.additive_path.answer import lengths as lengths
from rnn_dynamics.pictures.kit.picture import AXIS, PANELS, Picture, Setting, made_by

PICTURE = Picture(
    **made_by(__name__),
    answer=path_answer,
    growing=band_networks,
    settings={"axis": AXIS, "panels": PANELS} | {GATE_VIEWS[cell]: Setting(gates) for cell, gates in GATES.items()},
    scripts=("whole_gradient", "path_alone"),
)
