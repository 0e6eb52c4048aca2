"""Learning long lags: two networks learn side by side, and the gradient is seen to reach back, or not."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnn_dynamics.dashboard.frame import AXIS, View
from rnn_dynamics.dashboard.training_page import TrainingPage
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.limits import offered
from rnn_dynamics.pictures.learning import LENGTHS, MOMENTS, PICTURE, example, learned_so_far, networks, sequence

OPENING = Experiment(
    cell="lstm", sequence_length=50, hidden_size=32, batch_size=32, initialisation="torch", gate_bias="chrono"
)
PRESETS = {
    "order": OPENING,
    "adding": OPENING,
    "digits": replace(OPENING, hidden_size=48),
    "default": replace(OPENING, gate_bias="constant"),
    "clip": OPENING,
}
SLIDERS = ("learning_rate", "clip_at", "iterations")
VIEWS = {name: value for name, value in PICTURE.views.items() if name != "axis"}


class LearningPage(TrainingPage):
    """Beside the buttons is the slider of the movie, once there is one."""

    def show_panel(self) -> None:
        left, right = st.columns((2, 3), vertical_alignment="bottom")
        with left:
            super().show_panel()
        if self.job:
            with right:
                self.control("look")


PAGE = LearningPage(
    name="learning",
    picture=PICTURE,
    trainings=networks,
    learned=lambda job, experiment, views: learned_so_far(job, networks(experiment, views)),
    asks=lambda words, experiment, views: sequence(words, example(experiment, views)),
    opening=OPENING,
    presets=PRESETS,
    main=("task", "cell", "sequence_length", "learning_rate", "look"),
    lower=("look",),
    more=(
        *("hidden_size", "batch_size", "initialisation", "gate_bias", "forget_bias", "nonlinearity", "weight_scale"),
        "seed",
    ),
    views={
        name: View(values=offered(name), opening=VIEWS[name], slider=name in SLIDERS)
        for name in ("task", *SLIDERS, "optimiser", "clipping")
    }
    | {"look": View(values=MOMENTS, opening=VIEWS["look"]), "axis": AXIS},
    cells=("rnn", "lstm", "gru"),
    pictured=lambda cell: (cell, "rnn"),
    idle={
        "sequence_length": lambda now: "digits" if now["task"] == "digits" else "",
        "clip_at": lambda now: "clipping" if now["clipping"] == "none" else "",
    },
    offered={"sequence_length": LENGTHS, "batch_size": (8, 16, 32, 64)},
    preset_views={
        "order": VIEWS,
        "adding": VIEWS | {"task": "adding", "iterations": "700"},
        "digits": VIEWS | {"task": "digits"},
        "default": VIEWS | {"learning_rate": "0.003"},
        "clip": VIEWS | {"task": "adding", "optimiser": "sgd", "learning_rate": "1", "clipping": "none"},
    },
    apart=("cell", "sequence_length", "hidden_size", "batch_size", "initialisation", "gate_bias", "forget_bias"),
    close=True,
    place={"key": "tall_picture", "height": 520, "border": False},  # a phone needs more; see page.css
)
PAGE.run()
