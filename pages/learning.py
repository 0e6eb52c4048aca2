"""Learning long lags: two networks learn side by side, and the gradient is seen to reach back, or not."""

from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.dashboard.training import TrainingPage
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.training import TRAINABLE
from rnn_dynamics.pictures.learning import LENGTHS, PICTURE, LearningAnswer, moment_of, networks, sequence


class LearningPage(TrainingPage):
    """Below its controls stands a sequence that the networks are asked for."""

    def show_controls(self, *names: str, **options: Any) -> dict[str, Any]:
        now = super().show_controls(*names, **options)
        st.html(sequence(self.words(), networks(*self.asked(now))[-1]))
        return now

    def show_panel(self, moved: bool) -> None:
        """Beside the buttons is the slider of the movie, once there is one."""
        left, right = st.columns((2, 3), vertical_alignment="bottom")
        with left:
            super().show_panel(moved)
        if self.panel.job:
            with right:
                self.control("look")


PAGE = LearningPage(
    picture=PICTURE,
    height=Height("30.5rem", phone="62rem", least="25rem"),  # panels below each other, whose names would meet on less
    trainings=networks,
    learned=lambda job, *_: LearningAnswer(networks=job.networks),
    shown_by=("look",),
    opening=Experiment(
        cell="lstm", sequence_length=50, hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono"
    ),
    presets={
        "order": {},
        "adding": {"task": "adding", "iterations": "700"},
        "digits": {"task": "digits", "hidden_size": 48},
        "default": {"gate_bias": "constant", "learning_rate": "0.003"},
        "clip": {"task": "adding", "optimiser": "sgd", "learning_rate": "1", "clipping": "none"},
    },
    main=("task", "cell", "sequence_length", "learning_rate"),
    lower=("look",),
    more=(
        *("hidden_size", "batch_size", "initialisation", "gate_bias", "forget_bias", "nonlinearity", "weight_scale"),
        "seed",
    ),
    offered={"cell": TRAINABLE, "sequence_length": LENGTHS, "batch_size": (8, 16, 32, 64)},
    pictured=lambda cell: (cell, "rnn"),
    idle={
        "sequence_length": lambda now: "digits" if now["task"] == "digits" else "",
        "clip_at": lambda now: "clipping" if now["clipping"] == "none" else "",
    },
    asks=tuple(name for name in PICTURE.settings if name != "axis"),
    apart=("cell", "sequence_length", "hidden_size", "batch_size", "initialisation", "gate_bias", "forget_bias"),
    leading="look",
    go=lambda row, _: {"look": moment_of(row["look"], row["of"])},
)
PAGE.run()
