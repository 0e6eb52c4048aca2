"""Your network: the gradient through weights of one's own, and what would change it."""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import add, mul
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.brought import OwnWeightsPage, reads_file, weights_of
from rnn_dynamics.dashboard.frame import KEEPING, SCALED
from rnn_dynamics.dashboard.glossary import show_html
from rnn_dynamics.experiment import KNOBS_NUMBER, Experiment
from rnn_dynamics.learning.training import OF_TORCH
from rnn_dynamics.own.given import OWN, TRAINED
from rnn_dynamics.pictures.own_network import (
    FIRST,
    PICTURE,
    SIZES,
    advice,
    answer_for,
    explained,
    given_by,
    question_of,
    tried,
    verdicts,
)

#: What was tried -> the knob that does it, and how from where it stands.
KNOBS = {"gate_bias": {"forget_bias": add}, "scale": {"weight_scale": mul}}


def show_advice(answer: Any) -> None:
    """The whole verdict, and what was tried on these weights; computed only while it is open."""
    words, own = PAGE.words()["advice"], PAGE.words("own")
    panel = st.expander(words["title"], on_change="rerun", key="advice")
    if panel.open:
        found = tried(answer)
        with panel:
            show_html(advice(own, found, words["too_large"]), own)
            offer_knobs(words, found or ())
            show_html(verdicts(own, explained(answer)), own)


def offer_knobs(words: Mapping[str, Any], found: Sequence[Any]) -> None:
    """A button for each suggestion that helps and that a knob can follow, with the nearest value that it offers."""
    helping = [(one.value, KNOBS.get(one.kind, {})) for one in found if one.helps]
    moved = {name: move(PAGE.now[name], value) for value, moves in helping for name, move in moves.items()}
    nearest = {name: PAGE.settings[name].nearest(value) for name, value in moved.items()}
    moves = {name: there for name, there in nearest.items() if there != PAGE.now[name]}
    if moves:
        with st.container(horizontal=True, gap="small"):
            for name, there in moves.items():
                text = words["set"].format(label=PAGE.names.of(name)["label"], value=PAGE.names.shown(name, there))
                st.button(text, key=f"tried_{name}", on_click=follow, args=({name: there},))
        st.caption(words["click"])


def follow(there: Mapping[str, Any]) -> None:
    """Set a knob."""
    PAGE.go_to(there)
    PAGE.write_address()


def cell_of(now: Mapping[str, Any]) -> str:
    """The cell of the weights; the first example's where a visitor's are asked for and there are none."""
    given, source = weights_of(now["weights"]), now["weights"]
    shown = FIRST if source in (TRAINED, OWN) else source
    return now["cell"] if source == "torch" else given.network.cell if given else shown.split()[-1].lower()


def only(cell: str, now: Mapping[str, Any]) -> str:
    """Of this cell PyTorch's default can have it, and a file's, which does not say what it has."""
    return "" if now["weights"] in ("torch", OWN) and cell_of(now) == cell else f"only_{cell}"


PAGE = OwnWeightsPage(
    picture=PICTURE,
    given_by=given_by,
    answer_for=answer_for,
    question_of=question_of,
    opening=Experiment(cell="lstm", batch_size=2),  # as on most pages: of four an answer takes a fifth longer
    presets={
        "trained": {},
        "untrained": {"weights": "untrained LSTM"},
        "rnn": {"weights": "trained RNN"},
        "default": {"weights": "torch"},
        "helped": {"weights": "torch", "forget_bias": 3.0},
    },
    main=("weights", "forget_bias", "weight_scale", "sequence_length"),
    more=("input_scale", "batch_size", "loss_at", "seed", *SIZES, "nonlinearity", "reset_gate"),
    offered={"cell": OF_TORCH, "sequence_length": (*KNOBS_NUMBER["sequence_length"].offered, 300, 500, 1000)},
    asks=("weights",),
    apart=(*SIZES, "forget_bias", "weight_scale"),
    pictured=lambda _: OF_TORCH,
    idle=dict.fromkeys(SIZES, lambda now: "given" * (now["weights"] != "torch"))
    | dict.fromkeys(("sequence_length", "batch_size", "input_scale"), lambda now: "inputs" * reads_file(now["weights"]))
    | {"nonlinearity": partial(only, "rnn"), "reset_gate": partial(only, "gru")}
    | {
        "forget_bias": lambda now: "no_gate" * (cell_of(now) not in KEEPING),
        "weight_scale": lambda now: "no_matrix" * (cell_of(now) not in SCALED),
    },
    follow=show_advice,
)
PAGE.run()
