"""Which loss, how far back: every single loss at every step, what a sum of them hides, and what truncation cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from rnn_dynamics.dashboard.downloads import Download, files_of
from rnn_dynamics.dashboard.frame import View, Views, along_sliders
from rnn_dynamics.dashboard.growing import begun, come_back, grow, show_progress
from rnn_dynamics.dashboard.page import Page, below
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures import cost, losses

OPENING = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
PRESETS = {
    "hidden": OPENING,
    "carousel": replace(OPENING, cell="lstm"),
    "default": replace(OPENING, cell="lstm", initialisation="torch", forget_bias=0.0),
    "gru": replace(OPENING, cell="gru"),
    "exploding": replace(OPENING, weight_scale=3.0),
}
SLIDERS = ("weight_scale", "sequence_length")
#: Key of the session's state: what its reader has measured last.
MEASUREMENT = "measurement"


class _Measuring(Page):
    """The page, which hands out what a reader has measured too."""

    def files(self, experiment: Experiment, views: Views) -> Sequence[Download]:
        """What the share panel hands out."""
        found, work = super().files(experiment, views), st.session_state.get(MEASUREMENT)
        if work is None or not work.values:
            return found
        return [*found, *files_of(cost.PICTURE, work.answer, {}, self.words("cost"))]


PAGE = _Measuring(
    name="losses",
    picture=losses.PICTURE,
    opening=OPENING,
    presets=PRESETS,
    expected=(*PRESETS.values(), *along_sliders(OPENING, *SLIDERS)),
    main=("cell", *SLIDERS, "truncation"),
    more=(
        *("hidden_size", "input_size", "batch_size", "initialisation", "nonlinearity", "forget_bias", "gate_bias"),
        *("input_scale", "seed"),
    ),
    views={"truncation": View(values=losses.TRUNCATIONS, opening="10")},
    place={"key": "tall_picture", "height": 500, "border": False},  # a phone needs more; see page.css
)


@st.fragment
def measuring() -> None:
    """What grows with T, measured when a reader asks for it, with the network that is set then."""
    words = PAGE.words("cost")
    st.html(words["head"])
    buttons = (words["measure"], words["again"])
    if work := begun(MEASUREMENT, lambda: cost.Measurement(cost.network_of(PAGE.asked()[0])), buttons):
        rests = grow(work)
        work.stopped |= rests and not work.complete
        if work.values:
            below(cost.PICTURE, work.answer, {}, "cost")
        show_progress(work, cost.progress(words, work), PAGE.words("app")["growing"])
        come_back(work, rests)


PAGE.run(below=measuring)
