"""Atlas: a map over any two settings of many networks that have been run before, and a click opens one of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard.frame import HOUSE
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.pictures.atlas import PICTURE, axes, clicked, opening, refusal
from rnn_dynamics.pictures.kit.frames import Views


def at_home(experiment: Experiment) -> dict[str, Any]:
    """All settings of a network; None stands for the home page's own."""
    home = settings(HOUSE)
    return {name: None if value == home[name] else value for name, value in settings(experiment).items()}


def opened(cell: Mapping[str, Any], views: Views) -> dict[str, Any]:
    """What a click on a cell of the map opens."""
    return at_home(clicked(PAGE.asked()[0], views, cell["column"], cell["place"]))


def show_way(answer: Any) -> None:
    """The same from the keyboard, of the network at the reader's place."""
    st.button(PAGE.words()["open"], key="open", on_click=PAGE.leave, args=(at_home(answer.experiment),))


class AtlasPage(Page):
    """A page that says above its picture why the atlas that the server names is not shown."""

    def show_buttons(self) -> None:
        """The buttons, and that."""
        super().show_buttons()
        if refused := refusal():
            st.warning(self.words()["refused"][refused.kind].format(path=refused.path, why=refused.why))


#: Of the atlas that ships; another one has those whose axes and values it has.
PRESETS: dict[str, dict[str, Any]] = {
    "lstm": {"map_y": "forget bias"},
    "rnn": {"cell": "rnn", "map_y": "input scale"},
    "gru": {"cell": "gru", "map_y": "input scale"},
    "horizon": {"map_y": "forget bias", "colour": "horizon"},
    "seeds": {"map_y": "forget bias", "input_scale": 0.1, "colour": "spread"},
}


def is_there(name: str, value: Any) -> bool:
    """Whether the atlas that is shown has this value of a setting."""
    return value in (PICTURE.settings[name].values if name in PICTURE.settings else axes().get(name, ()))


PAGE = AtlasPage(
    picture=PICTURE,
    opening=opening(replace(HOUSE, cell="lstm")),
    presets={key: away for key, away in PRESETS.items() if all(is_there(*setting) for setting in away.items())},
    main=("map_x", "map_y", "colour", *axes()),
    more=("seed",),
    offered=axes(),
    asks=tuple(PICTURE.settings),
    go=opened,
    opens="vanish_or_explode",
    follow=show_way,
)
PAGE.run()
