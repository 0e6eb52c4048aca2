"""The doors between the rooms: which part of the project may import which, as docs/architecture.md has it.

The rules name rooms, not files, and stand here for rooms that are still to be built: they bind a file from the moment
it appears. A file that belongs to no room is an error, so that no room is built without its doors.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "rnn_dynamics"

#: Room -> rooms of ours that it may import, itself apart.
ENGINE = {"experiment", "cells", "initialise", "through_time", "trace"}
ROOMS: dict[str, set[str]] = {
    "limits": set(),
    "experiment": {"limits"},
    "cells": {"experiment"},
    "initialise": {"experiment"},
    "through_time": {"cells"},
    "trace": {"experiment"},
    "given": {"experiment", "cells"},
    "run": ENGINE | {"given"},
    "factor": set(),
    "phase": {"experiment", "factor", "run", "trace"},
    "by_hand": {"experiment", "cells", "initialise"},
    "against_torch": {"by_hand"},
    "shapes": ENGINE | {"run"},
    "cliff": {"limits", "given"},
    "tasks": {"limits"},
    "training": {"experiment", "tasks"},
    "reading": ENGINE | {"run", "tasks", "training"},
    "trainer": ENGINE | {"run", "reading", "tasks", "training"},
    "theory": {"experiment", "limits"},
    "schemes": {"experiment"},
    "process": set(),
    "tables": {"factor", "trace", "theory", "cliff"},
    "charts": set(),
    "reproduction": {"experiment", "trace", "cliff", "tasks", "training"},
    "dashboard": {
        "experiment",
        "cells",
        "run",
        "factor",
        "phase",
        "by_hand",
        "against_torch",
        "shapes",
        "cliff",
        "trace",
        "theory",
        "tables",
        "process",
        "schemes",
        "tasks",
        "training",
        "reading",
        "trainer",
        "reproduction",
    },
    "pages": {"dashboard", "tasks", "training", "tables", "charts", "theory", "experiment", "schemes"},
}
#: Room -> packages of others that it may import; the standard library is open to all.
OUTSIDE: dict[str, set[str]] = {
    "limits": set(),
    "experiment": set(),
    "cells": {"numpy"},
    "initialise": {"numpy"},
    "through_time": {"numpy"},
    "trace": {"numpy"},
    "given": {"numpy"},
    "run": {"numpy"},
    "factor": {"numpy"},
    "phase": {"numpy"},
    "by_hand": {"numpy"},
    "against_torch": {"numpy", "torch"},
    "shapes": {"numpy"},
    "cliff": {"numpy"},
    "tasks": {"numpy", "sklearn"},
    "training": {"numpy"},
    "reading": {"numpy"},
    "trainer": {"numpy", "torch"},
    "theory": {"numpy"},
    "schemes": set(),
    "process": {"threadpoolctl"},
    "tables": {"numpy", "pandas", "pyarrow"},
    "charts": {"altair"},
    "reproduction": set(),
    "dashboard": {"numpy", "streamlit"},
    "pages": {"streamlit"},
}


def room_of(module: str) -> str:
    """The room of a dotted module of ours; the front door `rnn_dynamics` itself counts as a room."""
    first, *rest = module.split(".")
    if first == LIBRARY:
        return rest[0] if rest else LIBRARY
    return "pages"  # pages/ and streamlit_app.py


def module_of(path: Path) -> str:
    """rnn_dynamics/cells/gru.py -> rnn_dynamics.cells.gru; a package's __init__.py -> the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> list[Path]:
    app = [path for path in (ROOT / "streamlit_app.py",) if path.exists()]
    return sorted([*(ROOT / LIBRARY).rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *app])


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module that a file imports, at its top or inside a function, as a full dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            # `from rnn_dynamics import theory` imports a room, though it names only the house.
            yield from (f"{origin}.{alias.name}" if origin == LIBRARY else origin for alias in node.names)


