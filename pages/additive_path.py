"""The additive cell path: what of an LSTM's gradient never leaves the sum, and what comes through its gates."""

from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.additive_path import GATE_VIEWS, PICTURE, lengths
from rnn_dynamics.pictures.kit.lengths import LONG

PAGE = Page(
    picture=PICTURE,
    opening=Experiment(cell="lstm", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0),
    presets={
        "carousel": {},
        "default": {"forget_bias": 0.0},
        "chrono": {"gate_bias": "chrono"},
        "cut": {"hidden_path": "cut"},
        "gru": {"cell": "gru"},
    },
    main=("cell", "gate_bias", "forget_bias", "weight_scale", "sequence_length", "panels"),
    offered={"cell": tuple(GATE_VIEWS), "sequence_length": LONG},
    existing={"sequence_length": lengths},
    apart=("panels",),
    pictured=lambda cell: (cell, "rnn"),
    idle={view: lambda now: "" if now["panels"] == "all" else "curves" for view in GATE_VIEWS.values()},
)
PAGE.run()
