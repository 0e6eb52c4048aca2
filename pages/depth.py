"""Depth and direction: where an error goes in a stack of layers that read forwards, backwards, or both."""

from dataclasses import replace

from rnn_dynamics.dashboard.frame import FEEDING_BACK_STATE, HOUSE
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.pictures.depth import PICTURE, lengths
from rnn_dynamics.pictures.kit.lengths import LONG

#: What a second direction does is seen in the layers.
BOTH_WAYS = {"bidirectional": True, "panels": "all"}
PAGE = Page(
    picture=PICTURE,
    height=Height("clamp(26rem, 100vh - 17.8rem, 30.5rem)", phone="520px", least="19rem"),
    opening=replace(HOUSE, cell="lstm", forget_bias=1.0, num_layers=2),
    presets={
        "two": {},
        "deep": {"num_layers": 4},
        "rnn": {"cell": "rnn", "num_layers": 4},
        "last": BOTH_WAYS,
        "every": {**BOTH_WAYS, "loss_at": "every"},
        "final": {**BOTH_WAYS, "loss_at": "final"},
    },
    main=("cell", "bidirectional", "num_layers", "weight_scale", "sequence_length", "panels"),
    asks=("panels",),
    apart=("panels",),
    without=("bias",),
    offered={"cell": FEEDING_BACK_STATE, "sequence_length": LONG},
    existing={"sequence_length": lengths},
)
PAGE.run()
