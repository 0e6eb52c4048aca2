"""What initialisation really does: the factor per step of every scheme that people use, over 20 networks."""

from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import called
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.pictures.initialisation import PICTURE


def show_table(answer: Any) -> None:
    """All numbers, sortable; built only while it is open."""
    words, schemes = PAGE.words()["numbers"], PAGE.words()["schemes"]
    formats = words["formats"]
    panel = st.expander(words["title"], on_change="rerun", key="numbers")
    if panel.open:
        table = PICTURE.files["table"](answer, {}).assign(
            scheme=[schemes[scheme]["name"] for scheme, _ in answer.rows],
            cell=lambda table: table["cell"].map(partial(called, language=PAGE.names.language)),
            verdict=[words["verdicts"][row.outcome] for row in answer.rows.values()],
        )
        columns = {
            name: st.column_config.NumberColumn(label, format=formats[name]) if name in formats else label
            for name, label in words["columns"].items()
        }
        panel.dataframe(table, column_config=columns, column_order=list(columns), hide_index=True)


PAGE = Page(
    picture=PICTURE,
    height=Height("29.4rem"),
    presets={
        "opening": {},
        "long": {"sequence_length": 200},
        "wide": {"hidden_size": 128},
        "half": {"weight_scale": 0.5},
        "ten": {"weight_scale": 10.0},
    },
    main=("weight_scale", "sequence_length", "hidden_size"),
    more=("input_size", "batch_size", "input_scale", "loss_at", "seed"),  # the rest is what a scheme decides
    # The published figures are those of 128 units, which no other page could compute while somebody waits.
    offered={"hidden_size": (*KNOBS_NUMBER["hidden_size"].offered, 128)},
    follow=show_table,
)
PAGE.run()
