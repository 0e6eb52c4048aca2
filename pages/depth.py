"""Depth and direction: where an error goes in a stack of layers that read forwards, backwards, or both."""

from dataclasses import replace

from rnn_dynamics.dashboard.frame import FEEDING_BACK_STATE, HOUSE
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.pictures.depth import PICTURE, lengths
from rnn_dynamics.pictures.kit.lengths import LONG

PAGE = Page(
    picture=PICTURE,
    opening=replace(HOUSE, cell="lstm", forget_bias=1.0, num_layers=2, bidirectional=True),
    presets={
        "last": {},
        "every": {"loss_at": "every"},
        "deep": {"num_layers": 4, "bidirectional": False},
        "rnn": {"cell": "rnn", "num_layers": 4, "bidirectional": False},
        "one": {"num_layers": 1, "bidirectional": False},
        "both": {"num_layers": 1},
        "final": {"loss_at": "final"},
    },
    main=("cell", "loss_at", "bidirectional", "num_layers", "weight_scale", "sequence_length"),
    without=("bias",),
    offered={"cell": FEEDING_BACK_STATE, "sequence_length": LONG},
    existing={"sequence_length": lengths},
)
PAGE.run()