def trespasses(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """What a module imports through a door that is not there."""
    room = room_of(module)
    if room == LIBRARY:
        return []  # __init__.py says what the library offers, by importing it
    if room not in ROOMS:
        return [f"{module}: {room} is no room of the house"]
    package = module if is_package else module.rpartition(".")[0]
    found = []
    for name in imported(ast.parse(source), package):
        top = name.split(".")[0]
        if top == LIBRARY:
            allowed = room_of(name) in ROOMS[room] | {room}
        elif top in {"pages", "streamlit_app"}:
            allowed = room == "pages"
        else:
            allowed = top in OUTSIDE[room] or top in sys.stdlib_module_names
        if not allowed:
            found.append(f"{module} imports {name}")
    return found


def test_there_are_files_to_look_at() -> None:
    assert len(sources()) > 10


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_import_goes_through_a_door(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert trespasses(module_of(path), source, is_package=path.name == "__init__.py") == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_streamlit_and_altair_stay_in_their_rooms(path: Path) -> None:
    module = module_of(path)
    tops = {name.split(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")), module)}
    assert "streamlit" not in tops or room_of(module) in {"dashboard", "pages"}
    assert "altair" not in tops or room_of(module) == "charts"


def test_every_room_has_both_its_lists() -> None:
    assert set(ROOMS) == set(OUTSIDE)
    assert set().union(*ROOMS.values()) <= set(ROOMS)


def test_no_two_rooms_import_each_other() -> None:
    def reachable(room: str) -> set[str]:
        return ROOMS[room].union(*(reachable(next_room) for next_room in ROOMS[room]))

    assert [room for room in ROOMS if room in reachable(room)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rnn_dynamics.experiment", "import numpy"),
        ("rnn_dynamics.cells.gru", "from rnn_dynamics.run import run"),
        ("rnn_dynamics.cells.gru", "from ..run import run"),
        ("rnn_dynamics.cells.gru", "from .. import run"),
        ("rnn_dynamics.through_time.unroll", "from rnn_dynamics import trace"),
        ("rnn_dynamics.through_time.unroll", "def late():\n    import streamlit"),
        ("rnn_dynamics.run", "from rnn_dynamics.theory import FLOORS"),
        ("rnn_dynamics.theory", "from rnn_dynamics import run"),
        ("rnn_dynamics.tables", "import altair as alt"),
        ("rnn_dynamics.tables", "from rnn_dynamics.run import run"),
        ("rnn_dynamics.charts.curves", "import numpy as np"),
        ("rnn_dynamics.charts.curves", "import pandas as pd"),
        ("rnn_dynamics.charts.curves", "from rnn_dynamics.trace import Trace"),
        ("rnn_dynamics.dashboard.cache", "from rnn_dynamics.charts import theme"),
        ("rnn_dynamics.dashboard.cache", "import altair"),
        ("rnn_dynamics.dashboard.by_hand", "def late():\n    import torch"),
        ("rnn_dynamics.by_hand.rnn", "from rnn_dynamics.against_torch import ask_torch"),
        ("pages.explore", "from rnn_dynamics.run import run"),
        ("pages.explore", "from rnn_dynamics import run"),
        ("pages.explore", "from rnn_dynamics.cells import CELLS"),
        ("pages.explore", "import altair"),
        ("streamlit_app", "import numpy"),
        ("rnn_dynamics.helpers", "import math"),
    ],
)
def test_a_wall_is_a_wall(module: str, source: str) -> None:
    assert len(trespasses(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rnn_dynamics.cells.gru", "import math, numpy\nfrom .cell import Weights"),
        ("rnn_dynamics.run", "from rnn_dynamics.through_time.unroll import unroll"),
        ("rnn_dynamics.tables", "import pandas as pd\nfrom rnn_dynamics.trace import Trace"),
        ("rnn_dynamics.charts.curves", "import altair as alt\nfrom rnn_dynamics.charts.theme import themed"),
        ("rnn_dynamics.dashboard.cache", "import streamlit as st\nfrom rnn_dynamics.run import run"),
        ("pages.explore", "import streamlit as st\nfrom rnn_dynamics import charts, tables, theory"),
        ("streamlit_app", "import streamlit as st\nfrom rnn_dynamics.dashboard import controls"),
    ],
)
def test_a_door_is_a_door(module: str, source: str) -> None:
    assert trespasses(module, source) == []
