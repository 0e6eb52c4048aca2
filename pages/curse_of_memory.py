"""Curse of memory: no gradient explodes, and yet a state that remembers long is ever more sensitive to its own λ."""

from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.style import Height
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.curse_of_memory import PICTURE

PAGE = Page(
    picture=PICTURE,
    height=Height(phone="760px"),
    opening=Experiment(),  # of which the seed alone plays a part: it draws what the networks read, and their weights
    presets={
        "curse": {},
        "longer": {"memory": "1000"},
        "slow": {"rho": "0.9"},
        "gamma": {"remedy": "gamma"},
        "lru": {"remedy": "both"},
    },
    main=tuple(PICTURE.settings),
    more=("seed",),
    asks=("memory", "rho", "remedy"),
    apart=("seed", "panels"),
    leading="memory",
    idle={"seed": lambda now: "" if now["panels"] == "all" else "laws"},
)
PAGE.run()
